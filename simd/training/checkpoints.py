"""The state of a run on disk: written whole or not at all, the last few kept, the newest good one read."""

import io
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from simd.errors import DataError
from simd.files import flush_disks, make_folder, write_atomically

_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"(\d{9})\.pt")


def save_checkpoint(folder: Path, step: int, state: Mapping[str, Any], *, keep: int) -> Path:
    """Write the state after a step, then remove all but the last `keep`.

    Raises
    ------
    DiskFullError
        If there is no room; the checkpoints of before are untouched.
    """
    make_folder(folder)
    content = io.BytesIO()
    torch.save(dict(state), content)
    path = folder / f"{step:09d}.pt"
    write_atomically(path, content.getvalue())
    flush_disks()  # before those of before go: a power cut leaves one that is whole
    for _, old in checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Return the newest state that can be read, on the CPU; None where there is no checkpoint.

    A file that is damaged is named and passed over.

    Raises
    ------
    DataError
        If there are checkpoints and none can be read.
    """
    existing = checkpoints(folder)
    for _, path in reversed(existing):
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged archive raises what it likes
            _LOG.warning("%s: is damaged (%s); going on from the one before", path, type(error).__name__)
            continue
        return state
    if existing:
        raise DataError(f"{folder}: no checkpoint can be read; remove the run's folder and train anew")
    return None


def checkpoints(folder: Path) -> list[tuple[int, Path]]:
    """List the checkpoints of a folder by step."""
    if not folder.is_dir():
        return []
    names = ((match, path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name)))
    return sorted((int(match[1]), path) for match, path in names)
