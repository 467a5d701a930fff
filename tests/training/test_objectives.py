"""Every term of the objective: what it is of, whose form it has, and where its gradient goes."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from simd.methods.networks import build_network
from simd.methods.networks.sim import SimOutput
from simd.training import losses
from simd.training.objectives import LossOptions, discriminate, frozen, matting_terms
from simd.training.tensors import matting_batch

NONE = LossOptions(form="paper", **dict.fromkeys(LossOptions.__slots__[1:], 0.0))
ALL = replace(NONE, **dict.fromkeys(LossOptions.__slots__[1:], 1.0))
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    colours = {
        n: rng.integers(0, 256, (2, 64, 64, 3), np.uint8) for n in ("image", "foreground", "background")
    }
    trimap = np.full((2, 64, 64), 128, np.uint8)
    trimap[:, :16], trimap[:, 48:] = 0, 255
    alpha = np.where(trimap == 128, rng.integers(0, 256, trimap.shape), trimap).astype(np.uint8)
    return matting_batch({**colours, "alpha": alpha, "trimap": trimap}, CPU)


@pytest.fixture
def solved():
    torch.manual_seed(1)
    parts = (torch.rand(2, channels, 64, 64, requires_grad=True) for channels in (1, 3, 3, 3))
    return SimOutput(*parts)


def test_tensors_are_scaled_and_the_unknown_region_is_128(batch):
    assert batch.image.shape == (2, 3, 64, 64)
    assert float(batch.alpha.max()) == 1
    assert batch.unknown.sum() == 2 * 32 * 64
    assert batch.clicks.shape == (2, 6, 64, 64)
    assert float(batch.clicks[0, 0, 0, 0]) == 1  # known background is near known background
    assert float(batch.clicks[0, 3, 63, 0]) == 1


def test_only_terms_with_a_weight_are_computed(batch, solved):
    options = replace(NONE, alpha=1.0, exclusion=0.2)
    assert options.weights == {"alpha": 1.0, "exclusion": 0.2}
    terms = matting_terms(options, solved, batch)
    assert list(terms) == ["alpha", "exclusion"]
    torch.testing.assert_close(terms["alpha"], losses.alpha_loss(solved.alpha, batch.alpha, batch.unknown))


def test_known_pixels_count_where_the_form_says_so(batch, solved):
    moved = solved._replace(
        alpha=torch.where(batch.unknown == 1, solved.alpha, 1 - solved.alpha),
        fg=torch.where(batch.trimap > 0, solved.fg, 1 - solved.fg),
        bg=torch.where(batch.trimap < 255, solved.bg, 1 - solved.bg),
    )
    options = replace(ALL, features=0.0, classes=0.0, gradient=0.0, exclusion=0.0, colour_laplacian=0.0)
    for form, changed in (("paper", set()), ("release", {"laplacian", "colours"})):
        before, after = (matting_terms(replace(options, form=form), each, batch) for each in (solved, moved))
        assert {name for name in before if not torch.equal(before[name], after[name])} == changed


@pytest.mark.parametrize("network", ["discriminator", "discriminator_colours"])
@pytest.mark.parametrize("form", ["paper", "release"])
def test_gradients_pass_through_the_frozen_discriminator_to_alpha(batch, solved, network, form):
    torch.manual_seed(2)
    discriminator = frozen(build_network(network, "small"))
    before = {name: tensor.clone() for name, tensor in discriminator.state_dict().items()}
    answers = discriminate(discriminator, solved, batch, form=form)
    for name in ("features", "classes"):
        options = replace(NONE, form=form, **{name: 1.0})
        assert options.needs_discriminator
        (gradient,) = torch.autograd.grad(
            matting_terms(options, solved, batch, answers)[name], solved.alpha, retain_graph=True
        )
        assert torch.isfinite(gradient).all()
        assert (gradient[batch.unknown == 1] != 0).float().mean() > 0.9
        if form == "paper":  # known pixels are those of the truth
            assert not gradient[batch.unknown == 0].any()
    assert all(parameter.grad is None for parameter in discriminator.parameters())
    assert not discriminator.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in discriminator.state_dict().items())


def test_equal_mattes_have_equal_features(batch, solved):
    discriminator = frozen(build_network("discriminator", "small"))
    answers = discriminate(discriminator, solved._replace(alpha=batch.alpha), batch, form="paper")
    terms = matting_terms(replace(NONE, features=1.0, classes=1.0), solved, batch, answers)
    assert float(terms["features"]) == 0
    # the label's own entropy is what is left of the class loss
    shares = answers.truth.logits.softmax(dim=1)
    torch.testing.assert_close(terms["classes"], -(shares * shares.log()).sum(dim=1).mean())


@pytest.mark.parametrize("form", ["paper", "release"])
def test_every_term_is_finite_and_reaches_the_network(batch, solved, form):
    discriminator = frozen(build_network("discriminator", "small"))
    answers = discriminate(discriminator, solved, batch, form=form)
    terms = matting_terms(replace(ALL, form=form), solved, batch, answers)
    assert list(terms) == list(LossOptions.__slots__[1:])
    torch.stack(list(terms.values())).sum().backward()
    for part in solved:
        assert torch.isfinite(part.grad).all()
        assert part.grad.abs().sum() > 0
