"""Every page in two widths: no serious finding of axe-core, nothing wider than the window, light and dark."""

import json

import numpy as np
import pytest
from boards_by_hand import predict_a_constant, score, scores, two_methods, write_tiny_set
from conftest import check_printed

from simd.metrics.evaluate import evaluate
from simd.metrics.ports.claims import read_claim
from simd.metrics.ports.court import court
from simd.report.browse.gallery import write_gallery
from simd.report.court import write_court
from simd.report.embed.embedding import embed
from simd.report.leaderboard.write import write_leaderboard
from simd.report.selection import select
from simd.report.statistics.measure import report_statistics
from simd.report.training_page import write_training_page
from simd.taxonomy import CLASSES

pytestmark = pytest.mark.browser


def test_a_finding_would_be_seen(check_page, tmp_path):
    (tmp_path / "grey.html").write_text(
        "<!doctype html><html lang=en><title>t</title>"
        "<main><h1 style='color:#ccc;background:#fff'>Grey</h1></main>"
    )
    with pytest.raises(AssertionError, match="color-contrast"):
        check_page((tmp_path / "grey.html").as_uri(), "h1")


def test_a_table_that_paper_cuts_off_would_be_seen(check_page, tmp_path):
    (tmp_path / "wide.html").write_text(
        "<!doctype html><html lang=en><title>t</title><main><h1>Wide</h1>"
        "<div class=scroll style='overflow-x:auto' tabindex=0 role=region aria-label=t>"
        "<table style='width:3000px'><tr><th scope=row>a</th><td>1</td></tr></table></div></main>"
    )
    with pytest.raises(AssertionError, match="cut off on paper"):
        check_page((tmp_path / "wide.html").as_uri(), "h1")


def test_a_leaderboard_of_many_methods_and_all_classes_is_printed(browser, tmp_path):
    methods = [
        scores(
            f"a method with a name, number {n}",
            [score(f"{c}-{k}", c, n + k + 0.1 * len(c)) for c in CLASSES for k in range(2)],
        )
        for n in range(12)
    ]
    file = write_leaderboard(methods, tmp_path / "board")[0]
    assert file.stat().st_size < 2_000_000  # without a picture
    page = browser.new_page()
    page.goto(file.as_uri())
    check_printed(page)
    page.close()


def test_the_leaderboard(check_page, tmp_path):
    tiny = write_tiny_set(tmp_path / "set")
    dark = predict_a_constant(
        "a method of a very long name, longer than its column", 0, tiny, tmp_path / "dark"
    )
    check_page(write_leaderboard([*two_methods(), dark], tmp_path / "board")[0].as_uri(), "table.headline")


@pytest.mark.slow  # measures a set, makes a map, and looks at both in three ways
def test_statistics_and_the_map_of_a_set(check_page, tiny_set, tmp_path):
    _, files = report_statistics([tiny_set.path], tmp_path / "statistics")
    check_page(next(file for file in files if file.name == "index.html").as_uri(), "table")
    _, files = embed(tiny_set.path, tmp_path / "embedding")
    check_page(next(file for file in files if file.name == "index.html").as_uri(), "table")


def test_the_page_of_a_court(check_page, tiny_set, tmp_path):
    claims = [read_claim("sad=1"), read_claim("mse=3")]
    verdict = court(tiny_set.path / "trimap", tiny_set.path, claims=claims)
    _, page = write_court(verdict, tmp_path / "court")
    check_page(page.as_uri(), "table")


def test_the_page_of_failures(check_page, tiny_set, tmp_path):
    scores = evaluate(tiny_set.path / "trimap", tiny_set.path, out=tmp_path / "scores" / "trimap").scores
    assert scores.rows
    gallery = write_gallery(tiny_set.path, tmp_path / "page", scores=[tmp_path / "scores" / "trimap"])
    check_page(gallery.page.as_uri(), ".card:visible")


def test_the_page_of_a_selection(check_page, foregrounds, tmp_path):
    select(foregrounds, out=tmp_path / "kept.jsonl", strict=True)
    check_page((tmp_path / "kept.html").as_uri(), "main")


@pytest.mark.parametrize("recipe", ["sim-small", "sim-classifier-small"])
def test_the_page_of_a_training_run(check_page, tmp_path, recipe):
    pytest.importorskip("torch")
    from simd.training.recipe import read_recipe, recipe_text

    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text(recipe_text(read_recipe(recipe)), encoding="utf-8")
    terms = {"alpha": {"value": 0.5, "weight": 1.0}}
    rows = [{"kind": "step", "step": n, "loss": 0.5 / n, "losses": terms} for n in (1, 2)]
    confusion = {"confusion": np.eye(len(CLASSES), dtype=int).tolist()} if "classifier" in recipe else {}
    validation = {"score": 1.25, "by_class": {"fire": 1.0, "net": 1.5}, "trimap_sad": 3.5} | confusion
    rows.append({"kind": "validation", "step": 2, **validation})
    (tmp_path / "run" / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plane, image = np.full((2, 40, 40), 128, np.uint8), np.zeros((2, 40, 40, 3), np.uint8)
    labels = {"image": image, "label": np.array([1, 1]), "answer": np.array([1, 10])}
    strip = labels if confusion else {"image": image, "trimap": plane, "pred": plane, "alpha": plane}
    np.savez_compressed(tmp_path / "run" / "strip.npz", **strip)
    check_page(write_training_page(tmp_path / "run").as_uri(), "main")
