"""Checkpoints that try to run something or to fill the memory; each would leave a file named MARKER."""

import builtins
import functools
import importlib
import operator
import os
import pickle
import pickletools
import runpy
import subprocess
import zipfile
from pathlib import Path

import torch

MARKER = "it-ran"


class Call:
    """Pickles as a call."""

    def __init__(self, function, *arguments):
        self.parts = function, arguments

    def __reduce__(self):
        return self.parts


class State:
    """Pickles as a harmless call whose state is a hostile one."""

    def __init__(self, inner):
        self.inner = inner

    def __reduce__(self):
        return dict, (), None, None, iter([("a", self.inner)])


class ModuleSource:
    """Pickles as an import of a module that a file beside it defines."""

    def __reduce__(self):
        return importlib.import_module, ("evil_module",)


def hostile_objects(marker: Path) -> dict[str, object]:
    touch, path = f"touch {marker}", str(marker)
    script = marker.with_name("script.py")
    script.write_text(f"open({path!r}, 'w').close()")
    return {
        "os.system": Call(os.system, touch),
        "eval": Call(eval, f"open({path!r}, 'w').close()"),
        "exec": Call(exec, f"open({path!r}, 'w').close()"),
        "open": Call(open, path, "w"),
        "subprocess": Call(subprocess.check_call, ["touch", path]),
        "__import__": Call(builtins.__import__, "antigravity"),
        "import_module": ModuleSource(),
        "runpy": Call(runpy.run_path, str(script)),
        "getattr": Call(operator.call, Call(getattr, Call(importlib.import_module, "os"), "system"), touch),
        "partial": Call(functools.partial(os.system, touch)),
        "attrgetter": Call(operator.methodcaller("touch"), marker),
        "pathlib": Call(Path.touch, marker),
        "torch.load": Call(torch.load, str(script)),
        "load_from_bytes": Call(torch.storage._load_from_bytes, pickle.dumps(Call(os.system, touch))),
        "pickle.loads": Call(pickle.loads, pickle.dumps(Call(os.system, touch))),
        "in an item": {"state_dict": {"conv1.weight": torch.zeros(3), "evil": Call(os.system, touch)}},
        "in a state": State(Call(os.system, touch)),
        "as a name": {"epoch": 3, Call(os.system, touch): 1},
        "bytearray": Call(bytearray, 10**12),
        "module": {"state_dict": torch.nn.Linear(2, 2)},
    }


def pickled(thing: object, protocol: int) -> bytes:
    return pickle.dumps(thing, protocol=protocol)


def write_zip(path: Path, data_pkl: bytes, records: dict[str, bytes] | None = None, *, packed=False) -> Path:
    """Write an archive as torch.save lays it out."""
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", data_pkl)
        archive.writestr("archive/version", b"3\n")
        for name, data in (records or {}).items():
            archive.writestr(f"archive/{name}", data)
    return path


def write_legacy(path: Path, object_pickle: bytes, tail: bytes = b"") -> Path:
    """Write a file as torch.save did before PyTorch 1.6."""
    magic, version, system = 0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}
    head = b"".join(pickle.dumps(part, protocol=2) for part in (magic, version, system))
    path.write_bytes(head + object_pickle + pickle.dumps([], protocol=2) + tail)
    return path


def tensor_pickle(size: tuple[int, ...], elements: int, *, stride: tuple[int, ...] | None = None) -> bytes:
    """Return the pickle of {"conv1.weight": tensor} that declares what it likes."""
    ops = [b"\x80\x02}X\x0c\x00\x00\x00conv1.weightctorch._utils\n_rebuild_tensor_v2\n("]
    ops.append(b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu")
    ops.append(
        _integer(elements) + b"tQ" + _integer(0) + _integers(size) + _integers(stride or (1,) * len(size))
    )
    ops.append(b"\x89ccollections\nOrderedDict\n)RtRs.")
    data = b"".join(ops)
    assert list(pickletools.genops(data))  # it is a valid pickle
    return data


def _integer(value: int) -> bytes:
    return pickle.dumps(value, protocol=2)[2:-1]


def _integers(values: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(map(_integer, values)) + b"t"
