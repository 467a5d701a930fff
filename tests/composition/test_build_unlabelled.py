"""Pictures without a class: listed, given classes, built where asked, and taken by every reader of a set."""

import csv
import json
import shutil

import numpy as np
import pytest
from conftest import write_backgrounds
from PIL import Image

from simd.composition.build import build
from simd.dataset.manifest import load_set
from simd.errors import BatchError
from simd.metrics.evaluate import evaluate
from simd.sources import index_foregrounds

CAMERA = ("IMG_1000.png", "IMG_1001.png", "IMG_1002.png")


def write_cutouts(root, names):
    y, x = np.mgrid[:60, :80]
    for seed, name in enumerate(names):
        alpha = np.clip(255 - 12 * (np.hypot(y - 30, x - 40) - 12 - seed), 0, 255).astype(np.uint8)
        fg = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
        path = root / "own" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.dstack([fg, alpha])).save(path)
    if not (root / "bg").exists():
        write_backgrounds(root / "bg")
    return root / "own"


def options(root):
    return ("--foregrounds", root / "own", "--backgrounds", root / "bg", "--any-licence")


def classes_of(root, **values):
    return {fg.id: fg.classes for fg in index_foregrounds(str(root / "own"), **values).records}


def test_what_has_no_class_yet_is_indexed_and_nothing_is_broken(tmp_path, run_cli):
    own = write_cutouts(tmp_path, CAMERA)
    done = run_cli("index", own)
    assert (done.code, done.err) == (0, "")
    assert "expected 3, found 3, missing 0, extra 0, broken 0" in done.out
    (line,) = [line for line in done.out.splitlines() if "class" in line]
    assert line.startswith("  3 have no class yet: ")
    assert run_cli("select", own, "--out", tmp_path / "kept.jsonl", "--allow", "licence").code == 0
    done = run_cli("tag", "propose", tmp_path / "tags", "--foregrounds", own)
    assert done.out.startswith("3 proposed\n")
    assert run_cli("tag", "status", tmp_path / "tags", "--foregrounds", own).code == 0
    done = run_cli("tag", "fill", tmp_path / "other", "--foregrounds", own)
    assert done.out == "3 left open: no class and no strokes\n"
    done = run_cli("balance", own)
    assert done.code == 0
    assert "of 3 foregrounds 3 have no class yet" in done.err


def test_a_file_of_classes_is_written_to_be_filled_in(tmp_path, run_cli):
    own = write_cutouts(tmp_path, ("IMG_1000.png", "fur_cat.png"))
    file = tmp_path / "classes.csv"
    done = run_cli("index", own, "--write-classes", file)
    assert done.code == 0
    assert done.out.startswith(f"2 foregrounds, 1 without a class: {file}\n")
    assert file.read_text() == "file,class,licence,alpha_kind\nIMG_1000.png,,,\nfur_cat.png,fur,,\n"
    assert "2 foregrounds" not in run_cli("index", own, "--classes", file).out
    assert "1 have no class yet" in run_cli("index", own, "--classes", file).out
    file.write_text(file.read_text().replace("1000.png,,,", "1000.png,net|leaf,CC0-1.0,"))
    assert classes_of(tmp_path, classes=file) == {"IMG_1000": ("net", "leaf"), "fur_cat": ("fur",)}
    again = run_cli("index", own, "--write-classes", file)
    assert again.code == 1
    assert "exists" in again.err
    assert "net|leaf" in file.read_text()
    assert "name the folder" in run_cli("index", "--write-classes", tmp_path / "b.csv").err
    assert "nothing to fill in" in run_cli("index", "synthetic", "--write-classes", tmp_path / "b.csv").err


def test_one_class_for_all_that_nothing_else_says(tmp_path, run_cli):
    own = write_cutouts(tmp_path, ("IMG_1000.png", "fur_cat.png"))
    assert "class net: 1" in run_cli("index", own, "--class", "net").out
    done = run_cli("build", tmp_path / "set", *options(tmp_path), "--class", "net")
    assert done.code == 0, done.err
    assert {row.fg_id: row.class_ for row in load_set(tmp_path / "set").rows} == {
        "IMG_1000": "net",
        "fur_cat": "fur",
    }
    counts = json.loads(run_cli("balance", own, "--class", "net", "--json").out)["foregrounds"]
    assert (counts["net"], counts["fur"]) == (1, 1)
    assert "unknown class 'nett'" in run_cli("index", own, "--class", "nett").err


def test_folders_named_after_classes_say_them(tmp_path, run_cli):
    own = write_cutouts(tmp_path, ("net/IMG_1000.png", "hair_easy/deep/IMG_1001.png", "holiday/IMG_1002.png"))
    assert classes_of(tmp_path) == {
        "hair_easy/deep/IMG_1001": ("hair_easy",),
        "holiday/IMG_1002": (),
        "net/IMG_1000": ("net",),
    }
    write_cutouts(tmp_path, ("net/fur_cat.png",))
    done = run_cli("index", own)
    assert done.code == 1
    assert "a folder says net and its name says fur; say in a CSV file which it is" in done.out


def test_a_build_leaves_out_what_has_no_class_and_says_so(tmp_path, run_cli):
    write_cutouts(tmp_path, ("IMG_1000.png", "IMG_1001.png"))
    done = run_cli("build", tmp_path / "set", *options(tmp_path))
    assert done.code == 1
    assert "2 have no class yet" in done.err
    assert "--unlabelled" in done.err
    write_cutouts(tmp_path, ("fur_cat.png",))
    done = run_cli("build", tmp_path / "set", *options(tmp_path))
    assert done.code == 1
    assert "has no class yet" in done.err
    assert "--unlabelled" in done.err
    assert [row.fg_id for row in load_set(tmp_path / "set").rows] == ["fur_cat"]
    done = run_cli("build", tmp_path / "set", *options(tmp_path), "--unlabelled")  # it goes on
    assert done.code == 0
    assert "3 composites of 3 foregrounds in 1 classes (2 without a class)" in done.out
    for more in (("--per-class", 1), ("--layout", "simd-2021")):
        done = run_cli("build", tmp_path / "other", *options(tmp_path), "--unlabelled", *more)
        assert "needs the class of every foreground; leave --unlabelled out" in done.err


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Build a set of two classes with two foregrounds each, and two foregrounds without a class."""
    root = tmp_path_factory.mktemp("mixed")
    names = ("IMG_1000.png", "IMG_1001.png", "fur_a.png", "fur_b.png", "net_a.png", "net_b.png")
    common = {
        "per_foreground": 2,
        "foregrounds": write_cutouts(root, names),
        "backgrounds": root / "bg",
        "any_licence": True,
    }
    build(root / "set", unlabelled=True, **common)
    with pytest.raises(BatchError, match="2 of 10 items failed"):
        build(root / "classed", **common)
    for folder, add in (("good", 10), ("bad", 40)):
        (root / folder).mkdir()
        for sample in load_set(root / "set"):
            # without a class: worse by far, so that a mean that counts them shows it
            worse = add if sample.row.class_ else 200
            pred = np.clip(sample.alpha.astype(int) + worse, 0, 255).astype(np.uint8)
            Image.fromarray(pred).save(root / folder / f"{sample.row.id}.png")
        evaluate(root / folder, root / "set", out=root / "scores" / folder)
    return root


def test_a_row_without_a_class(mixed):
    rows = [json.loads(line) for line in (mixed / "set" / "metadata.jsonl").read_text().splitlines()]
    without = [row for row in rows if row["class"] is None]
    assert [row["fg_id"] for row in without] == ["IMG_1000", "IMG_1000", "IMG_1001", "IMG_1001"]
    for row in without:
        assert row["classes"] == []
        assert row["id"].startswith("unlabelled-")
        assert len(row["id"]) == len("unlabelled-") + 8
        assert (np.asarray(Image.open(mixed / "set" / row["class_mask_file_name"])) == 255).all()
    # the others are what they are in a set of their own
    others = [json.loads(line) for line in (mixed / "classed" / "metadata.jsonl").read_text().splitlines()]
    assert [row for row in rows if row["class"]] == others
    loaded = load_set(mixed / "set")
    assert [row.to_row() for row in loaded.rows] == rows
    assert set(loaded.info["counts"]["classes"]) == {"fur", "net"}


def test_no_balanced_mean_counts_what_has_no_class(mixed):
    summary = json.loads((mixed / "scores" / "good.json").read_text())
    rows = list(csv.DictReader((mixed / "scores" / "good.csv").read_text().splitlines()))
    whole = [row for row in rows if row["region"] == "unknown"]
    sad = {row["fg_id"]: float(row["sad"]) for row in whole}
    assert summary["image_mean"]["sad"] == pytest.approx(np.mean(list(sad.values())))
    fur, net = (np.mean([v for k, v in sad.items() if k.startswith(name)]) for name in ("fur", "net"))
    assert summary["class_mean"]["sad"] == pytest.approx((fur + net) / 2)
    assert summary["intervals"]["class_mean"]["reason"] != "the images have no classes"
    assert {row["region"] for row in rows if row["class"] == ""} == {"unknown", "unlabelled"}


def test_every_reader_takes_a_set_with_images_without_a_class(mixed, tmp_path, run_cli):
    place = mixed / "set"
    scores = [mixed / "scores" / name for name in ("good", "bad")]
    commands = [
        ("verify", place),
        ("balance", place),
        ("stats", place, "--out", tmp_path / "stats"),
        ("embed", place, "--out", tmp_path / "embedding"),
        ("leaderboard", *scores, "--out", tmp_path / "board"),
        (
            "browse",
            place,
            "--scores",
            scores[0],
            "--predictions",
            mixed / "good",
            "--static",
            tmp_path / "site",
        ),
        ("predict", "trimap", place, "--out", tmp_path / "mattes"),
    ]
    for command in commands:
        done = run_cli(*command)
        assert done.code == 0, (command[0], done.err)
    (balance,) = csv.DictReader((tmp_path / "stats" / "balance.csv").read_text().splitlines())
    assert (balance["composites"], balance["foregrounds"], balance["classes"]) == ("12", "6", "2")
    assert "| 12 | 6 (2 without a class) | 2 of 20 |" in (tmp_path / "stats" / "statistics.md").read_text()
    assert "4 foregrounds (2 more without a class) in 2 of 20 classes" in run_cli("balance", place).out
    text = (tmp_path / "stats" / "index.html").read_text()
    assert "4 of 12 images have no class: they are in no class" in text
    assert "Their foregrounds are 2 of 6" in text
    methods = csv.DictReader((tmp_path / "board" / "leaderboard.csv").read_text().splitlines())
    assert list(dict.fromkeys(row["method"] for row in methods)) == ["good", "bad"]


def test_a_row_without_a_class_comes_last_and_the_card_counts_it(mixed):
    rows = [json.loads(line) for line in (mixed / "set" / "metadata.jsonl").read_text().splitlines()]
    assert [row["class"] is None for row in rows] == [False] * 8 + [True] * 4
    card = (mixed / "set" / "README.md").read_text()
    assert "| net | 4 | 2 |\n| none yet | 4 | 2 |\n" in card
    assert "none yet" not in (mixed / "classed" / "README.md").read_text()


@pytest.mark.parametrize("padding", [0, 4_000_000])
def test_the_hub_library_reads_a_set_with_images_without_a_class(mixed, tmp_path, monkeypatch, padding):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    shutil.copytree(mixed / "set", tmp_path / "set")
    file = tmp_path / "set" / "metadata.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    if padding:  # as large as a set of 20,000 images: the library reads 10 MB at a time
        file.write_text("".join(json.dumps(row | {"padding": "x" * padding}) + "\n" for row in rows))
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert dict(zip(loaded["id"], loaded["class"], strict=True)) == {row["id"]: row["class"] for row in rows}
    assert dict(zip(loaded["id"], loaded["classes"], strict=True)) == {r["id"]: r["classes"] for r in rows}
    assert loaded.features["class"].dtype == "string"


def test_the_hub_library_reads_a_set_without_any_class(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    own = write_cutouts(tmp_path, CAMERA)
    build(
        tmp_path / "set",
        foregrounds=own,
        backgrounds=tmp_path / "bg",
        any_licence=True,
        unlabelled=True,
        per_foreground=1,
    )
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert (list(loaded["class"]), list(loaded["classes"])) == ([None] * 3, [[]] * 3)


def test_lists_name_what_has_no_class(tmp_path, run_cli):
    write_cutouts(tmp_path, ("IMG_1000.png", "fur_a.png"))
    pairs, names = tmp_path / "pairs.txt", tmp_path / "names.txt"
    pairs.write_text("unlabelled:IMG_1000.png:sky.JPG\nfur:fur_a.png:hill.jpg\n")
    names.write_text("sky.JPG\nhill.jpg\n")
    in_order = ("--background-list", names, "--per-foreground", 1)
    for out, more in (("pairs", ("--file-list", pairs)), ("order", in_order)):
        done = run_cli("build", tmp_path / out, *options(tmp_path), "--unlabelled", *more)
        assert done.code == 0, done.err
        assert [(row.fg_id, row.class_, row.bg_id) for row in load_set(tmp_path / out).rows] == [
            ("fur_a", "fur", "hill.jpg"),
            ("IMG_1000", "", "sky.JPG"),
        ]
    done = run_cli("balance", pairs, "--json")
    assert "1 of 2 lines name no class" in done.err
    assert json.loads(done.out)["composites"]["fur"] == 1
    assert json.loads(done.out)["unlabelled"] == 1
    assert sum(json.loads(done.out)["composites"].values()) == 1
    pairs.write_text("net:IMG_1000.png:sky.JPG\nfur:fur_a.png:hill.jpg\n")
    done = run_cli("build", tmp_path / "no", *options(tmp_path), "--unlabelled", "--file-list", pairs)
    assert done.code == 1
    assert "no foreground 'net/IMG_1000.png'; it has others, as 'fur/fur_a.png'" in done.err
