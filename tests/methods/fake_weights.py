"""Made-up weights by a documented formula, with which the reference networks made tests/golden/sim.

The values depend on a tensor's name and shape and on a seed, and on uniform numbers alone, so that they are
the same on every CPU.
"""

import re
import zlib
from copy import deepcopy
from functools import cache
from math import prod
from pathlib import Path

import torch

from simd.methods.networks import build_network
from simd.methods.sim.method import SimMethod, load_sim
from simd.methods.weights.folder import save_weights

torch.set_num_threads(1)  # tests run in parallel processes, whose threads would wait for each other


def fake_tensor(key: str, shape: tuple[int, ...], seed: int = 0, *, fan: int = 1) -> torch.Tensor:
    """Return the tensor of a name; `fan`: of the standardised convolution before a norm."""
    crc = zlib.crc32(key.encode())
    base, _, leaf = key.rpartition(".")
    if leaf == "num_batches_tracked":
        return torch.tensor(crc % 1000)
    generator = torch.Generator("cpu").manual_seed((crc + 1000003 * seed) % 2**31)
    u = torch.rand(shape, generator=generator, dtype=torch.float32)
    z = (u * 2.0 - 1.0) * 1.7320508
    if leaf == "running_mean":
        return 0.1 * fan**0.5 * z
    if leaf == "running_var":
        return fan * (1.0 + 0.25 * z)
    if leaf == "bias":
        return 0.1 * z + (0.5 if key == "decoder.conv_up4_alpha.2.bias" else 0.0)
    if len(shape) == 1:
        gain = 0.3 if re.search(r"layer\d+\.\d+\.bn3$", base) else 1.0
        return gain * (1.0 + 0.1 * z)
    if key.startswith("decoder.conv_up4_"):
        z[:, 1::2] = -z[:, 0::2]
    if key == "decoder.conv_up4_alpha.4.weight":
        return 0.08 * z + 0.055
    fan_in = prod(shape[1:])
    return z * (fan_in**-0.5 if len(shape) == 2 else (2.0 / fan_in) ** 0.5)


def fake_state(network: str, preset: str = "paper", seed: int = 0) -> dict[str, torch.Tensor]:
    state = build_network(network, preset, empty=True).state_dict()
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    return {key: fake_tensor(key, shape, seed, fan=_fan(key, shapes)) for key, shape in shapes.items()}


def _fan(key: str, shapes: dict[str, tuple[int, ...]]) -> int:
    """Return what one value sums up in the standardised convolution before a decoder's norm, else 1.

    What leaves such a convolution has a standard deviation of about the root of it.
    """
    path, _, number = key.rpartition(".")[0].rpartition(".")
    before = shapes.get(f"{path}.{int(number) - 1}.weight" if number.isdecimal() else "", ())
    is_norm = f"{path}.{number}.running_var" in shapes
    return prod(before[1:]) if path.startswith("decoder.") and is_norm else 1


@cache
def _fake_network(network: str, preset: str) -> torch.nn.Module:
    module = build_network(network, preset, empty=True)
    module.load_state_dict(fake_state(network, preset), assign=True)
    return module.eval()


def fake_network(network: str, preset: str = "paper") -> torch.nn.Module:
    """Return a network with made-up weights; each call gives a copy of its own."""
    return deepcopy(_fake_network(network, preset))


def write_fake_weights(folder: Path, preset: str = "small") -> Path:
    """Write a folder of weights, as `simd weights import` would."""
    for network in ("sim", "classifier"):
        save_weights(
            fake_state(network, preset),
            folder,
            network=network,
            preset=preset,
            source="made up",
            licence="CC0",
        )
    return folder


def load_fake_sim(folder: Path, preset: str = "small", **options) -> SimMethod:
    return load_sim(weights=str(write_fake_weights(folder, preset)), **options)
