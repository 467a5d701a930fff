"""Checkpoints become weights with a card, or are refused for a reason; a failure leaves what was there."""

import hashlib
import json
import resource
import signal
from dataclasses import asdict

import pytest
import torch
from fake_weights import fake_state, write_fake_weights
from safetensors.torch import load_file

from simd.errors import BusyError, DataError, DiskFullError
from simd.locks import locked_folder
from simd.methods.networks import NETWORKS, PRESETS, build_network
from simd.methods.weights.folder import import_weights, load_networks, load_weights, save_weights


def save(path, state):
    torch.save(state, path)
    return path


def files_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def states():
    return {network: fake_state(network, "small") for network in NETWORKS}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("preset", "prefix"), [("paper", "module."), ("small", ""), ("small", "x."), ("small", "module.model.")]
)
def test_a_checkpoint_is_recognised_under_any_prefix(tmp_path, network, preset, prefix):
    state = fake_state(network, preset)
    file = save(tmp_path / "a.pth", {"epoch": 3, "state_dict": {prefix + k: v for k, v in state.items()}})
    card = import_weights(file, tmp_path / "weights")
    assert (card.network, card.preset) == (network, preset)
    assert card.parameters == sum(p.numel() for p in build_network(network, preset, empty=True).parameters())
    found = load_file(tmp_path / "weights" / card.file)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)
    module, _ = load_weights(tmp_path / "weights", network)
    assert not module.training
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())


def test_the_presets_are_as_small_as_they_say():
    sizes = {
        (network, preset): sum(p.numel() for p in build_network(network, preset, empty=True).parameters())
        for network in NETWORKS
        for preset in PRESETS
    }
    assert sizes["sim", "paper"] == 46_609_840  # of the released networks
    assert sizes["classifier", "paper"] == 23_552_148
    assert sizes["sim", "small"] <= 2_500_000
    assert sizes["classifier", "small"] <= 1_400_000


def test_the_command_says_what_a_file_is_and_writes_a_card(tmp_path, states, run_cli):
    file = save(tmp_path / "ckpt_best.pth", {"state_dict": states["sim"], "best_sad": torch.tensor(27.9)})
    done = run_cli("weights", "import", file, "--out", tmp_path / "weights", "--licence", "CC0-1.0")
    assert done.code == 0, done.err
    assert f"{file}: is the network 'sim' (small), 2,293,632 parameters" in done.out
    assert "the method sim needs the network 'classifier' too: import its file into" in done.out
    card = json.loads((tmp_path / "weights" / "sim.json").read_text())
    weights = tmp_path / "weights" / card["file"]
    assert card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert card["source_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (card["source"], card["licence"]) == ("ckpt_best.pth", "CC0-1.0")
    assert {path.name for path in (tmp_path / "weights").iterdir()} == {"sim.json", card["file"]}


def test_without_a_licence_the_card_says_that_none_is_stated(tmp_path, states):
    card = import_weights(save(tmp_path / "a.pth", states["sim"]), tmp_path / "weights")
    assert card.licence.startswith(
        "not stated; the released code of Semantic Image Matting carries no licence"
    )


def test_the_same_file_gives_the_same_weights_and_new_ones_replace_them(tmp_path, states):
    file, out = save(tmp_path / "a.pth", states["sim"]), tmp_path / "weights"
    import_weights(file, out)
    before = files_of(out)
    import_weights(file, out)
    assert files_of(out) == before
    import_weights(save(file, fake_state("sim", "small", seed=1)), out)
    assert len(files_of(out)) == 2
    assert not files_of(out).items() & before.items()


def test_numbers_of_other_types_and_missing_counters_are_brought_in_order(tmp_path, states):
    state = {
        name: tensor.double() for name, tensor in states["classifier"].items() if "num_batches" not in name
    }
    card = import_weights(save(tmp_path / "a.pth", state), tmp_path / "weights")
    found = load_file(tmp_path / "weights" / card.file)
    assert torch.equal(found["fc.weight"], states["classifier"]["fc.weight"])
    assert found["fc.weight"].dtype == torch.float32
    assert found["bn1.num_batches_tracked"] == 0


def test_missing_and_extra_names_are_listed_with_the_nearest(tmp_path, states):
    state = dict(states["sim"])
    state["encoder.conv1_sides.weight"] = state.pop("encoder.conv1_side.weight")
    state["decoder.scale"] = torch.zeros(1)
    del state["decoder.conv_up3.0.bias"]
    with pytest.raises(DataError) as caught:
        import_weights(save(tmp_path / "a.pth", state), tmp_path / "weights")
    assert str(caught.value) == (
        f"{tmp_path / 'a.pth'}: is not the network 'sim' (small); of its tensors\n"
        "  2 are missing: encoder.conv1_side.weight (nearest: encoder.conv1_sides.weight), "
        "decoder.conv_up3.0.bias\n"
        "  2 are too many: encoder.conv1_sides.weight (nearest: encoder.conv1_side.weight), decoder.scale"
    )
    assert not (tmp_path / "weights").exists()


def test_another_number_of_classes_is_refused(tmp_path, states):
    state = dict(states["classifier"])
    state["fc.weight"], state["fc.bias"] = torch.zeros(21, 512), torch.zeros(21)
    with pytest.raises(DataError, match=r"fc\.weight is \(21, 512\) in place of \(20, 512\)"):
        import_weights(save(tmp_path / "a.pth", state), tmp_path / "weights")


def test_the_checkpoint_of_another_network_is_refused(tmp_path):
    vgg = {f"features.{n}.weight": torch.zeros(3, 3) for n in range(20)}
    with pytest.raises(
        DataError,
        match=r"is none of the networks \(sim, classifier, .*\); its first tensors: features\.0\.weight",
    ):
        import_weights(save(tmp_path / "a.pth", vgg), tmp_path / "weights")
    resnet = {k: v for k, v in fake_state("classifier").items() if not k.startswith("fc")}
    resnet |= {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
    resnet["conv1.weight"] = torch.zeros(64, 3, 7, 7)
    with pytest.raises(DataError, match=r"conv1\.weight is \(64, 3, 7, 7\) in place of \(64, 4, 7, 7\)"):
        import_weights(save(tmp_path / "a.pth", resnet), tmp_path / "weights")


def test_damaged_weights_and_cards_are_refused(tmp_path):
    folder = write_fake_weights(tmp_path / "weights")
    card = json.loads((folder / "sim.json").read_text())
    whole = (folder / card["file"]).read_bytes()
    (folder / card["file"]).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DataError, match="is damaged, its digest is not that of its card"):
        load_networks(folder)
    (folder / card["file"]).unlink()
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\); import the weights"):
        load_networks(folder)
    for key, value in {"file": "../../etc/passwd", "network": "classifier", "preset": "huge"}.items():
        (folder / "sim.json").write_text(json.dumps(card | {key: value}))
        with pytest.raises(DataError, match=rf"sim\.json: the key '{key}' must be .*; import the weights"):
            load_networks(folder)
    (folder / "sim.json").write_text("[1]")
    with pytest.raises(DataError, match=r"sim\.json: is not an object, but a list"):
        load_networks(folder)


def test_what_a_folder_lacks_is_said(tmp_path, states):
    with pytest.raises(DataError, match="has no weights of the network 'sim'; import them: simd weights"):
        load_networks(tmp_path)
    card = import_weights(save(tmp_path / "a.pth", states["sim"]), tmp_path / "weights")
    with pytest.raises(DataError, match="no weights of the network 'classifier'; it has those of sim"):
        load_networks(tmp_path / "weights")
    with pytest.raises(DataError, match=r"is a file; weights are a folder with sim.json and classifier.json"):
        load_networks(tmp_path / "weights" / card.file)


@pytest.fixture
def disk_of():
    """Return a function that lets no file grow beyond some bytes: writes fail as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("room", [0, 1000, 2**20], ids=["nothing", "a card", "a part"])
def test_weights_survive_a_disk_that_fills_up_while_new_ones_are_saved(tmp_path, disk_of, states, room):
    folder = write_fake_weights(tmp_path / "weights")
    before = files_of(folder)
    disk_of(room)
    with pytest.raises(DiskFullError, match=r"sim-.*\.safetensors: cannot be written .*free some space"):
        save_weights(
            fake_state("sim", "small", seed=1),
            folder,
            network="sim",
            preset="small",
            source="new",
            licence="CC0",
        )
    disk_of(resource.RLIM_INFINITY)
    assert files_of(folder) == before
    module = load_networks(folder).sim
    assert torch.equal(module.state_dict()["encoder.conv1.weight"], states["sim"]["encoder.conv1.weight"])


def test_two_programs_do_not_write_one_folder_of_weights(tmp_path):
    pytest.importorskip("fcntl", reason="Windows has no such locks")
    folder = write_fake_weights(tmp_path / "weights")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with locked_folder(folder), pytest.raises(BusyError, match=r"weights: .* is writing there; wait"):
        save_weights(
            fake_state("sim", "small", seed=1), folder, network="sim", preset="small", source="", licence=""
        )
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_weights_survive_a_card_that_cannot_be_written(tmp_path, monkeypatch, states):
    folder = write_fake_weights(tmp_path / "weights")
    digest = load_networks(folder).digest
    monkeypatch.setattr(
        "simd.methods.weights.folder.WeightsCard.to_json", lambda card: asdict(card) | {"licence": object()}
    )
    with pytest.raises(TypeError):
        save_weights(
            fake_state("sim", "small", seed=1), folder, network="sim", preset="small", source="", licence=""
        )
    assert load_networks(folder).digest == digest
