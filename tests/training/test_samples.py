"""Samples: what each holds, what they depend on, and what is said of sources that do not serve."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha, write_backgrounds, write_foregrounds
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.composition.arithmetic import composite
from simd.errors import BatchError, DataError
from simd.generator.objects import mixed
from simd.taxonomy import CLASSES, NO_CLASS, class_index
from simd.training.samples import SampleOptions, Samples

SMALL = SampleOptions(
    foregrounds=("synthetic:1@96:train",),
    backgrounds=("builtin:train",),
    side=64,
    crops=(48, 64, 96),
    patch_sides=(32, 96),
    kernels=(1, 5),
    iterations=(1, 3),
)


@pytest.fixture(scope="module")
def small():
    return Samples(SMALL, seed=0, cache_mb=64)


@pytest.fixture
def folders(tmp_path):
    """Return options for a folder of six foregrounds and one of three backgrounds."""
    write_foregrounds(tmp_path / "fg")
    write_backgrounds(tmp_path / "bg")
    return replace(SMALL, foregrounds=(str(tmp_path / "fg"),), backgrounds=(str(tmp_path / "bg"),))


def test_a_sample_is_what_its_layout_says(small):
    for number in range(20):
        sample = small[number]
        assert list(sample) == list(small.layout)
        for key, (shape, dtype) in small.layout.items():
            assert sample[key].shape == shape, key
            assert sample[key].dtype == dtype, key
        assert sorted(set(np.unique(sample["trimap"])) | {0, 128, 255}) == [0, 128, 255]


def test_image_is_foreground_over_background(small):
    for number in range(20):
        sample = small[number]
        expected = composite(sample["foreground"], sample["alpha"], sample["background"])
        assert np.array_equal(sample["image"], expected)


def test_every_fractional_pixel_is_unknown_and_known_ones_are_what_they_say(small):
    for number in range(40):
        alpha, trimap = small[number]["alpha"], small[number]["trimap"]
        assert (trimap[(alpha > 0) & (alpha < 255)] == 128).all()
        assert (alpha[trimap == 0] == 0).all()
        assert (alpha[trimap == 255] == 255).all()


def test_classes_are_on_the_unknown_pixels_alone(small):
    for number in range(20):
        classes, trimap = small[number]["classes"], small[number]["trimap"]
        assert (classes[trimap != 128] == NO_CLASS).all()
        assert (classes[trimap == 128] < len(CLASSES)).all()  # drawn foregrounds have a class everywhere


@given(
    seed=st.integers(0, 2**32),
    number=st.integers(0, 2**40 - 1),
    interpolation=st.sampled_from(["linear", "nearest", "cubic", "lanczos", "drawn"]),
    extreme=st.sampled_from(["", "large", "tiny", "plain"]),
    stage=st.sampled_from(["matting", "classifier"]),
)
@settings(max_examples=60)
def test_a_sample_never_has_an_empty_unknown_region(seed, number, interpolation, extreme, stage, folder_pair):
    changes = {
        "": {},
        "large": {"crops": (640,), "patch_sides": (400, 640), "scale": (0.3, 0.5), "merge": 1.0},
        "tiny": {"crops": (8,), "patch_sides": (8, 8), "scale": (4.0, 6.0), "merge": 1.0},
        "plain": {"kernels": (1, 1), "iterations": (1, 1), "rotation": 0.0, "scale": (1.0, 1.0), "flip": 0.0},
    }[extreme]
    options = replace(
        SMALL, stage=stage, interpolation=interpolation, side=33 + 31 * (number % 2), **folder_pair, **changes
    )
    sample = Samples(options, seed, cache_mb=0)[number]
    assert (sample["trimap"] == 128).any()


@pytest.fixture(scope="module")
def folder_pair(tmp_path_factory):
    """Foregrounds that make it hard: a binary alpha, one faint pixel, one pixel that is not opaque."""
    root = tmp_path_factory.mktemp("hard")
    rng = np.random.default_rng(0)
    binary = np.zeros((60, 90), np.uint8)
    binary[20:40, 30:70] = 255
    faint = np.zeros((70, 70), np.uint8)
    faint[35, 20] = 1
    solid = np.full((50, 50), 255, np.uint8)
    solid[10, 10] = 254
    for name, alpha in {"net_a": binary, "fire_b": faint, "fur_c": solid, "leaf_d": soft_alpha()}.items():
        save(root / "fg" / "fg" / f"{name}.png", rng.integers(0, 256, (*alpha.shape, 3), dtype=np.uint8))
        save(root / "fg" / "alpha" / f"{name}.png", alpha)
    save(root / "bg" / "a.jpg", rng.integers(0, 256, (40, 50, 3), dtype=np.uint8))
    return {"foregrounds": (str(root / "fg"),), "backgrounds": (str(root / "bg"),)}


def test_a_sample_depends_on_options_seed_and_number_alone(small):
    forwards = [small[number] for number in range(12)]
    other = Samples(SMALL, seed=0, cache_mb=0)
    for number in reversed(range(12)):
        for key, array in other[number].items():
            assert np.array_equal(array, forwards[number][key]), (number, key)
    different = Samples(SMALL, seed=1, cache_mb=64)
    assert any(not np.array_equal(different[n]["image"], forwards[n]["image"]) for n in range(3))


def test_numbers_out_of_range_are_refused(small):
    with pytest.raises(IndexError, match="sample -1 is not in 0"):
        small[-1]


def test_classes_come_equally_often_by_default(small):
    labels = [int(small[number]["label"]) for number in range(40)]
    assert sorted(labels) == sorted(2 * list(range(20)))
    assert small.shares == pytest.approx(dict.fromkeys(CLASSES, 0.05))


def test_shares_are_met_within_one_of_a_block():
    options = replace(SMALL, shares=("fire=3", *(f"{name}=0" for name in CLASSES[2:])))
    samples = Samples(options, seed=5)
    assert samples.shares == pytest.approx({"defocus": 0.25, "fire": 0.75})
    labels = [samples.origin(number).class_ for number in range(40)]
    for block in (labels[:20], labels[20:]):
        assert abs(block.count("fire") - 15) <= 1
        assert set(block) == {"defocus", "fire"}


def test_classes_without_a_foreground_are_named_and_the_others_share(folders):
    samples = Samples(folders, seed=0)
    assert samples.shares == pytest.approx(
        dict.fromkeys(("fire", "fur", "hair_easy", "leaf", "net", "tree"), 1 / 6)
    )
    (note,) = samples.notes
    assert note.startswith("14 of 20 classes have no foreground, so no sample shows them, and the others")
    assert "defocus" in note


def test_a_share_for_a_class_without_a_foreground_is_refused(folders):
    with pytest.raises(DataError, match="shares: silk has no foreground; leave it out, or add foregrounds"):
        Samples(replace(folders, shares=("silk=2",)), seed=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shares": ("fire",)}, "shares: 'fire' must be class=weight, as in fire=2 or net=0.5"),
        ({"shares": ("fire=2", "fire=3")}, "shares: 'fire' is given twice"),
        ({"merge": 1.5}, "merge must be in 0..1, not 1.5"),
        ({"scale": (1.25, 0.8)}, "scale must be two numbers in 0.05..20.0, the lower first, not 1.25, 0.8"),
        ({"crops": ()}, "crops must be a list with at least one entry"),
        ({"stage": "mating"}, "stage must be one of matting, classifier, discriminator, not 'mating'"),
        ({"side": 4}, "side must be in 8..4096 pixels, not 4"),
    ],
)
def test_options_out_of_range_are_named(changes, message):
    with pytest.raises(DataError) as raised:
        replace(SMALL, **changes)
    assert str(raised.value) == message


def test_foregrounds_smaller_than_the_crop_are_enlarged(folders):
    samples = Samples(replace(folders, crops=(320, 480), merge=0.0, rotation=0.0), seed=0)
    assert (
        "6 of 6 foregrounds are smaller than the smallest crop, 320 pixels; they are enlarged"
        in samples.notes
    )
    for number in range(12):  # 64 x 80: a disc of 51 pixels fills most of a crop of 64
        assert 0.2 < (samples[number]["alpha"] > 0).mean() < 0.9


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ({"foregrounds": ("synthetic:2@64:test",)}, "synthetic:2@64:test: is the test split; train on"),
        ({"backgrounds": ("open:1@64:test",)}, "open:1@64:test: is the test split; train on open:1@64:train"),
        ({"backgrounds": ("builtin:test",)}, "builtin:test: is the test split"),
        ({"held_out": 0.0, "part": "held-out"}, "part is held-out, and held_out is 0: nothing is held out"),
    ],
)
def test_test_splits_are_refused(places, message):
    with pytest.raises(DataError) as raised:
        Samples(replace(SMALL, **places), seed=0)
    assert str(raised.value).startswith(message)


def test_the_test_half_of_adobe_is_left_out_and_alone_refused(tmp_path, folders):
    root = tmp_path / "adobe"
    for half, stems in (("Training_set", ("a", "b")), ("Test_set", ("c",))):
        for stem in stems:
            own = root / half / "Adobe-licensed images"
            save(own / "fg" / f"{stem}.jpg", np.full((64, 80, 3), 99, np.uint8))
            save(own / "alpha" / f"{stem}.jpg", soft_alpha())
    table = tmp_path / "classes.csv"
    table.write_text("file,class\na,fur\nb,net\nc,fire\n")
    options = replace(folders, foregrounds=(str(root),), classes=str(table))
    samples = Samples(options, seed=0)
    assert {fg.id for fg in samples.foregrounds} == {"Training_set/a", "Training_set/b"}
    assert samples.notes[0] == f"{root}: 1 foregrounds left out, they are for testing"
    with pytest.raises(DataError, match="all of its foregrounds are for testing; train on others"):
        Samples(replace(options, foregrounds=(str(root / "Test_set"),)), seed=0)


def test_a_folder_without_backgrounds_is_named(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: no known layout of backgrounds"):
        Samples(replace(folders, backgrounds=(str(tmp_path / "empty"),)), seed=0)


def test_broken_files_are_named_all_at_once(folders, tmp_path):
    broken = tmp_path / "fg" / "alpha" / "net-1.png"
    broken.write_bytes(broken.read_bytes()[:-200])
    flat = tmp_path / "fg" / "alpha" / "plant_tree3.png"
    save(flat, np.zeros((64, 80), np.uint8))
    sky = tmp_path / "bg" / "sky.JPG"
    sky.write_bytes(sky.read_bytes()[:-300])
    room = tmp_path / "bg" / "room.jpeg"
    room.write_bytes(b"no image")
    samples = Samples(folders, seed=0)
    assert list(samples.problems) == ["room.jpeg"]  # known before a file is decoded
    assert samples.notes[1].startswith("1 files cannot be used: room.jpeg (")
    with pytest.raises(BatchError) as raised:
        samples.check()
    assert list(raised.value.failures) == ["net-1", "plant_tree3", "sky.JPG"]
    assert "is damaged" in raised.value.failures["net-1"]
    assert raised.value.failures["plant_tree3"].endswith("its alpha is 0 everywhere: there is no object")
    number = next(n for n in range(12) if samples.class_at(n) == "net")
    with pytest.raises(DataError, match=f"sample {number}: foreground 'net-1': .*net-1.png: is damaged"):
        samples[number]


def test_held_out_foregrounds_are_shown_by_the_other_part_alone():
    options = replace(SMALL, foregrounds=("synthetic:4@96:train",), held_out=0.25)
    training, held = (Samples(replace(options, part=part), seed=0) for part in ("training", "held-out"))
    ids = [{fg.id for fg in samples.foregrounds} for samples in (training, held)]
    assert not ids[0] & ids[1]
    assert (len(ids[0]), len(ids[1])) == (60, 20)
    assert set(held.shares) == set(CLASSES)


def test_patches_show_the_class_of_their_region():
    options = replace(
        SMALL, stage="classifier", foregrounds=("synthetic-mixed:2@96:train",), merge=0.0, shares=("fire=2",)
    )
    samples = Samples(options, seed=0)
    masks = replace(options, stage="matting")  # with the same numbers, to see the classes of the pixels
    assert set(samples.layout) == {"image", "alpha", "trimap", "label"}
    for number in range(20):
        sample = samples[number]
        assert CLASSES[sample["label"]] == samples.origin(number).class_
        assert (sample["trimap"] == 128).any()
    assert Samples(masks, seed=0).shares == samples.shares


def test_matting_samples_of_tagged_foregrounds_have_their_regions():
    options = replace(SMALL, foregrounds=("synthetic-mixed:1@96:train",), merge=0.0)
    samples = Samples(options, seed=0)
    for number in range(12):
        sample, origin = samples[number], samples.origin(number)
        kind, seed = origin.foreground.split("/")[1], int(origin.foreground.split("/")[2].split("@")[0])
        known = set(np.unique(mixed(kind, seed, 96).class_mask).tolist())
        assert set(np.unique(sample["classes"]).tolist()) <= known | {NO_CLASS}
        assert class_index(origin.class_) in sample["classes"]


def test_discriminator_samples_are_alphas():
    samples = Samples(replace(SMALL, stage="discriminator", merge=0.0, backgrounds=("nowhere",)), seed=0)
    assert set(samples[0]) == {"alpha", "foreground", "label"}
    assert samples.backgrounds == ()


def test_a_built_set_gives_its_foregrounds(built_set, folders):
    samples = Samples(replace(folders, foregrounds=(str(built_set),), crops=(48,)), seed=0)
    rows = {row["fg_id"] for row in _rows(built_set)}
    assert {fg.id for fg in samples.foregrounds} == rows
    assert any("is a set" in note for note in samples.notes)
    assert (samples[0]["trimap"] == 128).any()


def _rows(folder: Path) -> list[dict]:
    import json

    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def built_set(tmp_path_factory):
    from simd.composition.build import build

    root = tmp_path_factory.mktemp("built")
    write_foregrounds(root / "fg")
    write_backgrounds(root / "bg")
    build(
        root / "set",
        foregrounds=str(root / "fg"),
        backgrounds=str(root / "bg"),
        per_foreground=2,
        any_licence=True,
    )
    return root / "set"


def test_a_set_of_test_foregrounds_is_refused(tmp_path):
    from simd.composition.build import build

    build(tmp_path / "set", foregrounds="synthetic:1@48:test", backgrounds="builtin:test", per_class=1)
    with pytest.raises(DataError, match=r"is a set of test foregrounds .*; train on others"):
        Samples(replace(SMALL, foregrounds=(str(tmp_path / "set"),)), seed=0)


@pytest.mark.parametrize("option", ["jpeg", "noise", "gamma", "squeeze", "merge"])
def test_each_option_changes_the_image_and_keeps_the_truth_valid(option, small):
    plain = replace(SMALL, jpeg=0.0, noise=0.0, gamma=0.0, squeeze=0.0, merge=0.0, jitter=0.0)
    changed = replace(plain, **{option: 1.0})
    before, after = Samples(plain, seed=3)[4], Samples(changed, seed=3)[4]
    assert not np.array_equal(before["image"], after["image"])
    if option in ("jpeg", "noise"):
        assert np.array_equal(before["alpha"], after["alpha"])
        assert np.array_equal(before["foreground"], after["foreground"])
        assert np.abs(before["image"].astype(int) - after["image"]).mean() < 12
    else:
        expected = composite(after["foreground"], after["alpha"], after["background"])
        assert np.array_equal(after["image"], expected)


def test_a_trimap_that_reaches_too_far_is_refused():
    with pytest.raises(DataError, match="kernels to 99 and iterations to 9 reach 441 pixels; a trimap may"):
        replace(SMALL, kernels=(1, 99), iterations=(1, 9))


def test_the_trimap_at_the_edge_of_a_crop_knows_what_lies_beyond(tmp_path, folders):
    alpha = np.zeros((48, 96), np.uint8)
    alpha[:, 10] = 128  # where crops are cut: this one is of the columns 0 to 47
    alpha[:, 50:] = 255
    save(tmp_path / "edge" / "fg" / "net_a.png", np.full((48, 96, 3), 90, np.uint8))
    save(tmp_path / "edge" / "alpha" / "net_a.png", alpha)
    plain = {"merge": 0.0, "rotation": 0.0, "scale": (1.0, 1.0), "flip": 0.0}
    trimaps = {"kernels": (9, 9), "iterations": (3, 3)}  # 12 pixels to either side
    options = replace(
        folders, foregrounds=(str(tmp_path / "edge"),), side=48, crops=(48,), **plain, **trimaps
    )
    trimap = Samples(options, seed=0)[0]["trimap"]
    row = [128] * 23 + [0] * 15 + [128] * 10  # of column 50 nothing is seen but its reach
    assert (trimap == row).all()
