"""Messages at the width of a terminal: lines end between words, never in a name or a number."""

import shutil
import textwrap
from typing import TextIO

_INDENT = "    "  # of what a line goes on with, behind its own


def wrapped(text: str, stream: TextIO) -> str:
    """Return a text for a stream: broken into lines for a terminal, as it stands for a file or a pipe."""
    if not stream.isatty():
        return text
    return wrapped_at(text, shutil.get_terminal_size().columns)


def wrapped_at(text: str, width: int) -> str:
    r"""Return a text with lines of at most `width`, but for a name or a number that is longer.

    Examples
    --------
    >>> print(wrapped_at("simd: fur-1: is 10 x 12\n  leaf/a_long_name.png: is damaged", 20))
    simd: fur-1: is 10 x
        12
      leaf/a_long_name.png:
          is damaged
    """
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line.strip(),
            width,
            initial_indent=indent,
            subsequent_indent=indent + _INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines)
