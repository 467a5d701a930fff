"""The images that every method solved itself, and where a method stands that lacks some."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import pytest
from boards_by_hand import score, scores

from simd.report.leaderboard.board import group_boards
from simd.report.leaderboard.terminal import print_board
from simd.report.leaderboard.text import to_csv, to_markdown


def method(name, fur, net, *, fallback="", missing=()):
    """Return scores on two furs and a net; those of `missing` are left out."""
    rows = [score("fur-1", "fur", fur), score("fur-2", "fur", fur)]
    rows.append(score("net-1", "net", net, fallback=fallback))
    kept = [row for row in rows if row.id not in missing]
    return replace(scores(name, kept), missing=dict.fromkeys(missing, "no file"))


def turned():
    """Return two methods whose order is that of their one fallback: 15.5 and 6 over all, 1 and 2 solved."""
    return [method("careful", 1.0, 30.0, fallback="no known foreground"), method("rough", 2.0, 10.0)]


def order(board):
    return [entry.name for entry in board.entries]


def test_the_means_of_solved_images_have_an_order_of_their_own():
    (board,) = group_boards(turned())
    assert order(board) == ["rough", "careful"]  # 6 and 15.5
    assert sorted(row.id for row in board.solved) == ["fur-1", "fur-2"]
    rough, careful = board.placings
    assert (rough.place, rough.solved.sad, rough.solved_place, rough.text) == (1, 2.0, 2, "2 ▼")
    assert (careful.place, careful.solved.sad, careful.solved_place, careful.text) == (2, 1.0, 1, "1 ▲")


def test_the_terminal_the_csv_and_markdown_show_both_orders(capsys):
    boards = group_boards(turned())
    print_board(turned())
    out = " ".join(capsys.readouterr().out.split())
    assert "SAD of 2" in out  # above: solved by all
    assert "1.00 (1 ▲)" in out
    assert (
        "Solved by all: the class-balanced mean over the 2 images, 1 class, of which every method has a "
        "matte of its own, with its own order; rough is number 2 there and number 1 over all; careful is "
        "number 1 there and number 2 over all." in out
    )
    solved = [row for row in csv.DictReader(to_csv(boards).splitlines()) if row["scope"] == "solved"]
    assert [(r["method"], r["images"], r["sad"], r["name"]) for r in solved] == [
        ("rough", "2", "2.0", "class_mean"),
        ("careful", "2", "1.0", "class_mean"),
    ]
    text = to_markdown(boards)
    assert "| SAD, solved by all (2 images, 1 class) |" in text
    assert "| 2.00 (2 ▼) |" in text


def test_where_all_solved_all_nothing_is_said_twice(capsys):
    complete = [method("careful", 1.0, 3.0), method("rough", 2.0, 10.0)]
    (board,) = group_boards(complete)
    assert not board.shows_solved
    print_board(complete)
    assert "solved" not in capsys.readouterr().out
    assert "solved" not in to_markdown([board]) + to_csv([board])
    (alone,) = group_boards(turned()[:1])
    assert not alone.shows_solved  # its fallbacks are told, and there is nobody to compare with


def test_where_nothing_was_solved_by_all_there_is_a_dash():
    furs = [score("fur-1", "fur", 1.0, fallback="out of memory"), score("fur-2", "fur", 2.0)]
    others = [score("fur-1", "fur", 1.0), score("fur-2", "fur", 2.0, fallback="out of memory")]
    (board,) = group_boards([scores("a", furs), scores("b", others)])
    assert [placing.text for placing in board.placings] == ["", ""]
    text = to_markdown([board])
    assert "| SAD, solved by all (0 images, 0 classes) |" in text
    assert "No image was solved by every method, so there is no mean over such images." in text


def test_equal_methods_share_a_place():
    (board,) = group_boards([method("a", 1.0, 3.0, fallback="slow"), method("b", 1.0, 3.0)])
    assert [placing.text for placing in board.placings] == ["1", "1"]


@pytest.mark.parametrize("names", [("a", "z"), ("z", "a")])
def test_a_method_that_lacks_images_never_stands_first(run_cli, tmp_path, names):
    lacking, complete = names
    files = [
        method(lacking, 0.5, 0.5, missing=("net-1",)).save(tmp_path / lacking)[1],
        method(complete, 2.0, 10.0).save(tmp_path / complete)[1],
    ]
    done = run_cli("leaderboard", *files, "--out", tmp_path / "board")
    assert done.code == 0, done.err
    out = re.sub(r"\s+", " ", done.out)
    means = out[out.index("class-balanced mean") :]
    assert means.index(f" {complete} ") < means.index(f" {lacking} ")
    assert "1 of 3 images have no usable matte" in out
    page, table, text = (
        Path(tmp_path / "board" / name).read_text()
        for name in ("index.html", "leaderboard.csv", "leaderboard.md")
    )
    assert re.findall(r'<tr( data-last)?><th scope="row"><b>(\w)</b>', page)[:2] == [
        ("", complete),
        (" data-last", lacking),
    ]
    assert next(csv.DictReader(table.splitlines()))["method"] == complete
    assert text.index(f"| {complete} |") < text.index(f"| {lacking} |")
    assert "SAD, 2 images, 1 class</button>" in page
