"""The command line: each command parses, calls one library function, and prints."""

import sys
from typing import Any

import typer

from simd.cli import (  # noqa: F401  each registers its commands
    browse,
    build,
    exchange,
    make,
    score,
    select,
    show,
    studio,
    tag,
    weights,
)
from simd.cli.app import app
from simd.errors import SimdError

# Click's ClickException, wherever Typer keeps its click: BadParameter < UsageError < ClickException
_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
_INTERRUPTED = 130  # what Typer returns for Ctrl-C, too


def main() -> int:
    """Run the command line; return the exit code, 1 if something was wrong with the input."""
    try:
        code = app(standalone_mode=False)
    except SimdError as error:
        print(f"simd: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except _USAGE_ERROR as error:
        error.show()
        return int(error.exit_code)
    if code == _INTERRUPTED:
        print("simd: interrupted; the same command goes on from here", file=sys.stderr)
    return code if isinstance(code, int) else 0
