import hashlib
import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from simd.errors import DataError
from simd.generator import synthetic
from simd.generator.scenes import SCENES, scene
from simd.generator.scenes.camera import defocus
from simd.generator.splits import WIDTH, seeds_of, split_of
from simd.sources import index_backgrounds, read_background
from simd.sources.generated import parse_id
from simd.taxonomy import CLASSES

WIDE = 144


@cache
def drawn(kind: str, seed: int, width: int = WIDE) -> np.ndarray:
    return scene(kind, seed, width)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


@pytest.mark.parametrize("kind", SCENES)
def test_a_scene_is_a_picture_with_contrast_and_colour(kind):
    for seed in (0, 1):
        picture = drawn(kind, seed)
        assert picture.shape == (96, 144, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 8
        assert 20 < picture.mean() < 235
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 800


@pytest.mark.parametrize("kind", SCENES)
def test_another_seed_is_another_scene(kind):
    assert apart(drawn(kind, 0), drawn(kind, 1)) > 8


@pytest.mark.parametrize("kind", SCENES)
def test_another_size_shows_the_same_scene(kind):
    fine = drawn(kind, 3, 432).reshape(144, 2, 216, 2, 3).mean(axis=(1, 3))
    coarse, other = drawn(kind, 3, 216).astype(float), drawn(kind, 4, 216).astype(float)
    blocks = [picture.reshape(36, 4, 54, 4, 3).mean(axis=(1, 3)) for picture in (fine, coarse, other)]
    assert apart(blocks[0], blocks[1]) < 0.2 * apart(blocks[0], blocks[2])


def test_colours_overlap_with_those_of_the_foregrounds():
    def shares(pixels: np.ndarray) -> np.ndarray:
        counts = np.bincount((pixels // 64) @ np.array([16, 4, 1]), minlength=64)
        return counts / counts.sum()

    cutouts = [synthetic(name, seed, 64) for name in CLASSES for seed in (0, 1)]
    fg = np.concatenate([c.fg[c.alpha > 128] for c in cutouts])
    bg = np.concatenate([drawn(kind, seed).reshape(-1, 3) for kind in SCENES for seed in (0, 1)])
    # 1 for equal histograms, 0 where no colour is in both; pure noise and greys reach 0.2 and 0.3
    assert np.minimum(shares(fg), shares(bg)).sum() > 0.5


def test_a_point_out_of_focus_is_a_disc():
    picture = np.zeros((41, 41, 3))
    picture[20, 20] = 1
    spread = defocus(picture, 6.0)[..., 0] ** 2.6  # undo the camera's curve
    y, x = np.mgrid[-20:21, -20:21]
    far = np.hypot(y, x)
    assert spread.sum() == pytest.approx(1)
    assert spread[far < 5] == pytest.approx(spread[20, 20])
    assert spread[far > 8].max() < 1e-9


DIGESTS = """
import hashlib, sys
import cv2
if sys.argv[1] == "plain":
    cv2.setUseOptimized(False)
cv2.setNumThreads(int(sys.argv[2]))
from simd.generator.objects import MIXED, mixed
from simd.generator.scenes import SCENES, scene
for kind in SCENES:
    print(kind, hashlib.sha256(scene(kind, 5, 144).tobytes()).hexdigest())
for kind in MIXED:
    print(kind, hashlib.sha256(b"".join(layer.tobytes() for layer in mixed(kind, 5, 80))).hexdigest())
"""


def test_pixels_do_not_depend_on_threads_or_vector_instructions():
    def digests(*arguments: str, **environment: str) -> list[str]:
        command = [sys.executable, "-c", DIGESTS, *arguments]
        done = subprocess.run(
            command, env=os.environ | environment, capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()

    features = " ".join(f for f in __cpu_dispatch__ if __cpu_features__[f])
    plain = digests("plain", "1", NPY_DISABLE_CPU_FEATURES=features, OMP_NUM_THREADS="1")
    fast = digests("fast", "2", OMP_NUM_THREADS="2")
    assert plain == fast
    assert fast[0] == f"meadow {hashlib.sha256(scene('meadow', 5, 144).tobytes()).hexdigest()}"


@pytest.mark.parametrize(
    ("kind", "seed", "size", "message"),
    [
        ("medow", 0, 96, r"unknown kind of scene 'medow'; did you mean 'meadow'\?"),
        ("sea", -1, 96, "seed -1 is negative"),
        ("sea", 0.5, 96, "seed 0.5 is not a whole number"),
        ("sea", 0, 47, "size 47 is out of range; a scene is 48 to 8192 pixels wide"),
        ("sea", 0, "x", "size 'x' is not a whole number"),
    ],
)
def test_what_cannot_be_drawn_is_refused(kind, seed, size, message):
    with pytest.raises(DataError, match=message):
        scene(kind, seed, size)


# -- as a source -------------------------------------------------------------------------------------------


def test_open_backgrounds_are_scenes_and_photographs():
    index = index_backgrounds("open:2@96:test")
    assert (index.kind, index.expected, index.problems) == ("open", 2 * len(SCENES) + 4, {})
    assert {bg.source for bg in index.records} == {"scenes", "builtin"}
    first = index.records[0]
    assert (first.id, first.file, first.licence) == ("scenes/meadow/2000000000@96", None, "CC0-1.0")
    np.testing.assert_array_equal(read_background(first), scene("meadow", 2_000_000_000, 96))
    assert len(index_backgrounds("scenes:3@96").records) == 3 * len(SCENES)


def test_no_scene_and_no_photograph_is_in_two_splits():
    train, test = (index_backgrounds(f"open:40@96:{split}").records for split in ("train", "test"))
    seeds = [{parse_id(bg.id)[1] for bg in half if bg.source == "scenes"} for half in (train, test)]
    assert len(seeds[0]) == len(seeds[1]) == 40
    assert not seeds[0] & seeds[1]
    photographs = [{bg.file for bg in half if bg.source == "builtin"} for half in (train, test)]
    assert not photographs[0] & photographs[1]
    assert photographs[0] | photographs[1] == {bg.file for bg in index_backgrounds("builtin").records}
    assert {bg.file for bg in index_backgrounds("builtin:test").records} == photographs[1]


def test_splits_are_ranges_of_seeds():
    for split in ("", "train", "test"):
        seeds = seeds_of(split, WIDTH)
        assert split_of(seeds[0]) == split_of(seeds[-1]) == split
    with pytest.raises(DataError, match="seed 3000000000 is in no range"):
        split_of(3 * WIDTH)
    with pytest.raises(DataError, match=r"unknown split 'tset'; did you mean 'test'\?"):
        seeds_of("tset", 1)


@pytest.mark.parametrize("place", ["open:x", "scenes:2@", "scenes:2@96:val", "open:2:test:train"])
def test_wrong_orders_of_backgrounds_are_refused(place):
    with pytest.raises(DataError, match="PER_KIND@SIZE, and :train or :test behind it for a split"):
        index_backgrounds(place)


def test_a_wrong_split_of_photographs_is_refused():
    with pytest.raises(DataError, match="write builtin, builtin:train or builtin:test"):
        index_backgrounds("builtin:val")


def test_folders_named_as_what_is_drawn_stay_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="open: no such folder"):
        index_backgrounds("open")
