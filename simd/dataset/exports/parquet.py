"""Hugging Face parquet: a row a composite, its layers as PNG inside, typed so that viewers show them.

Rows are grouped by their bytes, not by their number: viewers refuse large groups, and a reader holds one in
memory. Every file has an index of its pages. Both are read by groups, never by batches over the whole file,
which keep all that was read before.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from simd.dataset.card import table_of_layers
from simd.dataset.exports import Asked, Contents, Stored
from simd.dataset.exports.note import Note, Part, row_of
from simd.dataset.manifest import MattingSet, Sample
from simd.decoding import read_whole
from simd.errors import DataError, MissingExtraError, first_of
from simd.files import cannot_keep, check_regular, make_folder, sizes_of, write_atomically
from simd.progress import counting
from simd.records import LAYERS, Composite
from simd.taxonomy import CLASSES, class_index

Item = TypeVar("Item")

GROUP_BYTES = 64 * 2**20
"""Where a group of rows ends; one larger image is a group of its own. Viewers ask for at most 100 MB."""
FILE_BYTES = 500 * 10**6
"""How large a file is at most unless a number of them is given."""
_MODES = {"image": "RGB", "alpha": "L", "trimap": "L", "class_mask": "L"}  # of Pillow
_TEXTS = ("fg_id", "bg_id", "source", "licence", "bg_source", "bg_licence", "alpha_kind", "protocol")
_DIGESTS = tuple(f"{layer}_sha256" for layer in LAYERS)
_REPEATED = ["source", "licence", "bg_source", "bg_licence", "alpha_kind", "protocol", "class_mask_from"]
_LARGEST_SEED = 2**63 - 1
_SET_KEY = b"simd.set"  # in the metadata of each file
_LAYOUT = """\
Parquet files, `data/{split}-<number>-of-<files>.parquet`, a row an image:

| column | what it holds |
|---|---|
{layers}
| `class`, `classes` | the primary class, and all of them: `ClassLabel` of the 20 names |
| the others | its row: ids, licences, recipe (JSON), seed, SHA-256 of the decoded pixels |

```python
from datasets import load_dataset

images = load_dataset("<this folder>", split="{split}")
```

`export.json` says which image lies in which file, and holds the set's `dataset.json` and `ATTRIBUTION.md`:
`simd import <this folder> OUT` makes the set again.
"""


class Packed(NamedTuple):
    """Where the layers of a composite lie: a file, a group of its rows, and a row of the group."""

    file: Path
    group: int
    row: int


class _Libraries(NamedTuple):
    pa: Any  # pyarrow
    parquet: Any  # its module
    features: Any  # of the columns


def _libraries() -> _Libraries:
    try:
        import pyarrow
        from datasets import ClassLabel, Features, Image, List, Value
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("Hugging Face parquet", "datasets", "hub") from None
    label = ClassLabel(names=list(CLASSES))
    columns = {
        "id": Value("string"),
        **{layer: Image(mode=mode) for layer, mode in _MODES.items()},
        "class": label,
        "classes": List(label),
        **dict.fromkeys(_TEXTS, Value("string")),
        "recipe": Value("string"),
        "seed": Value("int64"),
        "class_mask_from": Value("string"),
        **dict.fromkeys(_DIGESTS, Value("string")),
    }
    return _Libraries(pyarrow, parquet, Features(columns))


# -- writing ---------------------------------------------------------------------------------------------


def write(matting_set: MattingSet, out: Path, asked: Asked) -> list[Part]:
    """Write a set as parquet files; the same set and libraries give the same bytes."""
    libraries = _libraries()
    samples = list(matting_set)
    large = next((row.id for row in matting_set.rows if row.seed > _LARGEST_SEED), None)
    if large is not None:
        raise DataError(f"{large}: its seed is past {_LARGEST_SEED}, which parquet's whole numbers end at")
    weights = [sum(sizes_of(*map(sample.path, LAYERS))) for sample in samples]
    weighted = list(zip(samples, weights, strict=True))
    count = min(len(samples), asked.shards or -(-sum(weights) // FILE_BYTES))
    schema = libraries.features.arrow_schema
    schema = schema.with_metadata({**schema.metadata, _SET_KEY: matting_set.digest.encode()})
    make_folder(out / "data")
    parts = []
    with counting(len(samples), "images packed") as advance:
        for number, (first, last) in enumerate(_ranges(weights, count)):
            name = f"data/{asked.split}-{number:05d}-of-{count:05d}.parquet"
            path = out / name
            try:
                with libraries.parquet.ParquetWriter(
                    path,
                    schema,
                    compression="none",  # a PNG grows no smaller, and is read at a tenth of the speed
                    use_dictionary=_REPEATED,
                    write_statistics=["id", "class"],
                    write_page_index=True,
                ) as writer:
                    for group in groups_by_bytes(weighted[first:last]):
                        rows = [_row(sample) for sample in group]
                        table = libraries.pa.Table.from_pylist(rows, schema=schema)
                        writer.write_table(table, row_group_size=len(rows))
                        advance(len(rows))
            except OSError as error:
                raise cannot_keep(path, error, size=sum(weights[first:last])) from error
            ids = [sample.row.id for sample in samples[first:last]]
            parts.append(Part(name, path.stat().st_size, ids))
    return parts


def _ranges(weights: Sequence[int], count: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last (excluded) of each of `count` runs of about one weight, none empty."""
    first, rest = 0, sum(weights)
    for left in range(count, 0, -1):
        last, weight = first + 1, weights[first]
        while last <= len(weights) - left and weight + weights[last] / 2 < rest / left:
            weight += weights[last]
            last += 1
        if left == 1:
            last = len(weights)
        yield first, last
        first, rest = last, rest - weight


def groups_by_bytes(weighted: Iterable[tuple[Item, int]]) -> Iterator[list[Item]]:
    """Yield items in groups that end before :data:`GROUP_BYTES`; without any, one empty group."""
    group: list[Item] = []
    total = 0
    for item, weight in weighted:
        if group and total + weight > GROUP_BYTES:
            yield group
            group, total = [], 0
        group.append(item)
        total += weight
    yield group


def _row(sample: Sample) -> dict[str, Any]:
    row = sample.row.to_row()
    images = {
        layer: {"bytes": read_whole(sample.path(layer)), "path": f"{sample.row.id}.{layer}.png"}
        for layer in LAYERS
    }
    return {
        **{key: row[key] for key in ("id", *_TEXTS, "seed", "class_mask_from", *_DIGESTS)},
        **images,
        "class": class_index(row["class"]) if row["class"] else None,
        "classes": [class_index(name) for name in row["classes"]],
        "recipe": json.dumps(row["recipe"], ensure_ascii=False),
    }


# -- reading ---------------------------------------------------------------------------------------------


def read(folder: Path, note: Note) -> Contents:
    """List the rows of all files; what is missing, damaged, foreign or of other features is a problem."""
    libraries = _libraries()
    stored: dict[str, Stored] = {}
    problems: dict[str, str] = {}
    listed = {part.name for part in note.parts}
    for path in sorted((folder / "data").glob("*.parquet")):
        if f"data/{path.name}" not in listed:
            problems[f"data/{path.name}"] = (
                "is no file of this export; two exports lie in one folder: move one away"
            )
    with counting(sum(len(part.ids) for part in note.parts), "rows listed", quiet=True) as advance:
        for part in note.parts:
            path, reason = folder / part.name, ""
            try:
                for row, where in _rows(path, note.digest, libraries):
                    advance(1)
                    if row.id in stored or row.id in problems:
                        stored.pop(row.id, None)
                        problems[row.id] = f"{path}: the id stands twice"
                    else:
                        stored[row.id] = Stored(row, len(stored), where, f"{path}, {row.id}")
            except DataError as error:
                reason = str(error)
            missing = [id_ for id_ in part.ids if id_ not in stored and id_ not in problems]
            problems |= dict.fromkeys(missing, reason or f"{path}: has no row of it")
            if reason and not missing:
                problems[part.name] = reason
    return Contents(list(stored.values()), problems)


def _rows(path: Path, digest: str, libraries: _Libraries) -> Iterator[tuple[Composite, Packed]]:
    """Yield the rows of a file without their images, a group at a time."""
    file = _open(path)
    _check_features(path, file.schema_arrow, digest, libraries)
    columns = [name for name in file.schema_arrow.names if name not in LAYERS]
    for group in range(file.num_row_groups):
        values = _guarded(path, lambda group=group: file.read_row_group(group, columns=columns).to_pylist())
        for number, value in enumerate(values):
            yield _composite(path, value), Packed(path, group, number)


def _check_features(path: Path, schema: Any, digest: str, libraries: _Libraries) -> None:
    wanted = libraries.features.arrow_schema
    differing = [
        name
        for name in wanted.names
        if name not in schema.names or not schema.field(name).type.equals(wanted.field(name).type)
    ]
    if differing:
        raise DataError(
            f"{path}: has other features than an export of a set: {first_of(differing, 3)} "
            f"{'is' if len(differing) == 1 else 'are'} missing or of another type"
        )
    stated = (schema.metadata or {}).get(_SET_KEY, b"").decode("ascii", "replace")
    if stated != digest:
        raise DataError(
            f"{path}: is a file of another set (digest {stated[:12] or 'not stated'}) than export.json "
            f"speaks of ({digest[:12]}); get the files and export.json from one place"
        )


def _composite(path: Path, value: Mapping[str, Any]) -> Composite:
    where = f"{path}, {value['id']!r:.80}"
    try:
        recipe = json.loads(value["recipe"])
        names = [_class_of(index) for index in value["classes"]]
        class_ = None if value["class"] is None else _class_of(value["class"])
    except (ValueError, RecursionError, TypeError) as error:
        raise DataError(f"{where}: its recipe is not JSON, or a class is none of the 20 ({error})") from error
    return row_of({**value, "recipe": recipe, "class": class_, "classes": names}, where)


def _class_of(index: int) -> str:
    if not 0 <= index < len(CLASSES):
        raise ValueError(f"class {index}")
    return CLASSES[index]


def unpack(where: Packed, folder: Path) -> dict[str, Path]:
    """Put the PNGs of a row into a folder."""
    table = _group(str(where.file), where.file.stat().st_mtime_ns, where.group)
    files = {}
    for layer in LAYERS:
        content = table.column(layer)[where.row].as_py()
        content = content and content.get("bytes")
        if not isinstance(content, bytes):
            raise DataError(f"{where.file}: its {layer} is not inside; paths are not followed")
        files[layer] = folder / f"{layer}.png"
        write_atomically(files[layer], content, flush=False)
    return files


@lru_cache(maxsize=1)  # rows of a group are read one after the other
def _group(path: str, _time: int, group: int) -> Any:
    file = _open(Path(path))
    return _guarded(Path(path), lambda: file.read_row_group(group, columns=list(LAYERS)))


def _open(path: Path) -> Any:
    check_regular(path)
    if not path.exists():
        raise DataError(f"{path}: is missing")
    return _guarded(path, lambda: _libraries().parquet.ParquetFile(os.fspath(path)))


def _guarded(path: Path, read_: Any) -> Any:
    try:
        return read_()
    except Exception as error:  # a hostile file can raise anything
        if isinstance(error, DataError | MissingExtraError):
            raise
        raise DataError(f"{path}: is no parquet file, is cut short, or damaged ({error})") from error


# -- the card --------------------------------------------------------------------------------------------


def layout(split: str) -> str:
    """Return Markdown for the card: what lies where, and how it is read."""
    return _LAYOUT.format(split=split, layers=table_of_layers("{layer}"))


def head(split: str) -> str:
    """Return lines of YAML for the head of the card: where the files of the split are, and the features."""
    lines = ["configs:", "- config_name: default", "  data_files:", f"  - split: {split}"]
    lines += [f"    path: data/{split}-*.parquet", "dataset_info:", "  features:"]
    for name, feature in _libraries().features.items():
        lines += _yaml_of(name, feature)
    return "\n".join(lines) + "\n"


def _yaml_of(name: str, feature: Any) -> list[str]:
    """Return the lines that hubs have for a feature."""
    if name in LAYERS:
        return [f"  - name: {name}", "    dtype:", "      image:", f"        mode: {feature.mode}"]
    if name in ("class", "classes"):
        kind = "dtype" if name == "class" else "list"
        labels = [f"          '{index}': {label}" for index, label in enumerate(CLASSES)]
        return [f"  - name: {name}", f"    {kind}:", "      class_label:", "        names:", *labels]
    return [f"  - name: {name}", f"    dtype: {feature.dtype}"]
