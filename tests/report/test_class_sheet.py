import numpy as np
import pytest
from PIL import Image

from simd.errors import DataError
from simd.generator import synthetic
from simd.generator.objects import MIXED, mixed
from simd.report.sheets.classes import VIEWS, contact_sheet

TWO = ["fire", "plant_leaf"]
TILES = {"foregrounds": 1, "composites": 1, "details": 1, "mattes": 3, "overview": 4, "mixed": 3}


@pytest.mark.parametrize("view", VIEWS)
def test_a_sheet_has_a_row_for_each_class_and_the_tiles_of_its_view_for_each_seed(view):
    one = contact_sheet([0], 32, classes=TWO, view=view)
    two = contact_sheet([0, 1], 32, classes=TWO, view=view)
    assert one.dtype == np.uint8
    assert one.shape[0] == 32 * (len(MIXED) if view == "mixed" else 2)
    assert two.shape[1] - one.shape[1] == TILES[view] * 32


def test_classes_stand_beside_each_other_in_columns():
    one = contact_sheet([0], 32, classes=["fire", "fur", "net"])
    two = contact_sheet([0], 32, classes=["fire", "fur", "net"], columns=2)
    wide = one.shape[1]
    assert two.shape == (64, 2 * wide, 3)
    assert np.array_equal(np.concatenate([two[:, :wide], two[:32, wide:]]), one)
    assert (two[32:, wide:] == 32).all()


def test_mattes_stand_beside_their_composite_and_their_classes():
    sheet = contact_sheet([4], 48, classes=["sharp"], view="mattes")
    alpha, tinted = sheet[:, -96:-48, 0], sheet[:, -48:]
    assert np.array_equal(alpha, synthetic("sharp", 4, 48).alpha)
    assert (tinted[alpha == 255] == (0x33, 0x39, 0x42)).all()  # the colour of sharp in classes.json
    assert not tinted[alpha == 0].any()


def test_a_mixed_object_shows_the_colour_of_each_of_its_classes():
    sheet = contact_sheet([0], 64, view="mixed")
    for row, kind in enumerate(MIXED):
        cutout = mixed(kind, 0, 64)
        tinted = sheet[64 * row : 64 * row + 64, -64:]
        seen = {tuple(tinted[p]) for p in zip(*np.nonzero(cutout.alpha == 255), strict=True)}
        assert len(seen) == len(np.unique(cutout.class_mask[cutout.alpha == 255]))


def test_a_detail_is_a_piece_of_the_picture_four_times_as_large():
    sheet = contact_sheet([1], 40, classes=["sharp"], view="details")[:, -40:]
    fg, alpha, _ = synthetic("sharp", 1, 160)
    solid = np.where(alpha[..., None] == 255, fg.astype(int), -1)
    windows = np.lib.stride_tricks.sliding_window_view(solid, (40, 40, 3))[:, :, 0]
    fits = ((windows == sheet) | (windows < 0)).all(axis=(2, 3, 4))
    inside = (windows >= 0).any(axis=(2, 3, 4))
    assert (fits & inside).any()


def test_an_unknown_view_is_refused_with_a_suggestion():
    with pytest.raises(DataError, match="unknown view 'matte'; did you mean 'mattes'"):
        contact_sheet(view="matte")


@pytest.mark.parametrize("name", ["sheet.png", "sheet.jpg"])
def test_the_command_writes_the_sheet_it_was_asked_for(run_cli, tmp_path, name):
    two = ("--class", "fire", "--class", "silk")
    done = run_cli("classes", "--out", tmp_path / name, *two, "--seeds", 3, "--size", 32)
    assert (done.code, done.out) == (0, f"wrote {tmp_path / name}\n")
    expected = contact_sheet(range(3), 32, classes=["fire", "silk"])
    with Image.open(tmp_path / name) as image:
        assert np.abs(np.array(image).astype(int) - expected).mean() < (1 if name == "sheet.png" else 12)


REFUSED = {
    "size 0": (["--size", "0"], 1, "size 0 is out of range; each side has 32 to 8192 pixels"),
    "size 1": (["--size", "1"], 1, "size 1 is out of range"),
    "size 31": (["--size", "31"], 1, "size 31 is out of range"),
    "size 20000": (["--size", "20000"], 1, "size 20000 is out of range"),
    "unknown class": (["--class", "fyre"], 1, "unknown class 'fyre'; did you mean 'fire'"),
    "unknown view": (["--view", "mate"], 1, "unknown view 'mate'; did you mean 'mattes'"),
    "seeds no number": (["--seeds", "1.5"], 2, "Invalid value for '--seeds'"),
    "no seeds": (["--seeds", "0"], 2, "Invalid value for '--seeds'"),
    "no picture": (["--out", "sheet.txt"], 1, "sheet.txt: a sheet is a PNG or JPEG; let its name end in"),
}


@pytest.mark.parametrize(("flags", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_the_command_refuses_what_it_cannot_draw(run_cli, tmp_path, monkeypatch, flags, code, says):
    monkeypatch.chdir(tmp_path)
    done = run_cli("classes", "--out", "sheet.png", *flags)
    assert done.code == code
    assert says in " ".join(done.err.replace("│", " ").split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [0, 1, 31, 20_000])
def test_a_build_of_foregrounds_too_small_or_too_large_is_refused(run_cli, tmp_path, size):
    flags = ("--foregrounds", f"synthetic:1@{size}", "--backgrounds", "builtin")
    done = run_cli("build", tmp_path / "set", *flags)
    assert done.code == 1
    assert f"size {size} is out of range; each side has 32 to 8192 pixels" in done.err


def test_a_build_with_a_seed_that_is_no_number_is_refused(run_cli, tmp_path):
    flags = ("--foregrounds", "synthetic:1@64", "--backgrounds", "builtin")
    done = run_cli("build", tmp_path / "set", *flags, "--seed", "x")
    assert done.code == 2
    assert "Invalid value for '--seed'" in done.err
