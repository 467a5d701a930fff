"""FiftyOne: label PNGs with 0 for no class, as its ImageSegmentationDirectory has them, and their targets.

Nothing here imports FiftyOne. Labels hold index + 1; :data:`simd.tagging.formats.index_plus_one.LABELS` are
the mask targets that belong to them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simd.addresses import is_sidecar, without_ending
from simd.errors import DataError
from simd.files import check_regular, json_text, make_folder, read_json, write_atomically
from simd.image import encode_png, read_image
from simd.tagging.formats.index_plus_one import LABELS, from_void_zero, to_void_zero
from simd.tagging.formats.labelled import Labelled, Names, file_stem, shaped_as
from simd.tagging.formats.stored_masks import Colour, from_colours, read_numbers
from simd.tagging.formats.untrusted import inside

_TARGETS = "mask_targets.json"


def write(items: Iterable[Labelled], out: Path) -> None:
    """Write labels/<name>.png and mask_targets.json, and data/<name>.png where the pictures are at hand."""
    for item in items:
        assert item.class_mask is not None
        stem = file_stem(item.name)
        _write(out / "labels" / f"{stem}.png", encode_png(to_void_zero(item.class_mask)))
        if item.picture is not None:
            _write(out / "data" / f"{stem}.png", item.picture)
    make_folder(out)
    write_atomically(out / _TARGETS, json_text({str(number): name for number, name in LABELS.items()}))


def read(folder: Path, names: Names) -> Iterator[Labelled]:
    """Read a folder of label images, with the mask targets that stand beside it."""
    with shaped_as("a table of mask targets", str(folder / _TARGETS)):
        check_regular(folder / _TARGETS)
        numbers, colours = _targets(read_json(folder / _TARGETS))
    labels = folder / "labels"
    if not labels.is_dir():
        raise DataError(f"{labels}: no such folder; label images are expected there")
    names_of_labels = _files(labels)
    for name in names_of_labels:
        try:
            result = _read_mask(inside(labels, name), numbers, colours, names)
            yield result._replace(name=without_ending(name), named_by="stem")
        except DataError as error:
            yield Labelled(without_ending(name), None, (str(error),))
    labelled = set(map(without_ending, names_of_labels))
    for name in _files(folder / "data"):
        if without_ending(name) not in labelled:
            yield Labelled(name, None, ("has an image in data/ and no label in labels/",))


def _files(folder: Path) -> list[str]:
    """Return the files below a folder by their names in it, without what macOS lays beside them."""
    names = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if not f.is_dir())
    return [name for name in names if not is_sidecar(name)]


def _read_mask(path: Path, numbers: dict[int, str], colours: dict[Colour, str], names: Names) -> Labelled:
    stored = read_numbers(path)
    if colours and not numbers:
        return from_colours(read_image(path), colours, names, _TARGETS)
    if stored is None:
        raise DataError(f"{path}: holds colours, and {_TARGETS} names numbers")
    return from_void_zero(stored, numbers, names)


def _targets(content: Any) -> tuple[dict[int, str], dict[Colour, str]]:
    """Return labels by number and by colour, from every form of targets that FiftyOne documents.

    Keys are numbers or "#RRGGBB"; the table may be a dataset's default, or stand under the name of its field;
    a colour's value may hold its number beside its label.
    """
    content = content.get("default_mask_targets") or content.get("mask_targets") or content
    tables = [row for row in content.values() if isinstance(row, dict) and not {"label", "name"} & row.keys()]
    if tables and len(tables) == len(content):
        if any(table != tables[0] for table in tables):
            raise DataError(f"has targets of {len(tables)} fields; keep those of the field exported")
        content = tables[0]
    numbers: dict[int, str] = {}
    colours: dict[Colour, str] = {}
    for key, value in content.items():
        label = str(value.get("label", value.get("name")) if isinstance(value, dict) else value)
        if key.startswith("#"):
            red, green, blue = bytes.fromhex(key[1:])
            colours[red, green, blue] = label
        else:
            numbers[int(key)] = label
    if numbers and colours:
        raise DataError("names numbers and colours; masks hold one or the other")
    return numbers, colours


def _write(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    write_atomically(path, content, flush=False)
