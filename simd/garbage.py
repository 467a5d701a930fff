"""Python's search for circular garbage, put off while very many records are made.

The search looks at all objects again each time that their number has grown by some share: of the start of
``simd evaluate`` on 100,000 rows it was an eighth. Records hold no circles, so nothing is lost by waiting.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def search_put_off() -> Iterator[None]:
    """Put the search off for the time of a ``with``, or of a function that this decorates."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
