"""Files of weights are read, hostile ones are refused, and nothing of theirs ever runs."""

import io
import pickle
import tarfile
import warnings
import zipfile

import numpy as np
import pytest
import torch
from hostile_checkpoints import (
    MARKER,
    Call,
    hostile_objects,
    pickled,
    tensor_pickle,
    write_legacy,
    write_zip,
)

from simd.errors import DataError
from simd.methods.weights import untrusted_checkpoints
from simd.methods.weights.untrusted_checkpoints import read_tensors

STATE = {"conv1.weight": torch.arange(6.0).view(2, 3), "bn1.bias": torch.ones(4, dtype=torch.float16)}


def save(path, thing, *, legacy=False):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(thing, path, _use_new_zipfile_serialization=not legacy)
    return path


def check_state(found):
    assert list(found) == list(STATE)
    for name, tensor in STATE.items():
        assert torch.equal(found[name], tensor)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before 1.6"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: state,
        lambda state: {"epoch": 31, "state_dict": state, "best_sad": torch.tensor(27.9)},
        lambda state: {"epoch": 31, "state_dict": state, "best_prec1": np.float64(0.93), "arch": "resnet50"},
        lambda state: {"state_dict": state, "best": np.float32(0.5), "optimizer": {"state": {}, "lr": [0.1]}},
        lambda state: {"model": {"state_dict": state}, "step": np.int64(5)},
    ],
    ids=["bare", "with a tensor", "with a numpy float", "with an optimizer", "twice wrapped"],
)
def test_the_tensors_of_a_checkpoint_are_found(tmp_path, wrap, legacy):
    check_state(read_tensors(save(tmp_path / "a.pth.tar", wrap(STATE), legacy=legacy)))


def test_parameters_and_ordered_mappings_are_read(tmp_path):
    state = torch.nn.Conv2d(2, 3, 1).state_dict(keep_vars=True)
    found = read_tensors(save(tmp_path / "a.pth", state))
    assert torch.equal(found["weight"], state["weight"])


def test_numpy_numbers_become_plain_numbers(tmp_path):
    path = save(tmp_path / "a.pth", {"best": np.float64(27.9), "step": np.int32(-5), "done": np.bool_(True)})
    assert untrusted_checkpoints.load_weights_only(path) == {"best": 27.9, "step": -5, "done": True}


def test_safetensors_are_read(tmp_path):
    from safetensors.torch import save_file

    save_file(STATE, tmp_path / "a.safetensors")
    found = read_tensors(tmp_path / "a.safetensors")
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)
    (tmp_path / "b.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(DataError, match=r"b\.safetensors: is not a safetensors file"):
        read_tensors(tmp_path / "b.safetensors")


HOSTILE = (
    *("os.system", "eval", "exec", "open", "subprocess", "__import__", "import_module", "runpy"),
    *("getattr", "attrgetter", "pathlib", "torch.load", "load_from_bytes", "pickle.loads"),
    *("partial", "in an item", "in a state", "as a name", "bytearray", "module"),
)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("container", ["zip", "legacy"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_pickles_are_refused_and_nothing_runs(tmp_path, kind, container, protocol):
    marker = tmp_path / MARKER
    thing = hostile_objects(marker)[kind]
    if kind in ("in an item", "module"):  # tensors need torch.save itself
        path = save(tmp_path / "evil.pth", thing, legacy=container == "legacy")
    else:
        write = write_zip if container == "zip" else write_legacy
        path = write(tmp_path / "evil.pth", pickled(thing, protocol))
    with pytest.raises(
        DataError, match=r"evil\.pth: is refused, nothing in it was run: it asks for"
    ) as caught:
        read_tensors(path)
    assert "which weights have no need of" in str(caught.value)
    assert not marker.exists()


def test_the_marker_would_be_there_if_one_had_run(tmp_path):
    for kind in ("os.system", "eval", "subprocess", "runpy", "pickle.loads", "in a state", "partial"):
        marker = tmp_path / MARKER
        pickle.loads(pickled(hostile_objects(marker)[kind], 2))
        assert marker.exists(), kind
        marker.unlink()


def test_torch_alone_would_refuse_them_too(tmp_path, monkeypatch):
    """The second reading is a guard of its own, should the first ever miss something."""
    monkeypatch.setattr(untrusted_checkpoints, "check_archive", lambda *_: None)
    marker = tmp_path / MARKER
    for kind in HOSTILE[:16]:
        path = save(tmp_path / "evil.pth", hostile_objects(marker)[kind])
        with pytest.raises(DataError, match="cannot be read as weights"):
            read_tensors(path)
        assert not marker.exists()


def test_numpy_objects_other_than_numbers_are_refused(tmp_path):
    marker = tmp_path / MARKER
    array = np.array([Call(exec, f"open({str(marker)!r}, 'w')")], dtype=object)
    for thing in (array, np.zeros(3)):
        path = save(tmp_path / "evil.pth", {"a": thing})
        with pytest.raises(DataError, match=r"asks for numpy.*_reconstruct"):
            read_tensors(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("size", "elements", "there", "complaint"),
    [
        ((10**6, 10**6), 6, 24, r"a tensor of \(1000000, 1000000\) elements is declared over 6 stored ones"),
        ((2, 3), 10**12, 24, "declares 4000000000000 bytes for tensor data '0', 24 are there"),
        ((2, 3), 6, 8, "declares 24 bytes for tensor data '0', 8 are there"),
        ((2, -3), 6, 24, "is declared over 6 stored ones"),
        ((2, 3), -6, 24, "not declared as PyTorch declares it"),
        ((2, 3), 6, None, "24 bytes for tensor data '0', none are there"),
    ],
)
def test_tensors_that_are_not_there_are_refused(tmp_path, size, elements, there, complaint):
    records = {} if there is None else {"data/0": bytes(there)}
    path = write_zip(tmp_path / "bomb.pth", tensor_pickle(size, elements), records)
    with pytest.raises(DataError, match=complaint):
        read_tensors(path)


def test_the_corpus_writes_valid_tensors_when_it_wants_to(tmp_path):
    path = write_zip(
        tmp_path / "good.pth",
        tensor_pickle((2, 3), 6, stride=(3, 1)),
        {"data/0": bytes(24), "byteorder": b"little"},
    )
    assert torch.equal(read_tensors(path)["conv1.weight"], torch.zeros(2, 3))


def test_legacy_files_that_declare_more_than_they_hold_are_refused(tmp_path):
    path = write_legacy(tmp_path / "bomb.pth", tensor_pickle((2, 3), 10**12), bytes(32))
    with pytest.raises(DataError, match=r"declares 4000000000008 bytes of tensor data, 32 are there"):
        read_tensors(path)


def test_archives_that_unfold_are_refused(tmp_path):
    path = write_zip(tmp_path / "bomb.pth", tensor_pickle((2, 3), 6), {"data/0": bytes(10**7)}, packed=True)
    with pytest.raises(DataError, match=r"is compressed, which torch.save never does"):
        read_tensors(path)


def test_a_huge_pickle_is_refused_before_it_is_read(tmp_path):
    path = write_zip(tmp_path / "bomb.pth", pickled("a" * 17 * 2**20, 2))
    with pytest.raises(DataError, match=r"its pickle has 178.* bytes without any data"):
        read_tensors(path)


def test_files_above_the_limit_are_refused(tmp_path):
    path = save(tmp_path / "a.pth", STATE)
    with pytest.raises(DataError, match=r"a\.pth: has 0\.0 GB; weights of more than 0\.0 are refused"):
        read_tensors(path, max_bytes=100)


@pytest.mark.parametrize("cut", [0, 1, 9, 100, -1, -40])
def test_cut_files_are_refused(tmp_path, cut):
    whole = save(tmp_path / "a.pth", STATE).read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[:cut])
    with pytest.raises(DataError, match=r"a\.pth: "):
        read_tensors(tmp_path / "a.pth")


@pytest.mark.parametrize("cut", [1, 20, 60, -1, -40])
def test_cut_files_of_old_are_refused(tmp_path, cut):
    whole = save(tmp_path / "a.pth", STATE, legacy=True).read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[:cut])
    with pytest.raises(DataError, match=r"a\.pth: "):
        read_tensors(tmp_path / "a.pth")


def test_programs_and_other_archives_are_named_for_what_they_are(tmp_path):
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as archive:
        for name in ("m/data.pkl", "m/constants.pkl", "m/code/__torch__.py"):
            archive.writestr(name, b"")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", b"a")
    with tarfile.open(tmp_path / "old.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    (tmp_path / "notes.txt").write_text("conv1.weight")
    (tmp_path / "bare.pkl").write_bytes(pickled({"a": 1}, 4))
    for name, complaint in {
        "script.pt": "is a TorchScript program; simd reads weights, not code",
        "photos.zip": "is an archive, but not one of torch.save",
        "old.tar": "is neither a file of torch.save nor a safetensors file",
        "notes.txt": "is neither a file of torch.save nor a safetensors file",
        "bare.pkl": "is a pickle, but not one of torch.save",
        "absent.pth": "no such file",
    }.items():
        with pytest.raises(DataError, match=complaint):
            read_tensors(tmp_path / name)


@pytest.mark.parametrize("thing", [[1, 2], {"epoch": 3}, {"state_dict": {"epoch": 3}}, {}, torch.zeros(3)])
def test_checkpoints_without_named_tensors_are_refused(tmp_path, thing):
    with pytest.raises(
        DataError, match="holds no named tensors; a checkpoint is a mapping of names to tensors"
    ):
        read_tensors(save(tmp_path / "a.pth", thing))


def test_what_pytorch_says_comes_without_its_colours_and_its_advice_to_run_the_file(tmp_path, monkeypatch):
    path = save(tmp_path / "a.pth", STATE)

    def refuse(*_, **__):
        raise pickle.UnpicklingError(
            "Weights only load failed. You have two options, \x1b[1mdo those steps only if you trust the "
            "source of the checkpoint\x1b[0m.\n\t(1) set weights_only to False\n\t"
            "(2) WeightsUnpickler error: Unsupported operand 149\n\nCheck the documentation"
        )

    monkeypatch.setattr(torch, "load", refuse)
    with pytest.raises(DataError) as caught:
        read_tensors(path)
    assert str(caught.value) == f"{path}: cannot be read as weights (Unsupported operand 149)"
