"""Datasets with several mattes a photograph, and those that only their folder's name tells."""

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.dataset.manifest import load_set
from simd.image import read_alpha
from simd.sources import index_backgrounds, index_finished, index_foregrounds

GREY = np.full((64, 80, 3), 90, np.uint8)


def him2k(root):
    """Write a photograph of two persons and one of one."""
    for part, name, persons in (("natural", "7", 2), ("comp", "x 1", 1)):
        save(root / "images" / part / f"{name}.jpg", GREY)
        for person in range(persons):
            save(root / "alphas" / part / name / f"{person:02}.png", soft_alpha(seed=person))
    return root


def test_a_matte_of_each_person_is_a_pair_and_pairs_of_one_photograph_belong_together(tmp_path, run_cli):
    root = him2k(tmp_path / "HIM2K")
    index = index_finished(str(root))
    assert (index.kind, index.expected, index.problems) == ("him2k", 3, {})
    assert [(record.id, record.fg_id) for record in index.records] == [
        ("comp/x 1/00", "comp/x 1"),
        ("natural/7/00", "natural/7"),
        ("natural/7/01", "natural/7"),
    ]
    assert "HIM2K, natural is told to hold 320 photographs, here are 1" in index.notes
    words = ("--class", "hair_easy", "--workers", "1")
    done = run_cli("import", root, tmp_path / "out", *words)
    assert done.code == 0, done.err
    assert "3 images in 1 classes" in done.out
    rows = load_set(tmp_path / "out").rows
    assert sorted(row.fg_id for row in rows) == ["comp/x 1", "natural/7", "natural/7"]
    mattes = [read_alpha(tmp_path / "out" / "alpha" / f"{r.id}.png") for r in rows if r.fg_id == "natural/7"]
    assert sorted(matte.tobytes() for matte in mattes) == sorted(soft_alpha(seed=k).tobytes() for k in (0, 1))


def test_photographs_and_mattes_without_each_other_are_named(tmp_path):
    root = him2k(tmp_path)
    save(root / "alphas" / "natural" / "8" / "00.png", soft_alpha())
    save(root / "images" / "natural" / "9.jpg", GREY)
    save(root / "alphas" / "natural" / "7" / "02.png", soft_alpha(40, 40))
    index = index_finished(str(root))
    assert index.missing == {
        "natural/8/00": "alphas/natural/8/00.png has no photograph in images/natural/",
        "natural/9": "images/natural/9.jpg has no matte in alphas/natural/",
    }
    assert list(index.broken) == ["natural/7/02"]


def test_mattes_of_refmatte_find_their_photograph_by_its_name(tmp_path, run_cli):
    root = tmp_path / "RefMatte_RW_100"
    (root / "refmatte_rw100_label.json").parent.mkdir()
    (root / "refmatte_rw100_label.json").write_text("{}")
    save(root / "image" / "o_1_2.jpg", GREY)
    for which in (0, 1):
        save(root / "mask" / f"o_1_2_{which}.png", soft_alpha(seed=which))
    index = index_finished(str(root))
    assert (index.kind, [record.id for record in index.records]) == (
        "refmatte",
        ["RW100/o_1_2/0", "RW100/o_1_2/1"],
    )
    done = run_cli("index", root)
    assert done.code == 0, done.err
    assert "licence RefMatte: CC BY-NC 4.0: 2" in done.out
    (root / "refmatte_rw100_label.json").unlink()
    assert run_cli("index", root).code == 1  # nobody's then, and no name has a partner


def test_a_clip_and_its_frames_are_told_apart_and_their_likeness_is_said(tmp_path, run_cli):
    root = tmp_path / "VideoMatte240K_JPEG_HD"
    for clip in ("0001", "0002"):
        for frame in ("00000", "00001"):
            save(root / "train" / "fgr" / clip / f"{frame}.jpg", GREY)
            save(root / "train" / "pha" / clip / f"{frame}.jpg", soft_alpha())
    (root / "classes.csv").write_text("file,class\n00000,hair_easy\n00001,hair_easy\n")
    index = index_foregrounds(str(root))
    assert [record.id for record in index.records][:3] == [
        "train/0001/00000",
        "train/0001/00001",
        "train/0002/00000",
    ]
    assert "VideoMatte240K, as frames, test is not here" in index.notes
    done = run_cli("index", root)
    assert "the frames of one clip show one object, and no interval knows that" in done.out
    below = run_cli("index", root / "train")
    assert f"is a part of VideoMatte240K, as frames; name the whole, {root}" in below.err


def test_photomatte85_is_a_folder_of_cut_outs_with_that_name(tmp_path, run_cli):
    root = tmp_path / "PhotoMatte85"
    for number in range(2):
        save(root / f"00511{number}.png", np.dstack([GREY, soft_alpha(seed=number)]))
    (root / "classes.csv").write_text("file,class\n005110,hair_easy\n005111,hair_hard\n")
    index = index_foregrounds(str(root))
    assert (index.kind, index.expected, index.unnamed, len(index.records)) == ("photomatte85", 85, 83, 2)
    assert {record.source for record in index.records} == {"photomatte85"}
    done = run_cli("index", root)
    assert (done.code, "missing 83, extra 0, broken 0" in done.out) == (1, True)
    root.rename(tmp_path / "mine")
    assert index_foregrounds(str(tmp_path / "mine")).kind == "rgba"


@pytest.mark.parametrize(
    ("name", "kind", "image", "alpha"),
    [
        ("PPM-100", "ppm-100", "image/{}.jpg", "matte/{}.jpg"),
        ("RWP636", "rwp-636", "image/{}_input.jpg", "alpha/{}_input.png"),
    ],
)
def test_folders_that_anybody_has_are_told_by_the_name_above_them(
    tmp_path, run_cli, name, kind, image, alpha
):
    for number in range(2):
        save(tmp_path / name / image.format(number), GREY)
        save(tmp_path / name / alpha.format(number), soft_alpha(seed=number))
    assert index_finished(str(tmp_path / name)).kind == kind
    (tmp_path / name).rename(tmp_path / "mine")
    assert index_finished(str(tmp_path / "mine")).kind == "folder"
    done = run_cli("index", tmp_path / "mine", "--kind", kind)
    assert f"image-alpha pairs ({kind})" in done.out


def test_no_part_of_them_is_taken_for_backgrounds(tmp_path):
    from simd.errors import DataError

    root = him2k(tmp_path / "HIM2K")
    for folder in (root / "images", root / "images" / "natural", tmp_path):
        with pytest.raises(DataError, match=r"part of HIM2K; name the whole|holds HIM2K in"):
            index_backgrounds(str(folder))
