"""What `simd balance` prints: each class's share, and what an equal number would take."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simd.errors import DataError
from simd.report.numbers import DASH
from simd.selection.class_balance import choose_equal
from simd.selection.class_counts import Census
from simd.taxonomy import TAXONOMY

_BAR = 24


def print_balance(census: Census, per_class: int | None) -> None:
    """Print counts with bars, max/min, entropy, and the foregrounds that are missing by class."""
    missing = census.missing(per_class)
    largest = max(1, *census.foregrounds.values())
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("class")
    for heading in ("foregrounds", "composites", "missing"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for class_ in TAXONOMY:
        count = census.foregrounds[class_.name]
        bar = Text("█" * round(_BAR * count / largest), style=class_.colour)
        composites = census.composites[class_.name]
        lack = missing.get(class_.name, 0)
        table.add_row(class_.name, _dash(count), _dash(composites), _dash(lack), bar)
    console = Console()
    console.print(table)
    goal = max(census.foregrounds.values()) if per_class is None else per_class
    without = f" ({census.unlabelled} more without a class)" if census.unlabelled else ""
    counted = f"{sum(census.foregrounds.values())} regions of " if census.by_region else ""
    present = sum(map(bool, census.foregrounds.values()))
    console.print(
        f"{counted}{len(census.regions)} foregrounds{without} in {present} of {len(TAXONOMY)} classes, "
        f"max/min {census.spread:.1f}, entropy {census.entropy:.3f} (1 is equal)"
    )
    console.print(f"{goal} for each class would take {sum(missing.values())} more")
    if census.by_region:
        console.print(_equal_text(census, per_class))


def _equal_text(census: Census, per_class: int | None) -> str:
    try:
        return f"as equal as it gets: {choose_equal(census.regions, per_class)}"
    except DataError as error:  # that many cannot be had: the table has said so, class by class
        return str(error)


def _dash(count: int) -> str:
    return str(count) if count else DASH
