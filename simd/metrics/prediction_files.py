"""A folder of predicted mattes: which file is whose, and whether run.json fits the truth."""

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simd.dataset.predictions import RunRecord, read_run
from simd.errors import DataError
from simd.files import real_path
from simd.garbage import search_put_off
from simd.image import is_image_name
from simd.metrics.truth_of_set import Truths


class PredictionFiles(NamedTuple):
    """The files of a folder, paired with the images to score."""

    files: dict[str, str]  # paths by the id of the image, as text: a hundred thousand Paths take 2 s
    missing: dict[str, str]  # id to reason
    extra: tuple[str, ...]  # images in the folder that belong to no image of the set


@search_put_off()
def find_predictions(folder: Path, truths: Truths) -> PredictionFiles:
    """Pair predictions with images by name: ``<id>``, for ids in folders also ``<folder>_<stem>``.

    Subfolders are looked at if ids have some.
    """
    wanted = [image.id for image in truths.images]
    ids = _names([*wanted, *truths.left_out])
    nested = any("/" in id_ for id_ in ids.values())
    prefix = f"{folder}/"
    files: dict[str, str] = {}
    doubled: dict[str, list[str]] = {}
    extra = []
    for path in _within(folder, nested=nested):
        if not is_image_name(path) or path.startswith(".") or "/." in path:
            continue
        id_ = ids.get(path[: path.rindex(".")])
        if id_ is None:
            extra.append(path)
        elif id_ in files:
            doubled.setdefault(id_, [files[id_].removeprefix(prefix)]).append(path)
        elif id_ not in truths.left_out:
            files[id_] = prefix + path
    missing = {
        id_: f"{' and '.join(names)} share one name; keep one of them" for id_, names in doubled.items()
    }
    missing |= {id_: f"{folder / id_}.png is not there" for id_ in wanted if id_ not in files}
    for id_ in doubled:
        del files[id_]
    return PredictionFiles(files, missing, tuple(extra))


def _within(folder: Path, *, nested: bool) -> list[str]:
    """Return what a folder holds, sorted, as names: as paths, a hundred thousand take seconds to sort."""
    if not nested:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries)
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
    return sorted(names, key=lambda name: name.split("/"))


def read_run_for(folder: Path, truths: Truths) -> RunRecord:
    """Read run.json; where there is none, the folder's name is the method's.

    Raises
    ------
    DataError
        If it is broken, or says that the mattes were made for another set.
    """
    record = read_run(folder)
    if record is None:
        return RunRecord(method=real_path(folder).name)
    digest = record.set_digest
    if truths.identified and digest not in (None, truths.set["digest"], truths.set.get("part_of")):
        raise DataError(
            f"{folder}: run.json says that these mattes were made for a set with digest {str(digest)[:12]}, "
            f"{truths.origin} has {truths.set['digest'][:12]}; predict this set first"
        )
    return record


def _names(ids: Sequence[str]) -> dict[str, str]:
    """Return the id for each name that a prediction may have; a flat name that fits two ids is none."""
    flat: dict[str, list[str]] = defaultdict(list)
    for id_ in ids if any("/" in id_ for id_ in ids) else ():
        flat[id_.replace("/", "_")].append(id_)
    names = {name: ids_of_name[0] for name, ids_of_name in flat.items() if len(ids_of_name) == 1}
    names.update(zip(ids, ids, strict=True))
    return names
