"""Recipes hold every number; what is unknown, missing or out of range is named with what to do."""

from dataclasses import replace

import pytest

from simd.errors import DataError
from simd.files import read_toml
from simd.training.recipe import FOLDER, differences, read_recipe, recipe_of, recipe_text, shipped_recipes


def test_the_recipes_are_there_and_say_what_they_are():
    names = {"sim", "sim-classifier", "sim-discriminator"}
    assert set(shipped_recipes()) == {
        *names,
        *(f"{name}-small" for name in names),
        *("sim-release", "gca-augment", "fused", "fused-512", "fused-webs", "fused-propagated"),
        *(f"shm{stage}{size}" for stage in ("-tnet", "-mnet", "") for size in ("", "-small")),
    }
    assert all(title.endswith(".") and len(title) < 100 for title in shipped_recipes().values())


@pytest.mark.parametrize("name", shipped_recipes())
def test_a_shipped_recipe_holds_every_number_and_survives_writing(name):
    recipe = read_recipe(name)
    assert recipe.values == read_toml(FOLDER / f"{name}.toml")
    assert recipe.head.preset == ("small" if name.endswith("-small") else "paper")


def test_a_resolved_recipe_reads_as_itself(tmp_path):
    settings = ['classifier=runs/ä "b"', "loop.ema=1e-5", "data.classes=x\\y.csv", 'data.shares=["fire=2"]']
    recipe = read_recipe("sim", settings)
    (tmp_path / "recipe.toml").write_text(recipe_text(recipe), encoding="utf-8")
    assert read_recipe(tmp_path / "recipe.toml") == recipe
    assert recipe.head.classifier == 'runs/ä "b"'


def test_the_weights_of_the_paper():
    # equation 11: L_alpha has three terms of weight 1; 0.2 (L_FB + L_f + L_g + L_e) + 0.1 L_c
    losses = read_recipe("sim").losses
    assert losses.form == "paper"
    assert losses.weights == {
        **{"alpha": 1, "composition": 1, "laplacian": 1},
        **{"colours": 0.2, "features": 0.2, "classes": 0.1, "gradient": 0.2, "exclusion": 0.2},
    }


def test_the_numbers_of_the_paper_and_of_the_release():
    paper, release = read_recipe("sim").data, read_recipe("sim-release")
    assert (paper.side, paper.crops, paper.kernels, paper.iterations) == (
        320,
        (320, 480, 640),
        (2, 9),
        (5, 15),
    )
    assert read_recipe("sim-classifier").data.patch_sides == (160, 640)
    assert (release.data.kernels, release.loop.batch, release.losses.form) == ((3, 5), 8, "release")
    optimiser = release.optimiser
    assert (optimiser.rate, optimiser.eps, optimiser.weight_decay) == (1e-5, 1e-5, 1e-4)
    assert set(release.losses.weights.values()) == {1.0}


def test_keys_are_set_with_and_without_their_table():
    recipe = read_recipe("sim-small", ["steps=7", "loop.batch=3", "classifier=runs/one", "seed=5", "ema=0.5"])
    assert (recipe.loop.steps, recipe.loop.batch, recipe.loop.ema) == (7, 3, 0.5)
    assert (recipe.head.classifier, recipe.head.seed, recipe.validation.seed) == ("runs/one", 5, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["stepz=3"], "--set stepz=3: unknown option 'stepz'; did you mean 'steps' or 'stage'?"),
        (["loop.stepz=3"], "sim: [loop] unknown option 'stepz'; did you mean 'steps'?"),
        (["data.sidee=3"], "sim: [data] unknown option 'sidee'; did you mean 'side'?"),
        (["lop.steps=3"], "--set lop.steps=3: the recipe has no table [lop]; did you mean 'loop'?"),
        (["steps"], "--set 'steps' must be key=value, as in --set loop.steps=1000"),
        (["every=3"], "--set every: could be validation.every or checkpoints.every"),
        (["foregrounds=x"], "--set foregrounds: could be data.foregrounds or validation.foregrounds"),
        (["steps=many"], "sim: [loop] steps must be int, not 'many'"),
        (["steps=0"], "sim: [loop] steps must be at least 1, not 0"),
        (["losses.form=papers"], "sim: [losses] unknown form 'papers'; did you mean 'paper'?"),
        (["stage=simm"], "sim: unknown stage 'simm'; did you mean 'sim'?"),
        (["data.stage=matting"], "sim: [data] stage is not for a recipe; its stage says it"),
        (["accumulate=3"], "sim: [loop] a batch of 8 does not fall into 3 equal parts; change"),
        (["data.side=100"], "sim: [data] side must be a multiple of 8 for sim, not 100"),
        (["held_out=0"], "sim: [validation] has no foregrounds; set data.held_out to the share"),
        (
            ["validation.every=0", "final=best"],
            "sim: [checkpoints] final is best, which needs validation.every",
        ),
        (
            ['validation.foregrounds=["x"]'],
            "sim: [validation] names foregrounds, and data.held_out keeps some",
        ),
    ],
)
def test_what_is_wrong_is_named(settings, message):
    with pytest.raises(DataError) as raised:
        read_recipe("sim", settings)
    assert str(raised.value).startswith(message)


def test_unknown_recipes_and_files(tmp_path):
    with pytest.raises(DataError, match="unknown recipe 'sim-smal'; did you mean 'sim-small'"):
        read_recipe("sim-smal")
    with pytest.raises(DataError, match=r"mine\.toml: no such file"):
        read_recipe(tmp_path / "mine.toml")
    (tmp_path / "mine.toml").write_text("stage = sim")
    with pytest.raises(DataError, match=r"mine\.toml: is not TOML"):
        read_recipe(tmp_path / "mine.toml")


def test_every_key_that_is_missing_is_named():
    values = read_recipe("sim").values
    for table, held in values.items():
        without = {name: value for name, value in values.items() if name != table}
        with pytest.raises(DataError, match=rf"mine: (the table \[{table}\] is missing|missing: {table})"):
            recipe_of(without, "mine")
        for name in held if isinstance(held, dict) else ():
            less = {**values, table: {key: value for key, value in held.items() if key != name}}
            with pytest.raises(DataError, match=rf"mine: \[{table}\] missing: {name}; a recipe holds every"):
                recipe_of(less, "mine")


def test_tables_of_another_stage_are_refused():
    values = read_recipe("sim").values
    with pytest.raises(DataError, match=r"unknown table \[patches\] for the stage sim; known are data"):
        recipe_of({**values, "patches": {"sees": "alpha", "smoothing": 0.0}}, "mine")
    classifier = read_recipe("sim-classifier")
    with pytest.raises(DataError, match="sees must be trimap for the stage classifier, not 'alpha'"):
        read_recipe("sim-classifier", ["sees=alpha"])
    assert classifier.losses is None


def test_differences_are_named_with_both_values():
    one = read_recipe("sim", ["classifier=a"])
    other = replace(read_recipe("sim", ["loop.steps=5", "discriminator=b"]))
    assert differences(one, one) == []
    assert differences(one, other) == [
        'classifier: "a" there, nothing here',
        "loop.steps: 100000 there, 5 here",
        'discriminator: nothing there, "b" here',
    ]
