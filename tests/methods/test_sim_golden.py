"""Every number of tests/golden/sim, which the reference code computed with made-up weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_weights import fake_network, fake_state, fake_tensor, load_fake_sim

from simd.image import UNKNOWN
from simd.methods.networks import NETWORKS, build_network
from simd.methods.runtime.click_maps import click_maps, distances
from simd.methods.runtime.fold_norms import fuse
from simd.methods.runtime.winograd import for_cpu
from simd.methods.sim.inputs import pad
from simd.methods.sim.method import SimMethod

GOLDEN = Path(__file__).parent.parent / "golden" / "sim"
ALPHA, SEMANTICS, SCORES, INPUTS = 2e-5, 1e-5, 1e-4, 1e-6  # how near, absolute


def load(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def near(found, expected, within):
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=within)


def as_batch(image_bgr, trimap):
    image = torch.from_numpy(image_bgr[..., ::-1].copy()).permute(2, 0, 1)[None] / 255
    return image, torch.from_numpy(trimap)[None, None]


@pytest.fixture(scope="module")
def method(tmp_path_factory) -> SimMethod:
    """Return the method as it runs: norms folded, channels last; in the release's mode."""
    return load_fake_sim(tmp_path_factory.mktemp("weights"), "paper", mode="released")


@pytest.mark.parametrize("network", NETWORKS)
def test_names_and_shapes_are_those_of_the_released_checkpoints(network):
    expected = json.loads((GOLDEN / "keys.json").read_text())[network]
    found = {key: list(value.shape) for key, value in build_network(network, empty=True).state_dict().items()}
    assert found == expected


def test_the_made_up_weights_are_those_of_the_reference():
    # printed with the formula, from the reference networks
    state = fake_state("classifier")
    near(state["conv1.weight"].flatten()[:3], [-0.03560648, 0.05044496, 0.01916515], 1e-8)
    near(state["layer1.0.bn3.weight"].sum(), 77.20196, 1e-4)
    near(state["fc.weight"].sum(), -6.266813, 1e-4)
    assert state["bn1.num_batches_tracked"] == 732
    near(fake_tensor("decoder.conv_up1.1.running_var", (256,), fan=20736).sum(), 5256962, 2)
    near(fake_tensor("encoder.bn3.weight", (128,))[:3], [1.100326, 0.8699194, 1.103474], 1e-6)
    near(fake_tensor("decoder.conv_up4_alpha.4.weight", (1, 16, 1, 1)).sum(), 0.88, 1e-5)


@pytest.mark.parametrize("kind", ["as trained", "fused", "for the CPU"])
def test_the_classifier_gives_the_reference_logits_maps_and_features(kind):
    golden = load("classifier_320")
    network = fake_network("classifier")
    if kind != "as trained":
        fuse(network)
    if kind == "for the CPU":
        for_cpu(network)
    image, trimap = as_batch(golden["image_bgr"], golden["trimap"])
    with torch.inference_mode():
        logits, maps, features = network(image, trimap / 255)
    near(logits[0], golden["logits"], SCORES)
    near(maps[0], golden["cam"], SCORES)
    near(features[4][0, :, 0, 0], golden["feat_pooled"], SCORES)
    for level, step in zip((1, 2, 3, 4), (8, 4, 2, 1), strict=True):
        near(features[level - 1][0, ::16, ::step, ::step], golden[f"feat{level}"], SCORES)


@pytest.mark.parametrize("kind", ["as trained", "fused", "for the CPU"])
def test_the_matting_network_gives_the_reference_alpha_colours_and_weights(kind):
    golden = load("net_256x320")
    network = fake_network("sim")
    if kind != "as trained":
        fuse(network)
    if kind == "for the CPU":
        for_cpu(network)
    image, trimap = as_batch(golden["image_bgr"], golden["trimap"])
    clicks = click_maps(distances(golden["trimap"]), golden["trimap"].shape)
    near(clicks.transpose(1, 2, 0)[::8, ::8], golden["clicks"], INPUTS)
    grid = torch.from_numpy(golden["smap_grid"]).repeat_interleave(16, 1).repeat_interleave(16, 2)
    semantics = (grid * torch.from_numpy(golden["trimap"] == UNKNOWN))[None]
    with torch.inference_mode():
        alpha, fg, bg, weights = network(image, trimap, torch.from_numpy(clicks)[None], semantics)
        alone = network(image, trimap, torch.from_numpy(clicks)[None], semantics, auxiliary=False)
    near(alpha[0, 0, ::2, ::2], golden["alpha"], ALPHA)
    near(fg[0, :, ::8, ::8], golden["fg"], ALPHA)
    near(bg[0, :, ::8, ::8], golden["bg"], ALPHA)
    for number in range(3):
        near(weights[0, number, ::8, ::8], golden[f"r{number + 1}"], ALPHA)
    assert torch.equal(alone.alpha, alpha)
    assert alone[1:] == (None, None, None)


@pytest.mark.parametrize("size", ["250x333", "320x640", pytest.param("813x901", marks=pytest.mark.slow)])
def test_the_whole_pipeline_gives_the_reference_matte(method, size, monkeypatch):
    golden = load(f"pipeline_{size}")
    image, trimap = golden["image_bgr"][..., ::-1].copy(), golden["trimap"]
    padded = pad(trimap)
    assert padded.shape == tuple(golden["padded_hw"])
    clicks = click_maps(distances(padded), padded.shape)
    near(clicks[:, ::32, ::32], golden["clicks"], INPUTS)
    normalized = method.networks.sim.normalize(as_batch(pad(golden["image_bgr"]), padded)[0])
    near(normalized[0, :, ::32, ::32], golden["image_trans"], INPUTS)

    step, semantic_step = golden["strides"]
    solution = method.solve(image, trimap)
    near(solution.semantic_trimap[:, ::semantic_step, ::semantic_step], golden["semantic_trimap"], SEMANTICS)
    near(solution.alpha[::step, ::step], golden["net_alpha"], ALPHA)

    monkeypatch.setattr(SimMethod, "solve", lambda *_: solution)  # once is enough
    alpha = method.predict(image, trimap)
    near(alpha[::step, ::step], golden["alpha"], ALPHA)
    difference = np.abs(alpha - golden["alpha_true"] / np.float32(255))[trimap == UNKNOWN]
    assert difference.sum(dtype=np.float32) / 1000 == pytest.approx(float(golden["sad"]), rel=1e-5)


def test_a_trimap_without_unknown_pixels_is_its_own_matte(method):
    golden = load("pipeline_nounknown_96x120")
    alpha = method.predict(golden["image_bgr"][..., ::-1].copy(), golden["trimap"])
    np.testing.assert_array_equal(alpha, golden["alpha"])
