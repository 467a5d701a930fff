"""Commands whose help pages people can read, and which refuse words that name nothing.

A page has ``OUT`` in place of ``{out}``, and no type beside a flag.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from simd.errors import DataError
from simd.files import check_not_root, is_utf8

Function = TypeVar("Function", bound=Callable[..., Any])


class _Plain:
    """What commands and groups share."""

    params: list[Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            if isinstance(param, TyperArgument) and param.metavar is None:
                param.metavar = str(param.name).strip("_").upper() + "..." * (param.nargs != 1)

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:  # --help, --install-completion and our own
            if isinstance(param, TyperOption) and param.is_flag:
                param.metavar = ""
        return params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        pieces: list[str] = super().collect_usage_pieces(ctx)  # type: ignore[misc]
        return [piece.replace("{", "").replace("}", "").replace("......", "...") for piece in pieces]


class PlainCommand(_Plain, TyperCommand):
    """A command with a plain help page, whose words are looked at before they become paths."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse what names nothing: of "" pathlib makes the current folder, which nobody has named."""
        words, _, _ = self.make_parser(ctx).parse_args(list(args))
        for param in self.params:
            given = words.get(param.name)
            for word in given if isinstance(given, list | tuple) else (given,):
                if isinstance(word, str):
                    _check_word(param.opts[0] if isinstance(param, TyperOption) else param.metavar, word)
        return super().parse_args(ctx, args)


class PlainGroup(_Plain, TyperGroup):
    """A group of commands with a plain help page."""


class Application(typer.Typer):
    """Commands and groups whose help pages are plain."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"cls": PlainGroup} | settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Function], Function]:
        """Add a command, as with any Typer."""
        return super().command(name, **{"cls": PlainCommand} | settings)


def _check_word(name: str, word: str) -> None:
    if not word:
        raise DataError(f'{name} is empty; name something there, or leave it out (the current folder is ".")')
    if not is_utf8(word):
        raise DataError(f"{word!a}, given as {name}, is not UTF-8 text; rename the file or folder first")
    check_not_root(word)
