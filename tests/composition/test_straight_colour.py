"""Cut-outs that hold colour times alpha: said where they are built, and divided when asked."""

import numpy as np
import pytest
from conftest import save, soft_alpha
from hypothesis import given
from hypothesis import strategies as st

from simd.composition.straight_colour import straight_colour
from simd.errors import DataError
from simd.image import read_image


@given(st.integers(0, 255), st.integers(1, 255))
def test_division_comes_as_near_as_rounding_lets_it(colour, alpha):
    multiplied = (colour * alpha + 127) // 255
    divided = straight_colour(np.full((1, 1, 3), multiplied, np.uint8), np.full((1, 1), alpha, np.uint8))
    assert abs(int(divided[0, 0, 0]) - colour) <= 0.5 * 255 / alpha + 1


def cutout(multiplied: bool) -> np.ndarray:
    """Return an orange disc with a wide soft edge."""
    y, x = np.mgrid[:128, :128]
    alpha = np.clip((50 - np.hypot(y - 64, x - 64)) * 8 + 128, 0, 255).astype(np.uint8)
    colour = np.full((128, 128, 3), (240, 150, 90), np.uint8)
    if multiplied:
        colour = ((colour * alpha[..., None].astype(int) + 127) // 255).astype(np.uint8)
    return np.dstack([colour, alpha])


def test_a_build_says_so_and_divides_when_asked(tmp_path, run_cli):
    for kind in ("straight", "multiplied"):
        save(tmp_path / kind / f"fur_{kind}.png", cutout(kind == "multiplied"))
    save(tmp_path / "bg" / "white.png", np.full((128, 128, 3), 255, np.uint8))
    options = ("--backgrounds", tmp_path / "bg", "--any-licence")
    straight = run_cli("build", tmp_path / "a", "--foregrounds", tmp_path / "straight", *options)
    assert "multiplied" not in straight.err
    dark = run_cli("build", tmp_path / "b", "--foregrounds", tmp_path / "multiplied", *options)
    assert dark.code == 0
    assert (
        "foregrounds whose colour looks multiplied by alpha, so that edges come out dark: 1, as"
        in " ".join(dark.err.split())
    )
    assert "as fur_multiplied (alpha times the nearest opaque colour explains" in dark.err
    asked = (*options, "--unpremultiply")
    fine = run_cli("build", tmp_path / "c", "--foregrounds", tmp_path / "multiplied", *asked)
    assert "multiplied" not in fine.err
    images = [read_image(next((tmp_path / out / "image").iterdir())).astype(int) for out in "abc"]
    assert np.abs(images[2] - images[0]).max() <= 2
    assert np.abs(images[1] - images[0]).max() > 30  # the dark rim
    assert '"unpremultiplied": 1' in (tmp_path / "c" / "metadata.jsonl").read_text()
    assert "unpremultiplied" not in (tmp_path / "a" / "metadata.jsonl").read_text()
    wrong = run_cli("build", tmp_path / "d", "--foregrounds", tmp_path / "straight", *asked)
    assert wrong.code == 1
    assert "are brighter than their alpha, so the colour is not multiplied by it" in wrong.err


def test_a_build_says_that_an_alpha_was_not_scaled(tmp_path, run_cli, backgrounds):
    pixels = cutout(False)
    pixels[..., 3] = pixels[..., 3] >= 128
    save(tmp_path / "fgs" / "fur_mask.png", pixels)
    options = ("--backgrounds", backgrounds, "--any-licence")
    done = run_cli("build", tmp_path / "set", "--foregrounds", tmp_path / "fgs", *options)
    assert "alphas look as if they were not scaled to 0..255: 1, as fur_mask" in " ".join(done.err.split())
    assert "(holds 0 and 1 of 255 only: a mask that was not scaled?)" in done.err


def test_a_selection_leaves_nothing_to_say(tmp_path, run_cli):
    save(tmp_path / "fgs" / "fur_a.png", cutout(True))
    save(tmp_path / "bg" / "white.png", np.full((128, 128, 3), 255, np.uint8))
    kept = tmp_path / "kept.jsonl"
    run_cli("select", tmp_path / "fgs", "--out", kept, "--allow", "premultiplied")
    options = ("--backgrounds", tmp_path / "bg", "--any-licence", "--selection", kept)
    done = run_cli("build", tmp_path / "set", "--foregrounds", tmp_path / "fgs", *options)
    assert done.code == 0
    assert "look as if" not in done.err


def test_bright_soft_colour_is_refused():
    with pytest.raises(DataError, match="100% of its soft pixels are brighter than their alpha"):
        straight_colour(np.full((64, 80, 3), 255, np.uint8), np.clip(soft_alpha(), 8, 200))
