"""Foregrounds being tagged: which are open, which are done, and each step on disk before it counts."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.records import Foreground
from simd.sources import index_foregrounds
from simd.studio.refusals import ReadOnlyError, StaleError
from simd.studio.tagging.folder import OpenedForeground, look, open_foreground
from simd.studio.tagging.mask_editing import Proposer, Work
from simd.tagging.annotation_files import check_annotation_folder
from simd.tagging.fill import Tagged
from simd.tagging.propose import review_order

_OPEN = 4  # foregrounds held in memory, with their way back


class Tagging:
    """Foregrounds and their annotations, for one person at a time.

    Parameters
    ----------
    origin : str
        A folder of foregrounds, or a built-in source, as for :func:`index_foregrounds`.
    annotations : Path
        The folder of annotations; nothing is written anywhere else. Made with the first stroke.
    propose : callable, optional
        What proposes classes; without it only proposals that lie in `annotations` are shown.

    Raises
    ------
    DataError
        If there are no foregrounds, or `annotations` is not a folder.
    """

    def __init__(
        self,
        origin: str,
        annotations: Path,
        *,
        kind: str | None = None,
        classes: Path | None = None,
        propose: Proposer | None = None,
        annotator: str | None = None,
        read_only: bool = False,
    ) -> None:
        index = index_foregrounds(origin, kind, classes=classes)
        if not index.records:
            raise DataError(f"{origin}: has no foreground that could be tagged; see simd index {origin}")
        if not read_only:
            check_annotation_folder(annotations, inputs=[origin, classes])
        self.place, self.annotations = origin, annotations
        self.foregrounds, self.problems = index.records, index.problems
        self.annotator, self.read_only = annotator, read_only
        self._propose = propose
        self._records, self._broken = look(annotations, self.foregrounds)
        self._opened: OrderedDict[int, OpenedForeground] = OrderedDict()
        self._lock = threading.RLock()

    def overview(self) -> dict[str, Any]:
        """Return what the page shows of all foregrounds: their states, and the order to tag them in.

        What is annotated and not reviewed comes in the order of
        :func:`~simd.tagging.propose.review_order`, then what has no annotation, then what is reviewed.
        """
        with self._lock:
            rows = [self._row(number, fg) for number, fg in enumerate(self.foregrounds)]
            ranks = {fg_id: rank for rank, fg_id in enumerate(review_order(self._records.values()))}
        last = {"untagged": len(ranks), "broken": len(ranks), "reviewed": len(ranks) + 1}
        order = sorted(
            rows, key=lambda row: (ranks.get(row["id"], last.get(row["review"], 0)), row["number"])
        )
        return {"foregrounds": rows, "order": [row["number"] for row in order]}

    def state(self, number: int) -> dict[str, Any]:
        """Return what the page shows of one foreground, as its annotation lies on disk now."""
        with self._lock:
            try:
                self._open(number).check_unchanged()
            except StaleError:
                self._forget(self._opened[number])
            return self._state(number, self._open(number))

    def reload(self, number: int) -> dict[str, Any]:
        """Read a foreground and its annotation again, which somebody may have mended; see :meth:`state`."""
        with self._lock:
            self._opened.pop(number, None)
            return self._state(number, self._open(number))

    @contextmanager
    def opened(self, number: int) -> Iterator[Work]:
        """Hold a foreground still, to read its planes."""
        with self._lock:
            yield self._open(number).work

    def proposal(self, number: int) -> Tagged | None:
        """Return the proposal for a foreground, made on the first call; None without a proposer."""
        with self._lock:
            opened = self._open(number)
            work = opened.work
        if opened.proposal is None and self._propose is not None and not opened.problem:
            among = self.foregrounds[number].classes  # what is stated is binding
            opened.proposal = self._propose(work.fg, work.alpha, among)  # seconds, in which strokes go on
        return opened.proposal

    def change(
        self, number: int, revision: str, step: Callable[[Work], None], *, seconds: float = 0.0
    ) -> dict[str, Any]:
        """Take a step and write its result; if one of the two fails, everything is as before.

        Parameters
        ----------
        revision : str
            Of the state that the step is meant for.
        seconds : float
            That somebody worked on it.

        Returns
        -------
        dict
            As :meth:`state`.

        Raises
        ------
        StaleError
            If the state is another one by now.
        ReadOnlyError
            If nothing may be changed.
        DataError
            If the foreground is not the one that was annotated, or the step cannot be taken.
        """
        with self._lock:
            opened = self._checked(number, revision)
            kept = opened.work.checkpoint()
            try:
                step(opened.work)
                self._save(opened, review="started", seconds=seconds)
            except Exception:
                opened.work.return_to(kept)
                raise
            return self._state(number, opened)

    def review(self, number: int, revision: str, done: bool, *, seconds: float = 0.0) -> dict[str, Any]:
        """Say that an annotation is right, or that it is not finished; see :meth:`change`."""
        with self._lock:
            opened = self._checked(number, revision)
            if done and not opened.work.counts.keys() - {""}:
                raise DataError("nothing is tagged yet; draw, fill, or accept the proposal first")
            self._save(opened, review="reviewed" if done else "started", seconds=seconds)
            return self._state(number, opened)

    def begin_anew(self, number: int) -> dict[str, Any]:
        """Put an empty annotation in the place of one that is broken, or of a foreground that has changed."""
        with self._lock:
            self._may_write()
            opened = self._open(number)
            if not opened.problem:
                raise DataError("the annotation is sound; erase what is wrong in it")
            self._save(opened, review="started", seconds=0.0)
            return self._state(number, opened)

    def _row(self, number: int, fg: Foreground) -> dict[str, Any]:
        record = self._records.get(fg.id)
        review = "broken" if fg.id in self._broken else record.review if record else "untagged"
        classes = list(record.confidence) if record else []
        return {"number": number, "id": fg.id, "class": fg.class_, "review": review, "classes": classes}

    def _state(self, number: int, opened: OpenedForeground) -> dict[str, Any]:
        work, (back, forth) = opened.work, opened.work.steps
        return {
            **self._row(number, self.foregrounds[number]),
            "size": list(work.alpha.shape),
            "revision": _revision(opened),
            "counts": work.counts,
            "strokes": len(work.strokes),
            "seconds": opened.record.seconds or 0.0,
            "undo": back,
            "redo": forth,
            "problem": opened.problem,
        }

    def _may_write(self) -> None:
        if self.read_only:
            raise ReadOnlyError("this page only shows; start it without --read-only to tag")

    def _checked(self, number: int, revision: str) -> OpenedForeground:
        self._may_write()
        opened = self._open(number)
        if opened.problem:
            raise DataError(opened.problem)
        try:
            opened.check_unchanged()
        except StaleError:
            self._forget(opened)
            raise
        if revision != _revision(opened):
            raise StaleError("this was drawn on a state that is no longer there; it is read again")
        return opened

    def _save(self, opened: OpenedForeground, *, review: str, seconds: float) -> None:
        try:
            opened.save(self.annotations, review=review, annotator=self.annotator, seconds=seconds)
        except StaleError:  # written by another program while the step was taken
            self._forget(opened)
            raise
        self._note(opened)

    def _note(self, opened: OpenedForeground) -> None:
        """Keep what the list of all foregrounds shows of one."""
        id_ = opened.record.fg_id
        self._records.pop(id_, None)
        self._broken.pop(id_, None)
        if opened.problem:
            self._broken[id_] = opened.problem
        elif opened.file.is_file():
            self._records[id_] = opened.record

    def _forget(self, opened: OpenedForeground) -> None:
        """Let it be read again when it is next asked for."""
        self._opened = OrderedDict((n, other) for n, other in self._opened.items() if other is not opened)

    def _open(self, number: int) -> OpenedForeground:
        if not 0 <= number < len(self.foregrounds):
            raise DataError(f"there is no foreground {number}; there are {len(self.foregrounds)}")
        if number not in self._opened:
            opened = open_foreground(self.annotations, self.foregrounds[number])
            self._opened[number] = opened
            self._note(opened)
            while len(self._opened) > _OPEN:
                self._opened.popitem(last=False)
        self._opened.move_to_end(number)
        return self._opened[number]


def _revision(opened: OpenedForeground) -> str:
    """Return what the state is called; no other foreground has one of that name."""
    return f"{opened.work.revision}-{hashlib.sha256(opened.record.fg_id.encode()).hexdigest()[:16]}"
