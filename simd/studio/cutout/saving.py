"""Layers written behind the page's back: soon after the last step, and the latest of them alone."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import SimdError
from simd.files import json_text
from simd.image import UInt8, encode_deep_png, encode_png
from simd.methods.classical.direct.grid import Float64
from simd.studio.cutout.folder import (
    forget_drawn,
    image_of,
    read_record,
    write_class,
    write_drawn,
    write_layers,
)
from simd.studio.cutout.matte import cleaned, foreground_colours
from simd.studio.cutout.record import Record
from simd.studio.cutout.uploads import ending_of

PAUSE = 0.4  # seconds without a step, after which layers are written
_PATIENCE = 5.0  # seconds after which they are written whatever goes on
_LOG = logging.getLogger(__name__)


class Snapshot(NamedTuple):
    """A cut-out as it was at one moment; its arrays never change."""

    id: str
    source: Path  # the picture as it came
    image: UInt8
    solved: Float64 | None  # before it is cleaned up; None where 8 bits are written
    alpha: UInt8
    trimap: UInt8
    record: Record


def save(out: Path, snapshot: Snapshot) -> None:
    """Write the layers of a cut-out and its row in the table, each whole or not at all."""
    write_layers(out, snapshot.id, layers_of(out, snapshot))
    write_class(out, f"{snapshot.id}.png", None)


def layers_of(out: Path, snapshot: Snapshot) -> dict[str, bytes]:
    """Return the files of a cut-out by their names, such as ``fg/cat.png``."""
    record, id_ = snapshot.record, snapshot.id
    colours = foreground_colours(snapshot.image, snapshot.alpha, zero_hidden=record.hidden == "zero")
    layers = {
        f"fg/{id_}.png": encode_png(colours),
        f"alpha/{id_}.png": encode_png(snapshot.alpha)
        if record.bits == 8
        else encode_deep_png(deep(snapshot)),
        f"trimap/{id_}.png": encode_png(snapshot.trimap),
        f"strokes/{id_}.json": json_text(record.to_json()).encode(),
    }
    present = image_of(out, id_)
    if present is None or present.parent.name != "image":
        layers[f"image/{id_}{ending_of(snapshot.source)}"] = snapshot.source.read_bytes()
    return layers


def deep(snapshot: Snapshot) -> np.ndarray:
    """Return the matte in 16 bits, uint16 (H, W), of a snapshot that has it solved."""
    if snapshot.solved is None:
        raise ValueError(f"{snapshot.id}: this snapshot holds its matte in 8 bits alone")
    matte = cleaned(snapshot.solved, snapshot.trimap, snapshot.record.cleanup)
    return np.rint(np.clip(matte, 0, 1) * 65535).astype(np.uint16)


class Saver:
    """A thread that writes snapshots, the latest of each picture, when nothing more has come for a moment.

    Parameters
    ----------
    out : Path
    saved : callable
        Gets the id of a picture whose layers are written, and a reason where they could not be.
    """

    def __init__(self, out: Path, saved: Callable[[Snapshot, str], None]) -> None:
        self._out, self._saved = out, saved
        self._waiting: dict[str, tuple[float, float, Snapshot]] = {}  # id to since, due, what
        self._busy: str | None = None
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def keep(self, snapshot: Snapshot, trimap: bytes) -> None:
        """Keep what was drawn, `trimap` deflated, whole or not at all; its layers are written soon."""
        with self._changed:  # so that it is not forgotten for the layers of an earlier state
            write_drawn(self._out, snapshot.id, snapshot.record, trimap)
            self.later(snapshot)

    def later(self, snapshot: Snapshot) -> None:
        """Write a snapshot soon, in the place of an earlier one of the same picture."""
        with self._changed:
            now = time.monotonic()
            since = self._waiting[snapshot.id][0] if snapshot.id in self._waiting else now
            self._waiting[snapshot.id] = (since, min(now + PAUSE, since + _PATIENCE), snapshot)
            self._changed.notify_all()

    def flush(self, id_: str | None = None) -> None:
        """Wait until a picture, or every one, is written."""
        with self._changed:
            for name, (since, _, snapshot) in list(self._waiting.items()):
                if id_ in (None, name):
                    self._waiting[name] = (since, 0.0, snapshot)
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not (self._waiting or self._busy) if id_ is None else not self._has(id_)
            )

    def close(self) -> None:
        """Write what is left, and end the thread."""
        self.flush()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()

    def pending(self, id_: str) -> bool:
        """Tell whether layers of a picture are still to be written."""
        with self._changed:
            return self._has(id_)

    def _has(self, id_: str) -> bool:
        return id_ in self._waiting or self._busy == id_

    def _run(self) -> None:
        while (snapshot := self._next()) is not None:
            try:
                save(self._out, snapshot)
                self._forget(snapshot)
                reason = ""
            except SimdError as error:
                reason = str(error)
            except Exception as error:  # a bug must not end the thread, and must not be hidden
                _LOG.exception("%s could not be saved", snapshot.id)
                reason = f"{type(error).__name__}: {error}"
            self._saved(snapshot, reason)
            with self._changed:
                self._busy = None
                self._changed.notify_all()

    def _next(self) -> Snapshot | None:
        with self._changed:
            while True:
                now = time.monotonic()
                due = sorted((when, name) for name, (_, when, _) in self._waiting.items())
                if due and due[0][0] <= now:
                    self._busy = due[0][1]
                    return self._waiting.pop(self._busy)[2]
                if self._closing and not due:
                    return None
                self._changed.wait(due[0][0] - now if due else None)

    def _forget(self, snapshot: Snapshot) -> None:
        """Remove what was drawn of a picture, unless more has been drawn since."""
        with self._changed:
            if snapshot.id not in self._waiting and _is_kept(self._out, snapshot):
                forget_drawn(self._out, snapshot.id)


def _is_kept(out: Path, snapshot: Snapshot) -> bool:
    try:
        return read_record(out, snapshot.id) == snapshot.record
    except SimdError:
        return False
