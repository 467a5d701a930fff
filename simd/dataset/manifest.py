"""dataset.json and metadata.jsonl: what a set on disk says of itself, and reading it back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from simd.arguments import checked
from simd.dataset.card import CARD_NAME, card
from simd.dataset.info import check_rows, counts, digests, read_info
from simd.dataset.layers import read_layer, stated_size
from simd.errors import DataError
from simd.files import (
    json_lines,
    json_object,
    json_text,
    no_such_folder,
    read_lines,
    real_path,
    write_atomically,
)
from simd.garbage import search_put_off
from simd.image import UInt8, read_size
from simd.records import UNLABELLED, Composite, composite_of_line, file_name
from simd.taxonomy import suggest
from simd.version import __version__

if TYPE_CHECKING:
    import pandas as pd

INFO_NAME, ROWS_NAME = "dataset.json", "metadata.jsonl"
ATTRIBUTION_NAME = "ATTRIBUTION.md"


@dataclass(frozen=True)
class Sample:
    """One composite of a set; its images are read when they are asked for."""

    root: Path
    row: Composite

    def __repr__(self) -> str:
        row = self.row
        return f"<Sample {row.id}: {row.class_ or UNLABELLED}, fg {row.fg_id!r}, bg {row.bg_id!r}>"

    @cached_property
    def image(self) -> UInt8:
        """The composite, uint8 (H, W, 3) RGB."""
        return self.read("image")

    @cached_property
    def alpha(self) -> UInt8:
        """The true matte, uint8 (H, W)."""
        return self.read("alpha")

    @cached_property
    def trimap(self) -> UInt8:
        """The trimap, uint8 (H, W) of 0, 128, 255."""
        return self.read("trimap")

    @cached_property
    def class_mask(self) -> UInt8:
        """The class index of each pixel, uint8 (H, W), 255 where there is none."""
        return self.read("class_mask")

    @property
    def size(self) -> tuple[int, int]:
        """(H, W), from the recipe if it says so, else from the image's header."""
        return stated_size(self.row) or read_size(self.path("image"))

    def path(self, layer: str) -> Path:
        """Return where a layer lies."""
        return self.root / file_name(self.row.id, layer)

    def read(self, layer: str) -> UInt8:
        """Read a layer by its name; DataError where its file does not hold the pixels that were built."""
        return read_layer(self.root, self.row, layer)


def unnamed(protocol: str, seed: int) -> str:
    """Return what dataset.json says in the place of a name that nobody gave: ``exact-0``."""
    return f"{protocol}-{seed}"


@dataclass(frozen=True)
class MattingSet(Sequence[Sample]):
    """A set on disk: its samples in the order built, by position, slice or id: ``built["fur-0a1b2c3d"]``."""

    path: Path
    info: dict[str, Any]  # dataset.json
    rows: tuple[Composite, ...]

    def __repr__(self) -> str:
        classes = len({row.class_ for row in self.rows} - {""})
        return f"<MattingSet {self.name!r}: {len(self)} composites of {classes} classes, at {self.path}>"

    def _repr_html_(self) -> str:
        """Show the set in a notebook: its name, and how many composites and foregrounds each class has."""
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{of_class['composites']}</td><td>{of_class['foregrounds']}</td></tr>"
            for name, of_class in counts(self.rows)["classes"].items()
        )
        return (
            f"<p>{escape(repr(self))}</p><table><thead><tr><th>class</th><th>composites</th>"
            f"<th>foregrounds</th></tr></thead><tbody>{rows}</tbody></table>"
        )

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int | str) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | str | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [Sample(self.path, row) for row in self.rows[index]]
        if isinstance(index, str):
            return Sample(self.path, self._row(index))
        return Sample(self.path, self.rows[index])

    def _row(self, id_: str) -> Composite:
        if (row := self._by_id.get(id_)) is None:
            raise DataError(f"{self.path}: has no composite {id_!r}{suggest(id_, self._by_id)}")
        return row

    @cached_property
    def _by_id(self) -> dict[str, Composite]:
        return {row.id: row for row in self.rows}

    def to_frame(self) -> "pd.DataFrame":
        """Return the rows of metadata.jsonl as a pandas table, in their order.

        Returns
        -------
        pandas.DataFrame
            A row a composite; ``classes`` holds tuples and ``recipe`` dicts.
        """
        import pandas as pd

        return pd.DataFrame([row.to_row() for row in self.rows])

    def __iter__(self) -> Iterator[Sample]:
        return (Sample(self.path, row) for row in self.rows)

    @property
    def name(self) -> str:
        """The set's name: the one that it was built with; without one, that of its folder.

        dataset.json never holds a folder: it has protocol and seed there, which tell no two sets apart.
        """
        stated = str(self.info["name"])
        if stated != unnamed(str(self.info["protocol"]), int(self.info["seed"])):
            return stated
        return real_path(self.path).name or stated

    @property
    def digest(self) -> str:
        """The digest of its content: equal for equal pixels, ids and classes, wherever it lies."""
        return str(self.info["digests"]["set"])

    @property
    def trimaps_digest(self) -> str:
        """The digest of its trimaps alone."""
        return str(self.info["digests"]["trimaps"])


@checked
def load_set(path: str | Path) -> MattingSet:
    """Open a set that `simd build` has written.

    Raises
    ------
    DataError
        If the folder is not a set, a key of its two files is missing or not of its kind or range, or the two
        contradict each other.

    Examples
    --------
    >>> for sample in load_set("demo/set"):            # doctest: +SKIP
    ...     print(sample.row.id, sample.image.shape, sample.alpha.mean())
    """
    root = Path(path)
    if not root.is_dir():
        raise no_such_folder(root, "a set built by simd build is")
    if not (root / INFO_NAME).is_file():
        raise DataError(
            f"{root}: is not a set, it has no {INFO_NAME}; "
            "give the folder that simd build or simd import has made"
        )
    info = read_info(root / INFO_NAME)
    rows = read_rows(root / ROWS_NAME)
    check_rows(info, root / INFO_NAME, rows, root / ROWS_NAME)
    return MattingSet(root, info, tuple(rows))


@search_put_off()
def read_rows(path: Path) -> list[Composite]:
    """Read a metadata.jsonl; DataError, with file and line, where a line is no row."""
    rows = []
    for number, line in enumerate(read_lines(path), start=1):
        if (row := composite_of_line(line)) is None and line.strip():
            try:
                row = Composite.from_row(json_object(line, path, number))
            except DataError as error:
                raise DataError(f"{path}:{number}: {error}") from None
        if row is not None:
            rows.append(row)
    return rows


def write_manifest(
    root: Path,
    rows: Sequence[Composite],
    *,
    name: str,
    protocol: str,
    seed: int,
    sources: Sequence[dict[str, Any]],
) -> None:
    """Write metadata.jsonl and the card, then dataset.json: a folder with that is a finished set.

    Rows without a class come last: `datasets` takes the types of columns from the first 10 MB, and a column
    that holds only null there cannot hold a class later.
    """
    rows = sorted(rows, key=lambda row: not row.class_)
    write_atomically(root / ROWS_NAME, json_lines(row.to_row() for row in rows))
    info = {
        "name": name,
        "version": "1.0.0",
        "protocol": protocol,
        "seed": seed,
        "counts": counts(rows),
        "sources": list(sources),
        "digests": digests(rows),
        "simd_version": __version__,
    }
    write_atomically(root / CARD_NAME, card(info, rows))
    write_atomically(root / INFO_NAME, json_text(info))
