"""Going over the images of a set, each to a row of JSON, so that an interrupted run goes on."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simd.dataset.manifest import MattingSet, Sample
from simd.files import make_folder
from simd.journal import Journal, Row, by_item, resumed
from simd.schema import Kind


def rows_of_images(
    matting_set: MattingSet,
    function: Callable[[Sample], Row],
    *,
    workers: int,
    state: Path | None,
    settings: Mapping[str, Any],
    kind: Kind,
) -> tuple[dict[str, Row], dict[str, str]]:
    """Apply a function to every image of a set.

    Parameters
    ----------
    matting_set : MattingSet
    function : callable
        Sample to a row of JSON that has the sample's id as ``"id"``.
    workers : int
        Processes.
    state : Path, optional
        Folder in which finished images are noted; a run that finds it goes on from there. It stays.
    settings : mapping
        What the rows depend on besides the set; what was noted under others is not taken.
    kind : Kind
        What a row has to be; one that was damaged since is refused.

    Returns
    -------
    rows : dict
        By the id of the image.
    failures : dict
        Reasons by id.
    """
    journal = None
    if state is not None:
        settings = {"set": matting_set.digest, **settings}
        # a folder for each, so that features that turn out not to do, or a set built anew, block no other run
        key = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:12]
        make_folder(state)
        journal = Journal(state / key, settings)
    return resumed(
        journal,
        list(matting_set),
        by_item(function, key=_id, workers=workers),
        key=_id,
        load=lambda row: row,
        dump=lambda _, row: row,
        kind=kind,
        what="images",
    )


def _id(sample: Sample) -> str:
    return sample.row.id
