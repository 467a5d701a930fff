"""A board says of a method which images show what its weights were trained on."""

import numpy as np
import pytest
from conftest import save
from msgspec.structs import replace

from simd.dataset.manifest import load_set, write_manifest
from simd.dataset.predictions import RunRecord, read_run, write_run
from simd.errors import DataError
from simd.methods.facts import facts_of
from simd.methods.weights.published import table
from simd.metrics.evaluate import evaluate
from simd.sources import FINISHED, FOREGROUNDS


class Trained:
    trained_on = ("folder/fire_a", "folder/other")

    def predict(self, image, trimap):
        return trimap


def predictions_of(dataset, folder, trained_on):
    for row in dataset.rows:
        save(folder / f"{row.id}.png", np.array(dataset[row.id].alpha))
    write_run(folder, RunRecord(method="net", set_digest=dataset.digest, trained_on=trained_on))
    return folder


@pytest.fixture
def mixed(tiny_set):
    """Return a set two of whose foregrounds are from the halves of a dataset."""
    first, second, *others = tiny_set.rows
    rows = [replace(first, fg_id="Training_set/lace"), replace(second, fg_id="Test_set/lace"), *others]
    facts = {key: tiny_set.info[key] for key in ("name", "protocol", "seed", "sources")}
    write_manifest(tiny_set.path, rows, **facts)
    return load_set(tiny_set.path)


def remarks_of(dataset, folder, trained_on):
    scores = evaluate(predictions_of(dataset, folder, trained_on), dataset.path).scores
    return [remark for remark in scores.remarks if "trained on" in remark]


def test_images_whose_foregrounds_were_seen_in_training_are_counted(mixed, tmp_path):
    first, second = (row.id for row in mixed.rows[:2])
    source = mixed.rows[0].source
    assert remarks_of(mixed, tmp_path / "a", (f"{source}/Training_set",)) == [
        f"1 of 6 images show foregrounds that the weights were trained on ({source}/Training_set), so that "
        f"their errors are no test: {first}."
    ]
    both = remarks_of(mixed, tmp_path / "b", (f"{source}/Training_set", f"{source}/Test_set"))
    assert both[0].startswith("2 of 6 images show")
    assert second in both[0]
    assert remarks_of(mixed, tmp_path / "c", (f"{source}/Training",)) == []  # the part is a whole name
    assert remarks_of(mixed, tmp_path / "d", None) == []


def test_run_json_keeps_what_weights_were_trained_on(tmp_path):
    write_run(tmp_path, RunRecord(method="net", trained_on=("adobe/Test_set",)))
    assert read_run(tmp_path).trained_on == ("adobe/Test_set",)
    (tmp_path / "run.json").write_text('{"method": "net", "trained_on": "adobe"}')
    with pytest.raises(DataError, match="the key 'trained_on' must be a list or null"):
        read_run(tmp_path)


def test_a_method_says_it_as_a_tuple():
    assert facts_of(Trained()).trained_on == ("folder/fire_a", "folder/other")
    wrong = Trained()
    wrong.trained_on = "adobe"
    with pytest.raises(DataError, match="the trained_on of the method Trained must be tuple, not 'adobe'"):
        facts_of(wrong)


def test_the_published_table_names_sources_that_there_are():
    named = {part.partition("/")[0] for entry in table() for part in entry.trained_on}
    assert named <= FOREGROUNDS.keys() | FINISHED.keys()
