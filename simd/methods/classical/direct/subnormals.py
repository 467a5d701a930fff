"""Subnormal floats taken for zero, where processors take them slowly.

Where a diagonal is strong, as of `fused`, the numbers of a factor fall with the distance of their pixels, in
single precision soon below 1e-38, and operations on such numbers take many times as long on x86 processors.
The mode belongs to a thread, and those begin with it that the thread starts.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from simd.jit import compiled

_IS_X86 = platform.machine().lower() in ("x86_64", "amd64")  # of others the mode is left as it is
_ZEROS = 0x8040  # bits of MXCSR: results, and operands


@contextmanager
def subnormals_are_zero() -> Iterator[None]:
    """Take subnormal floats for zero in this thread."""
    before = _mode()
    _set_mode(before | _ZEROS)
    try:
        yield
    finally:
        _set_mode(before)


@compiled
def _mode() -> int:
    return int(_read())


@compiled
def _set_mode(mode: int) -> None:
    _write(mode)


@intrinsic  # type: ignore[untyped-decorator]
def _read(_context: Any) -> Any:
    """Return the register of the mode, int64; 0 where there is none."""

    def generate(_: Any, builder: Any, _signature: Any, _values: Any) -> Any:
        word = builder.alloca(ir.IntType(32))
        builder.store(ir.IntType(32)(0), word)
        _through_memory(builder, "llvm.x86.sse.stmxcsr", word)
        return builder.zext(builder.load(word), ir.IntType(64))

    return types.int64(), generate


@intrinsic  # type: ignore[untyped-decorator]
def _write(_context: Any, mode: Any) -> Any:
    """Set the register of the mode."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        word = builder.alloca(ir.IntType(32))
        builder.store(builder.trunc(values[0], ir.IntType(32)), word)
        _through_memory(builder, "llvm.x86.sse.ldmxcsr", word)
        return context.get_dummy_value()

    return types.void(types.int64), generate


def _through_memory(builder: Any, instruction: str, word: Any) -> None:
    if _IS_X86:
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer])
        builder.call(
            builder.module.globals.get(instruction) or ir.Function(builder.module, kind, instruction),
            [builder.bitcast(word, pointer)],
        )
