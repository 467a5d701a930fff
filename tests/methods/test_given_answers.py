"""Answers of finished runs, handed to the method that weighs them."""

import json

import numpy as np
import pytest
from conftest import save
from PIL import Image

from simd.errors import BatchError, DataError
from simd.methods.predict import predict

WEIGHED = ("closed-form", "shared")


def pixels_of(folder):
    return {file.name: np.array(Image.open(file)) for file in sorted(folder.glob("*.png"))}


@pytest.fixture
def answers(tiny_set, tmp_path):
    """Return a folder with the runs of both methods, and one of fused that solved by itself."""
    folder = tmp_path / "answers"
    for name in (*WEIGHED, "fused"):
        predict(name, tiny_set.path, folder / name)
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_the_mattes_are_those_of_solving_again(tiny_set, answers, tmp_path, workers, monkeypatch):
    if workers == 1:  # nothing is solved
        monkeypatch.setattr("simd.methods.fused.method.classical_answers", lambda *_: pytest.fail("solved"))
    run = predict("fused", tiny_set.path, tmp_path / "fused", answers=answers, workers=workers)
    expected, mattes = pixels_of(answers / "fused"), pixels_of(tmp_path / "fused")
    assert mattes.keys() == expected.keys()
    for name, matte in mattes.items():
        np.testing.assert_array_equal(matte, expected[name])
    parts = [json.loads((answers / name / "run.json").read_text()) for name in WEIGHED]
    assert run.record.seconds_per_image > sum(part["seconds_per_image"] for part in parts)
    assert run.record.peak_megabytes >= max(part["peak_megabytes"] for part in parts)
    own = predict("fused", tiny_set.path, answers / "fused").record  # as it is
    assert (run.record.version, run.record.fallbacks) == (own.version, own.fallbacks)


def test_fallbacks_are_handed_on(tiny_set, answers, tmp_path):
    """An image whose run says fallback is another input to the network than the same matte without."""
    file = answers / "closed-form" / "run.json"
    record = json.loads(file.read_text())
    ids = sorted({path.stem for path in (answers / "closed-form").glob("*.png")} - record["fallbacks"].keys())
    file.write_text(json.dumps(record | {"fallbacks": dict.fromkeys(ids, "said so")}))
    predict("fused", tiny_set.path, tmp_path / "fused", answers=answers)
    before, after = pixels_of(answers / "fused"), pixels_of(tmp_path / "fused")
    assert any((before[f"{id_}.png"] != after[f"{id_}.png"]).any() for id_ in ids)


def test_pictures_have_answers_too(tmp_path):
    rng = np.random.default_rng(0)
    trimap = np.full((40, 40), 128, np.uint8)
    trimap[:, :12], trimap[:, 28:] = 0, 255
    for name in "ab":
        save(tmp_path / "pictures" / f"{name}.png", rng.integers(0, 256, (40, 40, 3), np.uint8))
        save(tmp_path / "trimaps" / f"{name}.png", trimap)
    place = {"dataset": tmp_path / "pictures", "trimap": tmp_path / "trimaps"}
    for name in WEIGHED:
        predict(name, out=tmp_path / "mattes" / name, **place)
    predict("fused", out=tmp_path / "alone", **place)
    predict("fused", out=tmp_path / "mattes" / "fused", answers=tmp_path / "mattes", **place)  # beside them
    expected, mattes = pixels_of(tmp_path / "alone"), pixels_of(tmp_path / "mattes" / "fused")
    assert all((mattes[name] == expected[name]).all() for name in ("a.png", "b.png"))
    save(tmp_path / "pictures" / "a.png", np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(DataError, match=r"closed-form: its mattes are of other images; run simd predict clo"):
        predict("fused", out=tmp_path / "other", answers=tmp_path / "mattes", **place)


def test_what_is_no_run_of_the_method_is_refused(tiny_set, answers, tmp_path, run_cli):
    out = tmp_path / "fused"

    def refused(what):
        with pytest.raises(DataError, match=what):
            predict("fused", tiny_set.path, out, answers=answers)
        assert not out.exists()

    file = answers / "shared" / "run.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record | {"version": "0"}))
    refused(r"shared: its mattes are of shared \(0\), not of shared \(")
    file.write_text(json.dumps(record | {"set_digest": "0" * 64}))
    refused("shared: its mattes are of other images")
    file.write_text(json.dumps(record | {"checkpoint_digest": "0" * 64}))
    refused("shared: its mattes are of shared")
    file.write_text(json.dumps(record))
    (answers / "shared" / ".predict").mkdir()  # of a run that is not finished
    refused("shared: holds no finished run of shared")
    file.unlink()
    refused("shared: holds no finished run of shared; run simd predict shared")
    with pytest.raises(DataError, match="which this command reads"):
        predict("fused", tiny_set.path, answers / "closed-form", answers=answers, overwrite=True)
    with pytest.raises(DataError, match=r"lies in .*closed-form, a folder of mattes"):
        predict("fused", tiny_set.path, answers / "closed-form" / "fused", answers=answers)
    done = run_cli("predict", "knn", tiny_set.path, "--out", out, "--answers", answers)
    assert done.code == 1
    assert "knn weighs no answers of other methods; leave out --answers" in done.err


def test_an_answer_that_is_gone_or_of_another_size_is_named_and_the_others_are_made(
    tiny_set, answers, tmp_path
):
    first, second, *others = sorted(path.name for path in (answers / "shared").glob("*.png"))
    (answers / "shared" / first).unlink()
    save(answers / "closed-form" / second, np.zeros((7, 7), np.uint8))
    with pytest.raises(BatchError) as failure:
        predict("fused", tiny_set.path, tmp_path / "fused", answers=answers)
    assert f"closed-form/{second}: is (7, 7), the image" in str(failure.value)
    assert f"shared/{first}" in str(failure.value)
    assert {path.name for path in (tmp_path / "fused").glob("*.png")} == set(others)
