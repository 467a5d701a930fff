from functools import cache

import numpy as np
import pytest

from simd.composition.build import build
from simd.errors import DataError
from simd.generator import Cutout
from simd.generator import objects as package
from simd.generator.kit.layer import paint
from simd.generator.objects import MIXED, mixed
from simd.generator.objects.parts import ClassLayer, drop, placed
from simd.sources import index_foregrounds, read_foreground
from simd.taxonomy import CLASSES, class_index
from simd.trimap import trimap_of, unknown_region

SIZE = 128


@cache
def drawn(kind: str, seed: int, size: int = SIZE) -> Cutout:
    return mixed(kind, seed, size)


def unknown(cutout: Cutout) -> np.ndarray:
    return unknown_region(trimap_of(cutout.alpha, 3))


@pytest.mark.parametrize("kind", MIXED)
def test_a_mixed_object_has_its_classes_and_no_others(kind):
    everything = set()
    for seed in range(4):
        cutout = drawn(kind, seed)
        assert cutout.fg.shape == (SIZE, SIZE, 3)
        assert cutout.alpha.shape == cutout.class_mask.shape == (SIZE, SIZE)
        everything |= {CLASSES[k] for k in np.unique(cutout.class_mask)}
        assert ((cutout.alpha > 0) & (cutout.alpha < 255)).mean() > 0.01
        assert (cutout.alpha == 0).mean() > 0.1
    assert everything == set(MIXED[kind].classes)


@pytest.mark.parametrize("kind", MIXED)
def test_the_primary_class_has_most_unknown_pixels(kind):
    counts = np.zeros(len(CLASSES), np.int64)
    for seed in range(8):
        cutout = drawn(kind, seed)
        counts += np.bincount(cutout.class_mask[unknown(cutout)], minlength=len(CLASSES))
    assert CLASSES[counts.argmax()] == MIXED[kind].classes[0]


@pytest.mark.parametrize("kind", MIXED)
def test_another_size_shows_the_same_object_with_the_same_classes(kind):
    large, small, other = drawn(kind, 1, 256), drawn(kind, 1), drawn(kind, 2)
    fine = large.alpha.reshape(SIZE, 2, SIZE, 2).mean(axis=(1, 3))
    difference = np.abs(fine - small.alpha).mean()
    assert difference < 4
    assert difference < 0.5 * np.abs(fine - other.alpha).mean()
    visible = small.alpha > 40
    assert (large.class_mask[::2, ::2] == small.class_mask)[visible].mean() > 0.9


def parts_by_hand() -> list[ClassLayer]:
    """Return a row of four pixels: veil over wood, veil alone, wood alone, nothing."""
    veil = np.array([[0.4, 0.4, 0.0, 0.0]] * 4)
    wood = np.array([[0.9, 0.0, 0.2, 0.0]] * 4)
    return [ClassLayer("silk", paint((1, 1, 1), veil)), ClassLayer("tree", paint((0, 0, 0), wood))]


def test_a_pixel_has_the_class_that_adds_most_to_alpha():
    # of the first pixel's alpha 0.94 the veil gives 0.4, and the wood behind it 0.6 * 0.9 = 0.54
    seen = package.visible_class(parts_by_hand())
    tree, silk = class_index("tree"), class_index("silk")
    assert seen[0, :3].tolist() == [tree, silk, tree]


@pytest.mark.parametrize("kind", ["web", "bonfire"])
def test_where_nothing_is_seen_the_nearest_pixel_decides(kind):
    cutout = drawn(kind, 0, 48)
    rows, columns = np.nonzero(cutout.alpha)
    for y, x in np.argwhere(cutout.alpha == 0)[::7]:
        far = (rows - y) ** 2 + (columns - x) ** 2
        nearest = {int(cutout.class_mask[rows[k], columns[k]]) for k in np.flatnonzero(far == far.min())}
        assert int(cutout.class_mask[y, x]) in nearest


def test_a_placed_drawing_is_reduced_about_its_middle_and_turned_with_the_clock():
    alpha = np.zeros((96, 96))
    alpha[40:56, 56:96] = 1  # an arm to the right
    layer = paint((1.0, 0.5, 0.25), alpha)
    moved = placed(layer, 96, 0.5, (0.25, 0.5))
    assert moved.alpha.sum() == pytest.approx(alpha.sum() / 4, rel=0.02)
    assert moved.alpha[48, 30] == pytest.approx(1)  # from (0.625, 0.5) to 0.25 + 0.5 * 0.125
    turned = placed(layer, 96, 0.5, (0.5, 0.5), np.pi / 2)
    assert turned.alpha[64, 48] == pytest.approx(1)  # it points down
    assert moved.colour == pytest.approx(moved.alpha[..., None] * np.array([1.0, 0.5, 0.25]))


def test_a_drop_is_clear_inside_and_ends_at_its_radius():
    layer = drop(200, (0.5, 0.5), 0.2, 1.0)
    assert layer.alpha[100, 100] < 0.35
    assert layer.alpha[100, 50] == layer.alpha[30, 30] == 0
    assert layer.alpha[100, 62] > layer.alpha[100, 100]


def test_mixed_objects_are_built_with_their_regions(tmp_path):
    built = build(tmp_path / "set", foregrounds="synthetic-mixed:1@64:test", backgrounds="scenes:1@96")
    assert len(built) == len(MIXED)
    for sample in built:
        kind = sample.row.fg_id.split("/")[1]
        assert sample.row.fg_id == f"synthetic-mixed/{kind}/2000000000@64"
        assert sample.row.class_ == MIXED[kind].classes[0]
        assert sample.row.classes == tuple(sorted(MIXED[kind].classes))
        assert (sample.row.class_mask_from, sample.row.licence) == ("regions", "CC0-1.0")
        cutout = mixed(kind, 2_000_000_000, 64)
        region = unknown_region(sample.trimap)
        assert (sample.class_mask[region] == cutout.class_mask[region]).all()
        assert (sample.class_mask[~region] == 255).all()


def test_mixed_objects_are_a_source():
    index = index_foregrounds("synthetic-mixed:2@64")
    assert index.expected == len(index.records) == 2 * len(MIXED)
    record = index.records[2]
    assert (record.id, record.classes) == ("synthetic-mixed/collar/0@64", ("fur", "sharp"))
    assert read_foreground(record).class_mask is not None
    with pytest.raises(DataError, match="write synthetic-mixed, synthetic-mixed:PER_KIND"):
        index_foregrounds("synthetic-mixed:two")


def test_a_wide_frame_keeps_the_classes():
    square, wide = mixed("curtain", 0, 64), mixed("curtain", 0, (64, 100))
    visible = wide.alpha[:, 18 : 18 + 64] > 0
    np.testing.assert_array_equal(wide.class_mask[:, 18 : 18 + 64][visible], square.class_mask[visible])
    assert set(np.unique(wide.class_mask)) == set(np.unique(square.class_mask))


@pytest.mark.parametrize(
    ("kind", "seed", "size", "message"),
    [
        ("curtian", 0, 64, r"unknown kind of mixed object 'curtian'; did you mean 'curtain'\?"),
        ("curtain", -1, 64, "seed -1"),
        ("curtain", 0, 31, "out of range"),
    ],
)
def test_what_cannot_be_drawn_is_refused(kind, seed, size, message):
    with pytest.raises(DataError, match=message):
        mixed(kind, seed, size)
