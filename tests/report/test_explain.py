"""`simd explain` on a small set whose scores are made: what comes out, what is said, what is refused."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from simd.composition.build import build
from simd.dataset.manifest import load_set
from simd.errors import DataError
from simd.features.image_properties import PROPERTIES, image_properties
from simd.metrics.score import WHOLE, Score
from simd.metrics.scores import Scores
from simd.report.explain import explain, write_explanation


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return a set of two foregrounds a class, and the background texture of each of its images."""
    path = tmp_path_factory.mktemp("explain") / "set"
    build(path, foregrounds="synthetic:2@64", backgrounds="builtin", per_class=2)
    matting_set = load_set(path)
    texture = {
        s.row.id: image_properties(s.image, s.alpha, s.trimap)["background texture"] for s in matting_set
    }
    return matting_set, texture


def scored(world, values, name="mine", **changes):
    matting_set, _ = world
    facts = {"name": matting_set.name, "protocol": "exact", "digest": matting_set.digest}
    rows = [
        Score(
            **{"id": row.id, "class_": row.class_, "fg_id": row.fg_id, "region": WHOLE, "pixels": 9},
            **dict.fromkeys(("sad", "mse", "grad", "conn"), float(values[row.id])),
        )
        for row in matting_set.rows
    ]
    scores = Scores(
        **{"name": name, "version": "1", "set": {**facts, "trimaps_digest": matting_set.trimaps_digest}},
        **{"paths": {}, "rows": tuple(rows), "missing": {}},
    )
    return replace(scores, **changes)


def test_the_property_that_the_error_depends_on_is_said_with_two_pictures(world, tmp_path, run_cli):
    matting_set, texture = world
    scored(world, texture).save(tmp_path / "mine")
    done = run_cli("explain", tmp_path / "mine", matting_set.path, "--out", tmp_path / "out", "--workers", 1)
    assert done.code == 0, done.err
    text = " ".join(done.out.split())
    assert "SAD of mine is larger where background texture is large:" in text
    (first, *_) = csv.DictReader(io.StringIO((tmp_path / "out" / "effects.csv").read_text()))
    assert (first["property"], float(first["effect"]), first["claimed"]) == (
        *("background texture", pytest.approx(1)),
        "yes",
    )
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<figure>") % 2 == 0
    assert "small: " in page
    assert "large: " in page
    assert all(name in page for name in PROPERTIES)
    assert not (tmp_path / ".out.partial").exists()


def test_a_set_that_is_not_that_of_the_scores_leaves_nothing_behind(world, tmp_path, run_cli):
    whole = scored(world, world[1])
    replace(whole, set={**whole.set, "digest": "0" * 64}).save(tmp_path / "mine")
    done = run_cli("explain", tmp_path / "mine", world[0].path, "--out", tmp_path / "out", "--workers", 1)
    assert (done.code, done.out) == (1, "")
    assert "name the set of the scores" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv", "mine.json"]


def test_two_methods_are_told_apart_by_their_difference(world, tmp_path, run_cli):
    matting_set, texture = world
    scored(world, texture).save(tmp_path / "mine")
    scored(world, {id_: 2 * value for id_, value in texture.items()}, "yours").save(tmp_path / "yours")
    command = ("explain", tmp_path / "mine", matting_set.path, "--against", tmp_path / "yours")
    done = run_cli(*command, "--out", tmp_path / "out", "--json", "--workers", 1)
    told = json.loads(done.out)
    assert told["effects"][0]["property"] == "background texture"
    assert told["claims"][0].startswith(
        "SAD of mine less that of yours is smaller where background texture is"
    )
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Where mine and yours differ" in page
    assert page.count("<figure>") == 2 * len(told["claims"])  # two pictures each


def test_noise_gives_no_claim_and_the_page_says_so(world, tmp_path):
    rng = np.random.default_rng(5)
    noise = {id_: rng.exponential() for id_ in world[1]}
    explanation = explain(scored(world, noise), world[0].path)
    assert explanation.claims == ()
    page = write_explanation(explanation, tmp_path / "out")[1].read_text()
    assert "No property goes with the error by more than chance" in page


def test_fallbacks_missing_mattes_and_empty_images_are_left_out_and_counted(world):
    whole = scored(world, world[1])
    rows = list(whole.rows)
    rows[0] = replace(rows[0], fallback="out of memory")
    rows[1] = replace(rows[1], pixels=0)
    spoilt = replace(whole, rows=tuple(rows[:-1]), missing={rows[-1].id: "no matte"})
    explanation = explain(spoilt, world[0].path)
    # of the first class both images are gone; the last one leaves its class with a single foreground
    assert rows[0].class_ == rows[1].class_
    assert explanation.effects.left_out == (rows[-1].class_,)
    assert explanation.effects.images == 40 - 3 - 1
    assert explanation.notes[3].startswith(f"Without {rows[-1].class_}: of a single foreground")
    assert explanation.notes[:3] == (
        "mine: 1 fallback left out, which are not its own mattes.",
        "mine: 1 image without a matte left out.",
        "1 image without unknown pixels left out.",
    )


def test_scores_of_another_set_or_of_too_few_foregrounds_are_refused(world):
    whole = scored(world, world[1])
    other = replace(whole, set={**whole.set, "digest": "0" * 64})
    with pytest.raises(
        DataError, match=r"its digest is .*, mine was scored on 000000000000 .*name the set of"
    ):
        explain(other, world[0].path)
    with pytest.raises(DataError, match="effects need at least 10 foregrounds beyond one a class"):
        explain(replace(whole, rows=whole.rows[:5]), world[0].path)
    with pytest.raises(DataError, match="mine and mine were not scored alike"):
        explain(whole, world[0].path, against=replace(whole, metrics_version=1))
    with pytest.raises(DataError, match="unknown metric 'iou'; there are sad, mse, grad, conn"):
        explain(whole, world[0].path, metric="iou")


def test_images_that_name_no_foreground_count_each_for_itself(world):
    whole = scored(world, world[1])
    nameless = replace(whole, rows=tuple(replace(row, fg_id="") for row in whole.rows))
    explanation = explain(nameless, world[0].path)
    assert explanation.effects.foregrounds == len(whole.rows)
    assert "40 images of no named foreground count as one of their own each." in explanation.notes


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_in_a_browser(world, check_page, tmp_path):
    explanation = explain(scored(world, world[1]), world[0].path)
    check_page(write_explanation(explanation, tmp_path / "out")[1].as_uri(), "figure")
