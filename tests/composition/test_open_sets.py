import re
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import simd
from simd.composition.build import build, plan_set
from simd.composition.spec import find_spec, read_spec, shipped
from simd.dataset import published_digests as module
from simd.dataset.published_digests import compare_with_published, digests_of, publish, published
from simd.errors import DataError
from simd.generator import synthetic
from simd.generator.objects import MIXED
from simd.generator.splits import seeds_of
from simd.records import LAYERS
from simd.selection.near_duplicates import sign
from simd.selection.searcher import Searcher
from simd.sources.generated import parse_id
from simd.taxonomy import CLASSES

SETS = ("simd-open", "simd-open-mini", "simd-open-mixed", "simd-open-train")


@cache
def plan(name: str):
    return plan_set(**read_spec(name))


def test_the_open_sets_are_shipped_under_their_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert tuple(shipped()) == SETS
    for name in SETS:
        assert tomllib.loads(find_spec(name).read_text(encoding="utf-8"))["name"] == name
        assert read_spec(name)["name"] == name
        assert published()[name]["composites"] == len(plan(name))


def test_a_file_comes_before_a_shipped_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("simd-open").write_text("seed = 7", encoding="utf-8")
    assert read_spec("simd-open") == {"seed": 7}
    with pytest.raises(
        DataError, match="simd-opne: no such file, and no shipped set of that name; shipped are"
    ):
        read_spec("simd-opne")
    with pytest.raises(DataError, match=r"mine\.toml"):
        read_spec("mine.toml")


def test_simd_open_is_exactly_balanced():
    composites = plan("simd-open")
    assert Counter(p.fg.class_ for p in composites) == dict.fromkeys(CLASSES, 50)
    assert Counter(p.fg.id for p in composites) == dict.fromkeys({p.fg.id for p in composites}, 5)
    assert len({(p.fg.id, p.bg.id) for p in composites}) == len({p.id for p in composites}) == 1000
    assert {parse_id(p.fg.id)[2] for p in composites} == {512}
    uses = Counter(p.bg.id for p in composites)
    assert len(uses) == 64
    assert max(uses.values()) < 3 * 1000 / 64


def test_mini_and_mixed_have_their_sizes():
    assert Counter(p.fg.class_ for p in plan("simd-open-mini")) == dict.fromkeys(CLASSES, 4)
    kinds = Counter(parse_id(p.fg.id)[0] for p in plan("simd-open-mixed"))
    assert kinds == dict.fromkeys(MIXED, 50)


@pytest.mark.parametrize("test_set", ["simd-open", "simd-open-mini", "simd-open-mixed"])
def test_training_shares_no_seed_no_scene_and_no_photograph_with_a_test_set(test_set):
    halves = [plan("simd-open-train"), plan(test_set)]
    for record in ("fg", "bg"):
        ids = [{getattr(p, record).id for p in half} for half in halves]
        assert not ids[0] & ids[1]
        seeds = [{parse_id(id_)[1] for id_ in half if "@" in id_} for half in ids]
        assert seeds[0]
        assert not seeds[0] & seeds[1]


@pytest.mark.slow
def test_no_foreground_of_the_test_looks_like_one_of_the_training():
    # The seeds are others; whether the shapes are, is measured: resized, mirrored and cropped copies count.
    def signatures(split: str, number: int):
        drawn = [synthetic(name, seed, 128) for name in CLASSES for seed in seeds_of(split, number)]
        return [sign(c.fg, c.alpha) for c in drawn]

    train = Searcher(signatures("train", 3))
    for one in signatures("test", 2):
        assert not list(train.matches(one))
    copies = [
        sign(c.fg[:, ::-1], c.alpha[:, ::-1]) for c in [synthetic("leaf", seeds_of("train", 1)[0], 128)]
    ]
    assert list(train.matches(copies[0]))  # the search would have found one


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_a_part_of_each_set_has_the_published_pixels(name, tmp_path):
    samples = published()[name]["samples"]
    # all classes in the small set, where they cost least, and all kinds of mixed objects; some in the others
    every = {"simd-open": 4, "simd-open-train": 7}.get(name, 1)
    wanted = dict(list(samples.items())[::every])
    built = build(tmp_path / "set", only=list(wanted), **read_spec(name))
    assert {
        row.id: {layer: getattr(row, f"{layer}_sha256") for layer in LAYERS} for row in built.rows
    } == wanted


def test_a_part_has_the_pixels_of_the_whole(tmp_path):
    options = {"foregrounds": "synthetic:1@48:test", "backgrounds": "scenes:1@96:test", "per_foreground": 2}
    whole = build(tmp_path / "whole", **options)
    part = build(tmp_path / "part", only=[whole.rows[k].id for k in (3, 30)], **options)
    assert part.rows == (whole.rows[3], whole.rows[30])
    with pytest.raises(DataError, match="the set has no composite 'leaf-00000000'"):
        build(tmp_path / "other", only=["leaf-00000000"], **options)


@pytest.mark.slow
def test_a_build_says_whether_it_is_the_published_set(tmp_path, run_cli, monkeypatch):
    sets = tmp_path / "annotations" / "sets"
    sets.mkdir(parents=True)
    monkeypatch.setattr(module, "annotations_dir", lambda: tmp_path / "annotations")
    monkeypatch.setattr("simd.composition.spec.annotations_dir", lambda: tmp_path / "annotations")
    spec = 'name = "tiny"\nforegrounds = "synthetic:1@48:test"\nbackgrounds = "scenes:1@96:test"\n'
    (sets / "tiny.toml").write_text(spec, encoding="utf-8")
    built = build(tmp_path / "built", **read_spec("tiny"))
    assert compare_with_published(built) == ""
    assert publish([tmp_path / "built"]) == [f"tiny {built.digest} (changed)"]
    assert publish([tmp_path / "built"]) == [f"tiny {built.digest}"]
    assert compare_with_published(built) == "this is tiny as published"
    assert len(digests_of(built)["samples"]) == len(CLASSES)
    done = run_cli("build", tmp_path / "again", "--spec", "tiny")
    assert done.out.endswith("this is tiny as published\n")
    done = run_cli("build", tmp_path / "other", "--spec", "tiny", "--seed", "1")
    assert "as published" not in done.out
    changed = build(tmp_path / "changed", **read_spec("tiny") | {"seed": 1})
    verdict = compare_with_published(changed)
    assert re.match(r"this is not tiny as published \([0-9a-f]{64}\): the generator or a library", verdict)
    other = build(tmp_path / "unknown", **read_spec("tiny") | {"name": "unknown"})
    with pytest.raises(DataError, match="is 'unknown', of which no spec is shipped"):
        publish([other.path])


def test_the_public_names_are_there():
    assert simd.scene("sea", 1, 96).shape == (64, 96, 3)
    assert simd.mixed("web", 1, 48).alpha.dtype == np.uint8
