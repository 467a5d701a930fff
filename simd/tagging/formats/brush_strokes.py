"""Brush strokes as Label Studio packs them: run lengths over the values of four channels, to the bit."""

from collections.abc import Iterator

import numpy as np

from simd.errors import DataError
from simd.image import UInt8

_WORD = 8  # bits of a value
_SIZES = (3, 4, 8, 16)  # bits of a run's length less one, by the two bits before it


def encode(values: UInt8) -> bytes:
    """Pack values as Label Studio does: a head, then runs of equal values.

    The head is the number of values (32 bits), the bits of a value less one (5), and four sizes less one (4
    each). A run is a 1, which size its length has (2 bits), the length less one, and the value.
    """
    head = f"{len(values):032b}{_WORD - 1:05b}" + "".join(f"{size - 1:04b}" for size in _SIZES)
    edges = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]])
    bits = [head]
    for start, length in zip(edges[:-1].tolist(), np.diff(edges).tolist(), strict=True):
        value = f"{values[start]:0{_WORD}b}"
        for part in _parts(length):
            choice = next(i for i, size in enumerate(_SIZES) if part <= 2**size)
            bits.append(f"1{choice:02b}{part - 1:0{_SIZES[choice]}b}{value}")
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def decode(packed: bytes, length: int) -> UInt8:
    """Unpack `length` values; DataError if that many are not there.

    Runs of unequal values (a 0 before the size) are read, too: browsers write them.
    """
    bits = f"{int.from_bytes(packed, 'big'):0{8 * len(packed)}b}" if packed else ""
    position = 0

    def take(count: int) -> int:
        nonlocal position
        position += count
        if position > len(bits):
            raise DataError("the packed brush strokes end too early")
        return int(bits[position - count : position], 2)

    if (stated := take(32)) != length:
        raise DataError(f"the brush strokes are of {stated} values, their image has {length} (4 a pixel)")
    if (word := take(5) + 1) != _WORD:
        raise DataError(f"the packed brush strokes have values of {word} bits; 8 are read")
    sizes = [take(4) + 1 for _ in range(4)]
    values = np.zeros(length, np.uint8)
    filled = 0
    while filled < length:
        equal = take(1)
        end = filled + 1 + take(sizes[take(2)])
        if end > length:
            raise DataError("a run of the packed brush strokes goes past the end of its image")
        if equal:
            values[filled:end] = take(_WORD)
        else:
            values[filled:end] = [take(_WORD) for _ in range(end - filled)]
        filled = end
    return values


def _parts(length: int) -> Iterator[int]:
    longest = 2 ** _SIZES[-1]
    while length > longest:
        yield longest
        length -= longest
    yield length
