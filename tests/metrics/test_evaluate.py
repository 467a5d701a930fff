import json

import numpy as np
import pytest
from conftest import restated, save, soft_alpha
from PIL import Image

from simd import journal
from simd.errors import BatchError, DataError
from simd.metrics.evaluate import check_complete, evaluate
from simd.metrics.scores import load_scores
from simd.parallel import run


def read(sample, layer):
    with Image.open(sample.path(layer)) as image:
        return np.array(image)


def write_perfect(matting_set, folder):
    for sample in matting_set:
        save(folder / f"{sample.row.id}.png", read(sample, "alpha"))
    return folder


@pytest.fixture
def perfect(tiny_set, tmp_path):
    return write_perfect(tiny_set, tmp_path / "mattes")


def test_perfect_mattes_have_no_error(tiny_set, perfect):
    evaluation = evaluate(perfect, tiny_set.path)
    rows = evaluation.scores.rows
    assert {(r.sad, r.mse, r.grad, r.conn) for r in rows} == {(0, 0, 0, 0)}
    assert [(r.id, r.region) for r in rows] == [
        (row.id, region) for row in tiny_set.rows for region in ("unknown", row.class_)
    ]
    assert evaluation.scores.missing == {}
    assert evaluation.extra == ()
    check_complete(evaluation)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_constant_matte_by_hand(tiny_set, tmp_path, workers):
    for sample in tiny_set:
        save(tmp_path / "mattes" / f"{sample.row.id}.png", np.full((64, 80), 51, np.uint8))
    scores = evaluate(tmp_path / "mattes", tiny_set.path, workers=workers).scores
    expected = {}
    for sample in tiny_set:
        unknown = read(sample, "trimap") == 128
        difference = np.abs(51 - read(sample, "alpha")[unknown].astype(float)) / 255
        expected[sample.row.id] = (difference.sum() / 1000, (difference**2).mean(), unknown.sum())
    whole = {r.id: (r.sad, r.mse, r.pixels) for r in scores.rows if r.region == "unknown"}
    assert whole.keys() == expected.keys()
    for id_, values in expected.items():
        assert whole[id_] == pytest.approx(values)
    # each class has one image, so the image mean is the class mean
    summary = scores.summary()
    assert summary.class_mean.to_json() == pytest.approx(summary.image_mean.to_json())
    assert summary.image_mean.sad == pytest.approx(np.mean([v[0] for v in expected.values()]))


def test_images_without_unknown_pixels_are_named_and_counted_nowhere(tiny_set, tmp_path, run_cli):
    first, second = tiny_set[0], tiny_set[1]
    save(first.path("trimap"), np.where(read(first, "alpha") > 127, 255, 0).astype(np.uint8))
    built = restated(tiny_set)
    for sample in built:
        save(tmp_path / "mattes" / f"{sample.row.id}.png", 255 - read(sample, "alpha"))
    for name in ("first", "second"):
        evaluation = evaluate(tmp_path / "mattes", built.path, out=tmp_path / name, name=name)
    scores, summary = evaluation.scores, evaluation.scores.summary()
    check_complete(evaluation)
    assert scores.remarks[0] == (
        "1 of 6 images have no unknown pixel, so nothing of them can be scored and no mean counts them: "
        f"{first.row.id}."
    )
    assert summary.images == 5
    assert summary.classes[first.row.class_].images == 0
    assert summary.classes[second.row.class_].images == 1
    assert np.isnan(
        [summary.classes[first.row.class_].errors[m] for m in ("sad", "mse", "grad", "conn")]
    ).all()
    assert summary.image_mean.sad == pytest.approx(
        np.mean([row.sad for row in scores.rows if row.region == "unknown" and row.id != first.row.id])
    )
    board = run_cli("leaderboard", tmp_path / "first", tmp_path / "second", "--out", tmp_path / "board")
    assert board.code == 0
    assert "no usable matte" not in board.out  # nothing is missing
    assert run_cli("browse", built.path, "--scores", tmp_path / "first", "--static", tmp_path / "p").code == 0


def test_inverted_mattes_are_scored_and_remarked(tiny_set, tmp_path):
    root = tmp_path / "mattes"
    for sample in tiny_set:
        alpha = read(sample, "alpha")
        save(root / "inverted" / f"{sample.row.id}.png", 255 - alpha)
        save(root / "right" / f"{sample.row.id}.png", alpha)
        save(root / "constant" / f"{sample.row.id}.png", np.full(alpha.shape, 51, np.uint8))
        half = 255 - alpha if sample.row.id == tiny_set[0].row.id else alpha
        save(root / "one inverted" / f"{sample.row.id}.png", half)
    remarks = {folder.name: evaluate(folder, tiny_set.path).scores.remarks for folder in root.iterdir()}
    assert remarks.pop("inverted")[0].startswith(
        f"{len(tiny_set)} of {len(tiny_set)} mattes fall where the truth rises: they look inverted."
    )
    assert remarks == {"right": (), "constant": (), "one inverted": ()}


def test_scores_do_not_depend_on_how_a_matte_is_stored(tiny_set, perfect, tmp_path):
    noisy = {s.row.id: np.clip(read(s, "alpha").astype(int) + 9, 0, 255).astype(np.uint8) for s in tiny_set}
    writers = {
        ".png": save,
        ".tif": lambda path, levels: save(path, levels.astype(np.uint16) * 257),
        ".webp": lambda path, levels: save(path, np.stack([levels] * 3, axis=2), lossless=True),
    }
    found = []
    for suffix, write in writers.items():
        for id_, levels in noisy.items():
            write(tmp_path / suffix / f"{id_}{suffix}", levels)
        found.append(
            [(r.sad, r.mse, r.grad, r.conn) for r in evaluate(tmp_path / suffix, tiny_set.path).scores.rows]
        )
    assert np.array(found[0])[:, 0].min() > 0
    np.testing.assert_allclose(found[1], found[0], rtol=2e-6)  # float32 levels
    np.testing.assert_array_equal(found[2], found[0])


def test_16_bits_are_used_as_they_are(tiny_set, perfect):
    sample = tiny_set[0]
    (perfect / f"{sample.row.id}.png").unlink()
    levels = read(sample, "alpha").astype(np.uint16) * 257
    save(perfect / f"{sample.row.id}.tif", np.where(levels > 0, levels - 100, 0).astype(np.uint16))
    row = evaluate(perfect, tiny_set.path).scores.rows[0]
    unknown = (read(sample, "trimap") == 128) & (levels > 0)
    assert row.sad == pytest.approx(unknown.sum() * 100 / 65535 / 1000, rel=1e-4)  # 8 bits would show 0


def test_bad_predictions_are_named_and_the_others_scored(tiny_set, perfect):
    ids = [row.id for row in tiny_set.rows]
    (perfect / f"{ids[0]}.png").unlink()
    save(perfect / f"{ids[1]}.png", np.zeros((80, 64), np.uint8))
    rgb = np.zeros((64, 80, 3), np.uint8)
    rgb[..., 2] = 90
    save(perfect / f"{ids[2]}.png", rgb)
    save(perfect / f"{ids[3]}.webp", np.zeros((64, 80), np.uint8), lossless=True)  # beside the .png
    save(perfect / "notes.png", np.zeros((64, 80), np.uint8))
    (perfect / "notes.txt").touch()
    save(perfect / ".hidden.png", np.zeros((64, 80), np.uint8))
    evaluation = evaluate(perfect, tiny_set.path)
    reasons = evaluation.scores.missing
    assert reasons.keys() == set(ids[:4])
    assert reasons[ids[0]] == f"{perfect / ids[0]}.png is not there"
    assert reasons[ids[1]].startswith(
        f"{perfect / ids[1]}.png: pred (80, 64), alpha (64, 80) and unknown (64, 80) must share one"
    )
    assert reasons[ids[2]].startswith(
        f"{perfect / ids[2]}.png: a matte has one channel, this is a colour image"
    )
    assert reasons[ids[3]] == f"{ids[3]}.png and {ids[3]}.webp share one name; keep one of them"
    assert {r.id for r in evaluation.scores.rows} == set(ids[4:])
    assert evaluation.extra == ("notes.png",)
    with pytest.raises(BatchError, match=r"4 of 6 predictions failed \(2 are done\)") as caught:
        check_complete(evaluation)
    assert caught.value.failures == reasons


def test_two_extra_files_of_one_name_are_nobodys_fault(tiny_set, perfect):
    for suffix in (".png", ".tif"):
        save(perfect / f"notes{suffix}", np.zeros((4, 4), np.uint8))
    evaluation = evaluate(perfect, tiny_set.path)
    assert evaluation.scores.missing == {}
    assert sorted(evaluation.extra) == ["notes.png", "notes.tif"]


def test_a_link_to_nowhere_is_a_reason(tiny_set, perfect):
    path = perfect / f"{tiny_set[0].row.id}.png"
    path.unlink()
    path.symlink_to(perfect / "gone.png")
    assert list(evaluate(perfect, tiny_set.path).scores.missing) == [tiny_set[0].row.id]


# -- run.json ------------------------------------------------------------------------------------------


def write_run(folder, **facts):
    (folder / "run.json").write_text(json.dumps(facts))


def test_run_json_names_the_method_and_its_fallbacks(tiny_set, perfect):
    id_ = tiny_set[1].row.id
    write_run(
        perfect,
        method="mine",
        version="3",
        set_digest=tiny_set.digest,
        seconds_per_image=1.5,
        fallbacks={id_: "no known foreground"},
    )
    scores = evaluate(perfect, tiny_set.path).scores
    assert (scores.name, scores.version, scores.seconds_per_image) == ("mine", "3", 1.5)
    assert {r.id for r in scores.rows if r.fallback == "no known foreground"} == {id_}
    assert scores.summary().fallbacks == 1
    assert evaluate(perfect, tiny_set.path, name="other").scores.name == "other"


def test_without_run_json_the_folder_names_the_method(tiny_set, perfect):
    assert evaluate(perfect, tiny_set.path).scores.name == "mattes"


def test_mattes_of_another_set_are_refused(tiny_set, perfect):
    write_run(perfect, method="mine", set_digest="0" * 64)
    message = rf"for a set with digest 000000000000, .*set has {tiny_set.digest[:12]}; predict this set first"
    with pytest.raises(DataError, match=message):
        evaluate(perfect, tiny_set.path)


@pytest.mark.parametrize(
    ("text", "message"), [("[]", "is not a run.json"), ('{"fallbacks": 3}', "is not a run"), ("{", "JSON")]
)
def test_a_broken_run_json_is_named(tiny_set, perfect, text, message):
    (perfect / "run.json").write_text(text)
    with pytest.raises(DataError, match=rf"run\.json: .*{message}"):
        evaluate(perfect, tiny_set.path)


def test_folders_without_mattes_are_named(tiny_set, tmp_path):
    with pytest.raises(DataError, match="gone: no such folder; predictions are expected there"):
        evaluate(tmp_path / "gone", tiny_set.path)
    (tmp_path / "empty").mkdir()
    first = min(row.id for row in tiny_set.rows)
    expected = rf"empty: holds no prediction for .*set: '{first}\.png' is expected, for example; "
    with pytest.raises(DataError, match=expected + "nothing is there"):
        evaluate(tmp_path / "empty", tiny_set.path)
    for name in ("knn", "ours"):
        (tmp_path / "all" / name).mkdir(parents=True)
    with pytest.raises(
        DataError, match=r"all: holds no prediction .*: it holds folders; name one of them: knn, ours$"
    ):
        evaluate(tmp_path / "all", tiny_set.path)
    save(tmp_path / "empty" / "IMG_1.png", soft_alpha())
    with pytest.raises(DataError, match=expected + r"what is there is called as 'IMG_1\.png'"):
        evaluate(tmp_path / "empty", tiny_set.path)


# -- interrupted ---------------------------------------------------------------------------------------


class StoppedError(Exception):
    """What stands in for Ctrl-C here."""


@pytest.fixture
def scored(monkeypatch):
    """Return the ids in the order in which they are scored; the run ends after `scored.limit` of them."""

    class Ids(list):
        limit = 99

    ids = Ids()

    def counted(function, items, *, workers):
        for outcome in run(function, items, workers=workers):
            if len(ids) == ids.limit:
                raise StoppedError
            ids.append(outcome.item.truth.id)
            yield outcome

    monkeypatch.setattr(journal, "run", counted)
    return ids


def test_an_interrupted_evaluation_goes_on(tiny_set, perfect, tmp_path, scored):
    state = tmp_path / ".scores.partial"
    scored.limit = 4
    with pytest.raises(StoppedError):
        evaluate(perfect, tiny_set.path, state=state)
    first, scored.limit = list(scored), 99
    changed = perfect / f"{first[1]}.png"
    save(changed, np.zeros((64, 80), np.uint8))
    scored.clear()
    resumed = evaluate(perfect, tiny_set.path, state=state)
    assert sorted(scored) == sorted({row.id for row in tiny_set.rows} - set(first) | {first[1]})
    assert not state.exists()
    assert resumed.scores.rows == evaluate(perfect, tiny_set.path).scores.rows


def test_the_state_of_other_mattes_is_refused(tiny_set, perfect, tmp_path, scored):
    scored.limit = 2
    with pytest.raises(StoppedError):
        evaluate(perfect, tiny_set.path, state=tmp_path / "state")
    write_perfect(tiny_set, tmp_path / "others")
    with pytest.raises(DataError, match="unfinished"):
        evaluate(tmp_path / "others", tiny_set.path, state=tmp_path / "state")


def test_the_command_writes_scores_that_are_read_back(tiny_set, perfect, tmp_path, run_cli):
    (perfect / f"{tiny_set[0].row.id}.png").unlink()
    done = run_cli(
        "evaluate", perfect, tiny_set.path, "--out", tmp_path / "scores" / "mine", "--name", "mine"
    )
    assert done.code == 1
    assert "1 of 6 predictions failed (5 are done)" in done.err
    scores = load_scores(tmp_path / "scores" / "mine")
    assert (scores.name, len(scores.rows), list(scores.missing)) == ("mine", 10, [tiny_set[0].row.id])
    assert scores.set["digest"] == tiny_set.digest
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == ["mine.csv", "mine.json"]
