"""`simd evaluate --cutout`: residue and halo, by hand values, in files and in print."""

import csv
import json
import math

import numpy as np
import pytest
from conftest import save
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from simd.errors import DataError
from simd.metrics.cutout import cutout_errors
from simd.metrics.score import CutoutErrors
from simd.metrics.scores import load_scores

levels = st.integers(0, 255)
mattes = arrays.arrays(np.uint8, (12, 17), elements=levels, fill=st.just(0))


def test_residue_and_halo_by_hand():
    alpha = np.zeros((21, 21), np.uint8)
    alpha[10, 10] = 1  # the least that is not background
    pred = np.zeros((21, 21), np.uint8)
    # 81 pixels lie at most 5 from the middle, the middle among them: the disc x^2 + y^2 <= 25
    pred[10, 15] = 80  # at 5
    pred[13, 14] = 80  # at 5, too
    pred[14, 14] = 255  # at 5.66
    pred[0, 0] = 12  # 0.047
    pred[20, 20] = 13  # 0.051
    pred[10, 10] = 200  # not of the background
    far = 21 * 21 - 81
    residue, share, halo = cutout_errors(pred, alpha)
    assert residue == pytest.approx((255 + 12 + 13) / 255 / far)
    assert share == pytest.approx(2 / far)
    assert halo == pytest.approx(160 / 255 / 80)
    assert cutout_errors(pred / 255, alpha / 255) == pytest.approx((residue, share, halo))


@given(mattes, mattes)
def test_the_two_regions_are_all_of_the_true_background(pred, alpha):
    """Restated with distances of SciPy; sums of both parts are the sum over the background."""
    distance = ndimage.distance_transform_edt(alpha == 0) if alpha.any() else np.full(alpha.shape, np.inf)
    far, near = distance > 5, (distance > 0) & (distance <= 5)
    expected = [
        pred[far].mean() / 255 if far.any() else math.nan,
        (pred[far] / 255 > 0.05).mean() if far.any() else math.nan,
        pred[near].mean() / 255 if near.any() else math.nan,
    ]
    assert list(cutout_errors(pred, alpha)) == pytest.approx(expected, nan_ok=True)


def test_a_subject_that_fills_the_image_has_neither():
    full = np.full((8, 8), 255, np.uint8)
    assert all(map(math.isnan, cutout_errors(full, full)))


def test_without_a_subject_all_is_residue():
    residue, share, halo = cutout_errors(np.full((8, 8), 51, np.uint8), np.zeros((8, 8), np.uint8))
    assert (residue, share) == (pytest.approx(0.2), 1.0)
    assert math.isnan(halo)


@pytest.mark.parametrize(
    ("pred", "message"),
    [
        (np.zeros((4, 5), np.uint8), "must share one"),
        (np.full((4, 4), np.nan), "pred"),
        (np.full((4, 4), 2.0), "pred"),
    ],
)
def test_bad_mattes_are_refused_as_by_the_other_errors(pred, message):
    with pytest.raises(DataError, match=message):
        cutout_errors(pred, np.zeros((4, 4), np.uint8))


@pytest.fixture
def folders(tmp_path):
    """Two images; known background is written by hand, and the second has no background at all."""
    alpha, trimap, pred = (np.zeros((30, 40), np.uint8) for _ in range(3))
    alpha[10:20, :10] = 200
    trimap[8:22, :14] = 128
    pred[10:20, :10] = 200
    pred[:, 39] = 51  # known background
    save(tmp_path / "alpha" / "fur_a.png", alpha)
    save(tmp_path / "trimap" / "fur_a.png", trimap)
    save(tmp_path / "mattes" / "fur_a.png", pred)
    full = np.full((30, 40), 128, np.uint8)
    for folder in ("alpha", "trimap", "mattes"):
        save(tmp_path / folder / "net_b.png", full)
    return tmp_path


def scored(folders, run_cli, *words):
    options = ("--alpha", folders / "alpha", "--trimap", folders / "trimap", "--workers", "1")
    return run_cli("evaluate", folders / "mattes", *options, "--out", folders / "s", *words)


def test_the_columns_are_there_where_they_were_asked_for(folders, run_cli):
    assert scored(folders, run_cli).code == 0
    plain = (folders / "s.csv").read_text()
    assert "residue" not in plain
    assert "cutout" not in json.loads((folders / "s.json").read_text())
    done = scored(folders, run_cli, "--cutout")
    assert done.code == 0, done.err
    with (folders / "s.csv").open(newline="") as stream:
        rows = {(row["id"], row["region"]): row for row in csv.DictReader(stream)}
    ys, xs = np.mgrid[:30, :40]
    distance = np.hypot(np.maximum(0, np.maximum(10 - ys, ys - 19)), np.maximum(0, xs - 9))
    far = int((distance > 5).sum())
    whole = rows["fur_a", "unknown"]
    assert float(whole["residue"]) == pytest.approx(30 * 0.2 / far)
    assert float(whole["residue_share"]) == pytest.approx(30 / far)
    assert float(whole["halo"]) == 0
    assert rows["net_b", "unknown"]["residue"] == "nan"
    assert rows["fur_a", "fur"]["residue"] == ""  # of whole images only
    for key, row in rows.items():
        assert {name: row[name] for name in ("sad", "mse", "grad", "conn")}, key
    expected = {"residue": float(whole["residue"]), "residue_share": float(whole["residue_share"]), "halo": 0}
    summary = json.loads((folders / "s.json").read_text())["cutout"]
    assert summary["image_mean"] == summary["class_mean"] == summary["classes"]["fur"] == expected
    assert summary["classes"]["net"] == dict.fromkeys(expected, None)
    assert f"residue ×10³ {1000 * expected['residue']:.2f}" in " ".join(done.out.split())
    assert plain.splitlines()[1] == ",".join(list(rows["fur_a", "unknown"].values())[:-3])


def test_they_survive_files_and_stand_on_boards(folders, run_cli):
    scored(folders, run_cli, "--cutout")
    scores = load_scores(folders / "s")
    assert scores.rows[0].cutout == CutoutErrors(*map(float, scores.rows[0].cutout))
    assert list(scores.to_frame().columns[-3:]) == ["residue", "residue_share", "halo"]
    scores.save(folders / "again")
    assert (folders / "again.csv").read_text() == (folders / "s.csv").read_text()
    done = run_cli("leaderboard", folders / "s", "--out", folders / "board")
    assert done.code == 0, done.err
    assert "halo ×10³ 0.0" in " ".join(done.out.split())
    assert "residue ×10³" in (folders / "board" / "index.html").read_text()


def test_a_figure_out_of_its_range_is_refused(folders, run_cli):
    scored(folders, run_cli, "--cutout")
    path = folders / "s.csv"
    head, first, *others = path.read_text().splitlines()
    path.write_text("\n".join([head, first.rsplit(",", 1)[0] + ",1.5", *others]) + "\n")
    done = run_cli("leaderboard", folders / "s", "--out", folders / "board")
    assert done.code == 1
    assert "s.csv" in done.err
