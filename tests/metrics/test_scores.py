import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.metrics.evaluate import Evaluation
from simd.metrics.score import METRICS_VERSION, Score, score_from_row, score_to_row
from simd.metrics.score_summary import MeanErrors, mean
from simd.metrics.scores import Scores, load_scores
from simd.taxonomy import CLASSES
from simd.version import __version__

numbers = st.floats(0, 1e6) | st.just(math.nan)


def row(id_, class_, sad, region="unknown", **facts):
    """Return a score whose MSE is SAD / 100, Grad 2 SAD and Conn 3 SAD."""
    errors = {"sad": sad, "mse": sad / 100, "grad": 2 * sad, "conn": 3 * sad}
    return Score(
        **{"id": id_, "class_": class_, "fg_id": id_, "region": region, "pixels": 10, **errors, **facts}
    )


def some_scores(*rows, **facts):
    defaults = {
        "name": "mine",
        "version": "2",
        "set": {"name": "tiny", "protocol": "exact", "digest": "a" * 64, "trimaps_digest": "b" * 64},
        "paths": {"set": "/data/set", "predictions": "/data/mattes"},
        "rows": rows,
        "missing": {"net-9": "net-9.png is not there"},
    }
    return Scores(**defaults | facts)


BY_HAND = some_scores(
    # fur 1, 2, 6: mean 3;  fire 9: mean 9;  image mean 18 / 4 = 4.5, class mean (3 + 9) / 2 = 6
    row("fur-1", "fur", 1.0, fg_id="cat", alpha_kind="predicted"),
    row("fur-2", "fur", 2.0, fg_id="cat", fallback="the trimap has no known foreground"),
    row("fur-3", "fur", 6.0, alpha_kind="reference"),
    row("fire-1", "fire", 9.0, alpha_kind="game_texture"),
    # regions: fur in two images, 5 and 1: mean 3; net in one, 4; unlabelled in one, 7
    row("fur-1", "fur", 5.0, region="fur", pixels=6),
    row("fur-2", "fur", 1.0, region="fur", pixels=3),
    row("fur-2", "fur", 4.0, region="net", pixels=2),
    row("fire-1", "fire", 7.0, region="unlabelled", pixels=1),
)


def test_means_by_hand():
    summary = BY_HAND.summary().to_json()
    assert summary["image_mean"] == pytest.approx({"sad": 4.5, "mse": 0.045, "grad": 9.0, "conn": 13.5})
    assert summary["class_mean"] == pytest.approx({"sad": 6.0, "mse": 0.06, "grad": 12.0, "conn": 18.0})
    assert (summary["images"], summary["foregrounds"], summary["fallbacks"]) == (4, 3, 1)
    assert summary["missing"] == {"net-9": "net-9.png is not there"}
    assert summary["metrics_version"] == METRICS_VERSION


def test_classes_by_hand():
    classes = BY_HAND.summary().to_json()["classes"]
    assert list(classes) == list(CLASSES)
    assert classes["fur"] == pytest.approx(
        {
            **{"images": 3, "foregrounds": 2, "fallbacks": 1, "not_truth": 1},
            **{"sad": 3.0, "mse": 0.03, "grad": 6.0, "conn": 9.0},
        }
    )
    assert classes["fire"]["not_truth"] == 1
    assert classes["fire"]["sad"] == 9.0


def test_an_absent_class_has_no_score_and_is_in_no_mean():
    silk = BY_HAND.summary().to_json()["classes"]["silk"]
    assert silk == {
        **{"images": 0, "foregrounds": 0, "fallbacks": 0, "not_truth": 0},
        **{"sad": None, "mse": None, "grad": None, "conn": None},
    }


def test_regions_by_hand():
    regions = BY_HAND.summary().to_json()["regions"]
    assert list(regions) == [*CLASSES, "unlabelled"]
    assert regions["fur"] == pytest.approx(
        {"images": 2, "pixels": 9, "sad": 3.0, "mse": 0.03, "grad": 6.0, "conn": 9.0}
    )
    assert (regions["net"]["sad"], regions["net"]["images"], regions["net"]["pixels"]) == (4.0, 1, 2)
    assert (regions["unlabelled"]["sad"], regions["unlabelled"]["pixels"]) == (7.0, 1)
    assert regions["fire"] == {"images": 0, "pixels": 0, "sad": None, "mse": None, "grad": None, "conn": None}


def test_an_image_without_a_score_is_left_out_of_that_mean_alone():
    both = some_scores(row("fur-1", "fur", 4.0), row("fur-2", "fur", 0.0, mse=math.nan))
    summary = both.summary().to_json()
    assert summary["image_mean"] == pytest.approx({"sad": 2.0, "mse": 0.04, "grad": 4.0, "conn": 6.0})
    only = some_scores(row("fur-2", "fur", 0.0, mse=math.nan)).summary().to_json()
    assert only["classes"]["fur"]["mse"] is only["image_mean"]["mse"] is only["class_mean"]["mse"] is None


def test_an_image_without_unknown_pixels_is_in_no_mean_and_in_no_count():
    errors = dict.fromkeys(("sad", "mse", "grad", "conn"), math.nan)
    absent = Score(id="net-1", class_="net", fg_id="fence", region="unknown", pixels=0, **errors)
    summary = replace(BY_HAND, rows=(*BY_HAND.rows, absent)).summary().to_json()
    without = BY_HAND.summary().to_json()
    assert summary == without
    assert summary["classes"]["net"]["images"] == 0
    alone = some_scores(absent)
    assert alone.summary().to_json()["image_mean"] == dict.fromkeys(errors)
    assert "0 images, 1 missing, SAD nan" in repr(alone)


def test_means_of_what_is_there():
    assert mean([1.0, math.nan, 4.0]) == 2.5
    assert mean([0.1] * 10) == 0.1  # summed exactly
    assert math.isnan(mean([math.nan]))
    assert math.isnan(mean([]))


# -- on disk -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".json", ".csv"])
def test_scores_survive_csv_and_json(tmp_path, suffix):
    odd = row("fur-4", "fur", 1 / 3, fg_id='a, "b"\n.png', mse=math.nan, fallback="no, none")
    scores = replace(BY_HAND, rows=(*BY_HAND.rows, odd), seconds_per_image=0.125)
    files = scores.save(tmp_path / "deep" / "v1.5")
    assert [f.name for f in files] == ["v1.5.csv", "v1.5.json"]
    loaded = load_scores(tmp_path / "deep" / f"v1.5{suffix}")
    assert loaded.rows[:-1] == scores.rows[:-1]
    assert [repr(v) for v in score_to_row(loaded.rows[-1]).values()] == [
        repr(v) for v in score_to_row(odd).values()
    ]
    assert replace(loaded, rows=()) == replace(scores, rows=())


def test_paths_are_kept_relative_to_the_summary(tmp_path):
    paths = {"set": str(tmp_path / "set"), "predictions": str(tmp_path / "mattes")}
    _, summary = some_scores(row("fur-1", "fur", 1.0), paths=paths).save(tmp_path / "scores" / "mine")
    assert json.loads(summary.read_text())["paths"] == {"set": "../set", "predictions": "../mattes"}
    moved = tmp_path / "moved"
    (tmp_path / "scores").rename(moved)
    assert load_scores(moved / "mine.json").paths == paths  # beside the set, wherever that lies


@given(
    st.builds(row, st.text(max_size=5), st.sampled_from(CLASSES), numbers, mse=numbers, fallback=st.text())
)
def test_a_score_survives_json(score):
    back = score_from_row(json.loads(json.dumps(score_to_row(score), allow_nan=False)))
    assert repr(back) == repr(score)  # as nan is not itself


def saved(tmp_path):
    return BY_HAND.save(tmp_path / "mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is not a summary that simd evaluate has written, but a list"),
        ("{}", "the key 'metrics_version' is missing; run simd evaluate again"),
        ('{"metrics_version": 2, "name": "mine"}', "the key 'version' is missing; run simd evaluate again"),
    ],
)
def test_a_summary_that_is_none_is_named(tmp_path, text, message):
    _, summary = saved(tmp_path)
    summary.write_text(text)
    with pytest.raises(DataError, match=rf"mine\.json: {message}"):
        load_scores(tmp_path / "mine")


def test_scores_of_another_metrics_version_are_refused(tmp_path):
    _, summary = saved(tmp_path)
    summary.write_text(json.dumps(json.loads(summary.read_text()) | {"metrics_version": -1}))
    with pytest.raises(
        DataError, match=rf"metrics version -1, this is version {METRICS_VERSION}; run simd eval"
    ):
        load_scores(tmp_path / "mine")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("id,class,sad\n", r"mine\.csv: its columns are not those that simd evaluate writes"),
        ("{head}fur-1,fur,cat,unknown,ten,1,1,1,1,,\n", r"mine\.csv:2: invalid literal for int"),
        (
            "{head}fur-1,fur,cat,unknown,10,1,1,one,1,,\n",
            r"mine\.csv:2: could not convert string to float: 'one'",
        ),
        ("{head}fur-1,fur,cat,unknown,10,1\n", r"mine\.csv:2: "),
        (
            "{head}fur-1,fur,cat,unknown,10,-1,1,1,1,,\n",
            r"mine\.csv:2: sad is -1\.0, out of its range; run simd",
        ),
        ("{head}fur-1,fur,cat,unknown,10,1,1,1,inf,,\n", r"mine\.csv:2: conn is inf, out of its range"),
        ("{head}fur-1,fur,cat,unknown,-3,1,1,1,1,,\n", r"mine\.csv:2: pixels is -3, out of its range"),
        ("{head}fur-1,furr,cat,unknown,10,1,1,1,1,,\n", r"mine\.csv:2: 'furr' is not a class"),
        ("{head}fur-1,fur,cat,hole,10,1,1,1,1,,\n", r"mine\.csv:2: 'hole' is not a region"),
        (
            "{head}fur-1,fur,cat,unknown,10,1,1,1,1,,\nfur-1,fur,cat,unknown,10,1,1,1,1,,\n",
            r"mine\.csv:3: fur-1, region unknown, is listed twice",
        ),
    ],
)
def test_broken_rows_are_named_with_their_line(tmp_path, line, message):
    table, _ = saved(tmp_path)
    head = table.read_text().splitlines()[0] + "\n"
    table.write_text(line.replace("{head}", head))
    with pytest.raises(DataError, match=message):
        load_scores(tmp_path / "mine")


def test_rows_of_another_method_do_not_pass_for_its_own(tmp_path):
    better = replace(BY_HAND, name="better", rows=tuple(replace(r, sad=r.sad / 2) for r in BY_HAND.rows))
    table, _ = better.save(tmp_path / "better")
    saved(tmp_path)[0].write_bytes(table.read_bytes())
    with pytest.raises(DataError, match=r"mine\.csv: is not the file that mine\.json was written with"):
        load_scores(tmp_path / "mine")


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("image_mean.sad", lambda s: s["image_mean"].update(sad=4.4)),
        ("class_mean.conn", lambda s: s["class_mean"].update(conn=None)),
        ("classes.fur.mse", lambda s: s["classes"]["fur"].update(mse=0.031)),
        ("classes.silk.sad", lambda s: s["classes"]["silk"].update(sad=0.0)),  # absent, not 0
        ("regions.net.pixels", lambda s: s["regions"]["net"].update(pixels=3)),
        ("images", lambda s: s.update(images=5)),
    ],
)
@pytest.mark.parametrize("with_digest", [True, False])
def test_each_mean_of_a_summary_is_that_of_its_rows(tmp_path, key, change, with_digest):
    _, file = saved(tmp_path)
    summary = json.loads(file.read_text())
    change(summary)
    if not with_digest:
        del summary["rows_sha256"]
    file.write_text(json.dumps(summary))
    with pytest.raises(DataError, match=rf"mine\.csv: {key} of these rows is not the one in mine\.json, so"):
        load_scores(file)


def test_an_image_is_not_both_scored_and_missing(tmp_path):
    _, file = replace(BY_HAND, missing={"fur-1": "gone"}).save(tmp_path / "mine")
    with pytest.raises(DataError, match=r"mine\.csv: has scores of fur-1, which mine\.json lists as missing"):
        load_scores(file)


def test_a_summary_without_a_digest_of_its_rows_is_read_with_a_remark(tmp_path, caplog):
    _, file = saved(tmp_path)
    load_scores(file)
    assert not caplog.records
    summary = json.loads(file.read_text())
    digest = summary.pop("rows_sha256")
    assert digest == hashlib.sha256((tmp_path / "mine.csv").read_bytes()).hexdigest()
    file.write_text(json.dumps(summary))
    assert load_scores(file).rows == BY_HAND.rows
    assert "mine.json: states no digest of its rows, as it was written by an earlier simd" in caplog.text


WRONG_VALUES = (None, 3, -1.5, True, "text", [], ["text", 3], {}, {"sad": "low"}, {"name": 3}, 1e400)
CHECKED = ("name", "version", "set", "paths", "missing", "seconds_per_image", "remarks", "image_mean")


@pytest.mark.parametrize("key", CHECKED)
def test_a_summary_with_a_key_lost_or_of_another_type_is_named_or_read(tmp_path, key):
    _, file = saved(tmp_path)
    summary = json.loads(file.read_text())
    without = {k: v for k, v in summary.items() if k != key}
    for broken in (without, *({**summary, key: value} for value in WRONG_VALUES)):
        file.write_text(json.dumps(broken))
        try:
            loaded = load_scores(file)
        except DataError as error:
            message = str(error)
        else:  # the value can be read, or need not be there
            assert key not in ("set", "image_mean")
            assert loaded.rows == BY_HAND.rows
            continue
        assert "mine.json" in message
    file.write_text(json.dumps(summary | {"missing": ["net-9"]}))
    with pytest.raises(
        DataError, match=r"mine\.json: the key 'missing' must be an object of .*, this is a list"
    ):
        load_scores(file)


@pytest.mark.parametrize("gone", [".csv", ".json"])
def test_a_missing_half_is_named(tmp_path, gone):
    saved(tmp_path)
    (tmp_path / f"mine{gone}").unlink()
    with pytest.raises(DataError, match=rf"mine\{gone}: no such file"):
        load_scores(tmp_path / "mine")


STORED = Path(__file__).parent / "stored" / "scores"
"""Written by simd before summaries were records; see the README beside it."""


def test_scores_of_earlier_versions_are_read_and_written_to_the_byte(tmp_path, caplog):
    text, rows = STORED.with_suffix(".json").read_text(), STORED.with_suffix(".csv").read_bytes()
    assert json.loads(text)["metrics_version"] == 1  # the same where all images have unknown pixels
    (tmp_path / "before.json").write_text(text)
    (tmp_path / "before.csv").write_bytes(rows)
    files = load_scores(tmp_path / "before").save(tmp_path / "after")
    assert "before.json: states no digest of its rows" in caplog.text
    for key, now in (("metrics_version", METRICS_VERSION), ("simd_version", __version__)):
        text = text.replace(f'"{key}": {json.dumps(json.loads(text)[key])}', f'"{key}": {json.dumps(now)}')
    digest = hashlib.sha256(rows).hexdigest()
    assert files[0].read_bytes() == rows
    assert files[1].read_text() == text.removesuffix("\n}\n") + f',\n  "rows_sha256": "{digest}"\n}}\n'


def test_scores_in_which_an_empty_image_counted_as_0_are_refused(tmp_path):
    empty = row("fur-4", "fur", 0.0, pixels=0, mse=math.nan)
    _, file = replace(BY_HAND, rows=(*BY_HAND.rows, empty)).save(tmp_path / "mine")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"metrics_version": 1}))
    with pytest.raises(DataError, match=r"metrics version 1, in which images without unknown pixels counted"):
        load_scores(file)


def test_a_summary_is_a_record():
    summary = BY_HAND.summary()
    assert summary.classes["fur"].errors == MeanErrors(3.0, 0.03, 6.0, 9.0)
    assert summary.class_mean["mse"] == summary.class_mean.mse
    assert math.isnan(summary.classes["silk"].errors.sad)
    assert summary.regions["net"].pixels == 2


# -- in a notebook -------------------------------------------------------------------------------------


def test_a_frame_has_the_rows_and_columns_of_the_csv(tmp_path):
    frame = BY_HAND.to_frame()
    table, _ = BY_HAND.save(tmp_path / "scores")
    assert list(frame.columns) == table.read_text().split("\n")[0].split(",")
    assert len(frame) == len(BY_HAND.rows)
    means = frame[frame.region == "unknown"].groupby("class").sad.mean()
    assert dict(means) == {"fire": 9.0, "fur": 3.0}
    assert list(some_scores().to_frame().columns) == list(frame.columns)


def test_scores_and_evaluations_are_shown_in_a_line():
    shown = repr(BY_HAND)
    assert shown == "<Scores of 'mine' on 'tiny': 4 images, 1 missing, SAD 6.00 (class-balanced)>"
    assert repr(Evaluation(BY_HAND, ("a", "b"))) == f"<Evaluation: {shown}, 2 other files>"
    unclassed = some_scores(row("a", "", 2.0), missing={})
    assert repr(unclassed) == "<Scores of 'mine' on 'tiny': 1 images, SAD 2.00 (image mean)>"
    assert "SAD nan" in repr(some_scores())


def test_a_notebook_shows_a_table_of_means_and_names_stay_text():
    hostile = replace(BY_HAND, name="<script>alert(1)</script>")
    html = hostile._repr_html_()
    assert Evaluation(hostile, ())._repr_html_() == html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 2 on tiny; 1 images have no usable matte" in html
    cells = "<td>4</td><td>6.00</td><td>60.00</td><td>12.00</td><td>18.00</td>"
    assert f"<th>class-balanced mean</th>{cells}" in html  # MSE is shown ×10³
    assert "<th>fur</th><td>3</td><td>3.00</td>" in html
    assert "silk" not in html


@pytest.mark.parametrize("path", [".", "..", "/", ""])
def test_a_folder_is_not_the_name_of_scores(path):
    with pytest.raises(DataError, match=r"is a folder; scores have a name: NAME, NAME\.json or NAME\.csv"):
        load_scores(Path(path))
