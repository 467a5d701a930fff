"""`shm` as a method: whole photographs without a trimap, of any size, and what cannot be."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import save as save_picture
from test_published_method import write_weights

from simd.errors import DataError
from simd.image import read_alpha
from simd.methods import load_method
from simd.methods.networks import build_network
from simd.methods.one_image import matte
from simd.methods.shm import ShmMethod, load_shm
from simd.methods.weights.folder import save_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    both = build_network("shm", "small")
    for name, network in (("shm", both), ("tnet", both.tnet), ("mnet", both.mnet)):
        about = {"network": name, "preset": "small", "source": "made up", "licence": "CC0"}
        save_weights(network.state_dict(), folder, **about)
    return str(folder)


def photograph(height=40, width=56):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(40, 56), (1, 50), (50, 1), (1, 1), (9, 7), (33, 17)])
def test_a_photograph_of_any_size_has_a_matte(weights, size):
    alpha = matte(photograph(*size), method="shm", weights=weights)
    assert alpha.shape == size
    assert 0 <= alpha.min() <= alpha.max() <= 1


def test_alpha_is_what_the_networks_say_of_the_padded_picture(weights):
    image = photograph(40, 56)
    method = load_shm(weights=weights)
    padded = np.pad(image, [(0, 8), (0, 8), (0, 0)], mode="reflect")
    batch = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        p = method.tnet(batch).softmax(dim=1)
        details = method.mnet(batch, p)
    fused = (p[:, 2] + p[:, 1] * details[:, 0])[0, :40, :56].clamp(0, 1)
    np.testing.assert_allclose(method.predict(image), fused, atol=1e-6)
    alone = load_shm(weights=weights, parts="tnet").predict(image)
    np.testing.assert_allclose(alone, (p[:, 2] + p[:, 1] / 2)[0, :40, :56], atol=1e-6)
    apart = load_shm(tnet=weights, mnet=weights).predict(image)
    np.testing.assert_array_equal(apart, method.predict(image))


class Fixed(torch.nn.Module):
    """Gives the same answer to everything, and keeps the size of what it was shown."""

    def __init__(self, *values):
        super().__init__()
        self.values = torch.tensor(values)

    def forward(self, image, *_):
        self.size = tuple(image.shape[2:])
        return self.values.view(1, -1, 1, 1).expand(1, -1, *self.size)


def fixed(logits, details, parts="both"):
    device = torch.device("cpu")
    return ShmMethod(Fixed(*logits), Fixed(details), "small", "0", parts, device, "float32")


@pytest.mark.parametrize(
    ("logits", "details", "parts", "alpha"),
    [
        ([0.0, 0.0, 0.0], 0.5, "both", 1 / 3 + 1 / 6),
        ([0.0, 0.0, 0.0], 9.0, "both", 1.0),  # cut
        ([0.0, 9.0, 0.0], 0.25, "trimap", 0.25),
        ([0.0, 9.0, 0.0], -3.0, "trimap", 0.0),
        ([0.0, 1.0, 2.0], 0.25, "trimap", 1.0),
        ([2.0, 1.0, 0.0], 0.25, "trimap", 0.0),
    ],
)
def test_the_parts_by_hand(logits, details, parts, alpha):
    assert fixed(logits, details, parts).predict(photograph(4, 5)) == pytest.approx(alpha, abs=1e-6)


@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((1600, 4), (1504, 16)),  # 1500 and 3.75, then to multiples of 16
        ((3, 3000), (16, 1504)),
        ((1500, 4), (1504, 16)),
    ],
)
def test_the_longer_side_is_at_most_1500(size, seen):
    method = fixed([0.0, 0.0, 0.0], 0.5)
    assert method.predict(photograph(*size)).shape == size
    assert method.tnet.size == method.mnet.size == seen


def test_pictures_are_predicted_without_trimaps(weights, tmp_path, run_cli):
    save_picture(tmp_path / "photos" / "me.png", photograph())
    words = ("predict", "shm", tmp_path / "photos", "--weights", weights, "--out", tmp_path / "mattes")
    assert run_cli(*words).out.startswith("1 mattes")
    alpha = matte(photograph(), method="shm", weights=weights)
    assert np.abs(read_alpha(tmp_path / "mattes" / "me.png") / 255 - alpha).max() <= 0.51 / 255
    run = json.loads((tmp_path / "mattes" / "run.json").read_text())
    assert run["version"] == "small, both, float32 on cpu"
    done = run_cli(*words[:-1], tmp_path / "other", "--trimap", tmp_path / "photos")
    assert "the method takes no trimaps; leave out --trimap" in done.err


def test_every_kind_of_weights_has_a_digest_of_its_own(weights):
    digests = {
        load_shm(weights=weights).checkpoint_digest,
        load_shm(tnet=weights, mnet=weights).checkpoint_digest,
        load_shm(tnet=weights, parts="tnet").checkpoint_digest,
    }
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "the method shm needs weights and never runs on random ones: give --weights RUN"),
        ({"tnet": "{}"}, "give --weights RUN"),
        (
            {"weights": "{}", "mnet": "{}"},
            "takes --weights FOLDER of both networks, or tnet and mnet, not all",
        ),
        ({"weights": "{}", "parts": "mnet"}, "unknown parts 'mnet' of shm; did you mean 'tnet'?"),
        ({"weights": "{}/shm.json"}, "is a file; weights are a folder with shm.json"),
        ({"weights": "{}/none"}, "none: has no weights of the network 'shm'; train them: simd train shm"),
        ({"weights": "{}", "dtype": "float16"}, "float16 is for GPUs"),
    ],
)
def test_options_that_cannot_be_are_refused(weights, options, message):
    with pytest.raises(DataError) as failure:
        load_method("shm", {key: value.format(weights) for key, value in options.items()})
    assert message in str(failure.value)


def test_weights_of_another_network_or_another_preset_are_refused(weights, tmp_path):
    write_weights(tmp_path, "gca")
    with pytest.raises(DataError, match=r"it has those of gca; train them: simd train shm --out RUN"):
        load_shm(weights=str(tmp_path))
    card = tmp_path / "shm.json"
    held = json.loads((tmp_path / "gca.json").read_text())
    card.write_text(json.dumps(held | {"network": "shm"}))
    with pytest.raises(DataError, match="is none of the networks"):
        load_shm(weights=str(tmp_path))
    held = json.loads((Path(weights) / "shm.json").read_text())
    file = Path(weights) / held["file"]
    (tmp_path / file.name).write_bytes(file.read_bytes())
    card.write_text(json.dumps(held | {"preset": "paper"}))
    with pytest.raises(DataError, match="have another shape"):
        load_shm(weights=str(tmp_path))


def test_weights_that_are_not_finite_are_named(tmp_path):
    state = build_network("shm", "small").state_dict()
    state["mnet.alpha.bias"] = torch.full_like(state["mnet.alpha.bias"], torch.nan)
    save_weights(state, tmp_path, network="shm", preset="small", source="made up", licence="CC0")
    with pytest.raises(DataError, match=r"alpha is not finite; are their weights those of a finished"):
        load_shm(weights=str(tmp_path)).predict(photograph())


def test_a_grey_picture_is_refused_as_an_array():
    with pytest.raises(DataError, match=r"the image must be uint8 RGB"):
        fixed([0.0, 0.0, 0.0], 0.5).predict(photograph()[..., 0])
