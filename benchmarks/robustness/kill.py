"""End commands with SIGKILL at many points, run them again, and compare what they wrote with an unbroken run.

    python benchmarks/robustness/kill.py [--kills 1000] [--seed 0] [--command export]

A point is a moment at which a command is about to change something on disk: to open a file for writing, to
make, name or remove a file or a folder. Of an unbroken run they are counted; a trial begins the command anew
in a process of its own, which ends itself at one of them, drawn by chance, and runs the command again to its
end. Half of the kills at a file come in the midst of writing it: the system ends the process at a byte that
it may not write any more. Every file below the folder of the run, and in the folder for temporary files, is
then compared with those of the unbroken run, byte for byte, but for time and memory in ``run.json``. A file
more is an orphan. Commands with `--workers 2` end their workers with them. An export that was whole when it
was killed refuses a second one.
"""

import argparse
import contextlib
import importlib
import io
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from whole_inputs import BUILD, EXPORTS, fresh, write_inputs

TWO = "--workers 2"
COMMANDS = (
    BUILD + " --per-foreground 3",
    BUILD.replace("--workers 1", TWO) + " --per-foreground 3",
    "import as-aim-500 out --class fur --map-trimaps --workers 1",
    *(f"import to-{name} out --workers 1" for name in EXPORTS),
    "select fgs --out out.jsonl --workers 1",
    "predict trimap set --out out --workers 1",
    f"predict trimap set --out out {TWO}",
    "evaluate mattes set --out out --workers 1",
    f"evaluate mattes set --out out {TWO}",
    *(f"export set --to {name} --any-licence --out out --workers 1" for name in EXPORTS),
)
_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_MEASURED = re.compile(rb'"(seconds_per_image|peak_megabytes)": [^,}\n]+')
_REFUSED = "is not an empty folder"
_SECONDS = 120  # a run that takes longer hangs
_TORN_WITHIN = 400  # bytes


class Point(NamedTuple):
    """Where a run ends itself."""

    number: int  # of the changes, from 1 on
    torn: int | None = None  # the bytes that the next file may take; None: before anything of it


class Ended(NamedTuple):
    """How a run ended."""

    killed: bool
    code: int | None
    text: str
    changes: int


# -- in a process of its own ---------------------------------------------------------------------------


def _run(words: list[str], folder: Path, point: Point | None, answer: Connection) -> None:
    changes = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes
        is_file = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & _WRITES)
        if is_file:
            is_file = isinstance(arguments[0], str) and (folder / arguments[0]).is_relative_to(folder.parent)
        if not is_file and event not in _CHANGES:
            return
        changes += 1
        if point is not None and changes == point.number:
            if point.torn is None or not is_file:
                os.kill(os.getpid(), signal.SIGKILL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (point.torn, resource.RLIM_INFINITY))

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(folder)
    os.environ["TMPDIR"] = str(folder.parent / "temporary")
    tempfile.tempdir = None
    tempfile.gettempdir()  # it tries with a file of its own whether the place can be written
    from simd.cli import main

    sys.argv = ["simd", *words]
    text = io.StringIO()
    code: int | None = None
    sys.addaudithook(count)
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
    answer.send((code, text.getvalue(), changes, sorted(sys.modules)))
    answer.close()
    os._exit(0)  # without what libraries do at the end of a process that was forked


# -- in this one -----------------------------------------------------------------------------------------


def run(words: list[str], folder: Path, point: Point | None = None) -> tuple[Ended, list[str]]:
    """Run a command in a forked process; return how it ended, and the modules that it has imported."""
    context = multiprocessing.get_context("fork")
    answer, other = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(words, folder, point, other))
    process.start()
    other.close()
    code, text, changes, modules = None, "", 0, []
    if not answer.poll(_SECONDS):
        process.kill()
        text = f"hangs for {_SECONDS} s"
    else:
        with contextlib.suppress(EOFError):
            code, text, changes, modules = answer.recv()
    process.join()
    killed = process.exitcode in (-signal.SIGKILL, -signal.SIGXFSZ)
    return Ended(killed, code, text, changes), modules


def tree(folder: Path) -> dict[str, bytes]:
    """Return what lies below a folder and in the folder for temporary files."""
    paths = [*folder.rglob("*"), *(folder.parent / "temporary").rglob("*")]
    return {
        path.relative_to(folder.parent).as_posix(): _MEASURED.sub(b"", path.read_bytes())
        if path.is_file()
        else b""
        for path in paths
    }


class Trials:
    """The trials of one command."""

    def __init__(self, line: str, store: Path, root: Path) -> None:
        self.words, self.store, self.folder = line.split(), store, root / "run"
        self.named = dict(commands_of_line(line, store))
        self._fresh()
        ended, modules = run(self.words, self.folder)
        if ended.code != 0:
            raise SystemExit(f"simd {line} fails: {ended.text}")
        for name in modules:
            with contextlib.suppress(Exception):  # once here, and every fork has it
                importlib.import_module(name)
        self.changes, self.whole = ended.changes, tree(self.folder)

    def _fresh(self) -> None:
        fresh(self.folder.parent)
        for folder in (self.folder, self.folder.parent / "temporary"):
            folder.mkdir()
        for name, is_folder in self.named.items():
            if is_folder:
                shutil.copytree(self.store / name, self.folder / name)
            else:
                shutil.copy(self.store / name, self.folder / name)

    def trial(self, chance: random.Random) -> str:
        """Kill once and run again; return what is wrong with what is there, "" if nothing is."""
        killed = False
        while not killed:
            self._fresh()
            torn = chance.randrange(_TORN_WITHIN) if chance.random() < 0.5 else None
            point = Point(chance.randint(1, self.changes), torn)
            killed = run(self.words, self.folder, point)[0].killed
        again, _ = run(self.words, self.folder)
        if again.code != 0 and _REFUSED not in again.text:
            return f"{point}: exit code {again.code}: {again.text.strip()[-300:]}"
        now = tree(self.folder)
        if orphans := sorted(now.keys() - self.whole.keys()):
            return f"{point}: orphans: {', '.join(orphans[:3])}"
        if wrong := [path for path, data in self.whole.items() if now.get(path) != data]:
            return f"{point}: other bytes: {', '.join(wrong[:3])}"
        return ""


def commands_of_line(line: str, store: Path) -> Iterator[tuple[str, bool]]:
    """Yield the inputs that a command names, and whether each is a folder."""
    for word in line.split():
        path = store / word.split("/")[0]
        if path.exists():
            yield path.name, path.is_dir()


def main() -> int:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", default="", help="only commands that begin with it")
    arguments = parser.parse_args()
    lines = [line for line in COMMANDS if line.startswith(arguments.command)]
    # with workers a trial starts processes anew, which takes twenty times as long
    weights = [1 if TWO in line else 4 for line in lines]
    shares = [round(arguments.kills * weight / sum(weights)) for weight in weights]
    shares[0] += arguments.kills - sum(shares)
    bad = 0
    print("| command | points | kills | same bytes | seconds |\n|---|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="kill-") as name:
        root = Path(name).resolve()
        maker = multiprocessing.get_context("spawn").Process(target=write_inputs, args=(root / "store",))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise SystemExit("the whole inputs could not be made")
        for line, kills in zip(lines, shares, strict=True):
            if kills < 1:
                continue
            start = time.monotonic()
            trials = Trials(line, root / "store", root / "trial")
            chance = random.Random(f"{arguments.seed}-{line}")
            wrong = [reason for _ in range(kills) if (reason := trials.trial(chance))]
            bad += len(wrong)
            shown = " ".join(word for word in line.split() if word not in ("--workers", "1", "--any-licence"))
            print(
                f"| `{shown}` | {trials.changes} | {kills} | {kills - len(wrong)} | "
                f"{time.monotonic() - start:.0f} |",
                flush=True,
            )
            for reason in wrong[:5]:
                print(f"  {reason}", file=sys.stderr)
    print(f"\n{arguments.kills} kills, {arguments.kills - bad} ended in the same bytes and without an orphan")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
