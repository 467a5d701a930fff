"""What a person does to a cut-out, as records: a stroke of a tool, a box, a clean-up."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask
from simd.tagging.annotation import Stroke
from simd.tagging.paint import covered

TOOLS = {"select": FOREGROUND, "erase": BACKGROUND, "fine": UNKNOWN}
"""The tools, and what their strokes make of pixels."""

_WHOLE_SHIFT = 20.0  # pixels that a clean-up may move an edge by


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing drawn, in pixels of the picture; (0, 0) is the centre of the first pixel.

    `tool` is one of :data:`TOOLS`, or ``subject``: a box around the subject.
    """

    tool: str
    stroke: Stroke  # its shape; the class is not used

    def __post_init__(self) -> None:
        if self.tool not in (*TOOLS, "subject"):
            raise DataError(f"a tool is one of {', '.join(TOOLS)} or subject, not {self.tool!r:.40}")
        if self.tool == "subject" and self.stroke.kind != "box":
            raise DataError("the subject is given by a box around it")

    def covered(self, size: tuple[int, ...]) -> Mask:
        """Return the pixels, bool (H, W), whose centres lie in it."""
        return covered(self.stroke, size)

    def to_json(self) -> dict[str, Any]:
        """Return the step as it stands in the file."""
        values = self.stroke.to_json()
        del values["class"]
        return {"tool": self.tool, **values}

    @classmethod
    def from_json(cls, row: Any) -> "Step":
        """Make the record of what stands in a file or was sent, or say what is wrong with it (DataError)."""
        if not isinstance(row, Mapping) or not isinstance(row.get("tool"), str):
            raise DataError("a stroke must be an object with a tool")
        shape = {name: value for name, value in row.items() if name != "tool"}
        return cls(tool=row["tool"], stroke=Stroke.from_json({**shape, "class": None}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """How the matte is cleaned up after it is solved; the trimap and the solution stay as they are."""

    black: float = 0.0  # alpha up to here becomes 0
    white: float = 1.0  # alpha from here on becomes 1
    shift: float = 0.0  # pixels that the edge moves outwards

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if type(value) not in (int, float) or not math.isfinite(value):
                raise DataError(f"{name} must be a number, not {value!r:.40}")
        if not 0 <= self.black < self.white <= 1:
            raise DataError("black and white must be in 0..1, black below white")
        if abs(self.shift) > _WHOLE_SHIFT:
            raise DataError(f"shift must be within {_WHOLE_SHIFT:g} pixels")

    def to_json(self) -> dict[str, float]:
        """Return it as it stands in the file."""
        return asdict(self)

    @classmethod
    def from_json(cls, row: Any) -> "Cleanup":
        """Make the record of what stands in a file or was sent, or say what is wrong with it (DataError)."""
        if not isinstance(row, Mapping) or row.keys() - {"black", "white", "shift"}:
            raise DataError("a clean-up has black, white and shift")
        return cls(**row)
