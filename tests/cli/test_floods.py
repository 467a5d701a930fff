"""Alike messages are one; where nothing matches, a message shows what was expected and what is there."""

import json
import re
import shutil

import numpy as np
import pytest
from conftest import save, soft_alpha

SIX = 6  # composites of the tiny set


def lines(text):
    return [line.strip() for line in text.splitlines()]


def test_mattes_of_another_size_are_one_line(run_cli, tiny_set, tmp_path):
    for row in tiny_set.rows:
        save(tmp_path / "mattes" / f"{row.id}.png", soft_alpha(32, 40))
    done = run_cli(
        "evaluate", tmp_path / "mattes", tiny_set.path, "--out", tmp_path / "scores", "--workers", 1
    )
    assert done.code == 1
    first, *others = [row.id for row in tiny_set.rows]
    failed = lines(done.err)[lines(done.err).index("simd: 6 of 6 predictions failed (0 are done):") + 1 :]
    assert len(failed) == 1
    assert failed[0].startswith(f"{first}: ")
    assert "(32, 40)" in failed[0]
    assert failed[0].endswith(f"; and 5 more like it: {', '.join(others)}")
    assert json.loads((tmp_path / "scores.json").read_text())["missing"].keys() == {first, *others}


def test_changed_files_of_a_set_are_one_line(run_cli, tiny_set):
    for sample in tiny_set:
        save(sample.path("image"), np.full_like(sample.image, 9))
    done = run_cli("verify", tiny_set.path)
    assert done.code == 1
    failed = lines(done.err)[lines(done.err).index("simd: 6 of 24 files failed (18 are done):") + 1 :]
    assert len(failed) == 1
    assert failed[0].startswith(f"image/{tiny_set[0].row.id}.png: ")
    assert "; and 5 more like it: image/" in failed[0]
    assert len(json.loads(run_cli("verify", tiny_set.path, "--json").out)["problems"]) == SIX


def test_broken_files_of_a_folder_are_one_line(run_cli, foregrounds):
    for file in (foregrounds / "alpha").iterdir():
        file.write_bytes(b"no picture")
    done = run_cli("index", foregrounds, "--decode")
    assert done.code == 1
    broken = [line for line in lines(done.out) if line.startswith("broken")]
    assert len(broken) == 1
    assert broken[0].startswith("broken fire_a: ")
    assert broken[0].endswith("; and 5 more like it: fur_cat, hair_easy_x, leaf 2, net-1, plant_tree3")


def test_reasons_that_differ_in_kind_stay_apart(run_cli, tiny_set, tmp_path):
    mattes = tmp_path / "mattes"
    for row in tiny_set.rows:
        save(mattes / f"{row.id}.png", soft_alpha())
    small, damaged = (mattes / f"{row.id}.png" for row in tiny_set.rows[:2])
    save(small, soft_alpha(32, 40))
    damaged.write_bytes(damaged.read_bytes()[:60])
    done = run_cli("evaluate", mattes, tiny_set.path, "--out", tmp_path / "scores", "--workers", 1)
    assert "more like it" not in done.err
    assert re.search(rf"  {small.stem}: .*\(32, 40\)", done.err)
    assert re.search(rf"  {damaged.stem}: .*is damaged", done.err)


def test_dropped_foregrounds_are_one_line_a_reason(run_cli, foregrounds, tmp_path):
    done = run_cli("select", foregrounds, "--min-side", 99, "--out", tmp_path / "kept.jsonl")
    small = [line for line in lines(done.out) if line.startswith("small")]
    assert len(small) == 1
    assert re.match(r"small +fire_a: .*; and 5 more like it: fur_cat, hair_easy_x, leaf 2, ", small[0])
    assert "0 of 6 foregrounds kept" in done.out
    assert done.code == 1
    assert f"simd: no foreground is kept, so nothing can be built from {tmp_path / 'kept.jsonl'}" in done.err


def test_photographs_of_which_none_is_kept_are_code_1(run_cli, backgrounds, tmp_path):
    done = run_cli(
        "select", "--backgrounds", backgrounds, "--min-side", 999, "--out", tmp_path / "kept.jsonl"
    )
    assert done.code == 1
    assert "simd: no background is kept" in done.err
    one = run_cli("select", "--backgrounds", backgrounds, "--min-side", 95, "--out", tmp_path / "kept.jsonl")
    assert one.code == 0


# -- nothing matches -------------------------------------------------------------------------------------


def test_trimaps_of_other_names_are_shown(run_cli, tiny_set, tmp_path):
    save(tmp_path / "trimaps" / "IMG_1.png", np.full((64, 80), 128, np.uint8))
    done = run_cli(
        *("predict", "trimap", tiny_set.path / "image", "--trimap", tmp_path / "trimaps"),
        *("--out", tmp_path / "mattes"),
    )
    first = min(row.id for row in tiny_set.rows)
    assert done.code == 1
    assert f"holds no trimap for any of 6 pictures of {tiny_set.path / 'image'}: " in done.err
    assert f"'{first}.png' is expected, for example; what is there is called as 'IMG_1.png'" in done.err
    assert not (tmp_path / "mattes").exists()


def test_alphas_of_other_names_are_shown(run_cli, tiny_set, tmp_path):
    save(tmp_path / "alphas" / "IMG_1.png", soft_alpha())
    done = run_cli(
        *("evaluate", tiny_set.path / "alpha", "--alpha", tmp_path / "alphas"),
        *("--trimap", tiny_set.path / "trimap", "--out", tmp_path / "scores", "--workers", 1),
    )
    first = min(row.id for row in tiny_set.rows)
    assert done.code == 1
    assert f"'{first}' is expected, for example; what is there is called as 'IMG_1'" in done.err


def test_classes_of_other_names_are_shown(run_cli, foregrounds, tmp_path):
    table = tmp_path / "classes.csv"
    table.write_text("file,class\nIMG_1.png,fur\n")
    done = run_cli("index", foregrounds, "--classes", table)
    assert done.code == 1
    assert "1 of 1 names are of no file here: IMG_1; files here are called as 'fire_a'" in done.out


# -- scores ----------------------------------------------------------------------------------------------


@pytest.fixture
def scores(run_cli, tiny_set, tmp_path):
    for name in ("b", "a"):
        folder = tmp_path / "mattes" / name
        shutil.copytree(tiny_set.path / "alpha", folder)
        assert (
            run_cli(
                "evaluate", folder, tiny_set.path, "--out", tmp_path / "scores" / name, "--workers", 1
            ).code
            == 0
        )
    return tmp_path / "scores"


def test_a_folder_of_scores_is_a_board_of_all_in_it(run_cli, scores, tmp_path):
    of_folder = run_cli("leaderboard", scores, "--out", tmp_path / "board", "--json")
    of_files = run_cli("leaderboard", scores / "a", scores / "b.csv", "--out", tmp_path / "board", "--json")
    assert of_folder.code == 0
    assert of_folder.out == of_files.out
    assert {row["method"] for row in json.loads(of_folder.out)["methods"]} == {"a", "b"}
    twice = run_cli("leaderboard", scores, scores / "a.json", "--out", tmp_path / "board", "--json")
    assert twice.out == of_folder.out


def test_a_name_of_scores_beside_a_folder_of_that_name_is_the_scores(run_cli, scores, tmp_path):
    (scores / "a").mkdir()
    done = run_cli("leaderboard", scores / "a", "--out", tmp_path / "board", "--json")
    assert {row["method"] for row in json.loads(done.out)["methods"]} == {"a"}


def test_a_page_of_failures_takes_a_folder_of_scores(run_cli, tiny_set, scores, tmp_path):
    done = run_cli("browse", tiny_set.path, "--scores", scores, "--static", tmp_path / "page")
    assert done.code == 0
    assert "of 2 methods" in done.out


def test_a_folder_without_scores_says_what_is_there(run_cli, tiny_set, tmp_path):
    done = run_cli("leaderboard", tiny_set.path)
    assert done.code == 1
    assert "is a folder without scores, which are NAME.json and NAME.csv: " in done.err
    assert "what is there is called as 'ATTRIBUTION.md'" in done.err
    (tmp_path / "empty").mkdir()
    assert "nothing is there" in run_cli("leaderboard", tmp_path / "empty").err


def test_scores_that_are_not_there_are_not_called_broken(run_cli, scores):
    done = run_cli("leaderboard", scores.parent / "score")
    assert (done.code, "JSON" in done.err) == (1, False)
    assert f"{scores.parent / 'score.json'}: no such file" in done.err
    near = run_cli("leaderboard", scores / "aa")
    assert f"no such file; did you mean '{scores / 'a.json'}'" in near.err
