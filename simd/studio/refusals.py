"""Steps that are refused, each for a reason that the page tells apart."""

from simd.errors import DataError


class ReadOnlyError(DataError):
    """Somebody tried to change what is only shown."""


class StaleError(DataError):
    """A step was meant for a state that is no longer there."""


class TooLargeError(DataError):
    """More bytes were sent than are accepted."""
