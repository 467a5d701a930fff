"""Where a network computes: devices and number types that are there, their memory, precision and failures."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch

from simd.errors import DataError
from simd.taxonomy import suggest

_LOG = logging.getLogger(__name__)


def check_device(device: str, dtype: str, dtypes: Iterable[str]) -> torch.device:
    """Return the device of a name; warn where it computes in the type, but slowly.

    Raises
    ------
    DataError
        If this machine has no such device, or it cannot compute in the type.
    """
    known = list(dtypes)
    if dtype not in known:
        raise DataError(f"unknown dtype {dtype!r}{suggest(dtype, known)}")
    try:
        torch_device = torch.device(device)
    except RuntimeError:
        raise DataError(
            f"unknown device {device!r}; this machine has {', '.join(present_devices())}"
        ) from None
    wanted = (
        f"{torch_device.type}:{torch_device.index}"
        if torch_device.index and torch_device.type != "cpu"
        else torch_device.type
    )
    if wanted not in present_devices() or (torch_device.type == "cpu" and torch_device.index):
        raise DataError(
            f"the device {device!r} is not there; this machine has {', '.join(present_devices())}"
        )
    if torch_device.type == "cpu" and dtype == "float16":
        raise DataError("float16 is for GPUs; on the CPU take float32 or bfloat16")
    if torch_device.type == "cpu" and dtype == "bfloat16" and not _cpu_has_bfloat16():
        _LOG.warning("this processor has no instructions for bfloat16: float32 takes less time here")
    return torch_device


def _cpu_has_bfloat16() -> bool:
    """Say whether products of bfloat16 are instructions here; PyTorch computes them without, too."""
    # keys differ by architecture: avx512_bf16, amx_bf16, bf16
    return any(has for name, has in torch.cpu.get_capabilities().items() if "bf16" in name)


def present_devices() -> list[str]:
    """List the names of the devices of this machine."""
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += ["cuda", *(f"cuda:{number}" for number in range(1, torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices


def free_gigabytes(device: torch.device) -> float | None:
    """Return the free memory of a GPU, None where it cannot be asked."""
    if device.type != "cuda":
        return None
    return torch.cuda.mem_get_info(device)[0] / 1e9


def out_of_memory(error: RuntimeError) -> bool:
    """Tell whether PyTorch failed for want of memory; on the CPU it says so in words only."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def check_device_memory(
    name: str, gigabytes: float, megapixels: float, device: torch.device, remedies: str
) -> None:
    """Raise DataError where a GPU has less memory free than a method needs for an image.

    The host's memory is checked by whoever runs the method over images.
    """
    free = free_gigabytes(device)
    if free is not None and gigabytes > free:
        raise DataError(
            f"{name} needs about {gigabytes:.1f} GB on {device} for {megapixels:.1f} megapixels, "
            f"{free:.1f} GB are free; use {remedies}, bfloat16, or the CPU"
        )


@contextmanager
def memory_in_words(name: str, device: torch.device, remedy: str) -> Iterator[None]:
    """Raise DataError where PyTorch fails for want of memory."""
    try:
        yield
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise DataError(f"{name} ran out of memory on {device}; use {remedy}") from error


@contextmanager
def full_precision() -> Iterator[None]:
    """Compute float32 as float32: a GPU's convolutions otherwise round their factors to 11 bits (TF32)."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield
