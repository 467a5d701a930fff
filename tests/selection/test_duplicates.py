import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simd.generator import synthetic
from simd.selection.duplicates import add_duplicates
from simd.selection.near_duplicates import sign
from simd.selection.reasons import finding_of
from simd.selection.searcher import BITS, Searcher
from simd.taxonomy import CLASSES

SEEDS = range(3)


@pytest.fixture(scope="module")
def cutouts():
    return {f"{name}/{seed}": synthetic(name, seed, 192)[:2] for name in CLASSES for seed in SEEDS}


@pytest.fixture(scope="module")
def signatures(cutouts):
    return {name: sign(*cutout) for name, cutout in cutouts.items()}


@pytest.fixture(scope="module")
def searcher(signatures):
    return Searcher(list(signatures.values()))


def as_jpeg(pixels, quality):
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def jpeg(fg, alpha):
    return as_jpeg(fg, 70), as_jpeg(alpha, 85)


def half(fg, alpha):
    return tuple(cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for p in (fg, alpha))


def mirrored(fg, alpha):
    return np.ascontiguousarray(fg[:, ::-1]), np.ascontiguousarray(alpha[:, ::-1])


def upside_down_half_jpeg(fg, alpha):
    return jpeg(*half(np.ascontiguousarray(fg[::-1]), np.ascontiguousarray(alpha[::-1])))


def with_margin(fg, alpha):
    wide = ((30, 5), (0, 60))
    return np.pad(fg, [*wide, (0, 0)]), np.pad(alpha, wide)


def cropped(fg, alpha):
    """Cut a sixth of what is visible from the left and from below."""
    rows, columns = (np.flatnonzero((alpha > 15).any(axis=axis)) for axis in (1, 0))
    bottom = rows[0] + 5 * (rows[-1] - rows[0]) // 6
    left = columns[0] + (columns[-1] - columns[0]) // 6
    return np.ascontiguousarray(fg[:bottom, left:]), np.ascontiguousarray(alpha[:bottom, left:])


@pytest.mark.slow
def test_no_two_generated_foregrounds_are_alike(signatures, searcher):
    for place, signature in enumerate(signatures.values()):
        assert [m.position for m in searcher.matches(signature)] == [place]


@pytest.mark.parametrize(
    ("class_", "seeds"),
    [("fur", (5, 10, 13, 23)), ("motion", (5, 21)), ("defocus", (14, 15)), ("hair_hard", (4, 8))],
)
@pytest.mark.parametrize("size", [96, 256])
def test_the_likeliest_of_500_generated_ones_are_told_apart(class_, seeds, size):
    signatures = [sign(*synthetic(class_, seed, size)[:2]) for seed in seeds]
    searcher = Searcher(signatures)
    for place, signature in enumerate(signatures):
        assert [m.position for m in searcher.matches(signature)] == [place]


@pytest.mark.parametrize(
    ("change", "how", "missed"),
    [
        (jpeg, "", 0),
        (half, "", 4),  # nets and drops of 50 pixels
        (mirrored, "mirrored", 0),
        (with_margin, "the same pixels", 0),
        (upside_down_half_jpeg, "upside down", 4),
        (cropped, "cropped", 4),
    ],
)
def test_a_changed_copy_is_found_and_nothing_else(cutouts, searcher, change, how, missed):
    lost = []
    for place, (name, cutout) in enumerate(cutouts.items()):
        matches = list(searcher.matches(sign(*change(*cutout))))
        assert {m.position for m in matches} <= {place}, name
        if not matches:
            lost.append(name)
        elif name.split("/")[0] in ("hair_hard", "fur", "insect", "leaf"):
            assert how in matches[0].how
            assert matches[0].distance <= 22
    assert len(lost) <= missed, lost


def test_a_crop_that_comes_first_is_found_too(cutouts):
    names = ("fur/0", "insect/1", "leaf/2", "tree/0", "hair_easy/1")
    searcher = Searcher([sign(*cropped(*cutouts[name])) for name in names])
    for place, name in enumerate(names):
        assert place in [m.position for m in searcher.matches(sign(*cutouts[name]))]


def test_one_shape_in_two_colours_is_two_things(cutouts):
    fg, alpha = cutouts["leaf/0"]
    red = np.full_like(fg, (200, 40, 30))
    blue = np.full_like(fg, (40, 60, 200))
    assert list(Searcher([sign(red, alpha)]).matches(sign(blue, alpha))) == []
    assert len(list(Searcher([sign(red, alpha)]).matches(sign(red, alpha)))) == 1


def test_what_lies_under_alpha_0_does_not_count(cutouts):
    fg, alpha = cutouts["tree/1"]
    other = np.where(alpha[..., None] > 0, fg, 255 - fg).astype(np.uint8)
    match = next(Searcher([sign(fg, alpha)]).matches(sign(other, alpha)))
    assert (match.distance, match.words) == (0, "the same pixels")


def test_the_first_of_a_group_is_kept(cutouts, signatures):
    fg, alpha = cutouts["fur/0"]
    known = {
        "a": signatures["fur/0"],
        "b": sign(*mirrored(fg, alpha)),
        "c": sign(*half(fg, alpha)),
        "d": signatures["net/1"],
        "e": signatures["fur/0"],
    }
    findings = {id_: [] for id_ in known}
    add_duplicates(findings, known)
    assert {id_: [f.like for f in found_] for id_, found_ in findings.items()} == {
        "a": [], "b": ["a"], "c": ["a"], "d": [], "e": ["a"],
    }  # fmt: skip
    assert findings["e"][0].detail == "a shows it too (the same pixels)"
    assert f"of {BITS} bits" in findings["b"][0].detail
    assert "mirrored" in findings["b"][0].detail


def test_one_that_is_dropped_already_stands_for_nothing(signatures):
    known = {"a": signatures["fur/0"], "b": signatures["fur/0"]}
    findings = {"a": [finding_of("small", 3, "three")], "b": []}
    add_duplicates(findings, known)
    assert findings["b"] == []
    add_duplicates(findings, known, allow={"small"})
    assert findings["b"][0].like == "a"


def test_nothing_is_alike_among_nothing():
    assert list(Searcher([]).matches(sign(*synthetic("leaf", 0, 64)[:2]))) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 255), st.integers(0, 2**16), st.booleans())
def test_a_cutout_of_any_size_is_like_itself(height, width, level, seed, windows):
    rng = np.random.default_rng(seed)
    fg = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    alpha[rng.integers(height), rng.integers(width)] = level
    signature = sign(fg, alpha, windows=windows)
    match = next(Searcher([signature]).matches(signature))
    assert (match.position, match.distance) == (0, 0)
