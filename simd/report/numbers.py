"""How figures are printed in a terminal, in Markdown and on pages: decimals, signs and dashes."""

import math

from simd.metrics.uncertainty import Estimate
from simd.missing import DASH as DASH  # noqa: PLC0414 - what pages print is here
from simd.missing import formatted as formatted  # noqa: PLC0414

_LEAST = 1e-6  # scores below it, in the unit in which they are printed, are what rounding leaves of 0
_SHORT = 12  # hex digits of a digest that are shown


def percent(share: float) -> str:
    """Return a share as a whole number of per cent; a dash for nan."""
    return formatted(share, ".0%")


def scaled(value: float, metric: str) -> float:
    """Return a score in the unit in which it is printed: MSE a thousandfold."""
    return value * 1000 if metric == "mse" else value


def decimals_for(largest: float, metric: str) -> int:
    """Return how many decimals tell scores apart of which this is the largest: 2, and more if it is below 1.

    Examples
    --------
    >>> decimals_for(31.0, "sad"), decimals_for(0.006, "conn"), decimals_for(8e-15, "grad")
    (2, 5, 2)
    """
    value = scaled(largest, metric)
    return 2 + max(0, math.ceil(-math.log10(value))) if value >= _LEAST else 2


def number(value: float, metric: str, decimals: int = 2) -> str:
    """Return a score as it is printed; a dash for one that is absent."""
    return formatted(scaled(value, metric), f".{decimals}f")


def span(estimate: Estimate, metric: str, decimals: int = 2) -> str:
    """Return the interval of an estimate as it is printed; a dash where there is none.

    Examples
    --------
    >>> span(Estimate(0.03, 0.0123, 0.0456, 9, 9), "mse"), span(Estimate(1, None, None, 2, 2, "few"), "sad")
    ('[12.30, 45.60]', '–')
    """
    if estimate.bounds is None:
        return DASH
    low, high = (number(bound, metric, decimals) for bound in estimate.bounds)
    return f"[{low}, {high}]"


def tight_span(estimate: Estimate, metric: str, decimals: int = 2) -> str:
    """Return an interval in less room: about three figures, a dash between them.

    Examples
    --------
    >>> tight_span(Estimate(6, 5.449, 7.1, 9, 9), "sad")
    '5.45–7.10'
    >>> tight_span(Estimate(0.16, 0.15609, 0.16806, 9, 9), "mse")
    '156–168'
    """
    if estimate.bounds is None:
        return DASH
    high = scaled(estimate.bounds[1], metric)
    fewer = 0 if high >= 100 else 1 if high >= 10 else decimals
    return DASH.join(number(bound, metric, fewer) for bound in estimate.bounds)


def signed(value: float, decimals: int) -> str:
    """Return a difference with its sign, a true minus for negative ones.

    Examples
    --------
    >>> signed(-1.234, 2), signed(0.5, 1), signed(-0.001, 2)
    ('−1.23', '+0.5', '0.00')
    """
    text = f"{abs(value):.{decimals}f}"
    if math.isnan(value) or float(text) == 0:
        return text
    return ("−" if value < 0 else "+") + text


def signed_span(estimate: Estimate, metric: str, decimals: int) -> str:
    """Return the interval of a difference as it is printed; a dash where there is none."""
    if estimate.bounds is None:
        return DASH
    low, high = (signed(scaled(bound, metric), decimals) for bound in estimate.bounds)
    return f"[{low}, {high}]"


def p_text(p: float | None) -> str:
    """Return a p-value as it is printed.

    Examples
    --------
    >>> p_text(0.0234), p_text(0.00004), p_text(1.0), p_text(None)
    ('0.023', '< 0.001', '1', '–')
    """
    if p is None:
        return DASH
    return "< 0.001" if p < 0.001 else "1" if p >= 0.9995 else f"{p:.3f}"


def share_text(share: float) -> str:
    """Return a probability in per cent.

    Examples
    --------
    >>> share_text(0.997), share_text(0.9996), share_text(0.0), share_text(0.0003)
    ('99.7 %', '> 99.9 %', '0 %', '< 0.1 %')
    """
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def seconds(value: float | None) -> str:
    """Return the seconds an image as they are printed.

    Examples
    --------
    >>> seconds(0.123), seconds(12.34), seconds(None)
    ('0.12', '12.3', '–')
    """
    return DASH if value is None else f"{value:.2g}" if value < 1 else f"{value:.1f}"


def short(digest: str) -> str:
    """Return the first digits of a digest."""
    return digest[:_SHORT]


def plural(count: int, noun: str, several: str = "") -> str:
    """Return "1 image", "2 images"; `several` is the plural of a noun that takes more than an s."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"


def thousands(count: int) -> str:
    """Return a count of pixels in little room.

    Examples
    --------
    >>> thousands(9_999), thousands(12_345)
    ('9999', '12k')
    """
    return f"{count / 1000:.0f}k" if count >= 10_000 else str(count)
