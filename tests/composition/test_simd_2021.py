"""Protocol `simd-2021` against the released generator's own output (tests/golden/README.md)."""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.arithmetic import composite, composite_truncated
from simd.composition.protocols import load_protocol
from simd.composition.protocols.simd_2021 import final_size
from simd.errors import DataError
from simd.image import AS_OPENCV

GOLDEN = Path(__file__).parents[1] / "golden" / "composition"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())["items"]
EVERY_LEVEL = np.arange(256, dtype=np.uint8)


def sha256(pixels: np.ndarray) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


@pytest.mark.parametrize("item", EXPECTED, ids=lambda item: item["output_name"])
def test_every_pixel_is_that_of_the_released_generator(item):
    class_, fg_name, bg_name = item["line"].split(":")
    protocol = load_protocol("simd-2021")
    fg = protocol.reader.colour(GOLDEN / "inputs" / class_ / "fg" / fg_name)
    alpha = protocol.reader.alpha(GOLDEN / "inputs" / class_ / "alpha" / fg_name)
    bg = protocol.reader.colour(GOLDEN / "inputs" / "bg" / bg_name)
    decoded = item["decoded_inputs"]
    assert sha256(fg[..., ::-1]) == decoded["fg"]["sha256"]
    assert sha256(alpha) == decoded["alpha"]["sha256"]
    assert sha256(bg[..., ::-1]) == decoded["bg"]["sha256"]

    prepared = protocol.prepare(fg, alpha, None)
    window, _ = protocol.place(bg, prepared.alpha.shape, np.random.default_rng(0))
    merged = protocol.composite(prepared.fg, prepared.alpha, window)
    assert sha256(prepared.alpha) == item["alpha"]["sha256"]
    assert sha256(protocol.trimap(prepared.alpha)) == item["trimap"]["sha256"]
    assert sha256(merged[..., ::-1]) == item["merged"]["sha256"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1237, 2252), (1054, 1919)),  # 2252 · (1920 / 2252) is a hair less than 1920
        ((2162, 1081), (1919, 959)),
        ((97, 200), (799, 1649)),  # 97 · (800 / 97) likewise
        ((300, 4000), (800, 10666)),  # 144 x 1920, then 5.56 times that: the long side has no limit
        ((803, 1211), (803, 1211)),
        ((800, 1920), (800, 1920)),
    ],
)
def test_sizes_truncate(size, expected):
    assert final_size(*size) == expected
    assert final_size(*reversed(size)) == tuple(reversed(expected))


def test_705_long_sides_lose_a_pixel():
    sides = [side for side in range(1921, 8001) if final_size(side, side)[0] == 1919]
    assert len(sides) == 705
    assert {2162, 2252, 2302} <= set(sides)


def test_the_trimap_is_a_diamond_of_radius_five():
    alpha = np.zeros((21, 21), np.uint8)
    alpha[10, 10] = 1
    y, x = np.mgrid[-10:11, -10:11]
    trimap = load_protocol("simd-2021").trimap(alpha)
    assert ((trimap == 128) == (abs(y) + abs(x) <= 5)).all()
    assert set(np.unique(trimap)) == {0, 128}


def test_the_border_of_an_image_is_no_edge():
    assert (load_protocol("simd-2021").trimap(np.full((12, 12), 255, np.uint8)) == 255).all()


def test_backgrounds_are_cut_at_the_top_left_and_never_reduced():
    bg = np.arange(40 * 50 * 3, dtype=np.uint32).astype(np.uint8).reshape(40, 50, 3)
    window, recipe = load_protocol("simd-2021").place(bg, (30, 20), np.random.default_rng(0))
    assert (window == bg[:30, :20]).all()
    assert recipe == {"bg_height": 40, "bg_width": 50}
    _, recipe = load_protocol("simd-2021").place(bg, (80, 60), np.random.default_rng(0))
    assert recipe == {"bg_height": 81, "bg_width": 101}  # twice, and a pixel more


def test_truncation_is_the_published_expression_for_every_alpha_and_colour():
    alpha, f = np.meshgrid(EVERY_LEVEL, EVERY_LEVEL, indexing="ij")
    fg = np.repeat(f[..., None], 3, axis=2)
    bg = np.stack([f, 255 - f, np.roll(f, 77, axis=1)], axis=2)
    a = alpha[..., None] / 255.0
    assert (composite_truncated(fg, alpha, bg) == (fg * a + bg * (1.0 - a)).astype(np.uint8)).all()


def test_equal_colours_lose_a_level_1270_times():
    alpha, f = np.meshgrid(EVERY_LEVEL, EVERY_LEVEL, indexing="ij")
    fg = np.repeat(f[..., None], 3, axis=2)
    lost = fg[..., 0].astype(int) - composite_truncated(fg, alpha, fg)[..., 0]
    assert set(np.unique(lost)) == {0, 1}
    assert lost.sum() == 1270
    assert not lost[[0, 255]].any()
    assert (composite(fg, alpha, fg) == fg).all()


@pytest.mark.parametrize("option", ["max_side", "trimap_radius"])
def test_options_that_it_would_ignore_are_refused(option):
    with pytest.raises(DataError, match=f"simd-2021 fixes what --{option.replace('_', '-')} would set"):
        load_protocol("simd-2021", **{option: 64})


def test_reading_is_that_of_opencv(tmp_path):
    """A tinted JPEG matte becomes its luma; EXIF orientation is applied."""
    alpha = np.repeat(soft_alpha()[..., None], 3, axis=2)
    grey = save(tmp_path / "grey.jpg", alpha)
    turned = save(
        tmp_path / "turned.jpg",
        alpha,
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
    )
    for path in (grey, turned):
        assert (AS_OPENCV.alpha(path) == cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)).all()
        assert (AS_OPENCV.colour(path)[..., ::-1] == cv2.imread(str(path))).all()
    assert AS_OPENCV.alpha(turned).shape == (80, 64)


@pytest.mark.parametrize("read", AS_OPENCV)
def test_a_truncated_jpeg_is_refused_though_opencv_would_fill_it_up(tmp_path, read):
    path = save(tmp_path / "cut.jpg", soft_alpha())
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"cut\.jpg: is damaged"):
        read(path)


def test_a_colour_image_is_no_matte(tmp_path):
    path = save(
        tmp_path / "swapped.png", np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    )
    with pytest.raises(DataError, match="is it the foreground instead"):
        AS_OPENCV.alpha(path)
