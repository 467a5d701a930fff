"""From the solved matte to what is shown and saved: cleaned up, and with the colours of the subject."""

import cv2
import numpy as np

from simd.image import UNKNOWN, UInt8
from simd.methods.classical.direct.grid import Float64
from simd.sources.estimated import estimate_foreground
from simd.studio.cutout.steps import Cleanup

_REACH = 4  # pixels around a part that its clean-up depends on, beside the shift


def cleaned(alpha: Float64, trimap: UInt8, cleanup: Cleanup) -> Float64:
    """Return a matte with its edge moved and its ends clipped, in the unknown region alone."""
    if cleanup == Cleanup():
        return alpha
    moved = _shifted(alpha, cleanup.shift) if cleanup.shift else alpha
    moved = np.clip((moved - cleanup.black) / (cleanup.white - cleanup.black), 0, 1)
    return np.where(trimap == UNKNOWN, moved, alpha)


def reach(cleanup: Cleanup) -> int:
    """Return how far a change of alpha is carried by a clean-up, in pixels."""
    return int(np.ceil(abs(cleanup.shift))) + _REACH if cleanup.shift else 0


def foreground_colours(image: UInt8, alpha: UInt8, *, zero_hidden: bool) -> UInt8:
    """Return the subject's own colours, uint8 (H, W, 3), estimated where alpha is not 255.

    Parameters
    ----------
    zero_hidden : bool
        Whether the colours under alpha 0 are black; else they are the estimate.
    """
    colours = np.where((alpha == 255)[..., None], image, estimate_foreground(image, alpha))
    if zero_hidden:
        colours[alpha == 0] = 0
    return np.asarray(colours, dtype=np.uint8)


def _shifted(alpha: Float64, shift: float) -> Float64:
    """Move the edge of a matte: its levels are taken from `shift` pixels further in, or out.

    Whole pixels by grey dilation or erosion with a disc; of the rest, the share.
    """
    whole = int(abs(shift))
    steps = [_morphed(alpha, radius, grow=shift > 0) for radius in (whole, whole + 1)]
    share = abs(shift) - whole
    return (1 - share) * steps[0] + share * steps[1]


def _morphed(alpha: Float64, radius: int, *, grow: bool) -> Float64:
    if not radius:
        return alpha
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    moved = (cv2.dilate if grow else cv2.erode)(alpha.astype(np.float32), disc)
    return np.asarray(moved, dtype=np.float64)
