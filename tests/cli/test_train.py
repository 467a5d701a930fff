"""`simd train`: the recipes, what has to be named, and weights that `simd predict` takes as they are."""

import numpy as np
from conftest import save

from simd.training.loop import train
from simd.training.recipe import shipped_recipes


class Noise:
    """Samples of noise with a band that is unknown."""

    def __getitem__(self, i):
        rng = np.random.default_rng(i)
        colours = {
            n: rng.integers(0, 256, (64, 64, 3), np.uint8) for n in ("image", "foreground", "background")
        }
        trimap = np.repeat(np.repeat(np.array([0, 128, 128, 255], np.uint8), 16)[None], 64, axis=0)
        return {
            **colours,
            **{"alpha": trimap, "trimap": trimap, "label": np.int64(i % 20)},
            "classes": np.where(trimap == 128, 3, 255).astype(np.uint8),
        }


def test_the_recipes_are_listed(run_cli):
    done = run_cli("train", "--list")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == list(shipped_recipes())
    assert "sim-classifier  " in done.out


def test_what_is_not_named_is_asked_for(run_cli):
    assert run_cli("train").err == "simd: name a recipe; simd train --list lists them\n"
    done = run_cli("train", "sim")
    assert (done.code, done.err) == (1, "simd: name the folder of the run: simd train sim --out RUN\n")


def test_a_mistake_leaves_no_folder(run_cli, tmp_path):
    for words, message in (
        (("simm",), "unknown recipe 'simm'; did you mean 'sim'"),
        (("sim", "--set", "loop.stepz=3"), "sim: [loop] unknown option 'stepz'; did you mean 'steps'?"),
        (
            ("sim",),
            "sim learns with the classifier, so that comes first: simd train sim-classifier --out RUN",
        ),
        (("sim-classifier", "--track", "wand"), "unknown tracker 'wand'; known are tensorboard"),
    ):
        done = run_cli("train", *words, "--out", tmp_path / "run")
        assert done.code == 1
        assert message in done.err
    assert not (tmp_path / "run").exists()


def test_predict_takes_a_run_as_it_is(run_cli, tmp_path):
    from simd.training.recipe import read_recipe

    common = [
        "loop.steps=1",
        "loop.batch=2",
        "validation.every=0",
        "data.held_out=0",
        "final=last",
        "side=64",
    ]
    for stage in ("classifier", "discriminator"):
        train(read_recipe(f"sim-{stage}-small", common), tmp_path / stage, samples=Noise())
    others = [f"{stage}={tmp_path / stage}" for stage in ("classifier", "discriminator")]
    train(read_recipe("sim-small", [*common, *others]), tmp_path / "sim", samples=Noise())
    sample = Noise()[0]
    save(tmp_path / "pictures" / "a.png", sample["image"])
    save(tmp_path / "trimaps" / "a.png", sample["trimap"])
    of = ("--weights", tmp_path / "sim", "--trimap", tmp_path / "trimaps", "--out", tmp_path / "mattes")
    done = run_cli("predict", "sim", tmp_path / "pictures", *of, "--workers", "1")
    assert done.code == 0, done.err
    assert (tmp_path / "mattes" / "a.png").is_file()


def test_every_picture_is_read_first_where_that_is_asked(run_cli, tmp_path):
    rng = np.random.default_rng(0)
    alpha = np.zeros((100, 120), np.uint8)
    alpha[30:70, 30:90] = 255
    for number in range(4):
        save(tmp_path / "cutouts" / "fg" / f"fur-{number}.png", rng.integers(0, 256, (100, 120, 3), np.uint8))
        save(tmp_path / "cutouts" / "alpha" / f"fur-{number}.png", alpha)
        save(tmp_path / "photos" / f"room-{number}.png", rng.integers(0, 256, (200, 200, 3), np.uint8))
    (tmp_path / "cutouts" / "classes.csv").write_text(
        "id,class\n" + "".join(f"fur-{n},fur\n" for n in range(4))
    )
    broken = [tmp_path / "cutouts" / "fg" / "fur-2.png", tmp_path / "photos" / "room-1.png"]
    for path in broken:
        path.write_bytes(path.read_bytes()[:-100])
    run = tmp_path / "run"
    done = run_cli(
        *("train", "sim-classifier-small", "--out", run, "--steps", "1", "--workers", "0", "--check"),
        *("--set", f'data.foregrounds=["{tmp_path / "cutouts"}"]', "--set", "data.held_out=0.5"),
        *("--set", f'data.backgrounds=["{tmp_path / "photos"}"]'),
    )
    assert done.code == 1
    assert "2 of 8 foregrounds and backgrounds" in done.err
    assert all(path.name in done.err and "is damaged" in done.err for path in broken)
    assert not run.exists()
