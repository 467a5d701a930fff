"""One foreground being tagged: its class mask, what was drawn, and the way back."""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import UInt8, pixel_digest
from simd.tagging.annotation import MAX_STROKES, Annotation, Stroke
from simd.tagging.annotation_files import check_indices
from simd.tagging.fill import Float32, Tagged, class_confidence, fill, unknown_of
from simd.tagging.paint import blank, covered, paint
from simd.tagging.patch_model import read_model
from simd.tagging.propose import propose
from simd.taxonomy import CLASSES, NO_CLASS, class_index

Proposer = Callable[[UInt8, UInt8, tuple[str, ...]], Tagged]
"""Colours (H, W, 3), alpha (H, W) and the classes to choose from (none: any of them) to a class mask."""

STEPS = 100
"""How many steps can be taken back."""

_SURE = 255
_CHANGING = (
    "class_mask",
    "strokes",
    "origin",
    "_sure",
    "_back",
    "_forth",
)  # replaced, never changed in place


class _Step(NamedTuple):
    strokes: tuple[Stroke, ...]
    class_mask: bytes  # deflated
    sure: bytes  # deflated
    origin: str


class Work:
    """The class mask of a foreground while it is being tagged; nothing is read from disk or written to it.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3)
    alpha : uint8, shape (H, W)
    class_mask : uint8, shape (H, W), optional
        What the work begins with, 255 where there is no class; by default no pixel has one.
    strokes : tuple of Stroke
        What was drawn to make that mask.
    origin : str
        What that mask began with, as in :class:`Annotation`.
    confidence : mapping
        Class to 0..1, of that mask.

    Attributes
    ----------
    class_mask : uint8, shape (H, W)
        Has classes inside the unknown region only.
    unknown : bool, shape (H, W)
        The region to be tagged.
    """

    def __init__(
        self,
        fg: UInt8,
        alpha: UInt8,
        class_mask: UInt8 | None = None,
        *,
        strokes: tuple[Stroke, ...] = (),
        origin: str = "strokes",
        confidence: Mapping[str, float] | None = None,
    ) -> None:
        self.fg, self.alpha = fg, alpha
        self.unknown = unknown_of(alpha)
        size = (alpha.shape[0], alpha.shape[1])
        self.class_mask = self._cut(blank(size) if class_mask is None else class_mask)
        self.strokes, self.origin = strokes, origin
        self._sure = _plane_of(confidence or {}, self.class_mask)
        self._back: list[_Step] = []
        self._forth: list[_Step] = []

    @property
    def revision(self) -> str:
        """What the state is called: the same after a restart, another after any change."""
        return f"{pixel_digest(self.class_mask)[:16]}-{len(self.strokes)}-{self.origin}"

    @property
    def steps(self) -> tuple[int, int]:
        """How many steps can be taken back, and how many forth again."""
        return len(self._back), len(self._forth)

    @property
    def counts(self) -> dict[str, int]:
        """Pixels of each class in the mask, and of unknown pixels without one under ``""``."""
        pixels = np.bincount(self.class_mask.ravel(), minlength=256)
        named = {name: int(pixels[index]) for index, name in enumerate(CLASSES) if pixels[index]}
        return named | {"": int(self.unknown.sum()) - sum(named.values())}

    @property
    def confidence(self) -> dict[str, float]:
        """Mean confidence of each class's pixels, 0..1."""
        means = class_confidence(Tagged(self.class_mask, _shares(self._sure)))
        return {CLASSES[index]: mean for index, mean in means.items()}

    def draw(self, stroke: Stroke) -> None:
        """Paint a stroke, as far as it lies in the unknown region."""
        if len(self.strokes) >= MAX_STROKES:
            raise DataError(f"{MAX_STROKES} strokes are drawn, more are not kept; fill, or begin anew")
        drawn = covered(stroke, self._size)
        index = NO_CLASS if stroke.class_ is None else class_index(stroke.class_)
        painted = self._cut(np.where(drawn, np.uint8(index), self.class_mask))
        sure = self._sure if stroke.class_ is None else np.where(drawn, _SURE, self._sure).astype(np.uint8)
        self._go(painted, sure, (*self.strokes, stroke), self.origin)

    def fill(self) -> None:
        """Give every unknown pixel the class of the strokes it is nearest to (DataError without strokes)."""
        tagged = fill(self.fg, self.alpha, paint(self.strokes, blank(self._size)), self.unknown)
        self._go(tagged.class_mask, _levels(tagged), self.strokes, "strokes")

    def accept(self, proposal: Tagged) -> None:
        """Give the pixels that have no class yet that of a proposal."""
        open_ = self.unknown & (self.class_mask == NO_CLASS)
        mask = np.where(open_, proposal.class_mask, self.class_mask).astype(np.uint8)
        sure = np.where(open_, _levels(proposal), self._sure).astype(np.uint8)
        self._go(mask, sure, self.strokes, "proposal")

    def replace(self, class_mask: UInt8) -> None:
        """Begin anew with a class mask from elsewhere, uint8 (H, W), cut to the unknown region.

        Raises
        ------
        DataError
            If it has another size, or values that are not classes.
        """
        if class_mask.shape != self._size:
            raise DataError(
                f"the class mask is {class_mask.shape[0]} x {class_mask.shape[1]}, the foreground "
                f"{self._size[0]} x {self._size[1]} (H x W); they must be equal, neither is resized to fit"
            )
        check_indices(np.unique(class_mask).tolist())
        mask = self._cut(class_mask)
        self._go(mask, np.where(mask == NO_CLASS, 0, _SURE).astype(np.uint8), (), "imported")

    def undo(self) -> None:
        """Take the last step back, if there is one."""
        if self._back:
            self._forth = [*self._forth, self._step()]
            self._be(self._back[-1])
            self._back = self._back[:-1]

    def redo(self) -> None:
        """Take a step forth that was taken back, if there is one."""
        if self._forth:
            self._back = [*self._back, self._step()]
            self._be(self._forth[-1])
            self._forth = self._forth[:-1]

    def checkpoint(self) -> tuple[object, ...]:
        """Return everything that a step changes, for :meth:`return_to`."""
        return tuple(self.__dict__[name] for name in _CHANGING)

    def return_to(self, checkpoint: tuple[object, ...]) -> None:
        """Be as at a checkpoint, the way back included."""
        self.__dict__.update(zip(_CHANGING, checkpoint, strict=True))

    def facts(self) -> dict[str, Any]:
        """Return the fields of :class:`Annotation` that drawing changes."""
        return {
            "class_mask_sha256": pixel_digest(self.class_mask),
            "strokes": self.strokes,
            "confidence": self.confidence,
            "origin": self.origin,
        }

    @property
    def _size(self) -> tuple[int, int]:
        return self.alpha.shape[0], self.alpha.shape[1]

    def _cut(self, class_mask: UInt8) -> UInt8:
        return np.where(self.unknown, class_mask, NO_CLASS).astype(np.uint8)

    def _go(self, mask: UInt8, sure: UInt8, strokes: tuple[Stroke, ...], origin: str) -> None:
        self._back = [*self._back[-(STEPS - 1) :], self._step()]
        self._forth = []
        self.class_mask, self._sure, self.strokes, self.origin = mask, sure, strokes, origin

    def _step(self) -> _Step:
        mask, sure = (zlib.compress(plane.tobytes(), 1) for plane in (self.class_mask, self._sure))
        return _Step(self.strokes, mask, sure, self.origin)

    def _be(self, step: _Step) -> None:
        self.class_mask, self._sure = (
            np.frombuffer(zlib.decompress(plane), np.uint8).reshape(self._size)
            for plane in (step.class_mask, step.sure)
        )
        self.strokes, self.origin = step.strokes, step.origin


def proposer(model: Path | None = None) -> Proposer:
    """Return what proposes classes by a model of `simd tag fit`; by default the shipped one."""
    scorer = read_model(model)
    return lambda fg, alpha, among: propose(fg, alpha, scorer, among=among)


def work_on(fg: UInt8, alpha: UInt8, annotation: Annotation, class_mask: UInt8) -> Work:
    """Return the work that goes on from an annotation."""
    return Work(
        fg,
        alpha,
        class_mask,
        strokes=annotation.strokes,
        origin=annotation.origin,
        confidence=annotation.confidence,
    )


def as_proposal(annotation: Annotation, class_mask: UInt8) -> Tagged:
    """Return the proposal that an annotation nobody has looked at is."""
    return Tagged(class_mask, _shares(_plane_of(annotation.confidence, class_mask)))


def _shares(sure: UInt8) -> Float32:
    return (sure / np.float32(_SURE)).astype(np.float32)


def _levels(tagged: Tagged) -> UInt8:
    return np.rint(tagged.confidence * _SURE).astype(np.uint8)


def _plane_of(confidence: Mapping[str, float], class_mask: UInt8) -> UInt8:
    """Spread each class's mean confidence over its pixels, 255 where none was written."""
    table = np.zeros(256, np.uint8)
    for index, name in enumerate(CLASSES):
        table[index] = round(confidence.get(name, 1.0) * _SURE)
    return np.asarray(table[class_mask], dtype=np.uint8)
