"""Arrays in files of NumPy, read without running what they hold, whatever the bytes are."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.errors import DataError, first_line
from simd.files import check_regular

Array = npt.NDArray[Any]
_DAMAGED = (
    *(ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error),
    *(MemoryError, OverflowError, RecursionError),  # a header that states a shape beyond all memory
    *(NotImplementedError, RuntimeError),  # members in a compression that is not known, or encrypted
)


def read_arrays(
    path: Path, what: str, advice: str, *, largest: int | None = None
) -> Array | dict[str, Array]:
    """Read the array of a .npy file, or those of a .npz by name.

    Parameters
    ----------
    path : Path
    what : str
        What the file should be, for messages: "a model of patches".
    advice : str
        What to do where it is not.
    largest : int, optional
        Bytes that the arrays of a .npz may have, unpacked.

    Raises
    ------
    DataError
        If it is missing, damaged or too large, or holds objects, which could run code.
    """
    check_regular(path)
    with _in_words(path, what, advice):
        if largest is not None and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                if sum(part.file_size for part in packed.infolist()) > largest:
                    raise DataError(f"{path}: unpacks to more than {largest} bytes, too many for {what}")
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            arrays = {}
            for name in loaded.files:
                with _in_words(path, what, advice, f"its array {name!r}: "):
                    arrays[name] = loaded[name]
    if others := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise DataError(f"{path}: {others[0]!r} in it is not an array; {advice}")
    return arrays


@contextmanager
def _in_words(path: Path, what: str, advice: str, part: str = "") -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except _DAMAGED as error:
        raise DataError(f"{path}: is not {what} ({part}{first_line(error)}); {advice}") from error
