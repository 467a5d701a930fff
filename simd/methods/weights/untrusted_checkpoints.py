"""Read files of PyTorch weights that may be hostile, without running anything that they hold.

A file of `torch.save` is a pickle, a small program. It is read twice. First by an unpickler of our own, in
which every name stands for an inert object: it sees what the file asks for, and refuses any name that
weights have no need of, tensors larger than their data, and archives that unfold to more than they are.
Only then by `torch.load(weights_only=True)`, in which the numpy numbers of some checkpoints are read as
plain numbers.
"""

import math
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from simd.errors import DataError, first_line

if TYPE_CHECKING:
    from torch import Tensor

MAX_BYTES = 2 * 2**30
"""Larger files are refused; the released ones have 95 and 188 MB."""

_MAX_PICKLE_BYTES = 16 * 2**20  # the part without the tensors' data; the released ones have 0.1 MB
_MAX_MEMBERS = 20_000
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of a file written before PyTorch 1.6
_ITEM_SIZES = {
    **{"DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8},
    **{"IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1},
}
_WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net", "params", "weights")


def read_tensors(path: Path, *, max_bytes: int = MAX_BYTES) -> "dict[str, Tensor]":
    """Read the named tensors of a checkpoint: a file of `torch.save`, or a safetensors file.

    Wrappers such as `state_dict` are opened; what stands beside them (epoch, optimizer) is passed over.

    Raises
    ------
    DataError
        If the file is missing, too large, damaged, holds no tensors, or asks for anything but tensors.
    """
    size = _size(path, max_bytes)
    with path.open("rb") as stream:
        head = stream.read(8)
    if zipfile.is_zipfile(path) and head.startswith(b"PK"):
        check_archive(path, size)
    elif path.suffix == ".safetensors":
        return _read_safetensors(path)
    elif head.startswith(b"\x80"):
        _check_legacy(path, size)
    else:
        raise DataError(f"{path}: is neither a file of torch.save nor a safetensors file")
    return _named_tensors(path, load_weights_only(path))


def _size(path: Path, max_bytes: int) -> int:
    if path.exists() and not path.is_file():
        raise DataError(f"{path}: is not a file; name the checkpoint itself")
    if not path.exists():
        raise DataError(f"{path}: no such file")
    if not (size := path.stat().st_size):
        raise DataError(f"{path}: the file is empty")
    if size > max_bytes:
        raise DataError(
            f"{path}: has {size / 1e9:.1f} GB; weights of more than {max_bytes / 1e9:.1f} are refused"
        )
    return size


# --- the first reading: inert -----------------------------------------------------------------------------


class _Refused(pickle.UnpicklingError):
    """What the file asks for is not what weights need."""


class _Inert:
    """Stands for any object of the file; takes every argument and does nothing."""

    def __init__(self, *arguments: object) -> None:
        del arguments

    def __setstate__(self, state: object) -> None:
        del state

    def __setitem__(self, key: object, value: object) -> None:
        del key, value


class _Storage(NamedTuple):
    key: str
    elements: int
    item_size: int


class _DeclaredTensor(_Inert):
    """A tensor of the file: its elements must be there, each once."""

    def __init__(self, storage: object, offset: object = 0, size: object = (), *rest: object) -> None:
        del rest
        if not isinstance(storage, _Storage) or not isinstance(offset, int) or not isinstance(size, tuple):
            raise _Refused("a tensor is not declared as PyTorch declares it")
        count = math.prod(size)
        if min((offset, *size)) < 0 or offset + count > storage.elements:
            raise _Refused(f"a tensor of {size} elements is declared over {storage.elements} stored ones")


_HARMLESS: dict[tuple[str, str], type[_Inert]] = {
    ("collections", "OrderedDict"): _Inert,
    ("_codecs", "encode"): _Inert,  # how Python 3 spells bytes in a pickle of protocol 2
    ("torch", "Size"): _Inert,
    ("torch", "device"): _Inert,
    ("torch._utils", "_rebuild_parameter"): _Inert,
    ("torch._utils", "_rebuild_tensor"): _DeclaredTensor,
    ("torch._utils", "_rebuild_tensor_v2"): _DeclaredTensor,
    ("numpy", "dtype"): _Inert,
    ("numpy.core.multiarray", "scalar"): _Inert,
    ("numpy._core.multiarray", "scalar"): _Inert,
    **{("torch", name): type(name, (_Inert,), {}) for name in _ITEM_SIZES},
}


class _Describer(pickle.Unpickler):
    """Follows a pickle with inert objects in place of everything it names."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> type[_Inert]:
        try:
            return _HARMLESS[module, name]
        except KeyError:
            reason = f"it asks for {module}.{name}, which weights have no need of"
            if module.startswith("torch.nn."):
                reason += (
                    "; it holds a pickled module, whose loading runs the code of its class: save its tensors "
                    "where that code is, torch.save(module.state_dict(), FILE)"
                )
            raise _Refused(reason) from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, storage_type, key, _, count, *_ = pid
        item_size = _ITEM_SIZES[storage_type.__name__]
        if kind != "storage" or not isinstance(key, str) or not isinstance(count, int) or count < 0:
            raise _Refused("a tensor's data is not declared as PyTorch declares it")
        return self.storages.setdefault(key, _Storage(key, count, item_size))


def _describe(path: Path, stream: IO[bytes]) -> tuple[object, dict[str, _Storage]]:
    describer = _Describer(stream)
    try:
        return describer.load(), describer.storages
    except _Refused as error:
        raise DataError(f"{path}: is refused, nothing in it was run: {error}") from None
    except Exception as error:  # a damaged pickle can raise whatever its pieces raise
        raise DataError(f"{path}: is damaged, or no file of torch.save ({error})") from None


def check_archive(path: Path, size: int) -> None:
    """Check a zip file of `torch.save`: its members, then the pickle and the tensors it declares."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            _check_members(path, size, members, len(archive.infolist()))
            (pickled,) = (name for name in members if name.split("/", 1)[-1] == "data.pkl")
            with archive.open(pickled) as stream:
                storages = _describe(path, stream)[1]
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{path}: is a damaged archive ({error})") from error
    folder = pickled.removesuffix("data.pkl")
    for storage in storages.values():
        record = members.get(f"{folder}data/{storage.key}")
        declared = storage.elements * storage.item_size
        if record is None or record.file_size != declared:
            stored = "none" if record is None else f"{record.file_size}"
            raise DataError(
                f"{path}: is refused: it declares {declared} bytes for tensor data {storage.key!r}, "
                f"{stored} are there"
            )


def _check_members(path: Path, size: int, members: Mapping[str, zipfile.ZipInfo], count: int) -> None:
    if count != len(members) or count > _MAX_MEMBERS:
        raise DataError(f"{path}: is refused: its archive has {count} members, some by the same name")
    if packed := [m.filename for m in members.values() if m.compress_type != zipfile.ZIP_STORED]:
        raise DataError(f"{path}: is refused: {packed[0]!r} in it is compressed, which torch.save never does")
    if sum(member.file_size for member in members.values()) > size:
        raise DataError(f"{path}: is refused: its members have more bytes than the file")
    pickles = [m for m in members.values() if m.filename.split("/", 1)[-1] == "data.pkl"]
    if any("/code/" in f"/{name}" or name.endswith("constants.pkl") for name in members):
        raise DataError(f"{path}: is a TorchScript program; simd reads weights, not code")
    if len(pickles) != 1:
        raise DataError(f"{path}: is an archive, but not one of torch.save: it has {len(pickles)} data.pkl")
    if pickles[0].file_size > _MAX_PICKLE_BYTES:
        raise DataError(f"{path}: is refused: its pickle has {pickles[0].file_size} bytes without any data")


def _check_legacy(path: Path, size: int) -> None:
    """Check a file written before PyTorch 1.6: five pickles, then the tensors' data."""
    with path.open("rb") as stream:
        if _describe(path, stream)[0] != _LEGACY_MAGIC:
            raise DataError(f"{path}: is a pickle, but not one of torch.save")
        storages: dict[str, _Storage] = {}
        for _ in ("version", "system", "object", "order of the data"):
            storages |= _describe(path, stream)[1]
        remaining = size - stream.tell()
    declared = sum(storage.elements * storage.item_size + 8 for storage in storages.values())
    if declared > remaining:
        raise DataError(
            f"{path}: is refused: it declares {declared} bytes of tensor data, {remaining} are there"
        )


# --- the second reading -----------------------------------------------------------------------------------


class _PlainDtype:
    """Takes the place of numpy.dtype: the letter code of a number, nothing more."""

    _CODES = {  # noqa: RUF012
        **{"f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "i2": "h", "i1": "b"},
        **{"u8": "Q", "u4": "I", "u2": "H", "u1": "B", "b1": "?"},
    }

    def __init__(self, code: str, *flags: object) -> None:
        del flags
        self.order, self.code = "<", self._CODES[code]

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = ">" if state[1] == ">" else "<"


def _plain_scalar(dtype: _PlainDtype, data: bytes) -> float:
    """Take the place of numpy's scalar: a plain number from its bytes."""
    value: float = struct.unpack(dtype.order + dtype.code, data)[0]
    return value


def load_weights_only(path: Path) -> object:
    """Read what a file of `torch.save` holds by PyTorch's own guarded reader; numpy's numbers become plain.

    It is the second guard: PyTorch refuses what it does not know, whatever :func:`check_archive` let through.

    Raises
    ------
    DataError
        If PyTorch refuses the file, or cannot read it.
    """
    import torch
    from torch.serialization import safe_globals

    numbers = [
        (_PlainDtype, "numpy.dtype"),
        (_plain_scalar, "numpy.core.multiarray.scalar"),
        (_plain_scalar, "numpy._core.multiarray.scalar"),
    ]
    try:
        with safe_globals(numbers):  # type: ignore[arg-type]
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # its unpickler, its archive reader and its C++ all raise their own
        # what PyTorch says first is to run the file all the same; what it found comes after
        message = str(error).partition("WeightsUnpickler error: ")[2]
        reason = first_line(ValueError(message) if message.strip() else error)
        raise DataError(f"{path}: cannot be read as weights ({reason})") from error


def _read_safetensors(path: Path) -> "dict[str, Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise DataError(f"{path}: is not a safetensors file ({error})") from error


def _named_tensors(path: Path, loaded: object) -> "dict[str, Tensor]":
    """Open wrappers until a mapping of tensors is found."""
    import torch

    while isinstance(loaded, Mapping):
        tensors = {name: value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
        wrapper = next((name for name in _WRAPPERS if isinstance(loaded.get(name), Mapping)), None)
        if wrapper is None:
            if not tensors or not all(isinstance(name, str) for name in tensors):
                break
            return tensors
        loaded = loaded[wrapper]
    raise DataError(f"{path}: holds no named tensors; a checkpoint is a mapping of names to tensors")
