"""The mattes that ports were run on: drawn files of tests/golden/metrics, and some made by formulas."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.image import Matte, UInt8, read_alpha

GOLDEN = Path(__file__).parents[1] / "golden"
EXPECTED = GOLDEN / "court" / "expected.json"
FILES = (
    *("03_islands", "04_gt_all_zero", "09_no_unknown", "10_no_foreground_glass", "11_limited_range"),
    *("12_values_on_thresholds", "13_equal_components", "14_pred_not_masked", "16_binary"),
)


class Case(NamedTuple):
    pred: Matte
    alpha: UInt8
    trimap: UInt8


def cases() -> dict[str, Case]:
    """Return the cases by name; the last ones are made by formulas."""
    folder = GOLDEN / "metrics"
    drawn = {
        name: Case(*(read_alpha(folder / f"{name}_{part}.png") for part in ("pred", "gt", "trimap")))
        for name in FILES
    }
    return {
        **drawn,
        "levels_of_16_bits": between_levels(drawn["03_islands"]),
        "serpent": serpent(),
        "two_halves": two_halves(),
    }


def expected() -> dict[str, dict[str, object]]:
    """Return what each port said: its version, date, and values by case and metric."""
    return json.loads(EXPECTED.read_text())


def between_levels(case: Case) -> Case:
    """Return a case whose prediction lies up to half a level off those of 8 bits, as a network's does."""
    rows, columns = np.indices(case.pred.shape)
    off = (31 * rows + 17 * columns) % 255 - 127
    levels = np.clip(257 * case.pred.astype(np.int64) + off, 0, 65535)
    return Case((levels / 65535).astype(np.float32), case.alpha, case.trimap)


def serpent() -> Case:
    """Return a line that winds over 700 pixels, longer than 256 steps, beside a square of fewer pixels."""
    alpha = np.zeros((60, 40), np.uint8)
    alpha[0:40:2, 1:36] = 200
    alpha[1:39:4, 35] = alpha[3:39:4, 1] = 200
    alpha[44:58, 4:24] = 255
    pred = (alpha.astype(np.int64) * 230 // 255).astype(np.uint8)
    pred[10, 12:20] = 90
    trimap = np.full(alpha.shape, 128, np.uint8)
    trimap[59] = 0
    trimap[46:56, 6:22] = 255
    return Case(pred, alpha, trimap)


def two_halves() -> Case:
    """Return two pieces of equal size, each larger than the background, with pixels at 153 = 0.6 * 255.

    The left one comes first in column order, the right one in row order.
    """
    alpha = np.zeros((40, 44), np.uint8)
    alpha[1:40, 0:21] = alpha[0:39, 23:44] = 255
    pred = alpha.copy()
    pred[10:21, 5:13] = pred[19:30, 31:39] = 153
    pred[30:34, 2:9] = 200
    trimap = np.full(alpha.shape, 128, np.uint8)
    trimap[:2] = 255
    return Case(pred, alpha, trimap)
