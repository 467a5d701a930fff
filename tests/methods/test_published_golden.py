"""Every array of tests/golden/networks, which the reference programs computed with made-up weights."""

from copy import deepcopy
from functools import cache

import numpy as np
import pytest
import torch
from fake_published import GOLDEN, fake_tensor, filled, released_shapes, released_tensors
from torch import nn

from simd.methods.networks.dim import DIM, released_name
from simd.methods.networks.fba import FBA
from simd.methods.networks.gca import GCA
from simd.methods.networks.indexnet import IndexNet
from simd.methods.published.protocols import PROTOCOLS
from simd.methods.runtime.click_maps import click_maps, distances

FORWARD, SHARE = 2e-4, 0.01  # absolute; of pixels that may be one level off
PROTOCOL_OF = {
    "dim_mmagic": "dim-mmagic",
    "dim_skip": "dim-huochaitiantang",
    "dim_plain": "dim-huochaitiantang",
    "indexnet": "indexnet",
    "gca": "gca",
    "fba": "fba",
}
MODES = {"default": "released", "test": "released", "demo": "demo"}


@cache
def load(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


@cache
def network_of(name) -> nn.Module:
    if name == "fba":
        return filled(FBA())
    if name == "dim_mmagic":
        network, released = DIM(), released_tensors("dim_mmagic_stage3")
        tensors = {key: released[released_name(key)] for key in network.state_dict()}
        assert len(tensors) == len(released)
    elif name.startswith("dim"):
        network = DIM(skips=name == "dim_skip", refines=False, bottleneck=3)
        tensors = released_tensors("dim_huochaitiantang_stage1")
    else:
        network, tensors = {"indexnet": IndexNet, "gca": GCA}[name](), released_tensors(name)
    network.load_state_dict(tensors)
    return network.eval()


@pytest.fixture
def in_float64():
    """Networks in float64, for what is compared level by level.

    Where two places of a maximum pool are equal but for rounding, float32 of another processor takes the
    other one, and with these weights a matte then differs by 7 levels.
    """
    torch.set_default_dtype(torch.float64)
    yield lambda name: deepcopy(network_of(name)).double()
    torch.set_default_dtype(torch.float32)


def arrays(kind):
    return [(name, key) for name in PROTOCOL_OF for key in load(name) if f"_{kind}_" in key]


@pytest.mark.parametrize(("name", "key"), [each for each in arrays("forward") if each[0] != "fba"])
def test_the_network_alone(name, key):
    case, output = key.split("_forward_")
    image = torch.from_numpy(load("inputs")[f"{case}_image_rgb"]).permute(2, 0, 1)[None] / 255
    trimap = torch.from_numpy(load("inputs")[f"{case}_trimap"])[None, None].float()
    with torch.inference_mode():
        solved = getattr(network_of(name)(image, trimap), output)
    np.testing.assert_allclose(solved[0, 0].numpy(), load(name)[key], rtol=0, atol=FORWARD)


def test_fba_alone():
    """In float64: with these weights the authors' own network differs by 9e-4 from itself in float32."""
    trimap = load("inputs")["aligned_trimap"]
    image = torch.from_numpy(load("inputs")["aligned_image_rgb"]).permute(2, 0, 1)[None].double() / 255
    known = torch.from_numpy(np.stack([trimap == 0, trimap == 255])[None]).double()
    clicks = torch.from_numpy(click_maps(distances(trimap), trimap.shape))[None].double()
    with torch.inference_mode():
        solved = filled(FBA()).double()(image, known, clicks)
    golden = load("fba")
    for part, array in zip(("alpha", "fg", "bg"), solved, strict=True):
        seen = array[0, 0] if part == "alpha" else array[0, :, ::4, ::4]
        np.testing.assert_allclose(seen, golden[f"aligned_forward_{part}"], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("name", "key"), arrays("pipe"))
def test_the_whole_program(name, key, in_float64):
    case, _, way = key.partition("_pipe_")
    odd = "_odd" if way.endswith("_trimapodd") else ""
    image, trimap = (load("inputs")[f"{case}_{part}"] for part in ("image_rgb", f"trimap{odd}"))
    protocol = PROTOCOLS[PROTOCOL_OF[name]][MODES[way.removesuffix("_trimapodd")]]
    levels = protocol.levels(in_float64(name), image, trimap)
    difference = np.abs(levels.astype(int) - load(name)[key])
    assert levels.dtype == np.uint8
    assert difference.max() <= 1
    assert (difference > 0).mean() < SHARE


@pytest.mark.parametrize("name", PROTOCOL_OF)
def test_robust_gives_the_same_where_nothing_is_resized(name):
    """Sides are multiples of the stride, and the trimap has three levels."""
    image, trimap = load("inputs")["aligned_image_rgb"], load("inputs")["aligned_trimap"]
    alpha = PROTOCOLS[PROTOCOL_OF[name]]["robust"].alpha(network_of(name), image, trimap)
    expected = load(name)[f"aligned_pipe_{'test' if name == 'gca' else 'default'}"]
    unknown = trimap == 128
    assert np.abs(alpha * 255 - expected)[unknown].max() < 1.1  # up to rounding or truncation


def test_the_made_up_weights_are_those_of_the_formula():
    """Spot values that came with the formula."""
    for checkpoint, key, first in (
        ("dim_huochaitiantang_stage1", "deconv5_1.weight", (-0.002225038, 0.003958186, 0.02086962)),
        ("dim_mmagic_stage3", "refiner.refine_pred.weight", (0.06162347, -0.02792784, 0.09216461)),
        ("indexnet", "pred.1.weight", (0.05370716, 0.03568615, 0.04353223)),
        ("gca", "encoder.conv1.module.weight_u", (0.06983842, -0.1763678, 0.2584042)),
    ):
        tensor = fake_tensor(key, released_shapes(checkpoint)[key])
        assert tensor.flatten()[:3].tolist() == pytest.approx(first, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dim_mmagic", 26_276_802),
        ("dim_skip", 28_297_153),
        ("indexnet", 5_953_515),
        ("gca", 25_164_529),
        ("fba", 34_693_031),
    ],
)
def test_networks_have_the_published_number_of_parameters(name, parameters):
    trained = (p.numel() for p in network_of(name).parameters() if p.requires_grad)
    assert sum(trained) == parameters
