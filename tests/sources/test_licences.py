"""Licences: unknown ones are refused, known ones are written beside the set."""

import pytest

from simd.composition.build import build
from simd.errors import DataError


def test_unknown_licences_are_refused_before_anything_is_made(foregrounds, backgrounds, tmp_path):
    places = {"foregrounds": str(foregrounds), "backgrounds": str(backgrounds)}
    with pytest.raises(DataError, match=r"the licence of 6 of 6 foregrounds is unknown \(.*--licence TEXT"):
        build(tmp_path / "set", **places)
    with pytest.raises(
        DataError, match=r"the licence of . of . backgrounds is unknown .*--background-licence"
    ):
        build(tmp_path / "set", licence="own work", **places)
    assert not (tmp_path / "set").exists()


def test_a_stated_licence_reaches_every_row_and_the_attribution(foregrounds, backgrounds, tmp_path):
    places = {"foregrounds": str(foregrounds), "backgrounds": str(backgrounds)}
    built = build(tmp_path / "set", licence="own work", background_licence="CC0", **places)
    assert {(row.licence, row.bg_licence) for row in built.rows} == {("own work", "CC0")}
    text = (tmp_path / "set" / "ATTRIBUTION.md").read_text()
    for row in built.rows:
        assert f"- {row.fg_id}" in text
        assert f"- {row.bg_id}" in text
    assert "### own work" in text
    assert built.info["sources"][0]["licences"] == {"own work": 6}


def test_the_csv_file_wins_over_the_statement(foregrounds, backgrounds, tmp_path):
    stem = sorted(p.stem for p in (foregrounds / "fg").iterdir())[0]
    (foregrounds / "classes.csv").write_text(f"file,class,licence\n{stem}.png,fire,CC BY 4.0\n")
    places = {"foregrounds": str(foregrounds), "backgrounds": str(backgrounds)}
    built = build(tmp_path / "set", licence="own work", background_licence="CC0", **places)
    licences = {row.fg_id: row.licence for row in built.rows}
    assert licences.pop(stem) == "CC BY 4.0"
    assert set(licences.values()) == {"own work"}


def test_photographs_that_ask_for_attribution_get_it(tmp_path):
    built = build(tmp_path / "set", foregrounds="synthetic:1@64", per_foreground=4)
    used = {row.bg_id for row in built.rows}
    assert {"china.jpg", "flower.jpg"} & used  # the notice lies beside them in the installed library
    text = (tmp_path / "set" / "ATTRIBUTION.md").read_text()
    assert "> Image: china.jpg" in text
    assert "Attribution: Some rights reserved" in text
