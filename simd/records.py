"""The frozen records that the stages hand on: a foreground, a background, a composite.

Records hold facts that cannot be computed, and wrong records cannot exist. Arrays do not live here.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.schema import NUMBER, SEED, TEXT, Kind, list_of, or_null, problem, record, table_of, whole
from simd.taxonomy import CLASSES, suggest

UNKNOWN_LICENCE = "unknown"
UNLABELLED = "unlabelled"
"""What ids begin with, and the region of unknown pixels is called, where nobody has said a class."""
ALPHA_KINDS = {
    "reference": "measured or published as the truth",
    "hand_cut": "cut out or painted by a person",
    "vector": "drawn as shapes, rendered",
    "generated": "drawn by a program together with its image",
    "derived": "computed from another truth, such as a chroma key or the difference of two photographs",
    "predicted": "the output of a network: likeness to it is not likeness to the truth",
    "game_texture": "painted for a game: levels chosen for looks",
    "none": "there is no alpha",
}
"""How an alpha was made: the closed list of what CSV files may state. Empty where it is not known."""
NOT_TRUTH = frozenset({"predicted", "game_texture", "none"})
"""Kinds of alpha that are no ground truth."""
_SYNONYMS = {
    **dict.fromkeys(("network", "model", "ai", "matted", "pseudo", "rembg", "estimated"), "predicted"),
    **dict.fromkeys(("truth", "ground_truth", "gt", "chroma_key"), "reference"),
    **dict.fromkeys(("manual", "hand", "human", "drawn", "painted"), "hand_cut"),
    **dict.fromkeys(("synthetic", "rendered", "cgi"), "generated"),
    **dict.fromkeys(("game", "texture", "sprite"), "game_texture"),
    **dict.fromkeys(("svg", "shape"), "vector"),
}
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of an image's width and height."""
CLASS_MASKS_FROM = ("image", "regions", "proposals")
"""Where a class mask is from: the image's class, regions that were drawn or reviewed, or tagged regions that
nobody has reviewed."""
LAYERS = ("image", "alpha", "trimap", "class_mask")
"""The four images of a composite, each in a folder of its name."""

_DIGITS_OR_HYPHEN = re.compile(r"[0-9-]")
_SAFE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The folder loader of Hugging Face reads these words in a name as a split, and drops the metadata.
_SPLIT_WORDS = {
    *("train", "training", "validation", "valid", "val", "dev"),
    *("test", "testing", "eval", "evaluation"),
}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SIDE = whole(1, 2**31)
_TEXT_OR_NUMBER = Kind(
    "a text or a number",
    lambda value: TEXT.fits(value) or NUMBER.fits(value) or type(value) is int,
    schema={"type": ["string", "number"]},
)
ROW_KEYS: dict[str, Kind] = {
    **dict.fromkeys(("id", "fg_id", "source", "licence", "alpha_kind", "protocol"), TEXT),
    **dict.fromkeys(("class", "bg_id", "bg_source", "bg_licence"), or_null(TEXT)),
    **dict.fromkeys(("class_mask_from", *(f"{layer}_sha256" for layer in LAYERS)), TEXT),
    "classes": list_of(TEXT),
    "recipe": table_of(_TEXT_OR_NUMBER, {"height": _SIDE, "width": _SIDE}),
    "seed": SEED,
}
"""The columns of a row, and what kind each is of."""

_SHARED = (
    *("fg_id", "bg_id", "source", "licence", "bg_source", "bg_licence"),
    *("alpha_kind", "protocol", "class_mask_from"),
)
"""Columns whose texts many rows share: in memory each is there once."""
ROW = record(ROW_KEYS, {f"{layer}_file_name": TEXT for layer in LAYERS})
"""The kind of a line of metadata.jsonl."""


def check_alpha_kind(kind: str) -> str:
    """Return a stated kind of alpha; DataError with the near name if it is not one of :data:`ALPHA_KINDS`."""
    if not kind or kind in ALPHA_KINDS:
        return kind
    plain = kind.strip().lower().replace("-", "_").replace(" ", "_")
    near = plain if plain in ALPHA_KINDS else _SYNONYMS.get(plain)
    hint = f"; did you mean {near!r}?" if near else suggest(plain, ALPHA_KINDS)
    raise DataError(f"unknown alpha_kind {kind!r:.80}{hint}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForegroundFiles:
    """An object with its alpha as it lies on disk; its class need not be known."""

    id: str  # its name in the source: unique there, as the owner wrote it
    source: str  # the source kind that reads it
    file: Path | None = None  # colour, or colour and alpha of a cut-out; None where it is generated
    alpha_file: Path | None = None
    licence: str = UNKNOWN_LICENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreground(ForegroundFiles):
    """An object with its alpha and its classes, before it is placed on a background."""

    classes: tuple[str, ...]  # the primary class first; none where nobody has said one yet
    alpha_kind: str = ""  # how the alpha was made ("reference", "predicted", ...), where that is known
    annotation: Path | None = None  # the JSON file of its tagged regions; its classes are those in them
    proposed: bool = False  # nobody has reviewed that annotation

    def __post_init__(self) -> None:
        _check_classes(f"foreground {self.id!r}", self.classes)

    @property
    def class_(self) -> str:
        """The primary class, ``""`` where nobody has said one yet."""
        return self.classes[0] if self.classes else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """A photograph, or a drawn scene, to place foregrounds on."""

    id: str
    source: str
    file: Path | None = None  # None where it is generated
    licence: str = UNKNOWN_LICENCE
    salient: Box | None = None  # where its largest known object is, if one is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """One foreground over one background: a row of metadata.jsonl."""

    id: str
    class_: str  # the primary class, "" where nobody has said one; "class" on disk, where that is null
    classes: tuple[str, ...]  # every class of the foreground, sorted
    fg_id: str
    bg_id: str | None  # None for a natural image
    source: str
    licence: str
    bg_source: str | None
    bg_licence: str | None
    alpha_kind: str
    protocol: str
    recipe: Mapping[str, int | float | str]  # all it takes to make the image again
    seed: int
    class_mask_from: str  # one of CLASS_MASKS_FROM
    image_sha256: str  # of decoded pixels, as are the three below
    alpha_sha256: str
    trimap_sha256: str
    class_mask_sha256: str

    def __post_init__(self) -> None:
        check_id(self.id)
        if bool(self.class_) != bool(self.classes):
            raise DataError(
                f"composite {self.id!r} has {'an empty' if self.class_ else 'no class, but a'} "
                f"list of classes: both say what it is of, or class is null and classes is empty"
            )
        _check_classes(f"composite {self.id!r}", (self.class_, *self.classes) if self.class_ else ())
        if self.class_mask_from not in CLASS_MASKS_FROM:
            raise DataError(
                f"composite {self.id!r}: class_mask_from must be {' or '.join(map(repr, CLASS_MASKS_FROM))}, "
                f"not {self.class_mask_from!r}"
            )
        for layer in LAYERS:
            digest = getattr(self, f"{layer}_sha256")
            if not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
                raise DataError(f"composite {self.id!r}: {layer}_sha256 is not a SHA-256")

    def __repr__(self) -> str:
        """Return a line; :meth:`to_row` has everything."""
        return f"<Composite {self.id}: {self.class_ or UNLABELLED}, fg {self.fg_id!r}, bg {self.bg_id!r}>"

    def to_row(self) -> dict[str, Any]:
        """Return the row of metadata.jsonl; :meth:`from_row` turns it back."""
        row: dict[str, Any] = {name: getattr(self, name) for name in _COLUMNS}
        row = {"id": row.pop("id"), "class": row.pop("class_") or None, **row, "classes": list(self.classes)}
        row["recipe"] = dict(self.recipe)
        digests = {f"{layer}_sha256": row.pop(f"{layer}_sha256") for layer in LAYERS}
        names = {f"{layer}_file_name": file_name(self.id, layer) for layer in LAYERS}
        return row | names | digests

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Composite":
        """Make the record of a row of metadata.jsonl; columns that others added are passed over.

        Raises
        ------
        DataError
            If a column is missing or not of its kind or range; the message names it.
        """
        values = {name: row[key] for name, key in _COLUMNS.items() if key in row}
        if missing := [key for name, key in _COLUMNS.items() if name not in values]:
            raise DataError(f"composite {row.get('id')!r:.80} lacks {', '.join(missing)}")
        if reason := problem(row, ROW):
            raise DataError(f"composite {row['id']!r:.80}: {reason}")
        shared = {name: sys.intern(value) for name in _SHARED if (value := values[name]) is not None}
        shared["class_"] = sys.intern(row["class"] or "")
        recipe = {sys.intern(key): value for key, value in values["recipe"].items()}
        classes = tuple(map(sys.intern, values["classes"]))
        composite = cls(**values | shared | {"classes": classes, "recipe": recipe})
        for layer in LAYERS:
            key, name = f"{layer}_file_name", file_name(composite.id, layer)
            if row.get(key, name) != name:
                raise DataError(f"composite {composite.id!r}: {key} is {row[key]!r:.80}, its file is {name}")
        return composite


_COLUMNS = {field.name: field.name.rstrip("_") for field in fields(Composite)}


def file_name(id_: str, layer: str) -> str:
    """Return the path of a composite's layer inside its set."""
    return f"{layer}/{id_}.png"


def check_id(id_: str) -> None:
    """Refuse an id that is unsafe as a file name or for the loaders of others (DataError)."""
    if not isinstance(id_, str) or not _SAFE_ID.fullmatch(id_):
        raise DataError(f"id {id_!r} must consist of a-z, 0-9 and single hyphens")
    if words := sorted(_SPLIT_WORDS & set(_DIGITS_OR_HYPHEN.split(id_))):  # it splits at digits, too
        raise DataError(f"id {id_!r} holds {words[0]!r}, which dataset loaders take for the name of a split")


def _check_classes(owner: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in CLASSES:
            raise DataError(f"{owner} has the unknown class {name!r}{suggest(str(name), CLASSES)}")
