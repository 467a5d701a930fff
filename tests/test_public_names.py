"""Every stage is one call of `simd`, with paths as text or as Path."""

import subprocess
import sys
from pathlib import Path

import pytest

import simd
from simd.errors import DataError


def test_every_stage_is_one_call(foregrounds, backgrounds, tmp_path):
    listing = simd.index(foregrounds)
    assert (listing.problems, listing[0].found, str(listing).startswith("foregrounds (folder)")) == (
        0,
        6,
        True,
    )
    kept = simd.select(str(foregrounds), out=tmp_path / "kept.jsonl", allow=["quantised"])
    assert {v.id for v in kept.verdicts} == {fg.id for fg in kept.records.values()}
    assert (tmp_path / "kept.html").is_file()
    built = simd.build(
        tmp_path / "set", foregrounds=foregrounds, backgrounds=backgrounds, licence="own", any_licence=True
    )
    assert simd.verify(str(built.path)).digest == built.digest
    assert simd.verify(built) is built
    assert sum(simd.balance(foregrounds).foregrounds.values()) == 6
    assert sum(simd.balance(built.path).composites.values()) == len(built)
    (measured,) = simd.stats(built.path)
    assert (measured.composites, measured.measured) == (len(built), True)
    evaluation = simd.evaluate(built.path / "alpha", str(built.path), out=tmp_path / "scores" / "truth")
    assert evaluation.scores.summary().images == len(built)
    assert (tmp_path / "scores" / "truth.csv").is_file()
    assert not (tmp_path / "scores" / ".truth.partial").exists()


def test_what_a_notebook_shows_is_short(tiny_set, foregrounds, tmp_path):
    predicted = simd.predict("trimap", tiny_set.path, tmp_path / "mattes")
    evaluation = simd.evaluate(predicted.folder, tiny_set.path)
    stream = simd.stream(size=32)
    shown = [
        tiny_set,
        tiny_set[0],
        tiny_set[0].row,
        predicted,
        evaluation,
        evaluation.scores,
        *simd.stats(tiny_set.path),
        simd.select(foregrounds),
        simd.balance(foregrounds),
        simd.synthetic("fur", 1, 32),
        stream,
        stream[0],
    ]
    for thing in shown:
        assert len(repr(thing)) < 200 + 2 * len(str(tmp_path)), type(thing)
        assert repr(thing).startswith(f"<{type(thing).__name__}"), repr(thing)
    assert (
        repr(shown[2])
        == f"<Composite {tiny_set[0].row.id}: {tiny_set[0].row.class_}, fg 'fire_a', bg 'room.jpeg'>"
    )


def test_without_out_nothing_is_written(foregrounds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    simd.select(foregrounds)
    simd.stats(foregrounds)
    simd.balance(foregrounds)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_selection_is_of_one_thing(foregrounds, backgrounds):
    with pytest.raises(DataError, match="name a folder of foregrounds, or one of photographs"):
        simd.select()
    with pytest.raises(DataError, match="are for foregrounds"):
        simd.select(backgrounds=backgrounds, review="review.jsonl")


@pytest.mark.parametrize("stage", ["index", "select", "balance"])
def test_former_names_of_arguments_are_refused(stage):
    with pytest.raises(DataError, match=f"{stage}: the argument 'source' is now 'kind'"):
        getattr(simd, stage)("nowhere", source="adobe")


def test_the_parts_of_stages_refuse_former_names_as_well():
    from simd.selection.backgrounds import select_backgrounds
    from simd.selection.class_counts import take_census
    from simd.selection.foregrounds import select_foregrounds
    from simd.tagging.fit_model import fit_on
    from simd.tagging.formats.convert import export_annotations, import_annotations

    parts = (
        select_backgrounds,
        select_foregrounds,
        take_census,
        fit_on,
        export_annotations,
        import_annotations,
    )
    for part in parts:
        with pytest.raises(DataError, match=f"{part.__name__}: the argument 'source' is now 'kind'"):
            part("nowhere", source="adobe")


def test_public_names_stand_once_and_are_listed():
    stub = Path(simd.__file__).with_suffix(".pyi").read_text()
    assert (
        set(dir(simd))
        >= set(simd.__all__)
        >= {"index", "select", "stats", "verify", "embed", "browse", "balance"}
    )
    assert all(stub.count(f" import {name} as {name}\n") == 1 for name in simd.__all__)


def test_a_name_does_not_turn_into_a_module():
    script = (
        "import simd, simd.cli, simd.report.browse.open, simd.selection.class_balance, simd.methods.predict\n"
        "assert not [n for n in simd.__all__ if type(getattr(simd, n)).__name__ == 'module']"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
