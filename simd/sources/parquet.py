"""Parquet mirrors of matting datasets, as Hugging Face serves them: a column of images, one of mattes.

An image-alpha pair is a row. Columns that say of what category an image is (``category``, ``type``,
``label``) are kept: a CSV file may give a class to each category. A category that is the name of a class is
that class.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from simd.class_tables import stem_of
from simd.errors import DataError, MissingExtraError, first_of
from simd.files import write_atomically
from simd.sources.index import Finished, Index, Packed, SourceKind
from simd.taxonomy import class_name
from simd.temporary import temporary_folder

_LAYERS = {
    "image": ("image", "images", "img", "photo", "original", "rgb"),
    "alpha": ("alpha", "alpha_matte", "matte", "pha", "mask", "gt"),
    "trimap": ("trimap",),
}
_NAMES = ("image_name", "file_name", "filename", "name", "id", "image_id")
_CATEGORIES = ("class", "category", "type", "label", "category_type")
_NAMED = 12  # categories that a note names


class _Columns(NamedTuple):
    layers: dict[str, str]  # "image", "alpha", perhaps "trimap", to the column
    name: str
    categories: tuple[str, ...]
    words: dict[str, list[str]]  # of a column that holds numbers of words


def _files(root: Path) -> list[Path]:
    folders = (root, root / "data")
    return sorted(path for folder in folders for path in folder.glob("*.parquet") if path.is_file())


def _recognise(origin: str) -> bool:
    try:
        files = _files(Path(origin))
        return bool(files) and _columns(files[0]) is not None
    except (OSError, DataError):
        return False
    except MissingExtraError:
        return True  # it is said when it is read


def _open(file: Path) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("parquet mirrors", "datasets", "hub") from None
    try:
        return parquet.ParquetFile(file)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{file}: is not a parquet file that can be read ({error})") from error


def _columns(file: Path) -> _Columns | None:
    schema = _open(file).schema_arrow
    names = {name.lower(): name for name in reversed(schema.names)}

    def pick(wanted: Sequence[str]) -> list[str]:
        return [names[name] for name in wanted if name in names]

    holds = {name: _holds_bytes(schema.field(name).type) for name in schema.names}
    layers = {}
    for layer, wanted in _LAYERS.items():
        if column := next((name for name in pick(wanted) if holds[name]), None):
            layers[layer] = column
    if not {"image", "alpha"} <= layers.keys():
        return None
    plain = [name for name in pick(_NAMES) if not holds[name]]
    categories = tuple(name for name in pick(_CATEGORIES) if not holds[name])
    features = (schema.metadata or {}).get(b"huggingface", b"{}")
    return _Columns(layers, plain[0] if plain else "", categories, _words(features))


def _holds_bytes(kind: Any) -> bool:
    import pyarrow

    if pyarrow.types.is_struct(kind):
        return bool(kind.get_field_index("bytes") >= 0)
    return bool(pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind))


def _words(text: bytes) -> dict[str, list[str]]:
    """Return the words of each column of numbers that stand for words, as Hugging Face notes them."""
    try:
        features = json.loads(text)["info"]["features"]
        return {
            name: list(map(str, feature["names"])) for name, feature in features.items() if "names" in feature
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _index(origin: str) -> Index[Finished]:
    files = _files(Path(origin))
    if not files:
        raise DataError(f"{origin}: holds no parquet file; the layout is {FINISHED.layout}")
    records: list[Finished] = []
    broken: dict[str, str] = {}
    counts: dict[str, Counter[str]] = {}
    for file in files:
        columns = _columns(file)
        if columns is None:
            broken[file.name] = (
                f"{file}: has no columns of images and mattes; the layout is {FINISHED.layout}"
            )
            continue
        records += _records(file, columns, counts)
    twice = [id_ for id_, count in Counter(record.id for record in records).items() if count > 1]
    broken |= {id_: f"{origin}: names the image {id_!r} more than once" for id_ in twice}
    kept = tuple(record for record in records if record.id not in broken)
    notes = tuple(
        f"column {column}: {first_of([f'{word} {count}' for word, count in words.most_common()], _NAMED)}; "
        "--classes FILE with the columns category and class gives these classes"
        for column, words in counts.items()
    )
    return Index("parquet", kept, len(kept) + len(broken), broken=broken, notes=notes)


def _records(file: Path, columns: _Columns, counts: dict[str, Counter[str]]) -> Iterator[Finished]:
    opened = _open(file)
    texts = [name for name in (columns.name, *columns.categories) if name]
    for group in range(opened.num_row_groups):
        rows = opened.read_row_group(group, columns=texts).to_pylist() if texts else []
        size = opened.metadata.row_group(group).num_rows
        for number in range(size):
            values = rows[number] if rows else {}
            stated = values.get(columns.name) if columns.name else None
            name = stem_of(str(stated)) if stated not in (None, "") else f"{file.stem}-{group}-{number}"
            categories = {c: _word(columns, c, values.get(c)) for c in columns.categories}
            classes = [found for word in categories.values() if (found := _class_of(word))]
            for column, word in categories.items():
                if word and not _class_of(word):
                    counts.setdefault(column, Counter())[word] += 1
            yield Finished(
                id=name,
                source="parquet",
                fg_id=name,
                image=file,
                alpha=file,
                trimap=file if "trimap" in columns.layers else None,
                class_=classes[0] if classes else "",
                categories=tuple(word for word in categories.values() if word),
                packed=Packed(file, group, number, name, tuple(columns.layers.items())),
            )


def _word(columns: _Columns, column: str, value: Any) -> str:
    words = columns.words.get(column, [])
    if isinstance(value, int) and 0 <= value < len(words):
        return words[value]
    return "" if value is None else str(value)


def _class_of(word: str) -> str:
    try:
        return class_name(word)
    except DataError:
        return ""


@contextmanager
def on_disk(finished: Finished) -> Iterator[Finished]:
    """Give the images of a row as files for the time of a ``with``; those that are files stay as they are.

    Raises
    ------
    DataError
        If an image is not inside the file. Errors on the way out name the row, not a temporary file.
    """
    packed = finished.packed
    if packed is None:
        yield finished
        return
    with temporary_folder() as folder:
        paths = {}
        for layer, column in packed.columns:
            values = _group(str(packed.file), packed.file.stat().st_mtime_ns, packed.group, column)
            value = values[packed.row].as_py()
            content = value.get("bytes") if isinstance(value, dict) else value
            if not isinstance(content, bytes):
                raise DataError(
                    f"{packed.file}, {packed.name}: its {layer} is not inside; paths are not followed"
                )
            paths[layer] = folder / layer
            write_atomically(paths[layer], content, flush=False)
        try:
            yield replace(
                finished,
                image=paths["image"],
                alpha=paths["alpha"],
                trimap=paths.get("trimap"),
                packed=None,
            )
        except DataError as error:
            text = str(error)
            for layer, path in paths.items():
                text = text.replace(str(path), f"{packed.file}, {packed.name}, {layer}")
            raise DataError(text) from None


@lru_cache(maxsize=len(_LAYERS))  # rows of a group are read one after the other
def _group(file: str, _time: int, group: int, column: str) -> Any:
    return _open(Path(file)).read_row_group(group, columns=[column]).column(0)


FINISHED = SourceKind(
    name="parquet",
    title="A parquet mirror",
    layout="<name>.parquet or data/<name>.parquet with the columns image and alpha (also matte, mask), "
    "perhaps trimap, a name (image_name, file_name, id) and categories (category, type, label)",
    licence="as the mirror says; state it in the CSV file",
    citation="",
    recognise=_recognise,
    index_finished=_index,
)
