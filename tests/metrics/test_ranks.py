"""Mean ranks: a table of three methods, two images and three trimaps worked out by hand."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.metrics.ranks import OVERALL, Value, rank, rank_files, values_of
from simd.metrics.score import WHOLE, Score
from simd.metrics.scores import Scores

HEAD = "method,image,trimap,metric,value\n"
# SAD of A, B, C, and their ranks:
#             small               large               user
# doll     5 6 7   1 2 3       9 8 9   2.5 1 2.5    4 4 4   2 2 2
# troll    3 2 9   2 1 3       1 2 3   1 2 3        5 7 6   1 3 2
BY_HAND = {
    ("small", "doll"): (5, 6, 7),
    ("large", "doll"): (9, 8, 9),
    ("user", "doll"): (4, 4, 4),
    ("small", "troll"): (3, 2, 9),
    ("large", "troll"): (1, 2, 3),
    ("user", "troll"): (5, 7, 6),
}
MEANS = {
    "A": {OVERALL: 9.5 / 6, "large": 3.5 / 2, "small": 3 / 2, "user": 3 / 2},
    "B": {OVERALL: 11 / 6, "large": 3 / 2, "small": 3 / 2, "user": 5 / 2},
    "C": {OVERALL: 15.5 / 6, "large": 5.5 / 2, "small": 6 / 2, "user": 4 / 2},
}


def values(metric="SAD", cells=BY_HAND):
    return [
        Value(method, image, trimap, metric, float(value))
        for (trimap, image), of_methods in cells.items()
        for method, value in zip("ABC", of_methods, strict=False)
    ]


def as_csv(given):
    return HEAD + "".join(",".join(map(str, value)) + "\n" for value in given)


def test_the_table_by_hand(tmp_path):
    path = tmp_path / "values.csv"
    path.write_text(as_csv(values()))
    (ranks,) = rank_files([path])
    assert (ranks.metric, ranks.images, ranks.trimaps) == ("SAD", 2, ("large", "small", "user"))
    assert [each.method for each in ranks.methods] == ["A", "B", "C"]
    for each in ranks.methods:
        assert each.mean_rank == pytest.approx(MEANS[each.method])


def test_one_method_less_moves_a_mean_rank():
    (ranks,) = rank(values())
    a, b, c = ranks.methods
    # A against B: 1 2 1.5 2 1 1 = 8.5 / 6; against C: 1 1.5 1.5 1 1 1 = 7 / 6
    assert a.without_one == pytest.approx((7 / 6, 8.5 / 6))
    assert b.without_one == pytest.approx((7.5 / 6, 9.5 / 6))  # against C, against A
    assert c.without_one == pytest.approx((10.5 / 6, 11 / 6))  # against B, against A


def test_draws_are_of_images_with_all_their_trimaps():
    (ranks,) = rank(values())
    a = ranks.methods[0]
    # doll alone: (1 + 2.5 + 2) / 3, troll alone: (2 + 1 + 1) / 3; each is drawn twice in a fourth of draws
    assert a.drawn == pytest.approx((4 / 3, 5.5 / 3))
    (single,) = rank(v for v in values() if v.image == "doll")
    assert single.methods[0].drawn is None


def test_images_of_one_foreground_are_drawn_together():
    of_one = [v._replace(foreground="toys") for v in values()]
    (ranks,) = rank(of_one)
    assert (ranks.images, ranks.foregrounds) == (2, 1)
    assert ranks.methods[0].drawn is None  # nothing tells how another foreground would rank
    pair = [v._replace(image=f"{v.image}-{k}", foreground=v.image) for v in values() for k in (1, 2)]
    (ranks,) = rank(pair)
    assert (ranks.images, ranks.foregrounds) == (4, 2)
    assert ranks.methods[0].drawn == pytest.approx((4 / 3, 5.5 / 3))  # as of the two images above
    with pytest.raises(DataError, match="doll is of the foreground 'toys' by one of the scores, of 'x' by"):
        rank([*of_one, *(v._replace(method="D", foreground="x") for v in values())])


def test_an_image_that_a_method_lacks_counts_for_none_and_is_named():
    cells = BY_HAND | {("user", "troll"): (5, 7)}
    (ranks,) = rank(values(cells=cells))
    assert ranks.left_out == ("troll with user",)
    assert {m.method: m.mean_rank[OVERALL] for m in ranks.methods} == pytest.approx(
        {"A": 8.5 / 5, "B": 8 / 5, "C": 13.5 / 5}
    )


def scores(name, trimaps, sads, set_name="alphamatting"):
    facts = {"name": set_name, "protocol": "imported", "digest": "a" * 64, "trimaps_digest": trimaps * 64}
    rows = [
        Score(
            **{"id": id_, "class_": "", "fg_id": id_, "region": WHOLE, "pixels": 9},
            **{"sad": sad, "mse": 10 - sad, "grad": sad, "conn": math.nan if id_ == "troll" else sad},
        )
        for id_, sad in zip(("doll", "troll"), sads, strict=True)
    ]
    return Scores(name=name, version="", set=facts, paths={}, rows=tuple(rows), missing={})


def test_scores_of_several_trimaps_are_ranked_together(tmp_path):
    both = [
        *(scores("A", "b", (5.0, 3.0)), scores("B", "b", (6.0, 2.0))),
        *(scores("A", "c", (9.0, 1.0)), scores("B", "c", (8.0, 2.0))),
    ]
    assert {value.trimap for value in values_of(both)} == {"alphamatting bbbbbbbb", "alphamatting cccccccc"}
    for number, each in enumerate(both):
        each.save(tmp_path / "scores" / str(number))
    sad, mse, _grad, conn = rank_files([tmp_path / "scores"])
    assert [each.mean_rank[OVERALL] for each in sad.methods] == [1.5, 1.5]
    assert sad.images == 2
    assert mse.metric == "mse"
    assert (conn.images, len(conn.left_out)) == (1, 2)
    assert {v.trimap for v in values_of([replace(both[0], set={**both[0].set, "name": "S"})])} == {"S"}


def test_scores_of_unlike_images_or_metrics_are_not_ranked_together():
    a, b = scores("A", "b", (5.0, 3.0)), scores("B", "b", (6.0, 2.0))
    with pytest.raises(DataError, match="B is scored by version 1 of the metrics, A by version 2"):
        values_of([a, replace(b, metrics_version=1)])
    part = scores("B", "c", (6.0, 2.0), set_name="mini")
    part = replace(part, rows=part.rows[:1])
    with pytest.raises(DataError, match="alphamatting and mini do not have the same images: troll of one"):
        values_of([a, part])
    assert len(values_of([a, replace(part, missing={"troll": "no matte"})])) == 3 * 4  # lacks a matte only


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A,doll,small,SAD,\n", "values.csv:2: value is empty; every line needs method, image, trimap"),
        ("A,doll,small,SAD,nan\n", "values.csv:2: the value 'nan' is not a number from 0 on"),
        ("A,doll,small,SAD,-1\n", "the value '-1' is not a number from 0 on"),
        ("A,doll,small,SAD,1\n", "SAD: there is only A; ranks need two methods"),
        ("A,doll,small,SAD,1\nB,troll,small,SAD,1\n", "SAD: there is no image that all of A, B have"),
        ("A,doll,small,SAD,1\n" * 2, "A has two values of SAD for doll with the trimap small"),
        ("", "there are no values to rank"),
    ],
)
def test_values_that_cannot_be_ranked_are_named(tmp_path, text, message):
    path = tmp_path / "values.csv"
    path.write_text(HEAD + text)
    with pytest.raises(DataError) as raised:
        rank_files([path])
    assert message in str(raised.value)


@given(
    st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=3, max_size=3), min_size=1, max_size=6)
)
def test_ranks_of_an_image_always_sum_to_the_same(rows):
    cells = {("t", f"image{i}"): row for i, row in enumerate(rows)}
    (ranks,) = rank(values(cells=cells))
    means = [each.mean_rank[OVERALL] for each in ranks.methods]
    assert sum(means) == pytest.approx(6)
    assert means == sorted(means)
    assert all(1 <= mean <= 3 for mean in means)
    for each in ranks.methods:
        assert each.without_one[1] <= each.mean_rank[OVERALL] + 1e-12  # one less can only help
        if each.drawn is not None:
            assert each.drawn[0] <= each.drawn[1]


def test_the_command_prints_the_form_of_table_4_with_its_warning(tmp_path, run_cli):
    path = tmp_path / "values.csv"
    path.write_text(as_csv([*values(), *values("MSE")]))
    done = run_cli("ranks", path)
    assert (done.code, done.err) == (0, "")
    assert "Mean rank by MSE, 2 images, 3 trimaps" in done.out
    (line, *_) = (line.split() for line in done.out.splitlines() if line.startswith("A "))
    assert line[:5] == ["A", "1.58", "1.75", "1.50", "1.50"]
    assert "drifts whenever a method joins" in " ".join(done.out.split())
    done = run_cli("ranks", path, "--json")
    assert json.loads(done.out)["metrics"][1]["methods"][2]["mean_rank"]["small"] == 3
    assert np.isclose(json.loads(done.out)["metrics"][0]["methods"][0]["drawn"][0], 4 / 3)
