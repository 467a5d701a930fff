"""A figure that is missing: nan in memory, where means leave it out, and null in JSON, which knows no nan."""

import math


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
