"""The method `sim`: any image, tiles without seams, memory and devices checked, bad input named."""

import json

import cv2
import numpy as np
import pytest
import torch
from conftest import save
from fake_weights import load_fake_sim, write_fake_weights

from simd.errors import DataError, MissingExtraError
from simd.image import UNKNOWN, read_image
from simd.methods import load_method
from simd.methods.predict import predict
from simd.methods.sim import method as module


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_fake_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def method(tmp_path_factory):
    return load_fake_sim(tmp_path_factory.mktemp("weights"))


def draw(height, width, seed=0):
    """Return a smooth texture and a trimap with a ring of unknown pixels."""
    rng = np.random.default_rng(seed)
    noise = rng.random((height // 6 + 2, width // 6 + 2, 3), dtype=np.float32)
    image = np.rint(255 * cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR))
    y, x = np.mgrid[:height, :width]
    radius = np.hypot((y - height / 2) / height, (x - width / 2) / width)
    return image.astype(np.uint8), np.select([radius < 0.2, radius < 0.35], [255, 128], 0).astype(np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (300, 1), (7, 9), (31, 33), (64, 80), (320, 96)])
@pytest.mark.parametrize("unknown", ["a part", "everything", "nothing"])
def test_every_size_is_solved_and_known_pixels_stay(method, size, unknown):
    image, trimap = draw(*size)
    if unknown == "everything":
        trimap[:] = UNKNOWN
    elif unknown == "nothing":
        trimap[trimap == UNKNOWN] = 0
    alpha = method.predict(image, trimap)
    assert alpha.shape == size
    assert alpha.dtype == np.float32
    assert np.isfinite(alpha).all()
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()
    assert ((alpha >= 0) & (alpha <= 1)).all()


def test_the_same_input_gives_the_same_matte_wherever_it_lies_in_memory(method):
    image, trimap = draw(64, 80)
    first, held = method.predict(image, trimap), []
    for n in range(12):
        held.append(np.zeros(997 * n + 13, np.uint8))
        np.testing.assert_array_equal(method.predict(image.copy(), trimap.copy()), first)


def test_the_modes_agree_where_the_release_sees_the_whole_image(method, weights):
    image, trimap = draw(800, 800)
    trimap[:, 300:] = 255  # fewer windows
    released = load_method("sim", {"weights": str(weights), "mode": "released"})
    np.testing.assert_array_equal(method.predict(image, trimap), released.predict(image, trimap))


@pytest.mark.slow
def test_tiles_leave_no_seams_and_stay_near_the_whole(method, monkeypatch):
    size = (1016, 1784)  # padded to 1024 x 1792: two tiles of 1024 that share columns 768 to 1023
    image, trimap = draw(*size)
    trimap[:], trimap[:8], trimap[-8:] = UNKNOWN, 0, 255
    semantics = np.random.default_rng(0).random((20, 1024, 1792), dtype=np.float32)
    monkeypatch.setattr(module, "semantic_trimap", lambda *_, **__: semantics)
    whole = method.predict(image, trimap)
    tiled = module.SimMethod(**(vars(method) | {"tile": 1024})).predict(image, trimap)
    assert whole[100:900].std() > 0.01  # there is something to see
    steps = np.abs(np.diff(tiled[16:-16].astype(np.float64), axis=1)).mean(axis=0)  # step i: columns i, i + 1
    borders = [steps[edge - 4 : edge + 4].max() for edge in (767, 1023)]
    # a half tile away from each border, inwards and outwards
    away = [steps[edge - 4 : edge + 4].max() for edge in (767 - 512, 767 + 512, 1023 - 512, 1023 + 512)]
    assert max(borders) <= 1.02 * max(away)
    # What tiles add to the steps, anywhere: 5 % of the mean step; a cut through the overlap adds 16 %.
    added = np.abs(np.diff((tiled - whole)[16:-16].astype(np.float64), axis=1)).mean(axis=0)
    assert 0 < added.max() < 0.1 * steps.mean()
    assert np.abs(tiled - whole).mean() < 0.001


def test_tiles_without_unknown_pixels_are_not_solved(weights, monkeypatch):
    method = load_method("sim", {"weights": str(weights), "tile": 1024})
    trimap = np.zeros((1024, 4000), np.uint8)
    trimap[:, 3500:] = UNKNOWN
    assert [tile.columns.start for tile in method.tiles(trimap)] == [2976]


def test_images_are_tiled_from_4_3_megapixels_on_unless_told_otherwise(method):
    assert method.tile_side(2048 * 2048 / 1e6) == 0
    assert method.tile_side(2100 * 2100 / 1e6) == 1536
    never = module.SimMethod(**(vars(method) | {"tile": 0}))
    assert never.tile_side(24) == 0
    # 24 megapixels: within 8 GB by tiles
    assert method.gigabytes(24) < 8 < never.gigabytes(24)


def test_a_run_names_weights_mode_and_memory(tiny_set, tmp_path, weights, run_cli):
    out, pictures = tmp_path / "mattes", tmp_path / "pictures"
    flags = ("--weights", weights, "--out", out, "--pictures", pictures, "--option", "threads=1")
    done = run_cli("predict", "sim", tiny_set.path, *flags)
    assert done.code == 0, done.err
    info = json.loads((out / "run.json").read_text())
    cards = [json.loads((weights / f"{name}.json").read_text()) for name in ("sim", "classifier")]
    assert info["checkpoint_digest"] == "+".join(card["sha256"] for card in cards)
    assert (info["method"], info["version"]) == ("sim", "small, robust, float32 on cpu")
    assert "sim: a worker needs about 1.6 GB for 0.0 megapixels, " in done.err  # before the run
    assert info["peak_megabytes"] > 100
    ids = sorted(sample.row.id for sample in tiny_set)
    assert sorted(path.stem for path in out.glob("*.png")) == ids
    drawn = sorted(path.stem for path in pictures.glob("*.png"))
    assert drawn == sorted(f"{id_}-{what}" for id_ in ids for what in ("classes", "inputs", "layers"))
    # 20 maps five abreast, in tiles of at least 144 pixels
    assert read_image(pictures / f"{ids[0]}-classes.png").shape[1] >= 5 * 144


def test_two_workers_write_what_one_writes(tiny_set, tmp_path, weights):
    for workers in (1, 2):
        predict("sim", tiny_set.path, tmp_path / str(workers), weights=str(weights), workers=workers)
    for sample in tiny_set:
        one, two = ((tmp_path / n / f"{sample.row.id}.png").read_bytes() for n in ("1", "2"))
        assert one == two


def test_mattes_of_other_weights_are_another_run(tiny_set, tmp_path, weights):
    predict("sim", tiny_set.path, tmp_path / "mattes", weights=str(weights))
    with pytest.raises(DataError, match=r"holds the mattes of sim .* or with other weights"):
        predict("sim", tiny_set.path, tmp_path / "mattes", weights=str(weights), mode="released")


def test_random_weights_are_never_used(tiny_set, tmp_path, run_cli):
    done = run_cli("predict", "sim", tiny_set.path, "--out", tmp_path / "mattes")
    assert done.code == 1
    assert done.err == (
        "simd: the method sim needs weights and never runs on random ones: give --weights FOLDER, made by "
        "`simd weights import FILE` from the released checkpoints, or by training\n"
    )
    assert not (tmp_path / "mattes").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"weights": "nowhere"}, "nowhere: has no weights of the network 'sim'; import them: simd weights"),
        ({"device": "cuda:7"}, r"the device 'cuda:7' is not there; this machine has cpu"),
        ({"device": "gpu"}, r"unknown device 'gpu'; this machine has cpu"),
        ({"dtype": "float16"}, "float16 is for GPUs; on the CPU take float32 or bfloat16"),
        ({"dtype": "double"}, "unknown dtype 'double'"),
        ({"tile": 512}, "a tile of 512 pixels with an overlap of 256"),
        ({"mode": "exact"}, "unknown mode 'exact'"),
        ({"wieghts": "a"}, "the method sim has no option 'wieghts'; did you mean 'weights'"),
    ],
)
def test_options_that_cannot_be_met_are_refused(weights, options, complaint):
    with pytest.raises(DataError, match=complaint):
        load_method("sim", {"weights": str(weights)} | options)


def test_methods_without_options_or_pictures_say_so(tiny_set, tmp_path):
    with pytest.raises(DataError, match="the method knn has no option 'device'; it has none"):
        load_method("knn", {"device": "cpu"})
    with pytest.raises(DataError, match="the method trimap draws no pictures; run it without them"):
        predict("trimap", tiny_set.path, tmp_path / "mattes", pictures=tmp_path / "pictures")


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("simd.methods.resolve_name", fail)
    with pytest.raises(
        MissingExtraError, match=r'the method sim needs torch; install it with: .*"\.\[torch\]"'
    ):
        load_method("sim", {"weights": "not loaded before"})


def test_networks_trained_for_other_classes_are_refused(weights, monkeypatch):
    loaded = module.load_networks(weights)
    loaded.classifier.classes = 5
    monkeypatch.setattr(module, "load_networks", lambda _: loaded)
    with pytest.raises(DataError, match="tells 5 classes apart, sim takes 20; they must be trained together"):
        module.load_sim(weights=str(weights))


@pytest.mark.parametrize(
    ("image", "trimap", "complaint"),
    [
        (np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.uint8), r"RGB \(H, W, 3\), this is uint8 \(8, 8\)"),
        (np.zeros((8, 8, 4), np.uint8), np.zeros((8, 8), np.uint8), r"this is uint8 \(8, 8, 4\)"),
        (np.zeros((8, 8, 3), np.uint16), np.zeros((8, 8), np.uint8), r"this is uint16 \(8, 8, 3\)"),
        (
            np.zeros((8, 8, 3), np.uint8),
            np.zeros((8, 9), np.uint8),
            r"trimap is \(8, 9\), the image \(8, 8\)",
        ),
        (np.zeros((8, 8, 3), np.uint8), np.full((8, 8), 127, np.uint8), r"this one also has 127"),
        (np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8)), "255 only, as uint8"),
        (np.zeros((0, 8, 3), np.uint8), np.zeros((0, 8), np.uint8), "the image has no pixels"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(method, image, trimap, complaint):
    with pytest.raises(DataError, match=complaint):
        method.predict(image, trimap)


def test_16_bit_and_grey_files_are_read_as_rgb(method, tmp_path):
    grey = np.random.default_rng(0).integers(0, 256, (40, 48), dtype=np.uint8)
    trimap = draw(40, 48)[1]
    of_grey = method.predict(read_image(save(tmp_path / "grey.png", grey)), trimap)
    of_deep = method.predict(read_image(save(tmp_path / "deep.png", grey.astype(np.uint16) * 257)), trimap)
    assert np.array_equal(of_grey, of_deep)
    assert np.array_equal(of_grey, method.predict(np.repeat(grey[..., None], 3, axis=2), trimap))


def test_bfloat16_gives_nearly_the_same_matte(method, weights):
    image, trimap = draw(96, 120)
    half = load_method("sim", {"weights": str(weights), "dtype": "bfloat16"})
    difference = np.abs(half.predict(image, trimap) - method.predict(image, trimap))
    assert 0 < difference.max() < 0.1
    assert half.version == "small, robust, bfloat16 on cpu"


def test_an_image_too_large_for_the_memory_is_refused_before_it_is_tried(
    tiny_set, tmp_path, weights, monkeypatch
):
    monkeypatch.setattr("simd.methods.one_image.free_gigabytes", lambda: 0.5)
    with pytest.raises(
        DataError.__mro__[1], match=r"sim needs about 1\.3 GB for 0\.0 megapixels, 0\.5 GB are free"
    ):
        predict("sim", tiny_set.path, tmp_path / "mattes", weights=str(weights))


def test_a_gpu_without_room_is_refused_before_it_is_tried(method, monkeypatch):
    monkeypatch.setattr("simd.methods.runtime.devices.free_gigabytes", lambda _: 0.2)
    pretended = module.SimMethod(**(vars(method) | {"device": torch.device("cuda")}))
    with pytest.raises(DataError, match=r"needs about 0\.3 GB on cuda .*; use a tile of 1024, bfloat16, or"):
        pretended.predict(*draw(64, 80))


def test_running_out_of_memory_is_said_and_other_failures_are_not_hidden(method, monkeypatch):
    for error, expected in (
        (torch.OutOfMemoryError("CUDA out of memory"), DataError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"), DataError),
        (RuntimeError("a bug"), RuntimeError),
    ):
        monkeypatch.setattr(
            module, "semantic_trimap", lambda *_, error=error, **__: (_ for _ in ()).throw(error)
        )
        with pytest.raises(expected) as caught:
            method.predict(*draw(64, 80))
        assert ("ran out of memory on cpu; use a tile of 1024" in str(caught.value)) == (
            expected is DataError
        )


def test_predict_is_the_reader_that_names_strange_trimaps(tiny_set, tmp_path, weights):
    sample = tiny_set[0]
    save(sample.path("trimap"), np.full(sample.trimap.shape, 100, np.uint8))
    with pytest.raises(
        Exception, match=r"a trimap holds 0, 128 \(unknown\) and 255 only; this one also has 100"
    ):
        predict("sim", tiny_set.path, tmp_path / "mattes", weights=str(weights))


def test_float32_on_a_gpu_is_not_rounded_to_tf32(method, monkeypatch):
    seen = []
    hook = method.networks.sim.register_forward_pre_hook(
        lambda *_: seen.append(torch.backends.cudnn.allow_tf32)
    )
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    method.predict(*draw(64, 80))
    hook.remove()
    assert seen == [False]
    assert torch.backends.cudnn.allow_tf32  # and whoever calls finds what was set


@pytest.mark.gpu
def test_a_gpu_gives_the_same_matte(method, weights):
    if not torch.cuda.is_available():
        pytest.skip("this machine has no GPU")
    image, trimap = draw(96, 120)
    there = load_method("sim", {"weights": str(weights), "device": "cuda"})
    np.testing.assert_allclose(there.predict(image, trimap), method.predict(image, trimap), atol=1e-4)
