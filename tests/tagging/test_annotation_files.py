"""Annotations on disk: what is written is read, and half of one never counts."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from simd.errors import BatchError, DataError
from simd.files import json_text
from simd.image import encode_png
from simd.tagging import annotation_files as on_disk
from simd.tagging.annotation import KINDS, ORIGINS, REVIEWS, Annotation, Stroke
from simd.tagging.annotation_files import (
    annotation_path,
    check_unchanged,
    classes_in,
    find_annotation_files,
    find_annotations,
    make_annotation,
    read_annotation,
    write_annotation,
)
from simd.taxonomy import CLASSES, TAXONOMY, annotations_dir

HEIGHT, WIDTH = 21, 13
RNG = np.random.default_rng(0)
FG = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
MASK = np.resize(np.r_[np.arange(20), 255], (HEIGHT, WIDTH)).astype(np.uint8)
STROKES = (
    Stroke(kind="brush", class_="defocus", points=((1.5, 2.0), (8, 3)), radius=2.5),
    Stroke(kind="polygon", class_="fur", points=((0, 0), (9, 0), (9, 9))),
    Stroke(kind="box", class_="net", points=((-3, 1), (4, 90))),
    Stroke(kind="whole", class_=None),
)


def annotation_of(fg_id: str = "fur/cat.png", mask: np.ndarray = MASK, **facts) -> Annotation:
    return make_annotation(fg_id, FG, ALPHA, mask, **facts)


@pytest.fixture
def path(tmp_path) -> Path:
    return write_annotation(tmp_path, annotation_of(strokes=STROKES, confidence={"fur": 0.5}), MASK)


def test_what_is_written_is_read(tmp_path, path):
    annotation, mask = read_annotation(path)
    assert annotation == annotation_of(strokes=STROKES, confidence={"fur": 0.5})
    assert (mask == MASK).all()
    assert mask.dtype == np.uint8
    assert find_annotations(tmp_path) == {"fur/cat.png": path}


def test_the_mask_is_an_indexed_png_in_the_colours_of_the_classes(path):
    with Image.open(path.with_suffix(".png")) as image:
        assert image.mode == "P"
        assert (np.asarray(image) == MASK).all()
        colours = np.asarray(image.convert("RGB"))
    for class_ in TAXONOMY:
        assert colours[class_.index == MASK][0].tolist() == list(bytes.fromhex(class_.colour[1:]))
    assert (colours[MASK == 255] == 255).all()


def schema() -> jsonschema.Draft202012Validator:
    described = json.loads((annotations_dir() / "schema" / "annotation-1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(described)
    return jsonschema.Draft202012Validator(described)


def test_the_schema_names_what_the_records_know():
    described = schema().schema
    assert described["$defs"]["class"]["enum"] == list(CLASSES)
    assert described["$defs"]["stroke"]["properties"]["kind"]["enum"] == list(KINDS)
    assert described["properties"]["origin"]["enum"] == list(ORIGINS)
    assert described["properties"]["review"]["enum"] == list(REVIEWS)


def test_files_meet_the_schema(tmp_path):
    facts = {"annotator": "A", "time": "2024-05-01T12:00:00+02:00", "seconds": 31.5, "origin": "merged"}
    for number, more in enumerate(({}, {"strokes": STROKES, "confidence": {"fur": 1}, **facts})):
        written = write_annotation(tmp_path, annotation_of(str(number), **more), MASK)
        schema().validate(json.loads(written.read_text()))


CHANGES = {
    "version": [2, True, "1", None],
    "format": ["other", None],
    "fg_id": ["", 7, "x" * 1025],
    "size": [[HEIGHT], [0, 5], [1.5, 2], "21", None, [True, 13], [10**5000 % 10**400, 1]],
    "class_mask_sha256": ["0" * 63, None, "A" * 64],
    "alpha_sha256": [[], "g" * 64],
    "strokes": [
        *({}, [1], [{}], [{"kind": "brush"}]),
        [{"kind": ["brush"], "class": "fur", "points": [[1, 2]], "radius": 1}],
        [{"kind": "brush", "class": "wool", "points": [[1, 2]], "radius": 1}],
        [{"kind": "brush", "class": {"a": 1}, "points": [[1, 2]], "radius": 1}],
        [{"kind": "brush", "class": "fur", "points": [], "radius": 1}],
        [{"kind": "box", "class": "fur", "points": [[1, 2]], "radius": 0}],
        [{"kind": "brush", "class": "fur", "points": [[1, 2, 3]], "radius": 1}],
        [{"kind": "brush", "class": "fur", "points": [[1, "2"]], "radius": 1}],
        [{"kind": "brush", "class": "fur", "points": [[1, 10**300]], "radius": 1}],
        [{"kind": "brush", "class": "fur", "points": {"0": [1, 2]}, "radius": 1}],
        [{"kind": "brush", "class": "fur", "points": [[1, 2]], "radius": -1}],
        [{"kind": "brush", "class": "fur", "points": [[1, 2]], "radius": 1, "colour": 3}],
        [{"kind": "whole", "class": "fur", "points": [], "radius": 0}] * 10_001,
    ],
    "confidence": [[], {"fur": 1.5}, {"wool": 1}, {"fur": None}],
    "origin": ["magic", 1, ["strokes"]],
    "review": ["perfect", None],
    "annotator": ["", 5, "x" * 201],
    "seconds": [-1, "9"],
    "taxonomy_version": [2, None, True],
    "more": [1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_hostile_members_are_refused_by_the_record_and_by_the_schema(path, name):
    content, checks = json.loads(path.read_text()), schema()
    for value in CHANGES[name]:
        wrong = content | {name: value}
        path.write_text(json.dumps(wrong))
        with pytest.raises(DataError, match=path.name):
            read_annotation(path)
        if value is not True:  # for JSON Schema, true is not 1 either; for its Python library it is
            assert not checks.is_valid(wrong), value


@pytest.mark.parametrize("time", ["yesterday", "2024-05-01", "2024-05-01T12:00:00", 1714557600])
def test_a_time_without_a_zone_is_refused(time):
    with pytest.raises(DataError, match="zone"):
        annotation_of(time=time)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"format": "simd-annotation", "version": ' + "9" * 5000 + "}",
        '{"format": "simd-annotation", "version": NaN}',
        '{"format": "simd-annotation", "version": 1, "fg_id": "\\ud800"}',
        " " * (on_disk.MAX_BYTES + 1),
    ],
    ids=lambda text: f"{text[:12]}...{len(text)}",
)
def test_hostile_json_is_answered(path, text):
    path.write_text(text)
    with pytest.raises(DataError, match=path.name):
        read_annotation(path)


def test_an_id_that_is_no_unicode_is_refused(path):
    content = json.loads(path.read_text()) | {"fg_id": "\ud800"}
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="not valid Unicode"):
        read_annotation(path)


def hostile_masks() -> dict[str, bytes]:
    whole = encode_png(MASK, on_disk.PALETTE)
    strange = MASK.copy()
    strange[3, 3] = 20
    return {
        "no such file": b"",
        "of a format that is not read": b"GIF89a" + bytes(50),
        "damaged": whole[:-30],
        "checksum": whole[:60] + bytes([whole[60] ^ 1]) + whole[61:],
        "limit": encode_png(np.zeros((HEIGHT, WIDTH + 1), np.uint8), on_disk.PALETTE),
        "says uint8": encode_png(MASK.T.copy(), on_disk.PALETTE),
        "not an indexed PNG": encode_png(FG),
        "also has 20": encode_png(strange, on_disk.PALETTE),
        "digest": encode_png(np.roll(MASK, 1, axis=0), on_disk.PALETTE),
    }


@pytest.mark.parametrize("reason", hostile_masks())
def test_hostile_masks_are_answered(path, reason):
    mask, content = path.with_suffix(".png"), hostile_masks()[reason]
    if content:
        mask.write_bytes(content)
    else:
        mask.unlink()
    with pytest.raises(DataError, match=reason) as refused:
        read_annotation(path)
    assert mask.name in str(refused.value)


def test_a_mask_and_a_record_that_do_not_belong_together_are_not_written(tmp_path):
    other = MASK.copy()
    other[0, 0] = 5
    for mask in (other, MASK[:-1], MASK.astype(np.int64)):
        with pytest.raises(DataError, match="class mask is"):
            write_annotation(tmp_path, annotation_of(), mask)
    assert not list(tmp_path.iterdir())


def test_a_record_that_cannot_be_written_leaves_no_mask(tmp_path):
    annotation_path(tmp_path, "fur/cat.png").mkdir()
    with pytest.raises(DataError, match="is a folder"):
        write_annotation(tmp_path, annotation_of(), MASK)
    assert [file.suffix for file in tmp_path.iterdir()] == [".json"]


def test_colours_alpha_and_mask_share_one_size():
    with pytest.raises(DataError, match="must share one"):
        make_annotation("a", FG, ALPHA, MASK[1:])


@pytest.mark.parametrize("killed_at", range(4))
def test_a_kill_at_any_moment_leaves_the_old_or_the_new_annotation(tmp_path, path, monkeypatch, killed_at):
    class Killed(BaseException):
        pass

    new = np.roll(MASK, 1, axis=1)
    moves, move = [], Path.replace

    def counted(self, target):
        if len(moves) == killed_at:
            raise Killed
        moves.append(target)
        return move(self, target)

    monkeypatch.setattr(Path, "replace", counted)
    if killed_at < 3:
        with pytest.raises(Killed):
            write_annotation(tmp_path, annotation_of(mask=new), new)
    else:
        write_annotation(tmp_path, annotation_of(mask=new), new)
    monkeypatch.undo()
    annotation, mask = read_annotation(path)
    assert (mask == (MASK if killed_at < 2 else new)).all()
    assert bool(annotation.strokes) == (killed_at < 2)
    assert list(find_annotations(tmp_path)) == ["fur/cat.png"]
    write_annotation(tmp_path, annotation_of(), MASK)  # and writing goes on
    assert (read_annotation(path)[1] == MASK).all()
    assert {f.name for f in tmp_path.iterdir() if "part" not in f.name} == {path.name, path.stem + ".png"}


@pytest.mark.parametrize("killed_at", range(5))
def test_a_second_kill_does_not_lose_the_mask_that_the_first_left(tmp_path, path, monkeypatch, killed_at):
    """The first leaves its mask under the second name only; the next write must not replace that."""
    first, second = np.roll(MASK, 1, axis=1), np.roll(MASK, 2, axis=1)

    class Killed(BaseException):
        pass

    move = Path.replace

    def write_killed_at(mask, count):
        moves = []

        def counted(self, target):
            if len(moves) == count:
                raise Killed
            moves.append(target)
            return move(self, target)

        monkeypatch.setattr(Path, "replace", counted)
        with suppress(Killed):
            write_annotation(tmp_path, annotation_of(mask=mask), mask)
        monkeypatch.undo()

    write_killed_at(first, 2)
    write_killed_at(second, killed_at)
    assert (read_annotation(path)[1] == (first if killed_at < 3 else second)).all()


def test_a_changed_foreground_is_refused_with_the_reason():
    annotation = annotation_of("a/b")
    check_unchanged(annotation, FG, ALPHA)
    darker, thinner = FG // 2, ALPHA // 2
    for fg, alpha, reason in (
        (darker, ALPHA, "its colour differs"),
        (FG, thinner, "its alpha differs"),
        (darker, thinner, "its alpha and its colour differ;"),
        (FG[1:], ALPHA[1:], "it was 21 x 13 and is 20 x 13"),
    ):
        with pytest.raises(DataError, match=f"'a/b' has changed since it was annotated: {reason}"):
            check_unchanged(annotation, fg, alpha)


def test_files_that_are_no_annotations_are_named(tmp_path, path):
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "README.md").write_text("of no interest")
    moved = tmp_path / "renamed.json"
    moved.write_bytes(path.read_bytes())
    found = find_annotation_files(tmp_path)
    assert list(found.paths.values()) == [path]
    assert sorted(found.broken) == ["notes.json", "renamed.json"]
    assert "no member 'format'" in found.broken["notes.json"]
    assert f"its name must be {path.name}" in found.broken["renamed.json"]
    with pytest.raises(BatchError, match="2 of 3 annotations failed"):
        find_annotations(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        find_annotations(tmp_path / "none")


@settings(deadline=None)
@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_file_names_are_safe_and_differ_where_ids_do(one, other):
    try:
        names = [annotation_path(Path("a"), fg_id).name for fg_id in (one, other)]
    except DataError:
        return  # half a surrogate pair
    assert (names[0].lower() == names[1].lower()) == (one == other)
    for name in names:
        assert name.removesuffix(".json").replace("-", "").isalnum()
        assert name.isascii()
        assert len(name) < 64


@pytest.mark.parametrize(
    "fg_id", ["../../etc/passwd", "/abs", "C:\\x", "a\0b", ".", "..", "con", "~", "a/../../b"]
)
def test_an_id_never_leads_out_of_the_folder(tmp_path, fg_id):
    folder = tmp_path / "in"
    written = write_annotation(folder, annotation_of(fg_id), MASK)
    assert written.resolve().parent == folder.resolve()
    assert [f.name for f in tmp_path.iterdir()] == ["in"]
    assert read_annotation(written)[0].fg_id == fg_id


def test_a_link_in_the_folder_is_replaced_not_followed(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    target = annotation_path(tmp_path / "in", "fur/cat.png")
    target.parent.mkdir()
    target.symlink_to(outside)
    target.with_suffix(".png").symlink_to(outside)
    assert write_annotation(target.parent, annotation_of(), MASK) == target
    assert outside.read_text() == "mine"
    assert not target.is_symlink()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        write_annotation(tmp_path / "file", annotation_of(), MASK)
    blocked = annotation_path(tmp_path, "fur/cat.png").with_suffix(".png")
    blocked.mkdir()
    with pytest.raises(DataError, match=blocked.name):
        write_annotation(tmp_path, annotation_of(), MASK)


def test_records_survive_json_and_classes_are_in_order():
    annotation = annotation_of(
        strokes=STROKES, confidence={"net": 0.25, "fur": 1.0}, seconds=3, annotator="b"
    )
    assert Annotation.from_json(json.loads(json_text(annotation.to_json()))) == annotation
    assert classes_in(MASK) == CLASSES
    assert classes_in(np.full((2, 2), 255, np.uint8)) == ()
    assert replace(annotation, review="reviewed").review == "reviewed"
