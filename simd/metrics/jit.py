"""The one way a loop is compiled here: by numba, cached on disk, free of the interpreter lock."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, for the dtypes it is called with.

    The machine code is kept beside the source, or in the user's cache folder where the package is
    read-only, or nowhere where neither can be written; then each process compiles again.
    Arrays passed to a compiled function must not overlap (`noalias`), which lets the loops vectorise.
    """
    options = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
    try:
        return cast(F, njit(cache=True, **options)(function))
    except RuntimeError:  # numba: "no locator available": no folder can be written
        return cast(F, njit(**options)(function))
