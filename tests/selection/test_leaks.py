import json
import os
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha
from PIL import Image

from simd.errors import DataError
from simd.generator import synthetic
from simd.selection.foregrounds import select_foregrounds
from simd.selection.leaks import read_reference
from simd.selection.name_lists import read_names
from simd.selection.selection_file import read_selection


def put(root: Path, name: str, class_: str, seed: int, change=lambda p: p) -> None:
    cutout = synthetic(class_, seed, 160)
    save(root / "fg" / f"{name}.png", np.ascontiguousarray(change(cutout.fg)))
    save(root / "alpha" / f"{name}.png", np.ascontiguousarray(change(cutout.alpha)))


@pytest.fixture
def training(tmp_path):
    """Return a folder of four foregrounds."""
    root = tmp_path / "training"
    for name, class_ in (("fur_a", "fur"), ("leaf_b", "leaf"), ("tree_c", "tree"), ("insect_d", "insect")):
        put(root, name, class_, 1)
    return root


def reasons(selection):
    return {v.id: v.reason for v in selection.verdicts}


def test_a_foreground_of_another_split_is_found_mirrored_and_half_as_large(training, tmp_path):
    test = tmp_path / "test"
    put(test, "unknown 1", "leaf", 1, lambda p: p[::2, ::-2])
    put(test, "unknown 2", "leaf", 2)
    selection = select_foregrounds(str(training), against=[str(test)])
    assert reasons(selection) == {"fur_a": "", "insect_d": "", "leaf_b": "leak", "tree_c": ""}
    finding = next(v for v in selection.verdicts if not v.keep).findings[0]
    assert finding.like == f"{test}: unknown 1"
    assert "mirrored" in finding.detail
    assert finding.figure <= 22
    assert selection.records[finding.like].file == test / "fg" / "unknown 1.png"
    assert selection.problems == {}


def test_photographs_with_alpha_are_compared_too(training, tmp_path):
    lowres = tmp_path / "alphamatting"
    cutout = synthetic("tree", 1, 160)
    for number in range(1, 3):
        save(lowres / "input_training_lowres" / f"GT0{number}.png", cutout.fg)
        save(lowres / "gt_training_lowres" / f"GT0{number}.png", cutout.alpha)
        for trimap in ("Trimap1", "Trimap2"):
            save(lowres / "trimap_training_lowres" / trimap / f"GT0{number}.png", cutout.alpha)
    selection = select_foregrounds(str(training), against=[str(lowres)])
    assert reasons(selection)["tree_c"] == "leak"


def test_a_folder_is_compared_whatever_its_classes(training, tmp_path):
    other = tmp_path / "other"
    put(other, "unheard_of", "net", 3)
    (other / "classes.csv").write_text("file,class\nunheard_of.png,no class of ours\n")
    reference = read_reference(str(other))
    assert [(type(r).__name__, r.id) for r in reference.records] == [("ForegroundFiles", "unheard_of")]
    assert reference.problems == {}


def test_a_list_names_what_must_not_be_there(training, tmp_path):
    names = tmp_path / "test.txt"
    names.write_text("fur:fur_a.jpg:2008_000902.jpg\nfur:fur_a.jpg:2008_000903.jpg\n\nother.png\ntree_c\n")
    selection = select_foregrounds(str(training), against=[str(names)])
    assert reasons(selection) == {"fur_a": "leak", "insect_d": "", "leaf_b": "", "tree_c": "leak"}
    details = {v.id: v.detail for v in selection.verdicts if not v.keep}
    assert details == {"fur_a": f"{names}:1 names it", "tree_c": f"{names}:5 names it"}
    allowed = select_foregrounds(str(training), against=[str(names)], allow=["leak"])
    assert set(reasons(allowed).values()) == {""}


def test_a_name_in_two_classes_is_told(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("silk:sea.jpg:a.jpg\nplant_leaf:b.jpg:a.jpg\ntexture_holed:sea.png:b.jpg\n")
    names = read_names(path)
    assert names.notes == (f"{path}: names 'sea' in 2 classes, silk and lace (lines 1, 3)",)
    assert names.names["b"].classes == ("leaf",)


def test_the_official_list_names_one_foreground_in_two_classes(test_data):
    path = test_data / "data" / "simd_official" / "SIMD_composition_test_filelist.txt"
    names = read_names(path)
    assert (names.total, names.problems) == (890, {})
    listed = defaultdict(set)  # by another way: a set of pairs
    for class_, name in re.findall(r"^(\w+):([^:]+):", path.read_text(), re.M):
        listed[name.removesuffix(".jpg")].add(class_)
    assert len(names.names) == len(listed) == 88  # 89 foregrounds, of which one stands twice
    assert [stem for stem, classes in listed.items() if len(classes) > 1] == ["sea-sunny-person-beach"]
    assert len(names.notes) == 1
    assert "'sea-sunny-person-beach' in 2 classes" in names.notes[0]


def test_bad_lines_are_named_and_the_good_ones_used(training, tmp_path, run_cli):
    names = tmp_path / "test.txt"
    names.write_text("fur:fur_a.jpg:a.jpg\nfurr:x.jpg:a.jpg\nfur::a.jpg\n")
    done = run_cli("select", training, "--against", names, "--out", tmp_path / "s.jsonl")
    assert done.code == 1
    assert "2 of 3 lines and foregrounds to compare with failed (1 are done)" in done.err
    assert f"{names}:2: unknown class 'furr'; did you mean 'fur'?" in done.err
    assert f"{names}:3: a line is class:name" in done.err
    assert read_selection(tmp_path / "s.jsonl") == {"insect_d", "leaf_b", "tree_c"}


def test_what_cannot_be_read_on_the_other_side_is_named(training, tmp_path, run_cli):
    other = tmp_path / "other"
    put(other, "one", "net", 3)
    save(other / "fg" / "two.png", np.zeros((64, 80, 3), np.uint8))
    save(other / "alpha" / "two.png", soft_alpha())
    broken = other / "alpha" / "two.png"
    broken.write_bytes(broken.read_bytes()[:-60])
    done = run_cli("select", training, "--against", other, "--out", tmp_path / "s.jsonl")
    assert done.code == 1
    assert f"{other}: two: " in done.err
    assert "4 of 4 foregrounds kept" in done.out


def test_messages_say_what_to_do(training, tmp_path, run_cli):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    with pytest.raises(DataError, match="names no foreground; a line is class:name"):
        read_reference(str(empty))
    with pytest.raises(DataError, match="no such folder"):
        read_reference(str(tmp_path / "nowhere"))
    itself = run_cli("select", training, "--against", training)
    assert (itself.code, "is the folder itself" in itself.err) == (1, True)
    both = run_cli("select", training, "--backgrounds", training)
    neither = run_cli("select")
    assert both.err == neither.err
    assert "--backgrounds FOLDER" in both.err
    wrong = run_cli("select", training, "--allow", "binari")
    assert "did you mean 'binary'?" in wrong.err
    clash = run_cli("select", training, "--out", tmp_path / "s.html")
    assert "give --page FILE" in clash.err
    lists = run_cli("select", training, "--class-list", empty, "--classes", empty)
    assert "leave --classes out" in lists.err
    aside = run_cli("select", "--backgrounds", training, "--against", training)
    assert "are for foregrounds" in aside.err


def test_a_class_list_chooses_and_gives_the_class(tmp_path, run_cli):
    root = tmp_path / "Combined_Dataset" / "Training_set"
    for part, names in (("Adobe-licensed images", ("fox", "sea view.1")), ("Other", ("rose", "twig"))):
        for layer in ("fg", "alpha"):
            (root / part / layer).mkdir(parents=True)
        for name in names:
            cutout = synthetic("fur" if name == "fox" else "leaf", len(name), 96)
            save(root / part / "fg" / f"{name}.jpg", cutout.fg)
            save(root / part / "alpha" / f"{name}.png", cutout.alpha)
    names = ("fox.jpg", "sea view.1.jpg", "rose.jpg", "twig.jpg")
    (root / "training_fg_names.txt").write_text("\n".join(names))
    chosen = tmp_path / "classes.txt"
    chosen.write_text("fur:fox.png\nplant_flower:rose.jpg:2008_1.jpg\nplant_leaf:rose.jpg\nnet:trap.jpg\n")
    done = run_cli(
        "select", root.parent, "--class-list", chosen, "--out", tmp_path / "s.jsonl", "--allow", "mismatch"
    )
    assert done.code == 0, done.err
    rows = {row["id"]: row for row in map(json.loads, (tmp_path / "s.jsonl").read_text().splitlines())}
    assert {id_: (row["reason"], row.get("class")) for id_, row in rows.items()} == {
        "Training_set/fox": ("", "fur"),
        "Training_set/rose": ("", "flower|leaf"),
        "Training_set/sea view.1": ("unlisted", None),
        "Training_set/twig": ("unlisted", None),
        "trap": ("missing", None),
    }
    assert f"{chosen}:4 names it" in rows["trap"]["detail"]
    assert "names 'rose' in 2 classes, flower and leaf (lines 2, 3)" in done.out
    assert read_selection(tmp_path / "s.jsonl") == {"Training_set/fox", "Training_set/rose"}


def test_a_class_list_keeps_the_licences_of_the_folder(training, tmp_path):
    (training / "classes.csv").write_text("file,class,licence\nfur_a,fur,CC0-1.0\nleaf_b,leaf,GPL-2.0\n")
    chosen = tmp_path / "list.txt"
    chosen.write_text("fur:fur_a\nleaf:leaf_b\nbare_name\n")
    selection = select_foregrounds(str(training), class_list=chosen, licences=["cc0*"])
    assert reasons(selection) == {
        "fur_a": "",
        "insect_d": "unlisted",
        "leaf_b": "licence",
        "tree_c": "unlisted",
    }
    assert list(selection.problems) == [f"{chosen}:3"]
    chosen.write_text("bare_name\n")
    with pytest.raises(DataError, match="gives no class; --class-list needs lines class:name"):
        select_foregrounds(str(training), class_list=chosen)


def test_workers_change_nothing(training):
    put(training, "fur_again", "fur", 1, lambda p: p[:, ::-1])
    alone, together = (select_foregrounds(str(training), workers=n).verdicts for n in (1, 2))
    assert alone == together
    assert {v.id: v.reason for v in alone}["fur_again"] == "duplicate"


@pytest.mark.skipif("SIMD_TEST_DATA" not in os.environ, reason="SIMD_TEST_DATA names no folder of real data")
def test_real_foregrounds_are_kept_but_for_two_textures_of_games(test_data):
    selection = select_foregrounds(str(test_data / "data" / "real"), workers=2)
    dropped = {v.id: v.reason for v in selection.verdicts if not v.keep}
    assert dropped == {"leaf_plant1": "premultiplied", "leaf_plant2": "premultiplied"}
    warned = {f.reason for v in selection.verdicts for f in v.findings if v.keep}
    assert warned == {"noisy", "islands", "truth"}  # 25 of the 56 are predicted or of games


def test_an_alpha_that_is_a_jpeg_is_told(training):
    alpha = np.asarray(Image.open(training / "alpha" / "fur_a.png"))
    (training / "alpha" / "fur_a.png").unlink()
    save(training / "alpha" / "fur_a.jpg", alpha, quality=100)
    verdict = select_foregrounds(str(training)).verdicts[0]
    assert verdict.keep
    assert "jpeg" in [f.reason for f in verdict.findings]
    strict = select_foregrounds(str(training), strict=True, allow=["noisy"]).verdicts[0]
    assert (strict.keep, strict.reason) == (False, "jpeg")


def test_foregrounds_whose_names_or_folders_say_the_class_are_compared_too(training, tmp_path):
    for layer in ("fg", "alpha"):
        path = tmp_path / "release" / "plant_leaf" / layer / "a.png"
        path.parent.mkdir(parents=True)
        path.write_bytes((training / layer / "leaf_b.png").read_bytes())
    against = [str(tmp_path / "release"), "synthetic:1@96"]
    selection = select_foregrounds(str(training), against=against)
    assert reasons(selection)["leaf_b"] == "leak"
    assert selection.problems == {}
