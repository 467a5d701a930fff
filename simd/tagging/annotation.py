"""The records of an annotation: what was drawn, by what, how sure it is, and of which pixels."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from simd.errors import DataError
from simd.taxonomy import CLASSES, TAXONOMY_VERSION, suggest

VERSION = 1
"""Version of the format; annotations/schema/annotation-1.schema.json describes it."""

FORMAT = "simd-annotation"
KINDS = {"brush": 1, "polygon": 3, "box": 2, "whole": 0}
"""Kinds of strokes, each with the fewest points it needs."""

ORIGINS = ("strokes", "proposal", "imported", "merged")
REVIEWS = ("proposed", "started", "reviewed")
"""Nobody has looked at it; somebody works on it; somebody says it is right."""

MAX_SIDE = 32768
MAX_STROKES, MAX_POINTS = 10_000, 20_000
MAX_ID, MAX_ANNOTATOR = 1024, 200

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FAR = 4.0 * MAX_SIDE  # a stroke may leave the image, but not like that
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One thing drawn, in pixels of the foreground; (0, 0) is the centre of the first pixel.

    Parameters
    ----------
    kind : str
        ``brush``: a line of round pixels (one point: a dab). ``polygon``: its inside and outline. ``box``:
        the rectangle between two corners. ``whole``: the whole image, which needs no points.
    class_ : str or None
        The class it gives; None takes classes away.
    points : tuple of (y, x)
        Row and column of each corner, as sizes are (H, W).
    radius : float
        Of a brush, in pixels: pixels whose centre lies within it are painted. 0 for other kinds.
    """

    kind: str
    class_: str | None  # "class" on disk
    points: tuple[Point, ...] = ()
    radius: float = 0.0

    def __post_init__(self) -> None:
        _check_choice("kind", self.kind, KINDS)
        if self.class_ is not None:
            _check_class("stroke", self.class_)
        few, many = KINDS[self.kind], KINDS[self.kind] if self.kind in ("box", "whole") else MAX_POINTS
        if not few <= len(self.points) <= many:
            raise DataError(f"a {self.kind} stroke has {few} to {many} points, not {len(self.points)}")
        if not all(_is_point(point) for point in self.points):
            raise DataError(f"the points of a {self.kind} stroke must be pairs (y, x) near the image")
        if not (_is_number(self.radius) and 0 <= self.radius <= MAX_SIDE):
            raise DataError(f"radius {self.radius!r} must be a number in 0..{MAX_SIDE}")

    def to_json(self) -> dict[str, Any]:
        """Return the stroke as it stands in the file; :meth:`from_json` turns it back."""
        points = [list(point) for point in self.points]
        return {"kind": self.kind, "class": self.class_, "points": points, "radius": self.radius}

    @classmethod
    def from_json(cls, row: Any) -> "Stroke":
        """Make the record of what stands in a file, or say what is wrong with it (DataError)."""
        values = _members(row, "stroke", [f.name for f in fields(cls)])
        points = values["points"]
        if not (isinstance(points, list) and all(isinstance(p, list) for p in points)):
            raise DataError("the points of a stroke must be a list of [y, x]")
        return cls(**values | {"points": tuple(tuple(point) for point in points)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What an annotation says beside its class mask."""

    fg_id: str
    size: tuple[int, int]  # (H, W)
    fg_sha256: str  # of the decoded colours
    alpha_sha256: str  # of the decoded alpha
    class_mask_sha256: str  # of the indices: mask and record belong together
    strokes: tuple[Stroke, ...] = ()  # in the order drawn
    confidence: Mapping[str, float] = field(default_factory=dict)  # class to 0..1, on all its pixels
    origin: str = "strokes"  # one of ORIGINS: what the mask began with
    review: str = "started"  # one of REVIEWS
    annotator: str | None = None
    time: str | None = None  # ISO 8601 with its zone, when it was last changed
    seconds: float | None = None  # that somebody worked on it
    taxonomy_version: int = TAXONOMY_VERSION

    def __post_init__(self) -> None:
        check_fg_id(self.fg_id)
        if not (len(self.size) == 2 and all(type(n) is int and 1 <= n <= MAX_SIDE for n in self.size)):
            raise DataError(f"size {self.size!r} must be height and width in 1..{MAX_SIDE}")
        for name in ("fg_sha256", "alpha_sha256", "class_mask_sha256"):
            value = getattr(self, name)
            if not (isinstance(value, str) and _DIGEST.fullmatch(value)):
                raise DataError(f"{name} is not a SHA-256 in lower case: {value!r:.80}")
        if len(self.strokes) > MAX_STROKES:
            raise DataError(f"{len(self.strokes)} strokes are more than the limit of {MAX_STROKES}")
        for class_, share in self.confidence.items():
            _check_class("confidence", class_)
            if not (_is_number(share) and 0 <= share <= 1):
                raise DataError(f"confidence of {class_} must be a number in 0..1, not {share!r:.80}")
        _check_choice("origin", self.origin, ORIGINS)
        _check_choice("review", self.review, REVIEWS)
        self._check_who_and_when()
        if type(self.taxonomy_version) is not int or self.taxonomy_version != TAXONOMY_VERSION:
            raise DataError(
                f"was made with version {self.taxonomy_version!r:.80} of the classes, this is version "
                f"{TAXONOMY_VERSION}; use the simd it was made with"
            )

    def _check_who_and_when(self) -> None:
        if self.annotator is not None and not (
            isinstance(self.annotator, str) and 0 < len(self.annotator) <= MAX_ANNOTATOR
        ):
            raise DataError(f"annotator must be null or a text of up to {MAX_ANNOTATOR} characters")
        if self.time is not None and not _is_moment(self.time):
            raise DataError(f"time {self.time!r:.80} is not ISO 8601 with a zone: 2024-05-01T12:00:00+00:00")
        if self.seconds is not None and not (_is_number(self.seconds) and 0 <= self.seconds < 1e9):
            raise DataError(f"seconds must be null or a number from 0 on, not {self.seconds!r:.80}")

    def to_json(self) -> dict[str, Any]:
        """Return the content of the file; :meth:`from_json` turns it back."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values |= {
            "size": list(self.size),
            "strokes": [stroke.to_json() for stroke in self.strokes],
            "confidence": {name: self.confidence[name] for name in CLASSES if name in self.confidence},
        }
        return {"format": FORMAT, "version": VERSION, **values}

    @classmethod
    def from_json(cls, content: Any) -> "Annotation":
        """Make the record of the content of a file, or say what is wrong with it (DataError)."""
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise DataError(f"is not an annotation: it has no member 'format' that says {FORMAT!r}")
        if type(content.get("version")) is not int or content["version"] != VERSION:
            raise DataError(
                f"is version {content.get('version')!r:.80} of the format, version {VERSION} can be read; "
                "use the simd that wrote it"
            )
        values = _members(content, "annotation", ["format", "version", *(f.name for f in fields(cls))])
        del values["format"], values["version"]
        for name, kind in (("size", list), ("strokes", list), ("confidence", dict)):
            if not isinstance(values[name], kind):
                raise DataError(f"{name} must be {'an object' if kind is dict else 'a list'}")
        if len(values["strokes"]) > MAX_STROKES:
            raise DataError(f"{len(values['strokes'])} strokes are more than the limit of {MAX_STROKES}")
        strokes = tuple(Stroke.from_json(row) for row in values["strokes"])
        return cls(**values | {"size": tuple(values["size"]), "strokes": strokes})


def check_fg_id(fg_id: Any) -> None:
    """Refuse what cannot be the id of a foreground: no text, empty, too long, or no Unicode (DataError)."""
    if not (isinstance(fg_id, str) and 0 < len(fg_id) <= MAX_ID):
        raise DataError(f"fg_id must be a text of 1 to {MAX_ID} characters")
    try:
        fg_id.encode()
    except UnicodeEncodeError:
        raise DataError(f"fg_id {fg_id!r:.80} is not valid Unicode") from None


def _members(row: Any, what: str, names: list[str]) -> dict[str, Any]:
    """Return the members of an object, which must be exactly those named; ``class`` becomes ``class_``."""
    if not isinstance(row, dict):
        raise DataError(f"a {what} must be an object, this is a {type(row).__name__}")
    on_disk = {name.rstrip("_"): name for name in names}
    if missing := [name for name in on_disk if name not in row]:
        raise DataError(f"the {what} lacks {', '.join(missing)}")
    if strange := sorted(row.keys() - on_disk.keys()):
        raise DataError(f"the {what} has the unknown member {strange[0]!r:.80}")
    return {name: row[key] for key, name in on_disk.items()}


def _check_class(owner: str, name: Any) -> None:
    if not isinstance(name, str) or name not in CLASSES:
        raise DataError(f"{owner}: unknown class {name!r:.80}{suggest(str(name)[:80], CLASSES)}")


def _check_choice(name: str, value: Any, choices: Iterable[str]) -> None:
    if not isinstance(value, str) or value not in set(choices):
        raise DataError(f"{name} must be one of {', '.join(choices)}, not {value!r:.80}")


def _is_number(value: Any) -> bool:
    if type(value) is int:
        return abs(value) < 2**53  # JSON may hold more digits than a float can
    return type(value) is float and math.isfinite(value)


def _is_point(point: Any) -> bool:
    return len(point) == 2 and all(_is_number(value) and abs(value) <= _FAR for value in point)


def _is_moment(text: Any) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
