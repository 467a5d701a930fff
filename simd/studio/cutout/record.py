"""What is kept of a cut-out beside its pictures: what was drawn, what was chosen, of which file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simd.errors import DataError
from simd.studio.cutout.steps import Cleanup, Step
from simd.studio.cutout.work import MAX_STEPS, Facts

FORMAT, VERSION = "simd-cutout", 1
HIDDEN = ("estimate", "zero")
"""What the colours under alpha 0 are in fg/: those of the estimate, or black."""
BITS = (8, 16)
"""Of alpha in alpha/."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_NAME = 1024
_MAX_SIDE = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A cut-out as ``strokes/<id>.json`` says it; its trimap lies in ``trimap/<id>.png``."""

    name: str  # of the file, as it was given
    file_sha256: str  # of its bytes
    size: tuple[int, int]  # (H, W), upright
    trimap_sha256: str  # of the decoded trimap
    steps: tuple[Step, ...] = ()
    cleanup: Cleanup = field(default_factory=Cleanup)
    first: str = ""  # see Facts
    hidden: str = "estimate"
    bits: int = 8
    done: bool = False
    seconds: float = 0.0  # that somebody worked on it

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and 0 < len(self.name) <= _MAX_NAME and _is_text(self.name)):
            raise DataError(f"name must be a text of 1 to {_MAX_NAME} characters")
        for name in ("file_sha256", "trimap_sha256"):
            value = getattr(self, name)
            if not (isinstance(value, str) and _DIGEST.fullmatch(value)):
                raise DataError(f"{name} is not a SHA-256 in lower case: {value!r:.80}")
        if not (len(self.size) == 2 and all(type(n) is int and 1 <= n <= _MAX_SIDE for n in self.size)):
            raise DataError(f"size {self.size!r:.80} must be height and width in 1..{_MAX_SIDE}")
        if len(self.steps) > MAX_STEPS:
            raise DataError(f"{len(self.steps)} strokes are more than the limit of {MAX_STEPS}")
        if self.hidden not in HIDDEN:
            raise DataError(f"hidden must be one of {', '.join(HIDDEN)}, not {self.hidden!r:.40}")
        if type(self.bits) is not int or self.bits not in BITS:
            raise DataError(f"bits must be 8 or 16, not {self.bits!r:.40}")
        if not isinstance(self.first, str) or len(self.first) > _MAX_NAME or not isinstance(self.done, bool):
            raise DataError("first must be a text, and done true or false")
        if type(self.seconds) not in (int, float) or not 0 <= self.seconds < 1e9:
            raise DataError(f"seconds must be a number from 0 on, not {self.seconds!r:.80}")

    def facts(self, trimap: bytes) -> Facts:
        """Return what the work goes on from; `trimap` is deflated."""
        return Facts(trimap, self.steps, self.cleanup, self.first)

    def to_json(self) -> dict[str, Any]:
        """Return the content of the file; :meth:`from_json` turns it back."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "name": self.name,
            "file_sha256": self.file_sha256,
            "size": list(self.size),
            "trimap_sha256": self.trimap_sha256,
            "first": self.first,
            "steps": [step.to_json() for step in self.steps],
            "cleanup": self.cleanup.to_json(),
            "hidden": self.hidden,
            "bits": self.bits,
            "done": self.done,
            "seconds": self.seconds,
        }

    @classmethod
    def from_json(cls, content: Any) -> "Record":
        """Make the record of the content of a file, or say what is wrong with it (DataError)."""
        if not isinstance(content, Mapping) or content.get("format") != FORMAT:
            raise DataError(f"is not a cut-out: it has no member 'format' that says {FORMAT!r}")
        if type(content.get("version")) is not int or content["version"] != VERSION:
            raise DataError(
                f"is version {content.get('version')!r:.80} of the format, version {VERSION} can be read; "
                "use the simd that wrote it"
            )
        wanted = set(cls.__slots__)
        values = {key: value for key, value in content.items() if key not in ("format", "version")}
        if values.keys() != wanted:
            differing = sorted(values.keys() ^ wanted)[0]
            raise DataError(f"must have the members {', '.join(sorted(wanted))}; look at {differing!r:.80}")
        for name in ("size", "steps"):
            if not isinstance(values[name], list):
                raise DataError(f"{name} must be a list")
        values["size"] = tuple(values["size"])
        values["steps"] = tuple(Step.from_json(row) for row in values["steps"][: MAX_STEPS + 1])
        values["cleanup"] = Cleanup.from_json(values["cleanup"])
        return cls(**values)


def _is_text(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)
