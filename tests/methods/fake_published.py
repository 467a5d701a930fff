"""Made-up weights by a documented formula, with which published networks made tests/golden/networks."""

import json
import zlib
from collections.abc import Mapping
from functools import cache
from math import prod
from pathlib import Path

import torch
from torch import Tensor, nn

GOLDEN = Path(__file__).parent.parent / "golden" / "networks"

torch.set_num_threads(1)  # tests run in parallel processes, whose threads would wait for each other


def fake_tensor(key: str, shape: tuple[int, ...], seed: int = 0) -> Tensor:
    """Return the tensor of a name, but for `weight_v`, which depends on others."""
    crc = zlib.crc32(key.encode())
    leaf = key.rpartition(".")[2]
    if leaf == "num_batches_tracked":
        return torch.tensor(crc % 1000)
    generator = torch.Generator("cpu").manual_seed((crc + 1000003 * seed) % 2**31)
    z = (torch.rand(shape, generator=generator, dtype=torch.float32) * 2.0 - 1.0) * 1.7320508
    if leaf == "running_mean":
        return 0.1 * z - (0.5 if key == "pred.0.1.running_mean" else 0.0)
    if leaf == "running_var":
        return 1.0 + 0.25 * z
    if leaf == "bias":
        return 0.1 * z
    if leaf == "weight_u":
        return z / z.norm()
    if leaf == "weight" and len(shape) == 1:
        return 1.0 + 0.1 * z
    if key.endswith("pred.1.weight"):
        return 0.02 * z + 0.04
    if key.endswith(("deconv1.weight", "decoder.conv2.weight", "pred.0.0.weight")):
        z[:, 1::2] = -z[:, 0::2]
    gain = 2.0 if key.endswith(tuple(f"deconv{stage}_1.weight" for stage in range(1, 6))) else 1.0
    return gain * (2.0 / prod(shape[1:])) ** 0.5 * z


def fake_tensors(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, Tensor]:
    tensors = {key: fake_tensor(key, tuple(shape), seed) for key, shape in shapes.items()}
    for key in tensors:
        base, _, leaf = key.rpartition(".")
        if leaf == "weight_v":
            v = tensors[f"{base}.weight_bar"].flatten(1).T @ tensors[f"{base}.weight_u"]
            tensors[key] = v / v.norm()
    return tensors


@cache
def released_shapes(checkpoint: str) -> dict[str, tuple[int, ...]]:
    keys = json.loads((GOLDEN / "keys.json").read_text())[checkpoint]
    return {name: tuple(shape) for name, shape in keys}


def released_tensors(checkpoint: str) -> dict[str, Tensor]:
    """Return made-up tensors under the names that a released checkpoint has."""
    return fake_tensors(released_shapes(checkpoint))


def filled(network: nn.Module, seed: int = 0) -> nn.Module:
    """Fill a network with made-up weights by its own names, in evaluation mode."""
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    network.load_state_dict(fake_tensors(shapes, seed))
    return network.eval()


def batch(n: int = 2, height: int = 64, width: int = 96, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return an image and a trimap in blocks of 8 pixels."""
    generator = torch.Generator().manual_seed(seed)
    kinds = torch.randint(0, 3, (n, 1, height // 8, width // 8), generator=generator)
    trimap = torch.tensor([0.0, 128.0, 255.0])[kinds.repeat_interleave(8, 2).repeat_interleave(8, 3)]
    return torch.rand(n, 3, height, width, generator=generator), trimap
