"""The loop: what a run leaves, how it goes on, and what stops it, on patches drawn in the test."""

import json

import numpy as np
import pytest
import torch
from tiny_runs import Patches, tiny_recipe

from simd.errors import BusyError, DataError, DiskFullError
from simd.files import read_json
from simd.locks import locked_folder
from simd.methods.runtime.devices import check_device
from simd.methods.weights.folder import load_networks, load_weights
from simd.training import checkpoints
from simd.training.checkpoints import load_checkpoint
from simd.training.loop import train
from simd.training.run_folder import read_log, read_run_recipe

EVERYTHING = (
    *("loop.ema=0.5", "loop.fixed_norms=0.4", "schedule.kind=cosine", "optimiser.clip=2.0"),
    *("optimiser.clip_by=moving", "loop.accumulate=2", "validation.every=3", "validation.samples=3"),
    *("data.held_out=0.1", "checkpoints.final=best", "loop.steps=6", "loop.batch=4"),
)


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    """The runs of a classifier and a discriminator."""
    root = tmp_path_factory.mktemp("runs")
    for stage in ("classifier", "discriminator"):
        train(tiny_recipe(f"sim-{stage}-small", "loop.steps=1"), root / stage, samples=Patches())
    return root


def recipe_of(stage, others, *settings):
    if stage != "sim":
        return tiny_recipe(f"sim-{stage}-small", *settings)
    runs = (f"{name}={others / name}" for name in ("classifier", "discriminator"))
    return tiny_recipe("sim-small", *runs, *settings)


def state_of(run, network):
    return load_weights(run, network)[0].state_dict()


def assert_equal(state, other):
    assert state.keys() == other.keys()
    assert [name for name in state if not torch.equal(state[name], other[name])] == []


def logged(run):
    rows = [row for row in read_log(run) if row["kind"] != "start"]
    return [{key: row[key] for key in row.keys() - {"seconds"}} for row in rows]


@pytest.mark.parametrize("stage", ["classifier", "discriminator", "sim"])
def test_a_run_leaves_its_recipe_log_checkpoints_and_weights(stage, others, tmp_path):
    recipe = recipe_of(stage, others, "loop.steps=5")
    trained = train(recipe, tmp_path / "run", samples=Patches())
    assert (trained.steps, trained.resumed_from, trained.score) == (5, 0, None)
    run = tmp_path / "run"
    assert read_run_recipe(run) == recipe
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["000000004.pt", "000000005.pt"]
    start, *steps, end = read_log(run)
    assert (start["kind"], start["device"], end["kind"]) == ("start", "cpu", "end")
    assert [row["step"] for row in steps] == [1, 2, 3, 4, 5]
    assert [row["rate"] for row in steps[:2]] == [0.001, 0.002]
    for row in steps:
        assert row["loss"] == pytest.approx(sum(t["value"] * t["weight"] for t in row["losses"].values()))
    card = read_json(run / f"{stage}.json")
    assert card["preset"] == "small"
    assert card["source"] == f"simd train, stage {stage}, preset small, seed 0, step 5"
    if stage == "sim":
        assert steps[0]["losses"].keys() == recipe.losses.weights.keys()
        assert load_networks(run).presets == "small"
        assert_equal(state_of(run, "classifier"), state_of(others / "classifier", "classifier"))


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["classifier", "sim"])
@pytest.mark.parametrize("stopped", [1, 3, 5])
def test_a_run_that_was_stopped_ends_with_the_same_bits(stage, stopped, others, tmp_path):
    recipe = recipe_of(stage, others, *EVERYTHING)
    held = Patches()
    train(recipe, tmp_path / "whole", samples=Patches(), validation_samples=held)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "cut", samples=Patches(broken=4 * stopped), validation_samples=held)
    again = Patches()
    trained = train(recipe, tmp_path / "cut", samples=again, validation_samples=held)
    assert trained.resumed_from == stopped // 2 * 2
    assert again.asked == list(range(4 * trained.resumed_from, 24))
    assert_equal(state_of(tmp_path / "whole", stage), state_of(tmp_path / "cut", stage))
    rows = logged(tmp_path / "whole")
    assert logged(tmp_path / "cut") == rows
    assert [row["step"] for row in rows if row["kind"] == "validation"] == [3, 6]


def test_averaged_weights_are_those_of_the_run(tmp_path):
    train(tiny_recipe("sim-classifier-small", "steps=1"), tmp_path / "last", samples=Patches())
    train(tiny_recipe("sim-classifier-small", "steps=1", "ema=0.25"), tmp_path / "mean", samples=Patches())
    last, mean = (state_of(tmp_path / run, "classifier")["fc.weight"] for run in ("last", "mean"))
    torch.testing.assert_close(last, mean)  # the first update copies
    both = {"ema=0.25": None, "ema=0": None}
    for setting in both:
        train(tiny_recipe("sim-classifier-small", "steps=2", setting), tmp_path / setting, samples=Patches())
        both[setting] = state_of(tmp_path / setting, "classifier")["fc.weight"]
    torch.testing.assert_close(both["ema=0.25"], 0.25 * mean + 0.75 * both["ema=0"])


def test_norms_keep_their_statistics_in_the_last_part(tmp_path):
    means = {}
    for steps, share in ((2, 0.0), (4, 0.5), (4, 0.0)):
        recipe = tiny_recipe("sim-classifier-small", f"loop.steps={steps}", f"loop.fixed_norms={share}")
        run = tmp_path / f"{steps}-{share}"
        train(recipe, run, samples=Patches())
        means[steps, share] = state_of(run, "classifier")["bn1.running_mean"]
    torch.testing.assert_close(means[2, 0.0], means[4, 0.5], rtol=0, atol=0.05)  # other rates, other weights
    counts = {key: state_of(tmp_path / f"{key[0]}-{key[1]}", "classifier") for key in means}
    assert [int(state["bn1.num_batches_tracked"]) for state in counts.values()] == [2, 2, 4]


def test_parts_of_a_batch_give_the_gradient_of_the_whole(tmp_path):
    norms = []
    for parts in (1, 2):
        recipe = tiny_recipe(
            "sim-classifier-small", "steps=1", "batch=4", f"accumulate={parts}", "fixed_norms=1"
        )
        train(recipe, tmp_path / str(parts), samples=Patches())
        norms.append(read_log(tmp_path / str(parts))[1]["norm"])
    assert norms[0] == pytest.approx(norms[1], rel=1e-5)


def test_batches_that_do_not_fall_into_parts_are_refused(others, tmp_path):
    recipe = recipe_of("sim", others, "steps=1", "batch=2", "accumulate=2")
    with pytest.raises(
        DataError, match=r"norms learn .* from at least two samples .* raise loop.batch \(now 2\)"
    ):
        train(recipe, tmp_path, samples=Patches())


def test_a_finished_run_is_left_as_it_is(tmp_path):
    recipe = tiny_recipe("sim-classifier-small", "steps=2")
    train(recipe, tmp_path, samples=Patches())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert train(recipe, tmp_path, samples=Patches()).resumed_from == 2
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_another_recipe_for_a_run_is_refused_with_what_differs(tmp_path):
    train(tiny_recipe("sim-classifier-small", "steps=1"), tmp_path, samples=Patches())
    with pytest.raises(DataError) as raised:
        train(tiny_recipe("sim-classifier-small", "steps=2", "rate=1e-3"), tmp_path, samples=Patches())
    assert str(raised.value) == (
        f"{tmp_path}: is a run of another recipe; name another folder, or take the recipe back. What differs:"
        "\n  optimiser.rate: 0.002 there, 0.001 here\n  loop.steps: 1 there, 2 here"
    )


def test_other_weights_of_another_stage_are_noticed(others, tmp_path):
    train(tiny_recipe("sim-classifier-small", "steps=1"), tmp_path / "classifier", samples=Patches())
    recipe = recipe_of("sim", others, "steps=4", f"classifier={tmp_path / 'classifier'}")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "run", samples=Patches(broken=6))
    for path in (tmp_path / "classifier").iterdir():
        if path.is_file():
            path.unlink()
    train(tiny_recipe("sim-classifier-small", "steps=2"), tmp_path / "new", samples=Patches())
    (tmp_path / "new").rename(tmp_path / "classifier-new")
    for path in (tmp_path / "classifier-new").glob("classifier*"):
        path.rename(tmp_path / "classifier" / path.name)
    with pytest.raises(DataError, match="run: was begun with other weights of the classifier than those"):
        train(recipe, tmp_path / "run", samples=Patches())


class Poisoned(Patches):
    """From a sample on, labels that no network has an answer for."""

    def __getitem__(self, i):
        sample = super().__getitem__(i)
        if i == 5:
            sample["label"] = np.int64(-100)  # what cross-entropy leaves out: a mean over nothing
        return sample


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_batch(tmp_path):
    recipe = tiny_recipe("sim-classifier-small", "steps=8", "batch=1", "fixed_norms=1")
    with pytest.raises(DataError) as raised:
        train(recipe, tmp_path, samples=Poisoned())
    kept = tmp_path / "not_finite" / "step-6-process-0.npz"
    assert str(raised.value).startswith(
        f"step 6: the loss is not finite (classes nan); its samples, numbers 5 to 5, lie in {kept}. Look at"
    )
    with np.load(kept) as arrays:
        assert np.array_equal(arrays["image"][0], Patches()[5]["image"])
    assert load_checkpoint(tmp_path / "checkpoints")["step"] == 4
    assert train(recipe, tmp_path, samples=Patches()).resumed_from == 4


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    recipe = tiny_recipe("sim-classifier-small", "steps=6", "keep=1")
    written = checkpoints.write_atomically

    def full(path, content):
        if path.name == "000000004.pt":
            raise DiskFullError(f"{path}: cannot be written (No space left on device)")
        written(path, content)

    monkeypatch.setattr(checkpoints, "write_atomically", full)
    with pytest.raises(DiskFullError, match=r"000000004\.pt: cannot be written"):
        train(recipe, tmp_path, samples=Patches())
    assert load_checkpoint(tmp_path / "checkpoints")["step"] == 2
    monkeypatch.undo()
    assert train(recipe, tmp_path, samples=Patches()).resumed_from == 2


def test_a_damaged_checkpoint_is_passed_over(tmp_path, caplog):
    recipe = tiny_recipe("sim-classifier-small", "steps=5")
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "cut", samples=Patches(broken=9))
    newest = tmp_path / "cut" / "checkpoints" / "000000004.pt"
    newest.write_bytes(newest.read_bytes()[:1000])
    assert train(recipe, tmp_path / "cut", samples=Patches()).resumed_from == 2
    assert "000000004.pt: is damaged" in caplog.text
    train(recipe, tmp_path / "whole", samples=Patches())
    assert_equal(state_of(tmp_path / "whole", "classifier"), state_of(tmp_path / "cut", "classifier"))


def test_a_run_that_another_program_writes_is_left_alone(tmp_path):
    with locked_folder(tmp_path), pytest.raises(BusyError, match="is writing there"):
        train(tiny_recipe("sim-classifier-small", "steps=1"), tmp_path, samples=Patches())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("words")
    with pytest.raises(DataError, match="is not an empty folder; a training run needs one of its own"):
        train(tiny_recipe("sim-classifier-small", "steps=1"), tmp_path, samples=Patches())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_to_train_first_is_said(others, tmp_path):
    run, classifier = tmp_path / "run", others / "classifier"
    for settings, message in (
        (
            (),
            "learns with the classifier, so that comes first: simd train sim-classifier-small --out RUN",
        ),
        (
            (f"classifier={classifier}",),
            "learns with the discriminator, so that comes first: simd train ",
        ),
        (
            (f"classifier={others / 'discriminator'}",),
            "of the stage discriminator; train a classifier first",
        ),
        ((f"classifier={tmp_path / 'none'}",), "has no weights of the network 'classifier'"),
        ((f"classifier={classifier}", "preset=paper"), "is of the preset small, and the recipe of paper"),
    ):
        with pytest.raises(DataError, match=message):
            train(tiny_recipe("sim-small", *settings), run, samples=Patches())
    assert not run.exists()


def test_the_basic_network_needs_neither(tmp_path):
    off = "features=0", "losses.gradient=0"
    recipe = tiny_recipe("sim-small", "steps=2", "semantics=false", "losses.classes=0", *off)
    train(recipe, tmp_path, samples=Patches())
    assert not state_of(tmp_path, "sim")["encoder.conv1_side.weight"].any()


def test_devices_trackers_and_precisions_that_are_not_there(tmp_path):
    recipe = tiny_recipe("sim-classifier-small", "steps=1")
    if not torch.cuda.is_available():
        with pytest.raises(DataError, match="the device 'cuda' is not there; this machine has cpu"):
            train(recipe, tmp_path, device="cuda", samples=Patches())
    with pytest.raises(DataError, match="float16 is for GPUs"):
        train(tiny_recipe("sim-classifier-small", "precision=float16"), tmp_path, samples=Patches())
    with pytest.raises(DataError, match="unknown tracker 'tensorbord'; known are tensorboard"):
        train(recipe, tmp_path, track_with="tensorbord", samples=Patches())


@pytest.mark.parametrize("key", ["avx512_bf16", "amx_bf16", "sve_bf16", "bf16"])
def test_bfloat16_on_a_processor_without_it_is_said_to_be_slow(key, monkeypatch, caplog):
    for has in (True, False):
        monkeypatch.setattr("torch.cpu.get_capabilities", lambda has=has: {"avx2": True, key: has})
        check_device("cpu", "bfloat16", ("float32", "bfloat16"))
        assert ("float32 takes less time here" in caplog.text) is not has
    caplog.clear()
    check_device("cpu", "float32", ("float32", "bfloat16"))
    assert not caplog.records


def test_a_step_without_memory_says_what_to_lower(tmp_path):
    class Greedy(Patches):
        def __getitem__(self, i):
            raise torch.OutOfMemoryError("CUDA out of memory")

    recipe = tiny_recipe("sim-classifier-small", "steps=1")
    with pytest.raises(DataError, match=r"step ran out of memory on cpu; raise loop.accumulate \(now 1\) or"):
        train(recipe, tmp_path, samples=Greedy())


def test_mixed_precision_and_a_tracker(tmp_path):
    pytest.importorskip("tensorboard")
    recipe = tiny_recipe("sim-classifier-small", "steps=2", "precision=bfloat16")
    train(recipe, tmp_path, track_with="tensorboard", samples=Patches())
    assert list((tmp_path / "tracking").rglob("events.out.tfevents.*"))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["start", "step", "step", "end"]


def test_a_page_is_drawn_after_each_validation_and_at_the_end(tmp_path):
    shown = []
    settings = "steps=4", "validation.every=2", "validation.samples=3", "data.held_out=0.1"
    recipe = tiny_recipe("sim-classifier-small", *settings)

    def show(run):
        shown.append([row["kind"] for row in read_log(run)][-1])

    train(recipe, tmp_path, samples=Patches(), validation_samples=Patches(), show=show)
    assert shown == ["validation", "validation", "validation"]
    assert read_log(tmp_path)[-1]["kind"] == "end"  # after the last page: a run that says so lacks nothing
    with np.load(tmp_path / "strip.npz") as strip:
        assert set(strip.files) == {"image", "trimap", "alpha", "label", "answer"}
        assert np.array_equal(strip["image"][1], Patches()[1]["image"])
