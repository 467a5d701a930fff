"""Mirrors in parquet: a row is an image-alpha pair; its category is a class only where a table says so."""

import io
import json

import numpy as np
import pytest
from conftest import soft_alpha
from PIL import Image

from simd.dataset.manifest import load_set
from simd.image import read_alpha, read_image

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
from pyarrow import parquet  # noqa: E402  it is there only with pyarrow

GREY = np.full((64, 80, 3), 90, np.uint8)
ROWS = [
    {"image_name": "o_1", "category": "animal", "type": "SO", "label": 0},
    {"image_name": "o_2", "category": "portrait", "type": "NS", "label": 1},
    {"image_name": "o_3", "category": "animal", "type": "SO", "label": 0},
]


def png(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def mirror(root, rows=ROWS, *, trimaps=False, drop=(), features=None):
    """Write rows with their images, two of them a group, as Hugging Face does."""
    full = []
    for seed, row in enumerate(rows):
        alpha = soft_alpha(seed=seed)
        layers = {"image": GREY + np.uint8(seed), "mask": alpha}
        if trimaps:
            layers["trimap"] = np.where(alpha == 0, 0, np.where(alpha == 255, 255, 128)).astype(np.uint8)
        images = {layer: {"bytes": png(pixels), "path": None} for layer, pixels in layers.items()}
        full.append({key: value for key, value in (images | row).items() if key not in drop})
    table = pyarrow.Table.from_pylist(full)
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    (root / "data").mkdir(parents=True)
    parquet.write_table(table, root / "data" / "test-00000-of-00001.parquet", row_group_size=2)
    return root


def test_categories_are_listed_and_a_table_gives_them_classes(tmp_path, run_cli):
    root = mirror(tmp_path / "AIM-500", drop=("label",))
    done = run_cli("index", root)
    assert done.code == 0, done.err
    assert "image-alpha pairs (parquet): expected 3, found 3, missing 0, extra 0, broken 0" in done.out
    assert "column category: animal 2, portrait 1; --classes FILE with the columns category and" in done.out
    assert "column type: SO 2, NS 1" in done.out
    done = run_cli("import", root, tmp_path / "out", "--workers", "1")
    assert (done.code, "no class is stated for it" in done.err) == (1, True)
    (tmp_path / "by.csv").write_text("category,class\nanimal,fur\nportrait,hair_hard\n")
    words = ("--classes", tmp_path / "by.csv", "--workers", "1")
    done = run_cli("import", root, tmp_path / "out", *words)
    assert done.code == 0, done.err
    rows = {row.fg_id: row for row in load_set(tmp_path / "out").rows}
    assert {name: row.class_ for name, row in rows.items()} == {
        "o_1": "fur",
        "o_2": "hair_hard",
        "o_3": "fur",
    }
    for seed, name in enumerate(("o_1", "o_2", "o_3")):
        file = f"{rows[name].id}.png"
        np.testing.assert_array_equal(read_image(tmp_path / "out" / "image" / file), GREY + np.uint8(seed))
        np.testing.assert_array_equal(read_alpha(tmp_path / "out" / "alpha" / file), soft_alpha(seed=seed))
        assert rows[name].recipe["trimap"] == "made"


def test_a_table_by_type_and_the_official_trimaps_of_a_mirror(tmp_path, run_cli):
    root = mirror(tmp_path / "m", trimaps=True, drop=("label",))
    (tmp_path / "by.csv").write_text("type;class\nSO;fur\nNS;net\n")
    words = ("--classes", tmp_path / "by.csv", "--workers", "1")
    done = run_cli("import", root, tmp_path / "out", *words)
    assert done.code == 0, done.err
    rows = load_set(tmp_path / "out").rows
    assert sorted(row.class_ for row in rows) == ["fur", "fur", "net"]
    assert {row.recipe["trimap"] for row in rows} == {"official"}


def test_numbers_of_words_are_read_as_their_words_and_names_of_classes_are_classes(tmp_path, run_cli):
    features = {"label": {"names": ["fur", "hair_easy"], "_type": "ClassLabel"}}
    root = mirror(tmp_path / "m", drop=("category", "type"), features=features)
    done = run_cli("import", root, tmp_path / "out", "--workers", "1")
    assert done.code == 0, done.err
    assert sorted(row.class_ for row in load_set(tmp_path / "out").rows) == ["fur", "fur", "hair_easy"]


def test_rows_that_cannot_be_used_are_named_and_the_others_finished(tmp_path, run_cli):
    bad = [
        *ROWS,
        {
            "image_name": "o_4",
            "category": "animal",
            "type": "SO",
            "label": 0,
            "image": {"bytes": None, "path": "/etc/x"},
        },
        {
            "image_name": "o_5",
            "category": "animal",
            "type": "SO",
            "label": 0,
            "mask": {"bytes": b"no", "path": None},
        },
        {"image_name": "o_1", "category": "animal", "type": "SO", "label": 0},
    ]
    root = mirror(tmp_path / "m", bad, drop=("label",))
    done = run_cli("import", root, tmp_path / "out", "--class", "fur", "--workers", "1")
    assert done.code == 1
    assert "o_1: " in done.err
    assert "names the image 'o_1' more than once" in done.err
    assert "o_4: its image is not inside; paths are not followed" in done.err
    assert "parquet, o_5, alpha: is not an image" in done.err
    assert "2 are done" in done.err


def test_a_file_that_is_no_parquet_file_is_named(tmp_path, run_cli):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "a.parquet").write_bytes(b"no parquet")
    done = run_cli("index", tmp_path / "m", "--kind", "parquet")
    assert (done.code, "a.parquet: is not a parquet file that can be read" in done.err) == (1, True)
