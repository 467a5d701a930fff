"""What Semantic Image Matting's networks take in, made from image and trimap as the release makes it."""

from dataclasses import replace

from simd.image import UInt8
from simd.methods.runtime.preprocess import Preprocessing

STRIDE = 8
"""Sides are multiples of it: the decoder doubles three times."""

MIN_SIDE = 32
"""Shorter sides are padded to it where the release would leave them."""

PREPROCESSING = Preprocessing(trimap="levels", multiple=STRIDE, fit="symmetric", grows=True)
"""Mean and std stand in the networks; the matting network takes a trimap's levels as they are."""


def pad(pixels: UInt8, *, min_side: int = 0) -> UInt8:
    """Pad (H, W) or (H, W, 3) at the bottom and right to multiples of 8, mirrored with the edge pixel.

    A side that is a multiple already grows by 8 more, as in the release.
    """
    return replace(PREPROCESSING, min_side=min_side).padded(pixels)
