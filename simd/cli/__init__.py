"""The command line: each command parses, calls one library function, and prints; one file a command or group.

====================================  =======================================================================
classes, index, select                what there is, and what of it can serve
tag, exchange, studio                 `simd tag`: whole folders, formats of other tools, the page
cutout                                subjects of photographs, cut out on a page or all at once
balance, build, import_finished       from foregrounds, or image-alpha pairs, to a set
export                                a set in the layout of another tool
licences, cite                        who has checked which licence, and what has drifted; what to cite
verify, stats, embed                  whether a set is as built, and what it is made of
train                                 networks by a recipe
weights, predict, evaluate            methods run and scored
entry, leaderboard, ranks             what a method hands in; methods side by side; their mean ranks
court                                 the numbers of other programs beside ours
explain                               which properties of images go with an error
bench, browse                         all of it in one run; failures one by one
demo, doctor                          the whole way on built-in data; what the installation can do
app, listed_options, plain_help       the one application, and what commands and help pages share
renamed, notices, wrapping            former names refused with those of today; the library's log on stderr
====================================  =======================================================================
"""

import errno
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import typer

from simd.cli import (  # noqa: F401  each registers its commands
    balance,
    bench,
    browse,
    build,
    cite,
    classes,
    court,
    cutout,
    demo,
    doctor,
    embed,
    entry,
    evaluate,
    exchange,
    explain,
    export,
    import_finished,
    index,
    leaderboard,
    licences,
    predict,
    ranks,
    select,
    stats,
    studio,
    tag,
    train,
    verify,
    weights,
)
from simd.cli.app import app
from simd.cli.notices import notices_on_stderr
from simd.cli.renamed import renamed_option
from simd.cli.wrapping import wrapped
from simd.errors import ClusterLostError, DiskFullError, SimdError
from simd.files import full_disk, is_full, out_of_reach

# Click's ClickException, wherever Typer keeps its click: BadParameter < UsageError < ClickException
_USAGE_ERROR: Any = typer.BadParameter.__mro__[2]
_INTERRUPTED = 130  # what Typer returns for Ctrl-C, too


def main() -> int:
    """Run the command line; return the exit code, 1 if something was wrong with the input."""
    try:
        with notices_on_stderr():
            code = app(prog_name="simd", standalone_mode=False)
            sys.stdout.flush()
    except ClusterLostError as error:
        print(
            wrapped(f"simd: {error}:", sys.stderr),
            shlex.join(["simd", *sys.argv[1:]]),
            sep="\n",
            file=sys.stderr,
        )
        return 1
    except SimdError as error:
        print(wrapped(f"simd: {error}", sys.stderr), file=sys.stderr)
        return 1
    except PermissionError as error:
        print(wrapped(f"simd: {out_of_reach(error)}", sys.stderr), file=sys.stderr)
        return 1
    except OSError as error:
        if is_full(error):
            print(wrapped(f"simd: {_full(error)}", sys.stderr), file=sys.stderr)
            return 1
        if error.errno != errno.ENAMETOOLONG:  # which asking whether a file is there already raises
            raise
        print(f"simd: {str(error.filename)[:80]}...: the name is too long for this disk", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, typer.Abort):
        code = _INTERRUPTED
    except _USAGE_ERROR as error:
        if message := renamed_option(error):
            error.message = message
        error.show()
        return int(error.exit_code)
    if code == _INTERRUPTED:
        print("simd: interrupted; the same command goes on from here", file=sys.stderr)
    return code if isinstance(code, int) else 0


def _full(error: OSError) -> SimdError:
    """Return the error of a disk that is full: of the file that it names, or where the output goes.

    An error without a name was raised by a stream; the command line itself writes to no other than stdout.
    """
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    module = at.tb_frame.f_globals.get("__name__", "") if at is not None else ""
    if error.filename is not None or not module.startswith(("simd.cli", "typer")):
        return full_disk(error)
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  Python flushes it at its end
    return DiskFullError(
        f"standard output: cannot be written ({error.strerror}); free some space where it goes, "
        "and run the same command again"
    )
