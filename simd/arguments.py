"""Arguments of the public functions, checked by their annotations and answered with a sentence."""

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from simd.errors import DataError
from simd.files import as_path, out_of_reach
from simd.taxonomy import suggest

P = ParamSpec("P")
R = TypeVar("R")

_LISTS = (Sequence, Collection, Iterable, list, tuple)
_WORDS: dict[Any, str] = {
    str: "text",
    Path: "a Path",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    NoneType: "None",
}


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function refuse arguments of other types, and names that it does not have, with a sentence.

    Paths, text, numbers, truth values, lists and records are looked at; arrays, functions and methods have
    checks of their own. NumPy's numbers are numbers, True is none. A folder that nobody may look into is an
    error of the user's, too.

    Examples
    --------
    >>> @checked
    ... def verify(dataset: str | Path, *, workers: int = 1) -> None: ...
    >>> verify(7)
    Traceback (most recent call last):
        ...
    simd.errors.DataError: verify: dataset must be text or a Path, not 7
    >>> verify("set", worker=2)
    Traceback (most recent call last):
        ...
    simd.errors.DataError: verify: there is no argument 'worker'; did you mean 'workers'?
    """
    signature = inspect.signature(function)
    names = signature.parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in names.values())

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        for name in () if takes_any else kwargs:
            if name not in names:
                raise DataError(f"{function.__name__}: there is no argument {name!r}{suggest(name, names)}")
        try:
            arguments = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # which says what is missing
        hints = _hints(function)
        for name, given in arguments.items():
            each = given if names[name].kind is names[name].VAR_POSITIONAL else (given,)
            for value in () if names[name].kind is names[name].VAR_KEYWORD else each:
                if isinstance(value, str | Path) and Path in get_args(hints[name]):
                    as_path(value, f"{function.__name__}: {name}")
                if not _fits(value, hints[name]):
                    raise DataError(
                        f"{function.__name__}: {name} must be {_described(hints[name])}, not {value!r:.60}"
                    )
        try:
            return function(*args, **kwargs)
        except PermissionError as error:
            raise out_of_reach(error) from error

    return call


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


def _fits(value: Any, hint: Any) -> bool:
    import numpy as np  # not for `simd --help`, which imports this module

    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is Literal:
        return value in parts
    if origin in _LISTS:
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            return False
        if origin is tuple and Ellipsis not in parts:
            return isinstance(value, tuple | list) and len(value) == len(parts)
        return not isinstance(value, list | tuple) or all(_fits(each, parts[0]) for each in value)
    if origin is Callable:
        return callable(value)
    if hint in (int, float):
        number = Integral if hint is int else Real
        return isinstance(value, number) and not isinstance(value, bool | np.bool_)
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    if origin is None and isinstance(hint, type) and not getattr(hint, "_is_protocol", False):
        return isinstance(value, hint)
    return True  # an array, a function, a method: whoever takes it looks at it


def _described(hint: Any) -> str:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        texts = [_described(part) for part in parts]
        return f"{', '.join(texts[:-1])} or {texts[-1]}"
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin is tuple and Ellipsis not in parts:
        return f"{len(parts)} of them"
    if origin is Callable:
        return "a function"
    if origin in _LISTS:
        return f"a list, each {_described(parts[0])}"
    return _WORDS.get(hint) or f"a {getattr(hint, '__name__', hint)}"
