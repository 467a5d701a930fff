"""Training from WebDataset shards: every composite once an epoch, in an order that any stop goes on with."""

import io
import pickle
import shutil
import tarfile
import tracemalloc

import numpy as np
import pytest
from conftest import write_backgrounds, write_foregrounds
from test_kills import STEPS, check_killed, steps_of
from test_processes import run_processes
from tiny_runs import TINY, tiny_recipe

from simd.composition.build import build
from simd.composition.export import export
from simd.errors import BatchError, DataError
from simd.files import read_json, write_atomically
from simd.image import UNKNOWN, read_alpha, read_image
from simd.records import file_name
from simd.taxonomy import CLASSES, class_index
from simd.training.loading import batches
from simd.training.loop import train
from simd.training.recipe import read_recipe
from simd.training.run_folder import read_log
from simd.training.sample_options import SampleOptions
from simd.training.shard_samples import ShardSamples

STILL = {"rotation": 0, "scale": (1, 1), "flip": 0, "side": 64, "crops": (64,), "patch_sides": (48, 64)}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a set of 18 composites, and its export in four shards."""
    root = tmp_path_factory.mktemp("shards")
    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    made = build(root / "set", foregrounds=fgs, backgrounds=bgs, any_licence=True, per_foreground=3)
    export(made, root / "out", to="webdataset", any_licence=True)
    return made, root / "out"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return a set of two foregrounds of each class, and its export."""
    root = tmp_path_factory.mktemp("drawn")
    made = build(root / "set", foregrounds="synthetic:2@64:train", backgrounds="open:1@64:train")
    export(made, root / "out", to="webdataset")
    return made, root / "out"


@pytest.fixture
def copy(exported, tmp_path):
    """Return the export, copied to be spoilt."""
    return shutil.copytree(exported[1], tmp_path / "copy")


def options(folder, **changed):
    return SampleOptions(**{**STILL, "shards": str(folder), **changed})


def equal(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[key], two[key]) for key in one)


# -- order -------------------------------------------------------------------------------------------------


def test_every_composite_comes_once_an_epoch_each_epoch_in_another_order(exported):
    made, folder = exported
    samples = ShardSamples(options(folder), 3)
    epochs = [[samples.id_at(number) for number in range(18 * k, 18 * (k + 1))] for k in range(3)]
    assert all(sorted(epoch) == sorted(row.id for row in made.rows) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    other = ShardSamples(options(folder), 4)
    assert [other.id_at(number) for number in range(18)] != epochs[0]


@pytest.mark.parametrize(
    ("start", "workers", "world"), [(0, 0, 1), (2, 0, 2), (5, 2, 1), (5, 0, 3), (8, 0, 6)]
)
def test_any_start_workers_and_processes_give_the_same_samples(exported, start, workers, world):
    samples = ShardSamples(options(exported[1], rotation=30, flip=0.5, noise=0.5, jpeg=0.5), 3)
    whole = list(batches(samples, 6, stop=9))
    shares = [
        list(batches(samples, 6, start, workers, stop=9, rank=rank, world=world)) for rank in range(world)
    ]
    for number, parts in enumerate(zip(*shares, strict=True), start=start):
        assert equal({key: np.concatenate([part[key] for part in parts]) for key in parts[0]}, whole[number])


# -- pixels ------------------------------------------------------------------------------------------------


def test_an_untouched_crop_is_the_composite(exported):
    made, folder = exported
    samples = ShardSamples(options(folder, side=63, crops=(63,)), 0)  # odd: its middle is a pixel
    for number in range(18):
        sample, id_ = samples[number], samples.id_at(number)
        image, alpha = (
            read(made.path / file_name(id_, layer))
            for read, layer in ((read_image, "image"), (read_alpha, "alpha"))
        )
        assert any(
            np.array_equal(sample["image"], image[y : y + 63, x : x + 63])
            and np.array_equal(sample["alpha"], alpha[y : y + 63, x : x + 63])
            for y in range(alpha.shape[0] - 62)
            for x in range(alpha.shape[1] - 62)
        )


@pytest.mark.parametrize("stage", ["matting", "classifier", "discriminator"])
def test_samples_hold_what_a_stage_takes_and_the_truth_fits(exported, stage):
    turned = {"rotation": 30.0, "scale": (0.5, 2.0), "flip": 0.5, "shear": 10.0}
    samples = ShardSamples(options(exported[1], stage=stage, **turned), 0)
    of = {row.id: row.class_ for row in exported[0].rows}
    for number in range(36):
        sample = samples[number]
        assert {key: (each.shape, each.dtype) for key, each in sample.items()} == samples.layout
        assert CLASSES[int(sample["label"])] == of[samples.id_at(number)]
        if "trimap" in sample:
            trimap, alpha = sample["trimap"], sample["alpha"]
            assert (trimap == UNKNOWN).any()
            assert (alpha[trimap == 255] == 255).all()
            assert (alpha[trimap == 0] == 0).all()
        if "classes" in sample:
            assert (sample["classes"][trimap == UNKNOWN] == class_index(of[samples.id_at(number)])).all()
            assert (sample["classes"][trimap != UNKNOWN] == 255).all()


def test_flips_turn_image_and_truth_alike(exported):
    plain, flipped = (ShardSamples(options(exported[1], flip=chance), 0) for chance in (0.0, 1.0))
    seen = 0
    for number in range(18):
        one, two = plain[number], flipped[number]
        width = 64
        for shift in range(-32, 33):  # the window may lie elsewhere about the same pixel
            a, b = one["image"][:, max(0, shift) : width + min(0, shift)], two["image"][:, ::-1]
            b = b[:, max(0, -shift) : width + min(0, -shift)]
            if np.array_equal(a, b):
                c = one["alpha"][:, max(0, shift) : width + min(0, shift)]
                d = two["alpha"][:, ::-1][:, max(0, -shift) : width + min(0, -shift)]
                assert np.array_equal(c, d)
                seen += 1
                break
    assert seen == 18


def test_what_is_held_out_shares_no_foreground_with_the_rest(drawn):
    parts = [ShardSamples(options(drawn[1], held_out=0.5, part=part), 0) for part in ("training", "held-out")]
    of = {row.id: row.fg_id for row in drawn[0].rows}
    learned, held = ({of[part.id_at(k)] for k in range(part.size)} for part in parts)
    assert learned | held == set(of.values())
    assert not learned & held
    assert parts[0].size + parts[1].size == 40


# -- memory ------------------------------------------------------------------------------------------------


def test_memory_holds_places_alone(exported):
    samples = ShardSamples(options(exported[1]), 0)
    assert len(pickle.dumps(samples)) < 4000 + 400 * samples.size  # what each worker is sent
    tracemalloc.start()
    peaks = []
    for numbers in (range(2), range(2, 80)):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        for number in numbers:
            samples[number]
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


# -- runs --------------------------------------------------------------------------------------------------

WITHOUT_COLOURS = ("losses.composition=0", "losses.colours=0")


def classifier_recipe(folder, *settings):
    return tiny_recipe(
        "sim-classifier-small", f'data.shards="{folder}"', "loop.steps=5", "loop.batch=4", *settings
    )


class Stopped(ShardSamples):
    """Samples that end the run at a number, as Ctrl-C does."""

    last = 0

    def __getitem__(self, number):
        if number == self.last:
            raise KeyboardInterrupt
        return super().__getitem__(number)


@pytest.mark.parametrize("last", [0, 3, 9, 10, 17, 19])
def test_a_run_stopped_at_any_sample_ends_with_the_same_weights(exported, tmp_path, last):
    recipe = classifier_recipe(exported[1])
    cut = Stopped(recipe.data, recipe.head.seed)
    cut.last = last
    with pytest.raises(KeyboardInterrupt):
        train(recipe, tmp_path / "cut", samples=cut)
    train(recipe, tmp_path / "cut")
    train(recipe, tmp_path / "whole")
    one, two = (read_json(tmp_path / run / "classifier.json")["sha256"] for run in ("cut", "whole"))
    assert one == two
    logs = [
        [(row["step"], row["loss"]) for row in read_log(tmp_path / run) if row["kind"] == "step"]
        for run in ("cut", "whole")
    ]
    assert logs[0] == logs[1]
    assert steps_of(tmp_path / "cut") == [1, 2, 3, 4, 5]


@pytest.mark.slow  # a program that imports torch, and its workers
def test_a_killed_run_ends_with_the_same_weights(exported, tmp_path):
    changed = [*TINY, f'data.shards="{exported[1]}"', f"loop.steps={STEPS}", "loop.batch=5"]
    check_killed("sim-classifier-small", changed, "classifier.json", tmp_path, workers=2, killed=3)


SCRIPT = """
import os
import sys
from pathlib import Path
from tiny_runs import tiny_recipe
from simd.training.loop import train
from simd.training.shard_samples import ShardSamples

class Noting(ShardSamples):
    def __getitem__(self, number):
        with open(f"{run}.{os.environ['RANK']}", "a") as notes:
            notes.write(f"{number} {self.id_at(number)}\\n")
        return super().__getitem__(number)

run, *settings = sys.argv[1:]
recipe = tiny_recipe("sim-classifier-small", *settings)
train(recipe, run, samples=Noting(recipe.data, recipe.head.seed))
"""


@pytest.mark.slow  # two programs that import torch, once each
def test_two_processes_see_every_composite_once_an_epoch(exported, tmp_path):
    made, folder = exported
    run, settings = tmp_path / "run", [f'data.shards="{folder}"', "loop.batch=6"]
    run_processes(2, run, *settings, "loop.steps=9", script=SCRIPT)  # three epochs
    seen = [
        [line.split() for line in (tmp_path / f"run.{rank}").read_text().splitlines()] for rank in range(2)
    ]
    assert [len(each) for each in seen] == [27, 27]
    by_number = {int(number): id_ for each in seen for number, id_ in each}
    assert sorted(by_number) == list(range(54))
    for epoch in range(3):
        ids = [by_number[number] for number in range(18 * epoch, 18 * (epoch + 1))]
        assert sorted(ids) == sorted(row.id for row in made.rows)
    assert read_log(run)[0]["processes"] == 2
    assert steps_of(run) == list(range(1, 10))


def test_the_matting_network_learns_without_colours(drawn, tmp_path):
    settings = [f'data.shards="{drawn[1]}"', "loop.steps=2", *WITHOUT_COLOURS, "network.semantics=false"]
    settings += ["losses.features=0", "losses.classes=0", "validation.every=2", "validation.samples=3"]
    recipe = read_recipe("sim-small", [*TINY, *settings, "data.held_out=0.5"])
    trained = train(recipe, tmp_path / "run")
    assert np.isfinite(trained.score)
    assert (tmp_path / "run" / "sim.json").is_file()


# -- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("sim-small", [], "leave them out: --set losses.composition=0 --set losses.colours=0$"),
        (
            "sim-small",
            [*WITHOUT_COLOURS, "losses.form=release"],
            "--set losses.features=0 --set losses.classes",
        ),
        ("sim-discriminator-small", ["sees=colours"], "is shown F: set patches.sees=alpha"),
        ("shm-mnet-small", [], "the loss L_p of shm-mnet is made of them"),
        ("sim-classifier-small", ['shares=["fire=2"]'], "shares is not for shards"),
        ("sim-classifier-small", ['validation.foregrounds=["x"]'], "set data.held_out to the share"),
    ],
)
def test_recipes_that_need_more_than_composites_are_refused(name, settings, words):
    with pytest.raises(DataError, match=words):
        tiny_recipe(name, 'data.shards="x"', *settings)


def refused(folder, words):
    with pytest.raises(DataError, match=words):
        ShardSamples(options(folder), 0)


def shards_of(folder):
    return sorted(folder.glob("*.tar"))


def test_a_shard_cut_short_is_refused_with_its_samples(copy):
    shard = shards_of(copy)[1]
    shard.write_bytes(shard.read_bytes()[:9000])
    refused(copy, r"cannot be used: [\w-]+: .*000001\.tar.*cut short.*get these shards again")


def test_a_missing_shard_is_refused(copy):
    shards_of(copy)[2].unlink()
    refused(copy, r"000002\.tar: is missing")


def test_doubled_keys_are_refused(copy):
    one, two = shards_of(copy)[:2]
    with tarfile.open(one) as shard:
        contents = [(member.name, shard.extractfile(member).read()) for member in shard][:5]
    with tarfile.open(two, "a") as shard:
        for name, content in contents:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            shard.addfile(member, io.BytesIO(content))
    refused(copy, "the key stands twice, in .*000000.tar and .*000001.tar")


def test_shards_of_two_sets_are_refused(copy, exported, tmp_path):
    made = build(
        tmp_path / "other",
        foregrounds=exported[0].path.parent / "fgs",
        backgrounds=exported[0].path.parent / "bgs",
        any_licence=True,
        per_foreground=3,
        seed=1,
    )
    export(made, tmp_path / "out", to="webdataset", any_licence=True)
    shutil.copy(shards_of(tmp_path / "out")[0], shards_of(copy)[0])
    refused(copy, "is a shard of another set")
    shutil.copy(shards_of(exported[1])[0], copy / "more-000000.tar")
    refused(copy, "two exports lie in one folder")


def test_test_splits_and_other_folders_are_refused(copy, exported, tmp_path):
    note = (copy / "export.json").read_text()
    write_atomically(copy / "export.json", note.replace('"split": "train"', '"split": "test"'))
    refused(copy, "is the split test of a set")
    write_atomically(copy / "export.json", note.replace('"format": "webdataset"', '"format": "coco"'))
    refused(copy, "is an export for coco")
    refused(exported[0].path, r"has no export\.json")


def test_a_changed_picture_is_named_when_it_is_read(copy, exported):
    shard = shards_of(copy)[0]
    samples = ShardSamples(options(copy), 0)
    with tarfile.open(shard) as opened:
        members = opened.getmembers()
    image = next(member for member in members if member.name.endswith(".alpha.png"))
    data = bytearray(shard.read_bytes())
    data[image.offset_data + image.size // 2] ^= 1
    shard.write_bytes(bytes(data))
    key = image.name.partition(".")[0]
    with pytest.raises(BatchError, match="1 of 18 composites in shards failed") as failure:
        samples.check()
    assert list(failure.value.failures) == [key]
    number = next(k for k in range(18) if samples.id_at(k) == key)
    with pytest.raises(DataError, match=rf"sample {number}: .*000000\.tar, {key}\.alpha\.png: is damaged"):
        samples[number]


def test_a_run_does_not_go_on_with_another_set(exported, tmp_path):
    recipe = classifier_recipe(exported[1], "loop.steps=2")
    cut = Stopped(recipe.data, recipe.head.seed)
    cut.last, cut.digest = 10**6, "0" * 64
    train(recipe, tmp_path / "run", samples=cut)
    with pytest.raises(DataError, match="was begun with shards of another set"):
        train(recipe, tmp_path / "run")
