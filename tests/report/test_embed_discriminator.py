"""Maps by the discriminator of a training run."""

import json
import sys

import numpy as np
import pytest

from simd.composition.build import build
from simd.errors import DataError, MissingExtraError
from simd.features.descriptors import NAMES
from simd.report.embed.embedding import embed

pytest.importorskip("torch")

import torch
from training.tiny_runs import Patches, tiny_recipe

from simd.methods.weights.folder import load_weights
from simd.report.embed.discriminator import read_discriminator
from simd.training.loop import train
from simd.training.recipe import recipe_text


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a discriminator of two steps, on squares of 48 to 64 pixels."""
    folder = tmp_path_factory.mktemp("runs") / "mine"
    train(tiny_recipe("sim-discriminator-small", "loop.steps=2"), folder, samples=Patches())
    return folder


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embed") / "set"
    return build(folder, foregrounds="synthetic:2@64", backgrounds="builtin", max_side=64, per_foreground=1)


def answer(run, *squares):
    network, _ = load_weights(run, "discriminator")
    with torch.inference_mode():
        return network(None, torch.from_numpy(np.stack(squares)[:, None] / np.float32(255))).features[-1][
            :, :, 0, 0
        ]


def region_of(shape, rows, columns):
    region = np.zeros(shape, bool)
    region[rows, columns] = True
    return region


@pytest.mark.slow
def test_a_map_by_a_run_stands_beside_that_by_descriptors(run, generated, tmp_path, run_cli):
    done = run_cli("embed", generated.path, "--features", run, "--out", tmp_path / "by_run")
    assert done.code == 0, done.err
    printed = " ".join(done.out.split())
    assert "40 patches by the run mine (512 figures each): k-NN" in printed
    assert f"the same patches by descriptors ({len(NAMES)} figures each): k-NN" in printed
    summary = json.loads((tmp_path / "by_run" / "summary.json").read_text())
    assert (summary["features"], summary["dimensions"]) == ("the run mine", 512)
    plain, _ = embed(generated.path, tmp_path / "plain")
    assert summary["by_descriptors"]["class_accuracy"] == pytest.approx(
        plain.neighbours.class_accuracy, abs=1e-4
    )
    assert "by descriptors" in (tmp_path / "by_run" / "index.html").read_text()
    assert "by_descriptors" not in json.loads((tmp_path / "plain" / "summary.json").read_text())


def test_a_region_is_seen_in_a_square_of_the_sizes_trained_on(run):
    features = read_discriminator(run)
    alpha = np.random.default_rng(0).integers(0, 256, (90, 120), np.uint8)
    small = region_of(alpha.shape, slice(30, 40), slice(50, 60))  # a square of 48 around it
    square = alpha[30 - 19 : 30 + 29, 50 - 19 : 50 + 29]
    enlarged = read_square(square)
    assert features(None, alpha, small) == pytest.approx(answer(run, enlarged)[0].numpy(), abs=1e-3)
    fitting = region_of(alpha.shape, slice(10, 74), slice(20, 84))
    expected = answer(run, alpha[10:74, 20:84])[0].numpy()
    assert features(None, alpha, fitting) == pytest.approx(expected, abs=1e-5)
    corner = region_of(alpha.shape, slice(0, 64), slice(0, 32))
    beyond = np.zeros((64, 64), np.uint8)  # nothing is outside the picture
    beyond[:, 16:] = alpha[:64, :48]
    assert features(None, alpha, corner) == pytest.approx(answer(run, beyond)[0].numpy(), abs=1e-5)


def read_square(square):
    """Return a square of 48 pixels at 64, by bilinear interpolation between centres."""
    places = ((np.arange(64) + 0.5) * 48 / 64 - 0.5).clip(0, 47)
    low = np.floor(places).astype(int).clip(0, 46)
    share = places - low
    rows = square[low] * (1 - share)[:, None] + square[low + 1] * share[:, None]
    both = rows[:, low] * (1 - share) + rows[:, low + 1] * share
    return np.rint(both).astype(np.uint8)


def test_a_large_region_is_seen_in_several_squares(run):
    alpha = np.random.default_rng(0).integers(0, 256, (64, 160), np.uint8)
    region = region_of(alpha.shape, slice(0, 64), slice(0, 160))
    region[:, 70:90] = False  # the middle square holds 44 columns, the others 64
    squares = (alpha[:, start : start + 64] for start in (0, 48, 96))
    expected = np.average(answer(run, *squares).numpy(), axis=0, weights=[64, 44, 64])
    assert read_discriminator(run)(None, alpha, region) == pytest.approx(expected, abs=1e-5)


def test_what_is_not_a_discriminators_run_is_refused(run, generated, tmp_path):
    def refused(folder, match):
        with pytest.raises(DataError, match=match):
            embed(generated.path, tmp_path / "map", features=folder)

    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "is not the folder of a training run.*simd train sim-discriminator")
    for name, recipe in {
        "classifier": tiny_recipe("sim-classifier-small"),
        "colours": tiny_recipe("sim-discriminator-small", "sees=colours"),
        "unfinished": tiny_recipe("sim-discriminator-small"),
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    refused(tmp_path / "classifier", "of the stage classifier, not of a discriminator; simd train sim-disc")
    refused(str(tmp_path / "colours"), "sees the foreground's colours too")
    refused(tmp_path / "unfinished", "is not finished; go on with simd train")
    with pytest.raises(DataError, match="mine"):
        embed(generated.path, run / "map", features=run)


def test_without_pytorch_the_extra_is_named(run, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("simd.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install -e "\.\[train\]"'):
        read_discriminator(run)
