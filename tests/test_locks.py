import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from simd import locks
from simd.errors import BusyError, DataError
from simd.locks import locked_folder, locked_name

pytest.importorskip("fcntl", reason="Windows has no such locks")

HOLD = """
import sys, time
from pathlib import Path
from simd.locks import locked_folder
with locked_folder(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(folder):
    """Return a process that holds a folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def holder(tmp_path):
    process = hold(tmp_path / "out")
    yield process
    process.kill()
    process.communicate()


def test_the_second_is_told_by_which_process(tmp_path, holder):
    with pytest.raises(BusyError) as caught, locked_folder(tmp_path / "out"):
        pass
    who = f"process {holder.pid}" if Path("/proc/locks").exists() else "another program"
    assert str(caught.value) == (
        f"{tmp_path / 'out'}: {who} is writing there; wait until it has ended, or stop it, and run the same "
        "command again, or choose another place"
    )


def test_without_a_list_of_locks_the_second_is_told_all_the_same(tmp_path, holder, monkeypatch):
    monkeypatch.setattr(locks, "_LOCKS", tmp_path / "nowhere")
    with pytest.raises(BusyError, match="another program is writing there"), locked_folder(tmp_path / "out"):
        pass


def test_a_killed_holder_leaves_nothing_in_the_way(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert list((tmp_path / "out").iterdir()) == []
    with locked_folder(tmp_path / "out"):
        assert list((tmp_path / "out").iterdir()) == []


def test_within_one_process_too(tmp_path):
    with (
        locked_folder(tmp_path),
        pytest.raises(BusyError, match=rf"process {os.getpid()} \(this one\)|another program"),
        locked_folder(tmp_path),
    ):
        pass
    with locked_folder(tmp_path):
        pass


def test_a_folder_that_was_removed_and_made_anew_is_held_anew(tmp_path):
    state = tmp_path / "state"
    with locked_folder(state):
        state.rmdir()
        with locked_folder(state), pytest.raises(BusyError), locked_folder(state):
            pass
    with locked_folder(state):
        assert state.is_dir()


def test_many_that_remove_what_they_hold_are_alone_in_it(tmp_path):
    state, inside, most, busy, errors = tmp_path / "state", [], [], [], []

    def work():
        for _ in range(200):
            try:
                with locked_folder(state):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    state.rmdir()
            except BusyError:
                busy.append(1)
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(most) == {1}
    assert len(most) + len(busy) == 800


def test_the_message_names_the_output(tmp_path):
    with (
        locked_folder(tmp_path / ".scores.partial"),
        pytest.raises(BusyError, match=r"scores: ") as caught,
        locked_folder(tmp_path / ".scores.partial", named=tmp_path / "scores"),
    ):
        pass
    assert ".partial" not in str(caught.value)


def test_a_file_in_place_of_the_folder_gets_a_sentence(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="the folder cannot be made"), locked_folder(tmp_path / "out"):
        pass


def test_a_name_is_waited_for(tmp_path):
    name, order = tmp_path / ".a.lock", []

    def second():
        with locked_name(name, wait=20):
            order.append("second")

    with locked_name(name, wait=0):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_not_waited_for_longer(tmp_path):
    name = tmp_path / ".a.lock"
    with locked_name(name, wait=0), pytest.raises(BusyError), locked_name(name, wait=0.1):
        pass


def test_a_name_in_a_folder_that_is_not_there_gets_a_sentence(tmp_path):
    with pytest.raises(DataError, match="cannot be written"), locked_name(tmp_path / "no" / "x", wait=0):
        pass
