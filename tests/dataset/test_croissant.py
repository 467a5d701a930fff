"""Croissant 1.1: mlcroissant finds no fault and loads every picture; that of another set is refused."""

import json
import shutil

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.dataset.exports.statements import FIELDS
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.errors import BatchError, DataError
from simd.records import LAYERS

pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning",
    "ignore:unclosed file:ResourceWarning",  # mlcroissant leaves pictures for the garbage collector to close
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
MODES = {"image": "RGB", "alpha": "L", "trimap": "L", "class_mask": "L"}
STATEMENTS = """
url = "https://example.org/mine"
creator = "A. Maker"
date_published = "2026-11-29"
cite_as = "Mine, 2026"
personal_sensitive_information = "Nobody is shown."
data_social_impact = "None that we know of."
"""


@pytest.fixture
def exported(tiny_set, tmp_path):
    """Return a set of six, and its export with all that its makers could state."""
    (tmp_path / "statements.toml").write_text(STATEMENTS)
    of = {"any_licence": True, "statements": tmp_path / "statements.toml"}
    export(tiny_set, tmp_path / "out", to="croissant", **of)
    return tiny_set, tmp_path / "out"


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def test_mlcroissant_finds_no_fault_in_it(exported, caplog):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    _, out = exported
    metadata = mlcroissant.Dataset(str(out / "croissant.json")).metadata
    issues = metadata.ctx.issues
    assert (issues.errors, issues.warnings) == (set(), set())
    assert (metadata.name, metadata.url, metadata.cite_as) == (
        "exact-0",
        "https://example.org/mine",
        "Mine, 2026",
    )
    assert metadata.personal_sensitive_information == ["Nobody is shown."]
    assert "fur 1 of 1" in str(metadata.data_biases)
    assert "6 of 6 images are composites" in str(metadata.data_limitations)
    read_back = metadata.to_json()
    assert read_back["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert read_back["rai:hasSyntheticData"] is True
    # of NeurIPS: a misspelt name would give no warning, so the list stands here too
    assert {
        *("rai:dataLimitations", "rai:dataBiases", "rai:personalSensitiveInformation", "rai:dataUseCases"),
        *("rai:dataSocialImpact", "rai:hasSyntheticData", "prov:wasDerivedFrom", "prov:wasGeneratedBy"),
    } == set(FIELDS.values())
    assert set(FIELDS.values()) <= read_back.keys()


def test_records_hold_the_rows_and_every_picture(exported):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    made, out = exported
    dataset = mlcroissant.Dataset(str(out / "croissant.json"))
    for layer in LAYERS:
        pictures = {text(each[f"{layer}/id"]): each[f"{layer}/picture"] for each in dataset.records(layer)}
        assert sorted(pictures) == sorted(row.id for row in made.rows)
        for id_, picture in pictures.items():
            assert picture.mode == MODES[layer]
            assert np.array_equal(np.array(picture), made[id_].read(layer)), (layer, id_)
    records = list(dataset.records("composites"))
    assert [text(each["composites/id"]) for each in records] == [row.id for row in made.rows]
    for record, sample in zip(records, made, strict=True):
        assert np.array_equal(np.array(record["composites/image"]), sample.image)
        row = sample.row.to_row()
        for key in ("class", "fg_id", "bg_id", "licence", "seed", "image_sha256"):
            assert text(record[f"composites/{key}"]) == row[key]


def test_a_set_of_photographs_without_a_class_is_loaded_too(tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    for number in range(2):
        save(tmp_path / "photos" / "image" / f"{number}.png", np.full((20, 30, 3), 40 * number, np.uint8))
        save(tmp_path / "photos" / "alpha" / f"{number}.png", soft_alpha(20, 30, seed=number))
    made = import_set(tmp_path / "photos", tmp_path / "set", unlabelled=True)
    export(made, tmp_path / "out", to="croissant", any_licence=True)
    content = json.loads((tmp_path / "out" / "croissant.json").read_text())
    assert content["rai:hasSyntheticData"] is False
    assert content["rai:dataSocialImpact"] == "The makers of the set have not stated this."
    dataset = mlcroissant.Dataset(str(tmp_path / "out" / "croissant.json"))
    assert not dataset.metadata.ctx.issues.errors
    records = list(dataset.records("composites"))
    assert [record["composites/class"] for record in records] == [None, None]
    assert import_set(tmp_path / "out", tmp_path / "back").digest == made.digest


def test_the_export_is_a_set_as_it_is(exported):
    made, out = exported
    assert verify(load_set(out)).digest == made.digest


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('data_bias = "x"', "unknown statement 'data_bias'; did you mean 'data_biases'"),
        ("has_synthetic_data = false", "has_synthetic_data is counted from the set; leave it out"),
        ("data_biases = 3", "data_biases must be a text, not 3"),
        ('data_biases = " "', "data_biases must be a text, not ' '"),
        ("data_biases", "is not TOML"),
    ],
)
def test_statements_that_say_nothing_are_refused(tiny_set, tmp_path, line, message):
    (tmp_path / "mine.toml").write_text(line)
    with pytest.raises(DataError, match=rf"mine\.toml: {message}"):
        export(
            tiny_set, tmp_path / "out", to="croissant", any_licence=True, statements=tmp_path / "mine.toml"
        )
    with pytest.raises(
        DataError, match=r"mine\.toml: coco has no place for statements; leave --statements out"
    ):
        export(tiny_set, tmp_path / "out", to="coco", any_licence=True, statements=tmp_path / "mine.toml")
    assert not (tmp_path / "out").exists()


def test_a_croissant_of_another_set_is_refused(exported, tmp_path, foregrounds):
    made, out = exported
    other = import_set(foregrounds, tmp_path / "imported", class_="fur", kind="folder")
    export(other, tmp_path / "other", to="croissant", any_licence=True)
    whole = (out / "croissant.json").read_bytes()
    shutil.copy(tmp_path / "other" / "croissant.json", out)
    message = (
        rf"croissant\.json: is of another set \(digest {other.digest[:12]}\) than export\.json speaks of"
    )
    with pytest.raises(DataError, match=message):
        import_set(out, tmp_path / "back")
    (out / "croissant.json").write_bytes(whole)
    rows = (out / "metadata.jsonl").read_bytes()
    shutil.copy(tmp_path / "other" / "metadata.jsonl", out)
    with pytest.raises(
        DataError, match=r"metadata\.jsonl: is missing, or not the one that croissant\.json was"
    ):
        import_set(out, tmp_path / "back")
    (out / "metadata.jsonl").unlink()
    with pytest.raises(DataError, match=r"metadata\.jsonl: is missing, or not the one"):
        import_set(out, tmp_path / "back")
    (out / "metadata.jsonl").write_bytes(rows)
    assert import_set(out, tmp_path / "back").digest == made.digest


def test_a_croissant_of_others_is_no_set(exported, tmp_path):
    _, out = exported
    (out / "export.json").unlink()
    with pytest.raises(DataError, match="holds no set: a Croissant file describes any dataset"):
        import_set(out, tmp_path / "back", kind="croissant")


def test_pictures_that_are_missing_or_changed_are_named(exported, tmp_path):
    made, out = exported
    first, second = (row.id for row in made.rows[:2])
    picture = (out / "trimap" / f"{first}.png").read_bytes()
    (out / "trimap" / f"{first}.png").unlink()
    shutil.copy(out / "alpha" / f"{first}.png", out / "alpha" / f"{second}.png")
    with pytest.raises(BatchError) as caught:
        import_set(out, tmp_path / "back")
    assert caught.value.failures == {
        first: f"{out}/trimap/{first}.png: is missing",
        second: f"{out}/{second}, alpha: its pixels are not those that were built; get the file again",
    }
    (out / "trimap" / f"{first}.png").write_bytes(picture)
    shutil.copy(made.path / "alpha" / f"{second}.png", out / "alpha")
    assert import_set(out, tmp_path / "back").digest == made.digest


def test_a_croissant_that_is_none_is_refused(exported, tmp_path):
    _, out = exported
    content = json.loads((out / "croissant.json").read_text())
    del content["distribution"]
    (out / "croissant.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="the key 'distribution' is missing; get the folder again"):
        import_set(out, tmp_path / "back")
    (out / "croissant.json").write_text("{")
    with pytest.raises(DataError, match=r"croissant\.json: is not JSON"):
        import_set(out, tmp_path / "back")
