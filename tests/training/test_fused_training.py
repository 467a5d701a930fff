"""The stage fused: its examples, its samples, and a run that goes on to the bit."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from simd.composition.arithmetic import composite  # noqa: E402
from simd.composition.stream import stream  # noqa: E402
from simd.errors import DataError  # noqa: E402
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN  # noqa: E402
from simd.methods.fused.method import WEIGHTS, load_fused  # noqa: E402
from simd.methods.weights.folder import load_weights  # noqa: E402
from simd.training.fused_examples import (  # noqa: E402
    ALPHA,
    ANSWERS,
    CLASS_OF,
    FALLBACKS,
    IMAGE,
    TRIMAP,
    Examples,
    Shelf,
)
from simd.training.fused_samples import FusedSamples  # noqa: E402
from simd.training.loading import batches  # noqa: E402
from simd.training.loop import train  # noqa: E402
from simd.training.recipe import read_recipe  # noqa: E402
from simd.training.run_samples import make_samples  # noqa: E402
from simd.trimap import lacking_side  # noqa: E402

TINY = (
    *(
        "preset=small",
        "examples.count=16",
        "examples.side=64",
        "examples.drawn=[64]",
        "examples.crop=64",
        "examples.late_crop=64",
    ),
    *("loop.steps=4", "loop.batch=2", "loop.log_every=1", "loop.precision=float32", "schedule.warm_up=1"),
    *("validation.every=0", "checkpoints.every=2", "checkpoints.final=last"),
)
CHANCES = (
    "one_sided",
    "nearly_unknown",
    "unknown",
    "haze",
    "translucent",
    "faint",
    "blur",
    "noise",
    "jpeg",
    "withheld",
)
NONE = {**dict.fromkeys(CHANCES, 0.0), "plain": (0.0, 0.0)}


@pytest.fixture(scope="module")
def options():
    return read_recipe("fused", TINY).examples


@pytest.fixture(scope="module")
def shelved(options, tmp_path_factory):
    """Return the folder of the first examples, seed 0."""
    folder = tmp_path_factory.mktemp("examples")
    assert FusedSamples(options, 0, folder)[0]["planes"].shape == (64, 64, 18)
    return folder


def test_an_example_depends_on_its_number_alone(options, shelved):
    shelf = Shelf(Examples(options, 0), shelved / "0")
    assert np.array_equal(Examples(options, 0)[5], shelf[5])
    assert not np.array_equal(Examples(options, 1)[5], shelf[5])


def test_a_shard_that_was_cut_is_made_again(options, shelved, tmp_path):
    whole = (shelved / "0" / "00000.npy").read_bytes()
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "00000.npy").write_bytes(whole[: len(whole) // 2])
    Shelf(Examples(options, 0), tmp_path / "0")[3]
    assert (tmp_path / "0" / "00000.npy").read_bytes() == whole


def test_fallbacks_are_named_and_known_pixels_are_true(options, shelved):
    shelf = Shelf(Examples(options, 0), shelved / "0")
    for example in (shelf[number] for number in range(16)):
        trimap, alpha = example[..., TRIMAP], example[..., ALPHA]
        both = all((trimap == side).any() for side in (FOREGROUND, BACKGROUND))
        assert (example[0, 0, FALLBACKS] == 0) == both
        assert (alpha[trimap == FOREGROUND] == 255).all()
        assert (alpha[trimap == BACKGROUND] == 0).all()
        assert (trimap == UNKNOWN).sum() >= 100


def test_shares_of_trimaps_are_met(options):
    nearly = Examples(replace(options, **{**NONE, "nearly_unknown": 1.0}), 0)[0]
    assert (nearly[..., TRIMAP] == UNKNOWN).mean() > 0.9
    sided = Examples(replace(options, **{**NONE, "one_sided": 1.0}), 0)[1]
    assert sided[0, 0, FALLBACKS] == 3
    nothing = Examples(replace(options, **{**NONE, "unknown": 1.0}), 0)[0]
    assert (nothing[..., TRIMAP] == UNKNOWN).all()
    assert (nothing[..., CLASS_OF] < 20).all()
    faint = Examples(replace(options, **{**NONE, "faint": 1.0}), 0)[0]
    assert 0 < faint[..., ALPHA].max() <= 127
    assert not (faint[..., TRIMAP] == FOREGROUND).any()


def test_plain_examples_are_composites_as_a_set_has_them(options):
    examples = Examples(replace(options, **{**NONE, "plain": (1.0, 1.0)}), 0)
    over_scenes = 0
    for number in range(6):
        example, drawn = examples[number], stream([examples.name_at(number)], size=64, split="train")[number]
        assert np.array_equal(example[..., ALPHA], drawn.alpha)
        over_scenes += np.array_equal(example[..., IMAGE], composite(drawn.fg, drawn.alpha, drawn.bg))
    assert 0 < over_scenes < 6  # others lie over photographs


def test_plain_examples_lie_over_photographs_by_what_their_trimaps_know(options):
    chosen = replace(options, **{**NONE, "plain": (1.0, 1.0)}, radii=(2, 60), plain_photographs=(1.0, 0.0))
    examples, seen = Examples(chosen, 0), set()
    for number in range(8):
        example, drawn = examples[number], stream([examples.name_at(number)], size=64, split="train")[number]
        over_scene = np.array_equal(example[..., IMAGE], composite(drawn.fg, drawn.alpha, drawn.bg))
        assert over_scene == bool(lacking_side(example[..., TRIMAP]))
        seen.add(over_scene)
    assert seen == {True, False}  # a radius of 60 leaves hardly a known pixel


def test_plain_examples_are_shared_out_by_what_their_trimaps_know(options):
    chosen = replace(options, **{**NONE, "plain": (0.0, 1.0)}, radii=(2, 60), plain_photographs=(0.0, 0.0))
    examples, seen = Examples(chosen, 0), set()
    for number in range(8):
        example, drawn = examples[number], stream([examples.name_at(number)], size=64, split="train")[number]
        is_plain = np.array_equal(example[..., IMAGE], composite(drawn.fg, drawn.alpha, drawn.bg))
        assert lacking_side(example[..., TRIMAP]) or not is_plain
        seen.add(is_plain)
    assert seen == {True, False}


def test_the_last_samples_of_a_run_have_the_side_of_its_end(options, shelved):
    recipe = read_recipe("fused", [*TINY, "examples.side=96", "examples.drawn=[96]", "examples.late=0.5"])
    recipe = replace(recipe, examples=replace(recipe.examples, late_crop=96))
    samples, _ = make_samples(recipe, shelved.parent / "late")
    sides = [samples[number]["trimap"].shape for number in range(recipe.loop.steps * recipe.loop.batch)]
    assert sides == [(64, 64)] * 4 + [(96, 96)] * 4
    assert {name: (each.shape, each.dtype) for name, each in samples[4].items()} == samples.layout
    made = [
        list(batches(samples, 2, 0, workers, stop=recipe.loop.steps)) for workers in (0, 1)
    ]  # workers have room for the largest
    assert all(np.array_equal(one[key], other[key]) for one, other in zip(*made, strict=True) for key in one)


def test_objects_drawn_smaller_than_the_side_are_examples_of_their_size(options, tmp_path):
    chosen = replace(options, side=96, drawn=(96, 64))
    whole, cropped = (FusedSamples(chosen, 0, tmp_path, whole=whole) for whole in (True, False))
    assert [whole[number]["alpha"].shape for number in (0, 63, 64, 127)] == 2 * [(96, 96)] + 2 * [(64, 64)]
    assert {cropped[number]["planes"].shape for number in (0, 64)} == {(64, 64, 18)}


def test_a_withheld_answer_is_called_a_fallback(options, shelved):
    samples = FusedSamples(replace(options, withheld=1.0), 0, shelved)
    for number in range(4):
        sample = samples[number]
        trimap, answers = sample["trimap"], sample["planes"][..., ANSWERS]
        withheld = [np.array_equal(answers[..., k], trimap) for k in range(2)]
        assert any(left_out and flag for left_out, flag in zip(withheld, sample["fallbacks"], strict=True))


def test_every_example_comes_once_before_any_comes_again(options, shelved):
    samples = FusedSamples(replace(options, withheld=0.0, crop=64), 0, shelved)
    shelf = Shelf(Examples(options, 0), shelved / "0")
    areas = sorted(int(shelf[number][..., ALPHA].astype(np.int64).sum()) for number in range(16))
    for turn in (0, 3):  # a whole example is cut, and turned, so its alphas have one sum
        sums = [int(samples[16 * turn + k]["alpha"].astype(np.int64).sum()) for k in range(16)]
        assert sorted(sums) == areas


def test_a_run_goes_on_to_the_bit_and_its_weights_predict(tmp_path, shelved, monkeypatch):
    recipe = read_recipe("fused", TINY)
    train(recipe, tmp_path / "whole")
    assert (tmp_path / "whole" / "examples" / "0" / "00000.npy").read_bytes() == (
        shelved / "0" / "00000.npy"
    ).read_bytes()

    class Stopped(FusedSamples):
        def __getitem__(self, number):
            if number == 5:  # of the third step
                raise KeyboardInterrupt
            return super().__getitem__(number)

    samples = Stopped(recipe.examples, 0, shelved)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "stopped", samples=samples)
    assert train(recipe, tmp_path / "stopped").resumed_from == 2
    states = [load_weights(tmp_path / name, "fused")[0].state_dict() for name in ("whole", "stopped")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    sample = samples[0]
    alpha = load_fused(weights=str(tmp_path / "whole")).predict(sample["image"], sample["trimap"])
    assert alpha.shape == (64, 64)


def test_a_run_begins_with_the_weights_of_another(tmp_path, shelved):
    train(read_recipe("fused", TINY), tmp_path / "first")
    settings = (*TINY, f"start={tmp_path / 'first'}", "seed=7", "optimiser.rate=1e-30", "loop.fixed_norms=1")
    train(read_recipe("fused", settings), tmp_path / "second")
    first, second = (load_weights(tmp_path / name, "fused")[0].state_dict() for name in ("first", "second"))
    assert all(torch.equal(first[name], second[name]) for name in first if "num_batches" not in name)


def test_a_share_of_the_weights_begun_with_is_in_those_that_are_written(tmp_path, shelved):
    train(read_recipe("fused", TINY), tmp_path / "first")
    states = {}
    for share in (0, 0.25, 1):
        settings = (*TINY, f"start={tmp_path / 'first'}", "seed=7", f"start_share={share}")
        train(read_recipe("fused", settings), tmp_path / f"{share}")
        states[share] = load_weights(tmp_path / f"{share}", "fused")[0].state_dict()
    first = load_weights(tmp_path / "first", "fused")[0].state_dict()
    changed = False
    for name in (name for name, tensor in first.items() if tensor.is_floating_point()):
        trained, mixed, kept = (states[share][name].double() for share in (0, 0.25, 1))
        assert torch.equal(kept, first[name].double())
        # factors of convolutions are rounded to float16
        torch.testing.assert_close(mixed, 0.25 * kept + 0.75 * trained, atol=1e-4, rtol=2e-3)
        changed |= not torch.equal(trained, kept)
    assert changed
    with pytest.raises(DataError, match=r"start_share 0\.5: no weights to begin with; name start"):
        read_recipe("fused", [*TINY, "start_share=0.5"])


def test_confidence_is_one_number_until_the_alpha_that_it_carries_on_counts(tmp_path, shelved):
    learned = {}
    for share in (0, 1):
        settings = (*TINY, f"terms.propagated={share}", "terms.laplacian=0.3")
        log = train(read_recipe("fused", settings), tmp_path / f"{share}").run / "log.jsonl"
        assert ('"propagated"' in log.read_text()) == bool(share)
        state = load_weights(tmp_path / f"{share}", "fused")[0].state_dict()
        learned[share] = state["head.weight"][16:]
    assert (learned[0] == 0).all()
    assert (learned[1] != 0).any()


def test_weights_to_begin_with_are_those_of_the_stage_and_the_size(tmp_path):
    with pytest.raises(DataError, match=r"--set start=.*is of the preset paper, and the recipe of small"):
        train(read_recipe("fused", [*TINY, f"start={WEIGHTS}"]), tmp_path / "run")
    with pytest.raises(DataError, match=r"--set start=.*to train one: simd train RECIPE"):
        train(read_recipe("fused", [*TINY, f"start={tmp_path / 'none'}"]), tmp_path / "run")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "examples.crop=100",
            "fused: [examples] crop 100 must be a multiple of 32, at most 64, the least of",
        ),
        ("examples.drawn=[32]", "fused: [examples] drawn"),
        ('examples.shares=["fire=x"]', "fused: [examples] shares: 'fire=x' must be class=weight"),
        ("examples.radii=[]", "fused: [examples] radii is empty"),
        ("examples.plain_photographs=[0.5]", "fused: [examples] plain_photographs [0.5]: must be two shares"),
        ("examples.plain=[0.5]", "fused: [examples] plain [0.5]: must be two shares"),
        ("examples.drawn=[]", "fused: [examples] drawn is empty"),
        ("examples.late_crop=96", "fused: [examples] late_crop 96 must be a multiple of 32, at most"),
        ("data.side=64", "the recipe has no table [data]"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(setting, message):
    with pytest.raises(DataError) as failure:
        read_recipe("fused", [*TINY, setting])
    assert message in str(failure.value)


def test_its_validation_has_a_seed_of_its_own():
    with pytest.raises(DataError, match="has the seed of the training, 0; take another"):
        read_recipe("fused", [*TINY, "validation.every=2", "validation.seed=0"])
