"""Released checkpoints of DIM, IndexNet and GCA are told apart by their tensors, or refused for a reason."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from fake_published import fake_tensors, released_shapes
from hostile_checkpoints import write_legacy

from simd.errors import DataError
from simd.methods.networks import PUBLISHED, build_network
from simd.methods.networks.dim import released_name
from simd.methods.weights.folder import import_weights, load_weights
from simd.methods.weights.published import published, table
from simd.methods.weights.recognise import recognise_network

SKIP, PLAIN = "stage1_skip_sad_52.9.pth", "stage1_sad_54.4.pth"
MMAGIC = "dim_stage3_v16_pln_1x1_1000k_comp1k_SAD-50.6_20200609_111851-647f24b6.pth"


def save(path, state):
    torch.save(state, path)
    return path


def released(checkpoint):
    """Return tensors under the names and of the sizes of a released checkpoint, all of one number."""
    shapes = released_shapes(checkpoint)
    return {name: torch.full(shape, 0.25) for name, shape in shapes.items()}


def recognised(file_name, shapes, variant=None):
    """Return network and preset of tensors that take no memory."""
    tensors = {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}
    return recognise_network(tensors, Path(file_name), variant)[:2]


def small(network):
    shapes = {name: tuple(t.shape) for name, t in build_network(network, "small").state_dict().items()}
    tensors = fake_tensors(shapes)
    return {released_name(name): t for name, t in tensors.items()} if network == "dim" else tensors


@pytest.mark.parametrize(
    ("file", "network", "wrapper", "parameters"),
    [
        ("indexnet_matting.pth.tar", "indexnet", {"epoch": 1, "optimizer": {"lr": 0.01}}, 5_953_515),
        ("gca-dist.pth", "gca", {"iter": 1, "loss": 0.1}, 25_164_529),
    ],
)
def test_released_checkpoints_are_recognised(tmp_path, file, network, wrapper, parameters):
    state = {f"module.{name}": tensor for name, tensor in released(network).items()}
    card = import_weights(save(tmp_path / file, {**wrapper, "state_dict": state}), tmp_path / "weights")
    assert (card.network, card.preset, card.parameters) == (network, "paper", parameters)
    assert card.trained_on == ("adobe/Training_set",)
    assert card.licence
    assert card.code_licence
    assert card.source.startswith(f"{file} of https://github.com/")
    module, again = load_weights(tmp_path / "weights", network)
    assert again == card
    assert not module.training


def test_all_that_was_released_of_dim_is_recognised():
    """Also stage 1 of mmagic, stage 3 of huochaitiantang, and its files of before 2019-09-09."""
    assert recognised(MMAGIC, released_shapes("dim_mmagic_stage3")) == ("dim", "mmagic")
    assert recognised(SKIP, released_shapes("dim_huochaitiantang_stage1")) == ("dim", "skip")
    shapes = dict(released_shapes("dim_huochaitiantang_stage3"))
    assert recognised("a.pth", shapes, "skip") == ("dim", "skip-refined")
    old = {**shapes, "conv6_1.weight": (512, 512, 1, 1)}
    assert recognised("a.pth", old, "plain") == ("dim", "plain-refined-1x1")
    assert recognised("a.pth", released_shapes("dim_mmagic_stage1")) == ("dim", "mmagic-stage1")
    assert recognised(PLAIN, released_shapes("dim_huochaitiantang_stage1")) == ("dim", "plain")


def test_a_file_that_does_not_say_whether_it_has_skips_is_asked_about():
    shapes = released_shapes("dim_huochaitiantang_stage1")
    with pytest.raises(DataError, match=r"best.pth: holds huochaitiantang's DIM, .* --variant skip .* plain"):
        recognised("best.pth", shapes)
    with pytest.raises(DataError, match="its tensors are those of skip or plain, not of 'mmagic'"):
        recognised("best.pth", shapes, "mmagic")
    assert recognised("best.pth", shapes, "plain") == ("dim", "plain")


def test_the_command_names_both_licences_and_the_training_data(tmp_path, run_cli):
    file = save(tmp_path / "net.pth", small("gca"))
    done = run_cli("weights", "import", file, "--out", tmp_path / "weights")
    assert done.code == 0, done.err
    assert "is the network 'gca' (small)" in done.out
    assert "licence of its code: not stated\ntrained on: not known, so no board can tell" in done.out
    assert "the method sim needs" not in done.out
    card = json.loads((tmp_path / "weights" / "gca.json").read_text())
    assert "trained_on" not in card  # a file of another name: nothing is known
    assert card["licence"].startswith("not stated, and the file has the name of none that is known")
    file = save(tmp_path / "indexnet_matting.pth.tar", released("indexnet"))
    done = run_cli("weights", "import", file, "--out", tmp_path / "weights")
    assert "licence: non-commercial purposes only\nlicence of its code: a BSD-like text headed" in done.out
    assert "trained on: adobe/Training_set" in done.out
    done = run_cli("weights", "import", file, "--out", tmp_path / "weights", "--variant", "skip")
    assert done.code == 1
    assert "its tensors are those of paper, not of 'skip'" in done.err


def test_weights_for_a_set_that_they_were_trained_on_say_so(tmp_path):
    for file, preset in ((MMAGIC, "mmagic"), (SKIP, "skip"), (PLAIN, "plain")):
        assert published(file, "dim", preset).trained_on == ("adobe/Training_set",)
        assert published(f"mine_{file}", "dim", preset) is None
    by_name = {entry.names[0]: entry for entry in table()}
    assert by_name["gca-dist-all-data"].trained_on == (
        "adobe/Training_set",
        "adobe/Test_set",
        "composition-1k",  # a set imported as it is handed out
    )
    assert by_name["gca-dist"].trained_on == ("adobe/Training_set",)
    for entry in table():
        assert entry.preset in PUBLISHED[entry.network]
    first = small("gca")
    card = import_weights(save(tmp_path / "gca-dist-all-data.pth", first), tmp_path / "weights")
    assert card.trained_on is None  # small: it has the name, but is not that network


@pytest.mark.parametrize("network", PUBLISHED)
def test_a_network_of_other_input_channels_is_refused(tmp_path, network):
    state = small(network)
    name, first = next((name, tensor) for name, tensor in state.items() if tensor.ndim == 4)
    state[name] = first[:, :3]
    with pytest.raises(DataError, match=rf"is not the network '{network}' .*") as caught:
        import_weights(save(tmp_path / "a.pth", state), tmp_path / "weights")
    assert "1 have another shape" in str(caught.value)
    side = first.shape[2]
    place = f", 3, {side}, {side}) in place of ({len(first)}, {first.shape[1]}, {side}, {side})"
    assert place in str(caught.value)


def test_weights_that_are_not_numbers_are_refused(tmp_path):
    state = small("indexnet")
    state["layer0.0.weight"][0, 0, 0, 0] = torch.nan
    state["pred.1.weight"][:] = torch.inf
    with pytest.raises(
        DataError, match=r"2 of its tensors hold values that are not finite .*: layer0\.0\.weight, pred"
    ):
        import_weights(save(tmp_path / "a.pth", state), tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_a_pickled_module_is_refused_with_the_reason(tmp_path):
    file = save(tmp_path / "BEST_checkpoint.tar", {"model": torch.nn.DataParallel(torch.nn.Conv2d(3, 3, 1))})
    with pytest.raises(
        DataError, match=r"is refused, nothing in it was run: it asks for torch\.nn\..* pickled module"
    ):
        import_weights(file, tmp_path / "weights")


def test_a_file_of_python_2_is_read(tmp_path):
    """Its texts are bytes. This one has no tensors, which is said after it was read to its end."""
    content = b"\x80\x02}(U\x08best_sadG\x40\x4a\x73\x33\x33\x33\x33\x33U\x05epochK\x03U\x0astate_dict}u."
    assert pickle.loads(content) == {"best_sad": 52.9, "epoch": 3, "state_dict": {}}
    with pytest.raises(DataError, match="holds no named tensors"):
        import_weights(write_legacy(tmp_path / SKIP, content), tmp_path / "weights")
