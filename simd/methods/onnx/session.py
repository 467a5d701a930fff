"""Open ONNX models, which may be damaged or hostile, and run them."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from simd.errors import DataError, first_line
from simd.files import check_regular

_MAX_BYTES = 2 * 2**30  # of a protocol buffer
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_TYPES: Mapping[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int64)": np.int64,
}
_ERRORS_ONLY = 4  # fatal ones; the others arrive as exceptions


class Port(NamedTuple):
    """An input or output of a model."""

    name: str
    shape: tuple[int | None, ...]  # None: any length
    dtype: Any


class Session:
    """A model that is ready to run.

    Raises
    ------
    DataError
        If the file is missing, no model, keeps weights in other files, or the device is not there.
    """

    def __init__(self, file: Path, *, device: str = "cpu", threads: int | None = None) -> None:
        _check_device(device)
        check_regular(file)
        if file.is_file() and file.stat().st_size > _MAX_BYTES:
            raise DataError(f"{file}: has more than {_MAX_BYTES} bytes, and is no ONNX model of one file")
        try:
            data = file.read_bytes()
        except OSError as error:
            raise DataError(f"{file}: cannot be read ({error.strerror})") from error
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        # one worker of several has one thread; it says so by the variable that other libraries read
        options.intra_op_num_threads = threads or int(os.environ.get("OMP_NUM_THREADS") or 0)
        # read from memory, and with a folder of further files that cannot be: a model can name no other file
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=[_PROVIDERS[device]])
        except Exception as error:  # the runtime has its own exceptions, of no common base
            raise DataError(
                f"{file}: is no ONNX model that can be run ({_first_line(error)}); it must be whole, in one "
                "file, of standard operators"
            ) from error
        self.file, self.bytes, self.digest = file, len(data), hashlib.sha256(data).hexdigest()
        self.inputs = [_port(file, port) for port in self._session.get_inputs()]
        self.outputs = [_port(file, port) for port in self._session.get_outputs()]

    def run(self, output: str, inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
        """Return one output for the inputs by name."""
        try:
            (result,) = self._session.run([output], dict(inputs))
        except Exception as error:
            shapes = ", ".join(f"{name} {array.shape}" for name, array in inputs.items())
            raise DataError(f"{self.file}: fails on {shapes} ({_first_line(error)})") from error
        return np.asarray(result)


def _check_device(device: str) -> None:
    providers = onnxruntime.get_available_providers()
    present = [name for name, provider in _PROVIDERS.items() if provider in providers]
    if device not in present:
        raise DataError(
            f"the device {device!r} is not there for ONNX models; this machine has {', '.join(present)}"
        )


def _port(file: Path, port: Any) -> Port:
    if port.type not in _TYPES:
        raise DataError(f"{file}: {port.name!r} is a {port.type}; known are {', '.join(_TYPES)}")
    shape = tuple(length if isinstance(length, int) and length > 0 else None for length in port.shape)
    return Port(port.name, shape, _TYPES[port.type])


def _first_line(error: Exception) -> str:
    return first_line(error).rpartition(" : ")[2][:200]
