"""Intervals of summaries are those of the bootstrap, metric by metric, and survive the way through files."""

import json
import tracemalloc

import numpy as np
import pytest

from simd.metrics.intervals import intervals
from simd.metrics.score import METRICS, WHOLE, Score
from simd.metrics.scores import Scores, load_scores
from simd.metrics.uncertainty import compare, summarise, summarise_all


def rows(sizes, images=2, seed=0):
    """Return scores with as many foregrounds a class as given."""
    rng = np.random.default_rng(seed)
    made = []
    for class_, size in sizes.items():
        for f in range(size):
            for i in range(images):
                values = dict(zip(METRICS, rng.exponential(size=4).tolist(), strict=True))
                made.append(
                    Score(
                        **{"id": f"{class_}-{f}-{i}", "class_": class_, "fg_id": f"fg {f}", "region": WHOLE},
                        **{"pixels": 9, **values},
                    )
                )
    return made


def scores(made):
    facts = {"name": "tiny", "protocol": "exact", "digest": "a" * 64, "trimaps_digest": "b" * 64}
    return Scores(name="m", version="1", set=facts, paths={"set": "s"}, rows=tuple(made), missing={})


def test_a_summary_holds_the_interval_of_each_mean():
    made = rows({"fur": 6, "net": 3})
    estimates = scores(made).summary().intervals
    classes, foregrounds = [row.class_ for row in made], [row.fg_id for row in made]
    for metric in METRICS:
        expected = summarise([getattr(row, metric) for row in made], classes, foregrounds)
        assert estimates.image_mean[metric][:5] == pytest.approx(expected.image_mean[:5])
        assert estimates.class_mean[metric][:5] == pytest.approx(expected.class_mean[:5])
        assert estimates.classes["fur"][metric][:5] == pytest.approx(expected.by_class["fur"][:5])
    net = estimates.classes["net"]
    assert {(e.bounds, e.reason) for e in net.values()} == {(None, "fewer than 5 foregrounds")}
    stored = estimates.to_json()
    assert stored["image_mean"]["reason"] is stored["classes"]["fur"]["reason"] is None
    assert stored["classes"]["net"] == {**dict.fromkeys(METRICS), "reason": "fewer than 5 foregrounds"}
    assert stored["level"] == 0.95
    assert set(stored["classes"]) == {"fur", "net"}


def test_the_means_of_a_summary_lie_in_their_intervals():
    summary = scores(rows({"fur": 8, "net": 5, "silk": 7})).summary()
    for means, estimates in (
        (summary.image_mean, summary.intervals.image_mean),
        (summary.class_mean, summary.intervals.class_mean),
    ):
        for metric in METRICS:
            low, high = estimates[metric].bounds
            assert low < means[metric] < high


def test_intervals_survive_files(tmp_path):
    made = scores(rows({"fur": 6}))
    files = made.save(tmp_path / "scores")
    stored = json.loads(files[1].read_text())["intervals"]
    loaded = load_scores(files[0])
    assert stored == made.summary().intervals.to_json() == loaded.summary().intervals.to_json()


def test_a_metric_that_no_image_has_is_said():
    estimates = intervals({"sad": [0.0] * 5, "mse": [np.nan] * 5}, ["fur"] * 5, list("abcde"))
    stored = estimates.to_json()
    assert stored["image_mean"] == {"sad": [0, 0], "mse": None, "reason": "no image has mse"}
    assert stored["classes"]["fur"]["mse"] is None
    assert estimates.image_mean["mse"].reason == "no image has mse"


def test_no_images_give_no_interval():
    assert intervals({"sad": []}, [], []).to_json()["image_mean"] == {
        "sad": None,
        "reason": "no image has sad",
    }


def test_p_and_interval_agree_far_out_in_the_tails():
    # 20 classes of 2 foregrounds: few degrees of freedom, so 10,000 draws alone could not go below p = 0.07
    rng = np.random.default_rng(0)
    classes, foregrounds = np.repeat([f"class {i}" for i in range(20)], 2), np.arange(40)
    agree = 0
    for shift in np.linspace(0, 1.2, 60):
        base = rng.normal(size=40)
        noisy = base + shift + 0.5 * rng.normal(size=40)
        one = compare({"a": base, "b": noisy}, classes, foregrounds, resamples=2000).differences[0]
        agree += (one.p < 0.05) == (one.estimate.high < 0 or one.estimate.low > 0)
    assert agree >= 58
    assert one.p < 0.001


def test_columns_summarised_together_or_alone_are_the_same():
    made = rows({"fur": 6, "net": 5})
    classes, foregrounds = [row.class_ for row in made], [row.fg_id for row in made]
    columns = {m: np.array([getattr(row, m) for row in made]) for m in METRICS}
    columns["mse"][::4] = np.nan  # other images than the rest
    together = summarise_all(columns, classes, foregrounds, resamples=500)
    for metric, column in columns.items():
        alone = summarise(column, classes, foregrounds, resamples=500)
        assert together[metric].image_mean[:5] == pytest.approx(alone.image_mean[:5])
        assert together[metric].class_mean[:5] == pytest.approx(alone.class_mean[:5])
        assert together[metric].by_class["net"][:5] == pytest.approx(alone.by_class["net"][:5])


def test_memory_is_bounded_whatever_the_number_of_foregrounds():
    scores = np.random.default_rng(0).random(20_000)
    tracemalloc.start()
    summarise(scores, ["fur"] * len(scores), np.arange(len(scores)), resamples=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64e6  # 200 x 20,000 at once would be 32 MB for each of three arrays
