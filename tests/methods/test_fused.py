"""The method `fused`: what holds with any weights, and what the package's own do."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import simd
from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN
from simd.methods import Fallback, load_method
from simd.methods.fused import convolution
from simd.methods.fused.convolution import Convolution
from simd.methods.fused.inputs import classical_answers, derived_planes, folded_planes
from simd.methods.fused.method import HARDLY_KNOWN, WEIGHTS, load_fused
from simd.metrics import sad

STATUS = Path("/proc/self/status")


@pytest.fixture(scope="module")
def drawn():
    """Return an example of the test split with an odd number of pixels a side, and soft edges all over."""
    return simd.stream(["hair_hard"], size=(149, 175), seed=4, split="test")[0]


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory):
    """Return a folder of weights as a training leaves it, of a narrow network; and that network."""
    torch = pytest.importorskip("torch")
    from simd.methods.networks import build_network
    from simd.methods.weights.folder import save_weights

    torch.manual_seed(0)
    network = build_network("fused", "small").eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # what a training would have made of them
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    torch.nn.init.normal_(network.head.weight, std=0.1)
    folder = tmp_path_factory.mktemp("weights")
    about = {"network": "fused", "preset": "small", "source": "drawn", "licence": "MIT"}
    save_weights(network.state_dict(), folder, **about)
    return folder, network


def one_sided(trimap, side):
    return np.where(trimap == side, trimap, np.uint8(UNKNOWN))


def test_known_pixels_are_those_of_the_trimap(drawn):
    alpha = load_fused().predict(drawn.image, drawn.trimap)
    assert alpha.shape == drawn.trimap.shape
    assert alpha.dtype == np.float32
    assert (alpha[drawn.trimap == BACKGROUND] == 0).all()
    assert (alpha[drawn.trimap == FOREGROUND] == 1).all()
    assert 0 <= alpha.min() <= alpha.max() <= 1


def test_the_same_input_has_the_same_matte_to_the_bit(drawn):
    first, again = (load_fused().predict(drawn.image, drawn.trimap) for _ in range(2))
    assert np.array_equal(first, again)


def test_a_mirrored_picture_has_nearly_the_mirrored_matte(drawn):
    method, unknown = load_fused(), drawn.trimap == UNKNOWN
    alpha = method.predict(drawn.image, drawn.trimap)
    mirrored = method.predict(*(np.ascontiguousarray(each[:, ::-1]) for each in (drawn.image, drawn.trimap)))
    assert np.abs(mirrored[:, ::-1] - alpha)[unknown].mean() < 0.03


@pytest.mark.parametrize("side", [FOREGROUND, BACKGROUND])
def test_a_trimap_that_knows_one_side_is_an_ordinary_input(drawn, side):
    trimap = one_sided(drawn.trimap, side)
    alpha = load_fused().predict(drawn.image, trimap)
    assert isinstance(alpha, np.ndarray)
    assert alpha[trimap == UNKNOWN].std() > 0.05  # not one value, as a fallback is


@pytest.mark.parametrize("known", [1, 80])
def test_where_hardly_any_background_is_known_and_no_foreground_it_has_no_answer(drawn, known):
    trimap = np.full_like(drawn.trimap, UNKNOWN)
    of_background = np.argwhere(drawn.trimap == BACKGROUND)[:known]
    trimap[tuple(of_background.T)] = BACKGROUND
    assert 0 < (trimap == BACKGROUND).mean() < HARDLY_KNOWN
    answer = load_fused().predict(drawn.image, trimap)
    assert isinstance(answer, Fallback)
    assert not answer.alpha.any()
    assert "no foreground, and background on" in answer.reason
    trimap[tuple(np.argwhere(drawn.trimap == FOREGROUND)[0])] = FOREGROUND
    assert isinstance(load_fused().predict(drawn.image, trimap), np.ndarray)


def test_a_trimap_that_knows_nothing_is_an_ordinary_input():
    drawn = simd.stream(["fire"], size=(149, 175), seed=4, split="test")[0]  # most things are taken for B
    alpha = load_fused().predict(drawn.image, np.full_like(drawn.trimap, UNKNOWN))
    assert isinstance(alpha, np.ndarray)
    assert alpha.std() > 0.05


@pytest.mark.parametrize("kind", ["spider_web", "water_drop"])
def test_without_known_foreground_it_does_better_than_alpha_0(kind):
    drawn = simd.stream([kind], size=192, seed=1, split="test")[0]
    trimap = one_sided(drawn.trimap, BACKGROUND)
    unknown = trimap == UNKNOWN
    alpha = load_fused().predict(drawn.image, trimap)
    nothing = (trimap == FOREGROUND).astype(np.float32)
    assert sad(alpha, drawn.alpha, unknown) < sad(nothing, drawn.alpha, unknown)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (5, 90), (3, 3)])
def test_any_size_is_solved(size):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (*size, 3), np.uint8)
    trimap = np.full(size, UNKNOWN, np.uint8)
    trimap[0], trimap[-1] = BACKGROUND, FOREGROUND
    alpha = load_fused().predict(image, trimap)
    assert alpha.shape == size
    assert np.isfinite(alpha).all()


def test_a_trimap_without_unknown_pixels_is_its_own_matte(drawn):
    trimap = np.where(drawn.alpha > 127, FOREGROUND, BACKGROUND).astype(np.uint8)
    assert np.array_equal(load_fused().predict(drawn.image, trimap), trimap / 255)


def test_a_kept_network_has_nothing_of_the_image_before(drawn):
    method, crops = (
        load_fused(),
        [(slice(0, height), slice(0, width)) for height, width in ((149, 175), (60, 80))],
    )

    def solved(turn):
        crop = crops[turn % 2]
        return method.predict(
            np.ascontiguousarray(drawn.image[crop]), np.ascontiguousarray(drawn.trimap[crop])
        )

    with ThreadPoolExecutor(1) as fresh:  # a thread of its own has a network of its own
        first, second = (fresh.submit(solved, turn).result() for turn in (1, 0))
    with ThreadPoolExecutor(4) as pool:
        mattes = list(pool.map(solved, range(12)))
    assert all(np.array_equal(matte, (second, first)[turn % 2]) for turn, matte in enumerate(mattes))


HELD = """
import ctypes, sys
from pathlib import Path
import numpy as np
import simd
from simd.methods.fused.method import load_fused
method = load_fused()
for side in (256, 768):
    example = simd.stream(["hair_hard"], size=(side, side), seed=4, split="test")[0]
    method.predict(example.image, np.where(example.trimap == 255, example.trimap, np.uint8(128)))
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # what the C library keeps of what was freed
    if trim is not None:
        trim(0)
    lines = Path(sys.argv[1]).read_text().splitlines()
    print(next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024)
"""


@pytest.mark.skipif(not STATUS.exists(), reason="resident memory is read from /proc")
def test_an_image_leaves_no_memory_behind():
    command = [sys.executable, "-c", HELD, STATUS]  # whose heap holds nothing else
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    small, large = map(float, done.stdout.split())
    assert large - small < 60  # a network of OpenCV that saw the whole image keeps 270


def test_blocks_have_what_a_map_as_a_whole_has(monkeypatch):
    rng = np.random.default_rng(0)
    first, half = (rng.standard_normal((20, side, side), np.float32) for side in (77, 154))
    weight, bias = rng.standard_normal((24, 40, 3, 3)) / 20, rng.standard_normal(24)
    solved = []
    for size in (1e9, 1e5):
        monkeypatch.setattr(convolution, "_WHOLE_BYTES", size)
        monkeypatch.setattr(convolution, "_BYTES", size)
        monkeypatch.setattr(convolution, "_COLUMNS", 40)
        plain = Convolution(weight[:, :20], bias, relu=False)(
            half, beside=np.ones((24, 154, 154), np.float32)
        )
        solved.append(
            (plain, Convolution(weight, bias)(first, half), Convolution(weight, bias, stride=2)(half, half))
        )
    for whole, parts in zip(*solved, strict=True):
        assert np.array_equal(whole, parts)
    larger = np.concatenate([first.repeat(2, axis=1).repeat(2, axis=2), half])
    expected = np.maximum(sum(correlate(larger[at], weight[5, at]) for at in range(40)) + bias[5], 0)
    assert solved[1][1][5] == pytest.approx(expected, abs=1e-4)


def correlate(plane, kernel):
    return ndimage.correlate(plane.astype(np.float64), kernel, mode="constant")


def test_tiles_leave_no_seam():
    drawn = simd.stream(["fur"], size=(96, 480), seed=2)[0]
    whole, tiled = (load_fused(tile=tile).predict(drawn.image, drawn.trimap) for tile in (None, 160))
    assert np.abs(whole - tiled).max() < 1e-5


def test_opencv_computes_what_the_network_of_the_training_does(random_weights, drawn):
    torch = pytest.importorskip("torch")
    from simd.training.propagation import propagate

    folder, network = random_weights
    image, trimap = drawn.image[:144, :160], drawn.trimap[:144, :160]
    answers = classical_answers(image, trimap)
    alphas = np.stack([answer.alpha for answer in answers], axis=2)
    planes = np.concatenate([image, derived_planes(image, trimap), alphas], axis=2)
    with torch.no_grad():
        folded = folded_planes(planes, trimap, [answer.is_fallback for answer in answers])
        solved = network(torch.from_numpy(folded).permute(2, 0, 1)[None])
        carried = propagate(image[None], trimap[None], solved.alpha, solved.confidence)
    alpha = load_fused(weights=str(folder)).predict(image, trimap)
    assert alpha == pytest.approx(carried[0, 0].numpy().clip(0, 1), abs=1e-5)
    assert np.abs(alpha - solved.alpha[0, 0].numpy()).max() > 0.01


def test_known_colours_spread_and_unknown_sides_are_grey():
    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :2], image[:, 6:] = (200, 100, 0), (0, 0, 60)
    image[:, 2:6] = (100, 50, 30)  # half of both
    trimap = np.full((8, 8), UNKNOWN, np.uint8)
    trimap[:, :2] = FOREGROUND
    planes = derived_planes(image, trimap)
    assert (planes[..., 0:3] == (200, 100, 0)).all()  # one colour is known, and is everywhere
    assert (planes[..., 3:6] == 128).all()
    trimap[:, 6:] = BACKGROUND
    planes = derived_planes(image, trimap)
    assert (planes[..., 3:6] == (0, 0, 60)).all()
    assert planes[4, 3, 12] == pytest.approx(127.5, abs=1)
    assert (planes[:, 0, 12] > 250).all()
    assert (planes[:, 7, 12] < 6).all()


@pytest.mark.parametrize("spoil", ["cut", "changed", "missing", "no card"])
def test_damaged_weights_say_how_to_get_them_back(spoil, tmp_path):
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    (file,) = folder.glob("*.safetensors")
    data = file.read_bytes()
    if spoil == "cut":
        file.write_bytes(data[:-7])
    elif spoil == "changed":
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif spoil == "missing":
        file.unlink()
    else:
        (folder / "fused.json").unlink()
    with pytest.raises(DataError) as failure:
        load_method("fused", {"weights": str(folder)})
    assert "bring them back (git checkout -- simd/methods/fused/weights)" in str(failure.value)
    assert "simd train fused --out RUN" in str(failure.value)


@pytest.mark.parametrize("of", ["something else", "a network without confidence"])
def test_other_weights_are_refused(of, tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    folder = tmp_path / "weights"
    shutil.copytree(WEIGHTS, folder)
    (file,) = folder.glob("*.safetensors")
    tensors = safetensors.load(file.read_bytes())
    cut = {name: tensors[name][:16] for name in ("head.weight", "head.bias")}
    tensors = {"weight": np.zeros((2, 2), np.float32)} if of == "something else" else {**tensors, **cut}
    file.write_bytes(safetensors.save(tensors))
    card = json.loads((folder / "fused.json").read_text())
    import hashlib

    card["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    (folder / "fused.json").write_text(json.dumps(card))
    with pytest.raises(DataError, match="is not the network of fused"):
        load_fused(weights=str(folder))


def test_the_package_carries_weights_within_their_budget():
    card = json.loads((WEIGHTS / "fused.json").read_text())
    files = [file for file in WEIGHTS.iterdir() if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 8e6
    assert card["parameters"] <= 3_000_000
    assert card["licence"].startswith("MIT")


@pytest.mark.parametrize("tile", [0, 8, 100])
def test_a_tile_off_the_grid_is_refused(tile):
    with pytest.raises(DataError, match=f"a tile of {tile} pixels: must be a multiple of 16"):
        load_fused(tile=tile)


def test_arrays_that_do_not_fit_are_refused(drawn):
    with pytest.raises(DataError, match="they must be of one size"):
        load_fused().predict(drawn.image, drawn.trimap[:-1])
