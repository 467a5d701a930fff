"""What the goldens of published networks cannot see: sizes, batches, extreme trimaps, training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_published import GOLDEN, batch, filled, released_tensors
from torch import nn
from torch.nn import functional

from simd.errors import DataError
from simd.methods.networks import build_network
from simd.methods.networks.dim import DIM, DimOutput, released_name
from simd.methods.networks.fba import NormalizedConv2d, fused
from simd.methods.networks.gca import GCA, GuidedContextualAttention, SpectralConv
from simd.methods.networks.indexnet import IndexBlock, IndexNet, InvertedResidual
from simd.methods.published.protocols import PROTOCOLS
from simd.methods.runtime.fold_norms import fuse

SMALL = {
    "dim-mmagic": lambda: DIM(width=4),
    "dim-huochaitiantang": lambda: DIM(width=4, skips=True, refines=False, bottleneck=3),
    "gca": lambda: GCA(width=4, encoder=(1, 2, 1, 1), decoder=(1, 2, 1, 1)),
    "indexnet": lambda: IndexNet(width=8, context=8),
}
SIZED = [*SMALL, "fba"]
NAMES = list(SMALL)  # that take an image and a trimap


def picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    cells = rng.choice(np.array([0, 128, 255], np.uint8), (height // 8 + 1, width // 8 + 1))
    trimap = cells.repeat(8, 0).repeat(8, 1)[:height, :width]
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), trimap


def small(name):
    return filled(build_network("fba", "small") if name == "fba" else SMALL[name]())


class Recorder(nn.Module):
    """A network that keeps what goes in, and gives back the trimap's mean level."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, image, trimap):
        self.image, self.trimap = image, trimap
        return DimOutput(trimap / 255, trimap / 255)


# --- protocols --------------------------------------------------------------------------------------------


def test_sides_above_1600_are_squeezed_by_themselves_in_the_release_of_dim():
    network = Recorder()
    image, trimap = picture(70, 1700)
    levels = PROTOCOLS["dim-huochaitiantang"]["released"].levels(network, image, trimap)
    assert network.image.shape == (1, 3, 64, 1600)  # 70 to 64 and 1700 to 1600
    assert levels.shape == (70, 1700)
    assert set(levels[trimap == 255]) == {255}
    PROTOCOLS["dim-huochaitiantang"]["robust"].levels(network, image, trimap)
    assert network.image.shape == (1, 3, 96, 1728)


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize("size", [(1, 40), (40, 1), (1, 1), (5, 7), (31, 33), (65, 64)])
def test_any_size_is_solved_robustly(name, size):
    image, trimap = picture(*size)
    alpha = PROTOCOLS[name]["robust"].alpha(small(name), image, trimap)
    assert alpha.shape == size
    assert np.isfinite(alpha).all()
    assert 0 <= alpha.min() <= alpha.max() <= 1


@pytest.mark.parametrize(
    ("name", "side"),
    [("dim-mmagic", 17), ("dim-huochaitiantang", 32), ("gca", 1), ("indexnet", 1), ("fba", 1)],
)
def test_the_release_takes_sides_from_its_least_on(name, side):
    network, protocol = small(name), PROTOCOLS[name]["released"]
    assert protocol.levels(network, *picture(side, 50)).shape == (side, 50)
    if side > 1:
        with pytest.raises(DataError, match=f"has 50 x {side - 1} pixels, .* fails on sides below {side}"):
            protocol.levels(network, *picture(50, side - 1))


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_trimaps_of_one_level_are_solved(name, level):
    """GCA weighs patches by the share of unknown pixels, here 0 or 1: no NaN comes of it."""
    image, trimap = picture(32, 64)[0], np.full((32, 64), level, np.uint8)
    for protocol in PROTOCOLS[name].values():
        levels = protocol.levels(small(name), image, trimap)
        assert level == 128 or set(levels.flatten()) == {level}


def test_levels_of_a_trimap_mean_what_the_release_lets_them_mean():
    image, trimap = np.zeros((32, 64, 3), np.uint8), np.full((32, 64), 100, np.uint8)
    trimap[0, :8] = 0, 3, 84, 85, 127, 169, 170, 255
    protocols = {name: PROTOCOLS[name]["released"] for name in ("gca", "dim-mmagic", "indexnet")}

    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, image, trimap):
            return type("Output", (), dict.fromkeys(("alpha", "refined", "raw"), 0 * trimap + 0.75))

    written = {
        name: protocol.levels(Half(), image, trimap)[0, :8].tolist() for name, protocol in protocols.items()
    }
    assert written["gca"] == [0, 0, 0, 191, 191, 191, 255, 255]  # 191.25, truncated
    assert written["dim-mmagic"] == [0, 191, 191, 191, 191, 191, 191, 255]
    assert written["indexnet"] == [0, 3, 84, 85, 127, 169, 170, 255]  # no pixel is 128


def test_a_network_that_gives_no_numbers_is_named():
    network = filled(SMALL["gca"]())
    network.decoder.conv2.bias.data.fill_(torch.nan)
    with pytest.raises(DataError, match="alpha is not finite"):
        PROTOCOLS["gca"]["robust"].alpha(network, *picture(32, 32))


# --- networks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_images_of_a_batch_do_not_see_each_other(name):
    network, (image, trimap) = filled(SMALL[name]()), batch(3)
    trimap[1] = 128
    with torch.inference_mode():
        together = network(image, trimap)
        apart = [network(image[n : n + 1], trimap[n : n + 1]) for n in range(3)]
    for number, output in enumerate(together):
        joined = torch.cat([single[number] for single in apart])
        torch.testing.assert_close(output, joined, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_of_a_network_can_be_trained(name):
    torch.manual_seed(0)
    network = filled(SMALL[name]()).train()
    sum(((output - 0.3) ** 2).mean() for output in network(*batch())).backward()
    lacking = [
        n
        for n, p in network.named_parameters()
        if p.requires_grad and not (p.grad is not None and p.grad.isfinite().all())
    ]
    assert lacking == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "size",
    [((1, 3, 33, 64), (1, 1, 33, 64)), ((1, 4, 32, 64), (1, 1, 32, 64)), ((1, 3, 32, 64), (1, 1, 64, 32))],
)
def test_inputs_that_do_not_fit_are_named(name, size):
    with pytest.raises(
        DataError, match=r"takes image \(N, 3, H, W\) and .* multiples of 32; these are image \(1"
    ):
        SMALL[name]()(*(torch.zeros(shape) for shape in size))


def test_the_second_stage_of_dim_adds_to_the_logit():
    network, added = filled(DIM(width=4, skips=True, bottleneck=3)), []
    network.refine_pred.register_forward_hook(lambda _, __, output: added.append(output))
    with torch.inference_mode():
        solved = network(*batch(1))
    assert added[0].abs().max() > 0.1
    torch.testing.assert_close(
        solved.refined, (solved.alpha.logit() + added[0]).sigmoid(), rtol=1e-3, atol=1e-5
    )


def test_every_tensor_of_dim_has_a_name_in_both_releases():
    refined = DIM().state_dict()
    assert {released_name(name) for name in refined} == released_tensors("dim_mmagic_stage3").keys()
    other = DIM(skips=True, bottleneck=3).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in other.items()}
    released = released_tensors("dim_huochaitiantang_stage3")
    assert shapes == {name: tuple(tensor.shape) for name, tensor in released.items()}


@pytest.mark.parametrize(("level", "channel"), [(84, 3), (85, 4), (169, 4), (170, 5)])
def test_thresholds_of_gca(level, channel):
    network, seen = filled(SMALL["gca"]()), []
    network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 32, 32), torch.full((1, 1, 32, 32), float(level)))
    assert seen[0][0, :, 0, 0].tolist()[3:] == [float(channel == number) for number in (3, 4, 5)]


def attention_by_convolutions(block, features, guidance, unknown):
    """State the attention of one image the other way: patches as kernels of convolutions."""
    q = functional.conv2d(guidance, block.guidance_conv.weight, block.guidance_conv.bias)[..., ::2, ::2]
    halved = unknown[..., ::2, ::2]
    h, w = q.shape[2:]
    padded = functional.pad(q, (1, 1, 1, 1), mode="reflect")
    wide = functional.pad(features, (1, 1, 1, 1), mode="reflect")
    places = [padded[0, :, y : y + 3, x : x + 3] for y in range(h) for x in range(w)]
    patches = torch.stack(
        [wide[0, :, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] for y in range(h) for x in range(w)]
    )
    kernels = torch.stack([place / max(place.norm().item(), 1e-4) for place in places])
    scores = functional.conv2d(padded, kernels)  # (1, n, h, w)
    mu = halved.mean().item()
    bounded = [min(max((a / b) ** 0.5 if b else 1e9, 0.1), 10) for a, b in ((mu, 1 - mu), (1 - mu, mu))]
    around = functional.pad(halved, (1, 1, 1, 1), mode="reflect")[0, 0]
    for i in range(h * w):
        y, x = divmod(i, w)
        held = bool(around[y : y + 3, x : x + 3].any())
        scores[0, i] *= bounded[0] if held else bounded[1]
        if held:
            scores[0, i, y, x] -= 1e4
    summed = functional.conv_transpose2d(scores.softmax(dim=1), patches, stride=2, padding=1) / 4
    return features + block.W(summed)


@pytest.mark.parametrize("share", [0.0, 0.002, 0.4, 1.0])
@pytest.mark.parametrize("at_once", [2**25, 100])
def test_attention_is_that_of_the_convolutions_however_many_pixels_are_solved_at_once(share, at_once):
    generator = torch.Generator().manual_seed(1)
    block = filled(GuidedContextualAttention(8, 8, scores=at_once))
    features, guidance = torch.rand(2, 1, 8, 12, 16, generator=generator)
    guidance = 3 * guidance
    guidance[..., :6, :6] = 0  # patches of guidance without a length, but for the bias
    block.guidance_conv.bias.data.zero_()
    unknown = (torch.rand(1, 1, 12, 16, generator=generator) < share).float()
    if share == 0.002:
        unknown[..., 4, 4] = 1  # one unknown pixel: the weight of known patches meets its limit
    with torch.inference_mode():
        attended = block(features, guidance, unknown)
        expected = attention_by_convolutions(block, features, guidance, unknown)
    torch.testing.assert_close(attended, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("transposed", [False, True])
def test_training_brings_the_largest_singular_value_of_a_spectral_weight_to_1(transposed):
    torch.manual_seed(0)
    layer = SpectralConv(6, 4, 3, padding=1, transposed=transposed).train()
    u = layer.module["weight_u"].clone()
    for _ in range(200):
        layer(torch.rand(1, 6, 5, 5))
    assert not torch.equal(layer.module["weight_u"], u)
    layer.eval()
    seen = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    # the layer's weight, from what it makes of single pixels, by an input channel
    impulses = torch.zeros(6, 6, 5, 5)
    impulses[range(6), range(6), 2, 2] = 1
    with torch.inference_mode():
        answers = layer(impulses)[:, :, 1:4, 1:4]  # (6, 4, 3, 3)
    rows = answers.flatten(1) if transposed else answers.transpose(0, 1).flatten(1)
    assert torch.linalg.svdvals(rows)[0].item() == pytest.approx(1, rel=1e-4)
    assert all(torch.equal(tensor, seen[name]) for name, tensor in layer.state_dict().items())


def test_indices_of_the_encoder_sum_to_1_in_every_four_pixels():
    block = filled(IndexBlock(6))
    with torch.inference_mode():
        of_encoder, of_decoder = block(torch.rand(2, 6, 8, 12))
    assert of_encoder.shape == of_decoder.shape == (2, 6, 8, 12)
    sums = 4 * functional.avg_pool2d(of_encoder, 2)
    torch.testing.assert_close(sums, torch.ones_like(sums))
    assert 0 < of_decoder.min() < of_decoder.max() < 1
    # the first branch is the upper left pixel, the second its neighbour to the right
    with torch.inference_mode():
        first, second = (
            branch(torch.ones(1, 6, 8, 12)).sigmoid() for branch in (block.indexnet1, block.indexnet2)
        )
        of_decoder = block(torch.ones(1, 6, 8, 12))[1]
    torch.testing.assert_close(of_decoder[..., ::2, ::2], first)
    torch.testing.assert_close(of_decoder[..., ::2, 1::2], second)


def test_the_padding_of_an_inverted_residual_goes_through_its_first_norm():
    block = filled(InvertedResidual(4, 4, 6))
    x = torch.rand(1, 4, 7, 9)
    widen, norm, relu, depthwise = block.conv[:4]
    with torch.inference_mode():
        ring = relu(norm(widen(torch.zeros(1, 4, 1, 1))))  # what the network has around the image
        inside = relu(norm(widen(x)))
        around = ring.expand(1, 24, 9, 11).clone()
        around[..., 1:-1, 1:-1] = inside
        expected = x + block.conv[4:](depthwise(around))
        torch.testing.assert_close(block(x), expected)
    assert ring.max() > 0.01


def test_folding_the_norms_of_indexnet_changes_nothing():
    """Its convolutions channel by channel stay so."""
    network, (image, trimap) = small("indexnet"), batch(1)
    with torch.inference_mode():
        expected = network(image, trimap).raw
        torch.testing.assert_close(fuse(network)(image, trimap).raw, expected, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


# --- FBA --------------------------------------------------------------------------------------------------


def fba_inputs(n=1, height=32, width=40):
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(n, channels, height, width, generator=generator) for channels in (3, 2, 6)]


def test_every_parameter_of_fba_can_be_trained_and_images_do_not_see_each_other():
    network = small("fba")
    inputs = fba_inputs(3)
    with torch.inference_mode():
        together = network(*inputs)
        apart = [network(*(x[n : n + 1] for x in inputs)) for n in range(3)]
    for number, output in enumerate(together):
        torch.testing.assert_close(output, torch.cat([s[number] for s in apart]), rtol=1e-4, atol=1e-4)
    sum((output - 0.3).square().mean() for output in network.train()(*inputs)).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_inputs_of_fba_that_do_not_fit_are_named():
    for broken in (lambda x: x[:, :, :-4], lambda x: x[:, :-1]):
        with pytest.raises(
            DataError, match=r"FBA takes image \(N, 3, H, W\), known .* multiples of 8; these are"
        ):
            small("fba")(*map(broken, fba_inputs()))


def test_where_alpha_is_0_or_1_the_image_is_what_is_seen():
    image, fg, bg = torch.rand(3, 1, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    for alpha in (0.0, 1.0):
        solved = fused(image, torch.full((1, 1, 4, 5), alpha), fg, bg)
        torch.testing.assert_close(solved.fg if alpha else solved.bg, image)
    # by hand: alpha 1/2, I 0.5, F 1, B 0: F' = 0.25 + 0.75 = 1; B' = 0.25 - 0.25 = 0, so that alpha stays
    half, one = torch.full((1, 1, 1, 1), 0.5), torch.ones(1, 3, 1, 1)
    solved = fused(0.5 * one, half, one, 0 * one)
    assert [round(part.mean().item(), 6) for part in solved] == [0.5, 1.0, 0.0]


def test_weights_of_fba_are_standardised_over_all_that_an_output_sums():
    torch.manual_seed(0)
    conv = NormalizedConv2d(6, 5, 3)
    conv.weight.data = 3 + 0.05 * torch.randn_like(conv.weight)
    rows = conv.standardized().flatten(1).double()
    variance = conv.weight.detach().flatten(1).double().var(dim=1, correction=0)
    torch.testing.assert_close(rows.mean(dim=1), torch.zeros(5).double(), rtol=0, atol=1e-5)
    torch.testing.assert_close(rows.var(dim=1, correction=0), variance / (variance + 1e-5), rtol=1e-4, atol=0)


def test_clicks_of_the_demo_of_fba_wrap_around():
    """What a resized channel is below 0 by one to two levels counts as known there, too."""
    with np.load(GOLDEN / "inputs.npz") as file:
        image, trimap = file["odd_image_rgb"], file["odd_trimap"]
    released = PROTOCOLS["fba"]["released"].inputs
    channel = released.parts(image, trimap)["trimap"][0]
    lack = ((1 - channel.astype(np.float64)) * 255).astype(np.int64)
    assert ((lack == 0) != (lack % 256 == 0)).any()  # the case is there
    assert ((released.clicks(trimap)[0] == 1) == (lack % 256 == 0)).all()
    assert ((replace(released, wraps=False).clicks(trimap)[0] == 1) == (lack == 0)).all()
