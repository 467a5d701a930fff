import csv
import json
import os
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import BACKGROUNDS, HEIGHT, WIDTH, save, soft_alpha

from simd.errors import DataError
from simd.image import read_image
from simd.sources import BACKGROUNDS as BACKGROUND_KINDS
from simd.sources import FOREGROUNDS as FOREGROUND_KINDS
from simd.sources import (
    find_kind,
    index_backgrounds,
    index_finished,
    index_foregrounds,
    kinds,
    read_foreground,
)
from simd.sources.rgba import extend_colour
from simd.sources.table import read_table
from simd.taxonomy import CLASSES, class_index


def add_pair(root, stem, size=(HEIGHT, WIDTH), alpha_size=None):
    save(root / "fg" / f"{stem}.png", np.full((*size, 3), 90, np.uint8))
    save(root / "alpha" / f"{stem}.png", soft_alpha(*(alpha_size or size)))


def write_csv(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)
    return path


def classes_of(index):
    return {fg.id: fg.classes for fg in index.records}


# -- pairs of fg/ and alpha/ ---------------------------------------------------------------------------


def test_pairs_are_found_whatever_their_extensions(foregrounds):
    index = index_foregrounds(str(foregrounds))
    assert (index.kind, index.expected, index.problems) == ("folder", 6, {})
    assert classes_of(index) == {
        "fire_a": ("fire",),
        "fur_cat": ("fur",),
        "hair_easy_x": ("hair_easy",),
        "leaf 2": ("leaf",),
        "net-1": ("net",),
        "plant_tree3": ("tree",),
    }
    pixels = read_foreground(index.records[1])
    np.testing.assert_array_equal(pixels.fg, cv2.imread(str(foregrounds / "fg/fur_cat.png"))[..., ::-1])
    np.testing.assert_array_equal(pixels.alpha, soft_alpha(seed=1))
    assert pixels.class_mask is None


def test_classes_come_from_a_csv_file_and_the_first_is_primary(foregrounds, tmp_path):
    add_pair(foregrounds, "cat test (1)")
    add_pair(foregrounds, "photo 1.5")
    table = write_csv(
        tmp_path / "anything.csv",
        ["file", "class", "licence", "alpha_kind"],
        ["fg/cat test (1).jpg", "fur|plant_leaf", "CC BY 4.0", "reference"],
        ["photo 1.5", "texture_holed", "", ""],
        ["fur_cat.png", "hair_hard", "", "predicted"],
    )
    index = index_foregrounds(str(foregrounds), classes=table)
    found = {fg.id: fg for fg in index.records}
    assert index.problems == {}
    assert found["cat test (1)"].classes == ("fur", "leaf")
    assert (found["cat test (1)"].licence, found["cat test (1)"].alpha_kind) == ("CC BY 4.0", "reference")
    assert (found["photo 1.5"].classes, found["photo 1.5"].licence) == (("lace",), "unknown")
    assert found["fur_cat"].classes == ("hair_hard",)  # the file is asked before the name
    assert found["fire_a"].classes == ("fire",)  # not in the file: its name says it
    assert index.notes == (f"classes and licences: {table}",)


def test_a_csv_file_in_the_folder_is_used_unnamed(foregrounds):
    add_pair(foregrounds, "glass_x")
    write_csv(foregrounds / "classes.csv", ["name", "classes"], ["glass_x", "glass_ice"])
    assert classes_of(index_foregrounds(str(foregrounds)))["glass_x"] == ("glass_ice",)


def test_roles_tell_foregrounds_from_backgrounds(foregrounds):
    save(foregrounds / "bg" / "hill.jpg", np.zeros((9, 9, 3), np.uint8))
    save(foregrounds / "bg" / "stray.jpg", np.zeros((9, 9, 3), np.uint8))
    write_csv(
        foregrounds / "provenance.csv",
        ["file", "role", "class_guess", "licence", "alpha_kind"],
        ["fg/fur_cat.png", "fg", "fur|leaf", "CC0-1.0", "hand_cut"],
        ["alpha/fur_cat.png", "alpha", "fur|leaf", "CC0-1.0", "hand_cut"],
        ["bg/hill.jpg", "background", "", "CC BY 2.0", ""],
        ["bg/fur_cat.png", "background", "", "CC BY 2.0", ""],  # shares a name with a foreground
    )
    index = index_foregrounds(str(foregrounds))
    cat = next(fg for fg in index.records if fg.id == "fur_cat")
    assert (cat.classes, cat.licence, cat.alpha_kind) == (("fur", "leaf"), "CC0-1.0", "hand_cut")
    photographs = index_backgrounds(str(foregrounds))
    assert [(bg.id, bg.licence) for bg in photographs.records] == [("hill.jpg", "CC BY 2.0")]
    assert photographs.notes[1].startswith("1 images that ")
    assert photographs.notes[1].endswith("does not call a background left out: stray.jpg")


@pytest.mark.parametrize("stem", ["glass_x", "smoke_x", "hair_horse", "cat", "my_fur"])
def test_a_class_is_never_guessed(foregrounds, tmp_path, stem):
    add_pair(foregrounds, stem)
    index = index_foregrounds(str(foregrounds))
    assert len(index.records) == 7
    assert [fg.id for fg in index.records if not fg.classes] == [stem]  # it has none yet, and is not broken
    assert index.broken == {}
    for row in (["other.png", "fur"], [f"{stem}.png", ""]):
        table = write_csv(tmp_path / "a.csv", ["file", "class"], row)
        index = index_foregrounds(str(foregrounds), classes=table)
        assert [fg.id for fg in index.records if not fg.classes] == [stem]
        assert index.broken == {}


def test_missing_partners_are_named(foregrounds):
    (foregrounds / "alpha" / "fur_cat.png").unlink()
    (foregrounds / "fg" / "net-1.png").unlink()
    index = index_foregrounds(str(foregrounds))
    assert index.missing == {
        "alpha/fur_cat": "fg/fur_cat has no partner in alpha/",
        "fg/net-1": "alpha/net-1 has no partner in fg/",
    }
    assert (index.expected, len(index.records)) == (6, 4)


def test_pairs_of_two_sizes_are_never_resized(foregrounds):
    add_pair(foregrounds, "fur_2", size=(40, 50), alpha_size=(50, 40))
    index = index_foregrounds(str(foregrounds))
    assert list(index.broken) == ["fur_2"]
    assert re.fullmatch(
        r".*fg/fur_2\.png is 40 x 50 and .*alpha/fur_2\.png is 50 x 40 \(H x W\); the two must be equal, .*",
        index.broken["fur_2"],
    )


def test_two_files_of_one_name_are_named(foregrounds):
    save(foregrounds / "fg" / "fur_cat.jpg", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    index = index_foregrounds(str(foregrounds))
    assert "fur_cat" not in classes_of(index)
    assert index.problems["fur_cat"] == "fg/fur_cat.jpg, fg/fur_cat.png share one name; keep one of them"


def test_hidden_files_are_left_out(foregrounds):
    save(foregrounds / "fg" / ".fur_hidden.png", np.zeros((9, 9, 3), np.uint8))
    save(foregrounds / "fg" / ".cache" / "fur_thumbnail.png", np.zeros((9, 9, 3), np.uint8))
    index = index_foregrounds(str(foregrounds))
    assert (index.expected, index.problems) == (6, {})


def test_broken_files_cost_only_themselves(foregrounds):
    (foregrounds / "fg" / "net-1.png").write_text("no image")
    (foregrounds / "alpha" / "fire_a.png").write_bytes(b"")
    index = index_foregrounds(str(foregrounds))
    assert len(index.records) == 4
    assert "fg/net-1.png: is not an image: its content is not PNG" in index.broken["net-1"]
    assert "alpha/fire_a.png: is not an image: the file is empty" in index.broken["fire_a"]


def test_a_damaged_pair_is_told_when_it_is_read(foregrounds):
    path = foregrounds / "fg" / "net-1.png"
    path.write_bytes(path.read_bytes()[:-400])
    net = next(fg for fg in index_foregrounds(str(foregrounds)).records if fg.id == "net-1")
    with pytest.raises(DataError, match=r"net-1\.png: is damaged"):
        read_foreground(net)


# -- the CSV file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["file", "class"], ["a", "fur"], ["b", "furr"]], r":3: unknown class 'furr'; did you mean 'fur'"),
        ([["file", "class"], ["a.png", "fur|"]], r":2: unknown class ''"),
        ([["file", "class"], ["", "fur"]], r":2: the column 'file' is empty"),
        ([["file", "kind"], ["a", "fur"]], r": lacks a column 'class' or 'classes' or .*, kind$"),
        ([["path", "class"], ["a", "fur"]], r": lacks a column 'file' or 'file_name' .* it has path, class$"),
        ([["a.png", "fur"], ["b.png", "net"]], r": lacks a column 'file' .*; its first line names the"),
        ([], r": lacks a column 'file'"),
        (
            [["file", "class"], ["a.png", "fur"], ["b.png", "fur"], ["alpha/a.png", "leaf"]],
            r":4: says something else of 'a' than .*a\.csv:2; keep one of them",
        ),
        ([["file", "class"], ["a.png", "x" * 200_000]], r":\d: is not CSV \(field larger than field limit"),
    ],
)  # fmt: skip
def test_errors_in_a_csv_file_carry_their_line(tmp_path, rows, message):
    path = write_csv(tmp_path / "a.csv", *rows)
    with pytest.raises(DataError, match=r"a\.csv" + message):
        read_table(path, roles=("fg", "alpha"))


def test_a_csv_file_of_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(
        b'\xef\xbb\xbffile,class,licence\r\n"b, c.png","fur|leaf","CC ""BY"""\r\nshort.png,net\r\n'
    )
    table = read_table(path, roles=("fg", "alpha"))
    assert (table["b, c"].classes, table["b, c"].licence) == (("fur", "leaf"), 'CC "BY"')
    assert (table["short"].classes, table["short"].licence) == (("net",), "unknown")


def test_lines_are_counted_in_the_file_and_not_in_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('file,class,note\na.png,fur,"two\nlines"\n\nb.png,hair,\n')
    with pytest.raises(
        DataError, match=r"a\.csv:5: unknown class 'hair'; did you mean 'hair_easy' or 'hair_hard'"
    ):
        read_table(path, roles=("fg", "alpha"))


def test_equal_rows_for_both_files_of_a_pair_are_fine(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["file", "class"], ["fg/a.jpg", "fur"], ["alpha/a.png", "fur"])
    assert read_table(path, roles=("fg", "alpha"))["a"].classes == ("fur",)


# -- cut-outs --------------------------------------------------------------------------------------------


def add_cutout(path, size=(20, 30)):
    alpha = np.zeros(size, np.uint8)
    alpha[5:15, 5:15] = 200
    fg = np.full((*size, 3), (250, 40, 10), np.uint8)
    fg[alpha == 0] = 0
    save(path, np.dstack([fg, alpha]))
    return fg, alpha


def test_cutouts_are_recognised_and_read(tmp_path):
    fg, alpha = add_cutout(tmp_path / "fur_1.png")
    add_cutout(tmp_path / "deep" / "leaf_1.webp")
    index = index_foregrounds(str(tmp_path))
    assert (index.kind, index.expected) == ("rgba", 2)
    assert classes_of(index) == {"deep/leaf_1": ("leaf",), "fur_1": ("fur",)}
    pixels = read_foreground(index.records[1])
    np.testing.assert_array_equal(pixels.alpha, alpha)
    np.testing.assert_array_equal(pixels.fg[alpha > 0], fg[alpha > 0])
    assert (pixels.fg == (250, 40, 10)).all()  # what was black under alpha 0 continues the object


def test_cutouts_without_transparency_are_broken_and_without_a_class_are_not(tmp_path):
    add_cutout(tmp_path / "a_cutout.png")
    add_cutout(tmp_path / "fur_1.png")
    save(tmp_path / "fur_2.png", np.zeros((9, 9, 3), np.uint8))
    (tmp_path / "fur_3.png").write_text("text")
    index = index_foregrounds(str(tmp_path))
    assert [(fg.id, fg.classes) for fg in index.records] == [("a_cutout", ()), ("fur_1", ("fur",))]
    assert sorted(index.broken) == ["fur_2", "fur_3"]
    assert "fur_2.png: has no alpha channel; a cut-out is an image with" in index.broken["fur_2"]
    assert "fur_3.png: is not an image" in index.broken["fur_3"]
    assert index.expected == 4


def test_extended_colour_is_that_of_a_nearest_visible_pixel():
    rng = np.random.default_rng(0)
    fg = rng.integers(0, 256, (12, 15, 3), dtype=np.uint8)
    alpha = np.where(rng.random((12, 15)) < 0.15, 9, 0).astype(np.uint8)
    extended = extend_colour(fg, alpha)
    visible = np.argwhere(alpha > 0)
    np.testing.assert_array_equal(extended[alpha > 0], fg[alpha > 0])
    for y, x in np.argwhere(alpha == 0):
        distance = np.hypot(*(visible - (y, x)).T)
        # OpenCV's 5 x 5 mask gives distances to about 2 %
        near = visible[distance <= distance.min() * 1.03 + 1e-9]
        assert any((extended[y, x] == fg[v, u]).all() for v, u in near)


@pytest.mark.parametrize("level", [0, 1, 255])
def test_colour_stays_where_all_or_nothing_is_visible(level):
    fg = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(extend_colour(fg, np.full((5, 6), level, np.uint8)), fg)


# -- the generator ---------------------------------------------------------------------------------------


def test_the_generator_gives_every_class(tmp_path):
    index = index_foregrounds("synthetic:3@64")
    assert index.expected == len(index.records) == 60
    assert {fg.class_ for fg in index.records} == set(CLASSES)
    assert index.records[4].id == "synthetic/fire/1@64"
    assert {(fg.licence, fg.alpha_kind) for fg in index.records} == {("CC0-1.0", "generated")}
    pixels = read_foreground(index.records[4])
    assert (pixels.fg.shape, pixels.alpha.shape) == ((64, 64, 3), (64, 64))
    assert (pixels.class_mask == class_index("fire")).all()
    assert len(index_foregrounds("synthetic").records) == 40
    assert index_foregrounds("synthetic@64").records[0].id == "synthetic/defocus/0@64"


@pytest.mark.parametrize("order", [":", ":x", ":2@", ":2@64px", ":-1", "@"])
def test_wrong_orders_to_the_generator_are_refused(order):
    with pytest.raises(DataError, match="write synthetic, synthetic:PER_CLASS or synthetic:PER_CLASS@SIZE"):
        index_foregrounds("synthetic" + order)


# -- backgrounds -------------------------------------------------------------------------------------------


def test_photographs_of_a_folder_are_found(backgrounds):
    (backgrounds / "notes.txt").write_text("not an image")
    (backgrounds / "broken.png").write_text("no image")
    index = index_backgrounds(str(backgrounds))
    assert [bg.id for bg in index.records] == sorted(BACKGROUNDS)
    assert {(bg.source, bg.licence) for bg in index.records} == {("folder", "unknown")}
    assert index.expected == 4
    assert "broken.png: is not an image" in index.broken["broken.png"]


def test_photographs_need_no_class_in_their_csv_file(backgrounds):
    write_csv(
        backgrounds / "provenance.csv", ["file", "licence"], ["hill.jpg", "CC0-1.0"], ["sky.JPG", "CC BY 2.0"]
    )
    index = index_backgrounds(str(backgrounds))
    assert [(bg.id, bg.licence) for bg in index.records] == [
        ("hill.jpg", "CC0-1.0"),
        ("sky.JPG", "CC BY 2.0"),
    ]


def write_coco(root, split="val2017", names=("000000000001.jpg", "000000000002.jpg"), annotations=True):
    for name in names:
        save(root / split / name, np.full((8, 9, 3), 50, np.uint8))
    if annotations:
        content = {
            "licenses": [
                {
                    "id": 4,
                    "name": "Attribution License",
                    "url": "http://creativecommons.org/licenses/by/2.0/",
                },
                {"id": 7, "name": "No known copyright", "url": "http://flickr.com/commons/usage/"},
            ],
            "images": [
                {"file_name": "000000000001.jpg", "license": 4},
                {"file_name": "000000000002.jpg", "license": 7},
                {"file_name": "000000000003.jpg", "license": 4},
            ],
        }
        path = root / "annotations" / f"instances_{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))


def test_coco_carries_the_licence_of_each_photograph(tmp_path):
    write_coco(tmp_path)
    index = index_backgrounds(str(tmp_path))
    assert (index.kind, index.expected) == ("coco", 3)
    assert {bg.id: bg.licence for bg in index.records} == {
        "val2017/000000000001.jpg": "Attribution License (http://creativecommons.org/licenses/by/2.0/)",
        "val2017/000000000002.jpg": "No known copyright (http://flickr.com/commons/usage/)",
    }
    assert index.missing == {
        "val2017/000000000003.jpg": "is named in instances_val2017.json but is not there"
    }


def test_coco_without_annotations_has_unknown_licences(tmp_path):
    write_coco(tmp_path, "train2014", ["COCO_train2014_000000000009.jpg"], annotations=False)
    index = index_backgrounds(str(tmp_path))
    assert [(bg.id, bg.licence) for bg in index.records] == [
        ("train2014/COCO_train2014_000000000009.jpg", "unknown")
    ]
    assert "instances_train2014.json is not there: the licences of train2014 are unknown" in index.notes[0]


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"images": [{}]}', '{"images": 3}', '{"licenses": [{}], "images": []}']
)
def test_annotations_that_are_not_cocos_are_named(tmp_path, text):
    write_coco(tmp_path)
    (tmp_path / "annotations" / "instances_val2017.json").write_text(text)
    with pytest.raises(DataError, match=r"instances_val2017\.json: is not a COCO instances file"):
        index_backgrounds(str(tmp_path))


@pytest.mark.parametrize("above", ["", "VOC2012", "VOCdevkit/VOC2012"])
def test_voc_is_found_with_its_lists(tmp_path, above):
    root = tmp_path / above
    for name in ("2007_000027", "2007_000032", "2008_000001"):
        save(root / "JPEGImages" / f"{name}.jpg", np.full((8, 9, 3), 50, np.uint8))
    lists = root / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "trainval.txt").write_text("2007_000027\n2007_000032\n")
    (lists / "cat_val.txt").write_text("2007_000032 -1\n2009_000009  1\n\n")
    index = index_backgrounds(str(tmp_path))
    assert (index.kind, index.expected) == ("voc", 4)
    assert [bg.id for bg in index.records] == ["2007_000027.jpg", "2007_000032.jpg", "2008_000001.jpg"]
    assert index.missing == {"JPEGImages/2009_000009.jpg": "is named in ImageSets/Main but is not there"}
    assert index.notes == ("VOC 2012 is known to hold 17125 photographs, here are 3",)


def test_built_in_photographs_are_there_with_their_licences():
    index = index_backgrounds("builtin")
    assert index.problems == {}
    assert len(index.records) == index.expected == 8
    for bg in index.records:
        assert min(read_image(bg.file).shape[:2]) >= 400
        assert re.match("CC0$|public domain|CC BY 2.0 ", bg.licence)
    ids = " ".join(bg.id for bg in index.records)
    assert not re.search("astronaut|grace_hopper|motorcycle|ihc|retina", ids)


# -- recognising -------------------------------------------------------------------------------------------


def test_a_kind_can_be_named(foregrounds):
    save(foregrounds / "train2017" / "000000000001.jpg", np.zeros((9, 9, 3), np.uint8))
    assert index_backgrounds(str(foregrounds)).kind == "coco"
    assert index_backgrounds(str(foregrounds), "folder").kind == "folder"
    with pytest.raises(DataError, match=r"unknown kind of foregrounds 'rgb'; did you mean 'rgba'\?"):
        index_foregrounds(str(foregrounds), "rgb")
    with pytest.raises(DataError, match=r"has no folder fg/; the layout is fg/<name>"):
        index_foregrounds(str(foregrounds / "fg"), "folder")


def test_every_kind_declares_itself():
    for gives, table in (("foregrounds", FOREGROUND_KINDS), ("backgrounds", BACKGROUND_KINDS)):
        for name, kind in zip(table, kinds(table), strict=True):
            assert find_kind(gives, name) is kind
            assert kind.name == name
            assert kind.layout
            assert kind.licence


@pytest.mark.parametrize("index", [index_foregrounds, index_backgrounds])
def test_places_that_are_no_folders_are_named(tmp_path, index):
    what = index.__name__.removeprefix("index_")
    with pytest.raises(DataError, match=rf"gone: no such folder; {what} are expected there"):
        index(str(tmp_path / "gone"))
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=rf"file: is not a folder; {what} are expected there"):
        index(str(tmp_path / "file"))
    with pytest.raises(DataError, match=rf"no known layout of {what}; known are\n  "):
        index(str(tmp_path))


@pytest.mark.parametrize("index", [index_foregrounds, index_backgrounds])
def test_a_folder_that_may_not_be_read_is_named(as_nobody, index):
    what = index.__name__.removeprefix("index_")
    (as_nobody / "closed" / "inside").mkdir(parents=True)
    (as_nobody / "closed").chmod(0)
    for place in ("closed", "closed/inside"):
        with pytest.raises(
            DataError, match=rf"{place}: cannot be read \(Permission denied\); {what} are expected"
        ):
            index(str(as_nobody / place))


def test_a_part_that_may_not_be_read_is_named(as_nobody):
    for name in ("fg", "alpha"):
        (as_nobody / name).mkdir()
    (as_nobody / "alpha").chmod(0)
    with pytest.raises(DataError, match=r"alpha: cannot be listed \(Permission denied\)"):
        index_foregrounds(str(as_nobody))


def test_a_name_that_is_not_utf8_is_told(foregrounds):
    strange = os.fsencode(foregrounds / "fg") + b"/fur_\xff.png"
    try:
        Path(os.fsdecode(strange)).touch()
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(DataError, match=r"the name of 'fur_\\udcff\.png' is not UTF-8 text; rename the file"):
        index_foregrounds(str(foregrounds))


def test_a_folder_may_be_named_like_the_generator(tmp_path):
    (tmp_path / "synthetic_data").mkdir()
    with pytest.raises(DataError, match="synthetic_data: no known layout of foregrounds"):
        index_foregrounds(str(tmp_path / "synthetic_data"))
    add_pair(tmp_path / "synthetic_data", "fur_1")
    assert index_foregrounds(str(tmp_path / "synthetic_data")).kind == "folder"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
def test_an_image_of_both_layers_that_is_not_a_file_is_broken(foregrounds, run_cli, make):
    for layer in ("fg", "alpha"):
        (foregrounds / layer / "fire_a.png").unlink()
        make(foregrounds / layer / "fire_a.png")
    index = index_foregrounds(str(foregrounds))
    assert (len(index.records), index.expected) == (5, 7)
    assert sorted(index.broken) == ["alpha/fire_a.png", "fg/fire_a.png"]
    assert "fire_a.png: is a " in index.broken["fg/fire_a.png"]
    assert run_cli("index", foregrounds).code == 1


def test_an_image_of_a_dataset_that_is_not_a_file_is_broken(tmp_path):
    for layer in ("original", "mask"):
        for number in range(2):
            save(tmp_path / layer / f"o_{number}.png", np.full((8, 9, 3), 50, np.uint8))
    os.mkfifo(tmp_path / "mask" / "o_2.png")
    os.mkfifo(tmp_path / "original" / "o_2.png")
    save(tmp_path / "original" / "o_3.png", np.full((8, 9, 3), 50, np.uint8))
    os.mkfifo(tmp_path / "mask" / "o_3.png")
    index = index_finished(str(tmp_path))
    assert len(index.records) == 2
    assert sorted(index.broken) == ["mask/o_2.png", "original/o_2.png"]
    assert "o_3.png is a pipe" in index.missing["o_3"]  # once is enough
