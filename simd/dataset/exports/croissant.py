"""Croissant 1.1: the set as it lies on disk, and a JSON-LD file that says how to load it and who made it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simd.dataset.card import table_of_layers
from simd.dataset.exports import Asked, Contents, Stored
from simd.dataset.exports.note import Note, Part, row_of
from simd.dataset.exports.statements import fields_of
from simd.dataset.manifest import INFO_NAME, ROWS_NAME, MattingSet
from simd.errors import DataError
from simd.files import (
    copy_file,
    json_text,
    make_folder,
    read_json,
    read_json_lines,
    sizes_of,
    write_atomically,
)
from simd.progress import track
from simd.records import LAYERS, ROW_KEYS, file_name
from simd.schema import TEXT, checked, list_of, record

FILE_NAME = "croissant.json"
_CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
_TERMS = (
    *(
        "citeAs",
        "column",
        "containedIn",
        "equivalentProperty",
        "extract",
        "field",
        "fileProperty",
        "fileObject",
    ),
    *("fileSet", "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path"),
    *("recordSet", "references", "regex", "repeated", "replace", "samplingRate", "separator", "source"),
    *("subField", "transform"),
)
_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "prov": "http://www.w3.org/ns/prov#",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},  # without containedIn each file set reads the same files
}
_FILE = record(
    {
        "conformsTo": TEXT,
        "distribution": list_of(record({"@id": TEXT}, {"sha256": TEXT})),
    },
    words="a Croissant file",
)
_NUMBERS, _UNREAD = ("seed",), ("recipe", "classes")  # an object and a list: they stay in the rows
_LAYOUT = """\
A set as it lies on disk, and `croissant.json` (Croissant 1.1, with the fields for responsible AI):

| folder | what `<id>.png` in it holds |
|---|---|
{layers}

```python
import mlcroissant

dataset = mlcroissant.Dataset("<this folder>/croissant.json")
mattes = {{record["alpha/id"]: record["alpha/picture"] for record in dataset.records("alpha")}}
for record in dataset.records("composites"):  # the rows, each with its image
    record["composites/image"], mattes[record["composites/id"]], record["composites/class"]
```

`alpha`, `trimap` and `class_mask` are record sets of their own, by id.

`export.json` holds the set's `dataset.json` and `ATTRIBUTION.md`: `simd import <this folder> OUT` makes the
set again; every command of simd reads the folder as it is, too.
"""


# -- writing ---------------------------------------------------------------------------------------------


def write(matting_set: MattingSet, out: Path, asked: Asked) -> list[Part]:
    """Copy a set, and write the Croissant file that describes it; the same set gives the same bytes."""
    for layer in LAYERS:
        make_folder(out / layer)
    for sample in track(matting_set, len(matting_set), "images copied"):
        for layer in LAYERS:
            copy_file(sample.path(layer), out / file_name(sample.row.id, layer))
    for name in (INFO_NAME, ROWS_NAME):
        copy_file(matting_set.path / name, out / name)
    write_atomically(out / FILE_NAME, json_text(_content(matting_set, out, asked.statements)))
    ids = [row.id for row in matting_set.rows]
    return [Part(name, sizes_of(out / name)[0], ids) for name in (FILE_NAME, ROWS_NAME)]


def _content(matting_set: MattingSet, out: Path, statements: Mapping[str, str]) -> dict[str, Any]:
    info, rows = matting_set.info, matting_set.rows
    licences = {row.licence for row in rows} | {row.bg_licence for row in rows if row.bg_licence is not None}
    citations = dict.fromkeys(source["citation"] for source in info["sources"] if source["citation"])
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": info["name"],
        "description": f"A set for image matting: {len(rows)} images with their true mattes, trimaps, and "
        f"masks of the class of each unknown pixel. The digest of the set is {matting_set.digest}.",
        "conformsTo": _CONFORMS_TO,
        "license": sorted(licences),
        "version": info["version"],
        "keywords": ["image matting", "alpha matte", "trimap"],
        **({"citeAs": " ".join(citations)} if citations else {}),
        **fields_of(matting_set, statements),
        "distribution": _distribution(matting_set, out),
        "recordSet": [*(_pictures(layer) for layer in LAYERS), _composites()],
    }


def _distribution(matting_set: MattingSet, out: Path) -> list[dict[str, Any]]:
    """Return the rows as a file, and a folder of its own for each layer: two in one are read as the same."""
    rows: dict[str, Any] = {
        "@type": "cr:FileObject",
        "@id": "rows",
        "name": "rows",
        "contentUrl": ROWS_NAME,
        "encodingFormat": "application/jsonlines",
        "sha256": _sha256(out / ROWS_NAME),
    }
    distribution = [rows]
    for layer in LAYERS:
        folder = {
            "@type": "cr:FileObject",
            "@id": f"{layer}-folder",
            "name": f"{layer}-folder",
            "contentUrl": layer,
            "encodingFormat": "inode/directory",
            "sha256": matting_set.digest,  # of all pixels: a folder has no bytes of its own
        }
        files = {
            "@type": "cr:FileSet",
            "@id": f"{layer}-files",
            "name": f"{layer}-files",
            "containedIn": {"@id": f"{layer}-folder"},
            "encodingFormat": "image/png",
            "includes": "*.png",
        }
        distribution += [folder, files]
    return distribution


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _pictures(layer: str) -> dict[str, Any]:
    """Return the record set of a layer: the id, from the file's name, and the picture."""
    files = {"fileSet": {"@id": f"{layer}-files"}}
    name = {"extract": {"fileProperty": "filename"}, "transform": {"regex": "^(.+)\\.png$"}}
    picture = {"extract": {"fileProperty": "content"}}
    fields = [
        _field(layer, "id", "sc:Text", files | name),
        _field(layer, "picture", "sc:ImageObject", files | picture),
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": layer,
        "name": layer,
        "key": {"@id": f"{layer}/id"},
        "field": fields,
    }


def _composites() -> dict[str, Any]:
    """Return the record set of the rows, each with its image: mlcroissant joins two sources, and no more."""
    fields = []
    for key in ROW_KEYS:
        if key in _UNREAD:
            continue
        kind = "sc:Integer" if key in _NUMBERS else "sc:Text"
        fields.append(_field("composites", key, kind, _column(key)))
    joined = _field("composites", "image_id", "sc:Text", _column("id"))
    fields.append(joined | {"references": {"field": {"@id": "image/id"}}})
    fields.append(_field("composites", "image", "sc:ImageObject", {"field": {"@id": "image/picture"}}))
    return {
        "@type": "cr:RecordSet",
        "@id": "composites",
        "name": "composites",
        "key": {"@id": "composites/id"},
        "field": fields,
    }


def _column(key: str) -> dict[str, Any]:
    return {"fileObject": {"@id": "rows"}, "extract": {"column": key}}


def _field(record_set: str, name: str, kind: str, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{name}",
        "name": name,
        "dataType": kind,
        "source": dict(source),
    }


# -- reading ---------------------------------------------------------------------------------------------


def read(folder: Path, note: Note) -> Contents:
    """List the rows of a set that lies beside its Croissant file; DataError where they are of two sets."""
    _check_is_of_set(folder, note)
    stored: dict[str, Stored] = {}
    problems: dict[str, str] = {}
    for number, content in enumerate(read_json_lines(folder / ROWS_NAME), start=1):
        row = row_of(content, f"{folder / ROWS_NAME}:{number}")
        missing = [layer for layer in LAYERS if not (folder / file_name(row.id, layer)).is_file()]
        if missing:
            problems[row.id] = f"{folder / file_name(row.id, missing[0])}: is missing"
        elif row.id in stored:
            raise DataError(f"{folder / ROWS_NAME}:{number}: has the row of {row.id} a second time")
        else:
            stored[row.id] = Stored(row, len(stored), (folder, row.id), str(folder / row.id))
    return Contents(list(stored.values()), problems)


def _check_is_of_set(folder: Path, note: Note) -> None:
    file, advice = folder / FILE_NAME, "get the folder again from one place, or export the set again"
    content = checked(read_json(file), _FILE, file, advice)
    digests = {each["@id"]: each.get("sha256", "") for each in content["distribution"]}
    others = [f"{layer}-folder" for layer in LAYERS if digests.get(f"{layer}-folder") != note.digest]
    if others:
        stated = digests.get(others[0], "")[:12] or "not stated"
        raise DataError(
            f"{file}: is of another set (digest {stated}) than export.json speaks of "
            f"({note.digest[:12]}); {advice}"
        )
    if not (folder / ROWS_NAME).is_file() or digests.get("rows") != _sha256(folder / ROWS_NAME):
        raise DataError(
            f"{folder / ROWS_NAME}: is missing, or not the one that {FILE_NAME} was written for (its SHA-256 "
            f"differs); {advice}"
        )


def unpack(where: tuple[Path, str], folder: Path) -> dict[str, Path]:
    """Return the files of the layers, which lie in the export as they lie in a set."""
    del folder
    root, id_ = where
    return {layer: root / file_name(id_, layer) for layer in LAYERS}


# -- the card --------------------------------------------------------------------------------------------


def layout(split: str) -> str:
    """Return Markdown for the card: what lies where, and how it is read."""
    del split
    return _LAYOUT.format(layers=table_of_layers("{layer}/"))


def head(split: str) -> str:
    """Return lines of YAML for the head of the card: none, a folder of images is recognised."""
    del split
    return ""
