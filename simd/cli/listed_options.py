"""Options that a record lists, as options of a command."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from simd.options import Option, options_of


def listed_options(listed: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that takes ``**options`` the options of a record; it gets those that were given.

    Parameters
    ----------
    listed : type
        A dataclass of options, see :func:`simd.options.options_of`.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        options = options_of(listed)
        declared = [p for p in inspect.signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
        arguments = [p for p in declared if p.kind is not p.KEYWORD_ONLY]
        last = [p for p in declared if p.kind is p.KEYWORD_ONLY]

        def call(**values: Any) -> None:
            given = {name: value for name, value in values.items() if name in options and value is not None}
            command(**{p.name: values[p.name] for p in declared}, **given)

        parameters = [*arguments, *map(_parameter, options.values()), *last]
        call.__name__, call.__doc__, call.__module__ = command.__name__, command.__doc__, command.__module__
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in parameters}
        return call

    return decorate


def _parameter(option: Option) -> inspect.Parameter:
    flag = "--" + option.name.rstrip("_").replace("_", "-")
    default = option.asked.default or ("" if option.value is None else str(option.value))
    is_flag = option.type is bool
    asked = typer.Option(flag, help=option.asked.help, show_default=False if is_flag else default or False)
    # None stands for an option that was not given: the library, or a spec file, has the default
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[option.type | None, asked],
    )
