"""Options of a method given as text, ``key=value``: typed by the signature of what makes the method."""

import types
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from simd.errors import DataError
from simd.taxonomy import suggest

_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_KINDS = {int: "a whole number", float: "a number", bool: "true or false"}


def is_made(maker: Any) -> bool:
    """Tell whether this is a method, and not a function or class that makes one."""
    return hasattr(maker, "predict") and not isinstance(maker, type)


def parameters_of(maker: Any) -> Mapping[str, Parameter]:
    """Return the options of what makes a method, by name; none for a method that is made already."""
    return {p.name: p for p in _all_parameters(maker) if p.kind in _NAMED}


def check_names(label: str, maker: Any, names: Sequence[str]) -> None:
    """Raise DataError for the name of an option that the method does not have."""
    known = parameters_of(maker)
    if any(p.kind is Parameter.VAR_KEYWORD for p in _all_parameters(maker)):
        return
    for name in names:
        if name not in known:
            hint = suggest(name, known) if known else "; it has none"
            raise DataError(f"the method {label} has no option {name!r}{hint}")


def typed_options(label: str, maker: Any, texts: Sequence[str]) -> dict[str, Any]:
    """Return the options that texts such as "tile=1024" give, in the types of the signature.

    Parameters
    ----------
    label : str
        The method, for messages.
    maker : object
        A method, or what makes one: its keyword arguments are the options.
    texts : sequence of str
        ``key=value``. Where the signature states no type, the value stays text.

    Raises
    ------
    DataError
        If a text is not of this form, a name is unknown or given twice, or a value is not of its type.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise DataError(f"the option {text!r} must be key=value, as in --option tile=1024")
        if name in values:
            raise DataError(f"the option {name!r} is given twice")
        check_names(label, maker, [name])
        parameter = parameters_of(maker).get(name)
        values[name] = _typed(name, value, str if parameter is None else parameter.annotation)
    return values


def _all_parameters(maker: Any) -> list[Parameter]:
    if not callable(maker) or is_made(maker):
        return []
    try:
        return list(signature(maker, eval_str=True).parameters.values())
    except NameError:  # annotations that are imported for type checkers alone
        return list(signature(maker).parameters.values())


def _typed(name: str, text: str, annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        choices = {str(choice): choice for choice in get_args(annotation)}
        if text not in choices:
            raise DataError(f"unknown {name} {text!r}{suggest(text, choices)}")
        return choices[text]
    union = get_origin(annotation) in (Union, types.UnionType)
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] if union else [annotation]
    if type(None) in get_args(annotation) and text.lower() == "none":
        return None
    for kind in (kind for kind in (bool, int, float, Path) if kind in kinds):
        try:
            return _READERS[kind](text)
        except (ValueError, KeyError):
            continue
    wanted = [_KINDS[kind] for kind in kinds if kind in _KINDS]
    if wanted and str not in kinds:
        raise DataError(f"the option {name} must be {' or '.join(wanted)}, not {text!r}")
    return text


def _truth(text: str) -> bool:
    return _TRUTHS[text.lower()]


_READERS: Mapping[type, Callable[[str], Any]] = {bool: _truth, int: int, float: float, Path: Path}
