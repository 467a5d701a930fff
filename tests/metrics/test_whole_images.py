"""`simd evaluate --region whole`: all pixels count, and no board mixes that with unknown regions."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.dataset.manifest import load_set
from simd.errors import DataError
from simd.image import read_alpha
from simd.metrics.evaluate import evaluate
from simd.metrics.scores import load_scores

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
ALL_UNKNOWN = ("13_equal_components", "15_all_unknown")  # their trimaps are 128 everywhere


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def golden(tmp_path):
    """Golden cases as folders of alphas and of mattes, without trimaps."""
    for name in ALL_UNKNOWN:
        for layer, folder in (("gt", "alpha"), ("pred", "mattes")):
            (tmp_path / folder).mkdir(exist_ok=True)
            shutil.copy(GOLDEN / f"{name}_{layer}.png", tmp_path / folder / f"{name}.png")
    return tmp_path


def test_whole_images_have_octaves_values_and_mad_is_their_mean_difference(golden, run_cli):
    expected = json.loads((GOLDEN / "expected.json").read_text())
    words = ("--alpha", golden / "alpha", "--region", "whole", "--out", golden / "s", "--workers", "1")
    done = run_cli("evaluate", golden / "mattes", *words)
    assert done.code == 0, done.err
    rows = {row["id"]: row for row in rows_of(golden / "s.csv")}
    mads = []
    for name in ALL_UNKNOWN:
        pred, alpha = (
            read_alpha(golden / folder / f"{name}.png").astype(float) for folder in ("mattes", "alpha")
        )
        assert (rows[name]["region"], int(rows[name]["pixels"])) == ("whole", alpha.size)
        for metric in ("sad", "mse", "grad", "conn"):
            assert float(rows[name][metric]) == pytest.approx(expected[name][metric], rel=5e-6)
        mads.append(np.abs(pred - alpha).mean() / 255)
    summary = json.loads((golden / "s.json").read_text())
    assert summary["mad"] == {"image_mean": pytest.approx(np.mean(mads)), "class_mean": None}
    assert f"MAD ×10³ {1000 * np.mean(mads):.2f} (image mean)" in done.out.replace("\n", " ")
    assert "All pixels are counted" in done.out


def test_known_pixels_count_in_whole_images_alone(tmp_path, run_cli):
    alpha = np.zeros((10, 100), np.uint8)
    alpha[:, 50:] = 255
    trimap = alpha.copy()
    trimap[:, 45:55] = 128
    pred = alpha.copy()
    pred[:, :10] = 51  # 100 known pixels, wrong by 0.2: SAD 0.02, MSE 100 * 0.04 / 1000, MAD 20 / 1000
    for folder, pixels in (("alpha", alpha), ("trimap", trimap), ("mattes", pred)):
        save(tmp_path / folder / "fur_1.png", pixels)
    common = ("--alpha", tmp_path / "alpha", "--workers", "1")
    run_cli(
        "evaluate", tmp_path / "mattes", *common, "--trimap", tmp_path / "trimap", "--out", tmp_path / "u"
    )
    run_cli("evaluate", tmp_path / "mattes", *common, "--region", "whole", "--out", tmp_path / "w")
    unknown = next(row for row in rows_of(tmp_path / "u.csv") if row["region"] == "unknown")
    (whole,) = rows_of(tmp_path / "w.csv")
    assert float(unknown["sad"]) == 0
    assert float(whole["sad"]) == pytest.approx(0.02)
    assert float(whole["mse"]) == pytest.approx(0.004)
    summary = json.loads((tmp_path / "w.json").read_text())
    assert summary["mad"] == {"image_mean": pytest.approx(0.02), "class_mean": pytest.approx(0.02)}
    assert "mad" not in json.loads((tmp_path / "u.json").read_text())


def test_boards_keep_whole_images_apart(tiny_set, tmp_path, run_cli):
    mattes = tmp_path / "mattes"
    mattes.mkdir()
    for row in load_set(tiny_set.path).rows:
        save(mattes / f"{row.id}.png", soft_alpha())
    for region in ("unknown", "whole"):
        words = ("--region", region, "--out", tmp_path / "scores" / region, "--workers", "1")
        assert run_cli("evaluate", mattes, tiny_set.path, *words).code == 0
    boards = run_cli("leaderboard", tmp_path / "scores", "--out", tmp_path / "board")
    assert boards.code == 0, boards.err
    assert ", whole images" in boards.out
    rows = rows_of(tmp_path / "board" / "leaderboard.csv")
    named = {row["board"]: row["set"] for row in rows}
    assert len(named) == 2
    assert sum(name.endswith(", whole images") for name in named.values()) == 1
    page = (tmp_path / "board" / "index.html").read_text(encoding="utf-8")
    assert "unknown region of the trimap, where a board does not say that whole images count" in page
    assert page.count("<summary>Error by region</summary>") == 1
    words = ("leaderboard", tmp_path / "scores" / "whole", "--out", tmp_path / "alone")
    assert run_cli(*words).code == 0
    assert "mattes in all pixels of the images. Lower" in (tmp_path / "alone" / "index.html").read_text(
        "utf-8"
    )
    scores = load_scores(tmp_path / "scores" / "whole")
    assert {row.region for row in scores.rows} == {"whole"}
    assert all(row.pixels == 64 * 80 for row in scores.rows)
    done = run_cli(
        "browse", "open", tiny_set.path, "--scores", tmp_path / "scores" / "whole", "--static", "x"
    )
    assert (done.code, "counts whole images, and unknown regions are shown" in done.err) == (1, True)


def test_scores_of_another_region_than_their_summary_are_refused(golden):
    evaluate(golden / "mattes", alpha=golden / "alpha", region="whole", out=golden / "s")
    summary = json.loads((golden / "s.json").read_text())
    del summary["set"]["region"]
    (golden / "s.json").write_text(json.dumps(summary))
    with pytest.raises(DataError, match=r"s\.csv: counts another region than s\.json says"):
        load_scores(golden / "s")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--region", "wohle"), "unknown region 'wohle'; did you mean 'whole'?"),
        (("--region", "whole", "--trimap", "alpha"), "--region whole counts all pixels and reads no trimap"),
        (("--region", "unknown"), "with --alpha DIR alone whole images are scored"),
    ],
)
def test_what_does_not_go_together_is_said(golden, run_cli, monkeypatch, words, message):
    monkeypatch.chdir(golden)
    done = run_cli("evaluate", "mattes", "--alpha", "alpha", *words)
    assert (done.code, message in done.err.replace("\n", " ")) == (1, True), done.err


def test_alphas_without_trimaps_are_scored_whole_and_it_is_said(golden, run_cli, monkeypatch):
    monkeypatch.chdir(golden)
    common = ("evaluate", "mattes", "--alpha", "alpha", "--workers", "1")
    done = run_cli(*common)
    assert "alpha: has no trimaps (--trimap), so whole images are scored" in done.err.replace("\n", " ")
    assert "wrote scores/mattes-whole.csv" in done.out.replace("\n", " ")
    assert "no trimaps" not in run_cli(*common, "--region", "whole", "--out", "said").err
    assert Path("said.csv").read_bytes() == Path("scores", "mattes-whole.csv").read_bytes()
    assert json.loads(Path("scores", "mattes-whole.json").read_text())["set"]["region"] == "whole"


def test_an_unfinished_evaluation_of_the_other_region_is_not_continued(tiny_set):
    from simd.metrics.evaluate import find_truths

    keys = {find_truths(tiny_set.path, region=region).key for region in ("unknown", "whole")}
    assert len(keys) == 2


def test_scores_of_whole_images_never_replace_those_of_unknown_regions(tmp_path, run_cli, monkeypatch):
    alpha = soft_alpha()
    for folder in ("alpha", "mattes/mine"):
        save(tmp_path / folder / "a.png", alpha)
    save(tmp_path / "trimap" / "a.png", np.full_like(alpha, 128))
    monkeypatch.chdir(tmp_path)
    words = ("evaluate", "mattes/mine", "--alpha", "alpha", "--workers", "1")
    assert run_cli(*words, "--trimap", "trimap").out.endswith("wrote scores/mine.csv and scores/mine.json\n")
    assert run_cli(*words, "--region", "whole").out.endswith(
        "wrote scores/mine-whole.csv and scores/mine-whole.json\n"
    )
    regions = [load_scores(Path("scores", name)).set.get("region") for name in ("mine", "mine-whole")]
    assert regions == [None, "whole"]
