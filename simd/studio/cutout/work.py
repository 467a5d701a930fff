"""One picture being cut out: its trimap, what was drawn, the matte that follows, and the way back."""

import hashlib
import zlib
from dataclasses import asdict
from typing import NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import UNKNOWN, UInt8, to_uint8
from simd.methods.classical.editor import Box
from simd.studio.cutout.matte import cleaned, reach
from simd.studio.cutout.selecting import lay_over, select
from simd.studio.cutout.solving import Solver
from simd.studio.cutout.steps import TOOLS, Cleanup, Step
from simd.trimap import as_trimap

STEPS = 200
"""How many steps can be taken back."""

MAX_STEPS = 10_000
NOTHING = Box(0, 0, 0, 0)


class Facts(NamedTuple):
    """Everything about a cut-out that is not its picture: what is kept on disk, and what a step changes."""

    trimap: bytes  # deflated
    steps: tuple[Step, ...]
    cleanup: Cleanup
    first: (
        str  # what the first answer is of: "rim", the name of a model, or "" where a person chose the subject
    )

    def trimap_levels(self, size: tuple[int, ...]) -> UInt8:
        """Return the trimap, uint8 (H, W); DataError where it is damaged."""
        try:
            return as_trimap(np.frombuffer(zlib.decompress(self.trimap), np.uint8).reshape(size))
        except (zlib.error, ValueError):
            raise DataError("the trimap that is kept of this step is damaged; draw it anew") from None


class Way(NamedTuple):
    """A state of a cut-out, and those that can be gone back and forth to, the next of them last."""

    facts: Facts
    back: list[Facts]
    forth: list[Facts]


class Work:
    """The cut-out of a picture; nothing is read from disk or written to it.

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
    way : Way or Facts
        What the work goes on from, with or without the way back and forth.

    Attributes
    ----------
    alpha : uint8, shape (H, W)
        The matte as it is shown and saved: solved, and cleaned up.
    """

    def __init__(self, image: UInt8, way: Way | Facts) -> None:
        self.image = image
        self._size = image.shape[:2]
        facts, self._back, self._forth = way if isinstance(way, Way) else Way(way, [], [])
        self.facts = facts
        self.trimap = facts.trimap_levels(self._size)
        self._solver = Solver(image, self.trimap)
        self.alpha = to_uint8(cleaned(self._solver.alpha(), self.trimap, facts.cleanup))

    @property
    def revision(self) -> str:
        """What the state is called: the same after a restart, another after any change."""
        cleanup = "-".join(f"{value:g}" for value in asdict(self.facts.cleanup).values())
        digest = hashlib.sha256(self.facts.trimap).hexdigest()
        return f"{digest[:16]}-{len(self.facts.steps)}-{cleanup}"

    @property
    def undo_steps(self) -> tuple[int, int]:
        """How many steps can be taken back, and how many forth again."""
        return len(self._back), len(self._forth)

    @property
    def nbytes(self) -> int:
        """Memory that is held, in bytes."""
        kept = sum(len(facts.trimap) for facts in self._back + self._forth)
        arrays = (self.image, self.trimap, self.alpha)
        return sum(int(array.nbytes) for array in arrays) + self._solver.nbytes + kept

    @property
    def solved(self) -> np.ndarray:
        """The matte before it is cleaned up, float64 (H, W), read-only."""
        return self._solver.alpha()

    def draw(self, step: Step) -> Box:
        """Take a stroke or a box, and return where alpha is another.

        A stroke is a constraint of the matting problem. Where nobody has said yet what the subject is, the
        first stroke that selects says it.
        """
        if len(self.facts.steps) >= MAX_STEPS:
            raise DataError(f"{MAX_STEPS} strokes are drawn, more are not kept; open the picture anew")
        steps = (*self.facts.steps, step)
        if step.tool == "subject":
            (top, left), (bottom, right) = step.stroke.points
            trimap = select(self.image, box=(top, left, bottom, right))
            return self._go(trimap, self.facts._replace(steps=steps, first=""))
        drawn = step.covered(self._size)
        if step.tool == "select" and self.facts.first == "rim":
            erase = self._drawn("erase")
            trimap = select(
                self.image, keep=drawn | self._drawn("select"), erase=erase if erase.any() else None
            )
            return self._go(trimap, self.facts._replace(steps=steps, first=""))
        trimap = np.where(drawn, np.uint8(TOOLS[step.tool]), self.trimap)
        return self._go(trimap, self.facts._replace(steps=steps))

    def find(self) -> Box:
        """Find the subject anew from all that is drawn, the last box included; see :meth:`draw`."""
        boxes = [step.stroke.points for step in self.facts.steps if step.tool == "subject"]
        corners = (*boxes[-1][0], *boxes[-1][1]) if boxes else None
        keep, erase = self._drawn("select"), self._drawn("erase")
        trimap = select(self.image, box=corners, keep=keep if keep.any() else None, erase=erase)
        trimap[self._drawn("fine") & ~keep & ~erase] = UNKNOWN
        return self._go(lay_over(trimap, keep=keep, erase=erase), self.facts._replace(first=""))

    def clean(self, cleanup: Cleanup) -> Box:
        """Clean the matte up; return where it is another."""
        return self._go(self.trimap, self.facts._replace(cleanup=cleanup))

    def undo(self) -> Box:
        """Take the last step back, if there is one; return where alpha is another."""
        return self._turn(self._back, self._forth)

    def redo(self) -> Box:
        """Take a step forth that was taken back, if there is one; return where alpha is another."""
        return self._turn(self._forth, self._back)

    def _drawn(self, tool: str) -> np.ndarray:
        """Return what a tool's strokes cover, where no later one of another tool lies over it."""
        drawn = np.zeros(self._size, bool)
        for step in self.facts.steps:
            if step.tool in TOOLS:
                drawn[step.covered(self._size)] = step.tool == tool
        return drawn

    def _go(self, trimap: UInt8, facts: Facts) -> Box:
        before = self.facts
        box = self._become(trimap, facts._replace(trimap=_deflated(trimap)))
        self._back = [*self._back[-(STEPS - 1) :], before]
        self._forth = []
        return box

    def _turn(self, source: list[Facts], target: list[Facts]) -> Box:
        if not source:
            return NOTHING
        before = self.facts
        box = self._become(source[-1].trimap_levels(self._size), source[-1])
        source.pop()
        target.append(before)
        return box

    def _become(self, trimap: UInt8, facts: Facts) -> Box:
        """Solve again what a state changes; if that fails, all is as before."""
        solved = self._solver.draw(trimap)
        if facts.cleanup == self.facts.cleanup:
            drawn = _box(trimap != self.trimap)
            top, bottom, left, right = _union(solved, drawn)
        else:
            drawn = NOTHING
            top, bottom, left, right = 0, self._size[0], 0, self._size[1]
        margin = reach(facts.cleanup)
        top, left = max(0, top - margin), max(0, left - margin)
        part = slice(top, bottom + margin), slice(left, right + margin)
        inside = to_uint8(cleaned(self._solver.alpha(part), trimap[part], facts.cleanup))
        changed = _box(inside != self.alpha[part])
        alpha = self.alpha.copy()  # what was handed out never changes
        alpha[part] = inside
        self.trimap, self.facts, self.alpha = trimap, facts, alpha
        if changed != NOTHING:
            rows, columns = (
                (changed.top + top, changed.bottom + top),
                (changed.left + left, changed.right + left),
            )
            changed = Box(*rows, *columns)
        return _union(changed, drawn)

    def way(self) -> Way:
        """Return everything that a step changes, as it is now; for :meth:`return_to`."""
        return Way(self.facts, list(self._back), list(self._forth))

    def return_to(self, way: Way) -> None:
        """Be as before some step, the way back and forth included."""
        self._become(way.facts.trimap_levels(self._size), way.facts)
        self._back, self._forth = list(way.back), list(way.forth)


def facts_of_trimap(trimap: UInt8, *, first: str, steps: tuple[Step, ...] = ()) -> Facts:
    """Return the facts of a cut-out that nobody has mended yet."""
    return Facts(_deflated(trimap), steps, Cleanup(), first)


def _deflated(trimap: UInt8) -> bytes:
    return zlib.compress(np.ascontiguousarray(trimap).tobytes(), 1)


def _box(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return NOTHING
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _union(one: Box, other: Box) -> Box:
    if NOTHING in (one, other):
        return other if one == NOTHING else one
    return Box(
        min(one.top, other.top),
        max(one.bottom, other.bottom),
        min(one.left, other.left),
        max(one.right, other.right),
    )
