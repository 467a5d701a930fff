"""A folder that fits no layout is one of photographs only where it does not hold mattes."""

import os

import numpy as np
import pytest
from conftest import save, soft_alpha
from PIL import Image

from simd.errors import DataError
from simd.image import read_image
from simd.sources import index_backgrounds, index_foregrounds, read_background, read_foreground
from simd.sources.photographs import check_photograph, is_matte

SIZE = (64, 80)


def photograph(seed=0):
    """Return colours that change slowly, uint8 (64, 80, 3)."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    waves = [127 + 120 * np.sin((seed + 1) * (y * a + x * b) / 9) for a, b in ((1, 0), (0, 1), (1, 1))]
    return np.stack(waves, axis=2).astype(np.uint8)


def grey_photograph(seed=0):
    return photograph(seed)[..., 1]


def as_colour(pixels):
    return np.repeat(pixels[..., None], 3, axis=2)


# -- what a matte looks like ----------------------------------------------------------------------------


@pytest.mark.parametrize(("white", "expected"), [(0.0, False), (0.02, True), (0.98, True), (1.0, False)])
def test_a_matte_has_both_ends(white, expected):
    pixels = np.zeros((100, 100), np.uint8)
    pixels[: round(100 * white)] = 255
    assert is_matte(as_colour(pixels)) is expected


@pytest.mark.parametrize(("soft", "expected"), [(0.4, True), (0.49, True), (0.5, False), (0.9, False)])
def test_more_than_half_of_a_matte_is_0_or_255(soft, expected):
    pixels = np.full((100, 100), 90, np.uint8)
    pixels[:, : round(100 * (1 - soft))] = 0
    pixels[:20, : round(100 * (1 - soft))] = 255
    assert is_matte(as_colour(pixels)) is expected


@pytest.mark.parametrize(("spread", "expected"), [(0, True), (2, True), (3, False), (60, False)])
def test_a_matte_has_one_channel_or_three_that_agree(spread, expected):
    pixels = as_colour(soft_alpha())
    pixels[30:34, 30:34, 0] = 255 - spread
    assert is_matte(pixels) is expected


@pytest.mark.parametrize("origin", ["builtin", "open:2@96"])
def test_no_photograph_of_the_project_looks_like_a_matte_even_in_grey(origin):
    for background in index_backgrounds(origin).records:
        pixels = read_background(background)
        grey = np.asarray(Image.fromarray(pixels).convert("L"))
        assert not is_matte(pixels)
        assert not is_matte(as_colour(grey)), background.id


def test_most_mattes_of_the_generator_look_like_mattes():
    records = index_foregrounds("synthetic:1@96").records
    seen = {record.class_ for record in records if is_matte(as_colour(read_foreground(record).alpha))}
    assert len(records) == 20
    assert {"fur", "hair_easy", "hair_hard", "leaf", "insect", "sharp", "tree"} <= seen


def test_the_pixels_of_a_matte_are_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"x\.png: looks like a matte: it is grey, and mostly 0 and 255"):
        check_photograph(tmp_path / "x.png", as_colour(soft_alpha()))


# -- folders ----------------------------------------------------------------------------------------------


def write(root, **folders):
    """Write pictures by folder, numbered from 0; "_" stands for the folder itself."""
    for folder, pictures in folders.items():
        for number, pixels in enumerate(pictures):
            save(root / folder.replace("_", "") / f"{number}.png", pixels)
    return root


def refusal(root, kind=None):
    with pytest.raises(DataError) as refused:
        index_backgrounds(str(root), kind)
    return str(refused.value)


@pytest.mark.parametrize(
    "pictures",
    [
        [soft_alpha(seed=k) for k in range(3)],
        [as_colour(soft_alpha(seed=k)) for k in range(3)],
        [grey_photograph(k) // 4 for k in range(3)],  # smoke is as soft as this
        [np.zeros(SIZE, np.uint8), *[soft_alpha(seed=k) for k in range(3)]],
    ],
    ids=["mattes", "mattes of three channels", "soft mattes", "an empty one among them"],
)
def test_a_folder_of_grey_pictures_only_is_refused(tmp_path, pictures):
    message = refusal(write(tmp_path / "m", _=pictures))
    assert "m: all of its pictures are grey, as mattes are." in message
    assert message.endswith(
        "say so: --background-kind folder (--kind folder where a command has no other kind)"
    )


def test_who_says_so_may_have_grey_photographs_only(tmp_path):
    write(tmp_path, _=[grey_photograph(k) for k in range(3)])
    assert len(index_backgrounds(str(tmp_path), "folder").records) == 3


def test_who_says_so_has_no_mattes_all_the_same(tmp_path):
    write(tmp_path, a=[photograph(k) for k in range(3)], b=[soft_alpha(seed=k) for k in range(3)])
    index = index_backgrounds(str(tmp_path), "folder")
    assert [background.id for background in index.records] == ["a/0.png", "a/1.png", "a/2.png"]
    assert list(index.broken) == ["b/0.png", "b/1.png", "b/2.png"]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_single_grey_photographs_are_photographs(tmp_path, mode):
    write(tmp_path, _=[photograph(k) for k in range(5)])
    for name in ("old", "older"):
        Image.fromarray(grey_photograph(7)).convert(mode).save(tmp_path / f"{name}.png")
    index = index_backgrounds(str(tmp_path))
    assert (len(index.records), index.problems) == (7, {})
    assert [read_background(record).shape for record in index.records] == [(*SIZE, 3)] * 7


def test_a_folder_of_one_grey_photograph_and_one_of_a_matte(tmp_path):
    assert len(index_backgrounds(str(write(tmp_path / "p", _=[grey_photograph()]))).records) == 1
    index = index_backgrounds(str(write(tmp_path / "m", _=[soft_alpha()])))
    assert index.records == ()
    assert "looks like a matte" in index.broken["0.png"]


def test_plain_pictures_are_photographs(tmp_path):
    write(tmp_path, _=[np.full((*SIZE, 3), level, np.uint8) for level in (0, 128, 255)])
    assert len(index_backgrounds(str(tmp_path)).records) == 3


def test_a_matte_among_photographs_is_broken_and_the_others_are_used(tmp_path, run_cli):
    write(tmp_path / "p", _=[photograph(k) for k in range(5)])
    save(tmp_path / "p" / "stray.png", soft_alpha())
    done = run_cli("index", tmp_path / "p")
    assert done.code == 1
    assert "backgrounds (folder): expected 6, found 5" in done.out
    assert "broken stray.png: " in done.out
    options = ("--foregrounds", "synthetic:1@48", "--backgrounds", tmp_path / "p", "--any-licence")
    done = run_cli("build", tmp_path / "out", *options)
    assert done.code == 1
    assert "20 are done" in done.err
    assert "stray.png: looks like a matte: it is grey, and mostly 0 and 255; a background is" in done.err


def test_a_matte_of_three_channels_is_found_when_it_is_read(tmp_path, run_cli):
    write(tmp_path, _=[photograph(k) for k in range(5)])
    save(tmp_path / "stray.png", as_colour(soft_alpha()))
    records = {record.id: record for record in index_backgrounds(str(tmp_path)).records}
    assert read_background(records["0.png"]).tobytes() == photograph(0).tobytes()
    with pytest.raises(DataError, match=r"stray\.png: looks like a matte"):
        read_background(records["stray.png"])
    assert run_cli("index", tmp_path, "--decode").code == 1


@pytest.mark.parametrize("name", ["2.webp", "2_alpha.png", "2-mask.png", "2 Matte.png"])
def test_a_soft_matte_beside_its_photograph_is_known_by_its_name(tmp_path, name):
    write(tmp_path, _=[photograph(k) for k in range(5)])
    if name == "2.webp":  # no grey mode in WebP: a grey PNG beside a JPEG
        (tmp_path / "2.png").unlink()
        save(tmp_path / "2.jpg", photograph(2))
        name = "2.png"
    save(tmp_path / name, grey_photograph(2) // 4)
    index = index_backgrounds(str(tmp_path))
    assert len(index.records) == 5
    assert list(index.broken) == [name]
    assert "is grey and named as 2." in index.broken[name]


def test_a_folder_of_mattes_beside_one_of_photographs_is_named(tmp_path):
    write(tmp_path, good=[photograph(k) for k in range(5)])
    for number in range(4):
        save(tmp_path / "other" / f"m{number}.png", soft_alpha(seed=number))
    assert "the pictures in other/ look like mattes" in refusal(tmp_path)


def test_grey_photographs_in_a_folder_of_their_own_are_photographs(tmp_path):
    write(tmp_path, colour=[photograph(k) for k in range(5)])
    for number in range(4):
        save(tmp_path / "grey" / f"g{number}.png", grey_photograph(number))
    assert len(index_backgrounds(str(tmp_path)).records) == 9


def test_photographs_of_equal_names_in_two_folders_are_photographs(tmp_path):
    write(tmp_path, day=[photograph(k) for k in range(4)], night=[photograph(k) // 3 for k in range(4)])
    assert len(index_backgrounds(str(tmp_path)).records) == 8


def test_foregrounds_and_mattes_of_a_known_layout_are_no_backgrounds_either(foregrounds):
    assert "fg/ and alpha/ hold pictures of the same names" in refusal(foregrounds)
    assert "alpha/ beside it holds grey pictures" in refusal(foregrounds / "fg")


def test_the_images_of_a_set_are_no_backgrounds(tiny_set):
    assert "hold pictures of the same names" in refusal(tiny_set.path)
    assert "beside it holds grey pictures of the same names and sizes" in refusal(tiny_set.path / "image")


@pytest.mark.parametrize("name", ["bg", "BGR", "backgrounds"])
def test_backgrounds_may_be_named_as_their_foregrounds(tmp_path, name):
    folders = {name: [photograph(k) for k in range(3)], "pha": [soft_alpha(seed=k) for k in range(3)]}
    write(tmp_path, **folders)
    assert len(index_backgrounds(str(tmp_path / name)).records) == 3


def test_equal_names_beside_it_say_nothing_where_sizes_or_the_folders_name_differ(tmp_path):
    write(tmp_path, photos=[photograph(k) for k in range(3)])
    write(tmp_path, mattes=[soft_alpha(40, 40, seed=k) for k in range(3)])
    write(tmp_path, old=[grey_photograph(k) for k in range(3)], phase=[soft_alpha(seed=k) for k in range(3)])
    assert len(index_backgrounds(str(tmp_path / "photos")).records) == 3
    write(tmp_path, photos_alpha=[soft_alpha(seed=k) for k in range(3)])
    (tmp_path / "photosalpha").rename(tmp_path / "photos_alpha")
    assert "photos_alpha/ beside it holds grey pictures" in refusal(tmp_path / "photos")


def test_a_folder_named_bg_within_another_is_a_layout(foregrounds):
    for number in range(3):
        save(foregrounds / "bg" / f"{number}.png", grey_photograph(number))
    assert len(index_backgrounds(str(foregrounds)).records) == 3


def test_the_current_folder_is_looked_at_as_any_other(tmp_path, monkeypatch):
    write(tmp_path, fgr=[photograph(k) for k in range(3)], pha=[soft_alpha(seed=k) for k in range(3)])
    monkeypatch.chdir(tmp_path / "fgr")
    assert "pha/ beside it" in refusal(".")
    assert "fgr/ and pha/ hold" in refusal("..")


def test_few_files_of_many_are_decoded(tmp_path, monkeypatch):
    save(tmp_path / "x.jpg", photograph())
    save(tmp_path / "y.jpg", grey_photograph())
    for number in range(400):
        source = tmp_path / ("y.jpg" if number % 4 == 0 else "x.jpg")
        os.link(source, tmp_path / f"{number}.jpg")
    decoded = []
    monkeypatch.setattr(
        "simd.sources.photographs.read_image", lambda path: decoded.append(path) or read_image(path)
    )
    assert len(index_backgrounds(str(tmp_path)).records) == 402
    assert 64 <= len(decoded) <= 80
