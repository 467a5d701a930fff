"""Trimaps of other values than 0, 128 and 255: reported, and mapped only when asked."""

import numpy as np
import pytest
from truth_by_hand import composition_1k, trimap_png

from simd.errors import DataError
from simd.image import write_png
from simd.metrics.evaluate import evaluate
from simd.metrics.truth_of_folders import truths_of_folders
from simd.trimap import read_mapped_trimap


def test_a_trimap_of_other_values_is_reported_with_what_mapping_would_do(tmp_path):
    trimap_png(tmp_path / "t.png", values=(84, 85, 170))
    with pytest.raises(DataError) as caught:
        read_mapped_trimap(tmp_path / "t.png")
    text = str(caught.value)
    assert "768 of 768 pixels hold 84, 85, 170" in text
    assert "of these pixels 256 background, 256 unknown, 256 foreground" in text


def test_mapping_follows_the_thresholds_and_leaves_good_trimaps_alone(tmp_path):
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    write_png(tmp_path / "all.png", levels)
    pixels, mapped = read_mapped_trimap(tmp_path / "all.png", map_other=True)
    assert mapped == 253
    assert (pixels.ravel() == np.repeat([0, 128, 255], [85, 85, 86])).all()  # 0..84, 85..169, 170..255
    trimap_png(tmp_path / "good.png")
    assert read_mapped_trimap(tmp_path / "good.png", map_other=True).mapped == 0


def test_trimaps_are_mapped_only_when_asked_and_it_is_said(tmp_path):
    root = composition_1k(tmp_path)
    exact = evaluate(root / "pred", truths_of_folders(root / "alpha", root / "trimaps")).scores
    trimap_png(root / "trimaps" / "net_0.png", values=(0, 127, 255))
    refused = evaluate(root / "pred", truths_of_folders(root / "alpha", root / "trimaps")).scores
    assert "pixels hold 127. --map-trimaps would take" in refused.missing["net_0"]
    asked = truths_of_folders(root / "alpha", root / "trimaps", map_trimaps=True)
    mapped = evaluate(root / "pred", asked).scores
    assert mapped.remarks[-1].startswith(
        "1 of 6 trimaps held other values than 0, 128 and 255, in 256 pixels"
    )
    assert mapped.rows == exact.rows
    assert mapped.set == exact.set  # the trimaps that were scored are the same
