"""Folders for temporary files: gone at the end, and what a kill has left is gone at the next run."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simd import temporary
from simd.temporary import temporary_folder

HOLD = """
import os, signal, sys
from simd.temporary import temporary_folder
with temporary_folder() as folder:
    (folder / "layer.png").write_bytes(b"half")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    temporary._remove_left.cache_clear()
    yield tmp_path
    temporary._remove_left.cache_clear()


def another_process():
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, Path(process.stdout.readline().strip())


def test_a_folder_is_empty_and_gone_at_the_end(place):
    with temporary_folder() as folder:
        assert folder.parent == place
        assert list(folder.iterdir()) == []
        (folder / "inner").mkdir()
    assert list(place.iterdir()) == []


def test_an_error_goes_through_and_leaves_nothing(place):
    with pytest.raises(KeyError), temporary_folder():
        raise KeyError("x")
    assert list(place.iterdir()) == []


def test_what_a_kill_has_left_is_removed_by_the_next_and_what_is_in_use_stays(place):
    (place / "simd-temporary-mine").mkdir()  # not a name that tempfile gives
    (place / "simd-open").mkdir()
    killed, left = another_process()
    killed.kill()
    killed.communicate()
    assert left.is_dir()
    living, in_use = another_process()
    assert not left.exists()
    with temporary_folder():
        assert (in_use / "layer.png").is_file()
    living.communicate()  # ends what it reads, and so the process
    assert sorted(path.name for path in place.iterdir()) == ["simd-open", "simd-temporary-mine"]
