"""How far long work is: a bar on a terminal whatever the command, lines in a log."""

import io
import logging
import os
import pty
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.progress import counting, track
from simd.report.embed.tsne import make_map


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def on_terminal(monkeypatch, tmp_path):
    """Return a function that runs a command whose stderr is a terminal, and returns what was shown there."""
    from simd.cli import main

    monkeypatch.chdir(tmp_path)

    def call(*words, code=0):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", Terminal())
            patch.setattr(sys, "argv", ["simd", *map(str, words)])
            patch.setenv("TERM", "xterm")
            done = main()
            shown = sys.stderr.getvalue()
        assert done == code, shown
        return shown

    return call


def write_imported(root):
    for seed in range(3):
        save(root / "original" / f"o_{seed:08d}.jpg", np.full((64, 80, 3), 90, np.uint8))
        save(root / "mask" / f"o_{seed:08d}.png", soft_alpha(seed=seed))
    return root


def test_every_command_over_many_files_shows_how_far_it_is(
    on_terminal, foregrounds, backgrounds, tiny_set, tmp_path, capsys
):
    s, one = tiny_set.path, ("--workers", 1)
    shutil.copytree(s / "alpha", tmp_path / "mattes")
    of = ("--foregrounds", foregrounds)
    steps = {
        ("index", foregrounds): "headers",
        ("index", foregrounds, "--decode", *one): "files",
        ("select", foregrounds, "--out", "kept.jsonl", *one): "foregrounds",
        ("select", "--backgrounds", backgrounds, "--out", "bgs.jsonl", *one): "backgrounds",
        ("build", "new", *of, "--backgrounds", backgrounds, "--any-licence", *one): "composites",
        ("import", write_imported(tmp_path / "AIM-500"), "imported", "--class", "fur", *one): "images",
        ("verify", s, *one): "composites",
        ("predict", "trimap", s, "--out", "trimaps", *one): "trimap",
        ("evaluate", "mattes", s, "--out", "scores/mattes", *one): "images",
        ("browse", s, "--scores", "scores", "--static", "page", *one): "failures",
        ("tag", "propose", "tags", *of, *one): "proposals",
        ("tag", "status", "tags", *of): "annotations",
        ("tag", "agree", "tags", "tags"): "foregrounds",
        ("tag", "merge", "tags", "--out", "merged"): "foregrounds",
        ("tag", "export", "tags", "--format", "coco", "--out", "coco.json"): "class masks",
        ("tag", "import", "coco.json", "--format", "coco", "--out", "again", *of): "masks",
        ("tag", "fit", foregrounds, "--out", "model.npz"): "foregrounds",
    }
    for words, what in steps.items():
        shown = on_terminal(*words)
        assert f"{what} " in shown, words
        assert re.search(r"(?<!\d)([1-9]\d*)/\1(?!\d)", shown), (words, shown)  # all of them at the end
    capsys.readouterr()


def test_a_real_terminal_shows_a_bar(tiny_set):
    above, below = pty.openpty()
    command = [sys.executable, "-m", "simd", "verify", str(tiny_set.path), "--workers", "1"]
    done = subprocess.run(command, stderr=below, stdout=subprocess.DEVNULL, check=True)
    os.close(below)
    shown = os.read(above, 100_000).decode()
    os.close(above)
    assert done.returncode == 0
    assert "composites" in shown
    assert "6/6" in shown


@pytest.mark.parametrize("quiet", [False, True])
def test_a_log_has_a_line_at_the_end_unless_it_is_of_little_worth(caplog, quiet):
    with caplog.at_level(logging.INFO):
        assert list(track("abc", 3, "letters", quiet=quiet)) == ["a", "b", "c"]
    assert [record.getMessage()[:15] for record in caplog.records] == [] if quiet else ["letters: 3 of 3"]


def test_long_work_is_said_in_a_log_all_the_same(caplog, monkeypatch):
    seconds = iter(range(0, 1000, 10))
    monkeypatch.setattr("simd.progress.time.monotonic", lambda: next(seconds))
    with caplog.at_level(logging.INFO), counting(100, "steps", quiet=True) as advance:
        for _ in range(2):
            advance(50)
    assert "steps: 100 of 100" in caplog.messages[-1]


def test_looking_at_a_map_does_not_change_it(monkeypatch):
    from openTSNE import TSNE

    points = np.random.default_rng(0).normal(size=(40, 6))
    looked_at, _ = make_map(points, seed=0)
    fit = TSNE.fit

    def unseen(method, *args, **options):
        method.callbacks = None
        return fit(method, *args, **options)

    monkeypatch.setattr(TSNE, "fit", unseen)
    unseen_map, _ = make_map(points, seed=0)
    np.testing.assert_array_equal(looked_at, unseen_map)
