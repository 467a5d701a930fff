"""Convolutions for the CPU equal PyTorch's own in float64, and stand only where they pay."""

import pytest
import torch
from fake_weights import fake_network
from torch import nn

from simd.methods.runtime import winograd
from simd.methods.runtime.fold_norms import fuse
from simd.methods.runtime.winograd import Winograd, for_cpu


def convolution(inputs, outputs, dilation=1, *, bias=True, **options):
    torch.manual_seed(0)
    options = {"padding": dilation, "dilation": dilation, "bias": bias} | options
    return nn.Conv2d(inputs, outputs, 3, **options)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (3, 17), (40, 8), (29, 31)])
@pytest.mark.parametrize("dilation", [1, 2, 4])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@torch.inference_mode()
def test_minimal_filtering_gives_the_convolution(size, dilation, layout):
    conv = convolution(5, 7, dilation, bias=size != (4, 4))
    x = torch.randn(2, 5, *size).to(memory_format=layout)
    found, expected = Winograd(conv)(x), conv.double()(x.double())
    assert found.shape == expected.shape
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=3e-6)


@torch.inference_mode()
def test_many_channels_go_through_in_parts_and_lose_little(monkeypatch):
    monkeypatch.setattr(winograd, "_CHUNK", 3 * 20 * 1024)  # three of ten rows of 20 tiles, so 3, 3, 3, 1
    conv = convolution(1024, 128)
    x = torch.randn(1, 1024, 40, 80)
    expected = conv.double()(x.double())
    found = Winograd(conv)(x)
    error = (found - expected).abs()
    assert expected.std() > 0.5
    assert error.max() < 2e-5
    assert error.mean() < 2e-6


def test_only_large_convolutions_of_stride_1_are_replaced():
    kinds = {
        "large": convolution(128, 128, 2),
        "narrow": convolution(128, 64),
        "strided": convolution(128, 128, stride=2),
        "far": convolution(128, 128, 12),
        "cut": convolution(128, 128, padding=0),
        "grouped": convolution(128, 128, groups=2),
        "wide": nn.Conv2d(128, 128, 7, padding=3),
    }
    network = for_cpu(nn.ModuleDict(kinds))
    assert [name for name, module in network.items() if isinstance(module, Winograd)] == ["large"]


@torch.inference_mode()
def test_a_1_by_1_convolution_has_nothing_to_dilate():
    conv = nn.Sequential(nn.Conv2d(6, 5, 1))
    x = torch.randn(2, 6, 9, 11)
    expected = conv(x)
    torch.testing.assert_close(for_cpu(conv)(x), expected)


def test_how_many_convolutions_of_the_networks_are_large():
    counts = {}
    for network in ("sim", "classifier"):
        for preset in ("paper", "small"):
            made = for_cpu(fuse(fake_network(network, preset)))
            counts[network, preset] = sum(isinstance(module, Winograd) for module in made.modules())
    # paper: 3 of layer 2, one being strided, 6 of layer 3, 3 of layer 4, 3 of the decoder; the classifier has
    # 3, 5 and 2; small: those of layer 4
    assert counts == {
        ("sim", "paper"): 15,
        ("sim", "small"): 2,
        ("classifier", "paper"): 10,
        ("classifier", "small"): 2,
    }
