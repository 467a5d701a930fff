"""Figures that others have printed, in tables of one protocol each; never in one with figures of ours."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from simd.errors import DataError
from simd.files import read_toml
from simd.missing import DASH
from simd.report.console import table as table_of
from simd.schema import NAME, Kind, checked, list_of, record
from simd.taxonomy import annotations_dir, suggest

PROTOCOL = ("set", "protocol", "region", "trimaps")
"""What all rows of a table share."""
FACTS = ("trained_on", "mattes", "source", "date")
"""What each row says for itself; "unknown" where its source does not say."""
_UNKNOWN = "unknown"
_FIGURE = re.compile(r"-|\d+(\.\d+)?")
_FIGURES = Kind("figures and dashes with spaces between", lambda v: isinstance(v, str) and _all_figures(v))
_OF_ROW = dict.fromkeys((*PROTOCOL, *FACTS), NAME)
_TABLE = record(
    {
        **dict.fromkeys(("title", "board", "what", *PROTOCOL), NAME),
        "columns": list_of(NAME, filled=True),
        "row": list_of(record({"name": NAME, "values": _FIGURES}, _OF_ROW), filled=True),
    },
    {"note": NAME, "rows": record({}, dict.fromkeys(FACTS, NAME))},
    words="a table of reported figures",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRow:
    """A row as its source prints it."""

    name: str
    values: tuple[str, ...]  # as printed, with their digits; "-" for none
    trained_on: str
    mattes: str
    source: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedTable:
    """Rows of one protocol."""

    title: str
    board: str  # the name that shows it, with others of that set
    what: str  # a row is one of: a method, a class, an arm
    set: str
    protocol: str
    region: str
    trimaps: str
    columns: tuple[str, ...]
    rows: tuple[ReportedRow, ...]
    note: str = ""

    @property
    def heads(self) -> tuple[str, ...]:
        """The headings of `cells`: those facts that differ between rows stand in columns."""
        return (self.what, *self.columns, *(name.replace("_", " ") for name in self._varied))

    @property
    def cells(self) -> list[tuple[str, ...]]:
        """The rows as text."""
        return [
            (
                row.name,
                *(DASH if value == "-" else value for value in row.values),
                *(getattr(row, name) for name in self._varied),
            )
            for row in self.rows
        ]

    @property
    def about(self) -> list[str]:
        """What all rows have in common, in lines."""
        shared = [f"{name} {getattr(self, name)}" for name in PROTOCOL]
        of_rows = [
            f"{name.replace('_', ' ')}: {getattr(self.rows[0], name)}"
            for name in FACTS
            if name not in self._varied
        ]
        return [
            "Reported by others, not measured here: compare with nothing of another protocol.",
            ", ".join(shared) + ".",
            "; ".join(of_rows) + "." if of_rows else "",
            *([self.note] if self.note else []),
        ]

    @property
    def _varied(self) -> tuple[str, ...]:
        return tuple(name for name in FACTS if len({getattr(row, name) for row in self.rows}) > 1)


def reported_boards() -> list[str]:
    """Return the names of the boards of reported figures that are shipped."""
    return sorted({read_table(path).board for path in _shipped()})


def read_reported(name: str) -> list[ReportedTable]:
    """Read the tables of a shipped board, or the table of a TOML file.

    Raises
    ------
    DataError
        If there is no such board, or a file is not such a table.
    """
    if name.endswith(".toml"):
        return [read_table(Path(name))]
    tables = [table for path in _shipped() if (table := read_table(path)).board == name]
    if not tables:
        known = reported_boards()
        raise DataError(
            f"{name!r}: no reported figures of that name{suggest(name, known)}; there are "
            f"{', '.join(known)}, and any table of yours that ends in .toml"
        )
    return tables


def read_table(path: Path) -> ReportedTable:
    """Read a table of reported figures.

    Raises
    ------
    DataError
        If a key is missing or not of its kind, a row has another number of figures than the table has
        columns, or states another protocol than the table.
    """
    content = checked(read_toml(path), _TABLE, path, "see docs/entries.md")
    defaults = dict.fromkeys(FACTS, _UNKNOWN) | content.get("rows", {})
    rows = []
    for row in content["row"]:
        where, values = f"{path}: the row {row['name']!r}", tuple(row["values"].split())
        if len(values) != len(content["columns"]):
            raise DataError(
                f"{where} has {len(values)} figures, the table {len(content['columns'])} columns "
                f"({', '.join(content['columns'])}); write - where the source has none"
            )
        for name in PROTOCOL:
            if row.get(name, content[name]) != content[name]:
                raise DataError(
                    f"{where} is of another {name} ({row[name]}) than its table ({content[name]}): such "
                    "figures cannot be compared; put it into a table of its own"
                )
        facts = defaults | {key: row[key] for key in FACTS if key in row}
        rows.append(ReportedRow(name=row["name"], values=values, **facts))
    names = [row.name for row in rows]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path}: two rows are called {twice[0]!r}; say in the name how they differ")
    head = {key: content[key] for key in ("title", "board", "what", *PROTOCOL)}
    note = content.get("note", "")
    return ReportedTable(**head, columns=tuple(content["columns"]), rows=tuple(rows), note=note)


def terminal_parts(tables: Sequence[ReportedTable]) -> Iterator[Text | Table]:
    """Yield what a terminal shows of tables."""
    for reported in tables:
        yield Text.assemble(
            "\n", (reported.title, "bold"), " (reported)\n", ("\n".join(reported.about), "dim")
        )
        table = table_of(reported.heads[0], *reported.heads[1:])
        for column in table.columns[1 + len(reported.columns) :]:
            column.justify = "left"
        for cells in reported.cells:
            table.add_row(*map(Text, cells))
        yield table


def _shipped() -> list[Path]:
    return sorted((annotations_dir() / "reported").glob("*.toml"))


def _all_figures(text: str) -> bool:
    figures = text.split()
    return bool(figures) and all(_FIGURE.fullmatch(figure) for figure in figures)
