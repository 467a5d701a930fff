"""Protocol `adobe-2017` against the published Composition-1k script (tests/golden/README.md)."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.protocols import load_protocol
from simd.errors import DataError
from simd.image import AS_STORED

GOLDEN = Path(__file__).parents[1] / "golden" / "composition"
EXPECTED = json.loads((GOLDEN / "adobe_2017.json").read_text())["items"]


@pytest.mark.parametrize("item", EXPECTED, ids=lambda item: item["line"].split(":")[1])
def test_every_pixel_is_that_of_the_published_script(item):
    class_, fg_name, bg_name = item["line"].split(":")
    protocol = load_protocol("adobe-2017")
    fg = protocol.reader.colour(GOLDEN / "inputs" / class_ / "fg" / fg_name)
    alpha = protocol.reader.alpha(GOLDEN / "inputs" / class_ / "alpha" / fg_name)
    prepared = protocol.prepare(fg, alpha, None)
    bg = protocol.reader.colour(GOLDEN / "inputs" / "bg" / bg_name)
    window, recipe = protocol.place(bg, alpha.shape, np.random.default_rng(0))
    merged = protocol.composite(prepared.fg, prepared.alpha, window)
    assert [recipe["bg_height"], recipe["bg_width"]] == item["background_size"]
    assert hashlib.sha256(merged[..., ::-1].tobytes()).hexdigest() == item["merged"]["sha256"]


def test_sizes_round_up():
    bg = np.zeros((100, 150, 3), np.uint8)
    _, recipe = load_protocol("adobe-2017").place(bg, (80, 161), np.random.default_rng(0))
    assert recipe == {"bg_height": 108, "bg_width": 161}  # 100 · 161 / 150 = 107.33


def test_larger_backgrounds_are_only_cut():
    bg = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    window, _ = load_protocol("adobe-2017").place(bg, (40, 20), np.random.default_rng(0))
    assert (window == bg[:, :20]).all()


def test_its_trimap_without_an_official_one_is_that_of_exact():
    alpha = soft_alpha()
    for radius in (None, 7):
        ours = load_protocol("exact", trimap_radius=radius)
        theirs = load_protocol("adobe-2017", trimap_radius=radius)
        assert (theirs.trimap(alpha) == ours.trimap(alpha)).all()
        assert theirs.recipe(alpha.shape) == ours.recipe(alpha.shape)


def test_foregrounds_are_not_resized():
    with pytest.raises(DataError, match="adobe-2017 fixes what --max-side would set"):
        load_protocol("adobe-2017", max_side=512)


def test_exif_orientation_is_passed_over(tmp_path):
    turned = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    path = save(tmp_path / "turned.jpg", soft_alpha(), exif=turned)
    assert AS_STORED.alpha(path).shape == (64, 80)
    assert AS_STORED.colour(path).shape == (64, 80, 3)
