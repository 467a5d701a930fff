"""What stands around every network: arrays that fit each other, and known pixels as the trimap has them."""

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UInt8
from simd.mattes import check_array
from simd.trimap import as_trimap

Float32 = npt.NDArray[np.float32]


def check_image(image: UInt8) -> None:
    """Raise DataError unless this is an RGB image, uint8 (H, W, 3)."""
    check_array(image, "image")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise DataError(
            f"the image must be uint8 RGB (H, W, 3), this is {image.dtype} {image.shape}; "
            "simd.image.read_image makes one of grey, 16-bit and other files"
        )
    if image.size == 0:
        raise DataError("the image has no pixels")


def check_arrays(image: UInt8, trimap: UInt8) -> None:
    """Raise DataError unless these are an RGB image (H, W, 3) and its trimap (H, W) of 0, 128 and 255."""
    check_image(image)
    check_array(trimap, "trimap")
    if trimap.shape != image.shape[:2]:
        raise DataError(
            f"the trimap is {trimap.shape}, the image {image.shape[:2]}; they must be of one size"
        )
    if trimap.dtype != np.uint8:
        raise DataError(f"a trimap holds 0, 128 (unknown) and 255 only, as uint8; this one is {trimap.dtype}")
    as_trimap(trimap)


def overwrite_known(alpha: Float32, trimap: UInt8) -> Float32:
    """Return alpha (H, W) cut to [0, 1], with 0 and 1 where the trimap knows them."""
    alpha = alpha.clip(0, 1)
    alpha[trimap == BACKGROUND] = 0
    alpha[trimap == FOREGROUND] = 1
    return alpha
