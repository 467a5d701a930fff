"""The networks can be trained and folded, at any size and in both presets."""

import pytest
import torch
from fake_weights import fake_network

from simd.errors import DataError
from simd.methods.networks import build_network
from simd.methods.networks.classifier import PatchClassifier
from simd.methods.networks.layers import Normalize, StandardizedConv2d
from simd.methods.networks.sim import SIM
from simd.methods.runtime.fold_norms import fuse


def batch(n=2, height=64, width=72, seed=0):
    """Return image, trimap, clicks and semantic trimap."""
    torch.manual_seed(seed)
    trimap = torch.tensor([0.0, 128.0, 255.0])[torch.randint(0, 3, (n, 1, height, width))]
    return (
        torch.rand(n, 3, height, width),
        trimap,
        torch.rand(n, 6, height, width),
        torch.rand(n, 20, height, width) * (trimap == 128),
    )


def test_sim_trains_with_a_gradient_in_every_parameter():
    torch.manual_seed(0)
    network = build_network("sim", "small").train()
    solved = network(*batch())
    loss = sum((part - 0.3).abs().mean() for part in solved)
    loss.backward()
    lacking = [
        name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()
    ]
    assert lacking == []


def test_a_step_of_training_lowers_the_loss():
    network = fake_network("sim", "small").train()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    inputs, target = batch(), torch.rand(2, 1, 64, 72)
    values = []
    for _ in range(6):
        loss = (network(*inputs, auxiliary=False).alpha - target).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    assert values[-1] < values[0]


def test_the_classifier_trains_and_serves_as_a_discriminator():
    network = build_network("classifier", "small").train()
    image, matte = torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64, requires_grad=True)
    classified = network(image, matte)
    (classified.logits.sum() + sum(level.mean() for level in classified.features)).backward()
    assert all(p.grad is not None for p in network.parameters())
    assert matte.grad.abs().sum() > 0  # which a matting network learns from
    alone = PatchClassifier(in_channels=3, width=8, depths=(1, 1, 1, 1)).eval()
    assert alone(None, matte).logits.shape == (2, 20)


def test_the_mean_of_the_score_maps_and_the_bias_are_the_logits():
    network = fake_network("classifier", "small")
    with torch.inference_mode():
        logits, maps, _ = network(torch.rand(2, 3, 96, 152), torch.rand(2, 1, 96, 152))
    assert maps.shape == (2, 20, 3, 5)  # every halving rounds up: 152, 76, 38, 19, 10, 5
    torch.testing.assert_close(maps.mean(dim=(2, 3)) + network.fc.bias, logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("network", ["sim", "classifier"])
def test_folding_the_norms_changes_nothing_but_the_parameters(network):
    module, folded = fake_network(network, "small"), fuse(fake_network(network, "small"))
    image, trimap, clicks, semantics = batch()
    inputs = (image, trimap, clicks, semantics) if network == "sim" else (image, trimap / 255)
    with torch.inference_mode():
        expected, found = module(*inputs), folded(*inputs)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-4, atol=2e-5)
    assert not any(isinstance(m, torch.nn.BatchNorm2d | StandardizedConv2d) for m in folded.modules())
    assert not any(p.requires_grad for p in folded.parameters())


def test_constants_move_with_the_network_and_stay_out_of_its_state():
    network = Normalize()
    assert network.state_dict() == {}
    found = network.double()(torch.full((1, 3, 1, 1), 0.5, dtype=torch.float64))
    # (0.5 - mean) / std, by hand
    assert found.flatten().tolist() == pytest.approx([0.0655022, 0.1964286, 0.4177778], rel=1e-5)


def test_known_regions_enter_background_first():
    network, seen = fake_network("sim", "small"), []
    network.encoder.conv1.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    image, trimap, clicks, semantics = batch(1)
    with torch.inference_mode():
        network(image, trimap, clicks, semantics)
    assert torch.equal(seen[0][:, 9], (trimap[:, 0] == 0).float())
    assert torch.equal(seen[0][:, 10], (trimap[:, 0] == 255).float())


def test_hyperparameters_are_arguments():
    network = SIM(classes=3, clicks=0, width=8, depths=(1, 1, 1, 1), dilations=(2,), context=8, up=(8, 8, 8))
    image, trimap, _, semantics = batch(1, 32, 40)
    with torch.inference_mode():
        solved = network.eval()(image, trimap, torch.zeros(1, 0, 32, 40), semantics[:, :3])
    assert [tuple(part.shape) for part in solved] == [(1, 1, 32, 40), *[(1, 3, 32, 40)] * 3]


def test_a_network_without_memory_has_its_constants():
    assert build_network("sim", "small", empty=True).normalize.mean.device.type == "cpu"


@pytest.mark.parametrize("number", range(4))
def test_inputs_of_sim_that_do_not_fit_are_named(number):
    network = fake_network("sim", "small").eval()
    for broken in (lambda x: x[0], lambda x: x[:, :, :-4], lambda x: x[:, :-1], lambda x: x[:1]):
        inputs = list(batch())
        inputs[number] = broken(inputs[number])
        with pytest.raises(
            DataError, match=r"SIM takes image \(N, 3, H, W\), .* multiples of 8; these are image"
        ):
            network(*inputs)


def test_sides_that_are_not_multiples_of_8_are_named():
    with pytest.raises(DataError, match=r"multiples of 8; these are image \(2, 3, 36, 44\)"):
        fake_network("sim", "small").eval()(*batch(height=36, width=44))
