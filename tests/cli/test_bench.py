"""``simd bench``: the board that three commands give, in one run that goes on where it was interrupted."""

import json
import shutil

import pytest
from conftest import save, soft_alpha

import simd.bench
from simd.errors import BatchError

NAMES = ("leaderboard.csv", "leaderboard.md", "differences.csv", "index.html")


@pytest.fixture
def mattes(tiny_set, tmp_path):
    shutil.copytree(tiny_set.path / "alpha", tmp_path / "theirs")
    for name in list((tmp_path / "theirs").iterdir())[:3]:
        save(name, soft_alpha(seed=9))
    return tmp_path / "theirs"


def read(folder):
    return {name: (folder / name).read_text() for name in NAMES}


def test_the_board_is_that_of_the_three_commands(run_cli, tiny_set, mattes, tmp_path):
    board, one = tmp_path / "board", ("--workers", 1)
    done = run_cli("bench", tiny_set.path, "trimap", "shared", mattes, "--out", board, *one)
    assert done.code == 0, done.err
    assert "1/6  predict with trimap" in done.err
    assert "6/6  put them side by side" in done.err
    by_bench = read(board)
    for method in ("trimap", "shared"):
        again = run_cli(
            *("predict", method, tiny_set.path, "--out", board / "predictions" / method, *one)
        )  # finished there; in another folder the seconds would be others
        assert again.code == 0
    for name, folder in {
        "trimap": board / "predictions",
        "shared": board / "predictions",
        "theirs": tmp_path,
    }.items():
        scored = run_cli("evaluate", folder / name, tiny_set.path, "--out", board / "scores" / name, *one)
        assert scored.code == 0
    shown = run_cli(
        "leaderboard", *(board / "scores" / n for n in ("trimap", "shared", "theirs")), "--out", board
    )
    assert shown.code == 0
    assert read(board) == by_bench
    assert shown.out == done.out
    assert not list(board.rglob("*.partial"))


def test_a_finished_bench_is_not_run_again_but_where_mattes_have_changed(
    run_cli, tiny_set, mattes, tmp_path, monkeypatch
):
    scored, evaluate = [], simd.bench.evaluate

    def noted(predictions, *args, **options):
        scored.append(predictions.name)
        return evaluate(predictions, *args, **options)

    monkeypatch.setattr(simd.bench, "evaluate", noted)
    command = ("bench", tiny_set.path, "trimap", mattes, "--out", tmp_path / "board", "--workers", 1)
    assert run_cli(*command).code == 0
    first = read(tmp_path / "board")
    assert scored == ["trimap", "theirs"]
    assert run_cli(*command).code == 0
    assert (scored, read(tmp_path / "board")) == (["trimap", "theirs"], first)
    save(mattes / f"{tiny_set[0].row.id}.png", soft_alpha(seed=7))
    assert run_cli(*command).code == 0
    assert scored == ["trimap", "theirs", "theirs"]
    assert read(tmp_path / "board") != first


def test_an_interrupted_bench_goes_on(run_cli, tiny_set, tmp_path, monkeypatch):
    predict, begun = simd.bench.predict, []

    def stopped_at_the_second(method, *args, **options):
        begun.append(method)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return predict(method, *args, **options)

    command = ("bench", tiny_set.path, "trimap", "shared", "--out", tmp_path / "board", "--workers", 1)
    with monkeypatch.context() as patch:
        patch.setattr(simd.bench, "predict", stopped_at_the_second)
        stopped = run_cli(*command)
    assert stopped.code == 130
    assert "the same command goes on from here" in stopped.err
    before = (tmp_path / "board" / "predictions" / "trimap" / "run.json").read_bytes()
    done = run_cli(*command, "--json")
    assert done.code == 0
    assert {row["method"] for row in json.loads(done.out)["methods"]} == {"trimap", "shared"}
    assert (tmp_path / "board" / "predictions" / "trimap" / "run.json").read_bytes() == before


def test_the_good_methods_are_finished_and_the_others_named(run_cli, tiny_set, mattes, tmp_path, monkeypatch):
    predict = simd.bench.predict

    def fails(method, *args, **options):
        if method == "shared":
            raise BatchError({"fur-1": "no memory"}, "images", 6)
        return predict(method, *args, **options)

    monkeypatch.setattr(simd.bench, "predict", fails)
    (mattes / f"{tiny_set[0].row.id}.png").unlink()
    done = run_cli("bench", tiny_set.path, "trimap", "shared", mattes, "--out", tmp_path / "board", "--json")
    assert done.code == 1
    assert {row["method"] for row in json.loads(done.out)["methods"]} == {"trimap", "theirs"}
    assert "2 of 3 methods failed (1 are done)" in done.err
    assert "shared: 1 of 6 images failed" in done.err
    assert "theirs: 1 of 6 images have no usable matte" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("closed-from",), "unknown method 'closed-from'; did you mean 'closed-form'?"),
        (("mattes/gone",), "mattes/gone: no such folder; a folder of mattes, or a method, is expected"),
        (("trimap", "trimap"), "two of the methods are called 'trimap'"),
        (("trimap", "--option", "tile=9"), "must be METHOD.KEY=VALUE, as in --option sim.weights=weights"),
        (("trimap", "--option", "sim.tile=9"), "is of 'sim', which is not among the methods"),
        (("trimap", "--option", "trimap.tile=9"), "the method trimap has no option 'tile'"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is(run_cli, tiny_set, tmp_path, words, message):
    done = run_cli("bench", tiny_set.path, *words, "--out", tmp_path / "board")
    assert (done.code, message in done.err) == (1, True), done.err
    assert not (tmp_path / "board").exists()


def test_a_board_lies_outside_of_what_is_read(run_cli, tiny_set, mattes, tmp_path):
    for out in (tiny_set.path / "board", mattes / "board", tiny_set.path):
        done = run_cli("bench", tiny_set.path, mattes, "--out", out)
        assert (done.code, "Traceback" in done.err) == (1, False)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("mine")
    assert (
        "exists and is not of a board"
        in run_cli("bench", tiny_set.path, mattes, "--out", tmp_path / "mine").err
    )
