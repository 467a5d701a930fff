"""Files are written whole or not at all."""

import contextlib
import csv
import errno
import glob
import io
import json
import os
import shutil
import stat
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeGuard

from simd.errors import DataError, DiskFullError, SimdError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BLOCK = 4096  # bytes in which disks hand out room, as a rule


def write_atomically(path: Path, content: bytes | str, *, flush: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename it into place.

    A reader, and a run that continues after a crash, sees the old file or the new one, never a part.

    Parameters
    ----------
    path : Path
    content : bytes or str
    flush : bool
        Whether to wait until the content is on the disk before the renaming; else a power cut may leave an
        empty file. A batch of thousands does not: it notes sizes, and calls :func:`flush_disks` at its end.

    Raises
    ------
    DiskFullError
        If the disk, a quota or a file-size limit is reached.
    DataError
        If the folder is missing or may not be written, or a pipe, a device or the like has that name.
    """
    if not path.is_symlink():  # a link is replaced, never followed
        check_replaceable(path)
    data = content.encode() if isinstance(content, str) else content
    # The process number keeps an orphaned worker of a killed run from writing into our file.
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        if flush:
            _flush(part)
        part.replace(path)
        if flush:
            remove_parts(path.parent, path.name)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise cannot_write(path, error, size=len(data)) from error


def copy_file(file: Path, to: Path) -> None:
    """Copy the content of a file to a name that is free; nothing is left where the disk is full."""
    try:
        shutil.copyfile(file, to)
    except OSError as error:
        raise cannot_keep(to, error, size=sizes_of(file)[0]) from error


def cannot_keep(part: Path, error: OSError, *, size: int) -> SimdError:
    """Remove the part of a file that could be written; return the error to raise."""
    with contextlib.suppress(OSError):
        part.unlink()
    return cannot_write(part, error, size=size)


def remove_parts(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes of this machine have left of writing a file of a folder, or any file."""
    for part in folder.glob(f".{'*' if name is None else glob.escape(name)}.*.part"):
        number = part.name.split(".")[-2]
        if number.isdecimal() and not _lives(int(number)):
            with contextlib.suppress(OSError):
                part.unlink()


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # of another user
    return True


def _flush(path: Path) -> None:
    """Wait until a file is on its disk."""
    with path.open("rb+") as stream:
        try:
            os.fsync(stream.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that cannot be asked
                raise


def real_path(path: str | os.PathLike[str]) -> Path:
    """Return a path without links, "." and ".."; a loop of links, where Path.resolve raises, stays one."""
    return Path(os.path.realpath(path))


def as_path(path: str | os.PathLike[str], what: str = "a path") -> Path:
    """Return a path that somebody gave; `what` it is, is for messages.

    Raises
    ------
    DataError
        If it is empty (which would be the current folder), not a path at all, or not UTF-8 text.
    """
    if not isinstance(path, str | os.PathLike):
        raise DataError(f"{what} must be text or a Path, not {path!r}")
    text = os.fspath(path)
    if not text:
        raise DataError(f'{what} is empty; name one, or leave it out (the current folder is ".")')
    if not is_utf8(text):
        raise DataError(f"{text!a}: its name is not UTF-8 text; rename it first")
    return Path(path)


def check_not_root(path: str | os.PathLike[str]) -> None:
    """Refuse the folder of all folders (DataError): looking through it takes hours, and finds anything."""
    whole = real_path(path)
    if whole == whole.parent:
        raise DataError(f"{os.fspath(path)}: is the root of all folders; name a file or folder of its own")


def is_utf8(name: str) -> bool:
    """Tell whether a name is UTF-8 text; Python has lone surrogates for the bytes that are not."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def check_regular(path: Path) -> None:
    """Refuse to open a pipe, a socket or a device: nobody may ever write to it (DataError)."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # opening it says why
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DataError(f"{path}: is not a regular file; only those are opened, this is {_described(mode)}")


def check_replaceable(path: Path) -> None:
    """Refuse to put a file in the place of a folder, a link, a pipe, a socket or a device (DataError)."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # it is free, or writing it says why
    if not stat.S_ISREG(mode):
        raise DataError(
            f"{path}: is {_described(mode)}, and a file is put in the place of a regular file only; "
            "name another one, or remove it"
        )


def _described(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a link",
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(mode), "a device")


def flush_disks() -> None:
    """Wait until everything written so far is on the disks: once before a manifest, not once a file."""
    if hasattr(os, "sync"):
        os.sync()


def sizes_of(*files: Path) -> list[int]:
    """Return the bytes of each file, -1 where there is none; a power cut may leave one empty."""
    return [file.stat().st_size if file.is_file() else -1 for file in files]


def out_of_reach(error: PermissionError) -> DataError:
    """Return the error to raise where the system lets nobody in, and nobody has asked before."""
    return DataError(
        f"{error.filename}: is out of reach ({error.strerror}); mend its rights, or name another"
    )


def cannot_write(path: Path, error: OSError, *, size: int | None = None) -> SimdError:
    """Return the error to raise when a file or folder could not be written; what was cut off is gone by then.

    Parameters
    ----------
    path : Path
    error : OSError
    size : int, optional
        The bytes that it takes, as far as they are known: with what is free they say how much is missing.
    """
    if is_full(error):
        room = _missing(path, size) if error.errno == errno.ENOSPC else ""
        return DiskFullError(
            f"{path}: cannot be written ({error.strerror}); {room}"
            "free some space and run the same command again, it goes on where it stopped"
        )
    return DataError(
        f"{path}: cannot be written ({error.strerror}); mend that and run the same command again"
    )


def is_full(error: BaseException) -> TypeGuard[OSError]:
    """Tell whether an error is that a disk, a quota or a file-size limit is reached."""
    return isinstance(error, OSError) and error.errno in _FULL


def full_disk(error: OSError) -> SimdError:
    """Return the error to raise where a disk is full and nobody knows of which file more than the error says.

    Without a name it was a stream: a temporary file, since all others name themselves.
    """
    return cannot_write(Path(error.filename or tempfile.gettempdir()), error)


def _missing(path: Path, size: int | None) -> str:
    """Return what a file takes beside what its disk has free, for a message; "" where nobody says."""
    folder = next((each for each in real_path(path).parents if each.is_dir()), Path(path.anchor))
    free, text = _free(folder), free_text(folder)
    if size is None or free is None or text.endswith("files"):
        return f"{text}; " if text else ""
    missing = -(-size // _BLOCK) * _BLOCK - free  # files take whole blocks
    lacks = f", {byte_text(missing)} are missing" if missing > 0 else ""
    return f"it takes {byte_text(size)}, {text}{lacks}; "


def free_text(folder: Path) -> str:
    """Return how much the disk of a folder has free, for a message; "" where nobody says."""
    free = _free(folder)
    if free is None:
        return ""
    limits = os.statvfs(folder) if hasattr(os, "statvfs") else None
    if limits is not None and limits.f_files and not limits.f_favail:
        return f"{byte_text(free)} are free, but the disk takes no more files"
    return f"{byte_text(free)} are free"


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def byte_text(count: int) -> str:
    """Return a number of bytes for people.

    Examples
    --------
    >>> byte_text(0), byte_text(4096), byte_text(1_250_000), byte_text(12_000_000_000)
    ('0 bytes', '4.1 kB', '1.2 MB', '12 GB')
    """
    if count < 1000:
        return f"{count} bytes"
    unit, name = next(
        (10**power, name) for power, name in ((9, "GB"), (6, "MB"), (3, "kB")) if count >= 10**power
    )
    return f"{count / unit:.{1 if count < 10 * unit else 0}f} {name}"


def make_folder(path: Path) -> None:
    """Make a folder and its parents, if they are missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_make(path, error) from error


def cannot_make(folder: Path, error: OSError) -> SimdError:
    """Return the error to raise when a folder could not be made."""
    if is_full(error):
        return cannot_write(folder, error)
    return DataError(f"{folder}: the folder cannot be made ({error.strerror})")


def no_such_folder(path: Path, what: str) -> DataError:
    """Return the error of what is not a folder: what is expected in it, and near names beside it."""
    if path.exists():
        return DataError(f"{path}: is not a folder; {what} expected there")
    hint = _near_names(path, Path.is_dir)
    return DataError(f"{path}: no such folder{hint or f'; {what} expected there'}")


def _no_such_file(path: Path) -> DataError:
    """Return the error of a file that is not there, with near names beside it."""
    return DataError(f"{path}: no such file{_near_names(path, Path.is_file)}")


def _near_names(path: Path, is_one: Callable[[Path], bool]) -> str:
    try:
        beside = [each.name for each in path.parent.iterdir() if is_one(each)]
    except OSError:
        beside = []
    near = [str(path.with_name(name)) for name in get_close_matches(path.name, beside, n=2)]
    return "; did you mean " + " or ".join(map(repr, near)) + "?" if near else ""


def read_text(path: Path) -> str:
    """Read a UTF-8 text file (a byte-order mark is dropped), or say why not."""
    check_regular(path)
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _no_such_file(path) from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder; a file is expected there") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})") from error


def read_json(path: Path) -> Any:
    """Read a JSON file, or say where it is broken."""
    text = read_text(path)  # not inside: what it raises is a ValueError, too
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError also where a number has too many digits
        raise DataError(f"{path}: is not JSON ({error})") from error


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, or say where it is broken."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and a number of too many digits
        raise DataError(f"{path}: is not TOML ({error})") from error


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of one JSON object a line; blank lines are passed over.

    It is read as it is asked for: a table of 100,000 rows takes as much memory as what is made of them.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            yield json_object(line, path, number)


def json_object(line: str, path: Path, number: int) -> dict[str, Any]:
    """Parse a line that holds a JSON object, or say what is wrong in which line of which file."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}:{number}: is not JSON ({error})") from error
    if not isinstance(row, dict):
        raise DataError(f"{path}:{number}: a JSON object is expected, this is a {type(row).__name__}")
    return row


def read_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a UTF-8 text file, or say why not."""
    check_regular(path)
    try:
        # str.splitlines would also cut at U+0085 and U+2028, which JSON leaves inside a name as they are
        with path.open(encoding="utf-8-sig") as stream:
            yield from stream
    except (OSError, UnicodeDecodeError):
        read_text(path)  # says what is wrong, and at which byte of the whole file
        raise


def json_text(value: Mapping[str, Any]) -> str:
    """Return a mapping as JSON for people: indented, non-ASCII kept, a newline at the end."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)


def csv_text(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table as CSV, its headings first; None is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()
