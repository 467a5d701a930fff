"""Composites that a list names: `--file-list`, `--background-list`, and the layout of the release."""

import filecmp
import hashlib
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.build import build
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.errors import BatchError, DataError
from simd.sources.lists import read_file_list
from simd.taxonomy import CLASSES
from simd.trimap import read_trimap

GOLDEN = Path(__file__).parents[1] / "golden" / "composition"
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())["items"]
OWN = "Adobe-licensed images"
FOREGROUNDS_PER_CLASS = dict(
    zip(CLASSES, (4, 5, 14, 5, 5, 6, 5, 3, 3, 7, 2, 2, 2, 4, 4, 3, 3, 3, 4, 5), strict=True)
)


def golden_build(out, **options):
    return build(
        out,
        protocol="simd-2021",
        file_list=str(GOLDEN / "filelist.txt"),
        foregrounds=str(GOLDEN / "inputs"),
        backgrounds=str(GOLDEN / "inputs" / "bg"),
        background_licence="made for this project",
        **options,
    )


def files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def sources(tmp_path, backgrounds):
    """Two foregrounds of one name in two classes, three backgrounds, and a place for a list."""
    for seed, folder in enumerate(("plant_leaf", "net")):
        pixels = np.random.default_rng(seed).integers(0, 256, (64, 80, 3), dtype=np.uint8)
        save(tmp_path / "SIMD" / folder / "fg" / "beach 1 (2).jpg", pixels)
        save(tmp_path / "SIMD" / folder / "alpha" / "beach 1 (2).jpg", soft_alpha(seed=seed))
    return {
        "foregrounds": str(tmp_path / "SIMD"),
        "background_licence": "own",
        "backgrounds": str(backgrounds),
        "file_list": str(tmp_path / "list.txt"),
    }


def test_the_released_test_set_comes_out_pixel_for_pixel(tmp_path):
    built = golden_build(tmp_path / "set", layout="simd-2021")
    assert [row.bg_id for row in built.rows] == ["back_0.jpg", "back_1.jpg", "back_2.png"]
    assert [row.class_ for row in built.rows] == ["flower", "net", "lace"]
    released = tmp_path / "set-released"
    for item in EXPECTED:
        folder = released / item["line"].split(":")[0]
        for layer, flag in (("merged", cv2.IMREAD_COLOR), ("alpha", -1), ("trimap", -1)):
            pixels = cv2.imread(str(folder / layer / item["output_name"]), flag)
            assert hashlib.sha256(pixels.tobytes()).hexdigest() == item[layer]["sha256"]
    assert len(files_of(released)) == 9
    verify(load_set(tmp_path / "set"))


def test_two_workers_make_the_same_bytes(tmp_path):
    golden_build(tmp_path / "a" / "set", layout="simd-2021")
    golden_build(tmp_path / "b" / "set", layout="simd-2021", workers=2)
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


def test_a_list_is_followed_in_its_order_line_by_line(tmp_path, sources):
    Path(sources["file_list"]).write_text(
        "net:beach 1 (2).jpg:sky.JPG\nplant_leaf:beach 1 (2).jpg:hill.jpg\nnet:beach 1 (2).jpg:hill.jpg\n"
    )
    built = build(tmp_path / "set", **sources)
    assert [(row.fg_id, row.bg_id, row.recipe["k"]) for row in built.rows] == [
        ("net/beach 1 (2).jpg", "sky.JPG", 0),
        ("plant_leaf/beach 1 (2).jpg", "hill.jpg", 0),
        ("net/beach 1 (2).jpg", "hill.jpg", 1),
    ]
    assert {source["kind"] for source in built.info["sources"]} == {"simd", "folder"}


def test_a_hostile_list_is_named_line_by_line_and_the_good_lines_are_built(tmp_path, sources, run_cli):
    bad = {
        2: "net:beach 1 (2).jpg",
        3: "net:beach 1 (2).jpg:hill.jpg:more",
        4: "net:../net/fg/beach 1 (2).jpg:hill.jpg",
        5: "net:beach 1 (2).jpg:../backgrounds/hill.jpg",
        6: "net:..:hill.jpg",
        7: "../net:beach 1 (2).jpg:hill.jpg",
        8: "nett:beach 1 (2).jpg:hill.jpg",
        9: "net:beach 1 (2).jpg:sky.JPG",
        10: "fur:beach 1 (2).jpg:sky.JPG",
        11: "net:gone.jpg:sky.JPG",
        12: "net:beach 1 (2).jpg:gone.jpg",
        13: "net:beach 1 (2).jpg:/etc/passwd.png",
        14: "net:beach 1 (2).jpg:sky",
        15: "net:beach 1 (2).jpg:a\x00.png",
        16: "net:beach 1 (2).jpg:..\\sky.png",
        17: "texture_holed",
    }
    reasons = {
        2: "has 2 fields, not three",
        3: "has 4 fields",
        4: "not a plain file name",
        5: "not a plain file name",
        6: "not a plain file name",
        7: "unknown class '../net'",
        8: "unknown class 'nett'; did you mean 'net'",
        9: "says the same as line 1",
        10: "the source has no foreground 'fur/beach 1 (2).jpg'",
        11: "the source has no foreground 'net/gone.jpg'",
        12: "the source has no background 'gone.jpg'",
        13: "not a plain file name",
        14: "is not named like an image",
        15: "not a plain file name",
        16: "not a plain file name",
        17: "has 1 fields",
    }
    good = {1: "net:beach 1 (2).jpg:sky.JPG", 19: "leaf:beach 1 (2).jpg:sky.JPG"}
    lines = good | bad | {18: ""}
    Path(sources["file_list"]).write_text("\r\n".join(lines[n] for n in sorted(lines)) + "\r\n")
    options = [f"--{name.replace('_', '-')}={value}" for name, value in sources.items()]
    done = run_cli("build", tmp_path / "set", *options)
    assert done.code == 1
    assert "16 of 18 items failed (2 are done)" in done.err
    for number, reason in reasons.items():
        (line,) = [
            x for x in done.err.splitlines() if x.strip().startswith(f"{sources['file_list']}:{number}:")
        ]
        assert reason in line
    assert [row.fg_id.split("/")[0] for row in load_set(tmp_path / "set").rows] == ["net", "plant_leaf"]


def test_a_broken_file_costs_its_own_lines_only_and_names_the_reason(tmp_path, sources):
    save(tmp_path / "SIMD" / "net" / "alpha" / "beach 1 (2).jpg", soft_alpha(32, 40))
    (tmp_path / "backgrounds" / "unused.jpg").write_text("no image, but no line names it")
    Path(sources["file_list"]).write_text("net:beach 1 (2).jpg:sky.JPG\nleaf:beach 1 (2).jpg:sky.JPG\n")
    with pytest.raises(BatchError) as caught:
        build(tmp_path / "set", **sources)
    assert list(caught.value.failures) == [f"{sources['file_list']}:1"]
    assert "32 x 40" in caught.value.failures[f"{sources['file_list']}:1"]
    assert len(load_set(tmp_path / "set")) == 1


def test_a_list_without_a_good_line_makes_no_set(tmp_path, sources):
    Path(sources["file_list"]).write_text("net:gone.jpg:sky.JPG\n")
    with pytest.raises(BatchError, match=r"list\.txt:1: the source has no foreground"):
        build(tmp_path / "set", **sources)
    assert not (tmp_path / "set").exists()
    Path(sources["file_list"]).write_text("\n")
    with pytest.raises(DataError, match="is empty"):
        build(tmp_path / "set", **sources)


def test_a_list_of_another_build_is_not_mixed_in_and_an_interrupted_one_goes_on(tmp_path, sources):
    """A line that was bad is mended: the second run adds it, and the set is that of one run."""
    listed = Path(sources["file_list"])
    good = "net:beach 1 (2).jpg:sky.JPG\n", "leaf:beach 1 (2).jpg:sky.JPG\n"
    listed.write_text(good[0] + "leaf:beach 1 (2).jpg:skyy.JPG\n")
    with pytest.raises(BatchError):
        build(tmp_path / "set", layout="simd-2021", **sources)
    assert len(files_of(tmp_path / "set-released")) == 3
    listed.write_text("".join(good))
    again = build(tmp_path / "set", layout="simd-2021", **sources)
    once = build(tmp_path / "once", layout="simd-2021", **sources)
    assert again.digest == once.digest
    assert files_of(tmp_path / "set") == files_of(tmp_path / "once")
    assert files_of(tmp_path / "set-released") == files_of(tmp_path / "once-released")


def test_released_names_are_those_of_the_release(tmp_path, sources):
    Path(sources["file_list"]).write_text("leaf:beach 1 (2).jpg:room.jpeg\n")
    (row,) = build(tmp_path / "set", layout="simd-2021", **sources).rows
    name = "plant_leaf/merged/beach 1 (2)_room..png"  # four characters are cut, whatever they are
    assert filecmp.cmp(tmp_path / "set-released" / name, tmp_path / "set/image" / f"{row.id}.png", False)


def test_the_released_layout_never_overwrites(tmp_path, sources):
    Path(sources["file_list"]).write_text("leaf:beach 1 (2).jpg:sky.JPG\n")
    save(tmp_path / "set-released" / "mine.png", soft_alpha())
    with pytest.raises(DataError, match="set-released: is not an empty folder"):
        build(tmp_path / "set", layout="simd-2021", **sources)
    assert [p.name for p in (tmp_path / "set-released").iterdir()] == ["mine.png"]
    with pytest.raises(DataError, match="is drawn, not read"):
        build(tmp_path / "drawn", foregrounds="synthetic:1@64", layout="simd-2021")
    with pytest.raises(DataError, match="unknown layout 'simd'"):
        build(tmp_path / "set2", layout="simd", **sources)


def test_two_composites_of_one_released_name_are_refused(tmp_path, sources, backgrounds):
    save(backgrounds / "sky.png", np.zeros((90, 90, 3), np.uint8))
    Path(sources["file_list"]).write_text("net:beach 1 (2).jpg:sky.JPG\nnet:beach 1 (2).jpg:sky.png\n")
    with pytest.raises(DataError, match=r"would both be net/beach 1 \(2\)_sky\.png"):
        build(tmp_path / "set", layout="simd-2021", **sources)


def test_the_official_list_is_read_whole(test_data):
    lines, problems = read_file_list(test_data / "data/simd_official/SIMD_composition_test_filelist.txt")
    assert not problems
    assert len(lines) == 890
    foregrounds = {(line.class_, line.fg_name) for line in lines}
    assert len(foregrounds) == 89
    assert Counter(class_ for class_, _ in foregrounds) == FOREGROUNDS_PER_CLASS
    assert set(Counter(line[1:3] for line in lines).values()) == {10}
    assert len({line.bg_name for line in lines}) == 878


# Two lists in order, as Composition-1k has them


@pytest.fixture
def adobe(tmp_path, backgrounds):
    test = tmp_path / "Combined_Dataset" / "Test_set"
    for seed, stem in enumerate(("girl-1", "boy-1")):
        pixels = np.random.default_rng(seed).integers(0, 256, (64, 80, 3), dtype=np.uint8)
        save(test / OWN / "fg" / f"{stem}.png", pixels)
        save(test / OWN / "alpha" / f"{stem}.png", soft_alpha(seed=seed))
    (test / "test_fg_names.txt").write_text("girl-1.png\nboy-1.png\n")
    (test / "classes.csv").write_text("file,class\ngirl-1,hair_easy\nboy-1,hair_hard\n")
    listed = tmp_path / "test_bg_names.txt"
    listed.write_text("sky.JPG\nhill.jpg\nCOCO_train2014_hill.jpg\nroom.jpeg\n")
    return {
        "foregrounds": str(test),
        "background_licence": "own",
        "backgrounds": str(backgrounds),
        "background_list": str(listed),
        "protocol": "adobe-2017",
        "per_foreground": 2,
    }


def test_foreground_i_takes_its_stretch_of_the_background_list(tmp_path, adobe):
    built = build(tmp_path / "set", **adobe)
    assert [(row.fg_id, row.bg_id, row.recipe["k"]) for row in built.rows] == [
        ("Test_set/girl-1", "sky.JPG", 0),
        ("Test_set/girl-1", "hill.jpg", 1),
        ("Test_set/boy-1", "hill.jpg", 0),  # named as COCO 2014 does
        ("Test_set/boy-1", "room.jpeg", 1),
    ]
    assert build(tmp_path / "two", workers=2, **adobe).digest == built.digest


def test_the_counts_must_fit(tmp_path, adobe):
    with pytest.raises(DataError, match="names 4 backgrounds, but 2 foregrounds with 3 each need 6"):
        build(tmp_path / "set", **adobe | {"per_foreground": 3})


def test_a_missing_foreground_shifts_nobody(tmp_path, adobe):
    (Path(adobe["foregrounds"]) / OWN / "alpha" / "girl-1.png").unlink()
    with pytest.raises(DataError, match=r"1 foregrounds cannot be used .*--foreground-list FILE"):
        build(tmp_path / "set", **adobe)
    names = Path(adobe["foregrounds"]) / "test_fg_names.txt"
    with pytest.raises(BatchError, match=r"test_fg_names\.txt:1: there is no alpha of this name"):
        build(tmp_path / "set", foreground_list=str(names), **adobe)
    assert [(row.fg_id, row.bg_id) for row in load_set(tmp_path / "set").rows] == [
        ("Test_set/boy-1", "hill.jpg"),
        ("Test_set/boy-1", "room.jpeg"),
    ]


def test_bad_names_in_the_two_lists_are_named(tmp_path, adobe):
    names = tmp_path / "names.txt"
    names.write_text("boy-1.png\n../boy-1.png\nboy-1.png\n")
    listed = Path(adobe["background_list"])
    listed.write_text("../sky.JPG\ngone.jpg\nsky.JPG\nsky.JPG\nsky.JPG\nhill.jpg\n")
    with pytest.raises(BatchError) as caught:
        build(tmp_path / "set", foreground_list=str(names), **adobe | {"per_foreground": 2})
    reasons = caught.value.failures
    assert "not a plain file name" in reasons[f"{names}:2"]
    assert "line 1 has named" in reasons[f"{names}:3"]
    assert "not a plain file name" in reasons[f"{listed}:1"]
    assert "no background 'gone.jpg'" in reasons[f"{listed}:2"]


def test_official_trimaps_take_the_place_of_ours(tmp_path, adobe):
    official = np.full((64, 80), 128, np.uint8)
    official[0] = 0
    folder = Path(adobe["foregrounds"]) / OWN / "trimaps"
    save(folder / "boy-1_1.png", official)
    built = build(tmp_path / "set", **adobe)
    kinds = [row.recipe.get("trimap") for row in built.rows]
    assert kinds == [None, None, None, "official"]
    assert (built[3].trimap == official).all()
    assert ((built[3].class_mask == 255) == (official == 0)).all()
    with_radius = build(tmp_path / "radius", trimap_radius=5, **adobe)
    assert with_radius[3].row.recipe["trimap_radius"] == 5
    verify(built)


@pytest.mark.parametrize(
    ("trimap", "reason"),
    [
        (np.full((64, 80), 127, np.uint8), "holds 0, 128"),
        (np.full((9, 9), 128, np.uint8), "is 9 x 9, its alpha is 64 x 80"),
    ],
)
def test_an_official_trimap_that_is_none_is_named(tmp_path, adobe, trimap, reason):
    file = save(Path(adobe["foregrounds"]) / OWN / "trimaps" / "boy-1_0.png", trimap)
    with pytest.raises(BatchError, match=reason):
        build(tmp_path / "set", **adobe)
    assert len(load_set(tmp_path / "set")) == 3
    assert file.exists()
    if "holds" in reason:
        with pytest.raises(DataError):
            read_trimap(file)


def test_lists_that_contradict_each_other_are_refused(tmp_path, adobe, sources):
    both = {"file_list": sources["file_list"], "background_list": adobe["background_list"]}
    with pytest.raises(DataError, match="leave one out"):
        build(tmp_path / "set", **both)
    with pytest.raises(DataError, match="--foreground-list is the order for a --background-list"):
        build(tmp_path / "set", foreground_list="x.txt")


def test_every_option_of_a_list_can_stand_in_a_spec_file(tmp_path, sources, run_cli):
    Path(sources["file_list"]).write_text("net:beach 1 (2).jpg:sky.JPG\n")
    lines = [f"{key.replace('_', '-')} = {json.dumps(value)}" for key, value in sources.items()]
    spec = tmp_path / "spec.toml"
    spec.write_text("\n".join([*lines, 'layout = "simd-2021"', 'protocol = "simd-2021"']))
    done = run_cli("build", tmp_path / "set", "--spec", spec)
    assert done.code == 0, done.err
    assert (tmp_path / "set-released" / "net").is_dir()


def test_the_ids_of_a_released_list_are_safe_and_stay(tmp_path, sources):
    """Names with blanks and brackets stay in fg_id; the id depends on them alone."""
    Path(sources["file_list"]).write_text("net:beach 1 (2).jpg:sky.JPG\n")
    (row,) = build(tmp_path / "set", **sources).rows
    digest = hashlib.sha256("\0".join(["net/beach 1 (2).jpg", "sky.JPG", "0"]).encode()).hexdigest()
    assert row.id == f"net-{digest[:8]}"
