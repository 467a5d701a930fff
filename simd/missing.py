"""A figure that is missing: nan in memory, null in JSON, a dash in print; means leave it out."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

DASH = "–"
"""What stands where there is no figure."""


def none_if_nan(value: float) -> float | None:
    """Return a figure as JSON holds it: None for nan.

    Examples
    --------
    >>> none_if_nan(0.5), none_if_nan(math.nan)
    (0.5, None)
    """
    return None if math.isnan(value) else value


def nan_if_none(value: float | None) -> float:
    """Return a figure of a JSON file as memory holds it: nan for None."""
    return math.nan if value is None else value


def nulls_for_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row for JSON: None for nan, in its tuples too, which become lists.

    Examples
    --------
    >>> nulls_for_nan({"id": "a", "sad": math.nan, "levels": (0.5, math.nan)})
    {'id': 'a', 'sad': None, 'levels': [0.5, None]}
    """
    return {name: _null_for_nan(value) for name, value in row.items()}


def nan_for_nulls(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of JSON as :func:`nulls_for_nan` was given it: nan for None, tuples for lists."""
    return {
        name: tuple(map(nan_if_none, value)) if isinstance(value, list) else nan_if_none(value)
        for name, value in row.items()
    }


def present(values: Iterable[float]) -> list[float]:
    """Return the figures that are not missing.

    Examples
    --------
    >>> present([1.0, math.nan, 0.0])
    [1.0, 0.0]
    """
    return [value for value in values if value == value]  # noqa: PLR0124 - nan alone is not; a third of the time


def formatted(value: float, form: str, missing: str = DASH) -> str:
    """Return a figure in a format; a dash, or what else stands for a missing one, for nan.

    Examples
    --------
    >>> formatted(0.25, ".0%"), formatted(math.nan, ".2f")
    ('25%', '–')
    """
    return missing if math.isnan(value) else format(value, form)


def _null_for_nan(value: Any) -> Any:
    if isinstance(value, float):
        return none_if_nan(value)
    return list(map(_null_for_nan, value)) if isinstance(value, tuple) else value
