"""A validation shares no foreground with the training, and neither looks at a test split."""

import shutil

import pytest
from PIL import Image
from tiny_runs import tiny_recipe

from simd.errors import DataError
from simd.training.loop import train
from simd.training.run_samples import make_samples


def recipe_of(training, backgrounds, *settings):
    places = f'data.foregrounds=["{training}"]', f'data.backgrounds=["{backgrounds}"]'
    return tiny_recipe("sim-classifier-small", *places, "validation.every=1", "steps=1", *settings)


def copied(foregrounds, folder):
    """Copy the fire under another name, at three quarters of its size."""
    for layer in ("fg", "alpha"):
        (folder / layer).mkdir(parents=True)
        with Image.open(foregrounds / layer / "fire_a.png") as image:
            image.resize((60, 48)).save(folder / layer / "fire_other.png")
    return folder


def test_what_is_held_out_is_not_learnt(foregrounds, backgrounds):
    for name in ("fire_a", "fur_cat"):
        for layer in ("fg", "alpha"):
            source = foregrounds / layer / f"{name}.png"
            shutil.copy(source, source.with_name(f"{name}2.png"))
    samples, held = make_samples(recipe_of(foregrounds, backgrounds, "data.held_out=0.5"))
    ids = {fg.id for fg in samples.foregrounds}, {fg.id for fg in held.foregrounds}
    assert ids[0]
    assert ids[1]
    assert not ids[0] & ids[1]
    assert held.seed != samples.seed


def test_a_foreground_on_both_sides_is_refused_by_its_name(foregrounds, backgrounds, tmp_path):
    recipe = recipe_of(foregrounds, backgrounds, f'validation.foregrounds=["{foregrounds}"]')
    with pytest.raises(DataError, match="6 of 6 foregrounds of the validation are in the training: fire_a, "):
        train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_foreground_on_both_sides_is_refused_by_its_looks(foregrounds, backgrounds, tmp_path):
    copy = copied(foregrounds, tmp_path / "copy")
    recipe = recipe_of(foregrounds, backgrounds, f'validation.foregrounds=["{copy}"]')
    with pytest.raises(DataError, match=r"1 of 1 foregrounds of the validation .*: fire_other \(as fire_a: "):
        make_samples(recipe)


def test_foregrounds_that_are_not_shared_are_taken(foregrounds, backgrounds, tmp_path):
    recipe = recipe_of("synthetic:1@64:train", backgrounds, f'validation.foregrounds=["{foregrounds}"]')
    samples, held = make_samples(recipe)
    assert (len(samples.foregrounds), len(held.foregrounds)) == (20, 6)


@pytest.mark.parametrize("setting", ["data.foregrounds", "validation.foregrounds", "data.backgrounds"])
def test_a_test_split_is_refused(backgrounds, setting):
    place = "open:1@64:test" if setting == "data.backgrounds" else "synthetic:1@64:test"
    settings = 'validation.foregrounds=["synthetic:2@64:train"]', f'{setting}=["{place}"]'
    with pytest.raises(DataError, match=f"{place}: is the test split; train on"):
        make_samples(recipe_of("synthetic:1@64:train", backgrounds, *settings))
