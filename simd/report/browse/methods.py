"""The methods to show: their scores and mattes, checked against the set they belong to."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from simd.dataset.manifest import MattingSet
from simd.errors import DataError
from simd.files import no_such_folder, real_path
from simd.metrics.prediction_files import find_predictions, read_run_for
from simd.metrics.score import WHOLE, Score
from simd.metrics.scores import Scores, bases_of, load_scores
from simd.metrics.truth_of_set import truths_of_set


@dataclass(frozen=True)
class ShownMethod:
    """What one method has made of a set."""

    name: str
    scores: Scores | None = None
    folder: Path | None = None  # of mattes
    files: Mapping[str, Path] = field(default_factory=dict)  # by id
    missing: Mapping[str, str] = field(default_factory=dict)  # id to reason
    run_fallbacks: Mapping[str, str] = field(default_factory=dict)  # what run.json says

    @cached_property
    def key(self) -> str:
        """Its name in names of fields: a-z, 0-9 and underscores."""
        key = re.sub(r"[^a-z0-9]+", "_", self.name.lower()).strip("_")
        return key if key[:1].isalpha() else f"method_{key}".rstrip("_")

    @cached_property
    def whole(self) -> dict[str, Score]:
        """The scores of whole images, by id."""
        rows = () if self.scores is None else self.scores.rows
        return {row.id: row for row in rows if row.region == WHOLE}

    @cached_property
    def regions(self) -> dict[str, list[Score]]:
        """The scores of class regions, by id."""
        by_id: dict[str, list[Score]] = defaultdict(list)
        for row in () if self.scores is None else self.scores.rows:
            if row.region != WHOLE:
                by_id[row.id].append(row)
        return dict(by_id)

    def fallback(self, id_: str) -> str:
        """Return why the matte of an image is not the method's own; "" if it is."""
        return self.whole[id_].fallback if id_ in self.whole else self.run_fallbacks.get(id_, "")


def load_methods(
    dataset: MattingSet, scores: Sequence[Path] = (), predictions: Sequence[Path] = ()
) -> list[ShownMethod]:
    """Load methods in the order given.

    Parameters
    ----------
    scores : sequence of path
        What ``simd evaluate`` has written, or a folder of it. The mattes are looked for where they were
        scored.
    predictions : sequence of path
        Folders of mattes: of a method that has scores, if the folder or its run.json bears its name, else
        of a method of its own, which is shown without scores.

    Raises
    ------
    DataError
        If scores or mattes are of another set, a folder of `predictions` is missing, or two methods
        cannot be told apart by name.
    """
    methods = [_of_scores(dataset, path) for path in bases_of(scores)]
    for folder in dict.fromkeys(predictions):
        if not folder.is_dir():
            raise no_such_folder(folder, "mattes are")
        method = _of_folder(dataset, folder)
        names = {method.name, real_path(folder).name}
        fits = [i for i, m in enumerate(methods) if _same(m.folder, folder)] or [
            i for i, m in enumerate(methods) if m.name in names
        ]
        if fits:
            methods[fits[0]] = replace(method, name=methods[fits[0]].name, scores=methods[fits[0]].scores)
        else:
            methods.append(method)
    _check_names(methods)
    return methods


def problems(methods: Sequence[ShownMethod]) -> dict[str, str]:
    """Return what cannot be shown, by method and image."""
    return {f"{m.name}, {id_}": reason for m in methods for id_, reason in m.missing.items()}


def _of_scores(dataset: MattingSet, path: Path) -> ShownMethod:
    scores = load_scores(path)
    if scores.set.get("region"):
        raise DataError(
            f"{path}: counts whole images, and unknown regions are shown; score the mattes again without "
            "--region whole"
        )
    stated = scores.set.get("part_of", scores.set["digest"])
    if stated != dataset.digest:
        raise DataError(
            f"{path}: scores another set ({scores.set['name']}, digest {stated[:12]}); {dataset.path} has "
            f"{dataset.digest[:12]}: run simd evaluate on it"
        )
    folder = Path(scores.paths.get("predictions", ""))
    if folder.is_dir():
        return replace(_of_folder(dataset, folder), name=scores.name, scores=scores)
    gone = {row.id: f"{folder}: the folder of mattes is gone; name it: --predictions" for row in dataset.rows}
    return ShownMethod(scores.name, scores, None, {}, gone)


def _of_folder(dataset: MattingSet, folder: Path) -> ShownMethod:
    truths = truths_of_set(dataset)
    record, mattes = read_run_for(folder, truths), find_predictions(folder, truths)
    files = {id_: Path(file) for id_, file in mattes.files.items()}
    return ShownMethod(record.method, None, folder, files, mattes.missing, record.fallbacks)


def _same(folder: Path | None, other: Path) -> bool:
    return folder is not None and real_path(folder) == real_path(other)


def _check_names(methods: Sequence[ShownMethod]) -> None:
    seen: dict[str, str] = {}
    for method in methods:
        if method.key in seen:
            raise DataError(
                f"the methods {seen[method.key]!r} and {method.name!r} cannot be told apart by name; score "
                "one of them again under another: simd evaluate --name"
            )
        seen[method.key] = method.name
