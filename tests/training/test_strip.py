"""What a validation keeps to be shown on the page of a run."""

import numpy as np
import pytest

pytest.importorskip("torch")

from tiny_runs import Patches, tiny_recipe

from simd.taxonomy import CLASSES, NO_CLASS
from simd.training.loop import train

OFF = ("network.semantics=false", "losses.features=0", "losses.classes=0")


def strip_of(run, *settings):
    recipe = tiny_recipe(
        "sim-small",
        "loop.steps=1",
        "data.held_out=0.1",
        "validation.every=1",
        "validation.samples=2",
        *OFF[1:],
        *settings,
    )
    train(recipe, run, samples=Patches(), validation_samples=Patches())
    with np.load(run / "strip.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_the_strip_holds_the_classes_that_the_network_was_given(tmp_path):
    train(tiny_recipe("sim-classifier-small", "loop.steps=1"), tmp_path / "classifier", samples=Patches())
    strip = strip_of(tmp_path / "run", f"classifier={tmp_path / 'classifier'}")
    unknown = strip["trimap"] == 128
    for name in ("seen", "classes"):
        assert strip[name].dtype == np.uint8
        assert np.array_equal(strip[name] != NO_CLASS, unknown)
        assert (strip[name][unknown] < len(CLASSES)).all()
    assert set(np.unique(strip["classes"][unknown])) == {0, 1}  # the labels of samples 0 and 1


def test_without_a_semantic_trimap_none_is_kept(tmp_path):
    assert {"seen", "classes"}.isdisjoint(strip_of(tmp_path / "run", OFF[0]))
