"""Pixels that were made lately and will be asked for again, as long as they fit a bounded memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from simd.image import UInt8


class Recent:
    """Arrays by key, the least recently used dropped first.

    Parameters
    ----------
    megabytes : int
        What they may hold together; an array larger than that is never kept.
    """

    def __init__(self, megabytes: int) -> None:
        self._limit, self._held = megabytes * 2**20, 0
        self._arrays: OrderedDict[Hashable, UInt8] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], UInt8]) -> UInt8:
        """Return the array of a key, read-only; it is made where it is not held."""
        if (array := self._arrays.pop(key, None)) is None:
            array = make().view()
            array.flags.writeable = False
            if array.nbytes > self._limit:
                return array
            self._held += array.nbytes
        self._arrays[key] = array
        while self._held > self._limit:
            self._held -= self._arrays.popitem(last=False)[1].nbytes
        return array
