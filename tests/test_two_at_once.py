"""Two runs with one output: the second is told by which process, whichever command it is."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.build import build
from simd.composition.import_finished import import_set
from simd.dataset.verify import verify
from simd.demo import run_demo
from simd.errors import BusyError
from simd.locks import locked_folder
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.report.browse.gallery import write_gallery
from simd.report.embed.embedding import embed
from simd.report.leaderboard.write import write_leaderboard
from simd.report.statistics.measure import report_statistics
from simd.trimap import trimap_of

pytest.importorskip("fcntl", reason="Windows has no such locks")

HOLD = """
import sys
from pathlib import Path
from simd.locks import locked_folder
with locked_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path):
    """Yield a folder that another process holds, and the process."""
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield out, process.pid
        process.stdin.close()


@pytest.fixture
def scored(tiny_set, tmp_path):
    predict("trimap", tiny_set.path, tmp_path / "mattes")
    return tiny_set.path, evaluate(tmp_path / "mattes", tiny_set.path, out=tmp_path / "scores").scores


def assert_told(held, command):
    out, process = held
    who = f"process {process}" if Path("/proc/locks").exists() else "another program"
    with pytest.raises(BusyError, match=f"out: {who} is writing there; wait until it has ended"):
        command(out)
    assert [path for path in out.iterdir() if path.name != "index.html"] == []


def test_build(held, foregrounds, backgrounds):
    places = {"foregrounds": str(foregrounds), "backgrounds": str(backgrounds), "any_licence": True}
    assert_told(held, lambda out: build(out, per_foreground=1, **places))


def write_finished(root):
    """Write three images in the layout of AIM-500."""
    for seed in range(3):
        alpha = soft_alpha(seed=seed)
        save(root / "original" / f"o_{seed:08d}.jpg", np.full((*alpha.shape, 3), 90, np.uint8))
        save(root / "mask" / f"o_{seed:08d}.png", alpha)
        save(root / "trimap" / f"o_{seed:08d}.png", trimap_of(alpha, 9))
    return root


def test_import(held, tmp_path):
    source = write_finished(tmp_path / "AIM-500")
    assert_told(held, lambda out: import_set(source, out, class_="fur"))


def test_evaluate(scored, tmp_path):
    set_path, _ = scored
    with (
        locked_folder(tmp_path / ".again.partial"),
        pytest.raises(BusyError, match=r"again: .* is writing there"),
    ):
        evaluate(tmp_path / "mattes", set_path, out=tmp_path / "again")
    assert not (tmp_path / "again.csv").exists()
    evaluate(tmp_path / "mattes", set_path, out=tmp_path / "again")
    assert not (tmp_path / ".again.partial").exists()


def test_every_other_folder(held, scored):
    set_path, scores = scored
    for command in (
        lambda out: predict("trimap", set_path, out),
        lambda out: report_statistics([set_path], out),
        lambda out: embed(set_path, out),
        lambda out: write_gallery(set_path, out, scores=[set_path.parent / "scores"]),
        lambda out: write_leaderboard([scores], out),
        lambda out: run_demo(out, workers=1),
    ):
        assert_told(held, command)


def run_twice(*arguments):
    """Run a command in two processes at once; return their exit codes, and what they have said."""
    command = [sys.executable, "-m", "simd", *map(str, arguments)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [process.communicate()[1] for process in processes]
    return [process.returncode for process in processes], said


def assert_one_is_done(codes, messages, *, finished):
    """One has done it; the other was told that it was being done, or that it had been."""
    assert 0 in codes, messages
    for code, message in zip(codes, messages, strict=True):
        assert "Traceback" not in message
        assert "No such file" not in message
        assert code == 0 or "is writing there" in message or finished in message


def test_two_builds_in_two_processes(foregrounds, backgrounds, tmp_path):
    out = tmp_path / "set"
    places = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence")
    codes, messages = run_twice("build", out, *places, "--per-foreground", 4, "--workers", 1)
    assert_one_is_done(codes, messages, finished="holds this set already")
    verify(out)


def test_two_imports_in_two_processes(tmp_path):
    out = tmp_path / "set"
    codes, messages = run_twice("import", write_finished(tmp_path / "AIM-500"), out, "--class", "fur")
    assert_one_is_done(codes, messages, finished="holds this set already")
    assert len(verify(out)) == 3


def test_two_predicts_in_two_processes(tiny_set, tmp_path):
    out = tmp_path / "mattes"
    codes, messages = run_twice("predict", "trimap", tiny_set.path, "--out", out, "--workers", 1)
    assert_one_is_done(codes, messages, finished="the mattes are there")
    ids = {row.id for row in tiny_set.rows}
    assert {path.name for path in out.iterdir()} == {"run.json", *(f"{id_}.png" for id_ in ids)}
