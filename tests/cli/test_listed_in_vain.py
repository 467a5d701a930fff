"""What a user lists and nothing has is named, and the exit code is 1; all else is done."""

import json
import shutil

import pytest
from conftest import FOREGROUNDS, save, soft_alpha
from PIL import Image

from simd.dataset.manifest import load_set

ROWS = "file,class\n" + "".join(f"{name},fur\n" for name in FOREGROUNDS)
IN_VAIN = "1 of 7 names are of no file here: dog"


@pytest.fixture
def table(tmp_path):
    """A class for each foreground, and for a dog that is not there."""
    path = tmp_path / "classes.csv"
    path.write_text(f"{ROWS}dog.png,fur\n")
    return path


def cutouts(folder):
    """Write the foregrounds as images with transparency."""
    for path in sorted((folder / "fg").iterdir()):
        with Image.open(path) as image:
            image.putalpha(Image.fromarray(soft_alpha()))
            image.save(folder / f"{path.stem}.png")
    shutil.rmtree(folder / "fg")
    shutil.rmtree(folder / "alpha")


def adobe(folder):
    """Put the pairs where Adobe's set has them."""
    place = folder / "Test_set" / "Adobe-licensed images"
    place.mkdir(parents=True)
    for layer in ("fg", "alpha"):
        (folder / layer).rename(place / layer)


def distinctions(folder):
    """Put the pairs where Distinctions-646 has them."""
    (folder / "Train").mkdir()
    (folder / "fg").rename(folder / "Train" / "FG")
    (folder / "alpha").rename(folder / "Train" / "GT")


def release(folder):
    """Put the pairs where the release of SIMD has them."""
    (folder / "fur").mkdir()
    for layer in ("fg", "alpha"):
        (folder / layer).rename(folder / "fur" / layer)
    for path in (folder / "fur" / "fg").iterdir():
        same = folder / "fur" / "alpha" / f"{path.stem}.png"
        same.rename(same.with_suffix(path.suffix))


@pytest.mark.parametrize("lay_out", [None, cutouts, adobe, distinctions, release])
def test_rows_that_name_nobody_are_named_in_every_layout(lay_out, foregrounds, table, run_cli):
    if lay_out is not None:
        lay_out(foregrounds)
    done = run_cli("index", foregrounds, "--classes", table)
    assert done.code == 1
    assert f"{table}: {IN_VAIN}" in done.out
    assert "found 6" in done.out


def test_every_command_that_takes_the_file_says_it(foregrounds, backgrounds, table, tmp_path, run_cli):
    of = ("--foregrounds", foregrounds, "--classes", table)
    for words in (
        ("balance", foregrounds, "--classes", table),
        ("select", foregrounds, "--classes", table, "--out", tmp_path / "kept.jsonl"),
        ("build", tmp_path / "set", *of, "--backgrounds", backgrounds, "--any-licence"),
        ("tag", "fill", tmp_path / "tags", *of),
        ("tag", "status", tmp_path / "tags", *of),
        ("tag", "propose", tmp_path / "proposed", *of),
    ):
        done = run_cli(*words)
        assert done.code == 1, words
        assert f"  {table}: {IN_VAIN}" in done.err, words
    assert len(load_set(tmp_path / "set")) == 6
    assert len((tmp_path / "kept.jsonl").read_text().splitlines()) == 6
    assert len(list((tmp_path / "tags").glob("*.png"))) == 6


def test_an_import_says_it(tmp_path, run_cli):
    for layer, pixels in (("original", soft_alpha()), ("mask", soft_alpha())):
        rgb = pixels[..., None].repeat(3, axis=2) if layer == "original" else pixels
        save(tmp_path / "aim" / layer / "o_1.png", rgb)
    table = tmp_path / "classes.csv"
    table.write_text("file,class\no_1.png,fur\no_2.png,fur\n")
    done = run_cli("import", tmp_path / "aim", tmp_path / "set", "--kind", "aim-500", "--classes", table)
    assert done.code == 1
    assert f"{table}: 1 of 2 names are of no file here: o_2" in done.err
    assert len(load_set(tmp_path / "set")) == 1


def test_ids_of_a_selection_that_no_foreground_has_are_named(foregrounds, backgrounds, tmp_path, run_cli):
    kept = tmp_path / "kept.jsonl"
    kept.write_text("".join(json.dumps({"id": i, "keep": True}) + "\n" for i in ("fur_cat", "fur_dog")))
    of = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence", "--selection", kept)
    done = run_cli("build", tmp_path / "set", *of)
    assert done.code == 1
    assert (
        f"1 of 2 items failed (1 are done):\n  {kept}: keeps 1 foregrounds that {foregrounds} does not have: "
        "fur_dog; it has others, as fire_a; select from the same folder again"
    ) in done.err
    assert [row.fg_id for row in load_set(tmp_path / "set").rows] == ["fur_cat"]


def test_broken_foregrounds_are_named_by_a_count_too(foregrounds, run_cli, tmp_path):
    (foregrounds / "alpha" / "fur_cat.png").unlink()
    for words in (("balance", foregrounds), ("stats", foregrounds, "--out", tmp_path / "stats")):
        done = run_cli(*words)
        assert done.code == 1
        assert "1 of 6" in done.err
        assert "alpha/fur_cat: fg/fur_cat has no partner in alpha/" in done.err


def test_what_is_drawn_takes_no_classes(run_cli, table):
    done = run_cli("index", "synthetic:1@32", "--classes", table)
    assert done.code == 1
    assert done.err == (
        "simd: synthetic:1@32: what is drawn has classes of its own; leave the file of classes out\n"
    )


def test_a_file_of_classes_that_cannot_be_read_fails_index_where_pairs_need_none(tmp_path, run_cli):
    for name in ("IMG_1.png", "IMG_1_alpha.png"):
        save(tmp_path / "own" / name, soft_alpha())
    assert run_cli("index", tmp_path / "own").code == 0
    (tmp_path / "classes.csv").write_text("file,class\nIMG_1.png,furr\n")
    done = run_cli("index", tmp_path / "own", "--classes", tmp_path / "classes.csv")
    assert (done.code, "classes.csv:2: unknown class 'furr'; did you mean 'fur'?" in done.err) == (1, True)
    done = run_cli("index", tmp_path / "own", "--classes", tmp_path / "class.csv")
    assert (done.code, "class.csv: no such file" in done.err) == (1, True)


def test_all_unknown_words_of_a_file_of_classes_are_named_at_once(foregrounds, tmp_path, run_cli):
    rows = ["file,class,alpha_kind", "a.png,furr,", "b.png,fur,network", "c.png,furr,", "d.png,fur,"]
    (tmp_path / "table.csv").write_text("\n".join([*rows, "e.png,smoke,"]) + "\n")
    done = run_cli("index", foregrounds, "--classes", tmp_path / "table.csv")
    assert done.code == 1
    words = " ".join(done.err.split())
    assert "table.csv:2: unknown class 'furr'; did you mean 'fur'? (also in line 4)" in words
    assert "table.csv:3: unknown alpha_kind 'network'; did you mean 'predicted'?" in words
    assert "table.csv:6: unknown class 'smoke'; did you mean 'smoke_cloud'?" in words
