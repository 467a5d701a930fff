"""The frozen records that the stages hand on: a foreground, a background, a composite.

Records hold facts that cannot be computed, and wrong records cannot exist. Arrays do not live here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii as json_string
from pathlib import Path
from sys import intern
from typing import Any

import msgspec

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

_SAFE_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# The folder loader of Hugging Face reads these words, between digits and hyphens, as a split: no metadata.
_SPLIT_WORD = re.compile(
    r"(?<![a-z])(train|training|validation|valid|val|dev|test|testing|eval|evaluation)(?![a-z])"
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEXADECIMAL = b"0123456789abcdef"
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


class Composite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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
        if not (_known(self.classes) and (not self.class_ or self.class_ in CLASSES)):
            _check_classes(f"composite {self.id!r}", (self.class_, *self.classes))
        if self.class_mask_from not in CLASS_MASKS_FROM:
            raise DataError(
                f"composite {self.id!r}: class_mask_from must be {' or '.join(map(repr, CLASS_MASKS_FROM))}, "
                f"not {self.class_mask_from!r}"
            )
        if not _are_digests(
            f"{self.image_sha256} {self.alpha_sha256} {self.trimap_sha256} {self.class_mask_sha256}"
        ):
            for layer in LAYERS:
                if not _DIGEST.fullmatch(str(getattr(self, f"{layer}_sha256"))):
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

    def to_sorted_json(self) -> str:
        """Return ``json.dumps(row.to_row(), sort_keys=True)``, six times faster: digests are of this."""
        id_ = self.id  # as digests, it needs no escapes
        recipe = ", ".join(
            [
                f"{name}: {value if type(value := self.recipe[key]) is int else _json(value)}"
                for key, name in _sorted_json(tuple(self.recipe))
            ]
        )
        return (
            f'{{"alpha_file_name": "alpha/{id_}.png", "alpha_kind": {json_string(self.alpha_kind)}, '
            f'"alpha_sha256": "{self.alpha_sha256}", "bg_id": {_json(self.bg_id)}, '
            f'"bg_licence": {_json(self.bg_licence)}, "bg_source": {_json(self.bg_source)}, '
            f'"class": {_json(self.class_ or None)}, "class_mask_file_name": "class_mask/{id_}.png", '
            f'"class_mask_from": "{self.class_mask_from}", "class_mask_sha256": "{self.class_mask_sha256}", '
            f'"classes": [{", ".join(map(json_string, self.classes))}], "fg_id": {json_string(self.fg_id)}, '
            f'"id": "{id_}", "image_file_name": "image/{id_}.png", "image_sha256": "{self.image_sha256}", '
            f'"licence": {json_string(self.licence)}, "protocol": {json_string(self.protocol)}, '
            f'"recipe": {{{recipe}}}, "seed": {self.seed}, "source": {json_string(self.source)}, '
            f'"trimap_file_name": "trimap/{id_}.png", "trimap_sha256": "{self.trimap_sha256}"}}'
        )

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
        shared = {name: intern(value) for name in _SHARED if (value := values[name]) is not None}
        shared["class_"] = intern(row["class"] or "")
        recipe = {intern(key): value for key, value in values["recipe"].items()}
        composite = cls(
            **values | shared | {"classes": _interned(tuple(values["classes"])), "recipe": recipe}
        )
        for layer in LAYERS:
            key, name = f"{layer}_file_name", file_name(composite.id, layer)
            if row.get(key, name) != name:
                raise DataError(f"composite {composite.id!r}: {key} is {row[key]!r:.80}, its file is {name}")
        return composite


_COLUMNS = {name: name.rstrip("_") for name in Composite.__struct_fields__}


class _Line(msgspec.Struct, rename={"class_": "class"}, gc=False):
    """A line of metadata.jsonl as it is parsed: no kind here lets through what :data:`ROW_KEYS` does not."""

    id: str
    class_: str | None
    classes: tuple[str, ...]
    fg_id: str
    bg_id: str | None
    source: str
    licence: str
    bg_source: str | None
    bg_licence: str | None
    alpha_kind: str
    protocol: str
    recipe: dict[str, int | float | str]
    seed: int
    class_mask_from: str
    image_sha256: str
    alpha_sha256: str
    trimap_sha256: str
    class_mask_sha256: str
    image_file_name: str = ""
    alpha_file_name: str = ""
    trimap_file_name: str = ""
    class_mask_file_name: str = ""


_parse_line = msgspec.json.Decoder(_Line).decode


def composite_of_line(line: str) -> Composite | None:
    """Make the record of a line of metadata.jsonl, seven times faster than :meth:`Composite.from_row`.

    Returns
    -------
    Composite or None
        None where the line may not be a row: from_row decides, and says what is wrong with it.
    """
    try:
        row = _parse_line(line)
        recipe = row.recipe
        if row.seed < 0 or not (_SIDE.fits(recipe.get("height", 1)) and _SIDE.fits(recipe.get("width", 1))):
            return None
        id_ = row.id
        if (
            row.image_file_name != f"image/{id_}.png"
            or row.alpha_file_name != f"alpha/{id_}.png"
            or row.trimap_file_name != f"trimap/{id_}.png"
            or row.class_mask_file_name != f"class_mask/{id_}.png"
        ):
            return None
        return Composite(
            id=id_,
            class_=intern(row.class_ or ""),
            classes=_interned(row.classes),
            fg_id=intern(row.fg_id),
            bg_id=row.bg_id and intern(row.bg_id),
            source=intern(row.source),
            licence=intern(row.licence),
            bg_source=row.bg_source and intern(row.bg_source),
            bg_licence=row.bg_licence and intern(row.bg_licence),
            alpha_kind=intern(row.alpha_kind),
            protocol=intern(row.protocol),
            recipe=recipe,
            seed=row.seed,
            class_mask_from=intern(row.class_mask_from),
            image_sha256=row.image_sha256,
            alpha_sha256=row.alpha_sha256,
            trimap_sha256=row.trimap_sha256,
            class_mask_sha256=row.class_mask_sha256,
        )
    except (msgspec.MsgspecError, DataError, RecursionError, ValueError):
        return None


def file_name(id_: str, layer: str) -> str:
    """Return the path of a composite's layer inside its set."""
    return f"{layer}/{id_}.png"


def check_id(id_: str) -> None:
    """Refuse an id that is unsafe as a file name or for the loaders of others (DataError)."""
    if not isinstance(id_, str) or not _SAFE_ID.fullmatch(id_):
        raise DataError(f"id {id_!r} must consist of a-z, 0-9 and single hyphens")
    if word := _SPLIT_WORD.search(id_):
        raise DataError(f"id {id_!r} holds {word[0]!r}, which dataset loaders take for the name of a split")


def _are_digests(text: str) -> bool:
    """Tell whether a text is a row's four digests; faster than a search for them."""
    return (
        len(text) == 259
        and text[64] == text[129] == text[194] == " "
        and text.encode("ascii", "replace").translate(None, _HEXADECIMAL) == b"   "
    )


@lru_cache(1024)
def _interned(classes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(intern, classes))


@lru_cache(1024)
def _known(classes: tuple[str, ...]) -> bool:
    return all(name in CLASSES for name in classes)


@lru_cache(1024)
def _sorted_json(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(key, json_string(key)) for key in sorted(keys)]


def _json(value: str | float | None) -> str:
    """Return ``json.dumps(value)``, faster for what rows are full of."""
    if type(value) is str:
        return json_string(value)
    return json.dumps(value)


def _check_classes(owner: str, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in CLASSES:
            raise DataError(f"{owner} has the unknown class {name!r}{suggest(str(name), CLASSES)}")
