import json

import numpy as np
import pytest
from conftest import save
from PIL import Image

from simd.dataset.manifest import load_set
from simd.errors import BatchError, DataError
from simd.methods import METHODS, Fallback
from simd.methods.predict import predict
from simd.methods.trimap_only import TrimapMethod


def pixels_of(path):
    with Image.open(path) as image:
        assert image.mode == "L"
        return np.array(image)


def times_of(folder):
    return {p.name: p.stat().st_mtime_ns for p in folder.glob("*.png")}


def floor_of(trimap):
    """Return the levels of the method `trimap`: 0, 255, and 0.5 * 255 = 127.5 rounded to even."""
    return np.select([trimap == 255, trimap == 128], [255, 128], 0)


def one_class_without_foreground(image, trimap):
    if image[0, 0].sum() % 2:
        return Fallback(np.zeros(trimap.shape), "the trimap has no known foreground")
    return np.ones(trimap.shape)


class Odd(TrimapMethod):
    """A method with a bug that some images bring to light."""

    def predict(self, image, trimap):
        if (trimap == 128).sum() % 2 == 0:
            raise ZeroDivisionError("an even region")
        return super().predict(image, trimap)


class Wrong(TrimapMethod):
    def predict(self, image, trimap):
        return super().predict(image, trimap)[:-1]


class Mixed(TrimapMethod):
    def predict(self, image, trimap):
        return one_class_without_foreground(image, trimap)


ODD, WRONG, MIXED = Odd(), Wrong(), Mixed()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_writes_a_matte_for_each_image_and_says_what_it_did(tiny_set, tmp_path, workers):
    out = tmp_path / "mattes"
    run = predict("trimap", tiny_set.path, out, workers=workers)
    for sample in tiny_set:
        np.testing.assert_array_equal(pixels_of(out / f"{sample.row.id}.png"), floor_of(sample.trimap))
    info = json.loads((out / "run.json").read_text())
    assert info == run.info
    assert (info["method"], info["version"], info["images"]) == ("trimap", "1", 6)
    assert (info["set"], info["set_digest"]) == (tiny_set.path.name, tiny_set.digest)
    assert info["checkpoint_digest"] is None
    assert info["fallbacks"] == {}
    assert info["seconds_per_image"] >= 0
    assert info["peak_megabytes"] > 10
    assert {p.name for p in out.iterdir()} == {*(f"{s.row.id}.png" for s in tiny_set), "run.json"}


def test_fallbacks_are_listed_by_image(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "trimap", f"{__name__}:MIXED")
    info = predict("trimap", tiny_set.path, tmp_path / "mattes").info
    expected = {s.row.id for s in tiny_set if s.image[0, 0].sum() % 2}
    assert 0 < len(expected) < 6
    assert info["fallbacks"] == dict.fromkeys(
        [s.row.id for s in tiny_set if s.row.id in expected], "the trimap has no known foreground"
    )


def test_a_failing_image_does_not_end_the_run_and_is_tried_again(tiny_set, tmp_path):
    out, broken = tmp_path / "mattes", tiny_set[2]
    whole = broken.path("trimap").read_bytes()
    broken.path("trimap").write_bytes(whole[:-30])
    for _ in range(2):  # the second time there is nothing else to do
        with pytest.raises(
            BatchError, match=r"1 of 6 images failed \(5 are done\):\n  .*is damaged"
        ) as caught:
            predict("trimap", tiny_set.path, out)
        assert list(caught.value.failures) == [broken.row.id]
        assert len(times_of(out)) == 5
        assert not (out / "run.json").exists()
    before = times_of(out)
    broken.path("trimap").write_bytes(whole)
    assert predict("trimap", tiny_set.path, out).info["images"] == 6
    assert {name: time for name, time in times_of(out).items() if name in before} == before
    assert not (out / ".predict").exists()


def test_a_matte_that_a_power_cut_has_emptied_is_made_again(tiny_set, tmp_path):
    out, broken = tmp_path / "mattes", tiny_set[2]
    whole = broken.path("trimap").read_bytes()
    broken.path("trimap").write_bytes(whole[:-30])
    with pytest.raises(BatchError):
        predict("trimap", tiny_set.path, out)
    broken.path("trimap").write_bytes(whole)
    emptied = out / f"{tiny_set[0].row.id}.png"
    expected = pixels_of(emptied)
    emptied.write_bytes(b"")
    predict("trimap", tiny_set.path, out)
    np.testing.assert_array_equal(pixels_of(emptied), expected)


def test_a_bug_in_a_method_is_shown_with_its_place(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "trimap", f"{__name__}:ODD")
    even = [s.row.id for s in tiny_set if (s.trimap == 128).sum() % 2 == 0]
    assert even
    with pytest.raises(BatchError, match="ZeroDivisionError: an even region\n") as caught:
        predict("trimap", tiny_set.path, tmp_path / "mattes")
    assert list(caught.value.failures) == even
    assert "in predict" in str(caught.value)


def test_a_matte_of_another_size_is_refused(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setitem(METHODS, "trimap", f"{__name__}:WRONG")
    with pytest.raises(BatchError, match=r"trimap returned \(63, 80\) for an image of \(64, 80\)"):
        predict("trimap", tiny_set.path, tmp_path / "mattes")
    assert times_of(tmp_path / "mattes") == {}


def test_mattes_that_were_lost_during_a_run_are_made_again(tiny_set, tmp_path):
    out, broken = tmp_path / "mattes", tiny_set[2]
    whole = broken.path("image").read_bytes()
    broken.path("image").unlink()
    with pytest.raises(BatchError, match=r"\.png: no such file"):
        predict("trimap", tiny_set.path, out)
    (out / f"{tiny_set[0].row.id}.png").unlink()
    broken.path("image").write_bytes(whole)
    predict("trimap", tiny_set.path, out)
    assert len(times_of(out)) == 6


def test_a_finished_run_is_not_made_again(tiny_set, tmp_path):
    first = predict("trimap", tiny_set.path, tmp_path / "mattes")
    before = times_of(tmp_path / "mattes")
    assert predict("trimap", tiny_set.path, tmp_path / "mattes").info == first.info
    assert times_of(tmp_path / "mattes") == before


def test_a_folder_of_other_mattes_is_refused(tiny_set, tmp_path):
    out = tmp_path / "mattes"
    predict("trimap", tiny_set.path, out)
    with pytest.raises(
        DataError, match=r"mattes: holds the mattes of trimap \(1\), on another set, in another"
    ):
        predict("shared", tiny_set.path, out)
    info = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps(info | {"set_digest": "0" * 64}))
    with pytest.raises(DataError, match="choose another folder, remove this one"):
        predict("trimap", tiny_set.path, out)


def test_an_unfinished_run_of_another_method_is_refused(tiny_set, tmp_path):
    out = tmp_path / "mattes"
    tiny_set[2].path("image").unlink()
    with pytest.raises(BatchError):
        predict("trimap", tiny_set.path, out)
    with pytest.raises(
        DataError, match=r"mattes: holds an unfinished run .*method: 'trimap' is now 'shared'"
    ):
        predict("shared", tiny_set.path, out)


@pytest.mark.parametrize("name", ["notes.txt", "a.png"])
def test_a_folder_of_something_else_is_refused(tiny_set, tmp_path, name):
    out = tmp_path / "mattes"
    out.mkdir()
    (out / name).touch()
    with pytest.raises(DataError, match="mattes: is not an empty folder; a folder of mattes needs one"):
        predict("trimap", tiny_set.path, out)
    with pytest.raises(DataError, match=r"is not a folder; a folder of mattes needs one"):
        predict("trimap", tiny_set.path, out / name)
    assert [p.name for p in out.iterdir()] == [name]


def test_unknown_methods_are_refused_before_anything_is_written(tiny_set, tmp_path, run_cli):
    done = run_cli("predict", "closedform", tiny_set.path, "--out", tmp_path / "mattes")
    assert done.code == 1
    assert done.err.startswith("simd: unknown method 'closedform'; did you mean 'closed-form'")
    assert not (tmp_path / "mattes").exists()


def test_an_image_that_needs_more_memory_than_there_is_is_not_tried(tiny_set, tmp_path, monkeypatch):
    monkeypatch.setattr("simd.methods.predict.free_gigabytes", lambda: 0.01)
    monkeypatch.setattr("simd.methods.one_image.free_gigabytes", lambda: 0.01)
    # 64 x 80 pixels are 0.00512 megapixels; knn takes 3.8 GB for each: 0.019 GB
    with pytest.raises(BatchError, match=r"6 of 6 images failed") as caught:
        predict("knn", tiny_set.path, tmp_path / "mattes")
    assert set(caught.value.failures.values()) == {
        "knn needs about 0.0 GB for 0.0 megapixels, 0.0 GB are free; "
        "use a smaller tile if the method has tiles (--option tile=1024), or, with another --out, take "
        "another method or a set built with --max-side"
    }


def test_fewer_workers_are_used_where_memory_is_short(tiny_set, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("simd.methods.predict.free_gigabytes", lambda: 0.7)
    predict("trimap", tiny_set.path, tmp_path / "mattes", workers=8)
    told = "2 of 8 workers are used: a worker needs about 0.3 GB for 0.0 megapixels, 0.7 GB are free"
    assert told in caplog.text


def test_a_set_without_composites_is_refused(tiny_set, tmp_path, foregrounds, backgrounds, run_cli):
    for path in (foregrounds / "alpha").iterdir():
        save(path, np.zeros((64, 80), np.uint8))
    flags = ("--foregrounds", foregrounds, "--backgrounds", backgrounds, "--any-licence")
    assert run_cli("build", tmp_path / "empty", *flags).code == 1
    assert len(load_set(tmp_path / "empty")) == 0
    done = run_cli("predict", "trimap", tmp_path / "empty", "--out", tmp_path / "mattes")
    assert done.code == 1
    assert done.err == f"simd: {tmp_path / 'empty'}: is a set without composites; nothing can be predicted\n"


def test_a_finished_run_that_lost_a_matte_is_not_taken_for_whole(tiny_set, tmp_path):
    predict("trimap", tiny_set.path, tmp_path / "mattes")
    (tmp_path / "mattes" / f"{tiny_set[1].row.id}.png").unlink()
    lost = rf"1 mattes of its finished run are gone or empty \({tiny_set[1].row.id}\.png"
    with pytest.raises(DataError, match=lost):
        predict("trimap", tiny_set.path, tmp_path / "mattes")
