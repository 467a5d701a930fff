"""SciPy's own LAPACK, called from compiled loops without going back to the interpreter.

SciPy hands out the addresses of its routines for other compiled code (``scipy.linalg.cython_blas`` and
``cython_lapack``). They travel as plain integers, so that numba can keep the loops that call them on disk.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import get_cython_function_address, intrinsic

LETTERS = np.frombuffer(b"LRTN", dtype=np.uint8)
LOWER, RIGHT, TRANSPOSED, NOT = range(4)
"""Arguments of one letter, by their position in LETTERS: lower, right, transposed, not."""

POTRF, TRSM, SYRK, GEMM = range(4)
"""Routines, by their position in :func:`routines`: factor, solve for rows below, update, multiply."""


@cache
def routines(letter: str = "d") -> npt.NDArray[np.int64]:
    """Return the addresses of the routines, for float32 (s) or float64 (d)."""
    names = [("lapack", "potrf"), ("blas", "trsm"), ("blas", "syrk"), ("blas", "gemm")]
    addresses = [
        get_cython_function_address(f"scipy.linalg.cython_{module}", letter + name) for module, name in names
    ]
    return np.array(addresses, np.int64)


@intrinsic  # type: ignore[untyped-decorator]
def call(_context: Any, address: Any, arguments: Any) -> Any:
    """Call the routine at an address with a tuple of pointers, as Fortran does."""
    count = len(arguments)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        function = ir.FunctionType(ir.VoidType(), [pointer] * count)
        target = builder.inttoptr(values[0], function.as_pointer())
        numbers = [builder.extract_value(values[1], position) for position in range(count)]
        builder.call(target, [builder.inttoptr(number, pointer) for number in numbers])
        return context.get_dummy_value()

    return types.void(address, arguments), generate


_BLAS = threading.Lock()


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: with more, the last bits depend on how it cuts its work."""
    with _BLAS, _controller().limit(limits=1, user_api="blas"):
        yield
