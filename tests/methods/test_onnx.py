"""ONNX: SIM exported and run by onnxruntime, and any matting model by its card."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from fake_weights import fake_network, write_fake_weights

from simd.errors import DataError, MissingExtraError
from simd.image import UNKNOWN
from simd.methods import clear_loaded, load_method
from simd.methods.one_image import matte

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper = onnx.helper


def draw(height, width, seed=0):
    rng = np.random.default_rng(seed)
    trimap = rng.choice(np.array([0, 128, 255], np.uint8), (height, width))
    trimap[0, 0] = UNKNOWN
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), trimap


# --- SIM ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_fake_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def exported(weights, tmp_path_factory):
    from simd.methods.onnx.export import export_onnx

    out = tmp_path_factory.mktemp("exported")
    return out, export_onnx(weights, out)


@pytest.mark.slow
def test_the_export_compares_itself_with_pytorch(exported):
    assert set(exported[1].differences) == {"alpha", "score_maps"}
    assert all(0 < difference < 1e-5 for difference in exported[1].differences.values())


@pytest.mark.parametrize("size", [(8, 8), (40, 120), (136, 64)])
def test_the_exported_networks_compute_what_the_unfused_ones_do(exported, size):
    rng = np.random.default_rng(1)
    arrays = {name: rng.random((1, n, *size), np.float32) for name, n in (("image", 3), ("clicks", 6))}
    arrays["semantic_trimap"] = rng.random((1, 20, *size), np.float32)
    trimap = draw(*size)[1][None, None].astype(np.float32)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    with torch.inference_mode():
        alpha = fake_network("sim", "small")(trimap=torch.from_numpy(trimap), **tensors).alpha
        maps = fake_network("classifier", "small")(
            tensors["image"], torch.from_numpy(trimap / 255)
        ).score_maps
    run = {
        name: onnxruntime.InferenceSession(exported[0] / f"{name}.onnx").run for name in ("sim", "classifier")
    }
    np.testing.assert_allclose(run["sim"](["alpha"], arrays | {"trimap": trimap})[0], alpha, atol=1e-5)
    two = {
        name: np.repeat(array, 2, axis=0)
        for name, array in (("image", arrays["image"]), ("trimap", trimap / np.float32(255)))
    }  # batches are dynamic, too
    found = run["classifier"](["score_maps"], two)[0]
    np.testing.assert_allclose(found, np.repeat(maps.numpy(), 2, axis=0), atol=1e-4)
    assert float(maps.std()) > 0.1
    assert size == (8, 8) or float(alpha.std()) > 0.01


@pytest.mark.parametrize("size", [(1, 1), (50, 70), (340, 330)])
def test_the_method_gives_what_sim_gives(weights, exported, size):
    image, trimap = draw(*size)
    ours = load_method("sim", {"weights": str(weights)}).predict(image, trimap)
    alpha = load_method("onnx", {"weights": str(exported[0])}).predict(image, trimap)
    np.testing.assert_allclose(alpha, ours, atol=1e-5)
    np.testing.assert_array_equal(alpha[trimap != UNKNOWN], trimap[trimap != UNKNOWN] / 255)


def test_nothing_of_the_machine_is_in_the_files(exported):
    from simd.methods.sim import method as sim

    place = sim.__file__.removesuffix("/simd/methods/sim/method.py").encode()
    for file in exported[1].files:
        assert place not in file.read_bytes()
        assert b"site-packages" not in file.read_bytes()


def test_a_run_from_the_command_line(weights, exported, tiny_set, tmp_path, run_cli):
    out = tmp_path / "mattes"
    flags = ("--weights", exported[0] / "sim.toml", "--option", "threads=1", "--out", out)
    done = run_cli("predict", "onnx", tiny_set.path, *flags)
    assert done.code == 0, done.err
    info = json.loads((out / "run.json").read_text())
    runtime = f"onnxruntime {onnxruntime.__version__}"
    assert (info["method"], info["version"]) == ("sim-onnx", f"{runtime}, robust, float32 on cpu")
    assert len(list(out.glob("*.png"))) == 6


def test_the_command_prints_the_figures_and_the_files(weights, exported, tmp_path, run_cli, monkeypatch):
    monkeypatch.setattr("simd.methods.onnx.export.export_onnx", lambda *_: exported[1])
    done = run_cli("weights", "export-onnx", weights, tmp_path / "out")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith("alpha: differs from PyTorch by ")
    assert lines[2].startswith("wrote ")


def test_without_weights_nothing_is_exported(tmp_path, run_cli):
    done = run_cli("weights", "export-onnx", tmp_path / "nothing", tmp_path / "out")
    assert done.code == 1
    assert "nothing: has no weights of the network 'sim'; import them: simd weights import" in done.err
    assert not (tmp_path / "out").exists()


def test_a_model_that_differs_is_not_written(weights, exported, tmp_path, monkeypatch):
    from simd.methods.onnx import export

    ready = (exported[0] / "sim.onnx").read_bytes()
    monkeypatch.setattr(export, "export_model", lambda *_: ready)  # exporting again takes seconds
    monkeypatch.setattr(export, "TOLERANCE", 1e-12)
    with pytest.raises(DataError, match=r"differs from PyTorch by .*, more than 1e-12; nothing is written"):
        export.export_onnx(weights, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pictures_and_swapped_models_are_answered(exported, tmp_path):
    image, trimap = draw(40, 40)
    with pytest.raises(DataError, match="gives alpha alone; draw pictures with the method sim"):
        load_method("onnx", {"weights": str(exported[0])}).pictures(image, trimap)
    for file in exported[1].files:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = tmp_path / "sim.toml"
    card.write_text(card.read_text().replace('model = "sim.onnx"', 'model = "classifier.onnx"'))
    with pytest.raises(
        DataError, match=r"is not what .* writes: it takes image, trimap, not image, trimap, cl"
    ):
        load_method("onnx", {"weights": str(card)})


# --- any model ----------------------------------------------------------------------------------------------


def write_model(
    folder, card, *, channels=(3, 1), size=("h", "w"), dtype=None, nodes=None, names=("image", "trimap")
):
    """Write a model that returns all its channels side by side, and its card."""
    dtype = dtype or onnx.TensorProto.FLOAT
    inputs = [
        helper.make_tensor_value_info(n, dtype, [1, c, *size]) for n, c in zip(names, channels, strict=False)
    ]
    nodes = nodes or [helper.make_node("Concat", [i.name for i in inputs], ["alpha"], axis=1)]
    outputs = [helper.make_tensor_value_info("alpha", dtype, [1, "c", *size])]
    model = helper.make_model(
        helper.make_graph(nodes, "matting", inputs, outputs), opset_imports=[helper.make_opsetid("", 18)]
    )
    model.ir_version = 9
    onnx.save(model, folder / "model.onnx")
    (folder / "model.toml").write_text(card)
    return folder / "model.toml"


CARD = 'model = "model.onnx"\n[inputs]\nimage = ["image"]\ntrimap = ["trimap"]\n'


def solve(place, arrays, **options):
    return load_method("onnx", {"weights": str(place), **options}).predict(*arrays)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("channel", [0, 1, 2])
def test_colours_arrive_in_their_order_and_normalised(tmp_path, order, channel):
    image, trimap = draw(9, 13)
    numbers = "mean = [0.1, 0.2, 0.3]\nstd = [1.0, 2, 4]"
    card = f'keep_known = false\n{CARD}[image]\norder = "{order}"\n{numbers}\n[output]\nchannel = {channel}\n'
    alpha = solve(write_model(tmp_path, card), (image, trimap))
    value = image[..., channel if order == "rgb" else 2 - channel] / 255
    expected = (value - (0.1, 0.2, 0.3)[channel]) / (1, 2, 4)[channel]
    np.testing.assert_allclose(alpha, expected.clip(0, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("encoding", "channels"),
    [
        ("fraction", [[0, 128 / 255, 1]]),
        ("half", [[0, 0.5, 1]]),
        ("levels", [[0, 128, 255]]),
        ("index", [[0, 1, 2]]),
        ("one-hot", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("known", [[1, 0, 0], [0, 0, 1]]),
    ],
)
def test_trimaps_arrive_as_the_card_says(tmp_path, encoding, channels):
    image, trimap = draw(9, 13)
    for number, (bg, unknown, fg) in enumerate(channels):
        card = f'keep_known = false\n{CARD}[trimap]\nas = "{encoding}"\n'
        card += f"[output]\nchannel = {3 + number}\nrange = 255"
        alpha = solve(write_model(tmp_path, card, channels=(3, len(channels))), (image, trimap))
        expected = np.select([trimap == 0, trimap == 128], [bg, unknown], fg) / 255
        np.testing.assert_allclose(alpha, expected, atol=1e-6)
        clear_loaded()  # the next card has the same path


def test_a_card_of_an_image_alone_needs_no_trimap(tmp_path):
    image, trimap = draw(10, 11)
    card = 'model = "model.onnx"\n[inputs]\nx = ["image"]\n[output]\nchannel = 2\n'
    nodes = [helper.make_node("Identity", ["x"], ["alpha"])]
    place = write_model(tmp_path, card, channels=(3,), names=("x",), nodes=nodes)
    expected = image[..., 2] / 255
    np.testing.assert_allclose(solve(place, (image,)), expected, atol=1e-6)
    np.testing.assert_allclose(matte(image, method="onnx", weights=str(place)), expected, atol=1e-6)
    clear_loaded()
    place.write_text(f"keep_known = true\n{card}")  # then the trimap decides what it knows
    with pytest.raises(DataError, match="the method model needs a trimap"):
        matte(image, method="onnx", weights=str(place))
    known = np.where(trimap == UNKNOWN, expected, trimap / 255)
    np.testing.assert_allclose(solve(place, (image, trimap)), known, atol=1e-6)


def test_one_input_of_four_channels_and_known_pixels(tmp_path):
    image, trimap = draw(10, 11)
    card = 'model = "model.onnx"\n[inputs]\nx = ["trimap", "image"]\n[output]\nchannel = 1\n'
    nodes = [helper.make_node("Identity", ["x"], ["alpha"])]
    alpha = solve(write_model(tmp_path, card, channels=(4,), names=("x",), nodes=nodes), (image, trimap))
    expected = np.where(trimap == UNKNOWN, image[..., 0] / 255, trimap / 255)
    np.testing.assert_allclose(alpha, expected, atol=1e-6)


@pytest.mark.parametrize(("fit", "corner"), [("zero", 0.0), ("edge", None), ("reflect", None)])
@pytest.mark.parametrize("size", [(9, 13), (1, 1), (16, 32)])
def test_sides_are_padded_to_multiples_and_cut_again(tmp_path, fit, corner, size):
    image, trimap = draw(*size)
    card = f'keep_known = false\n{CARD}[size]\nmultiple = 16\nfit = "{fit}"\n'
    place = write_model(tmp_path, card)
    method = load_method("onnx", {"weights": str(place)})
    parts = method.card.preprocessing.parts(image, trimap)
    assert parts["image"].shape[1:] == tuple(-(-n // 16) * 16 for n in size)
    if corner is not None and size == (9, 13):
        assert parts["image"][:, -1, -1].tolist() == [corner] * 3
    np.testing.assert_allclose(method.predict(image, trimap), image[..., 0] / 255, atol=1e-6)


def test_a_model_of_one_size_is_fed_resized_images(tmp_path):
    image, trimap = np.full((20, 30, 3), 51, np.uint8), np.full((20, 30), UNKNOWN, np.uint8)
    place = write_model(tmp_path, f'{CARD}[size]\nfit = "resize"\n', size=(32, 64))
    np.testing.assert_allclose(solve(place, (image, trimap)), np.full((20, 30), 0.2), atol=1e-6)
    place.write_text(CARD)
    with pytest.raises(DataError, match=r'takes \(1, 3, 32, 64\) alone; set fit = "resize" in the card'):
        load_method("onnx", {"weights": str(place), "threads": 1})


def test_maps_of_nearness_are_a_part(tmp_path):
    image, trimap = draw(12, 17)
    card = 'model = "model.onnx"\nkeep_known = false\n[inputs]\nx = ["image", "clicks"]\n[output]\nchannel = '
    nodes = [helper.make_node("Identity", ["x"], ["alpha"])]
    place = write_model(tmp_path, f"{card}8\n", channels=(9,), names=("x",), nodes=nodes)
    rows, columns = np.nonzero(trimap == 255)
    there = np.indices(trimap.shape)
    squared = ((there[0][..., None] - rows) ** 2 + (there[1][..., None] - columns) ** 2).min(axis=-1)
    expected = np.exp(-squared / (2 * 51.2**2))  # the widest map of the foreground is the last
    np.testing.assert_allclose(solve(place, (image, trimap)), expected, rtol=1e-5)


def test_what_a_resizing_model_says_of_its_kernels(tmp_path):
    from simd.methods.onnx.card import read_card  # onnxruntime may not be there

    size = '[size]\nfit = "resize"\nmultiple = 8\nmax_side = 32\nrounds_down = true\nresizes_levels = true\n'
    kernels = (
        '[image]\nresampling = "cubic"\n[trimap]\nresampling = "lanczos"\n[output]\nresampling = "nearest"\n'
    )
    (tmp_path / "card.toml").write_text(CARD + size + kernels)
    inputs = read_card(tmp_path / "card.toml").preprocessing
    assert inputs.size((15, 100)) == (8, 32)
    assert (inputs.resampling, inputs.trimap_resampling, inputs.alpha_resampling) == (
        "cubic",
        "lanczos",
        "nearest",
    )
    assert inputs.resizes_levels
    (tmp_path / "card.toml").write_text(f"{CARD}[size]\nmultiple = 8\nborder = 32\n")
    assert read_card(tmp_path / "card.toml").preprocessing.size((15, 100)) == (80, 168)


def test_a_card_from_before_has_the_digest_it_had(tmp_path):
    """Runs of older cards go on: what cards can say since then counts only where it is said."""
    from simd.methods.onnx.card import read_card

    (tmp_path / "card.toml").write_text(CARD)
    facts = read_card(tmp_path / "card.toml").facts()
    # the list as it was when cards knew no kernels, borders and caps
    assert facts == [
        *(
            "card",
            {"image": ("image",), "trimap": ("trimap",)},
            "rgb",
            1.0,
            (0.0,) * 3,
            (1.0,) * 3,
            "fraction",
        ),
        *(1, "zero", None, 0, 1.0, False, True, 2.0, None),
    ]
    (tmp_path / "card.toml").write_text(f"{CARD}[size]\nborder = 32\n")
    assert read_card(tmp_path / "card.toml").facts() == [*facts, ("border", 32)]


def test_logits_and_other_number_types(tmp_path):
    image, trimap = draw(6, 7)
    card = f"keep_known = false\n{CARD}[output]\nsigmoid = true\n"
    place = write_model(tmp_path, card, dtype=onnx.TensorProto.FLOAT16)
    expected = 1 / (1 + np.exp(-(image[..., 0] / 255)))
    np.testing.assert_allclose(solve(place, (image, trimap)), expected, atol=1e-3)
    bytes_ = tmp_path / "bytes"
    bytes_.mkdir()
    card = f'keep_known = false\n{CARD}[image]\nrange = 255\n[trimap]\nas = "levels"\n[output]\nrange = 255\n'
    place = write_model(bytes_, card, dtype=onnx.TensorProto.UINT8)
    np.testing.assert_allclose(solve(place, (image, trimap)), image[..., 0] / 255, atol=1e-6)


def test_channels_last_are_called_that(tmp_path):  # dusty-nv/jetson-inference#1474, onnx/tensorflow-onnx#2360
    path = write_model(
        tmp_path,
        'model = "model.onnx"\n[inputs]\nx = ["image"]\n',
        names=("x",),
        channels=("h",),
        size=("w", 3),
    )
    with pytest.raises(
        DataError, match=r"\(1, any, any, 3\), with channels last.*--inputs-as-nchw x"
    ) as error:
        load_method("onnx", {"weights": str(path)})
    assert "resize" not in str(error.value)


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (None, r"model\.toml: no such file; the method onnx wants the TOML file beside a model"),
        ("model = ", r"model\.toml: is not TOML \("),
        ("a = " + "[" * 5000, r"is not TOML \("),
        ("#" * 70000, "has 70000 bytes; a card of a model has a few hundred"),
        (
            'model = "../model.onnx"\n[inputs]\nimage = ["image"]',
            "model must be the name of a file beside this",
        ),
        ('[inputs]\nimage = ["image"]', "model must be the name of a file beside this one, which is missing"),
        ('model = 3\n[inputs]\nimage = ["image"]', "model must be of the type str, not 3"),
        ('model = "model.onnx"', "inputs must be the model's inputs, such as"),
        (CARD.replace('["trimap"]', '["trimp"]'), r"inputs.trimap must be a list of 'image' and 'trimap'"),
        (
            CARD.replace("trimap = [", "trimp = ["),
            r"has no input 'trimp'; did you mean 'trimap'\? \(all: 'image', 't",
        ),
        (CARD.replace('trimap = ["trimap"]', ""), r"its input 'trimap' is not in the card's \[inputs\]"),
        (CARD + '[trimap]\nas = "onehot"', "unknown trimap 'onehot'; did you mean 'one-hot'"),
        (
            CARD + '[trimap]\nas = "known"',
            r"'trimap' is \(1, 1, any, any\), the card makes \(1, 2, H, W\) of trimap",
        ),
        (CARD + '[image]\norder = "grb"', "unknown image 'grb'; "),
        (CARD + "[image]\nmean = [1, 2]", "image.mean must be three numbers"),
        (CARD + "[image]\nstd = [1, 0, 1]", "std must be above 0"),
        (CARD + "[image]\nmeans = [1, 2, 3]", r"unknown key 'means' in \[image\]; did you mean 'mean'"),
        (CARD + "[size]\nmultiple = 100000", "multiple a whole number from 1 to 4096"),
        (CARD + "[size]\nmultiple = true", "size.multiple must be of the type int or float, not True"),
        (CARD + "[output]\nrange = nan", "output.range must be a number above 0, not nan"),
        (CARD + '[output]\nname = "alhpa"', "has no output 'alhpa'; did you mean 'alpha'"),
        ("keepknown = true\n" + CARD, "unknown key 'keepknown'; did you mean 'keep_known'"),
    ],
)
def test_cards_that_do_not_fit_are_answered(tmp_path, card, complaint):
    place = write_model(tmp_path, card or "")
    if card is None:
        place.unlink()
    with pytest.raises(DataError, match=complaint):
        load_method("onnx", {"weights": str(place)})


def test_the_card_that_the_documentation_shows_is_read(tmp_path):
    from simd.methods.onnx.card import read_card
    from simd.methods.runtime.preprocess import TRIMAPS

    page = (Path(__file__).parents[2] / "docs" / "methods.md").read_text()
    (tmp_path / "matting.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    card = read_card(tmp_path)
    assert card.inputs == {"image": ("image",), "trimap": ("trimap",)}
    assert (card.name, card.output) == ("mynet", "alpha")
    assert (card.preprocessing.std, card.preprocessing.multiple) == ((0.229, 0.224, 0.225), 32)
    assert all(f"| `{encoding}` | {len(channels)} |" in page for encoding, channels in TRIMAPS.items())


def external_data(location):
    """Return a model whose weight is said to lie in another file."""
    weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1])
    weight.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "4")):
        weight.external_data.add(key=key, value=value)
    x = helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, [1, 3, "h", "w"])
    y = helper.make_tensor_value_info("alpha", onnx.TensorProto.FLOAT, [1, 3, "h", "w"])
    graph = helper.make_graph([helper.make_node("Add", ["image", "w"], ["alpha"])], "g", [x], [y], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize(
    "kind", ["text", "empty", "cut", "no file", "absolute", "above", "beside", "operator"]
)
def test_files_that_are_no_whole_model_are_refused(tmp_path, kind):
    place = write_model(
        tmp_path, CARD if kind not in ("absolute", "above", "beside") else CARD.rpartition("trimap =")[0]
    )
    file = tmp_path / "model.onnx"
    (tmp_path / "secret").write_bytes(bytes(8))
    if kind == "no file":
        file.unlink()
    elif kind in ("text", "empty", "cut"):
        file.write_bytes({"text": b"alpha", "empty": b"", "cut": file.read_bytes()[:60]}[kind])
    elif kind == "operator":
        node = helper.make_node("Matting", ["image", "trimap"], ["alpha"], domain="strange")
        write_model(tmp_path, CARD, nodes=[node])
    else:
        location = {
            "absolute": str(tmp_path / "secret"),
            "above": f"../{tmp_path.name}/secret",
            "beside": "secret",
        }
        file.write_bytes(external_data(location[kind]).SerializeToString())
    complaint = "cannot be read" if kind == "no file" else "is no ONNX model that can be run"
    with pytest.raises(DataError, match=rf"model\.onnx: {complaint}"):
        load_method("onnx", {"weights": str(place)})


def test_results_that_the_card_does_not_describe_are_refused(tmp_path):
    arrays = draw(8, 8)
    with pytest.raises(
        DataError, match=r"output is \(1, 4, 8, 8\), the card says channel 4 of \(1, C, 8, 8\)"
    ):
        solve(write_model(tmp_path, CARD + "[output]\nchannel = 4"), arrays)
    for name, op, complaint in (
        ("half", "MaxPool", r"\(1, 3, 4, 4\), the card says"),
        ("nan", "Log", "not finite"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        pool = {"kernel_shape": [2, 2], "strides": [2, 2]} if op == "MaxPool" else {}
        nodes = [helper.make_node(op, ["image"], ["alpha"], **pool)]
        arrays[0][0, 0] = 0  # its logarithm is not finite
        with pytest.raises(DataError, match=complaint):
            solve(write_model(folder, CARD.rpartition("trimap =")[0], channels=(3,), nodes=nodes), arrays)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, r"the method onnx needs a model: give --weights FILE\.toml"),
        ({"weights": "model.onnx"}, r"model\.onnx: is the model; give the TOML file beside it"),
        ({"weights": "."}, r"holds 2 TOML files; give the one beside the model itself"),
        (
            {"weights": "model.toml", "device": "tpu"},
            "the device 'tpu' is not there for ONNX models; .* has cpu",
        ),
        ({"weights": "model.toml", "tile": 1024}, "is not SIM; tile and mode are options of SIM alone"),
    ],
)
def test_options_that_cannot_be_met_are_refused(tmp_path, monkeypatch, options, complaint):
    write_model(tmp_path, CARD)
    (tmp_path / "other.toml").touch()
    monkeypatch.chdir(tmp_path)
    clear_loaded()
    with pytest.raises(DataError, match=complaint):
        load_method("onnx", options)


def test_the_digest_is_of_model_and_card(tmp_path):
    place = write_model(tmp_path, CARD)
    first = load_method("onnx", {"weights": str(place)}).checkpoint_digest
    place.write_text(CARD + "[size]\nmultiple = 8\n")
    second = load_method("onnx", {"weights": str(place), "threads": 1}).checkpoint_digest
    assert first.split("+")[0] == second.split("+")[0]
    assert first.split("+")[1] != second.split("+")[1]


def test_without_the_runtime_its_extra_is_named(monkeypatch, tmp_path, run_cli):
    for name in (
        "simd.methods.onnx.model",
        "simd.methods.onnx.session",
        "simd.methods.onnx.export",
        "simd.methods.onnx.sim",
    ):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # importing it now fails as if it were not there
    with pytest.raises(MissingExtraError, match=r'the method onnx needs onnxruntime; .* -e "\.\[onnx\]"'):
        load_method("onnx")
    done = run_cli("weights", "export-onnx", tmp_path, tmp_path / "out")
    assert (
        done.err == 'simd: exporting to ONNX needs onnxruntime; install it with: pip install -e ".[onnx]"\n'
    )
