"""Scores of a method on a set: rows by image and region, in memory and on disk."""

import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simd.errors import DataError, expected_and_present
from simd.files import as_path, csv_text, json_text, make_folder, write_atomically
from simd.metrics.score import METRICS_VERSION, Score
from simd.metrics.score_files import COLUMNS, CUTOUT_COLUMNS, DIGEST_KEY, read_score_files, version_of
from simd.metrics.score_summary import (
    ScoreSummary,
    class_mean_errors,
    mean_errors,
    summarise_scores,
    whole_images,
)
from simd.sources.outputs import Inputs, begins, check_output_file, has_keys

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scores:
    """All scores of a method on a set, with what they were computed from."""

    name: str
    version: str
    set: Mapping[str, str]  # name, protocol, digest, trimaps_digest
    paths: Mapping[str, str]  # where the set and the predictions lie
    rows: tuple[Score, ...]
    missing: Mapping[str, str]  # id to reason
    seconds_per_image: float | None = None
    remarks: tuple[str, ...] = ()  # what a reader of the scores has to know
    metrics_version: int = METRICS_VERSION  # of the definitions that they were computed by

    @property
    def table_key(self) -> tuple[str, ...]:
        """What scores have to share to stand in one table: set, trimaps, region, masks, metrics."""
        facts = (self.set.get(name, "") for name in ("digest", "trimaps_digest", "region", "class_masks"))
        return *facts, str(self.metrics_version)

    def summary(self) -> ScoreSummary:
        """Return the means by class, by region and in all, with their intervals."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return summarise_scores(values.pop("rows"), **values)

    def to_frame(self) -> "pd.DataFrame":
        """Return the rows as a pandas table, a row an image and region.

        Returns
        -------
        pandas.DataFrame
            The columns of ``<out>.csv``: ``id``; ``class``, the image's primary class; ``fg_id``;
            ``region``, "unknown" for the whole unknown region, a class, or "unlabelled"; ``pixels``;
            ``sad``, ``grad`` and ``conn`` in thousands, ``mse`` as it is, nan where there is none;
            ``alpha_kind``; ``fallback``, why the matte is not the method's own; where cut-outs were measured
            also ``residue``, ``residue_share`` and ``halo``, of whole images.

        Examples
        --------
        The mean SAD of whole images by class::

            frame = scores.to_frame()
            frame[frame.region == "unknown"].groupby("class").sad.mean()
        """
        import pandas as pd

        columns, rows = _table(self.rows)
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        whole = whole_images(self.rows)
        sad, of = class_mean_errors(self.rows).sad, "class-balanced"
        if math.isnan(sad):
            sad, of = mean_errors(whole).sad, "image mean"
        missing = f", {len(self.missing)} missing" if self.missing else ""
        return (
            f"<Scores of {self.name!r} on {self.set.get('name', '')!r}: {len(whole)} images{missing}, "
            f"SAD {sad:.2f} ({of})>"
        )

    def _repr_html_(self) -> str:
        """Return the means as a table, for notebooks."""
        from simd.metrics.score_table import score_table_html

        missing = f"; {len(self.missing)} images have no usable matte" if self.missing else ""
        return score_table_html(
            f"{self.name} {self.version} on {self.set.get('name', '')}{missing}", self.rows
        )

    def save(self, out: Path) -> tuple[Path, Path]:
        """Write ``<out>.csv`` (rows) and ``<out>.json`` (summary); paths in it are relative to it."""
        out = check_scores_place(out, inputs=self.paths.values())
        make_folder(out.parent)
        table, summary = _files_of(out)
        digest = _write_rows(table, self.rows)
        paths = {k: os.path.relpath(v, out.parent) for k, v in self.paths.items()}
        write_atomically(
            summary, json_text(self.summary().to_json() | {"paths": paths} | {DIGEST_KEY: digest})
        )
        return table, summary


def _write_rows(table: Path, scores: Sequence[Score]) -> str:
    """Write scores as a table; return the digest of its text, which is not kept: it may be large."""
    columns, rows = _table(scores)
    text = csv_text(columns, ([repr(v) if isinstance(v, float) else v for v in row] for row in rows))
    write_atomically(table, text)
    return hashlib.sha256(text.encode()).hexdigest()


def _table(rows: Sequence[Score]) -> tuple[list[str], Iterator[list[Any]]]:
    """Return the columns and the values of rows; those of cut-outs only where any row has them."""
    measured = any(row.cutout is not None for row in rows)
    columns = [*COLUMNS, *(CUTOUT_COLUMNS if measured else ())]
    names = [field.name for field in fields(Score) if field.name != "cutout"]
    absent = [None] * len(CUTOUT_COLUMNS)
    values = (
        [*(getattr(row, name) for name in names), *((row.cutout or absent) if measured else ())]
        for row in rows
    )
    return columns, values


def check_scores_place(out: str | Path, *, inputs: Inputs = ()) -> Path:
    """Return `out` if ``<out>.csv`` and ``<out>.json`` may be written, or raise DataError."""
    table, summary = _files_of(as_path(out, "the name of scores"))
    check_output_file(table, "scores", begins(",".join(COLUMNS[:6])), inputs=inputs)
    check_output_file(summary, "scores", has_keys("name", "set", "paths", "image_mean"), inputs=inputs)
    return Path(out)


def _files_of(out: Path) -> tuple[Path, Path]:
    if not out.name.strip("."):
        raise DataError(f"{out}: scores are two files, <name>.csv and <name>.json; give a name, not a folder")
    return out.with_name(f"{out.name}.csv"), out.with_name(f"{out.name}.json")


def load_scores(path: Path) -> Scores:
    """Read scores from their summary or their rows: ``<out>``, ``<out>.json`` or ``<out>.csv``.

    Raises
    ------
    DataError
        If a file is missing or is not one that ``simd evaluate`` writes, or the two are not of one run.
    """
    base = base_of(path)
    summary, rows = read_score_files(*(base.with_name(base.name + suffix) for suffix in (".json", ".csv")))
    return Scores(
        name=summary["name"],
        version=summary["version"],
        set=summary["set"],
        paths={k: os.path.normpath(base.parent / v) for k, v in summary["paths"].items()},
        rows=tuple(rows),
        missing=summary["missing"],
        seconds_per_image=summary["seconds_per_image"],
        remarks=tuple(summary.get("remarks", ())),
        metrics_version=version_of(summary),
    )


def bases_of(paths: Iterable[Path]) -> list[Path]:
    """Return ``<out>`` of each scores that some paths mean, once: a folder means all scores in it.

    Raises
    ------
    DataError
        If a folder holds no scores.
    """
    bases: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir() or (path.name.strip(".") and any(file.is_file() for file in _files_of(path))):
            bases[base_of(path)] = None
            continue
        names = {file.name for file in path.iterdir()}
        summaries = [name for name in sorted(names) if name.endswith(".json") and not name.startswith(".")]
        of_folder = [path / name[:-5] for name in summaries if f"{name[:-5]}.csv" in names]
        if not of_folder:
            present = expected_and_present(["NAME.json", "NAME.csv"], names)
            raise DataError(
                f"{path}: is a folder without scores, which are NAME.json and NAME.csv: {present}"
            )
        bases |= dict.fromkeys(of_folder)
    return list(bases)


def base_of(path: Path) -> Path:
    """Return ``<out>`` of ``<out>``, ``<out>.json`` or ``<out>.csv``: the scores that any of them means.

    Raises
    ------
    DataError
        If it has no name, as ``.`` and ``/``.
    """
    if not path.name.strip("."):
        raise DataError(f"{path}: is a folder; scores have a name: NAME, NAME.json or NAME.csv")
    return path.with_suffix("") if path.suffix in (".json", ".csv") else path
