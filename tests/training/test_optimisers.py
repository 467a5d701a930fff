"""Groups, rates and clipping."""

import pytest
import torch
from torch import nn

from simd.errors import DataError
from simd.training.optimisers import Clipping, OptimiserOptions, make_optimiser, set_rate

PLAIN = {
    **{"kind": "adam", "rate": 0.1, "encoder_rate": 1.0, "betas": (0.9, 0.999), "eps": 1e-8},
    **{"weight_decay": 0.0, "clip": 0.0, "clip_by": "norm"},
}


def options(**changed):
    return OptimiserOptions(**{**PLAIN, **changed})


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)


@pytest.mark.parametrize("kind", ["adam", "adamw", "radam"])
def test_the_encoder_has_a_rate_of_its_own(kind):
    network = Network()
    optimiser = make_optimiser(options(kind=kind, encoder_rate=0.25), network)
    set_rate(optimiser, 0.5)
    assert [group["lr"] for group in optimiser.param_groups] == [0.125, 0.5]
    assert optimiser.param_groups[0]["params"] == list(network.encoder.parameters())


def test_a_network_without_an_encoder_is_one_group():
    optimiser = make_optimiser(options(), nn.Linear(2, 2))
    assert [len(group["params"]) for group in optimiser.param_groups] == [2]


def gradient(*values):
    parameter = nn.Parameter(torch.zeros(len(values)))
    parameter.grad = torch.tensor(values)
    return parameter


def test_clipping_by_a_norm():
    parameter = gradient(3.0, 4.0)
    assert Clipping(options(clip=1.0))([parameter]) == pytest.approx(5.0)
    torch.testing.assert_close(parameter.grad, torch.tensor([0.6, 0.8]), atol=1e-5, rtol=0)
    parameter = gradient(3.0, 4.0)
    assert Clipping(options(clip=0.0))([parameter]) == 5.0
    assert parameter.grad.tolist() == [3.0, 4.0]


def test_clipping_by_a_multiple_of_the_moving_mean():
    clip = Clipping(options(clip=2.0, clip_by="moving"))
    clip([gradient(0.0, 1.0)])  # the first is not clipped, and is the mean
    assert clip.mean == 1.0
    parameter = gradient(0.0, 10.0)
    assert clip([parameter]) == 10.0
    assert parameter.grad.tolist() == pytest.approx([0.0, 2.0], abs=1e-5)
    assert clip.mean == pytest.approx(0.99 * 1 + 0.01 * 2)
    clip([gradient(0.0, float("nan"))])
    assert clip.mean == pytest.approx(1.01)


def test_betas_are_two_numbers_below_1():
    for betas in ((0.9,), (0.9, 1.0)):
        with pytest.raises(DataError, match="betas must be two numbers below 1"):
            options(betas=betas)
