"""A layer that is not the one that was built is refused by every command that reads it, and named."""

import numpy as np
import pytest
from conftest import restated, save
from PIL import Image

from simd.dataset.manifest import load_set
from simd.errors import DataError
from simd.metrics.scores import load_scores
from simd.records import LAYERS

SIDE = 64, 80


def pixels_of(path):
    with Image.open(path) as image:
        return np.array(image)


def change(sample, layer):
    """Write other pixels that are fine for themselves: upside down, another unknown region, another class."""
    pixels = pixels_of(sample.path(layer))
    if layer == "class_mask":
        pixels[pixels != 255] = 3
    elif layer == "trimap":
        pixels[0] = 128
    else:
        pixels = 255 - pixels
    return save(sample.path(layer), pixels)


@pytest.fixture
def mattes(tiny_set, tmp_path):
    folder = tmp_path / "mattes"
    for number, sample in enumerate(tiny_set):
        save(folder / f"{sample.row.id}.png", np.full(SIDE, 40 + number, np.uint8))
    return folder


@pytest.mark.parametrize("layer", LAYERS)
def test_a_sample_gives_no_pixels_that_were_not_built(tiny_set, layer):
    path = change(tiny_set[2], layer)
    with pytest.raises(DataError) as caught:
        getattr(tiny_set[2], layer)
    assert str(caught.value) == (
        f"{path}: its pixels are not those that were built; simd verify {tiny_set.path} lists every such file"
    )
    assert getattr(tiny_set[1], layer).shape[:2] == SIDE


def test_a_layer_of_one_colour_has_the_shape_that_was_built(tiny_set):
    path = save(tiny_set[0].path("class_mask"), np.zeros(SIDE, np.uint8))
    built = restated(tiny_set)
    save(path, np.zeros(SIDE[::-1], np.uint8))  # its digest is the same
    with pytest.raises(DataError, match="is 80 x 64, the composite is 64 x 80"):
        built[0].read("class_mask")


READ_BY = {
    "evaluate": ("alpha", "trimap", "class_mask"),
    "stats": LAYERS,
    "embed": LAYERS,
    "predict": ("image", "trimap"),
}


@pytest.mark.parametrize(("command", "layer"), [(c, layer) for c in READ_BY for layer in READ_BY[c]])
def test_every_command_names_the_changed_layer_and_finishes_the_rest(
    tiny_set, mattes, tmp_path, run_cli, command, layer
):
    bad, out = tiny_set[2], tmp_path / "out" / "it"
    change(bad, layer)
    words = {
        "evaluate": ("evaluate", mattes, tiny_set.path),
        "predict": ("predict", "trimap", tiny_set.path),
    }.get(command, (command, tiny_set.path))
    done = run_cli(*words, "--out", out)
    assert done.code == 1
    assert f"{bad.path(layer)}: its pixels are not those that were built" in done.err
    assert "1 of 6 " in done.err
    if command == "evaluate":
        scores = load_scores(out)
        assert {row.id for row in scores.rows} == {row.id for row in tiny_set.rows} - {bad.row.id}
        assert "are not those that were built" in scores.missing[bad.row.id]
    if command == "predict":
        assert len(list(out.glob("*.png"))) == 5


@pytest.mark.parametrize("layer", ["image", "alpha", "trimap"])
def test_pictures_of_changed_layers_are_not_shown(tiny_set, mattes, tmp_path, run_cli, layer):
    scores = tmp_path / "scores" / "mine"
    assert run_cli("evaluate", mattes, tiny_set.path, "--out", scores).code == 0
    bad = tiny_set[2]
    change(bad, layer)
    done = run_cli("leaderboard", scores, "--out", tmp_path / "board")
    assert done.code == 0
    assert f"not among the examples: {bad.row.id}: {bad.path(layer)}: its pixels are not" in done.err
    page = (tmp_path / "board" / "index.html").read_text()
    assert tiny_set[1].row.id in page
    assert bad.row.id not in page
    done = run_cli("browse", tiny_set.path, "--scores", scores, "--static", tmp_path / "page")
    assert done.code == 1
    assert f"{bad.path(layer)}: its pixels are not those that were built" in done.err


def test_a_layer_that_was_only_stored_anew_is_read(tiny_set):
    for layer in LAYERS:
        before = pixels_of(tiny_set[0].path(layer))
        save(tiny_set[0].path(layer), before, compress_level=9, dpi=(72, 72))
    copy = load_set(tiny_set.path)
    assert all((copy[0].read(layer) == pixels_of(copy[0].path(layer))).all() for layer in LAYERS)
