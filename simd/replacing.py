"""Put a new folder in the place of an old one, which stays as it is until the new one is complete.

The new one grows beside the old one, under a hidden name, so that an interrupted run goes on there. Then the
old one steps aside, the new one takes its name, and the old one is deleted. Whatever moment a run is killed
at, :func:`mend` finds the old folder or the new one, whole.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from simd.errors import DataError
from simd.files import cannot_write, flush_disks


def beside(out: Path) -> Path:
    """Return where the folder grows that is to take the place of another."""
    return out.with_name(f".{out.name}.replacing")


def mend(out: Path, is_ours: Callable[[Path], bool]) -> None:
    """Finish a replacement that was cut off: undo it before the new folder was in place, else tidy up."""
    old = _aside(out)
    if not old.is_dir() or not is_ours(old):
        return
    try:
        if os.path.lexists(out):
            shutil.rmtree(old)
        else:
            old.rename(out)
    except OSError as error:
        raise cannot_write(old, error) from error


def check_replaceable_folder(out: Path) -> None:
    """Refuse a link, whose name alone would be replaced (DataError)."""
    if out.is_symlink():
        raise DataError(f"{out}: is a link, which --overwrite leaves alone; name the folder that it leads to")


def take_place(fresh: Path, out: Path) -> None:
    """Put a complete folder in the place of another, which is deleted."""
    old = _aside(out)
    flush_disks()
    try:
        out.rename(old)
        fresh.rename(out)
        flush_disks()
        shutil.rmtree(old)
    except OSError as error:
        raise cannot_write(out, error) from error


def _aside(out: Path) -> Path:
    return out.with_name(f".{out.name}.replaced")
