"""The taxonomy as a table in a terminal, and sheets of generated foregrounds as files."""

import io
from pathlib import Path

from PIL import Image
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simd.errors import DataError
from simd.files import write_atomically
from simd.image import UInt8
from simd.sources.outputs import DRAWN, check_output_file, is_picture, write_picture
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


def check_sheet_name(path: Path) -> None:
    """Raise DataError unless a sheet can be written under this name."""
    check_output_file(path, "a sheet of simd", is_picture)
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise DataError(f"{path}: a sheet is a PNG or JPEG; let its name end in .png or .jpg")


def write_sheet(path: Path, pixels: UInt8) -> None:
    """Write a sheet, uint8 (H, W, 3) RGB, as the PNG or JPEG that its name asks for."""
    check_sheet_name(path)
    if path.suffix.lower() == ".png":
        write_picture(path, pixels)
        return
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=80, optimize=True, comment=DRAWN)
    write_atomically(path, stream.getvalue())
