"""Whole folders tagged by the commands: filled, looked through, compared, merged."""

import json

import numpy as np
import pytest
from PIL import Image

from simd.errors import BatchError, DataError
from simd.sources import index_foregrounds, read_foreground
from simd.tagging.annotation_files import (
    annotation_path,
    find_annotations,
    make_annotation,
    read_annotation,
    write_annotation,
)
from simd.tagging.fill import unknown_of
from simd.tagging.folders import fill_folder, merge_folders, read_strokes
from simd.tagging.simulate import draw_strokes
from simd.tagging.status import read_status
from simd.taxonomy import class_index

MIXED = "synthetic-mixed:1@96"
SINGLE = "synthetic:1@48"


def records(place=MIXED):
    return index_foregrounds(place).records


def strokes_file(path, place=MIXED, only=None):
    rows = []
    for fg in records(place):
        pixels = read_foreground(fg)
        if only is None or fg.id in only:
            strokes = draw_strokes(pixels.class_mask, unknown_of(pixels.alpha))
            rows += [{"fg_id": fg.id} | stroke.to_json() for stroke in strokes]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def annotate(folder, fg, class_mask, **facts):
    pixels = read_foreground(fg)
    return write_annotation(
        folder, make_annotation(fg.id, pixels.fg, pixels.alpha, class_mask, **facts), class_mask
    )


@pytest.mark.slow
def test_an_image_level_class_fills_all_unknown_regions(tmp_path, run_cli):
    done = run_cli("tag", "fill", tmp_path / "a", "--foregrounds", SINGLE)
    assert (done.code, done.out) == (0, "20 filled\n")
    paths = find_annotations(tmp_path / "a")
    for fg in records(SINGLE):
        annotation, mask = read_annotation(paths[fg.id])
        unknown = unknown_of(read_foreground(fg).alpha)
        assert (mask == np.where(unknown, class_index(fg.class_), 255)).all()
        assert annotation.review == "proposed"
        assert annotation.confidence == {fg.class_: 1}
    again = run_cli("tag", "fill", tmp_path / "a", "--foregrounds", SINGLE)
    assert again.out == "20 complete already\n"
    looked = run_cli("tag", "status", tmp_path / "a", "--foregrounds", SINGLE)
    assert looked.code == 0
    assert looked.out.startswith("20 annotations (20 proposed), 20 strokes\n")
    assert "0.00% of" in looked.out


@pytest.mark.slow
def test_strokes_from_a_file_are_filled_and_several_classes_are_left_open_without(tmp_path, run_cli):
    some = [fg.id for fg in records()][:3]
    file = strokes_file(tmp_path / "strokes.jsonl", only=some)
    done = run_cli("tag", "fill", tmp_path / "a", "--foregrounds", MIXED, "--strokes", file)
    assert done.out == "3 filled\n8 left open: several classes and no strokes\n"
    status = read_status(tmp_path / "a", records())
    assert (status.annotated, status.unlabelled, len(status.untagged)) == (3, 0, 8)
    assert status.strokes == len(file.read_text().splitlines())
    assert not status.disagreements
    again = run_cli(
        "tag", "fill", tmp_path / "a", "--foregrounds", MIXED, "--strokes", file
    )  # as after a kill
    assert again.out == "3 complete already\n8 left open: several classes and no strokes\n"
    assert read_status(tmp_path / "a", records()).strokes == status.strokes


@pytest.mark.slow
def test_what_is_open_is_filled_and_what_is_reviewed_is_kept(tmp_path):
    (first, second, *_) = records()
    pixels = read_foreground(first)
    unknown = unknown_of(pixels.alpha)
    half = np.where(unknown, pixels.class_mask, 255).astype(np.uint8)
    half[:, 50:] = 255
    annotate(tmp_path, first, half, origin="imported", annotator="A", seconds=4)
    other = np.where(unknown_of(read_foreground(second).alpha), 3, 255).astype(np.uint8)
    annotate(tmp_path, second, other, review="reviewed")
    status = read_status(tmp_path, [first, second])
    assert status.open_ == {first.id: pytest.approx((half[unknown] == 255).mean())}
    assert "source says" in status.disagreements[second.id]
    assert status.seconds == 4
    counts = fill_folder(tmp_path, [first, second])
    assert counts == {"filled": 1, "kept as reviewed": 1}
    annotation, mask = read_annotation(annotation_path(tmp_path, first.id))
    assert (annotation.origin, annotation.annotator, annotation.seconds) == ("imported", "A", 4)
    assert (mask[half != 255] == half[half != 255]).all()
    assert (mask[unknown] != 255).all()
    strokes = read_strokes(strokes_file(tmp_path / "s.jsonl", only=[second.id]))
    with pytest.raises(BatchError, match="is reviewed; remove it first"):
        fill_folder(tmp_path, [first, second], strokes)
    assert (read_annotation(annotation_path(tmp_path, second.id))[1] == other).all()


@pytest.mark.slow
def test_two_workers_write_what_one_writes(tmp_path):
    strokes = read_strokes(strokes_file(tmp_path / "s.jsonl"))
    for workers in (1, 2):
        fill_folder(tmp_path / str(workers), records()[:4], {k: v for k, v in strokes.items() if k in [
            fg.id for fg in records()[:4]
        ]}, workers=workers)  # fmt: skip
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / n).iterdir()} for n in "12")
    assert one == two
    assert len(one) == 8


def test_a_changed_foreground_is_named_and_refused(tmp_path, foregrounds, run_cli):
    folder = tmp_path / "a"
    assert run_cli("tag", "fill", folder, "--foregrounds", foregrounds).out == "6 filled\n"
    alpha = foregrounds / "alpha" / "fur_cat.png"
    pixels = np.array(Image.open(alpha))
    Image.fromarray(pixels[::-1]).save(alpha)
    looked = run_cli("tag", "status", folder, "--foregrounds", foregrounds)
    assert looked.code == 1
    assert "1 changed since:" in looked.out
    assert "its alpha differs since it was annotated" in looked.out
    again = run_cli("tag", "fill", folder, "--foregrounds", foregrounds)
    assert again.code == 1
    assert "has changed since it was annotated: its alpha differs" in again.err


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"kind": "box", "class": "fur", "points": [[0, 0], [1, 1]]}', "lacks fg_id"),
        ('{"fg_id": 3, "kind": "box", "class": "fur", "points": [[0, 0], [1, 1]]}', "lacks fg_id"),
        ('{"fg_id": "a", "kind": "star", "class": "fur"}', "kind must be one of"),
        ('{"fg_id": "a", "kind": "whole", "class": "wool"}', "unknown class 'wool'"),
        ('{"fg_id": "nowhere", "kind": "whole", "class": "fur"}', "that are not there: 'nowhere'"),
        ("[1]", "a JSON object is expected"),
        ("{", "is not JSON"),
    ],
)
def test_bad_strokes_are_named(tmp_path, run_cli, row, reason):
    file = tmp_path / "strokes.jsonl"
    file.write_text(row)
    done = run_cli("tag", "fill", tmp_path / "a", "--foregrounds", MIXED, "--strokes", file)
    assert done.code == 1
    assert reason in done.err


def test_two_folders_are_compared_with_pictures(tmp_path, run_cli):
    one, other, fg = tmp_path / "one", tmp_path / "other", records()[0]
    mask = np.full((96, 96), 255, np.uint8)
    mask[:48], mask[48:60] = 2, 13
    moved = mask.copy()
    moved[40:48] = 13
    annotate(one, fg, mask)
    annotate(other, fg, moved)
    annotate(other, records()[1], mask)
    done = run_cli("tag", "agree", one, other, "--pictures", tmp_path / "pictures")
    assert done.code == 0
    # 60 rows have a class, 52 agree; fur: 40 of 48, sharp: 12 of 20
    assert f"{60 * 96} pixels with a class: {52 / 60:.2%} equal" in done.out
    assert f"fur           {40 / 48:8.4f}" in done.out
    assert f"sharp         {12 / 20:8.4f}" in done.out
    assert "1 annotated in one folder only" in done.out
    (picture,) = (tmp_path / "pictures").iterdir()
    red = (np.array(Image.open(picture)) == (230, 30, 30)).all(axis=2)
    assert (red == (mask != moved)).all()
    assert "no annotated foreground in common" in run_cli("tag", "agree", one, _empty(tmp_path)).err


def _empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_a_merge_is_the_vote_and_leaves_ties_open(tmp_path, run_cli):
    fg, folders = records()[0], [tmp_path / name for name in "abc"]
    masks = [np.full((96, 96), 255, np.uint8) for _ in folders]
    masks[0][:10], masks[1][:10], masks[2][:10] = 2, 2, 13  # two of three
    masks[0][10:20], masks[1][10:20] = 2, 13  # tied
    masks[2][20:30] = 0  # one alone
    for folder, mask in zip(folders, masks, strict=True):
        annotate(folder, fg, mask, review="reviewed", annotator="A")
    done = run_cli("tag", "merge", *folders, "--out", tmp_path / "out")
    assert done.out.startswith(f"1 foregrounds, {10 * 96} of {30 * 96} pixels tied and left open")
    annotation, merged = read_annotation(annotation_path(tmp_path / "out", fg.id))
    assert (merged[:10] == 2).all()
    assert (merged[10:20] == 255).all()
    assert (merged[20:30] == 0).all()
    assert (merged[30:] == 255).all()
    assert annotation.confidence == {"defocus": 1, "fur": pytest.approx(2 / 3, abs=1e-4)}
    assert (annotation.origin, annotation.review, annotation.annotator) == ("merged", "started", None)
    with pytest.raises(DataError, match="would be read and written"):
        merge_folders(folders, tmp_path / "a")


def test_annotations_of_unlike_versions_are_not_compared(tmp_path, run_cli):
    fg, mask = records()[0], np.full((96, 96), 2, np.uint8)
    annotate(tmp_path / "a", fg, mask)
    pixels = read_foreground(fg)
    later = make_annotation(fg.id, pixels.fg, pixels.alpha // 2, mask)
    write_annotation(tmp_path / "b", later, mask)
    for command in (
        ["agree", tmp_path / "a", tmp_path / "b"],
        ["merge", tmp_path / "a", tmp_path / "b", "--out", "c"],
    ):
        assert "another version of foreground" in run_cli("tag", *command).err


def test_broken_annotations_are_named_by_the_status(tmp_path, run_cli):
    path = annotate(tmp_path, records()[0], np.full((96, 96), 2, np.uint8))
    path.with_suffix(".png").unlink()
    (tmp_path / "other.json").write_text("[]")
    done = run_cli("tag", "status", tmp_path)
    assert done.code == 1
    assert "2 broken:" in done.out
    assert "no such file" in done.out
    assert run_cli("tag", "status", tmp_path / "none").code == 1
