"""No output touches what was there: every command and option that writes, aimed at all that it must spare."""

import hashlib
import os
import shutil
import socket
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import save
from every_parameter import (
    INPUT_FILES,
    INPUT_FOLDERS,
    OUTPUT_FILES,
    OUTPUT_FOLDERS,
    WORDS,
    declared,
    within,
    words_of,
    write_world,
)

from simd.cli import main
from simd.errors import DataError
from simd.sources.outputs import check_output_file, check_output_folder, never

ANNOTATED = {"tag fill FOLDER", "tag propose FOLDER", "tag open FOLDER", "tag open --annotations"}
AMONG_PICTURES = {"predict --out", "predict --pictures", "tag import --out", *ANNOTATED}
OWN = {
    "browse pull --out": {"review.jsonl"},
    "evaluate --out": {"scores/mine"},
    "predict --out": {"mattes"},  # the same run: it is finished, and nothing is written
    "select --out": {"selection.jsonl"},
    "select --page": {"selection.html"},
    "tag fit --out": {"model.npz"},
    **{name: {"annotations"} for name in [*ANNOTATED, "tag import --out"]},
}
"""What an output may replace or add to: its own kind."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    world = write_world(root)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(root)  # a socket's name has room for 100 characters
        bound.bind("socket")
        os.chdir(here)
        (root / "link").symlink_to("notes.txt")
        (root / "lost").symlink_to("nowhere")
        yield root, world


def tree(root):
    """Return all that lies in a folder but for what runs may write, each file with its content's digest."""
    facts = {}
    for path in sorted(root.rglob("*")):
        if path.relative_to(root).parts[0] != "out":
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            facts[path.relative_to(root).as_posix()] = (status.st_mode, status.st_ino, content)
    return facts


def places(parameter, root):
    """Return where an output must not go: in the place of what is there, inside of what is not its own."""
    composite = sorted((root / "set" / "image").iterdir())[0].relative_to(root)
    existing = [
        *("set/dataset.json", "set/metadata.jsonl", str(composite), "mattes/run.json"),
        "fgs/fg/fur_cat.png",
        *("bgs/hill.jpg", "plain/0.png", "selection.jsonl", "selection.html", "review.jsonl", "classes.csv"),
        *("notes.txt", "coco.json", "photo.jpg", "model.npz", "site/index.html", "scores/mine.csv"),
        *("scores/mine.json", "pipe", "socket", "link", "lost"),
    ]
    folders = ["set", "set/image", "mattes", "plain", "fgs", "fgs/fg", "aim", "aim/mask"]
    folders += ["bgs", "cutouts"]
    ending = OUTPUT_FILES.get(parameter, "")
    spared = existing + [f"{folder}/new{ending}" for folder in folders] + folders + ["annotations"]
    if parameter == "evaluate --out":  # writes <out>.csv and <out>.json
        spared = [name.removesuffix(".json").removesuffix(".csv") for name in spared]
        spared = [name for name in spared if name not in ("pipe", "socket", "link", "lost", *folders)]
        spared = [
            n for n in spared if (root / f"{n}.csv").exists() or (root / f"{n}.json").exists() or "/new" in n
        ]
    if parameter == "classes --out":
        spared = [name for name in spared if name.endswith((".png", ".jpg"))]
    if parameter in AMONG_PICTURES:
        spared = [name for name in spared if not name.startswith(("bgs/new", "cutouts/new", "plain/new"))]
    return [name for name in dict.fromkeys(spared) if name not in OWN.get(parameter, ())]


def test_every_parameter_is_known():
    tables = [OUTPUT_FILES.keys(), OUTPUT_FOLDERS, INPUT_FILES, INPUT_FOLDERS, WORDS]
    assert declared() == set().union(*tables)
    assert sum(map(len, tables)) == len(declared())


@pytest.mark.parametrize("parameter", sorted([*OUTPUT_FILES, *OUTPUT_FOLDERS]))
def test_an_output_spares_all_that_is_there(world, capsys, monkeypatch, parameter):
    if parameter.startswith("tag open"):
        pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    if parameter.startswith("weights export"):
        pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
        import simd.methods.onnx.export  # noqa: F401  not within the seconds of a run
    root, names = world
    monkeypatch.chdir(root / "out")
    before = tree(root)
    for name in [*places(parameter, root), "/"]:
        monkeypatch.setattr(sys, "argv", ["simd", *words_of(parameter, root / name, names)])
        with within(10):
            code = main()
        printed = capsys.readouterr()
        assert (code, printed.out) == (1, ""), name
        assert printed.err.startswith(f"simd: {root / name}"), name
        assert tree(root) == before, name
    assert not [p for p in (root / "out").rglob("*") if p.is_file()]


def test_a_device_stays_a_device(tmp_path, run_cli):
    device = tmp_path / "null.png"
    try:
        os.mknod(device, 0o666 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root can make a device")
    done = run_cli("classes", "--out", device)
    assert (done.code, done.out) == (1, "")
    assert "is a device, and a file is put in the place of a regular file only" in done.err
    assert device.is_char_device()


def test_the_sets_own_file_survives_scores_of_its_name(world, run_cli):
    root, _ = world
    done = run_cli("evaluate", root / "mattes", root / "set", "--out", root / "set" / "dataset")
    assert done.code == 1
    assert done.err == (
        f"simd: {root}/set/dataset.csv: lies in {root}/set, which this command reads; "
        "name a place outside of it for scores\n"
    )


REWRITTEN = {
    "entry make --out": "",
    "evaluate --out": "",
    "leaderboard --out": "",
    "select --out": ".jsonl",
    "select --page": ".html",
    "classes --out": ".jpg",
    "stats --out": "",
    "browse open --static": "",
}


@pytest.mark.parametrize("parameter", REWRITTEN)
def test_what_was_written_by_the_same_command_is_replaced(world, run_cli, monkeypatch, parameter):
    root, names = world
    monkeypatch.chdir(root / "out")
    words = words_of(parameter, f"{names['free']()}{REWRITTEN[parameter]}", names)
    first, second = run_cli(*words), run_cli(*words)
    assert (first.code, second.code) == (0, 0), second.err
    assert first.out == second.out
    for path in (root / "out").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_merge_is_made_anew_and_work_is_never_merged_over(world, run_cli, tmp_path):
    root, _ = world
    out = tmp_path / "merged"
    assert [run_cli("tag", "merge", root / "annotations", "--out", out).code for _ in range(2)] == [0, 0]
    shutil.copytree(root / "annotations", tmp_path / "work")
    done = run_cli("tag", "merge", root / "annotations", "--out", tmp_path / "work")
    assert done.code == 1
    assert "work: is not an empty folder; a merge needs one of its own" in done.err


def test_a_folder_of_other_things_may_take_a_report(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert check_output_folder(tmp_path, "a map", never, names=("map.csv",)) == tmp_path
    (tmp_path / "map.csv").write_text("mine")
    with pytest.raises(DataError, match=r"map\.csv: exists and is not of a map; it is left as it is: name"):
        check_output_folder(tmp_path, "a map", never, names=("map.csv",))


def test_the_current_folder_may_hold_pictures(tmp_path, monkeypatch):
    save(tmp_path / "photo.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(DataError, match="among pictures that are not of simd; name a place outside"):
        check_output_file(tmp_path / "page.html", "a page", never)
    monkeypatch.chdir(tmp_path)
    assert check_output_file("page.html", "a page", never) == Path("page.html")


def test_a_picture_among_other_things_is_in_nobodys_way(tmp_path):
    save(tmp_path / "photo.png", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"new: lies in .*, among pictures that are not of simd"):
        check_output_folder(tmp_path / "new", "a set", never)
    (tmp_path / "sets").mkdir()
    (tmp_path / ".hidden").mkdir()
    assert check_output_folder(tmp_path / "new", "a set", never) == tmp_path / "new"
    save(tmp_path / "photo2.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(DataError, match="among pictures"):
        check_output_folder(tmp_path / "new", "a set", never)


@pytest.mark.parametrize("name", ["", b"a", 3, None])
def test_what_is_no_path_is_refused(name):
    with pytest.raises(DataError, match=r"the name of a page (is empty|must be text or a Path)"):
        check_output_file(name, "a page", never)
