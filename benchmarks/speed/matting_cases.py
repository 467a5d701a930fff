"""Sixteen pictures to solve at any size: eight real foregrounds and eight drawn ones, over a drawn scene."""

import os
from pathlib import Path

import cv2
import numpy as np

from simd.generator import synthetic
from simd.generator.scenes import scene
from simd.image import UInt8
from simd.trimap import trimap_of

REAL = (
    *("fur_teddy", "hair_hard_flying", "hair_easy_long", "insect_hornet"),
    *("flower_anemone", "leaf_eggplant", "motion_pelican", "tree_holm_oak"),
)
GENERATED = ("fur", "hair_hard", "insect", "flower", "tree", "motion", "plastic_bag", "smoke_cloud")
SIDE = 1024  # that the generated ones are drawn at


def real_folder(given: Path | None) -> Path | None:
    """Return the folder of real foregrounds: the one given, or that of the tests, or None."""
    if given is None and "SIMD_TEST_DATA" in os.environ:
        given = Path(os.environ["SIMD_TEST_DATA"]) / "data" / "real"
    return given


def names(folder: Path | None) -> list[str]:
    """Return the names of the pictures: those of real foregrounds only where there is a folder of them."""
    return [f"real {name}" for name in REAL if folder is not None] + [f"drawn {name}" for name in GENERATED]


def picture(name: str, megapixels: float, folder: Path | None) -> tuple[UInt8, UInt8]:
    """Return an image and its trimap, whose unknown region is that of protocol `exact`."""
    image, trimap, _ = case(name, megapixels, folder)
    return image, trimap


def case(name: str, megapixels: float, folder: Path | None) -> tuple[UInt8, UInt8, UInt8]:
    """Return an image, its trimap and its true matte."""
    kind, _, subject = name.partition(" ")
    if kind == "drawn":
        cutout = synthetic(subject, 0, SIDE)
        fg, alpha = cutout.fg, cutout.alpha
    else:
        assert folder is not None
        alpha = cv2.imread(str(folder / "alpha" / f"{subject}.png"), cv2.IMREAD_GRAYSCALE)
        fg = cv2.imread(str(next((folder / "fg").glob(f"{subject}.*"))), cv2.IMREAD_COLOR)[..., ::-1]
    scale = (megapixels * 1e6 / alpha.size) ** 0.5
    width, height = round(alpha.shape[1] * scale), round(alpha.shape[0] * scale)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    fg, alpha = (cv2.resize(np.ascontiguousarray(a), (width, height), interpolation=way) for a in (fg, alpha))
    bg = cv2.resize(scene("woods", 0, SIDE), (width, height), interpolation=cv2.INTER_CUBIC)
    weight = alpha[..., None].astype(np.int64)
    image = ((weight * fg + (255 - weight) * bg + 127) // 255).astype(np.uint8)
    return image, trimap_of(alpha, max(3, round(0.01 * min(height, width)))), alpha
