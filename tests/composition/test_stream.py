from collections import Counter

import numpy as np
import pytest

import simd
from simd.composition import stream as module
from simd.composition.arithmetic import composite
from simd.errors import DataError
from simd.generator.splits import split_of
from simd.taxonomy import CLASSES, class_index
from simd.trimap import unknown_region


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_an_example_is_a_composite_with_its_layers():
    for example in simd.stream(size=(64, 80)).take(8):
        assert example.fg.shape == example.bg.shape == example.image.shape == (64, 80, 3)
        assert example.alpha.shape == example.trimap.shape == example.class_mask.shape == (64, 80)
        np.testing.assert_array_equal(example.image, composite(example.fg, example.alpha, example.bg))
        unknown = unknown_region(example.trimap)
        assert unknown[(example.alpha > 0) & (example.alpha < 255)].all()
        assert (example.class_mask[unknown] == class_index(example.class_)).all()
        assert (example.class_mask[~unknown] == 255).all()


def test_an_example_depends_on_its_index_and_the_options_alone():
    stream = simd.stream(size=48, seed=5)
    forward = stream.take(6)
    assert [example.number for example in forward] == list(range(6))
    assert all(same(simd.stream(size=48, seed=5)[k], forward[k]) for k in (5, 2, 0))
    assert same(next(stream.since(4)), forward[4])
    assert not same(simd.stream(size=48, seed=6)[0], forward[0])
    assert not same(simd.stream(size=48, seed=5, split="test")[0], forward[0])


def test_classes_come_equally_often_in_changing_order():
    stream = simd.stream(size=32)
    order = [stream.class_at(k) for k in range(100)]
    assert Counter(order) == dict.fromkeys(CLASSES, 5)
    assert order[:20] != order[20:40]


def test_seeds_of_training_are_never_those_of_a_test(monkeypatch):
    asked = {"train": set(), "test": set()}
    for split, seeds in asked.items():
        monkeypatch.setattr(
            module, "_draw", lambda name, seed, size, s=seeds: s.add(seed) or simd.synthetic("leaf", 1, size)
        )
        monkeypatch.setattr(
            module,
            "_scene",
            lambda kind, seed, width, s=seeds: s.add(seed) or np.zeros((48, 48, 3), np.uint8),
        )
        simd.stream(size=32, split=split).take(40)
    assert {split_of(seed) for seed in asked["train"]} == {"train"}
    assert {split_of(seed) for seed in asked["test"]} == {"test"}
    assert len(asked["train"]) > 40


def test_foregrounds_differ_from_turn_to_turn():
    stream = simd.stream(["leaf"], size=48)
    assert len({example.alpha.tobytes() for example in stream.take(6)}) == 6


def test_mixed_objects_take_part_by_their_kinds():
    example = simd.stream(["twig"], size=64)[0]
    present = set(np.unique(example.class_mask)) - {255}
    assert present == {class_index("leaf"), class_index("tree")}


def test_the_disk_is_never_touched(monkeypatch):
    stream = simd.stream(size=48)
    stream.take(20)  # modules are loaded

    def refuse(*_args, **_options):
        raise AssertionError("a file was opened")

    for name in ("builtins.open", "io.open", "os.open"):
        monkeypatch.setattr(name, refuse)
    assert len(list(zip(range(25), stream.since(20), strict=False))) == 25


def test_a_data_loader_with_workers_gives_the_same_examples():
    data = pytest.importorskip("torch.utils.data")
    stream = simd.stream(["leaf", "sharp"], size=32)
    loader = data.DataLoader(stream, batch_size=2, num_workers=2)
    batches = [batch for batch, _ in zip(loader, range(3), strict=False)]
    for k, batch in enumerate(batches):
        for place in (0, 1):
            np.testing.assert_array_equal(batch.image[place].numpy(), stream[2 * k + place].image)
            assert batch.class_[place] == stream[2 * k + place].class_


def test_a_data_loader_that_shuffles_gets_a_sentence():
    data = pytest.importorskip("torch.utils.data")
    stream = simd.stream(["leaf"], size=32)
    with pytest.raises(DataError, match="leave out shuffle=True, and take another seed"):
        data.DataLoader(stream, shuffle=True)
    with pytest.raises(DataError, match="leave out shuffle=True"):
        next(iter(data.RandomSampler(stream, num_samples=3)))
    assert len(list(data.RandomSampler(stream, replacement=True, num_samples=3))) == 3


def test_a_slice_is_a_list():
    stream = simd.stream(["leaf"], size=32)
    assert [example.number for example in stream[0:4:2]] == [0, 2]
    assert same(stream[3:4][0], stream[3])
    for endless in (np.s_[:], np.s_[2:], np.s_[-2:5], np.s_[0:-1]):
        with pytest.raises(IndexError, match="give a slice its stop"):
            stream[endless]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": ["lacy"]}, r"unknown class or mixed object 'lacy'; did you mean 'lace'\?"),
        ({"classes": []}, "at least one class"),
        ({"classes": ["leaf", "plant_leaf"]}, "name one twice"),
        ({"size": 31}, "out of range"),
        ({"seed": 1.5}, "not a whole number"),
        ({"split": "valid"}, "unknown split 'valid'"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(DataError, match=message):
        simd.stream(**options)


def test_an_index_below_0_is_none():
    with pytest.raises(IndexError, match="index -1 is not in 0"):
        simd.stream(size=32)[-1]
