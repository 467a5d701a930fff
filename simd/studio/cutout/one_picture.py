"""A cut-out of a picture in memory: `simd.cutout`."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.arguments import checked
from simd.image import UInt8, to_uint8
from simd.mattes import check_array
from simd.methods.one_image import matte
from simd.methods.runtime.check_inputs import check_image
from simd.studio.cutout.boxes import check_box
from simd.studio.cutout.matte import foreground_colours
from simd.studio.cutout.selecting import select
from simd.trimap import as_trimap


class Cutout(NamedTuple):
    """The subject of a picture."""

    alpha: npt.NDArray[np.float32]  # (H, W), in [0, 1]
    fg: UInt8  # (H, W, 3), the subject's own colours


@checked
def cutout(image: UInt8, trimap_or_box: UInt8 | Sequence[float] | None = None) -> Cutout:
    """Cut the subject out of a picture.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
        RGB.
    trimap_or_box : uint8 of shape (H, W), or (top, left, bottom, right), optional
        A trimap of 0, 128 and 255; or a box around the subject, in pixels, of which GrabCut makes one. By
        default the box is the frame without its rim.

    Returns
    -------
    Cutout
        `alpha`, by the method `closed-form`, and `fg`: the photograph where alpha is 1, elsewhere estimated.

    Raises
    ------
    DataError
        If the arrays are not what they have to be, or the box does not have pixels inside and outside.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((40, 60, 3), 30, np.uint8)
    >>> image[10:30, 20:40] = 220
    >>> alpha, fg = cutout(image, (5, 12, 35, 48))
    >>> alpha[[2, 20], [5, 30]].tolist(), fg[20, 30].tolist()
    ([0.0, 1.0], [220, 220, 220])
    """
    check_array(image, "image")
    check_image(image)
    if trimap_or_box is None:
        trimap = select(image)
    elif np.ndim(trimap_or_box) == 1:
        trimap = select(image, box=check_box(list(trimap_or_box)))
    else:
        check_array(trimap_or_box, "trimap")
        trimap = as_trimap(np.asarray(trimap_or_box))
    alpha = matte(image, trimap)
    return Cutout(alpha, foreground_colours(image, to_uint8(alpha), zero_hidden=False))
