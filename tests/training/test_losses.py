"""The losses against those of the reference code, and what each of them must do."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from simd.errors import DataError
from simd.training import losses

GOLDEN = Path(__file__).parent.parent / "golden" / "sim" / "losses_64x64.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return {key: torch.from_numpy(np.asarray(file[key])) for key in file.files}


@pytest.fixture(scope="module")
def unknown(golden):
    return (golden["trimap"] == 128).float()


def near(found, expected):
    assert float(found) == pytest.approx(float(expected), rel=1e-5)


def test_alpha_loss(golden, unknown):
    near(losses.alpha_loss(golden["p_a"], golden["g_a"], unknown), golden["loss_alpha"])


def test_composition_losses(golden, unknown):
    g, loss = golden, losses.composition_loss
    near(loss(g["g_f"], g["g_b"], g["p_a"], g["image"], unknown), g["loss_comp"])
    near(loss(g["p_f"], g["p_b"], g["g_a"], g["image"], unknown), g["loss_comp_fb"])


def test_colour_loss_in_the_regions_of_the_release_and_of_the_paper(golden):
    g, bg_region = golden, (golden["trimap"] <= 128).float()
    colours = g["p_f"], g["g_f"], g["p_b"], g["g_b"]
    everywhere, paper = torch.ones_like(bg_region), (g["trimap"] >= 128).float()
    near(losses.colour_loss(*colours, everywhere, bg_region), g["loss_fb_as_in_code"])
    near(losses.colour_loss(*colours, paper, bg_region), g["loss_fb_fg_mask_ge128"])


def test_laplacian_loss_of_mattes_and_of_colours(golden):
    near(losses.laplacian_loss(golden["p_a"], golden["g_a"]), golden["loss_lap_alpha"])
    near(losses.laplacian_loss(golden["p_f"], golden["g_f"]), golden["loss_lap_fg"])


def test_gradients_and_the_loss_on_their_magnitudes(golden, unknown):
    g = golden
    torch.testing.assert_close(losses.gradients(g["p_a"]), g["grad_p_a"], rtol=0, atol=1e-6)
    weights = torch.cat([g["r1"], g["r2"], g["r3"]], dim=1)
    near(
        losses.gradient_loss(g["p_a"], g["p_f"], g["p_b"], weights, g["image"], unknown), g["loss_attention"]
    )


def test_discriminator_loss(golden):
    features = ([golden[f"{kind}_feat{level}"] for level in range(5)] for kind in ("fake", "real"))
    near(
        losses.discriminator_loss(golden["fake_ret"], golden["real_ret"], *features),
        golden["loss_discriminator"],
    )


def test_a_pixel_outside_the_mask_counts_for_a_millionth():
    pred, alpha = torch.ones(1, 1, 1, 4), torch.zeros(1, 1, 1, 4)
    unknown = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 1, 4)
    # two pixels off by 1 and two by 1e-6, over an area of 2 + 1
    near(losses.alpha_loss(pred, alpha, unknown), (2 + 2e-6) / 3)


def test_a_pyramid_of_a_constant_has_no_bands_inside():
    flat = torch.full((1, 3, 64, 64), 0.7)
    near(losses.laplacian_loss(flat, flat), 0)
    # a constant difference lies in the low band alone, which the loss leaves out
    assert float(losses.laplacian_loss(flat, flat - 0.3)) < 1e-6


def test_pyramids_take_images_that_are_not_square():
    found = losses.laplacian_loss(torch.rand(1, 1, 64, 96), torch.rand(1, 1, 64, 96))
    assert found > 0.1


def ramp(across, down, *, channels=1, side=8):
    """A plane that rises by `across` a column and `down` a row: inside, Sobel gives these, over 8 · 1/8."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (across * columns + down * rows).float().expand(1, channels, side, side).clone()


def inside(side=8):
    """Pixels whose gradient does not see the border, 36 of 8 x 8."""
    region = torch.zeros(1, 1, side, side)
    region[:, :, 1:-1, 1:-1] = 1
    return region


def test_equation_9_by_hand():
    # Sobel over 8: a ramp of slope s has (1 + 2 + 1) * 2 s / 8 = s. Slopes (across, down):
    alpha, fg, bg = ramp(0.08, 0), ramp(0.01, 0.02, channels=3), ramp(0, 0.04, channels=3)
    image = ramp(0.03, -0.02, channels=3)
    weights = torch.full((1, 3, 8, 8), 0.9)  # the first map has no place in the equation
    weights[:, 1], weights[:, 2] = 0.25, 0.5  # lambda 2, lambda 1
    # across the image, 0.5 * 0.08 + 0.75 * 0.01 + 0.25 * 0 - 0.03 = 0.0175
    # and down it, 0.5 * 0 + 0.75 * 0.02 + 0.25 * 0.04 + 0.02 = 0.045; added, 36 pixels over 36 + 1
    loss = losses.component_gradient_loss(alpha, fg, bg, weights, image, inside())
    near(loss, (0.0175 + 0.045) * 36 / 37)
    weights[:, 0] = 0.1
    near(losses.component_gradient_loss(alpha, fg, bg, weights, image, inside()), loss)


def test_equation_10_by_hand():
    alpha, fg, bg = ramp(0.08, 0), ramp(0.01, -0.02, channels=3), ramp(0, 0.04, channels=3)
    # |grad F| |grad B| + |grad alpha| |grad B| = 0.03 * 0.04 + 0.08 * 0.04
    near(losses.exclusion_loss(alpha, fg, bg, inside()), 0.0044 * 36 / 37)
    flat = torch.full((1, 3, 8, 8), 0.5)
    assert float(losses.exclusion_loss(alpha, fg, flat, inside())) == 0


def test_equation_6_has_the_answer_to_the_true_matte_as_its_label():
    pred, truth = torch.tensor([[0.0, 0.0]]), torch.tensor([[math.log(3.0), 0.0]])
    # softmax of the truth is (3/4, 1/4), of the prediction (1/2, 1/2): -(3/4 + 1/4) log 1/2
    near(losses.class_loss(pred, truth), math.log(2))
    # and the other way round: -1/2 log 3/4 - 1/2 log 1/4
    near(losses.class_loss(truth, pred), -0.5 * math.log(3 / 16))
    # the release: sigmoids (3/4, 1/2) as labels of (1/2, 1/2); log 1/2 for every label
    near(losses.sigmoid_class_loss(pred, truth), math.log(2))


def test_features_are_compared_level_by_level():
    pred = [torch.zeros(1, 1, 1, 2), torch.zeros(1, 1, 2, 2)]
    truth = [torch.tensor([1.0, 3.0]).view(1, 1, 1, 2), torch.full((1, 1, 2, 2), 2.0)]
    near(losses.feature_loss(pred, truth), ((1 + 9) / 2 + 4) / 2)


def test_processes_that_share_a_batch_share_the_area_of_the_release_s_gradient_loss(golden, unknown):
    g, weights = golden, torch.cat([golden["r1"], golden["r2"], golden["r3"]], dim=1)
    parts = [g["p_a"], g["p_f"], g["p_b"], weights, g["image"], unknown]
    area = (unknown.sum() + 1) / len(unknown)
    each = [
        losses.gradient_loss(*(part[i : i + 1] for part in parts), area=area) for i in range(len(unknown))
    ]
    near(sum(each) / len(each), losses.gradient_loss(*parts))


def test_every_loss_has_a_gradient(golden, unknown):
    g = golden
    alpha, fg, bg = (g[key].clone().requires_grad_() for key in ("p_a", "p_f", "p_b"))
    weights = torch.full((len(alpha), 3, 64, 64), 0.5, requires_grad=True)
    features = [g[f"fake_feat{level}"].clone().requires_grad_() for level in range(5)]
    real = [g[f"real_feat{level}"] for level in range(5)]
    total = (
        losses.alpha_loss(alpha, g["g_a"], unknown)
        + losses.composition_loss(fg, bg, alpha, g["image"], unknown)
        + losses.colour_loss(fg, g["g_f"], bg, g["g_b"], unknown, unknown)
        + losses.laplacian_loss(alpha, g["g_a"])
        + losses.gradient_loss(alpha, fg, bg, weights, g["image"], unknown)
        + losses.component_gradient_loss(alpha, fg, bg, weights, g["image"], unknown)
        + losses.exclusion_loss(alpha, fg, bg, unknown)
        + losses.discriminator_loss(g["fake_ret"], g["real_ret"], features, real)
    )
    total.backward()
    for tensor in (alpha, fg, bg, weights, *features):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.abs().sum() > 0


def planes(*channels, side=64, n=2):
    return [torch.zeros(n, c, side, side) for c in channels]


@pytest.mark.parametrize(
    ("loss", "channels"),
    [
        (losses.alpha_loss, (1, 1, 1)),
        (losses.composition_loss, (3, 3, 1, 3, 1)),
        (losses.colour_loss, (3, 3, 3, 3, 1, 1)),
        (losses.gradient_loss, (1, 3, 3, 3, 3, 1)),
        (losses.component_gradient_loss, (1, 3, 3, 3, 3, 1)),
        (losses.exclusion_loss, (1, 3, 3, 1)),
        (losses.laplacian_loss, (1, 1)),
    ],
)
def test_tensors_of_other_shapes_are_named(loss, channels):
    assert torch.isfinite(loss(*planes(*channels)))
    for number in range(len(channels)):
        for other in (
            torch.zeros(2, 64, 64),
            torch.zeros(2, channels[number] + 1, 64, 64),
            torch.zeros(2, channels[number], 64, 32),
            torch.zeros(1, channels[number], 64, 64),
        ):
            tensors = planes(*channels)
            tensors[number] = other
            with pytest.raises(DataError, match=r"must be \(N, .*, H, W\), and all share one N, H and W"):
                loss(*tensors)


def test_patches_too_small_for_the_pyramid_are_refused():
    with pytest.raises(DataError, match=r"5 levels needs sides of at least 64 pixels, these are \(63, 63\)"):
        losses.laplacian_loss(*planes(1, 1, side=63))
    assert float(losses.laplacian_loss(*planes(1, 1, side=32), levels=4)) == 0


def test_features_of_two_discriminators_are_refused():
    logits, features = torch.zeros(2, 20), planes(4, 8)
    assert float(losses.discriminator_loss(logits, logits, features, features)) > 0
    with pytest.raises(DataError, match="logits and features of the two mattes differ"):
        losses.discriminator_loss(logits, logits, features, features[:1])
    for loss in (losses.class_loss, losses.sigmoid_class_loss):
        with pytest.raises(DataError, match=r"\(2, 20\) and \(2, 3\), both must be \(N, K\)"):
            loss(logits, logits[:, :3])
