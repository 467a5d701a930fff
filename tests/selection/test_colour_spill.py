"""Colours that kept the photograph's background are found; estimates and true colours are not blamed."""

import numpy as np
import pytest

from simd.composition.arithmetic import composite
from simd.generator import synthetic
from simd.image import read_image, write_png
from simd.selection.colour_filters import bleed
from simd.selection.foregrounds import select_foregrounds
from simd.sources import estimated, index_backgrounds
from simd.trimap import trimap_of

OPAQUE = ("fur", "hair_easy", "hair_hard", "flower", "leaf", "tree", "sharp", "lace", "spider_web")


def photograph_of(cutout):
    record = next(r for r in index_backgrounds("builtin").records if r.id == "coffee.png")
    height, width = cutout.alpha.shape
    return composite(cutout.fg, cutout.alpha, np.ascontiguousarray(read_image(record.file)[:height, :width]))


@pytest.mark.parametrize("class_", OPAQUE)
def test_only_a_photograph_taken_for_its_foreground_bleeds(class_):
    cutout = synthetic(class_, seed=1, size=320)
    photograph = photograph_of(cutout)
    found = bleed(photograph, cutout.alpha, photograph)
    assert found is not None
    assert found.severity == "warn"
    assert found.figure >= 0.55
    assert bleed(cutout.fg, cutout.alpha, photograph) is None
    estimate = estimated.estimate_foreground(photograph, cutout.alpha)
    assert bleed(estimate, cutout.alpha, photograph) is None


def test_nothing_to_compare_is_nothing_found():
    cutout = synthetic("fur", seed=1, size=64)
    full = np.full_like(cutout.alpha, 255)
    assert bleed(cutout.fg, full, cutout.fg) is None
    one_colour = np.full_like(cutout.fg, 90)
    assert bleed(one_colour, cutout.alpha, one_colour) is None


def test_selection_looks_at_estimated_foregrounds(tmp_path, monkeypatch):
    cutout = synthetic("fur", seed=1, size=320)
    for folder in ("original", "mask", "trimap", "usr"):
        (tmp_path / folder).mkdir()
    write_png(tmp_path / "original" / "o_00000001.jpg", photograph_of(cutout))  # what counts is the content
    write_png(tmp_path / "trimap" / "o_00000001.png", trimap_of(cutout.alpha, 3))
    write_png(tmp_path / "mask" / "o_00000001.png", cutout.alpha)
    (tmp_path / "classes.csv").write_text("file,class\no_00000001.jpg,fur\n")
    selection = select_foregrounds(str(tmp_path), "estimated")
    (verdict,) = (v for v in selection.verdicts if v.keep)
    assert "bleed" not in {f.reason for f in verdict.findings}
    monkeypatch.setattr(estimated, "estimate_foreground", lambda image, alpha: image)
    (verdict,) = (v for v in select_foregrounds(str(tmp_path), "estimated").verdicts if v.keep)
    assert "bleed" in {f.reason for f in verdict.findings}
