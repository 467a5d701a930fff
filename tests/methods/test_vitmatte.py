"""ViTMatte through transformers: the same as calling the network by hand, nothing downloaded."""

import json
import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from simd.errors import DataError, MissingExtraError
from simd.image import UNKNOWN
from simd.methods import load_method

transformers = pytest.importorskip("transformers")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the authors' checkpoints


@pytest.fixture(scope="module", autouse=True)
def offline():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # read when it was imported
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a tiny network with random weights, as the library saves one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    backbone = transformers.VitDetConfig(
        num_channels=4,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        image_size=64,
        pretrain_image_size=64,
        patch_size=16,
        window_size=4,
        window_block_indices=[0],
        residual_block_indices=[1],
        use_relative_position_embeddings=True,
        out_features=["stage2"],
    )
    config = transformers.VitMatteConfig(
        hidden_size=48,
        convstream_hidden_sizes=[48, 96, 192],
        fusion_hidden_sizes=[256, 128, 64, 32],
        backbone_config=backbone,
    )
    network = transformers.VitMatteForImageMatting(config).eval()
    with torch.no_grad():
        for weight in network.decoder.parameters():  # its own start leaves alpha at 0.5 everywhere
            if weight.ndim == 4:
                weight.copy_((2 / weight[0].numel()) ** 0.5 * torch.randn(weight.shape))
            elif weight.abs().sum() > 0:  # of a norm
                weight.fill_(1)
    place = tmp_path_factory.mktemp("vitmatte")
    network.save_pretrained(place)
    transformers.VitMatteImageProcessorPil(image_mean=MEAN, image_std=STD).save_pretrained(place)
    return place


def draw(height, width):
    rng = np.random.default_rng(height)
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), (height, width))
    trimap[0, 0] = UNKNOWN
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), trimap


@pytest.mark.parametrize("size", [(64, 96), (50, 71), (3, 40), (4, 5), (1, 1)])
def test_the_matte_is_that_of_the_network_called_by_hand(folder, size):
    image, trimap = draw(*size)
    height, width = size
    padded = np.zeros((1, 4, -height % 32 + height, -width % 32 + width), np.float32)
    padded[0, :3, :height, :width] = ((image / 255 - MEAN) / STD).transpose(2, 0, 1)
    padded[0, 3, :height, :width] = trimap / 255
    network = transformers.VitMatteForImageMatting.from_pretrained(folder).eval()
    with torch.inference_mode():
        by_hand = network(pixel_values=torch.from_numpy(padded)).alphas[0, 0, :height, :width].numpy()
    alpha = load_method("vitmatte", {"weights": str(folder)}).predict(image, trimap)
    unknown = trimap == UNKNOWN
    assert alpha.dtype == np.float32
    assert alpha.shape == size
    np.testing.assert_allclose(alpha[unknown], by_hand[unknown], atol=1e-5)
    np.testing.assert_array_equal(alpha[~unknown], trimap[~unknown] / 255)
    if trimap.size > 1000:
        assert by_hand.std() > 0.01  # there is something to compare
        assert np.abs(alpha - by_hand).max() > 0.1  # the network alone does not keep known pixels


def test_the_preprocessor_of_the_checkpoint_is_used(folder, tmp_path):
    other = shutil.copytree(folder, tmp_path / "other")
    file = other / "preprocessor_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"image_mean": [0.5] * 3}))
    image, trimap = draw(64, 64)
    first, second = (load_method("vitmatte", {"weights": str(place)}) for place in (folder, other))
    assert np.abs(first.predict(image, trimap) - second.predict(image, trimap)).max() > 1e-5
    assert first.checkpoint_digest != second.checkpoint_digest


PROCESSORS = {
    "authors": {"image_mean": MEAN, "image_std": STD},
    "defaults": {},
    "no scaling": {"do_rescale": False, "image_mean": [127.5] * 3, "image_std": [58.0] * 3},
    "no normalisation": {"do_normalize": False},
    "no padding": {"do_pad": False},
    "another divisor": {"size_divisor": 48},
}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("size", [(64, 96), (50, 71), (3, 40), (1, 1)])
def test_the_declared_preprocessing_is_that_of_the_library(name, size):
    from simd.methods.vitmatte import preprocessing_of

    processor = transformers.VitMatteImageProcessorPil(**PROCESSORS[name])
    image, trimap = draw(*size)
    # without its layout named, an image of up to 4 rows would be taken for channels first
    expected = processor(images=image, trimaps=trimap, input_data_format="channels_last", return_tensors="np")
    parts = preprocessing_of(processor, "weights").parts(image, trimap)
    declared = np.concatenate([parts["image"], parts["trimap"]])
    np.testing.assert_allclose(declared, expected["pixel_values"][0], rtol=1e-6, atol=1e-6)


def test_a_scale_that_is_not_known_is_refused():
    from simd.methods.vitmatte import preprocessing_of

    processor = transformers.VitMatteImageProcessorPil(rescale_factor=1 / 127.5)
    with pytest.raises(DataError, match=r"weights: preprocessor_config\.json has rescale_factor 0\.00784314"):
        preprocessing_of(processor, "weights")


@pytest.mark.slow
def test_a_run_over_a_set_names_library_and_weights(folder, tiny_set, tmp_path, run_cli):
    out = tmp_path / "mattes"
    done = run_cli(
        "predict", "vitmatte", tiny_set.path, "--weights", folder, "--option", "threads=1", "--out", out
    )
    assert done.code == 0, done.err
    info = json.loads((out / "run.json").read_text())
    assert info["method"] == "vitmatte"
    assert info["version"] == f"transformers {transformers.__version__}, float32 on cpu"
    assert len(info["checkpoint_digest"]) == 64
    assert len(list(out.glob("*.png"))) == len(tiny_set) == 6
    assert done.err.count("Loading weights") == 0


def test_bfloat16_gives_nearly_the_same_matte(folder):
    image, trimap = draw(64, 64)
    whole, half = (
        load_method("vitmatte", {"weights": str(folder), "dtype": dtype}) for dtype in ("float32", "bfloat16")
    )
    one, other = (method.predict(image, trimap).ravel() for method in (whole, half))
    # with a processor's units of bfloat16 single pixels are up to 0.2 off, so they are held together as one
    assert np.abs(one - other).mean() < 0.02
    assert 0.99 < np.corrcoef(one, other)[0, 1] < 1
    assert whole.checkpoint_digest == half.checkpoint_digest


def test_large_images_are_known_to_need_much(folder):
    method = load_method("vitmatte", {"weights": str(folder)})
    # global attention: (4e6 / 16^2)^2 scores of 4 bytes in 3 heads, 3.3 times over, are 9.67 GB
    assert method.gigabytes(4.0) == pytest.approx(0.9 + 9.67, abs=0.01)
    assert method.gigabytes(0.5) == pytest.approx(0.9 + 0.6)


@pytest.mark.parametrize(
    ("weights", "complaint"),
    [
        (None, "needs weights and never runs on random ones: give --weights FOLDER with config.json"),
        ("nowhere", "nowhere: no such folder, and not OWNER/NAME of the hub either"),
        ("./no/where", "no such folder"),
        ("nobody/nothing", r"nobody/nothing: the weights cannot be loaded \("),
    ],
)
def test_weights_that_are_not_there_are_named(weights, complaint):
    with pytest.raises(DataError, match=complaint):
        load_method("vitmatte", {"weights": weights} if weights else {})


def spoil(folder, how):
    file = folder / "model.safetensors"
    tensors = load_file(file)
    name = "decoder.matting_head.matting_convs.0.weight"
    if how == "no preprocessor":
        (folder / "preprocessor_config.json").unlink()
    elif how == "no config":
        (folder / "config.json").unlink()
    elif how == "damaged config":
        (folder / "config.json").write_text("{")
    elif how == "another network":
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"model_type": "bert"}))
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    elif how == "missing":
        save_file({key: value for key, value in tensors.items() if key != name}, file, {"format": "pt"})
    elif how == "extra":
        save_file(tensors | {"strange": torch.zeros(1)}, file, {"format": "pt"})
    else:
        save_file(tensors | {name: tensors[name][:-1].clone()}, file, {"format": "pt"})


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ("no preprocessor", "has no preprocessor_config.json; give the folder that save_pretrained wrote"),
        ("no config", "has no config.json"),
        ("damaged config", r"the weights cannot be loaded \("),
        ("another network", "holds a network of the kind 'bert', not 'vitmatte'"),
        ("cut", r"the weights cannot be loaded \("),
        ("missing", r"1 are missing \(decoder.matting_head.matting_convs.0.weight first\)"),
        ("extra", r"1 are too many \(strange first\)"),
        ("reshaped", r"1 are of another shape \(decoder.matting_head.matting_convs.0.weight first\)"),
    ],
)
def test_weights_that_are_not_a_whole_vitmatte_are_refused(folder, tmp_path, how, complaint):
    broken = shutil.copytree(folder, tmp_path / "broken")
    spoil(broken, how)
    with pytest.raises(DataError, match=complaint):
        load_method("vitmatte", {"weights": str(broken)})


def test_a_file_in_place_of_the_folder_is_refused(folder):
    with pytest.raises(DataError, match=r"model\.safetensors: is a file; weights of vitmatte are the folder"):
        load_method("vitmatte", {"weights": str(folder / "model.safetensors")})


def test_without_the_library_its_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "simd.methods.vitmatte", raising=False)
    monkeypatch.setitem(sys.modules, "transformers", None)  # importing it now fails as if it were not there
    with pytest.raises(MissingExtraError, match=r'vitmatte needs transformers; .* -e "\.\[vitmatte\]"'):
        load_method("vitmatte")


def test_arrays_that_do_not_fit_are_refused(folder):
    image, trimap = draw(32, 32)
    with pytest.raises(DataError, match=r"trimap is \(31, 32\), the image \(32, 32\)"):
        load_method("vitmatte", {"weights": str(folder)}).predict(image, trimap[:31])
