"""The one way a loop is compiled here: by numba, cached on disk, free of the interpreter lock."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function at its first call, for the dtypes it is called with.

    The machine code is kept beside the source, or in the user's cache folder where the package is
    read-only, or nowhere where neither can be written; then each process compiles again.
    Arrays passed to a compiled function must not overlap (`noalias`), which lets the loops vectorise. So does
    indexing slices by the loop's variable alone: over ``a[start + i]`` the solver's loops took two to four
    times as long (numba 0.68) as over ``a[start:end][i]``.
    """
    return _compiled(function, {"contract"})


def compiled_with_free_sums(function: F) -> F:
    """Compile as :func:`compiled`, with sums in any order, which lets those vectorise, too.

    The order is chosen once, when the code is compiled: on one machine the results are the same to the bit.
    """
    return _compiled(function, {"contract", "reassoc"})


def compiled_exactly(function: F) -> F:
    """Compile as :func:`compiled`, each operation rounded by itself, as other libraries compiled them."""
    return _compiled(function, set())


def _compiled(function: F, fastmath: set[str]) -> F:
    options: dict[str, Any] = {"nogil": True, "fastmath": fastmath, "error_model": "numpy"}
    try:
        return cast(F, njit(cache=True, **options)(function))
    except RuntimeError:  # numba: "no locator available": no folder can be written
        return cast(F, njit(**options)(function))
