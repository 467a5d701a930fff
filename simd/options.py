"""Options by name, listed once with type, range and help: for Python, a TOML file and the command line."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from types import NoneType, UnionType
from typing import Annotated, Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from simd.errors import DataError
from simd.files import as_path
from simd.taxonomy import suggest

P = ParamSpec("P")
R = TypeVar("R")
Options = TypeVar("Options")

_PLURALS = {int: "whole numbers", float: "numbers", str: "texts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What stands beside the type of an option: what it is for, and which values it takes."""

    help: str
    default: str = ""  # in words, where the value does not say it: "as it is"
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    path: bool = False  # a Path may be given for the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One field of a list of options."""

    name: str
    type: type
    item: Any  # the type of an item of a list, which becomes a tuple; else None
    optional: bool  # whether it may be None
    value: Any  # the default; `dataclasses.MISSING` where it has to be given
    asked: Asked


def options_of(listed: type) -> dict[str, Option]:
    """Return the options that a dataclass lists as ``name: Annotated[type, Asked(...)] = default``."""
    hints = get_type_hints(listed, include_extras=True)
    listing = {}
    for field in fields(listed):
        assert get_origin(hints[field.name]) is Annotated, field.name
        kind, asked = get_args(hints[field.name])
        types = get_args(kind) if isinstance(kind, UnionType) else (kind,)
        (plain,) = (each for each in types if each is not NoneType)
        listing[field.name] = Option(
            name=field.name,
            type=get_origin(plain) or plain,
            item=get_args(plain)[0] if get_args(plain) else None,
            optional=NoneType in types,
            value=field.default,
            asked=asked,
        )
    return listing


def read_options(listed: type[Options], values: Mapping[str, Any], *, renamed: Mapping[str, str]) -> Options:
    """Check options and return them as the record that lists them.

    Parameters
    ----------
    listed : type
        A frozen dataclass, see :func:`options_of`.
    values : mapping
        Name to value.
    renamed : mapping
        Former names to those of today; a former name is refused with the new one.

    Raises
    ------
    DataError
        If a name is not listed (near names are offered), a value has the wrong type or is out of range, or
        an option without a default is missing.
    """
    known = options_of(listed)
    checked = {}
    for name, value in values.items():
        if name in renamed:
            raise DataError(f"option {name!r} is now {renamed[name]!r}")
        if name not in known:
            raise DataError(f"unknown option {name!r}{suggest(name, known)}")
        checked[name] = _checked(known[name], value)
    if missing := [name for name, option in known.items() if option.value is MISSING and name not in checked]:
        raise DataError(f"missing: {', '.join(missing)}")
    return listed(**checked)


def renamed(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function refuse the former names of its arguments with those of today.

    Examples
    --------
    >>> @renamed(source="kind")
    ... def index(folder, *, kind=None): ...
    >>> index("photographs", source="coco")
    Traceback (most recent call last):
        ...
    simd.errors.DataError: index: the argument 'source' is now 'kind'
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in names.items():
                if old in kwargs:
                    raise DataError(f"{function.__name__}: the argument {old!r} is now {new!r}")
            return function(*args, **kwargs)

        return call

    return decorate


def _checked(option: Option, value: Any) -> Any:
    name, asked = option.name.replace("_", "-"), option.asked  # as on the command line and in a spec file
    if value is None and option.optional:
        return None
    if asked.path and isinstance(value, os.PathLike):
        value = os.fspath(value)
    if asked.path and isinstance(value, str):
        as_path(value, name)
    if option.item is None:
        return _checked_item(name, option.type, asked, value)
    if not isinstance(value, list | tuple):
        raise DataError(f"{name} must be a list of {_PLURALS[option.item]}, not {value!r}")
    return tuple(_checked_item(f"{name}[{i}]", option.item, asked, each) for i, each in enumerate(value))


def _checked_item(name: str, kind: Any, asked: Asked, value: Any) -> Any:
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:  # True is not a number here
        raise DataError(f"{name} must be {kind.__name__}{' or Path' * asked.path}, not {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise DataError(f"{name} must be a finite number, not {value}")
    if isinstance(value, int | float) and asked.at_least is not None and value < asked.at_least:
        raise DataError(f"{name} must be at least {asked.at_least}, not {value}")
    if isinstance(value, int | float) and asked.at_most is not None and value > asked.at_most:
        raise DataError(f"{name} must be at most {asked.at_most}, not {value}")
    if isinstance(value, str) and asked.choices and value not in asked.choices:
        raise DataError(f"unknown {name} {value!r}{suggest(value, asked.choices)}")
    return value
