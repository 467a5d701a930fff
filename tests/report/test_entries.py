"""Entries: made of scores, read back, and every figure checked again from the mattes."""

import csv
import json
import re
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from boards_by_hand import predict_a_constant, two_methods, write_tiny_set
from hypothesis import given
from hypothesis import strategies as st

from simd.composition.build import build
from simd.dataset.manifest import load_set
from simd.dataset.predictions import RunRecord, write_run
from simd.errors import DataError
from simd.image import write_png
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.report.entries.card import FACTS, EntryCard, card_text, read_card
from simd.report.entries.check import check_entry
from simd.report.entries.files import Correction, check_names, make_entry, read_entries, read_entry
from simd.report.leaderboard.board import group_boards
from simd.report.leaderboard.write import write_leaderboard
from simd.taxonomy import annotations_dir

ENTRIES = Path(__file__).parent.parent.parent / "benchmarks" / "leaderboard"
CARD = EntryCard(
    **{"name": "mine", "set": "tiny", "protocol": "exact", "set_digest": "a" * 64},
    **{"trimaps_digest": "b" * 64, "simd_version": "0.1.0", "scores_sha256": "c" * 64},
)


@pytest.fixture
def tiny(tmp_path):
    """Return the set, mattes of level 204 and their scores; by hand SAD is 0.256 * 51 / 255 = 0.0512."""
    matting_set = write_tiny_set(tmp_path / "set")
    predict_a_constant("mine", 204, matting_set, tmp_path / "mattes")
    write_run(tmp_path / "mattes", RunRecord(method="mine", version="2", checkpoint_digest="d" * 64))
    evaluate(tmp_path / "mattes", tmp_path / "set", out=tmp_path / "scores" / "mine")
    return tmp_path


@pytest.fixture
def entry(tiny):
    return make_entry(tiny / "scores" / "mine", tiny / "entries" / "mine", facts={"code": "https://a.org/b"})


def schema():
    path = annotations_dir() / "schema" / "entry-1.schema.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


def spoil(path, old, new):
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))


def test_an_entry_holds_the_scores_and_says_what_was_scored(tiny, entry):
    card, folder = entry.card, tiny / "entries" / "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["card.toml", "scores.csv", "scores.json"]
    assert (folder / "scores.csv").read_bytes() == (tiny / "scores" / "mine.csv").read_bytes()
    assert (card.name, card.version, card.weights_sha256) == ("mine", "2", "d" * 64)
    assert (card.set, card.region, card.mattes, card.code) == ("tiny", "unknown", "8-bit", "https://a.org/b")
    assert card.set_digest == entry.scores.set["digest"]
    assert (card.paper, card.trained_on, card.contact) == ("unknown", ("unknown",), "none")
    assert [row.sad for row in entry.scores.rows] == pytest.approx([0.0512] * 4)
    assert str(tiny) not in "".join(path.read_text() for path in folder.iterdir())


def test_mattes_finer_than_8_bits_are_said_on_the_card_and_on_the_board(tiny):
    for number, path in enumerate(sorted((tiny / "mattes").glob("*.png"))):
        cv2.imwrite(str(path), np.full((48, 48), 204 * 257, np.uint16))
        kinds = make_entry(tiny / "scores" / "mine", tiny / "entry").card.mattes
        assert kinds == ("mixed", "float")[number]
    board = write_leaderboard([read_entry(tiny / "entry")], tiny / "board")[2].read_text()
    assert "mine: its mattes are finer than 8 bits, and are not rounded." in board


def test_made_again_it_keeps_what_its_makers_have_filled_in(tiny, entry):
    folder = tiny / "entries" / "mine"
    spoil(folder / "card.toml", 'licence = "unknown"', 'licence = "MIT"')
    spoil(folder / "card.toml", 'paper = "unknown"', 'paper = "Ours, 2026"')
    made = make_entry(tiny / "scores" / "mine", folder, facts={"bibtex": "@article{\n  a,\n}"})
    assert (made.card.paper, made.card.weights_licence, made.card.code) == (
        *("Ours, 2026", "MIT", "https://a.org/b"),
    )
    assert made.card.bibtex == "@article{\n  a,\n}"
    write_run(tiny / "mattes", RunRecord(method="mine", version="2", checkpoint_digest="e" * 64))
    other = make_entry(tiny / "scores" / "mine", folder).card
    assert (other.weights_sha256, other.weights_licence) == ("e" * 64, "unknown")  # stated of other weights


def test_every_figure_is_computed_again(tiny, entry):
    done = check_entry(entry.folder, tiny / "mattes", tiny / "set")
    assert (done.recomputed, done.differences) == (4, ())  # two images, each whole and its class
    assert check_entry(entry.folder).recomputed == 0


def rewrite(entry, change):
    """Change a row of an entry and all that is derived from it, as somebody who wants to be believed."""
    rows = [replace(row, **change(row)) for row in entry.scores.rows]
    forged = replace(entry.scores, rows=tuple(rows), paths={})
    forged.save(entry.folder / "forged")
    for suffix in (".csv", ".json"):
        shutil.move(entry.folder / f"forged{suffix}", entry.folder / f"scores{suffix}")
    digest = json.loads((entry.folder / "scores.json").read_text())["rows_sha256"]
    (entry.folder / "card.toml").write_text(card_text(replace(entry.card, scores_sha256=digest)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: {"sad": row.sad * 0.99}, r"fur-00000001, region unknown: sad is 0.0506\d*, computed ag"),
        (lambda row: {"fallback": "out of memory"}, "fallback is 'out of memory', computed again ''"),
        (lambda row: {"fg_id": "dog"}, "fg_id is 'dog', computed again 'cat.png'"),
    ],
)
def test_a_forged_row_that_agrees_with_its_means_is_found_by_the_mattes(tiny, entry, change, message):
    rewrite(entry, change)
    assert check_entry(entry.folder).differences == ()
    differences = check_entry(entry.folder, tiny / "mattes", tiny / "set").differences
    assert len(differences) == 4
    assert any(re.search(message, line) for line in differences)


def test_mattes_of_others_levels_and_weights_are_found(tiny, entry):
    write_run(tiny / "mattes", RunRecord(method="mine", version="2", checkpoint_digest="e" * 64))
    (difference,) = check_entry(entry.folder, tiny / "mattes", tiny / "set").differences
    assert difference.startswith("card.toml: weights_sha256 is 'dddd")


def test_a_missing_matte_that_an_entry_hides_is_found(tiny):
    next((tiny / "mattes").glob("fur*.png")).unlink()
    evaluate(tiny / "mattes", tiny / "set", out=tiny / "scores" / "mine")
    entry = make_entry(tiny / "scores" / "mine", tiny / "entries" / "mine")
    assert check_entry(entry.folder, tiny / "mattes", tiny / "set").differences == ()
    rewrite(replace(entry, scores=replace(entry.scores, missing={})), unchanged)
    assert check_entry(entry.folder).differences == ()
    (difference,) = check_entry(entry.folder, tiny / "mattes", tiny / "set").differences
    assert difference.startswith("fur-00000001: has no usable matte (")


@pytest.mark.parametrize(("key", "value"), [("version", "3"), ("seconds_per_image", 0.001)])
def test_a_forged_version_or_time_is_found_by_run_json(tiny, entry, key, value):
    scores, card = (replace(each, **{key: value}) for each in (entry.scores, entry.card))
    rewrite(replace(entry, scores=scores, card=card), unchanged)
    (difference,) = check_entry(entry.folder, tiny / "mattes", tiny / "set").differences
    assert difference.startswith(f"card.toml: {key} is {value!r}, by the mattes and their run.json it is ")


def test_without_run_json_a_card_may_state_neither_version_nor_time(tiny, entry):
    (tiny / "mattes" / "run.json").unlink()
    (difference,) = check_entry(entry.folder, tiny / "mattes", tiny / "set").differences
    assert difference.startswith("card.toml: version is '2', and the mattes have no run.json to check it by")
    evaluate(tiny / "mattes", tiny / "set", out=tiny / "scores" / "mine", name="mine")
    again = make_entry(tiny / "scores" / "mine", entry.folder)
    assert (again.card.version, again.card.seconds_per_image) == ("unknown", None)
    assert check_entry(entry.folder, tiny / "mattes", tiny / "set").differences == ()


def unchanged(_row):
    """Change nothing of a row."""
    return {}


def test_what_its_makers_left_open_is_no_difference_and_unknown_mattes_are_one(tiny, entry):
    record = RunRecord(method="mine", version="2", checkpoint_digest="d" * 64, trained_on=("a/b",))
    write_run(tiny / "mattes", record)
    assert entry.card.trained_on == ("unknown",)
    assert check_entry(entry.folder, tiny / "mattes", tiny / "set").differences == ()
    spoil(entry.folder / "card.toml", 'mattes = "8-bit"', 'mattes = "unknown"')
    (difference,) = check_entry(entry.folder, tiny / "mattes", tiny / "set").differences
    assert difference == "card.toml: mattes is 'unknown', by the mattes and their run.json it is '8-bit'"


def test_an_interval_edited_by_hand_is_found(entry):
    summary = json.loads((entry.folder / "scores.json").read_text())
    summary["intervals"]["class_mean"]["reason"] = None
    (entry.folder / "scores.json").write_text(json.dumps(summary))
    assert check_entry(entry.folder).differences == (
        "scores.json: intervals.class_mean.reason does not follow from the rows",
    )


EDITS = [
    ("scores.csv", "0.0512", "0.0511", "scores.csv: is not the file that scores.json was written with"),
    ("scores.json", '"sad": 0.0512', '"sad": 0.0511', "image_mean.sad of these rows is not the one in"),
    ("card.toml", 'name = "mine"', 'name = "yours"', "card.toml: name is 'yours', that of the scores is"),
    ("card.toml", 'region = "unknown"', 'region = "whole"', "card.toml: region is 'whole', that of the"),
    ("card.toml", "metrics_version = 2", "metrics_version = 1", "metrics_version is 1, that of the scores"),
    ("card.toml", "metrics_version = 2", "metrics_version = 9", "must be a whole number in 1..2"),
    ("card.toml", 'mattes = "8-bit"', 'mattes = "6-bit"', "the key 'scored.mattes' must be '8-bit', 'float'"),
    ("card.toml", "[weights]", "[weight]", "the key 'weights' is missing"),
    ("card.toml", "version = 1", "version = 1 1", "card.toml: is not TOML"),
    ("card.toml", '"none"', "7", "the key 'method.contact' must be a name, a text that is not empty, this"),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), EDITS)
def test_an_entry_edited_by_hand_is_refused(entry, file, old, new, message):
    spoil(entry.folder / file, old, new)
    with pytest.raises(DataError) as raised:
        read_entry(entry.folder)
    assert message in str(raised.value)
    assert str(entry.folder) in str(raised.value)


def test_another_set_or_other_trimaps_are_refused(tiny, entry):
    write_tiny_set(tiny / "other", classes=("fur", "lace"))
    with pytest.raises(DataError, match=r"run\.json|its digest is"):
        check_entry(entry.folder, tiny / "mattes", tiny / "other")
    with pytest.raises(DataError, match="a set without mattes"):
        check_entry(entry.folder, None, tiny / "set")


def test_two_entries_of_one_name_are_refused_and_on_two_sets_allowed(tiny, entry):
    shutil.copytree(entry.folder, tiny / "entries" / "copy")
    with pytest.raises(DataError, match=r"mine: is called 'mine' as is .*copy, and both are on the set tiny"):
        read_entries(tiny / "entries")
    shutil.rmtree(tiny / "entries" / "copy")
    other = write_tiny_set(tiny / "other", classes=("fur", "lace"))
    predict_a_constant("mine", 204, other, tiny / "others")
    evaluate(tiny / "others", tiny / "other", name="mine", out=tiny / "scores" / "other")
    make_entry(tiny / "scores" / "other", tiny / "entries" / "other")
    entries, failures = read_entries(tiny / "entries")
    assert failures == {}
    assert len(group_boards(entries)) == 2


def test_rows_of_two_versions_of_the_metrics_never_share_a_table():
    ours, plain = two_methods()
    boards = group_boards([ours, replace(plain, metrics_version=1)])
    assert [board.set["name"] for board in boards] == ["tiny", "tiny, metrics version 1"]


def test_scores_of_an_earlier_version_make_no_entry(tiny):
    spoil(tiny / "scores" / "mine.json", '"metrics_version": 2', '"metrics_version": 1')
    with pytest.raises(DataError, match="was scored with metrics version 1, entries are made with 2"):
        make_entry(tiny / "scores" / "mine", tiny / "entry")
    assert not (tiny / "entry").exists()


texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)


@given(
    st.dictionaries(st.sampled_from(sorted(set(FACTS) - {"trained_on", "weights_sha256"})), texts),
    st.lists(texts),
)
def test_any_card_is_read_as_it_was_written(facts, trained_on):
    card = replace(CARD, **facts, trained_on=tuple(trained_on))
    content = tomllib.loads(card_text(card))
    assert schema().is_valid(content)
    assert tuple(content["method"]["trained_on"]) == card.trained_on
    assert content["method"]["bibtex"] == card.bibtex
    assert content["weights"]["licence"] == card.weights_licence


WRONG = (None, True, -1, 0.5, 7, "text", "", " ", [], ["x", 3], [""], {}, "A" * 64, "whole")


def test_the_schema_and_the_reader_refuse_the_same(tmp_path):
    content = json.loads(json.dumps(tomllib.loads(card_text(replace(CARD, seconds_per_image=0.5)))))
    path, refused = tmp_path / "card.toml", 0
    for table, keys in {
        None: content,
        **{t: content[t] for t in ("method", "weights", "run", "scored")},
    }.items():
        for key in keys:
            for value in WRONG:
                spoilt = json.loads(json.dumps(content))
                (spoilt if table is None else spoilt[table])[key] = value
                if value is None:
                    del (spoilt if table is None else spoilt[table])[key]
                path.write_text(as_toml(spoilt))
                valid = schema().is_valid(spoilt)
                if key == "metrics_version" and value == 7:
                    valid = False  # of a later simd, which this one cannot know
                refused += not valid
                reason = refusal(path)
                assert valid == (reason == ""), (key, value, reason)
                assert valid or key in reason or table in reason
    assert refused > 150


def refusal(path):
    """Return why a card is refused; "" if it is not."""
    try:
        read_card(path)
    except DataError as error:
        return str(error)
    return ""


def as_toml(content):
    """Return tables as TOML of inline values, which need no order."""

    def inline(value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {inline(inner)}" for key, inner in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(inline, value)) + "]"
        return json.dumps(value)

    return "\n".join(f"{key} = {inline(value)}" for key, value in content.items())


def test_the_commands_make_check_and_show_an_entry(tiny, run_cli, monkeypatch):
    monkeypatch.chdir(tiny)
    done = run_cli("entry", "make", "scores/mine", "--fact", "paper=Ours, 2026", "--fact", "trained_on=none")
    assert (done.code, done.err) == (0, "")
    assert "entries/tiny/mine/card.toml" in done.out
    assert 'says "unknown" of method.code, method.bibtex, weights.licence, run.hardware: fill' in done.out
    folder = Path("entries/tiny/mine")
    done = run_cli("entry", "check", folder, "mattes", "set")
    assert done.out == "mine on tiny: all 4 scores are what the mattes give\n"
    done = run_cli("leaderboard", "--entries", "entries", "--out", "board", "--json")
    assert json.loads(done.out)["methods"][0]["method"] == "mine"
    page = Path("board/index.html").read_text()
    assert "Ours, 2026" in page
    assert "<td>nothing</td>" in page
    write_png(next(Path("mattes").glob("fur*.png")), np.full((48, 48), 255, np.uint8))
    done = run_cli("entry", "check", folder, "mattes", "set")
    assert done.code == 1
    assert "2 figures differ: fur-00000001, region unknown: sad is 0.051" in done.err


def test_a_broken_entry_is_named_and_the_others_stand_on_the_board(tiny, entry, run_cli, monkeypatch):
    monkeypatch.chdir(tiny)
    shutil.copytree(entry.folder, tiny / "entries" / "torn")
    (tiny / "entries" / "torn" / "scores.json").unlink()
    done = run_cli("leaderboard", "--entries", "entries", "--out", "board")
    assert done.code == 1
    assert "1 of 2 entries" in done.err
    assert "torn: lacks scores.json" in done.err
    assert Path("board/leaderboard.csv").is_file()
    shutil.rmtree(entry.folder)
    assert "torn: lacks scores.json" in run_cli("leaderboard", "--entries", "entries").err
    assert "holds no entry" in run_cli("leaderboard", "--entries", "scores").err
    assert "nothing to show" in run_cli("leaderboard").err


@pytest.mark.parametrize("fact", ["code", "=x", "colour=red", "code=", "code= "])
def test_a_fact_that_is_none_is_refused(tiny, run_cli, fact):
    done = run_cli("entry", "make", tiny / "scores" / "mine", "--out", tiny / "e", "--fact", fact)
    assert done.code == 1
    assert f"the fact {fact!r} must be KEY=VALUE, with a key of code, paper, bibtex" in done.err


@pytest.mark.skipif(not ENTRIES.is_dir(), reason="benchmarks/ is in the repository only")
def test_every_entry_of_the_repository_is_whole():
    entries, failures = read_entries(ENTRIES)
    assert failures == {}
    assert len(entries) >= 9
    for entry in entries:
        assert check_entry(entry.folder).differences == (), entry.folder
        assert (entry.folder / "scores.csv").stat().st_size < 500_000
        schema().validate(tomllib.loads((entry.folder / "card.toml").read_text()))


@pytest.mark.skipif(not ENTRIES.is_dir(), reason="benchmarks/ is in the repository only")
@pytest.mark.parametrize(
    ("method", "id_"),
    [
        ("trimap", "lace-08495b4e"),
        *(
            pytest.param(method, "sharp-43a9ed9a", marks=pytest.mark.slow)  # numba compiles it
            for method in ("closed-form", "shared")
        ),
    ],
)
def test_a_part_of_the_entries_comes_out_the_same(tmp_path, method, id_):
    with (ENTRIES / "simd-open-mini" / method / "scores.csv").open(newline="") as lines:
        stored = {row["region"]: row for row in csv.DictReader(lines) if row["id"] == id_}
    assert "unknown" in stored
    build(tmp_path / "set", spec="simd-open-mini", only=[id_])
    predict(method, tmp_path / "set", tmp_path / "mattes")
    rows = evaluate(tmp_path / "mattes", tmp_path / "set").scores.rows
    assert {row.region for row in rows} == stored.keys()
    for row in rows:
        for metric in ("sad", "mse", "grad", "conn"):
            assert getattr(row, metric) == pytest.approx(float(stored[row.region][metric]), rel=1e-6)


@pytest.fixture
def earlier(tiny, entry):
    """Make the entry one of version 1 of the metrics, whose SAD was half of what it is now."""
    rewrite(entry, lambda row: {"sad": row.sad / 2})
    spoil(entry.folder / "card.toml", "metrics_version = 2", "metrics_version = 1")
    spoil(entry.folder / "scores.json", '"metrics_version": 2', '"metrics_version": 1')
    spoil(entry.folder / "card.toml", 'paper = "unknown"', 'paper = "Ours, 2026"')
    (tiny / "all").mkdir()
    shutil.move(tiny / "mattes", tiny / "all" / "mine")
    (tiny / "sets").mkdir()
    shutil.copytree(tiny / "set", tiny / "sets" / "tiny")
    return tiny


def test_entries_of_an_earlier_version_are_renewed_and_say_what_has_changed(earlier, run_cli):
    command = ("entry", "rescore", earlier / "entries", "--predictions", earlier / "all", "--sets")
    done = run_cli(*command, earlier / "sets", "--workers", 1)
    assert done.code == 0, done.err
    line = "scored again, metrics version 1 to 2: sad 0.0256 to 0.0512 (class-balanced mean; 4 scores differ)"
    assert f"mine: {line}" in done.out
    made = read_entry(earlier / "entries" / "mine")
    assert (made.card.metrics_version, made.card.paper) == (2, "Ours, 2026")
    assert made.scores.summary().class_mean.sad == pytest.approx(0.0512)
    assert check_entry(made.folder, earlier / "all" / "mine", earlier / "set").differences == ()
    page = write_leaderboard([made], earlier / "board")[0].read_text()
    assert f"mine: {line}." in page
    log = (made.folder / "corrections.csv").read_text()
    again = run_cli(*command, earlier / "sets")
    assert "0 entries renewed, 1 are of this version already" in again.out
    assert (made.folder / "corrections.csv").read_text() == log


@pytest.mark.parametrize(
    ("spoil_it", "message"),
    [
        (lambda root: shutil.rmtree(root / "all" / "mine"), "where its mattes are expected"),
        (lambda root: shutil.rmtree(root / "sets" / "tiny"), "where its set is expected"),
        (
            lambda root: write_run(root / "all" / "mine", RunRecord(method="mine", version="3")),
            "its mattes are of version '3' of the method, the entry is of '2'",
        ),
        (
            lambda root: write_run(
                root / "all" / "mine", RunRecord(method="mine", version="2", checkpoint_digest="e" * 64)
            ),
            "its mattes are of other weights than the entry's",
        ),
        (lambda root: next((root / "all" / "mine").glob("fur*.png")).unlink(), "1 mattes are missing"),
    ],
)
def test_an_entry_whose_mattes_are_not_at_hand_stays_as_it_is(earlier, run_cli, spoil_it, message):
    spoil_it(earlier)
    folder = earlier / "entries" / "mine"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = ("entry", "rescore", earlier / "entries", "--predictions", earlier / "all", "--sets")
    done = run_cli(*command, earlier / "sets", "--workers", 1)
    assert done.code == 1
    assert message in done.err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "line",
    [
        "1,x,class_mean,sad,1,2,3",
        "2,1,class_mean,sad,1,2,3",
        "1,2,median,sad,1,2,3",
        "1,2,class_mean,iou,1,2,3",
        "1,2,class_mean,sad,-1,2,3",
        "1,2,class_mean,sad,1,inf,3",
        "1,2,class_mean,sad,1,2,-3",
    ],
)
def test_a_log_of_corrections_edited_by_hand_is_refused(entry, line):
    head = ",".join(Correction._fields)
    (entry.folder / "corrections.csv").write_text(f"{head}\n1,2,class_mean,sad,1,,3\n")
    assert len(read_entry(entry.folder).corrections) == 1
    (entry.folder / "corrections.csv").write_text(f"{head}\n{line}\n")
    with pytest.raises(DataError, match=r"corrections\.csv:2: is not a correction"):
        read_entry(entry.folder)


def test_a_log_ahead_of_its_entry_is_of_a_run_cut_off_and_written_again(earlier, run_cli):
    folder = earlier / "entries" / "mine"
    log = ",".join(Correction._fields) + "\n1,2,class_mean,sad,0.5,0.6,4\n"
    (folder / "corrections.csv").write_text(log)
    assert read_entry(folder).corrections == ()
    command = ("entry", "rescore", earlier / "entries", "--predictions", earlier / "all", "--sets")
    assert run_cli(*command, earlier / "sets", "--workers", 1).code == 0
    assert len(read_entry(folder).corrections) == 8  # two means of four metrics, once
    assert "0.5,0.6" not in (folder / "corrections.csv").read_text()


def test_an_entry_scored_on_folders_is_renewed_from_them(tiny, run_cli):
    for layer in ("alpha", "trimap"):
        shutil.copytree(tiny / "set" / layer, tiny / "sets" / "mine-set" / layer)
    truth = {layer: tiny / "sets" / "mine-set" / layer for layer in ("alpha", "trimap")}
    (tiny / "mattes" / "run.json").unlink()
    evaluate(tiny / "mattes", **truth, out=tiny / "scores" / "mine", name="mine")
    entry = make_entry(tiny / "scores" / "mine", tiny / "entries" / "mine")
    assert entry.card.set == "mine-set"
    spoil(entry.folder / "card.toml", "metrics_version = 2", "metrics_version = 1")
    spoil(entry.folder / "scores.json", '"metrics_version": 2', '"metrics_version": 1')
    (tiny / "all").mkdir()
    shutil.move(tiny / "mattes", tiny / "all" / "mine")
    command = ("entry", "rescore", tiny / "entries", "--predictions", tiny / "all", "--sets", tiny / "sets")
    done = run_cli(*command, "--workers", 1)
    assert done.code == 0, done.err
    assert read_entry(entry.folder).card.metrics_version == 2


def test_entries_of_one_name_that_share_no_table_are_allowed(entry):
    proposals = replace(entry.scores, set={**entry.scores.set, "class_masks": "proposals"})
    for others in (replace(entry.scores, metrics_version=1), proposals):
        check_names([entry, replace(entry, scores=others)])
    with pytest.raises(DataError, match="is called 'mine' as is"):
        check_names([entry, entry])


def test_an_entry_made_of_other_scores_forgets_its_corrections(tiny, entry):
    log = entry.folder / "corrections.csv"
    log.write_text(",".join(Correction._fields) + "\n1,2,class_mean,sad,1,2,3\n")
    assert len(make_entry(tiny / "scores" / "mine", entry.folder).corrections) == 1  # the same scores
    predict_a_constant("mine", 102, load_set(tiny / "set"), tiny / "others")
    evaluate(tiny / "others", tiny / "set", out=tiny / "scores" / "others", name="mine")
    assert make_entry(tiny / "scores" / "others", entry.folder).corrections == ()
    assert not log.exists()
