"""It learns: the small network knows four crops by heart after two minutes of one core."""

from dataclasses import replace

import pytest

from simd.training.loop import train
from simd.training.recipe import read_recipe
from simd.training.run_folder import read_log
from simd.training.samples import Samples

SETTINGS = (
    *("loop.steps=130", "loop.batch=4", "loop.fixed_norms=0.15"),
    *("schedule.warm_up=15", "optimiser.weight_decay=0", "validation.every=130", "validation.samples=4"),
    *("network.semantics=false", "losses.features=0", "losses.classes=0", "checkpoints.every=130"),
    *('data.foregrounds=["synthetic:1@160:train"]', 'data.backgrounds=["open:1@192:train"]', "data.merge=0"),
)


class FourCrops:
    """The first four samples of a recipe, over and over."""

    def __init__(self, recipe):
        samples = Samples(replace(recipe.data, held_out=0.0), recipe.head.seed)
        self.crops = [samples[i] for i in range(4)]

    def __getitem__(self, i):
        return self.crops[i % 4]


@pytest.mark.slow  # two minutes of one core
def test_the_small_network_memorises_four_crops(tmp_path):
    recipe = read_recipe("sim-small", SETTINGS)
    crops = FourCrops(recipe)
    train(recipe, tmp_path, samples=crops, validation_samples=crops)
    (validation,) = (row for row in read_log(tmp_path) if row["kind"] == "validation")
    assert validation["sad"] <= validation["trimap_sad"] / 10
