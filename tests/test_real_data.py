"""The main job through the command line: on a slice of real foregrounds, and on the built-in data."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simd.dataset.manifest import load_set
from simd.metrics.scores import load_scores
from simd.selection.foregrounds import Verdict
from simd.selection.selection_file import write_selection

SLICE = ("fur_lemur", "glass_drinking", "hair_hard_flying", "leaf_maple", "smoke_puff", "tree_birch")


def simd(*args, cwd=None):
    command = [sys.executable, "-m", "simd", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


@pytest.fixture(scope="module")
def real():
    folder = os.environ.get("SIMD_TEST_DATA")
    if not folder or not (Path(folder) / "data" / "real").is_dir():
        pytest.skip("SIMD_TEST_DATA names no folder with data/real")
    return Path(folder) / "data" / "real"


def test_the_real_folder_is_understood(real):
    done = simd("index", real, "--decode", "--workers", 2)
    assert done.returncode == 1  # three photographs have a trimap and no alpha
    assert "image-alpha pairs (folder): expected 20, found 17, missing 3, extra 0, broken 0" in done.stdout
    for stem in ("fur_retriever_vitmatte", "glass_bulb_vitmatte", "glass_two_glasses"):
        assert f"missing alpha/{stem}: image/{stem} has no partner in alpha/" in done.stdout
    assert "foregrounds (folder): expected 56, found 56, missing 0, extra 0, broken 0" in done.stdout
    assert "backgrounds (folder): expected 13, found 13, missing 0, extra 0, broken 0" in done.stdout
    assert "no foreground of: net, plastic_bag, lace" in done.stdout


def test_without_its_csv_no_class_is_guessed(real, tmp_path):
    for name in ("fg", "alpha"):
        (tmp_path / name).symlink_to(real / name)
    done = simd("index", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "missing 0, extra 0, broken 0" in done.stdout
    assert re.search(r"^  \d+ have no class yet: ", done.stdout, re.MULTILINE)
    table = tmp_path.parent / f"{tmp_path.name}.csv"
    assert simd("index", tmp_path, "--write-classes", table).returncode == 0
    rows = dict(line.split(",")[:2] for line in table.read_text().splitlines())
    names = {Path(file).stem: class_ for file, class_ in rows.items()}
    assert [names[stem] for stem in ("glass_drinking", "smoke_puff", "hair_horse_mane")] == ["", "", ""]
    assert names["hair_easy_long"] == "hair_easy"


@pytest.mark.slow
def test_a_slice_of_real_foregrounds_goes_the_whole_way(real, tmp_path):
    write_selection(tmp_path / "slice.jsonl", [Verdict(id=name, keep=True) for name in SLICE])
    steps = [
        ("build", "set", "--foregrounds", real, "--backgrounds", real, "--max-side", 200, "--workers", 2)
        + ("--selection", "slice.jsonl"),
        ("verify", "set"),
        ("stats", "set", "--out", "statistics"),
        ("predict", "closed-form", "set", "--out", "closed-form", "--workers", 2),
        ("predict", "trimap", "set", "--out", "trimap"),
        ("evaluate", "closed-form", "set", "--out", "scores/closed-form", "--workers", 2),
        ("evaluate", "trimap", "set", "--out", "scores/trimap"),
        ("leaderboard", "scores/closed-form", "scores/trimap", "--out", "board"),
    ]
    for step in steps:
        done = simd(*step, cwd=tmp_path)
        assert done.returncode == 0, (step, done.stderr)
    built = load_set(tmp_path / "set")
    assert {row.fg_id for row in built.rows} == set(SLICE)
    assert {row.alpha_kind for row in built.rows} == {"reference", "hand_cut", "predicted", "game_texture"}
    ours, floor = (load_scores(tmp_path / "scores" / name).summary() for name in ("closed-form", "trimap"))
    assert ours.classes["hair_hard"].errors.sad < 0.5 * floor.classes["hair_hard"].errors.sad
    # smoke has no known foreground, so closed-form cannot work there
    assert ours.classes["smoke_cloud"].fallbacks == 1
    page = (tmp_path / "board" / "index.html").read_text()
    assert "ground truth" in page
    assert len(page) < 5_000_000


@pytest.mark.slow
def test_the_demo_makes_everything_it_names(tmp_path):
    done = simd("demo", "--out", tmp_path / "demo", "--workers", 2)
    assert done.returncode == 0, done.stderr
    built = load_set(tmp_path / "demo" / "set")
    assert len(built) == 80
    assert {c["composites"] for c in built.info["counts"]["classes"].values()} == {4}
    named = re.findall(r"^  (\S+demo\S+)", done.stderr, re.M)
    assert len(named) == 4
    assert all(Path(name).exists() for name in named)
    summaries = sorted((tmp_path / "demo" / "scores").glob("*.json"))
    assert [p.stem for p in summaries] == ["closed-form", "fused", "random-walk", "shared", "trimap"]
    means = {p.stem: json.loads(p.read_text())["class_mean"]["sad"] for p in summaries}
    assert (min(means, key=means.get), max(means, key=means.get)) == ("fused", "trimap")
    again = simd("demo", "--out", tmp_path / "demo")
    assert again.returncode == 0, again.stderr
