"""The index finds what all pairs give."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simd.errors import DataError
from simd.selection.near_duplicates import Signature
from simd.selection.near_hashes import BITS, LOOKS, Hashes, TooManyPairsError, near_pairs, nearest
from simd.selection.searcher import Searcher, first_alike
from simd.selection.stored_thumbs import ThumbFile

WINDOWS = 3
LIKE_ALL = np.full((8, 8, 4), 77, np.uint8)  # looks like every other of its kind: the hashes alone decide
FLIPS = [(0, 0), (1, 0), (15, 7), (15, 8), (16, 0), (16, 6), (14, 8), (0, 22), (0, 23), (7, 15), (11, 11)]


def to_words(bits):
    """Pack (..., 117) as a hash lies in memory: the first bit of each byte is its highest."""
    words = np.zeros((*bits.shape[:-1], 2, 64), bool)
    words[..., 0, : BITS[0]] = bits[..., : BITS[0]]
    words[..., 1, : BITS[1]] = bits[..., BITS[0] :]
    return np.packbits(words, axis=-1).view(np.uint64)[..., 0]


@st.composite
def hashes(draw, count, windows=WINDOWS):
    """Draw hashes of few families, beside one another by nothing, by just the reach, or by a bit more."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    families = rng.random((draw(st.integers(1, 3)), sum(BITS))) < draw(st.sampled_from([0.5, 0.2]))
    bits = np.empty((count, 4 + windows, sum(BITS)), bool)
    for position in itertools.product(range(count), range(4 + windows)):
        bits[position] = families[rng.integers(len(families))]
        first, second = FLIPS[rng.integers(len(FLIPS))]
        flipped = [rng.permutation(BITS[0])[:first], BITS[0] + rng.permutation(BITS[1])[:second]]
        bits[(*position, np.concatenate(flipped))] ^= True
        if rng.random() < 0.5:  # nothing near
            bits[position] = rng.random(sum(BITS)) < 0.5
    return bits[:, :4], bits[:, 4:]


def distance(first, other):
    """Return the bits in which hashes differ where they are near, else None."""
    differs = first != other
    lightness, bits = int(differs[: BITS[0]].sum()), int(differs.sum())
    return bits if lightness <= 15 and bits <= 22 else None


def near_hashes(query, other):
    """Return (bits, mirroring, window, whether the query lies in the other) of what is near, sorted."""
    (wholes, windows), (other_wholes, other_windows) = query, other
    every = [
        (distance(whole, window), turn, k, 1)
        for (turn, whole), (k, window) in itertools.product(enumerate(wholes), enumerate(other_windows))
    ]
    every += [
        (distance(whole, window), turn, k, 0)
        for (turn, whole), (k, window) in itertools.product(enumerate(other_wholes), enumerate(windows))
        if k
    ]
    return sorted(look for look in every if look[0] is not None)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 7), st.integers(1, 7))
def test_the_index_finds_what_all_pairs_give(data, count, others):
    queries, among = data.draw(hashes(count)), data.draw(hashes(others))
    if data.draw(st.booleans()):  # some of the one stand in the other, too
        queries[0][:1], queries[1][:1] = among[0][:1], among[1][:1]
    expected = {}
    for i, j in itertools.product(range(count), range(others)):
        if looks := near_hashes((queries[0][i], queries[1][i]), (among[0][j], among[1][j])):
            expected[i, j] = looks[0][0], [list(look[1:]) for look in looks[:LOOKS]]
    packed = [Hashes(to_words(wholes), to_words(windows)) for wholes, windows in (queries, among)]
    pairs = near_pairs(*packed, 10_000)
    measured = zip(pairs.tolist(), *(a.tolist() for a in nearest(pairs, *packed)), strict=True)
    result = {tuple(p): (bits, [k for k in looks if k[0] >= 0]) for p, bits, looks in measured if bits >= 0}
    assert result == expected


def signatures_of(bits, digests):
    wholes, windows = to_words(bits[0]), to_words(bits[1])
    return [Signature(str(d), wholes[d], windows[d], LIKE_ALL) for d in digests]


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 8))
def test_the_first_of_each_group_stands_for_it(data, different):
    bits = data.draw(hashes(different))
    digests = data.draw(st.lists(st.integers(0, different - 1), max_size=12))  # many have equal pixels
    signatures = signatures_of(bits, digests)
    expected, standing = [], []
    for position, digest in enumerate(digests):
        candidates = [(-1, other) for other in standing if digests[other] == digest]
        for other in standing:
            looks = near_hashes(*((bits[0][d], bits[1][d]) for d in (digest, digests[other])))
            candidates += [(looks[0][0], other)] if looks else []
        expected.append((min(candidates)[1], max(0, min(candidates)[0])) if candidates else None)
        standing += [] if candidates else [position]
    assert [match and (match.position, match.distance) for match in first_alike(signatures)] == expected


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 8))
def test_asking_for_many_gives_what_asking_for_each_gives(data, different):
    bits = data.draw(hashes(different))
    some = st.lists(st.integers(0, different - 1), max_size=9)
    signatures, others = (signatures_of(bits, data.draw(some)) for _ in range(2))
    searcher = Searcher(others)
    expected = [next(searcher.matches(signature), None) for signature in signatures]
    assert list(searcher.first_matches(signatures)) == expected


def test_more_pairs_than_there_is_room_for_are_asked_in_halves(monkeypatch):
    bits = np.zeros((60, 4, sum(BITS)), bool), np.zeros((60, WINDOWS, sum(BITS)), bool)
    packed = Hashes(to_words(bits[0]), to_words(bits[1]))
    with pytest.raises(TooManyPairsError):
        near_pairs(packed, packed, 60 * 60 * 4 * WINDOWS - 1)
    monkeypatch.setattr("simd.selection.searcher._ROOM", 500)
    signatures = signatures_of(bits, range(60))
    assert [match and match.position for match in first_alike(signatures)] == [None, *[0] * 59]
    assert [match.position for match in Searcher(signatures[:9]).first_matches(signatures[9:])] == [0] * 51


def test_a_thumbnail_is_read_back_from_its_file():
    rng = np.random.default_rng(0)
    thumbs = [rng.integers(0, 256, (height, 5, 4), np.uint8) for height in (3, 1, 96)]
    file = ThumbFile()
    stored = [file.keep(thumb) for thumb in thumbs]
    for thumb, kept in zip(thumbs, stored, strict=True):
        np.testing.assert_array_equal(kept.read(), thumb)


def test_no_room_for_thumbnails_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(DataError, match=r"cannot hold the thumbnails .* TMPDIR"):
        ThumbFile()
