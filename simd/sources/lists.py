"""Lists of composites ``class:foreground:background``, as the SIMD release has them."""

from pathlib import Path
from typing import NamedTuple

from simd.errors import DataError
from simd.files import read_text
from simd.image import is_image_name
from simd.taxonomy import class_name


class ListLine(NamedTuple):
    """A line ``class:foreground:background`` of a file list."""

    number: int
    class_: str
    fg_name: str
    bg_name: str


def read_file_list(path: Path) -> tuple[list[ListLine], dict[str, str]]:
    """Read a list of composites in the form of the SIMD release.

    Returns
    -------
    lines : list of ListLine
        The good lines, with the class as the project names it.
    problems : dict
        ``"<path>:<line>"`` to what is wrong there: fields, class, unsafe name, a line that stood before.

    Raises
    ------
    DataError
        If the file cannot be read or holds no line at all.
    """
    lines: list[ListLine] = []
    problems: dict[str, str] = {}
    first_seen: dict[tuple[str, ...], int] = {}
    for number, text in numbered_lines(path):
        try:
            line = _parse(number, text)
            before = first_seen.setdefault(line[1:], number)
            if before != number:
                raise DataError(f"says the same as line {before}; a composite is made once")
        except DataError as error:
            problems[f"{path}:{number}"] = str(error)
            continue
        lines.append(line)
    return lines, problems


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a list that are not blank, each with its number in the file."""
    text = read_text(path).replace("\r\n", "\n").split("\n")
    lines = [(number, line) for number, line in enumerate(text, start=1) if line.strip()]
    if not lines:
        raise DataError(f"{path}: is empty; a list has a line for each name")
    return lines


def _parse(number: int, text: str) -> ListLine:
    fields = text.split(":")
    if len(fields) != 3:
        raise DataError(
            f"has {len(fields)} fields, not three as in class:foreground:background ({text[:80]!r})"
        )
    check_name(fields[1], "foreground")
    check_name(fields[2], "background")
    return ListLine(number, class_name(fields[0]), fields[1], fields[2])


def check_name(name: str, what: str) -> None:
    """Refuse what is not a plain file name of an image."""
    if "/" in name or "\\" in name or name.startswith(".") or not name.isprintable():
        raise DataError(f"the {what} {name[:80]!r} is not a plain file name; folders and '..' are refused")
    if not is_image_name(name):
        raise DataError(f"the {what} {name[:80]!r} is not named like an image")
