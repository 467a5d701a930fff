import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError, DiskFullError
from simd.files import (
    cannot_write,
    json_lines,
    json_text,
    make_folder,
    read_json,
    read_json_lines,
    read_text,
    read_toml,
    real_path,
    write_atomically,
)

rows = st.lists(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=9))
)


def test_text_and_bytes_are_written_whole(tmp_path):
    write_atomically(tmp_path / "a", "grün\n")
    write_atomically(tmp_path / "b", b"\0\xff")
    assert (tmp_path / "a").read_bytes() == "grün\n".encode()
    assert (tmp_path / "b").read_bytes() == b"\0\xff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, step):
    (tmp_path / "a").write_text("old")

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, fail)
        with pytest.raises(
            DataError, match=r"a: cannot be written \(Input/output error\); mend that and run"
        ):
            write_atomically(tmp_path / "a", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_the_file_appears_in_one_step(tmp_path, monkeypatch):
    seen = []
    replace = Path.replace

    def look_then_replace(self, target):
        seen.append((self.read_text(), self.parent, target.exists()))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", look_then_replace)
    write_atomically(tmp_path / "a", "new")
    assert seen == [("new", tmp_path, False)]  # all of it lay beside the target before the renaming


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell a descriptor's file")
def test_the_content_is_on_the_disk_before_the_renaming(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(descriptor):
        steps.append(("fsync", Path(f"/proc/self/fd/{descriptor}").readlink().read_text()))
        fsync(descriptor)

    def note_replace(self, target):
        steps.append(("replace", self.read_text()))
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(Path, "replace", note_replace)
    write_atomically(tmp_path / "a", "new")
    assert steps == [("fsync", "new"), ("replace", "new")]
    steps.clear()
    write_atomically(tmp_path / "b", "one of thousands", flush=False)
    assert steps == [("replace", "one of thousands")]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_be_asked_is_fine(tmp_path, monkeypatch, number):
    def refuse(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new"


def test_a_disk_that_fails_when_flushed_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")

    def fail(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(DiskFullError, match=r"a: cannot be written \(No space left"):
        write_atomically(tmp_path / "a", "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a", "old")]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_ends_the_run_and_says_what_to_do(number):
    error = cannot_write(Path("out/a.png"), OSError(number, os.strerror(number)))
    assert isinstance(error, DiskFullError)
    assert not isinstance(error, DataError)
    free = r"[\d.]+ \w+ are free; " if number == errno.ENOSPC else ""  # of a quota it says nothing
    assert re.fullmatch(
        rf"out/a\.png: cannot be written \({os.strerror(number)}\); {free}"
        "free some space and run the same command again, it goes on where it stopped",
        str(error),
    )


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"gone/a: cannot be written \(No such file or directory\)"):
        write_atomically(tmp_path / "gone" / "a", "")


def test_a_folder_that_may_not_be_written_is_named(as_nobody):
    as_nobody.chmod(0o555)
    with pytest.raises(DataError, match=r"a: cannot be written \(Permission denied\)"):
        write_atomically(as_nobody / "a", "")
    with pytest.raises(DataError, match=r"b: the folder cannot be made \(Permission denied\)"):
        make_folder(as_nobody / "b")


def test_folders_are_made_with_their_parents(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "c"):
        with pytest.raises(DataError, match=rf"{path.name}: the folder cannot be made"):
            make_folder(path)


def test_a_byte_order_mark_is_dropped(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbffile,class\r\n")
    assert read_text(tmp_path / "a.csv") == "file,class\n"


def test_text_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "latin.csv").write_bytes("grün".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin\.csv: is not UTF-8 text \(.* at byte 2\)"):
        read_text(tmp_path / "latin.csv")
    with pytest.raises(DataError, match=r"gone\.csv: no such file"):
        read_text(tmp_path / "gone.csv")
    with pytest.raises(DataError, match=r"is a folder; a file is expected there"):
        read_text(tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}}', "[" * 100_000])
def test_broken_json_is_named(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=r"a\.json: is not JSON \("):
        read_json(tmp_path / "a.json")


@given(rows)
def test_json_lines_survive(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    write_atomically(path, json_lines(content))
    assert list(read_json_lines(path)) == content


def test_blank_lines_count_but_hold_nothing(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n  \n{"a": 2}\n{"a"\n')
    with pytest.raises(DataError, match=r"a\.jsonl:5: is not JSON \(Expecting ':'"):
        list(read_json_lines(path))
    path.write_text('{"a": 1}\n\n[1]\n')
    with pytest.raises(DataError, match=r"a\.jsonl:3: a JSON object is expected, this is a list"):
        list(read_json_lines(path))
    path.write_text('{"a": 1}\n\n{"a": 2}')
    assert list(read_json_lines(path)) == [{"a": 1}, {"a": 2}]


def test_json_for_people():
    assert json_text({"name": "grün", "n": [1]}) == '{\n  "name": "grün",\n  "n": [\n    1\n  ]\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"mean": float("nan")})


def test_a_json_file_that_is_not_there_is_not_called_broken(tmp_path):
    with pytest.raises(DataError) as caught:
        read_json(tmp_path / "a.json")
    assert str(caught.value) == f"{tmp_path / 'a.json'}: no such file"
    (tmp_path / "ab.json").touch()
    with pytest.raises(DataError, match=r"no such file; did you mean '.*ab\.json'\?"):
        read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_bytes(b"\xff")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = " + "9" * 5000, "is not TOML .*digits"),
        ("seed = ", "is not TOML"),
        ("a = " + "[" * 5000, "is not TOML"),
        ("a = 1\na = 2", "is not TOML .*overwrite"),
    ],
)
def test_a_toml_file_that_is_broken_says_where(text, reason, tmp_path):
    path = tmp_path / "a.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"a\.toml: {reason}"):
        read_toml(path)


def test_a_loop_of_links_gets_a_sentence(tmp_path, foregrounds, run_cli):
    loop = tmp_path / "loop.png"
    loop.symlink_to(loop)
    assert real_path(loop) == loop
    (foregrounds / "fg" / "fur_9.png").symlink_to(foregrounds / "fg" / "fur_9.png")
    assert "broken fg/fur_9.png" in run_cli("index", foregrounds).out
    for words in (
        ("index", loop),
        ("verify", loop),
        ("weights", "import", loop, "--out", tmp_path / "weights"),
        ("stats", foregrounds, "--out", loop),
        ("select", foregrounds, "--out", loop),
    ):
        done = run_cli(*words)
        assert done.code == 1, words
        assert done.err.startswith("simd: "), words


def test_what_a_killed_process_has_left_of_a_file_goes_when_it_is_written(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    dead, living = int(ended.stdout), os.getppid()
    names = [f".a.json.{dead}.part", f".a.json.{living}.part", f".b.json.{dead}.part", ".a.json.x.part"]
    for name in names:
        (tmp_path / name).write_text("half")
    write_atomically(tmp_path / "a.json", "{}")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names[1:], "a.json"])
