"""Both networks of Semantic Human Matting, their fusion, and the ways on which details teach semantics."""

import pytest
import torch
from torch.nn import functional

from simd.errors import DataError
from simd.methods.networks import build_network
from simd.methods.networks.shm import cut_windows, fuse


def tiny(name="shm"):
    torch.manual_seed(3)
    network = build_network(name, "small")
    for module in network.modules():  # dropout would make two passes differ
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return network


def images(n=2, height=32, width=48, seed=0):
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(seed))


def open_the_extra_channels(network):
    with torch.no_grad():
        network.mnet.conv1_1[0].weight[:, 3:].normal_(0, 0.3)


@pytest.mark.parametrize(
    ("name", "parameters", "tensors"), [("tnet", 46_583_363, 350), ("mnet", 25_686_337, 128)]
)
def test_the_networks_have_the_size_of_the_paper(name, parameters, tensors):
    # counted by hand: ResNet-50 without its classifier 23,508,032, four branches 4 (2048 512 + 2 512), the
    # head 4096 512 9 + 2 512 + 3 (512 + 1); VGG-16's convolutions with norms 14,724,864, six of 5 x 5
    network = build_network(name, "paper", empty=True)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert len(network.state_dict()) == tensors


def test_the_semantics_stay_at_an_eighth_by_dilation():
    network = build_network("tnet", "paper", empty=True)
    kinds = [
        (block.conv2.stride[0], block.conv2.dilation[0])
        for layer in (network.layer2, network.layer3, network.layer4)
        for block in (layer[0], layer[1])
    ]
    assert kinds == [(2, 1), (1, 1), (1, 1), (1, 2), (1, 2), (1, 4)]


@pytest.mark.parametrize(("size", "features"), [((333, 251), (42, 32)), ((1, 40), (1, 5)), ((1, 1), (1, 1))])
def test_tnet_takes_any_size(size, features):
    network, seen = tiny("tnet").eval(), []
    network.layer4.register_forward_hook(lambda *arguments: seen.append(tuple(arguments[2].shape[2:])))
    with torch.inference_mode():
        assert network(images(1, *size)).shape == (1, 3, *size)
    assert seen == [features]


def test_a_single_image_teaches_tnet_nothing_of_its_norms():
    network = tiny("tnet").train()
    with pytest.raises(DataError, match=r"at least two images at a time.*loop\.fixed_norms=1"):
        network(images(1))
    assert network.eval()(images(1)).shape == (1, 3, 32, 48)


@pytest.mark.parametrize("height", [17, 33, 49, 8])
def test_mnet_refuses_sides_that_come_out_too_small(height):
    with pytest.raises(DataError, match=r"M-Net takes image .* multiples of 16; given are image \(1, 3, "):
        tiny("mnet")(images(1, height, 32), images(1, height, 32))


@pytest.mark.parametrize("shape", [(1, 4, 32, 32), (3, 32, 32), (0, 3, 32, 32), (1, 1, 32, 32)])
def test_images_have_three_channels(shape):
    for call in (tiny("tnet"), lambda image: tiny("mnet")(image, images(1, 32, 32))):
        with pytest.raises(DataError, match=r"takes image \(N, 3, H, W\)"):
            call(torch.zeros(shape))


def test_foreground_counts_one_and_unknown_what_the_details_say():
    probabilities = torch.tensor([[0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])[:, :, None, None]
    details = torch.tensor([0.4, 7.0, 7.0]).view(3, 1, 1, 1)
    # 0.3 + 0.5 0.4; where nothing is unknown the details do not count
    assert fuse(probabilities, details).flatten().tolist() == pytest.approx([0.5, 1.0, 0.0])


def test_windows_are_cut_and_resized_for_both_networks_alike():
    image, windows = images(2, 64, 64), torch.tensor([[8, 16, 32], [0, 0, 64]])
    cut = cut_windows(image, windows, 32)
    assert torch.equal(cut[0], image[0, :, 8:40, 16:48])
    # half the side, bilinear: the mean of four pixels
    assert torch.allclose(cut[1], functional.avg_pool2d(image[1], 2), atol=1e-6)
    solved = tiny().eval()(image, windows, 32)
    assert solved.logits.shape == (2, 3, 64, 64)
    assert solved.alpha.shape == solved.details.shape == (2, 1, 32, 32)
    assert torch.allclose(solved.probabilities.sum(dim=1), torch.ones(2, 32, 32), atol=1e-6)
    probabilities = cut_windows(solved.logits.softmax(dim=1), windows, 32)
    assert torch.allclose(solved.probabilities, probabilities)


# --- which way a gradient goes ----------------------------------------------------------------------------


def gradient(network, alpha):
    """Return how the loss of alpha alone would move T-Net, as one vector."""
    parameters = list(network.tnet.parameters())
    loss = (alpha - 0.3).square().mean()
    found = torch.autograd.grad(loss, parameters, allow_unused=True, retain_graph=True)
    return torch.cat(
        [torch.zeros(p.numel()) if g is None else g.flatten() for p, g in zip(parameters, found, strict=True)]
    )


def by_each_way(network, image):
    """Return the gradient by the fusion's weights alone, and by what M-Net sees alone."""
    probabilities = network.tnet(image).softmax(dim=1)
    weights = fuse(probabilities, network.mnet(image, probabilities.detach()))
    seen = fuse(probabilities.detach(), network.mnet(image, probabilities))
    return gradient(network, weights), gradient(network, seen)


def test_alpha_teaches_tnet_by_both_ways():
    network, image = tiny().train(), images(4, 64, 64)
    open_the_extra_channels(network)
    weights, seen = by_each_way(network, image)
    assert weights.norm() > 0
    assert seen.norm() > 0
    whole = gradient(network, network(image).alpha)
    assert torch.allclose(whole, weights + seen, atol=1e-5 * float(whole.norm()))


def test_what_mnet_sees_teaches_nothing_while_it_does_not_look():
    network, image = tiny().train(), images(4, 64, 64)
    weights, seen = by_each_way(network, image)
    assert weights.norm() > 0
    assert seen.norm() == 0
    network(image).alpha.mean().backward()  # but it begins to look
    assert network.mnet.conv1_1[0].weight.grad[:, 3:].norm() > 0


def test_details_behind_all_three_terms_would_teach_the_semantics_nothing():
    # as printed: (p_f + p_u + p_b) times the details, which is the details
    network, image = tiny().train(), images(4, 64, 64)
    probabilities = network.tnet(image).softmax(dim=1)
    details = network.mnet(image, probabilities.detach())
    printed = gradient(network, probabilities.sum(dim=1, keepdim=True) * details)
    assert printed.norm() < 1e-6 * by_each_way(network, image)[0].norm()
