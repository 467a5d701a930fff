"""Figures that others have printed: as printed, in tables of one protocol, never among ours."""

import json
import re
from pathlib import Path

import pytest
from boards_by_hand import two_methods

from simd.errors import DataError
from simd.report.leaderboard.reported import read_reported, read_table, reported_boards
from simd.report.leaderboard.write import write_leaderboard

TABLE = """
title = "Mine"
board = "mine"
what = "method"
set = "a set"
protocol = "a protocol"
region = "unknown region"
trimaps = "supplied"
columns = ["SAD", "Grad"]

[rows]
source = "A Paper, 2020"

[[row]]
name = "ours"
values = "28.0 -"
mattes = "float"

[[row]]
name = "theirs"
values = "30.50 1.5"
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TABLE)
    return path


def test_figures_keep_the_digits_they_were_printed_with(table):
    reported = read_table(table)
    assert reported.heads == ("method", "SAD", "Grad", "mattes")
    assert reported.cells == [("ours", "28.0", "–", "float"), ("theirs", "30.50", "1.5", "unknown")]
    assert reported.about[1] == ("set a set, protocol a protocol, region unknown region, trimaps supplied.")
    assert reported.about[2] == "trained on: unknown; source: A Paper, 2020; date: unknown."


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"28.0 -"', '"28.0"', "the row 'ours' has 1 figures, the table 2 columns (SAD, Grad); write -"),
        ('"28.0 -"', '"28.0 nan"', "the key 'row[0].values' must be figures and dashes"),
        ('"theirs"', '"ours"', "two rows are called 'ours'"),
        ("[rows]", "[lines]", ""),
        ('trimaps = "supplied"', "", "the key 'trimaps' is missing"),
        (
            'mattes = "float"',
            'region = "whole image"',
            "the row 'ours' is of another region (whole image) than its table (unknown region): such figures",
        ),
        ('mattes = "float"', 'protocol = "b"', "is of another protocol (b) than its table (a protocol)"),
    ],
)
def test_what_does_not_belong_into_a_table_is_refused_with_the_reason(table, old, new, message):
    assert TABLE.count(old) == 1
    table.write_text(TABLE.replace(old, new))
    if not message:
        assert read_table(table).rows[0].source == "unknown"
        return
    with pytest.raises(DataError, match=re.escape(message)):
        read_table(table)


def test_the_tables_of_the_paper_hold_its_figures():
    by_what = {}
    for each in read_reported("simd"):
        by_what.setdefault(each.what, []).append(each)
    methods, ranks, other = by_what["method"]
    assert methods.cells[3][:5] == ("SIM", "27.87", "4.7", "11.57", "20.83")
    assert ranks.cells[-1][1:5] == ("2.5", "2.6", "1.8", "3")
    assert other.protocol == "unknown"  # AEMatter's page does not say which composites it scored
    (classes,) = by_what["class"]
    # The means of the classes, weighted by the foregrounds that each has, are the headline of Table 1.
    counts = [int(row.values[0]) for row in classes.rows]
    assert sum(counts) == 89
    for column, printed in zip(range(1, 5), (48.07, 51.29, 39.28, 27.87), strict=True):
        values = [float(row.values[column]) for row in classes.rows]
        mean = sum(v * n for v, n in zip(values, counts, strict=True)) / 89
        assert mean == pytest.approx(printed, abs=0.02)
    (ablation,) = by_what["arm"]
    assert ablation.cells[-1][1:5] == methods.cells[3][1:5]


def test_every_shipped_table_is_read_and_says_where_its_figures_are_from():
    names = reported_boards()
    assert {"simd", "composition-1k", "aim-500", "p3m-500", "distinctions-646"} <= set(names)
    for name in names:
        protocols = [
            (t.set, t.protocol, t.region, t.trimaps) for t in read_reported(name) if t.what == "method"
        ]
        assert len(set(protocols)) == len(protocols)  # one table for each
        for each in read_reported(name):
            assert all(row.source != "unknown" for row in each.rows)


def test_levels_are_part_of_a_row():
    (script, other) = read_reported("composition-1k")
    levels = {row.name: row.mattes for row in script.rows if row.name.startswith("AEMatter")}
    assert levels["AEMatter"] == "8-bit"
    assert levels["AEMatter, not rounded"] == "float"
    assert other.cells[0][:2] == ("GCA", "37.84")


def test_the_command_shows_them_without_any_set(run_cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_cli("leaderboard", "--reported", "simd")
    assert (done.code, done.err) == (0, "")
    assert "Mean ranks at alphamatting.com (Table 4) (reported)" in done.out
    assert re.search(r"^spider_web +3 +145.57 +145.62 +107.14 +63.79$", done.out, re.MULTILINE)
    assert max(map(len, done.out.splitlines())) <= 100
    assert not list(tmp_path.iterdir())
    done = run_cli("leaderboard", "--reported", "simd", "--json")
    assert json.loads(done.out)["reported"][0]["rows"][0]["values"] == ["48.07", "15.0", "31.67", "46.26"]
    done = run_cli("leaderboard", "--reported", "smid")
    assert done.code == 1
    assert "did you mean 'simd'?" in done.err


def test_beside_scores_they_stand_in_tables_of_their_own(table, tmp_path):
    page, _, text, _ = write_leaderboard(two_methods(), tmp_path / "board", reported=[str(table)])
    markdown = text.read_text()
    own, _, others = markdown.partition("## Mine (reported)")
    assert "theirs" not in own
    assert "| theirs | 30.50 | 1.5 | unknown |" in others
    assert "plain" not in others
    assert '<section class="board reported"><header><h2>Mine <small>reported</small></h2>' in page.read_text()
    alone = write_leaderboard([], tmp_path / "alone", reported=[str(table)])
    assert "Reported by others, not measured here" in alone[0].read_text()
    assert Path(alone[1]).read_text().count("\n") == 1
