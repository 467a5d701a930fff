"""Proposals: what a model makes of a foreground, and what is refused."""

import io
import zipfile

import numpy as np
import pytest

from simd.errors import DataError
from simd.generator.objects import MIXED, mixed
from simd.sources import index_foregrounds, read_foreground
from simd.tagging.annotation_files import (
    annotation_path,
    find_annotations,
    make_annotation,
    read_annotation,
    write_annotation,
)
from simd.tagging.fill import unknown_of
from simd.tagging.patch_model import (
    MAX_BYTES,
    PatchModel,
    default_model_path,
    fit,
    read_model,
    write_model,
)
from simd.tagging.patches import SIDES, patches_of, shrink
from simd.tagging.propose import propose, review_order
from simd.taxonomy import class_index

TEST = 2_000_000_000  # the first seed of the split that the shipped model was not fitted on


def true_scores(cutout):
    """Return a scorer that knows the truth, at whatever size it is asked."""

    def scorer(image, alpha, unknown):
        rows = np.arange(alpha.shape[0]) * cutout.alpha.shape[0] // alpha.shape[0]
        columns = np.arange(alpha.shape[1]) * cutout.alpha.shape[1] // alpha.shape[1]
        mask = cutout.class_mask[rows][:, columns]
        return np.stack([(mask == k) * 3.0 for k in range(20)])

    return scorer


def test_any_callable_proposes():
    cutout = mixed("curtain", 5, 200)
    proposed = propose(cutout.fg, cutout.alpha, true_scores(cutout), side=120)
    unknown = unknown_of(cutout.alpha)
    assert (proposed.class_mask == cutout.class_mask)[unknown].mean() > 0.95
    assert (proposed.class_mask[~unknown] == 255).all()
    assert (proposed.class_mask[unknown] != 255).all()
    assert proposed.confidence[unknown].mean() > 0.9
    assert (proposed.confidence[~unknown] == 0).all()


def test_only_classes_that_the_foreground_has_are_proposed():
    cutout = mixed("bonfire", 5, 128)
    classes = ("fire", "sharp")

    def undecided(image, alpha, unknown):
        return np.ones((20, *alpha.shape))

    mask = propose(cutout.fg, cutout.alpha, undecided, among=classes).class_mask
    assert set(np.unique(mask)) <= {class_index(name) for name in classes} | {255}


def test_a_foreground_without_unknown_pixels_has_no_proposal():
    solid = np.full((40, 40), 255, np.uint8)
    proposed = propose(np.zeros((40, 40, 3), np.uint8), solid, lambda *_: 1 / 0)
    assert (proposed.class_mask == 255).all()


@pytest.mark.parametrize(
    "scores",
    [np.ones((19, 64, 64)), np.ones((20, 64, 63)), np.full((20, 64, 64), np.nan), -np.ones((20, 64, 64))],
)
def test_wrong_scores_are_refused(scores):
    cutout = mixed("candle", 1, 64)
    with pytest.raises(DataError, match="finite scores from 0 on"):
        propose(cutout.fg, cutout.alpha, lambda *_: scores)


@pytest.mark.slow
def test_the_shipped_model_finds_the_classes_of_most_pixels():
    """Chance is 1 in 20, or 1 in 2 to 3 where the classes of the object are known."""
    model, free, among = read_model(), [], []
    for kind, mixture in list(MIXED.items())[::2]:
        cutout = mixed(kind, TEST, 256)
        unknown = unknown_of(cutout.alpha)
        for shares, classes in ((free, ()), (among, mixture.classes)):
            mask = propose(cutout.fg, cutout.alpha, model, among=classes).class_mask
            shares.append((mask == cutout.class_mask)[unknown].mean())
    assert np.mean(free) > 0.6
    assert np.mean(among) > 0.8


def test_the_shipped_model_is_small():
    assert default_model_path().stat().st_size <= MAX_BYTES


def small_set():
    for kind in ("fire", "net"):
        for fg in index_foregrounds("synthetic:2@96:train").records:
            if fg.class_ == kind:
                pixels = read_foreground(fg)
                mask = np.full(pixels.alpha.shape, class_index(kind), np.uint8)
                yield pixels.fg, pixels.alpha, mask, unknown_of(pixels.alpha)


def test_a_fit_is_the_same_each_time_and_knows_what_it_saw(tmp_path):
    for name in "ab":
        write_model(tmp_path / name, fit(small_set()))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    model = read_model(tmp_path / "a")
    for fg, alpha, mask, unknown in small_set():
        scores = model(fg, alpha, unknown)
        assert scores.shape == (20, 96, 96)
        assert scores.dtype == np.float32
        assert np.allclose(scores.sum(axis=0)[unknown], 1, atol=1e-3)
        assert (scores.argmax(axis=0) == mask)[unknown].mean() > 0.9


def test_a_model_needs_two_classes():
    with pytest.raises(DataError, match="two classes at least"):
        fit(list(small_set())[:2])


def test_hostile_models_are_refused(tmp_path):
    good = read_model()
    arrays = {name: getattr(good, name) for name in ("mean", "spread", "weights", "bias")}
    file = tmp_path / "model.npz"

    def stored(**changes):
        stream = io.BytesIO()
        with np.load(default_model_path()) as shipped:
            np.savez_compressed(stream, **({"features": shipped["features"]} | arrays | changes))
        return stream.getvalue()

    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mean.npy", bytes(10**7))
    hostile = {
        "not a model of patches": b"\x80\x04nonsense",
        "larger than": bytes(MAX_BYTES + 1),
        "unpacks to more than": bomb.getvalue(),
        "other descriptors": stored(features=np.array(["a", "b"])),
        "mean must be": stored(mean=good.mean[:, 1:]),
        "weights must be": stored(weights=good.weights * np.nan),
        "bias must be": stored(bias=good.bias.astype(np.float64)),
        "is not a model": stored(features=np.array([{}], dtype=object)),
    }
    for reason, content in hostile.items():
        file.write_bytes(content)
        with pytest.raises(DataError, match=reason):
            read_model(file)
    with pytest.raises(DataError, match="No such file"):
        read_model(tmp_path / "none.npz")


def test_patches_cover_the_unknown_region_at_each_scale():
    rng = np.random.default_rng(0)
    for size in ((300, 384), (40, 30), (96, 100)):
        unknown = rng.random(size) < 0.3
        for scale in range(len(SIDES)):
            covered = np.zeros(size, bool)
            for patch in patches_of(unknown):
                if patch.scale == scale:
                    covered[patch.rows, patch.columns] = True
            assert covered[unknown].all()
        assert len(patches_of(unknown, most=3)) <= 3 * len(SIDES)


def test_colours_under_alpha_0_do_not_reach_a_shrunk_foreground():
    fg = np.zeros((800, 800, 3), np.uint8)
    fg[:, ::2] = 255  # every other column, where alpha is 0
    alpha = np.zeros((800, 800), np.uint8)
    alpha[:, 1::2] = 200
    small = shrink(fg, alpha, alpha > 0)
    assert max(small.fg.shape) == 384
    assert small.fg[10:-10, 10:-10].max() <= 1


def test_the_order_puts_rare_classes_and_doubtful_ones_first():
    def of(fg_id, confidence, review="proposed"):
        mask = np.full((4, 4), 255, np.uint8)
        return make_annotation(
            fg_id, np.zeros((4, 4, 3), np.uint8), mask, mask, confidence=confidence, review=review
        )

    proposed = [of("a", {"net": 0.9}), of("b", {"net": 0.6}), of("c", {"fur": 0.8}), of("d", {})]
    done = [of("e", {"fur": 1.0}, "reviewed")]
    # nobody has said anything of d; net has no reviewed foreground, fur has one
    assert review_order([*proposed, *done]) == ["d", "b", "a", "c"]
    assert review_order(reversed([*proposed, *done])) == ["d", "b", "a", "c"]
    assert review_order(done) == []


@pytest.mark.slow
def test_the_command_proposes_and_touches_nothing_that_somebody_worked_on(tmp_path, run_cli):
    place = "synthetic-mixed:1@64"
    (first, *others) = index_foregrounds(place).records
    pixels = read_foreground(first)
    mask = np.full((64, 64), 7, np.uint8)
    write_annotation(tmp_path, make_annotation(first.id, pixels.fg, pixels.alpha, mask), mask)
    done = run_cli("tag", "propose", tmp_path, "--foregrounds", place)
    assert done.code == 0
    assert done.out.startswith("1 kept\n10 proposed\nto look at first:\n")
    assert (read_annotation(annotation_path(tmp_path, first.id))[1] == 7).all()
    for fg in others:
        annotation, mask = read_annotation(find_annotations(tmp_path)[fg.id])
        assert (annotation.origin, annotation.review) == ("proposal", "proposed")
        assert set(annotation.confidence) <= set(fg.classes)
    assert "11 kept" in run_cli("tag", "propose", tmp_path, "--foregrounds", place).out
    assert "10 proposed" in run_cli("tag", "propose", tmp_path, "--foregrounds", place, "--again").out


def test_the_command_fits_a_model(tmp_path, run_cli):
    done = run_cli("tag", "fit", "synthetic-mixed:1@64:train", "--out", tmp_path / "m.npz")
    assert done.out == f"fitted on 11 foregrounds: {tmp_path / 'm.npz'}\n"
    assert isinstance(read_model(tmp_path / "m.npz"), PatchModel)
