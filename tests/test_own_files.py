"""Files of ours read back: every key deleted, of another type or out of its range is an error that names it.

A key that somebody has added is fine: files are passed on, and other programs note things in them.
"""

import copy
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import save

from simd import journal
from simd.dataset.manifest import load_set, write_manifest
from simd.dataset.predictions import RunRecord, read_run, write_run
from simd.dataset.review import Remark, read_review, write_review
from simd.errors import SimdError
from simd.metrics.evaluate import evaluate
from simd.metrics.score import Score
from simd.metrics.scores import Scores, load_scores
from simd.records import Composite
from simd.selection.foregrounds import read_selection, write_selection
from simd.selection.reasons import Verdict, finding_of

HUGE = 10**400
WRONG = (None, True, -1, -0.5, 0.5, 7, math.inf, math.nan, HUGE, "text", "\ud800", [], ["x", 3], {}, {"x": 3})
"""Values of every type, and numbers and texts that nothing in our files can be."""
FEWEST = 1500


@dataclass(frozen=True)
class Kind:
    """A kind of file: how a good one is written and read, and what it leaves open."""

    name: str  # of the file
    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    optional: tuple[str, ...] = ()  # may be missing; "*" stands for any key of a table
    nullable: tuple[str, ...] = ()
    lines: bool = False  # JSON lines: the second one is spoilt


def write_scores(folder):
    errors = {"sad": 1.5, "mse": 0.25, "grad": 2.5, "conn": 3.5}
    facts = {"name": "tiny", "protocol": "exact", "digest": "a" * 64, "trimaps_digest": "b" * 64}
    rows = [
        Score(id="fur-1", class_="fur", fg_id="cat", region=region, pixels=10, **errors)
        for region in ("unknown", "fur")
    ]
    Scores(
        name="mine",
        version="2",
        set={**facts, "part_of": "c" * 64},
        paths={"set": "set"},
        rows=tuple(rows),
        missing={"net-9": "is not there"},
        seconds_per_image=0.5,
        remarks=("a remark",),
    ).save(folder / "scores")


def composite(number):
    return Composite(
        **{
            "id": f"fur-0000000{number}",
            "class_": "fur",
            "classes": ("fur",),
            "fg_id": "cat",
            "bg_id": "hill",
        },
        **{"source": "folder", "licence": "CC0-1.0", "bg_source": "folder", "bg_licence": "CC0-1.0"},
        **{
            "alpha_kind": "",
            "protocol": "exact",
            "recipe": {"k": number, "height": 8, "width": 9},
            "seed": 7,
        },
        class_mask_from="image",
        **{f"{layer}_sha256": "0" * 64 for layer in ("image", "alpha", "trimap", "class_mask")},
    )


def write_set(folder):
    source = {"kind": "folder", "licence": "", "citation": "", "licences": {"CC0-1.0": 1}}
    sources = [{"gives": "foregrounds", **source}, {"gives": "backgrounds", **source}]
    rows = [composite(1), composite(2)]
    write_manifest(folder, rows, name="tiny", protocol="exact", seed=3, sources=sources)


def write_predictions(folder):
    run = {"method": "knn", "version": "1", "checkpoint_digest": "d", "set_digest": "e", "set": "tiny"}
    numbers = {"images": 2, "seconds_per_image": 0.5, "peak_megabytes": 300}
    write_run(
        folder,
        RunRecord(**run, **numbers, fallbacks={"a": "why"}, simd_version="0.1", images_digest="f"),
    )


def write_a_selection(folder):
    finding = finding_of("small", 12.0, "12 pixels")
    verdicts = [
        Verdict(id=id_, keep=False, reason="small", detail="12 pixels", class_="fur", findings=(finding,))
        for id_ in ("a", "b")
    ]
    write_selection(folder / "selection.jsonl", verdicts)


def write_a_review(folder):
    facts = {"tags": ("exclude",), "fg_id": "cat", "bg_id": "hill", "by": "me", "when": "2026-01-01"}
    write_review(folder / "review.jsonl", [Remark(id=id_, **facts) for id_ in ("a-1", "b-1")])


ERRORS = ("sad", "mse", "grad", "conn")
MEANS = ("image_mean", "class_mean", "classes.fur")
RUN_KEYS = tuple(RunRecord(method="").to_json()) + ("images_digest",)
KINDS = {
    "scores": Kind(
        "scores.json",
        write_scores,
        lambda folder: load_scores(folder / "scores"),
        optional=(
            "set.part_of",
            "paths.*",
            "missing.*",
            "remarks",
            "remarks[0]",
            "rows_sha256",
            "intervals.classes.*",
        ),
        nullable=(
            "seconds_per_image",
            *(
                f"intervals.{mean}.{key}"
                for mean in ("image_mean", "class_mean")
                for key in (*ERRORS, "reason")
            ),
            *(f"intervals.classes.fur.{key}" for key in (*ERRORS, "reason")),
        ),
    ),
    "run": Kind(
        "run.json",
        write_predictions,
        read_run,
        optional=(*(key for key in RUN_KEYS if key != "method"), "fallbacks.*"),
        nullable=(
            *("checkpoint_digest", "set_digest", "set", "images", "seconds_per_image", "peak_megabytes"),
            "images_digest",
        ),
    ),
    "dataset": Kind("dataset.json", write_set, load_set, optional=("digests.rows",)),
    "rows": Kind(
        "metadata.jsonl",
        write_set,
        load_set,
        optional=tuple(f"{layer}_file_name" for layer in ("image", "alpha", "trimap", "class_mask")),
        lines=True,
    ),
    "selection": Kind(
        "selection.jsonl",
        write_a_selection,
        lambda folder: read_selection(folder / "selection.jsonl"),
        optional=("reason", "detail", "class", "findings", "findings[0]"),
        nullable=("findings[0].figure",),
        lines=True,
    ),
    "review": Kind(
        "review.jsonl",
        write_a_review,
        lambda folder: read_review(folder / "review.jsonl"),
        optional=("fg_id", "bg_id", "by", "when", "tags[0]"),
        nullable=("fg_id", "bg_id", "by", "when"),
        lines=True,
    ),
}


def paths_of(content: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of every key and of the first item of every list; of alike classes two."""
    items = content.items() if isinstance(content, dict) else enumerate(content[:1])
    for key, value in items:
        if path in (("classes",), ("regions",)) and key not in ("fur", "silk"):
            continue
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from paths_of(value, (*path, key))


def text_of(path):
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def spoilt(content: Any) -> Iterator[tuple[tuple, str, Any]]:
    """Yield (path, what was done, content) for each key deleted, and replaced by each wrong value."""
    for path in paths_of(content):
        for what in ("deleted", *WRONG):
            changed = copy.deepcopy(content)
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            if isinstance(what, str) and what == "deleted":
                del inner[path[-1]]
            else:
                inner[path[-1]] = copy.deepcopy(what)
            yield path, what, changed


def value_at(content, path):
    for key in path:
        content = content[key]
    return content


def type_of(value):
    return float if type(value) is int else type(value)


def is_open(kind: Kind, path: tuple, what: Any, before: Any) -> bool:
    """Tell whether a file with this change may be read: it is one that could have been written."""
    name, any_name = text_of(path), text_of((*path[:-1], "*"))
    if isinstance(what, str) and what == "deleted":
        return name in kind.optional or any_name in kind.optional
    if what is None:
        return before is None or name in kind.nullable
    if type_of(what) is not type_of(before) and before is not None:
        return False
    if what == HUGE and name == "seed":  # a build takes any
        return True
    return what not in (HUGE, math.inf, "\ud800") and what == what


def content_of(kind: Kind, folder: Path) -> tuple[list[str], Any]:
    text = (folder / kind.name).read_text()
    lines = text.splitlines() if kind.lines else [text]
    return lines, json.loads(lines[-1])


def put(kind: Kind, folder: Path, lines: list[str], content: Any) -> None:
    (folder / kind.name).write_text("\n".join([*lines[:-1], json.dumps(content)]) + "\n")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_key_is_checked_and_named(tmp_path, kind):
    kind.write(tmp_path)
    kind.read(tmp_path)
    lines, content = content_of(kind, tmp_path)
    for path, what, changed in spoilt(content):
        put(kind, tmp_path, lines, changed)
        case = f"{text_of(path)}: {what!r:.60}"
        try:
            kind.read(tmp_path)
        except SimdError as error:
            message = str(error)
        else:
            assert is_open(kind, path, what, value_at(content, path)), f"{case} was read"
            continue
        assert kind.name.partition(".")[0] in message, f"{case}: {message}"
        if not is_open(kind, path, what, value_at(content, path)):
            texts = [key for key in path if isinstance(key, str)]
            names = [*texts[-2:], texts[-1].replace("_", " "), "digest"]  # of a table, its own name is enough
            assert any(name in message for name in names), f"{case}: {message}"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_key_that_somebody_added_is_passed_over(tmp_path, kind):
    kind.write(tmp_path)
    lines, content = content_of(kind, tmp_path)
    put(kind, tmp_path, lines, {**content, "theirs": {"anything": [1, None]}})
    kind.read(tmp_path)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("content", [None, True, 3, "text", []])
def test_another_thing_than_an_object_is_named(tmp_path, kind, content):
    kind.write(tmp_path)
    lines, _ = content_of(kind, tmp_path)
    put(kind, tmp_path, lines, content)
    with pytest.raises(SimdError, match=kind.name.partition(".")[0]):
        kind.read(tmp_path)


def test_there_are_enough_of_them(tmp_path):
    total = 0
    for name, kind in KINDS.items():
        folder = tmp_path / name
        folder.mkdir()
        kind.write(folder)
        total += sum(1 for _ in spoilt(content_of(kind, folder)[1]))
    assert total >= FEWEST


def interrupted(mattes, tiny_set, out, monkeypatch):
    """Leave an evaluation as a kill does, after its last image; return the rows of its journal."""
    monkeypatch.setattr(journal.Journal, "remove", journal.Journal.close)
    evaluate(mattes, tiny_set.path, out=out)
    monkeypatch.undo()
    return out.with_name(f".{out.name}.partial") / "rows.jsonl"


def test_every_key_of_a_journal_is_checked_before_a_run_goes_on(tiny_set, tmp_path, monkeypatch):
    for sample in tiny_set:
        save(tmp_path / "mattes" / f"{sample.row.id}.png", np.full((64, 80), 51, np.uint8))
    rows = interrupted(tmp_path / "mattes", tiny_set, tmp_path / "scores", monkeypatch)
    first, *others = rows.read_text().splitlines()
    row = json.loads(first)
    of_scores = (("scores",), ("scores", 0, "sad"), ("scores", 0, "region"))
    for path in (("facts",), *of_scores, ("likeness",), ("mapped",)):
        for what in ("deleted", "text", {"x": 3}, -HUGE):
            changed = copy.deepcopy(row)
            inner = value_at(changed, path[:-1])
            if what == "deleted":
                del inner[path[-1]]
            else:
                inner[path[-1]] = what
            rows.write_text("\n".join([json.dumps(changed), *others]) + "\n")
            message = rf"rows\.jsonl:1: the key '{re.escape(text_of(path))}.*begins again"
            with pytest.raises(SimdError, match=message):
                evaluate(tmp_path / "mattes", tiny_set.path, out=tmp_path / "scores")
