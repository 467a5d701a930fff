"""One program at a time: locks on folders and files that end with the process that holds them.

They are locks of the kernel (``flock``), so that a killed program leaves nothing that stands in the way of
the next one. Windows has none: there, two programs that write into one folder are not told of each other.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from simd.errors import BusyError, DataError
from simd.files import cannot_make, cannot_write, make_folder

_LOCKS = Path("/proc/locks")  # Linux: every lock, its process, and what it is on
_PAUSE = 0.02  # seconds between two tries


@contextmanager
def locked_folder(folder: Path, *, named: Path | None = None) -> Iterator[None]:
    """Hold a folder, which is made if it is missing; nothing else is written for it.

    The folder may be removed while it is held.

    Parameters
    ----------
    folder : Path
        What no other run shall write into meanwhile.
    named : Path, optional
        What the message is about, where the folder is only the state beside an output.

    Raises
    ------
    BusyError
        If another process, or another part of this one, holds it.
    """

    def open_folder() -> int:
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            pass  # or a file lies there, which opening it tells
        except OSError as error:
            raise cannot_make(folder, error) from error
        return os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))

    if not has_locks():
        make_folder(folder)
        yield
        return
    descriptor = _lock(folder, open_folder, wait=0.0, named=named or folder)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_name(path: Path, *, wait: float) -> Iterator[None]:
    """Hold a name, of a file that may be missing or replaced; another waits for its turn.

    Parameters
    ----------
    path : Path
        A file of no content that exists as long as somebody holds it.
    wait : float
        Seconds.

    Raises
    ------
    BusyError
        If another holds it for longer.
    """

    def open_file() -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)

    if not has_locks():
        yield
        return
    descriptor = _lock(path, open_file, wait=wait, named=path)
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def has_locks() -> bool:
    """Tell whether this system has locks of files that end with the process."""
    try:
        import fcntl  # noqa: F401
    except ImportError:
        return False
    return True


def _lock(path: Path, open_: Callable[[], int], *, wait: float, named: Path) -> int:
    """Return a descriptor that holds the lock of what lies under a path."""
    until = time.monotonic() + wait
    while True:
        try:
            descriptor = open_()
        except FileNotFoundError as error:  # removed by its holder since it was made
            if not path.parent.is_dir():
                raise cannot_write(path, error) from error
            continue
        except NotADirectoryError as error:
            raise DataError(f"{path}: the folder cannot be made (a file lies there)") from error
        except OSError as error:
            raise cannot_write(path, error) from error
        if not _take(descriptor):
            status = os.fstat(descriptor)
            os.close(descriptor)
            if time.monotonic() < until:
                time.sleep(_PAUSE)
                continue
            raise BusyError(named, _holder(status))
        if _is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder has removed it meanwhile


def _take(descriptor: int) -> bool:
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        # a file system without such locks, as some on the network: as on Windows
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    """Tell whether a descriptor is of what lies under a path now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=True))
    except FileNotFoundError:
        return False


def _holder(status: os.stat_result) -> int | None:
    """Return the process that holds a lock; None where the system does not say."""
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if fields[1:2] == ["FLOCK"] and fields[5:6] == [wanted] and int(fields[4]) > 0:
            return int(fields[4])
    return None
