"""Run commands in processes that are forked from this one, in which all libraries are imported already."""

import importlib
import os
import pkgutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from fuzz import run_line

_FAILED = 3  # the exit code where an exception left the command


class Ended(NamedTuple):
    """How a command ended: its exit code (None: it hung), and what it printed."""

    code: int | None
    text: str


def run_forked(
    line: str,
    folder: Path,
    log: Path,
    *,
    temporary: Path | None = None,
    watch: Callable[[], None] = lambda: None,
    seconds: float = 120.0,
) -> Ended:
    """Run a command line in a folder.

    Parameters
    ----------
    line : str
    folder : Path
    log : Path
        A file for what it prints.
    temporary : Path, optional
        Where temporary files go.
    watch : callable
        Is called all the time while it runs.
    seconds : float
        It is killed after.
    """
    process = os.fork()
    if process == 0:
        _run(line, folder, log, temporary)
    end = time.monotonic() + seconds
    while True:
        watch()
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"))
        if time.monotonic() > end:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            return Ended(None, "")
        time.sleep(0.001)


def _run(line: str, folder: Path, log: Path, temporary: Path | None) -> None:
    code = _FAILED
    try:
        os.chdir(folder)
        if temporary is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = str(temporary)
        stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(stream, 1)
        os.dup2(stream, 2)
        ended, text = run_line(line.split())
        os.write(1, text.encode(errors="replace"))
        code = _FAILED if ended is None else ended
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def in_a_process(function: Callable[[], None]) -> None:
    """Call a function in a process of its own: what it starts and loads is not in this one."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            function()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    if os.waitpid(process, 0)[1]:
        raise SystemExit("the whole inputs could not be made")


def import_simd(*further: str, without: Sequence[str] = ()) -> None:
    """Import all of simd, and further modules, as far as they are installed; nothing is run."""
    import simd

    names = [module.name for module in pkgutil.walk_packages(simd.__path__, "simd.")]
    skipped = ("simd.__main__", "simd.warm", *without)
    for name in (*(name for name in names if not name.startswith(skipped)), *further):
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # of an extra that is not installed
