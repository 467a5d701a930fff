"""Draw the sheet of built-in backgrounds: ``python -m simd.report.sheets.scenes docs/images/scenes.jpg``."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simd.generator.scenes import SCENES, scene
from simd.image import UInt8
from simd.report.sheets.taxonomy import check_sheet_name, write_sheet


def scene_sheet(seeds: Sequence[int] = (0, 1, 2, 3, 4), width: int = 168) -> UInt8:
    """Lay out scenes: a row for each kind, with its name, and a column for each seed; `width` in pixels."""
    rows = []
    for kind in SCENES:
        tiles = [scene(kind, seed, width) for seed in seeds]
        rows.append(np.concatenate([_label(kind, tiles[0].shape[0]), *tiles], axis=1))
    return np.concatenate(rows)


def _label(name: str, height: int) -> UInt8:
    image = Image.new("RGB", (96, height), (32, 32, 32))
    font = ImageFont.load_default(14)
    ImageDraw.Draw(image).text((8, height // 2), name, fill=(235, 235, 235), font=font, anchor="lm")
    return np.asarray(image, dtype=np.uint8)


if __name__ == "__main__":
    out = Path(sys.argv[1])
    check_sheet_name(out)
    write_sheet(out, scene_sheet())
