"""A disk that is really full: a tmpfs in a namespace of one's own, and a device that takes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "benchmarks" / "robustness" / "disk_full.py"
FULL = Path("/dev/full")

WRITING = """
import sys
from pathlib import Path
from simd.errors import SimdError
from simd.files import make_folder, write_atomically

disk = Path(sys.argv[1])
write_atomically(disk / "old", b"old")
for write in (
    lambda: write_atomically(disk / "old", bytes(100_000)),
    lambda: [make_folder(disk / f"folder{number}") for number in range(9)],
):
    try:
        write()
    except SimdError as error:
        print(type(error).__name__, error)
print(sorted(path.name for path in disk.iterdir() if path.is_file()), (disk / "old").read_bytes())
"""


def in_a_namespace(*words):
    """Run a command as the root of a namespace of its own; skip where that is not permitted."""
    try:
        probe = subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if probe.returncode:
        pytest.skip("mounting a file system is not permitted here")
    words = ["unshare", "-rm", *map(str, words)]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)


def test_what_a_full_disk_lacks_is_said_and_nothing_is_left(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(WRITING)
    mounted = f"mount -t tmpfs -o size=64k,nr_inodes=8 tmpfs {tmp_path} && exec {sys.executable} - {tmp_path}"
    done = in_a_namespace("sh", "-c", f"exec 3< {script}; {mounted} <&3")
    assert done.returncode == 0, done.stderr
    file, folder, left = done.stdout.splitlines()
    # 16 pages of 4,096 bytes, one of which holds the old file; 100,000 bytes take 25
    assert file == (
        f"DiskFullError {tmp_path}/old: cannot be written (No space left on device); it takes 100 kB, "
        "61 kB are free, 41 kB are missing; "
        "free some space and run the same command again, it goes on where it stopped"
    )
    assert folder.startswith(
        f"DiskFullError {tmp_path}/folder6: cannot be written (No space left on device); "
    )
    assert "61 kB are free, but the disk takes no more files; " in folder
    assert left == "['old'] b'old'"


@pytest.mark.slow  # the inputs of every command
@pytest.mark.skipif(not PROGRAM.is_file(), reason="benchmarks/ is in the repository only")
def test_commands_on_a_disk_that_fills_leave_nothing_half_written():
    done = in_a_namespace(sys.executable, PROGRAM, "--mounted", "--sizes", 3, "--only", "tag ")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| tag merge | " in done.stdout


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [("index",), ("--version",), ("classes", "--json")])
def test_output_to_a_full_disk_is_said(words):
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "simd", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == (
        "simd: standard output: cannot be written (No space left on device); free some space where it goes, "
        "and run the same command again\n"
    )
