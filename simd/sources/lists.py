"""Lists of names: a line is ``class:foreground:background``, ``class:foreground``, or a name alone.

Blank lines count for nothing, nor do spaces around a field; lines end as on any system.
"""

from pathlib import Path
from typing import NamedTuple

from simd.errors import DataError
from simd.files import read_text
from simd.image import is_image_name
from simd.records import UNLABELLED
from simd.taxonomy import class_name


class ListLine(NamedTuple):
    """A line of a list; what it does not give is ""."""

    number: int
    class_: str  # as it stands there, or as the project names it where that is said
    fg_name: str
    bg_name: str


def parse_line(number: int, text: str) -> ListLine:
    """Split a line of a list into its one to three fields.

    Raises
    ------
    DataError
        If there are more fields, or the class or the foreground is empty.

    Examples
    --------
    >>> parse_line(1, "net: fence 2.png :sky.jpg")
    ListLine(number=1, class_='net', fg_name='fence 2.png', bg_name='sky.jpg')
    >>> parse_line(2, "fence 2.png")
    ListLine(number=2, class_='', fg_name='fence 2.png', bg_name='')
    """
    fields = [field.strip() for field in text.split(":")]
    if len(fields) > 3 or not all(fields[:2]):
        raise DataError(f"a line is class:name, class:name:background or a name, not {text.strip()[:80]!r}")
    if len(fields) == 1:
        return ListLine(number, "", fields[0], "")
    return ListLine(number, fields[0], fields[1], fields[2] if len(fields) == 3 else "")


def read_file_list(path: Path) -> tuple[list[ListLine], dict[str, str]]:
    """Read a list of composites ``class:foreground:background``, as the SIMD release has it.

    Returns
    -------
    lines : list of ListLine
        The good lines, with the class as the project names it, "" where they say "unlabelled".
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
            line = _parse_composite(number, text)
            before = first_seen.setdefault(line[1:], number)
            if before != number:
                raise DataError(f"says the same as line {before}; a composite is made once")
        except DataError as error:
            problems[f"{path}:{number}"] = str(error)
            continue
        lines.append(line)
    return lines, problems


def lines_of(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a list that are not blank, each with its number in the file."""
    # not splitlines, which also cuts at characters that a name may hold
    return [(n, line.strip()) for n, line in enumerate(read_text(path).split("\n"), 1) if line.strip()]


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a list as :func:`lines_of` does; DataError if there is none."""
    if not (lines := lines_of(path)):
        raise DataError(f"{path}: is empty; a list has a line for each name")
    return lines


def check_name(name: str, what: str) -> None:
    """Refuse what is not a plain file name of an image."""
    if "/" in name or "\\" in name or name.startswith(".") or not name.isprintable():
        raise DataError(f"the {what} {name[:80]!r} is not a plain file name; folders and '..' are refused")
    if not is_image_name(name):
        raise DataError(f"the {what} {name[:80]!r} is not named like an image")


def _parse_composite(number: int, text: str) -> ListLine:
    count = text.count(":") + 1
    if count != 3:
        raise DataError(f"has {count} fields, not three as in class:foreground:background ({text[:80]!r})")
    line = parse_line(number, text)
    check_name(line.fg_name, "foreground")
    check_name(line.bg_name, "background")
    return line._replace(class_="" if line.class_ == UNLABELLED else class_name(line.class_))
