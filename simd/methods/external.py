"""The method `external`: any program as a method, run once an image without a shell and within a time limit.

The program gets the image and the trimap as PNG files in an empty folder of its own, in which it runs, and
writes the matte there. It is run as it is, with the user's rights: this keeps slips from spoiling a run, and
is not a sandbox for a program that means harm.
"""

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO

from simd.errors import DataError
from simd.image import Matte, UInt8, read_matte, read_size, write_png
from simd.taxonomy import suggest
from simd.temporary import temporary_folder

PLACES = ("image", "trimap", "output")
"""What a command can name in braces: two files to read and one to write, all PNG."""

_TIMEOUT = 600.0  # seconds
_KEPT_BYTES = 4096  # of what a program prints
_SHOWN_LINES, _SHOWN_CHARACTERS = 3, 300  # of these in a message
_BYTES_PER_PIXEL = 9  # four channels of 16 bits that do not compress, and what frames them
_LONGEST_NAME = 60
_EXAMPLE = "python matte.py {image} {trimap} {output}"
_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")


@dataclass(frozen=True)
class External:
    """A program that reads and writes PNG files; made by :func:`load_external`."""

    name: str
    arguments: tuple[str, ...]  # of the command, with its places still in braces
    timeout: float  # seconds
    checkpoint_digest: str | None  # of the files that the command names

    @property
    def version(self) -> str:
        """The command, with files by their names alone: where they lie says nothing of the result."""
        return "external: " + shlex.join(_without_folders(argument) for argument in self.arguments)

    def gigabytes(self, megapixels: float) -> float:
        """Return what this process needs; how much the program takes is not known."""
        return 0.02 * megapixels

    def predict(self, image: UInt8, trimap: UInt8) -> Matte:
        """Return the matte (H, W) that the program writes, as it is: known pixels are not touched.

        Raises
        ------
        DataError
            If the program fails, takes too long, or writes anything but a PNG matte of the image's size.
        """
        with temporary_folder() as temporary:
            folder = temporary.resolve()
            files = {name: folder / f"{name}.png" for name in PLACES}
            write_png(files["image"], image)
            write_png(files["trimap"], trimap)
            run_program([_filled(argument, files) for argument in self.arguments], folder, self.timeout)
            return _read_output(files["output"], (trimap.shape[0], trimap.shape[1]))


def load_external(
    *, command: str | None = None, name: str = "external", timeout: float = _TIMEOUT
) -> External:
    """Make a method of a command.

    Parameters
    ----------
    command : str
        Such as ``python matte.py {image} {trimap} {output}``. It is cut into arguments as a shell would,
        but no shell sees it: no variables, no pipes. Files in it are found from the current folder.
    name : str
        The method's name on boards.
    timeout : float
        Seconds for an image; then the program and all that it has started is killed.

    Raises
    ------
    DataError
        If the command cannot be run, or lacks {image} or {output}.
    """
    if not command:
        raise DataError(f"the method external needs a program: --option 'command={_EXAMPLE}'")
    if not name.isprintable() or not name.strip() or len(name) > _LONGEST_NAME:
        raise DataError(f"the name {name!r} is not for a board: 1 to {_LONGEST_NAME} printable characters")
    if not 0 < timeout < float("inf"):
        raise DataError(f"a time limit of {timeout} seconds is none; give a number above 0")
    arguments = _split(command)
    return External(name, arguments, timeout=timeout, checkpoint_digest=_digest(arguments))


def run_program(arguments: list[str], folder: Path, timeout: float) -> None:
    """Run a program in a folder; when it ends, fails or runs too long, all of its group is killed.

    Raises
    ------
    DataError
        With the end of what the program printed.
    """
    try:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, and no Ctrl-C of the terminal
        )
    except (OSError, ValueError) as error:
        raise DataError(f"the program {arguments[0]} cannot be started ({error})") from error
    printed = bytearray()
    assert process.stdout is not None
    reader = threading.Thread(target=_keep_end, args=(process.stdout, printed), daemon=True)
    reader.start()
    try:
        code: int | None = process.wait(timeout)
    except subprocess.TimeoutExpired:
        code = None
    finally:  # on Ctrl-C, too
        _kill_group(process)
        reader.join(1)  # longer only where somebody outside the group holds the pipe
    if code is None:
        raise DataError(
            f"the program was killed after {timeout:g} seconds, the time limit{_last_lines(printed)}"
        )
    if code:
        how = f"ended with exit code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
        raise DataError(f"the program {how}{_last_lines(printed)}")


def _split(command: str) -> tuple[str, ...]:
    try:
        arguments = shlex.split(command)
    except ValueError as error:
        raise DataError(f"the command {command!r} cannot be cut into arguments ({error})") from error
    placeholders = set(_PLACE.findall(" ".join(arguments)))
    for needed in ("image", "output"):
        if needed not in placeholders:
            near = [word for word in re.findall(r"\{(\w*)\}", command) if word not in PLACES]
            hint = f'as in "{_EXAMPLE}"'
            if near:
                hint = f"{{{near[0]}}} in it is unknown{suggest(near[0], PLACES)}"
            raise DataError(f"the command {command!r} has no {{{needed}}}; {hint}")
    if shutil.which(arguments[0]) is None:
        raise DataError(f"the program {arguments[0]!r} of the command is not there, or may not be run")
    first = os.path.abspath(arguments[0]) if os.sep in arguments[0] else arguments[0]  # noqa: PTH100
    return first, *map(_absolute, arguments[1:])


def _absolute(argument: str) -> str:
    """Return an argument, or `--option=argument`, with the file that it names found from any folder."""
    option, equals, value = argument.rpartition("=")
    path = Path(value)
    named = path.is_file() or (os.sep in value and path.exists())
    return f"{option}{equals}{path.absolute()}" if named else argument


def _without_folders(argument: str) -> str:
    option, equals, value = argument.rpartition("=")
    return f"{option}{equals}{PurePath(value).name}" if PurePath(value).is_absolute() else argument


def _digest(arguments: tuple[str, ...]) -> str | None:
    """Return the SHA-256 of the files that a command names, the interpreter aside; None if there are none."""
    digest, any_file = hashlib.sha256(), False
    for argument in arguments[1:]:
        path = Path(argument.rpartition("=")[2])
        if path.is_absolute() and path.is_file():
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
            any_file = True
    return digest.hexdigest() if any_file else None


def _filled(argument: str, files: dict[str, Path]) -> str:
    """Put paths in place of {image}, {trimap}, {output}; what is put in is not looked at again."""
    replace: Callable[[re.Match[str]], str] = lambda match: str(files[match[1]])  # noqa: E731
    return _PLACE.sub(replace, argument)


def _keep_end(stream: IO[bytes], printed: bytearray) -> None:
    with stream:
        while part := stream.read1(4096):  # type: ignore[attr-defined]
            printed += part
            del printed[:-_KEPT_BYTES]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # none is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_lines(printed: bytearray) -> str:
    """Return the last lines that a program printed, fit for a message."""
    text = printed.decode(errors="replace")
    lines = ["".join(c if c.isprintable() else " " for c in line).strip() for line in text.splitlines()]
    end = " | ".join([line for line in lines if line][-_SHOWN_LINES:])[-_SHOWN_CHARACTERS:]
    return f"; it printed: {end}" if end else "; it printed nothing"


def _read_output(file: Path, size: tuple[int, int]) -> Matte:
    """Read what the program wrote; links, pipes, folders and files too large are refused unread."""
    try:
        status = file.lstat()
    except FileNotFoundError:
        raise DataError("the program ended well, but wrote nothing to {output}") from None
    if not stat.S_ISREG(status.st_mode):
        raise DataError("what the program left at {output} is not a file but a link, a pipe or a folder")
    if status.st_size > 4096 + _BYTES_PER_PIXEL * (size[0] * size[1] + size[0]):
        raise DataError(f"the matte that the program wrote has {status.st_size} bytes, too many for {size}")
    try:
        if not file.read_bytes().startswith(b"\x89PNG"):
            raise DataError("the matte that the program wrote is not a PNG")
        if (written_size := read_size(file)) != size:
            raise DataError(f"the matte that the program wrote is {written_size}, the image {size}")
        return read_matte(file)
    except DataError as error:
        raise DataError(str(error).replace(f"{file}: ", "the matte that the program wrote ")) from error
    except OSError as error:
        raise DataError(f"the matte that the program wrote cannot be read ({error.strerror})") from error
