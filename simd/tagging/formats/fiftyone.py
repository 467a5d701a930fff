"""FiftyOne: label PNGs with 0 for no class, as its ImageSegmentationDirectory has them, and their targets.

Nothing here imports FiftyOne. Labels hold index + 1; :data:`simd.tagging.formats.index_plus_one.LABELS` are
the mask targets that belong to them.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from simd.errors import DataError
from simd.files import json_text, make_folder, read_json, write_atomically
from simd.image import encode_png, read_indices
from simd.tagging.formats.index_plus_one import LABELS, from_void_zero, to_void_zero
from simd.tagging.formats.labelled import Labelled, Names, file_stem, shaped_as
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
    """Read a folder of label PNGs, with the mask targets that stand beside it."""
    with shaped_as("a table of mask targets"):
        targets = {int(number): str(label) for number, label in read_json(folder / _TARGETS).items()}
    labels = folder / "labels"
    if not labels.is_dir():
        raise DataError(f"{labels}: no such folder; label PNGs are expected there")
    for file in sorted(labels.rglob("*.png")):
        name = file.relative_to(labels).as_posix()
        try:
            yield from_void_zero(read_indices(inside(labels, name)), targets, names)._replace(
                name=name.removesuffix(".png")
            )
        except DataError as error:
            yield Labelled(name.removesuffix(".png"), None, (str(error),))


def _write(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    write_atomically(path, content)
