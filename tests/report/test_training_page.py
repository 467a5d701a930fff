"""The page of a training run: what it shows, drawn from files that a run leaves."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from simd.errors import DataError
from simd.report.training_page import write_training_page
from simd.taxonomy import CLASSES, TAXONOMY

pytest.importorskip("torch")

from simd.training.recipe import read_recipe, recipe_text


def write_run(run, name, validations, strip):
    run.mkdir()
    (run / "recipe.toml").write_text(recipe_text(read_recipe(name)), encoding="utf-8")
    terms = {"alpha": {"value": 0.5, "weight": 1.0}, "colours": {"value": 0.25, "weight": 0.2}}
    rows = [{"kind": "step", "step": n, "loss": 0.55 / n, "losses": terms} for n in (1, 2)]
    rows += [{"kind": "validation", "step": 2, **each} for each in validations]
    (run / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"kind": "st')
    np.savez_compressed(run / "strip.npz", **strip)
    return run


def test_a_run_of_sim_has_its_losses_classes_and_samples(tmp_path):
    plane = np.full((2, 40, 80), 128, np.uint8)
    strip = {"image": np.zeros((2, 40, 80, 3), np.uint8), "trimap": plane, "pred": plane, "alpha": plane}
    validation = {"score": 1.25, "by_class": {"fire": 1.0, "net": 1.5}, "trimap_sad": 3.5}
    run = write_run(tmp_path / "<b>mine", "sim-small", [validation], strip)
    page = write_training_page(run).read_text()
    assert "Training run &lt;b&gt;mine" in page
    assert "<dt>steps</dt><dd>2 of 1,500</dd>" in page
    assert "<dt>loss</dt><dd>0.2750</dd>" in page
    assert "<dt>best</dt><dd>1.2500</dd>" in page
    assert "has 3.500 a sample" in page
    assert page.count("data:image/png") == 2
    assert page.count("<figcaption>") == 8
    assert page.count('width="80" height="40"') == 8


def test_the_classes_that_the_network_was_given_are_coloured_and_named(tmp_path):
    trimap = np.full((1, 40, 80), 255, np.uint8)
    trimap[:, :20] = 128
    seen, classes = (np.where(trimap == 128, index, 255).astype(np.uint8) for index in (1, 4))
    strip = {"image": np.zeros((1, 40, 80, 3), np.uint8), "trimap": trimap, "seen": seen, "classes": classes}
    run = write_run(tmp_path / "run", "sim-small", [], strip)
    page = write_training_page(run).read_text()
    tiles = re.findall(r'src="data:image/webp;base64,([^"]+)" alt="([^"]+)"', page)
    assert [label for _, label in tiles] == [*("image", "trimap", "classes given", "true classes")]
    for (content, _), index in zip(tiles[2:], (1, 4), strict=True):
        with Image.open(io.BytesIO(base64.b64decode(content))) as tile:
            pixels = np.asarray(tile.convert("RGB")).astype(int)
        colour = list(bytes.fromhex(TAXONOMY[index].colour[1:]))
        assert np.abs(pixels[2:16, 4:-4] - colour).max() < 24  # WebP rounds
        assert (pixels[26:] > 230).all()
    names = re.findall(r'<li><i style="background: (#\w{6})"></i>(\w+)</li>', page)
    assert names == [(TAXONOMY[index].colour, CLASSES[index]) for index in (1, 4)]


def test_a_run_of_the_classifier_has_its_confusion(tmp_path):
    confusion = np.eye(len(CLASSES), dtype=int).tolist()
    validation = {"score": 0.5, "by_class": {"fire": 0.5}, "confusion": confusion}
    strip = {
        "image": np.zeros((2, 32, 32, 3), np.uint8),
        "label": np.array([1, 1]),
        "answer": np.array([1, 10]),
    }
    run = write_run(tmp_path / "run", "sim-classifier-small", [validation], strip)
    page = write_training_page(run).read_text()
    assert "Confusion of classes" in page
    assert "<figcaption>fire</figcaption>" in page
    assert f"<figcaption>fire, taken for {CLASSES[10]}</figcaption>" in page


def test_a_folder_without_steps_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not the folder of a training run"):
        write_training_page(tmp_path)
    (tmp_path / "recipe.toml").write_text(recipe_text(read_recipe("sim-small")), encoding="utf-8")
    with pytest.raises(DataError, match="has no logged step yet"):
        write_training_page(tmp_path)
