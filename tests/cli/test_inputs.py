"""What a command reads may be anything: every input is answered with a sentence, in seconds."""

import os
import shutil
import socket
import sys
from pathlib import Path

import pytest
from every_parameter import INPUT_FILES, INPUT_FOLDERS, within, words_of, write_world

from simd.cli import main

SECONDS = 10
MAY_BE_A_FILE = {"select --against"}
"""What takes a folder or a list of names."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Write the world of every parameter, and beside it what no command can read."""
    root = tmp_path_factory.mktemp("world")
    world = write_world(root)
    os.mkfifo(root / "pipe")
    (root / "loop").symlink_to("loop")
    (root / "lost").symlink_to("nowhere")
    shutil.copytree(root / "fgs", root / os.fsdecode(b"fgs\xff"))
    (root / os.fsdecode(b"classes\xff.csv")).write_text("file,class\nfire_a.png,fire\n")
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(root)  # a socket's name has room for 100 characters
        bound.bind("socket")
        os.chdir(here)
        yield root, world


def spoilt(parameter, root):
    """Return values for an input, each with words that the answer holds; None where they differ."""
    is_file = parameter in INPUT_FILES
    undecodable = os.fsdecode(b"classes\xff.csv" if is_file else b"fgs\xff")
    values = {
        "": 'is empty; name something there, or leave it out (the current folder is ".")',
        "/": "simd: /: is the root of all folders; name a file or folder of its own",
        "//": "is the root of all folders",
        str(root / undecodable): "is not UTF-8 text; rename the file or folder first",
        str(root / "missing"): None,
        str(root / "lost"): None,
        str(root / "loop"): None,
        str(root / "pipe"): None,
        str(root / "socket"): None,
        "/dev/zero": None,
        str(root / "notes.txt" / "below"): None,
        str(root / ("fgs" if is_file else "notes.txt")): None,
    }
    if parameter in MAY_BE_A_FILE:
        values.pop(str(root / "notes.txt"))
    return values


@pytest.mark.parametrize("parameter", sorted(INPUT_FILES | INPUT_FOLDERS))
def test_an_input_that_cannot_be_read_is_named(world, capsys, monkeypatch, parameter):
    if parameter.startswith("tag open"):
        pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    if parameter.startswith("weights export"):
        pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
        import simd.methods.onnx.export  # noqa: F401  not within the seconds of a run
    root, names = world
    monkeypatch.chdir(root / "out")
    for value, words in spoilt(parameter, root).items():
        monkeypatch.setattr(sys, "argv", ["simd", *words_of(parameter, value, names)])
        with within(SECONDS):
            code = main()
        printed = capsys.readouterr()
        assert code == 1, value
        assert printed.err.startswith("simd: "), (value, printed.err)
        assert (words or os.fspath(value).rpartition("/")[2].partition(".")[0]) in printed.err, value
        assert "Traceback" not in printed.err


@pytest.mark.parametrize("value", [".", "..", "./", "../fgs", "fg/.."])
def test_the_current_folder_and_the_one_above_are_folders_as_any(world, run_cli, monkeypatch, value):
    root, names = world
    monkeypatch.chdir(root / "fgs" / "fg" if value == ".." else root / "fgs")
    done = run_cli("index", value)
    assert (done.code, done.err) == (0, "")
    assert "foregrounds (folder): expected 6, found 6" in done.out
    done = run_cli(*words_of("tag status --foregrounds", value, names))
    assert (done.code, done.err) == (0, "")
    monkeypatch.chdir(root / "set" / "image" if value == ".." else root / "set")
    done = run_cli("verify", {"../fgs": "../set", "fg/..": "image/.."}.get(value, value))
    assert done.code == 0, done.err


REACHED = {
    "balance SOURCE": "set",
    "evaluate DATASET": "set",
    "evaluate PREDICTIONS": "mattes",
    "index FOLDER": "fgs",
    "predict IMAGES": "bgs",
    "predict --trimap": "set/trimap",
    "stats DATASETS": "set",
    "tag status FOLDER": "annotations",
    "tag agree ONE": "annotations",
    "verify DATASET": "set",
    "weights export-onnx FOLDER": "bgs",
    "weights import FILE": "bgs/hill.jpg",
}


@pytest.fixture
def closed(world, run_cli):
    """Return what each command reads, below a folder that only root may look into."""
    root, names = world
    for parameter in REACHED:
        if parameter.startswith("weights export"):
            pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
        run_cli(*words_of(parameter, root / "missing", names))  # imports what nobody may import
    return {parameter: root / name for parameter, name in REACHED.items()}


def test_a_folder_that_may_not_be_looked_into_is_named(world, closed, run_cli, as_nobody):
    _, names = world
    user = os.geteuid()
    os.seteuid(os.getuid())
    for parameter, path in closed.items():
        folder = as_nobody / "closed" / parameter.replace(" ", "-")
        shutil.copytree(path if path.is_dir() else path.parent, folder)
    (as_nobody / "out").mkdir(mode=0o777)
    for path in (as_nobody / "closed", *(as_nobody / "closed").rglob("*")):
        if path.is_dir():
            path.chmod(0)
    os.seteuid(user)
    numbers = iter(range(1000))
    names = {**names, "free": lambda: str(as_nobody / "out" / str(next(numbers)))}
    for parameter in closed:
        folder = as_nobody / "closed" / parameter.replace(" ", "-")
        done = run_cli(*words_of(parameter, folder, names))
        assert (done.code, done.err[:6]) == (1, "simd: "), parameter
        assert "(Permission denied)" in done.err, parameter
