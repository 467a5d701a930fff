"""Intervals and paired comparisons on boards: in the terminal, CSV, Markdown and on the page."""

import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from boards_by_hand import score, scores

from simd.metrics.uncertainty import Estimate, compare
from simd.report.leaderboard.board import group_boards
from simd.report.leaderboard.differences import SHOWN
from simd.report.leaderboard.page import board_page
from simd.report.leaderboard.terminal import print_board, print_scores
from simd.report.leaderboard.text import differences_to_csv, to_csv, to_markdown
from simd.report.numbers import span

SIZES = {"fur": 8, "net": 6, "silk": 3}


def method(name, shift, seed, classes=True):
    """Return scores of 17 foregrounds, two images each, around 5 + shift."""
    rng, hard = np.random.default_rng(seed), np.random.default_rng(0)
    rows = []
    for class_, size in SIZES.items():
        for f in range(size):
            base = 5 + hard.normal()
            for k in range(2):
                value = float(base + shift + 0.1 * rng.normal())
                rows.append(score(f"{class_}-{f}-{k}", class_ if classes else "", value, fg=f"{class_}{f}"))
    return scores(name, rows)


@pytest.fixture
def board():
    return group_boards([method("good", 0, 1), method("twin", 0, 2), method("bad", 2, 3)])[0]


def test_a_board_compares_its_methods_on_the_same_foregrounds(board):
    names = [entry.name for entry in board.entries]
    assert names[2] == "bad"
    pairs = board.comparisons["sad"]
    rows = list(board.images.values())
    columns = {e.name: [e.whole[row.id].sad for row in rows] for e in board.entries}
    expected = compare(columns, [row.class_ for row in rows], [row.fg_id for row in rows])
    forth, back = pairs.differences[0, 2], pairs.differences[2, 0]
    assert forth.estimate.mean == pytest.approx(expected.differences[1].estimate.mean)
    assert forth.p_holm == pytest.approx(expected.differences[1].p_holm)
    assert (back.estimate.low, back.estimate.high) == (-forth.estimate.high, -forth.estimate.low)
    assert pairs.clear(0, 2)
    assert not pairs.clear(0, 1)
    assert sum(pairs.best.values()) == pytest.approx(1)
    assert pairs.best[2] == 0


def lacking(of, count):
    """Return scores without the first images."""
    return replace(of, rows=of.rows[count:], missing={row.id: "gone" for row in of.rows[:count]})


@pytest.mark.parametrize("count", [2, 33])
def test_a_method_that_lacks_images_costs_the_others_nothing(board, count):
    good, twin, bad = (e.scores for e in sorted(board.entries, key=lambda e: "gtb".index(e.name[0])))
    alone, found = group_boards([good, twin])[0], group_boards([good, twin, lacking(bad, count)])[0]
    assert found.comparisons["sad"].differences == alone.comparisons["sad"].differences
    assert [found.rank(entry, "sad") for entry in found.entries] == [1, 1, None]
    page = board_page([found])
    assert "bad: " in page
    assert "It has no rank: the others are compared on 34 images, of which it lacks some." in page
    assert "on 34 images; below zero" in page


def test_where_fewer_than_two_are_complete_the_two_with_most_images_say_on_which_to_compare(board, capsys):
    good, twin, bad = (e.scores for e in sorted(board.entries, key=lambda e: "gtb".index(e.name[0])))
    found = group_boards([lacking(good, 4), lacking(twin, 30), lacking(bad, 2)])[0]
    ranks = {entry.name: found.rank(entry, "sad") for entry in found.entries}
    assert ranks == {"good": 1, "twin": None, "bad": 2}
    assert "on the 30 images that all of them have" in board_page([found])
    assert "| good − bad |" in to_markdown([found])
    print_board([entry.scores for entry in found.entries])
    assert "good − bad" in capsys.readouterr().out
    (row,) = [r for r in csv.DictReader(io.StringIO(differences_to_csv([found]))) if r["metric"] == "sad"]
    assert (row["first"], row["second"], row["images"]) == ("good", "bad", "30")


def test_the_page_has_intervals_and_a_matrix(board):
    page = board_page([board])
    low, high = board.entries[0].estimate("class_mean", "sad").bounds
    assert f'<small class="interval" title="95 % interval">[{low:.2f}, {high:.2f}]</small>' in page
    assert '<small class="interval" title="no interval: fewer than 5 foregrounds">–</small>' in page  # silk
    matrix = re.search(r'<table class="differences">.*?</table>', page, re.DOTALL).group()
    assert matrix.count('<td class="self">') == 3
    assert matrix.count('<td class="better">') == matrix.count('<td class="worse">') == 2
    assert "p &lt; 0.001" in matrix
    assert page.count('<table class="differences">') == 4  # a metric each


def test_without_intervals_the_page_says_why_once():
    few = [scores(name, [score("fur-1", "fur", value)]) for name, value in (("a", 1.0), ("b", 2.0))]
    page = board_page(group_boards(few))
    assert page.count("No comparison: fewer than 5 foregrounds") == 1
    assert "No interval for the class-balanced mean: fewer than 5 foregrounds." in page
    assert "Which differences" not in board_page(group_boards(few[:1]))


def test_images_without_classes_have_an_image_mean_and_no_table_by_class(capsys):
    remarked = replace(method("one", 0, 1, classes=False), remarks=("The classes are unknown.",))
    both = [remarked, method("two", 1, 2, classes=False)]
    board = group_boards(both[::-1])[0]
    assert [entry.name for entry in board.entries] == ["one", "two"]  # by the image mean
    assert board.comparisons["sad"].over == "image_mean"
    page = board_page([board])
    assert "Error by class" not in page
    assert "one: The classes are unknown." in page  # of two methods only one has the remark
    assert "one: The classes" not in board_page(group_boards([remarked]))
    assert '<button type="button" title="the mean of the class means">' not in page
    assert page.count('<fieldset class="choice">') == 1
    assert "SAD by class" not in to_markdown([board])
    print_scores(remarked)
    print_board(both)
    text = capsys.readouterr().out
    assert "The classes are unknown." in text
    assert "lace" not in text
    assert re.search(r"image mean +\none +← ", text)


def test_of_many_methods_all_have_ranks_and_the_best_are_shown_pair_by_pair():
    board = group_boards([method(f"m{i:02}", i / 10, i) for i in range(SHOWN + 2)])[0]
    ranks = [board.rank(entry, "sad") for entry in board.entries]
    assert ranks[0] == 1
    assert ranks[-1] > 10
    assert f"The best {SHOWN} are shown; p is corrected for the pairs of all 14, which" in board_page([board])
    text = to_markdown([board])
    assert "Of 14 methods the pairs of the best 12; all stand in differences.csv." in text
    assert "− m11 |" in text
    assert "− m12 |" not in text
    pairs = [r for r in csv.DictReader(io.StringIO(differences_to_csv([board]))) if r["metric"] == "sad"]
    assert len(pairs) == 14 * 13 / 2


def test_csv_and_markdown_hold_bounds_and_differences(board):
    rows = {(r["method"], r["scope"], r["name"]): r for r in csv.DictReader(io.StringIO(to_csv([board])))}
    name = board.entries[0].name
    bounds = board.entries[0].estimate("class_mean", "mse").bounds
    overall = rows[name, "overall", "class_mean"]
    assert (float(overall["mse_low"]), float(overall["mse_high"])) == bounds  # as it is, not ×10³
    silk = rows[name, "class", "silk"]
    assert (silk["sad_low"], silk["no_interval"]) == ("", "fewer than 5 foregrounds")
    differences = list(csv.DictReader(io.StringIO(differences_to_csv([board]))))
    assert len(differences) == 3 * 4  # pairs × metrics
    worst = next(r for r in differences if r["metric"] == "sad" and r["second"] == "bad")
    assert -2.2 < float(worst["low"]) < float(worst["difference"]) < float(worst["high"]) < -1.8
    text = to_markdown([board])
    assert re.search(rf"\| {name} \| \*\*\d\.\d\d\*\* \[\d\.\d\d, \d\.\d\d\] ", text)
    assert re.search(rf"\| {name} − bad \| \*\*−[12]\.\d\d\*\* \| \[−2\.\d\d, −1\.\d\d\] \| \\< 0.001 ", text)


def test_the_terminal_shows_intervals_within_100_columns(board, capsys):
    print_scores(board.entries[0].scores)
    print_board([entry.scores for entry in board.entries])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"fur +16 / 8 +\d\.\d\d +\d\.\d\d–\d\.\d\d ", text)
    assert re.search(r"silk +6 / 3 +\d\.\d\d +– ", text)
    assert re.search(r"  95 % +\d\.\d\d–\d\.\d\d ", text)
    assert re.search(r"− bad +−[12]\.\d\d +\[−2\.\d\d, −1\.\d\d\] +< 0\.001 ", text)


def test_an_absent_interval_is_a_dash():
    assert span(Estimate(1.0, None, None, 2, 2, "why"), "sad") == "–"


def test_a_class_with_a_single_foreground_is_left_out_and_named(capsys):
    methods = [method("good", 0, 1), method("bad", 2, 3)]
    lone = [replace(of, rows=(*of.rows, score("lace-1", "lace", 1.0 + i))) for i, of in enumerate(methods)]
    board = group_boards(lone)[0]
    assert board.comparisons["sad"].left_out == ("lace",)
    assert board.comparisons["sad"].clear(0, 1)
    page = board_page([board])
    assert "Without lace, which has a single foreground." in page
    assert "Pairs are compared over the other classes. Without lace" in to_markdown([board])
    print_board(lone)
    text = " ".join(capsys.readouterr().out.split())
    assert "Pairs are compared over the other classes. Without lace, which has a single foreground." in text
    assert "Foregrounds a class: 1 to 8. Methods are compared on the same foregrounds within classes" in text
    assert "← 4" in text  # what the test bears


def test_an_order_that_the_test_does_not_bear_is_not_marked(capsys):
    print_board([method("good", 0, 1), method("twin", 0, 2), method("bad", 2, 3)])
    text = capsys.readouterr().out
    means = text[text.index("class-balanced mean") : text.index("image mean")]
    assert re.search(r"good +≈ \d", means)
    assert re.search(r"twin +≈ \d", means)
    assert re.search(r"bad +\d", means)
    assert "←" not in means


def in_a_chain(extra=()):
    """Return three methods on 12 foregrounds of fur: A and B, and B and C cannot be told apart, A and C can.

    B - A is 0.5 + 1.2 u and C - A is 1 + 0.9 v, where u and v are 1 and -1 six times each and orthogonal, so
    that their standard deviation is sqrt(12 / 11) = 1.044. Student's t with 11 degrees of freedom:
    A, B: 0.5 / (1.2 * 1.044 / sqrt(12)) = 1.38, p = 0.19; A, C: 1 / (0.9 * 1.044 / sqrt(12)) = 3.69,
    p = 0.0036, by Holm 0.011; B, C: 0.5 / (1.5 * 1.044 / sqrt(12)) = 1.11, p = 0.29.
    """
    u, v = np.tile([1, -1], 6), np.tile([1, 1, -1, -1], 3)
    columns = {"A": np.full(12, 5.0), "B": 5.5 + 1.2 * u, "C": 6 + 0.9 * v}
    return [
        scores(
            name,
            [
                *(score(f"fur-{i}", "fur", float(sad)) for i, sad in enumerate(column)),
                *(score(f"{other}-1", other, 100.0) for other in extra),
            ],
        )
        for name, column in columns.items()
    ]


def test_ranks_count_the_methods_that_are_better_by_the_test(capsys):
    methods = in_a_chain()
    board = group_boards(methods)[0]
    pairs = board.comparisons["sad"]
    p = {f"{a}{b}": d.p for (a, b), d in pairs.differences.items() if a < b}
    assert p == {"01": pytest.approx(0.195, abs=2e-3), "02": pytest.approx(0.0036, abs=1e-4), "12": p["12"]}
    assert pairs.differences[0, 2].p_holm == pytest.approx(3 * p["02"])
    assert [board.rank(entry, "sad") for entry in board.entries] == [1, 1, 2]  # not 1, 2, 3
    rows = {r["method"]: r for r in csv.DictReader(io.StringIO(to_csv([board]))) if r["name"] == "class_mean"}
    assert [rows[name]["sad_rank"] for name in "ABC"] == ["1", "1", "2"]
    assert "| C | 2 | 6.00 " in to_markdown([board])
    print_board(methods)
    text = capsys.readouterr().out
    assert re.search(r"^C +2 +12 ", text, re.MULTILINE)
    assert "methods that cannot be told apart" in " ".join(text.split())
    page = board_page([board])
    assert re.search(r"<b>C</b><small>1</small></th><td class=\"\" data-value=\"2\">2</td>", page)


def test_a_class_with_a_single_foreground_is_left_out_and_the_heading_says_so(capsys):
    methods = in_a_chain(extra=("net", "lace"))
    board = group_boards(methods)[0]
    assert [board.rank(entry, "sad") for entry in board.entries] == [1, 1, 2]
    difference = board.comparisons["sad"].differences[0, 2]
    assert difference.estimate.mean == pytest.approx(-1)  # over fur alone, the class that allows it
    print_board(methods)
    assert "without lace, net" in capsys.readouterr().out.replace("\n", " ")
    assert "Which differences are more than chance, without lace, net?" in board_page([board])
    assert "| SAD, class-balanced mean, without lace, net |" in to_markdown([board])
    (row, *_) = csv.DictReader(io.StringIO(differences_to_csv([board])))
    assert row["left_out"] == "lace net"


def test_a_class_says_what_difference_its_foregrounds_can_show():
    board = group_boards(in_a_chain(extra=("net",)))[0]
    # Neighbours spread by 1.2 * 1.044 and 1.5 * 1.044, their median is 1.410; t of 11 degrees of freedom
    # needs a noncentrality of 3.078 (test_power.py): 3.078 * 1.410 / sqrt(12) = 1.253.
    assert board.resolvable("fur", "sad") == pytest.approx(1.253, abs=1e-3)
    assert np.isnan(board.resolvable("net", "sad"))
    rows = {r["name"]: r for r in csv.DictReader(io.StringIO(to_csv([board]))) if r["scope"] == "class"}
    assert float(rows["fur"]["grad_can_show"]) == pytest.approx(2 * 1.253, abs=2e-3)
    assert rows["net"]["sad_can_show"] == rows["lace"]["sad_can_show"] == ""
    assert "| fur | 12 / 12 | 1.25 |" in to_markdown([board])
    assert "shows 1.25</small>" in board_page([board])


def test_what_a_class_can_show_is_measured_between_neighbours_by_the_same_metric():
    # By SAD the neighbours are A B and B C, by Grad A C and C B. The spreads of their differences are by
    # hand: SAD of u and v as in a chain; Grad of A - C and C - B.
    u, v = np.tile([1.0, -1.0], 6), np.tile([1.0, 1.0, -1.0, -1.0], 3)
    sad = {"A": np.full(12, 5.0), "B": 5.5 + 1.2 * u, "C": 6 + 0.9 * v}
    grad = {"A": np.full(12, 5.0), "B": 7 + 0.2 * u, "C": 6 + 0.2 * u + 0.5 * v}
    methods = [
        scores(
            name,
            [
                replace(score(f"fur-{i}", "fur", float(sad[name][i])), grad=float(grad[name][i]))
                for i in range(12)
            ],
        )
        for name in "ABC"
    ]
    board = group_boards(methods)[0]
    # A - C spreads by sqrt(0.04 + 0.25) * 1.044 = 0.5625, C - B by 0.5 * 1.044 = 0.5222; median 0.5424;
    # times 3.078 / sqrt(12) as above: 0.482. (By SAD's order it would be A - B, 0.209, and 0.522: 0.325.)
    assert board.resolvable("fur", "grad") == pytest.approx(0.482, abs=1e-3)
    assert board.resolvable("fur", "sad") == pytest.approx(1.253, abs=1e-3)
