"""The taxonomy as a table in a terminal."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simd.taxonomy import TAXONOMY


def print_classes() -> None:
    """Print the 20 classes with their colours, aliases and definitions."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "class", "alias", "what it is"):
        table.add_column(heading)
    for class_ in TAXONOMY:
        chip = Text("██", style=class_.colour)
        table.add_row(chip, class_.name, ", ".join(class_.aliases), class_.definition)
    Console().print(table)
