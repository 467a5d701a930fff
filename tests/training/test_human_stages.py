"""The three stages of Semantic Human Matting: their losses, what is handed on, and what cannot be."""

import numpy as np
import pytest
import torch
from tiny_runs import Patches, tiny_recipe

from simd.errors import DataError
from simd.methods.weights.folder import load_weights
from simd.training.human_samples import WindowedSamples
from simd.training.human_stages import prediction_terms
from simd.training.loop import train
from simd.training.recipe import read_recipe
from simd.training.run_samples import make_samples
from simd.training.stages import make_stage
from simd.training.tensors import human_batch
from simd.training.validation import stacked, validate

WINDOWS = ("end_to_end.crops=[32]", "end_to_end.side=16")
CPU = torch.device("cpu")


class WindowedPatches(Patches):
    def __getitem__(self, i):
        return {**super().__getitem__(i), "window": np.array([8, 4 + i % 8, 32])}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs of T-Net and M-Net, of one step each."""
    root = tmp_path_factory.mktemp("runs")
    for name in ("tnet", "mnet"):
        train(tiny_recipe(f"shm-{name}-small", "loop.steps=1"), root / name, samples=Patches())
    return root


def both(runs, *settings):
    return tiny_recipe("shm-small", *(f"{name}={runs / name}" for name in ("tnet", "mnet")), *settings)


def test_the_loss_of_alpha_by_hand():
    alpha, truth = torch.tensor([0.25, 1.5]).view(1, 1, 1, 2), torch.tensor([0.75, 1.0]).view(1, 1, 1, 2)
    fg, bg = torch.ones(1, 3, 1, 2), torch.zeros(1, 3, 1, 2)
    image = torch.tensor([0.75, 1.0]).expand(1, 3, 1, 2)
    alpha.requires_grad_()
    terms = prediction_terms(alpha, truth, fg, bg, image)
    # |0.25 - 0.75| and |1.5 - 1|; the same of the composites, which are alpha here
    assert [float(term.detach()) for term in terms.values()] == pytest.approx([0.5, 0.5])
    terms["alpha"].backward()
    assert alpha.grad.flatten().tolist() == pytest.approx([-0.5, 0.5])  # also above 1, where a cut has none


def test_a_perfect_alpha_costs_nothing_and_has_a_gradient_that_is_finite():
    batch = human_batch(stacked([Patches()[0]]), CPU)
    alpha = batch.alpha.clone().requires_grad_()
    image = batch.alpha * batch.fg + (1 - batch.alpha) * batch.bg
    terms = prediction_terms(alpha, batch.alpha, batch.fg, batch.bg, image)
    loss = sum(terms.values())
    assert float(loss.detach()) < 1e-5
    loss.backward()
    assert torch.isfinite(alpha.grad).all()


def test_the_order_is_background_unknown_foreground():
    trimap = np.array([[[0, 128, 255]]], np.uint8)
    colours = np.zeros((1, 1, 3, 3), np.uint8)
    arrays = {**dict.fromkeys(("image", "foreground", "background"), colours), "alpha": trimap}
    batch = human_batch({**arrays, "trimap": trimap}, CPU)
    assert batch.trimap.tolist() == [[[0, 1, 2]]]
    assert batch.certain[0, :, 0].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_mnet_is_taught_at_known_pixels_too():
    stage = make_stage(tiny_recipe("shm-mnet-small"))
    arrays, alphas = stacked([Patches()[i] for i in range(2)]), []

    def forward(image, certain):
        alphas.append(stage.network(image, certain))
        alphas[0].retain_grad()
        return alphas[0]

    terms = stage.terms(forward, arrays, CPU, lambda value: value)
    (stage.weights["alpha"] * terms["alpha"] + stage.weights["composition"] * terms["composition"]).backward()
    known = torch.from_numpy(arrays["trimap"] != 128)[:, None]
    assert (alphas[0].grad[known] != 0).all()


def test_tnet_is_scored_on_the_whole_image(runs):
    stage = make_stage(tiny_recipe("shm-tnet-small"))
    for parameter in stage.network.parameters():
        torch.nn.init.zeros_(parameter)  # so all three are equally likely: alpha is 1/3 + 1/6 everywhere
    result = validate(stage, stage.network, Patches(), 3, CPU)
    sads = [np.abs(0.5 - Patches()[i]["alpha"] / 255).sum() / 1000 for i in range(3)]
    assert result.facts["sad"] == pytest.approx(np.mean(sads))
    assert len(result.by_class) == 3  # of each sample, its class


def test_windows_lie_in_the_crop_around_an_unknown_pixel():
    settings = ('data.foregrounds=["synthetic:1@64:train"]', 'data.backgrounds=["open:1@64:train"]')
    recipe = tiny_recipe("shm-small", *settings, *WINDOWS)
    samples, held = make_samples(recipe)
    assert isinstance(samples, WindowedSamples)
    assert held is None
    windows = set()
    for number in range(6):
        sample = samples[number]
        top, left, side = sample["window"].tolist()
        assert side == 32
        assert 0 <= min(top, left) <= max(top, left) <= 64 - side
        assert (sample["trimap"][top : top + side, left : left + side] == 128).any()
        assert np.array_equal(samples[number]["window"], sample["window"])
        windows.add((top, left))
    assert len(windows) > 2


def test_the_third_stage_begins_with_both_and_goes_on_to_the_bit(runs, tmp_path):
    recipe = both(runs, "loop.steps=4", *WINDOWS)
    begun = make_stage(recipe)
    for name in ("tnet", "mnet"):
        state = load_weights(runs / name, name)[0].state_dict()
        started = begun.network.get_submodule(name).state_dict()
        assert all(torch.equal(state[key], started[key]) for key in state)
    train(recipe, tmp_path / "whole", samples=WindowedPatches())
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "stopped", samples=WindowedPatches(broken=5))
    assert train(recipe, tmp_path / "stopped", samples=WindowedPatches()).resumed_from == 2
    states = [load_weights(tmp_path / name, "shm")[0].state_dict() for name in ("whole", "stopped")]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    moved = states[0]["tnet.conv1.weight"] - load_weights(runs / "tnet", "tnet")[0].conv1.weight
    assert moved.abs().max() > 0


def test_without_windows_both_see_the_same_crop(runs, tmp_path):
    recipe = both(runs, "loop.steps=1", "end_to_end.crops=[]")
    assert train(recipe, tmp_path / "run", samples=Patches()).steps == 1


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "shm-small",
            [],
            "begins from both networks, so that tnet comes first: simd train shm-tnet-small",
        ),
        ("shm-small", ["tnet={}/mnet"], "mnet: is of the stage shm-mnet; train a shm-tnet first"),
        ("shm-small", ["tnet={}"], "to train one: simd train shm-tnet-small --out RUN"),
        ("shm", ["tnet={}/tnet"], "tnet: is of the preset small, and the recipe of paper; train one of this"),
    ],
)
def test_what_the_third_stage_cannot_begin_with_is_named(runs, name, settings, message):
    with pytest.raises(DataError) as failure:
        make_stage(read_recipe(name, [setting.format(runs) for setting in settings]))
    assert message in str(failure.value)


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("shm-mnet", "data.side=330", "[data] side must be a multiple of 16 for shm-mnet, not 330"),
        ("shm", "end_to_end.side=330", "[end_to_end] side must be a multiple of 16, not 330"),
        ("shm", "end_to_end.crops=[320, 900]", "a window is cut out of the crop of T-Net, whose side is"),
        ("shm-tnet", "prediction.gamma=0.5", "the recipe has no table [prediction]"),
        ("shm", "prediction.gamma=1.5", "[prediction] gamma must be at most 1"),
    ],
)
def test_a_recipe_that_cannot_be_is_named(name, setting, message):
    with pytest.raises(DataError) as failure:
        read_recipe(name, [setting])
    assert message in str(failure.value)


def test_a_single_sample_is_refused_with_what_helps(tmp_path):
    with pytest.raises(DataError, match=r"shm-tnet's norms learn .* at least two samples .*fixed_norms=1"):
        train(tiny_recipe("shm-tnet-small", "loop.batch=1"), tmp_path / "run", samples=Patches())


def test_the_numbers_of_the_paper():
    first, second, third = (read_recipe(name) for name in ("shm-tnet", "shm-mnet", "shm"))
    assert (first.data.side, second.data.side, third.data.side) == (400, 320, 800)
    assert second.data.crops == third.end_to_end.crops == (320, 480, 640)
    assert (third.end_to_end.side, third.end_to_end.trimap) == (320, 0.01)
    assert second.prediction.weights == third.prediction.weights == {"alpha": 0.5, "composition": 0.5}
