"""`dim`, `indexnet` and `gca` as methods: sizes, modes, options, and what cannot be."""

import json

import numpy as np
import pytest
import torch
from conftest import save as save_picture
from fake_published import GOLDEN, fake_tensors, released_tensors
from fake_weights import write_fake_weights

from simd.errors import DataError
from simd.methods import load_method
from simd.methods.networks import build_network
from simd.methods.networks.dim import DIM, SIGHT, released_name
from simd.methods.one_image import matte
from simd.methods.weights.folder import save_weights

NAMES = ("dim", "indexnet", "gca", "fba")


def write_weights(folder, network, preset="small", seed=0):
    shapes = {name: tuple(t.shape) for name, t in build_network(network, preset).state_dict().items()}
    save_weights(
        fake_tensors(shapes, seed), folder, network=network, preset=preset, source="made up", licence="CC0"
    )
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for name in NAMES:
        write_weights(folder, name)
    return str(folder)


def picture(height=40, width=70):
    rng = np.random.default_rng(0)
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), (height // 8 + 1, width // 8 + 1))
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), trimap.repeat(8, 0).repeat(8, 1)[
        :height, :width
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(40, 70), (1, 50), (50, 1), (1, 1)])
def test_alpha_is_of_the_images_size_and_keeps_what_is_known(weights, name, size):
    image, trimap = picture(*size)
    alpha = matte(image, trimap, method=name, weights=weights)
    assert alpha.shape == size
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()
    unknown = alpha[trimap == 128]
    assert size != (40, 70) or len(np.unique(unknown)) > 30


@pytest.mark.parametrize("name", NAMES)
def test_what_the_release_writes_has_256_levels(weights, name):
    image, trimap = picture(64, 96)  # nothing to be resized or padded
    released = load_method(name, {"weights": weights, "mode": "released"}).predict(image, trimap)
    robust = load_method(name, {"weights": weights}).predict(image, trimap)
    assert released.dtype == np.uint8
    assert np.abs(released - robust * 255).max() < 1.001
    assert load_method(name, {"weights": weights}).version == "small, robust, float32 on cpu"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("level", [0, 255])
def test_a_trimap_without_unknown_pixels_needs_no_network(weights, name, level):
    image, trimap = picture()[0], np.full((40, 70), level, np.uint8)
    assert (matte(image, trimap, method=name, weights=weights) == level / 255).all()
    unknown = matte(image, np.full_like(trimap, 128), method=name, weights=weights)
    assert np.isfinite(unknown).all()


def test_the_demo_of_gca_is_a_mode_of_its_own(weights):
    image, trimap = picture(64, 96)
    demo, released = (
        load_method("gca", {"weights": weights, "mode": mode}).predict(image, trimap)
        for mode in ("demo", "released")
    )
    assert demo.shape == released.shape
    assert (demo != released).any()
    with pytest.raises(DataError, match="unknown mode 'demo' of dim"):
        load_method("dim", {"weights": weights, "mode": "demo"})


def test_sizes_on_which_the_release_fails_are_named(weights):
    method = load_method("dim", {"weights": weights, "mode": "released"})
    with pytest.raises(DataError, match=r"has 16 x 60 pixels, .* fails on sides below 17; take mode=robust"):
        method.predict(*picture(16, 60))


@pytest.mark.parametrize("name", NAMES)
def test_lower_precision_is_near(weights, name):
    image, trimap = picture()
    exact, rough = (
        matte(image, trimap, method=name, weights=weights, dtype=d) for d in ("float32", "bfloat16")
    )
    assert 0 < np.abs(exact - rough).mean() < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_what_is_missing_or_wrong_is_named(tmp_path, weights, name):
    with pytest.raises(DataError, match=f"the method {name} needs weights and never runs on random ones"):
        load_method(name)
    with pytest.raises(DataError, match=f"is a file; weights are a folder with {name}.json"):
        load_method(name, {"weights": f"{weights}/{name}.json"})
    sim = write_fake_weights(tmp_path / "sim")
    with pytest.raises(
        DataError, match=f"has no weights of the network '{name}'; it has those of sim and class"
    ):
        load_method(name, {"weights": str(sim)})
    with pytest.raises(DataError, match="unknown mode 'official'"):
        load_method(name, {"weights": weights, "mode": "official"})
    with pytest.raises(DataError, match="float16 is for GPUs"):
        load_method(name, {"weights": weights, "dtype": "float16"})


def test_a_card_of_another_network_or_preset_is_refused(tmp_path):
    folder = write_weights(tmp_path / "weights", "indexnet")
    card = json.loads((folder / "indexnet.json").read_text())
    for key, value in {"preset": "paper", "network": "gca"}.items():
        (folder / "indexnet.json").write_text(json.dumps(card | {key: value}))
        with pytest.raises(DataError, match=r"is not the network 'indexnet' \(paper\)|key 'network' must be"):
            load_method("indexnet", {"weights": str(folder)})
    (folder / "indexnet.json").write_text(json.dumps(card | {"preset": "skip"}))
    with pytest.raises(DataError, match="key 'preset' must be"):
        load_method("indexnet", {"weights": str(folder)})


def test_weights_that_give_no_numbers_are_named(tmp_path):
    folder = tmp_path / "weights"
    state = build_network("dim", "small").state_dict()
    state["deconv1.bias"] = torch.full_like(state["deconv1.bias"], torch.nan)
    save_weights(state, folder, network="dim", preset="small", source="made up", licence="CC0")
    with pytest.raises(DataError, match="the network's alpha is not finite"):
        matte(*picture(), method="dim", weights=str(folder))


def test_a_folder_of_pictures_by_the_command(tmp_path, weights, run_cli):
    image, trimap = picture()
    for number in range(2):
        save_picture(tmp_path / "in" / f"{number}.png", image)
        save_picture(tmp_path / "trimaps" / f"{number}.png", trimap)
    done = run_cli(
        *("predict", "gca", tmp_path / "in", "--trimap", tmp_path / "trimaps", "--out", tmp_path / "out"),
        *("--weights", weights, "--option", "mode=released", "--workers", 1),
    )
    assert done.code == 0, done.err
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (run["method"], run["version"]) == ("gca", "small, released, float32 on cpu")
    assert (tmp_path / "out" / "1.png").is_file()


def test_memory_grows_with_the_image(weights):
    for name in NAMES:
        method = load_method(name, {"weights": weights})
        assert 0.3 < method.gigabytes(0) < method.gigabytes(1) < method.gigabytes(4) < 30


@pytest.mark.parametrize("mode", ["robust", "released"])
def test_tiles_of_dim_change_nothing(weights, mode):
    """They are exact, since the network sees no further than their halo."""
    image, trimap = picture(70, 1400)
    trimap[:, 512:768] = 0  # a tile that need not be solved
    whole, tiled = (
        load_method("dim", {"weights": weights, "mode": mode, "tile": tile}).predict(image, trimap)
        for tile in (0, 256)
    )
    assert len(np.unique(whole[trimap == 128])) > 30
    np.testing.assert_allclose(
        tiled.astype(float), whole.astype(float), rtol=0, atol=1e-5 if mode == "robust" else 1
    )
    assert (tiled[:, 512:768] == 0).all()


def test_dim_sees_no_further_than_it_says():
    """A pixel's alpha does not change with what lies beyond; by sums and maxima, which round alike."""
    network = DIM(width=4, skips=True, bottleneck=3).eval()
    shapes = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    network.load_state_dict(fake_tensors(shapes))
    image, trimap = (
        torch.rand(1, 3, 32, 1088, generator=torch.Generator().manual_seed(0)),
        torch.full((1, 1, 32, 1088), 128.0),
    )
    other = image.clone()
    other[..., 576:] = 1 - other[..., 576:]
    with torch.inference_mode():
        before, after = network(image, trimap).refined, network(other, trimap).refined
    changed = (before - after).abs().amax(dim=(0, 1, 2)) > 1e-6
    first = int(changed.nonzero()[0])
    assert 576 - SIGHT <= first < 576 - 64


def test_a_tile_that_cannot_be_is_named(weights):
    for tile in (100, -32):
        with pytest.raises(DataError, match=f"a tile of {tile} pixels: its side must be a multiple of 32"):
            load_method("dim", {"weights": weights, "tile": tile})
    method = load_method("dim", {"weights": weights})
    assert (method.tile_side(4), method.tile_side(24)) == (0, 1024)
    assert method.gigabytes(24) < method.gigabytes(4.3)  # in tiles less is held at once
    assert load_method("gca", {"weights": weights}).tile_side(24) == 0


def test_dim_as_it_runs_on_a_cpu_is_the_network_of_the_goldens(tmp_path):
    """Robust, with faster convolutions, from the weights of a folder."""
    released = released_tensors("dim_mmagic_stage3")
    names = build_network("dim", "mmagic", empty=True).state_dict()
    tensors = {name: released[released_name(name)] for name in names}
    save_weights(tensors, tmp_path, network="dim", preset="mmagic", source="made up", licence="CC0")
    with np.load(GOLDEN / "inputs.npz") as inputs, np.load(GOLDEN / "dim_mmagic.npz") as golden:
        image, trimap = inputs["aligned_image_rgb"], inputs["aligned_trimap"]
        expected = golden["aligned_forward_refined"]
    alpha = matte(image, trimap, method="dim", weights=str(tmp_path))
    unknown = trimap == 128
    np.testing.assert_allclose(alpha[unknown], expected[unknown], rtol=0, atol=2e-4)
