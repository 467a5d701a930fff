from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from simd.report.plot_labels import place_labels
from simd.report.statistics.measure import measure_set
from simd.report.statistics.plots import density, plot_classes, plot_distributions, plot_scatter


def overlap(a, b):
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


@pytest.mark.parametrize("seed", range(4))
def test_names_of_crowded_points_do_not_overlap(seed):
    rng = np.random.default_rng(seed)
    figure = Figure(figsize=(8, 6), layout="constrained")
    ax = figure.subplots()
    points = np.vstack([rng.normal(0.9, 0.03, (10, 2)), rng.random((10, 2))])
    ax.scatter(*points.T)
    boxes = place_labels(ax, points, [f"class number {k}" for k in range(20)])
    frame = ax.get_window_extent()
    for number, box in enumerate(boxes):
        assert frame.x0 <= box[0] < box[2] <= frame.x1
        assert frame.y0 <= box[1] < box[3] <= frame.y1
        assert not [other for other in boxes[:number] if overlap(box, other)]


def test_no_points_need_no_names():
    ax = Figure().subplots()
    assert place_labels(ax, np.zeros((0, 2)), []) == []


def test_a_density_sums_to_one_and_stands_where_the_values_are():
    values = np.random.default_rng(0).normal(0.5, 0.05, 400)
    at = np.linspace(0, 1, 501)
    found = density(values, at)
    assert found.sum() * (at[1] - at[0]) == pytest.approx(1, abs=0.01)
    assert at[found.argmax()] == pytest.approx(0.5, abs=0.03)


def test_the_density_of_equal_values_is_finite():
    found = density(np.full(5, 0.3), np.linspace(0, 1, 101))
    assert np.isfinite(found).all()
    assert found.argmax() == 30


@pytest.mark.parametrize("sets", [1, 2])
def test_titles_are_whole_and_within_the_figure(sets, tiny_set, monkeypatch):
    drawn = []
    save = Figure.savefig

    def keep(figure, *arguments, **options):
        drawn.append(figure)
        save(figure, *arguments, **options | {"dpi": figure.dpi})  # so that extents are in its pixels

    monkeypatch.setattr(Figure, "savefig", keep)
    name = "a set with a name of many words that says where its $1 foregrounds are from, and when"
    named = replace(measure_set(tiny_set), name=name)
    plot_classes([named] * sets)
    plot_distributions(named)
    plot_scatter(named)
    assert len(drawn) == 3
    for figure in drawn:
        width, height = figure.get_window_extent().size
        texts = [text for text in figure.findobj(Text) if len(text.get_text()) > 30]
        for box in (text.get_window_extent() for text in texts):
            assert -1 <= box.x0 < box.x1 <= width + 1
            assert box.y1 <= height + 1
        assert any(name in " ".join(text.get_text().replace("\\$", "$").split()) for text in texts)
