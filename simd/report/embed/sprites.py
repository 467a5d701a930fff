"""Thumbnails in sheets beside the page: a browser loads the few that are looked at."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from simd.errors import DataError
from simd.files import check_replaceable, make_folder, write_atomically
from simd.report.embed.patches import THUMBNAIL_SIDE, RegionPatch

COLUMNS = 16
SHEET = COLUMNS * COLUMNS
"""Thumbnails of a sheet, row by row."""
FOLDER = "thumbnails"

_QUALITY = 85  # WebP; the thumbnails have been through it once
_METHOD = 2  # of 6: a third of the default's time, and a few per cent larger


def sheet_name(number: int) -> str:
    """Return the file name of a sheet."""
    return f"sheet-{number:04d}.webp"


def write_sheets(patches: Sequence[RegionPatch], out: Path) -> list[tuple[int, int]]:
    """Write the thumbnails of patches into sheets of 16 × 16, ``out/thumbnails/sheet-0000.webp`` and so on.

    Parameters
    ----------
    patches : sequence of RegionPatch
        In the order of the page: patch i is in sheet i // 256.
    out : Path
        Folder of the page; sheets of an earlier, larger map are removed.

    Returns
    -------
    list of (int, int)
        Width and height of each thumbnail, which lies in the upper left corner of its square; 0 and 0 for a
        patch without one.

    Raises
    ------
    DataError
        If a thumbnail is no picture.
    """
    folder = out / FOLDER
    if folder.is_symlink():
        check_replaceable(folder)
    make_folder(folder)
    sizes: list[tuple[int, int]] = []
    names = set()
    for start in range(0, len(patches), SHEET):
        pictures = [_picture(patch) for patch in patches[start : start + SHEET]]
        sizes += [picture.size if picture else (0, 0) for picture in pictures]
        names.add(sheet_name(start // SHEET))
        write_atomically(folder / sheet_name(start // SHEET), _sheet(pictures), flush=False)
    for file in folder.glob("sheet-*.webp"):
        if file.name not in names:
            file.unlink()
    return sizes


def _sheet(pictures: Sequence[Image.Image | None]) -> bytes:
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * THUMBNAIL_SIDE, rows * THUMBNAIL_SIDE))
    for place, picture in enumerate(pictures):
        if picture:
            row, column = divmod(place, COLUMNS)
            sheet.paste(picture, (column * THUMBNAIL_SIDE, row * THUMBNAIL_SIDE))
    data = io.BytesIO()
    sheet.save(data, "WEBP", quality=_QUALITY, method=_METHOD)
    return data.getvalue()


def _picture(patch: RegionPatch) -> Image.Image | None:
    if not patch.thumbnail:
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(patch.thumbnail.partition(",")[2]))) as image:
            picture = image.convert("RGB")
    except (OSError, ValueError) as error:
        raise DataError(
            f"{patch.id}, region {patch.region}: its thumbnail is no picture ({error}); remove the folder "
            ".embed of the map and run the command again"
        ) from error
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return picture
