"""An export appears whole or not at all, and the same command starts over where one was cut off."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import save

from simd.errors import BatchError, BusyError, DataError, DiskFullError
from simd.export_place import write_export
from simd.locks import locked_folder
from simd.tagging.annotation_files import annotation_path, make_annotation, write_annotation
from simd.tagging.formats import FORMATS
from simd.tagging.formats.convert import export_annotations, import_annotations
from simd.taxonomy import CLASSES

NAMES = ("a", "b", "c")


@pytest.fixture
def tagged(tmp_path):
    """Return a folder of three annotations, and one of their foregrounds."""
    sources, folder = tmp_path / "sources", tmp_path / "tags"
    alpha = np.tile(np.linspace(0, 255, 40).astype(np.uint8), (30, 1))
    for number, name in enumerate(NAMES):
        fg = np.full((30, 40, 3), 50 * number, np.uint8)
        save(sources / "fg" / f"{name}.png", fg)
        save(sources / "alpha" / f"{name}.png", alpha)
        mask = np.full((30, 40), number, np.uint8)
        write_annotation(folder, make_annotation(name, fg, alpha, mask, review="reviewed"), mask)
    classes = tmp_path / "classes.csv"
    classes.write_text("file,class\n" + "".join(f"{name},{CLASSES[n]}\n" for n, name in enumerate(NAMES)))
    return folder, {"foregrounds": str(sources), "classes": classes}


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def content(out: Path) -> object:
    return files(out) if out.is_dir() else out.read_bytes()


def beside(out: Path) -> set[str]:
    return {path.name for path in out.parent.iterdir() if out.name in path.name}


@pytest.mark.parametrize("name", FORMATS)
def test_the_place_is_held(tagged, tmp_path, name):
    folder, places = tagged
    with (
        locked_folder(tmp_path / ".out.export"),
        pytest.raises(BusyError, match=r"out: .* is writing there; wait"),
    ):
        export_annotations(folder, tmp_path / "out", format_=name, **places)
    assert not (tmp_path / "out").exists()
    assert export_annotations(folder, tmp_path / "out", format_=name, **places) == len(NAMES)
    assert beside(tmp_path / "out") == {"out"}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("end", ["a full disk", "Ctrl-C"])
def test_one_that_was_cut_off_leaves_nothing_and_starts_over(tagged, tmp_path, monkeypatch, name, end):
    folder, places = tagged
    write = FORMATS[name].write
    stop = (
        DiskFullError("no room; run the same command again") if end == "a full disk" else KeyboardInterrupt()
    )

    def cut(items, part):
        def some():
            for number, item in enumerate(items):
                if number == 2:
                    raise stop
                yield item

        write(some(), part)

    monkeypatch.setattr(type(FORMATS[name]), "write", property(lambda _: cut))
    with pytest.raises(type(stop)):
        export_annotations(folder, tmp_path / "out", format_=name, **places)
    assert beside(tmp_path / "out") == set()
    monkeypatch.undo()
    export_annotations(folder, tmp_path / "out", format_=name, **places)
    export_annotations(folder, tmp_path / "fresh", format_=name, **places)
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


SLOW = """
import sys, time
from pathlib import Path
from simd.export_place import write_export
def write(part):
    part.mkdir()
    (part / "half").write_text("half")
    print("begun", flush=True)
    time.sleep(60)
write_export(Path(sys.argv[1]), "folder", write)
"""


def test_what_a_killed_one_has_left_goes(tagged, tmp_path):
    folder, places = tagged
    out = tmp_path / "out"
    with subprocess.Popen([sys.executable, "-c", SLOW, out], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGKILL)
    assert beside(out) == {".out.export"}
    export_annotations(folder, out, format_="fiftyone", **places)
    assert beside(out) == {"out"}
    assert not (out / "half").exists()


@pytest.mark.parametrize("name", ["fiftyone", "labelme", "coco"])
def test_one_that_was_not_complete_is_replaced_by_the_same_command(run_cli, tagged, tmp_path, name):
    folder, places = tagged
    mask = annotation_path(folder, "b").with_suffix(".png")
    content_of_mask = mask.read_bytes()
    mask.unlink()
    more = ("--foregrounds", places["foregrounds"], "--classes", places["classes"])
    out = tmp_path / "out"
    command = ("tag", "export", folder, "--format", name, "--out", out, *more)
    done = run_cli(*command)
    assert done.code == 1
    assert f"b: {mask}: no such file" in done.err
    assert out.exists()
    mask.write_bytes(content_of_mask)
    done = run_cli(*command)
    assert done.code == 0, done.err
    assert beside(out) == {"out"}
    assert import_annotations(out, tmp_path / "back", format_=name, **places) == len(NAMES)
    done = run_cli(*command)
    assert (done.code, "exists already; name a new" in done.err) == (1, True)  # it is complete now


@pytest.mark.parametrize("change", ["another file", "a newer time", "a damaged note"])
def test_an_incomplete_one_that_somebody_has_changed_stays(tagged, tmp_path, change):
    folder, places = tagged
    annotation_path(folder, "b").with_suffix(".png").unlink()
    out = tmp_path / "out"
    with pytest.raises(BatchError, match="1 of 3 masks failed"):
        export_annotations(folder, out, format_="fiftyone", **places)
    label = out / "labels" / "a.png"
    if change == "another file":
        (out / "notes.txt").write_text("mine")
    elif change == "a newer time":
        os.utime(label, ns=(0, time.time_ns()))
    else:
        (tmp_path / ".out.export" / "written.json").write_text('{"out": 3}')
    before = content(out)
    with pytest.raises(DataError, match="out: exists already; name a new folder for the export"):
        export_annotations(folder, out, format_="fiftyone", **places)
    assert content(out) == before


def test_a_place_that_cannot_be_replaced_is_named(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    def write(part):
        part.mkdir()
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(DataError, match=r"out: cannot be written \(Device or resource busy\)"):
            write_export(tmp_path / "out", "folder", write)
    assert beside(tmp_path / "out") == set()
