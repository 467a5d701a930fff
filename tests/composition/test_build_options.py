"""One list of build options: for Python, for a TOML file, for the command line."""

import json
from pathlib import Path

import pytest

import simd
from simd.composition.options import BuildOptions
from simd.composition.spec import read_spec
from simd.errors import BatchError, DataError
from simd.options import options_of


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocl": "exact"}, r"unknown option 'protocl'; did you mean 'protocol' or 'proposals'\?"),
        ({"per_foreground": "2"}, "per-foreground must be int, not '2'"),
        ({"seed": 1.5}, r"seed must be int, not 1\.5"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"any_licence": "yes"}, "any-licence must be bool, not 'yes'"),
        ({"layout": "simd"}, "unknown layout 'simd'; did you mean 'simd-2021'"),
        ({"source": "coco"}, "option 'source' is now 'kind'"),
        ({"background_source": "coco"}, "option 'background_source' is now 'background_kind'"),
    ],
)
def test_python_is_told_what_is_wrong(tmp_path, options, message):
    with pytest.raises(DataError, match=message):
        simd.build(tmp_path / "set", **options)
    assert not (tmp_path / "set").exists()


def test_paths_are_taken_as_text_or_as_path(foregrounds, backgrounds, tmp_path):
    common = {"any_licence": True, "max_side": 48}
    as_text = simd.build(
        str(tmp_path / "a"), foregrounds=str(foregrounds), backgrounds=str(backgrounds), **common
    )
    as_path = simd.build(tmp_path / "b", foregrounds=foregrounds, backgrounds=backgrounds, **common)
    assert as_text.digest == as_path.digest


def test_options_stand_over_a_spec(foregrounds, backgrounds, tmp_path):
    spec = tmp_path / "set.toml"
    spec.write_text(
        f'foregrounds = "{foregrounds}"\nbackgrounds = "{backgrounds}"\nmax-side = 48\nany-licence = true\n'
    )
    built = simd.build(tmp_path / "set", spec=spec, max_side=40)
    assert max(max(sample.alpha.shape) for sample in built) == 40


def test_a_spec_with_former_keys_is_still_read(tmp_path):
    spec = tmp_path / "set.toml"
    spec.write_text('source = "rgba"\nbackground-source = "coco"\n')
    assert read_spec(spec) == {"kind": "rgba", "background_kind": "coco"}
    spec.write_text('source = "rgba"\nkind = "adobe"\n')
    with pytest.raises(DataError, match=f"{spec}: 'kind' is given twice"):
        read_spec(spec)


def test_the_command_takes_every_option_of_the_list(run_cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    text = run_cli("build", "--help").out
    for name, option in options_of(BuildOptions).items():
        assert f"--{name.rstrip('_').replace('_', '-')} " in text
        assert option.asked.help[:30] in text


def test_the_command_refuses_former_names(run_cli):
    done = run_cli("build", "new", "--source", "coco")
    assert (done.code, "--source is now --kind" in done.err) == (2, True)
    done = run_cli("build", "new", "--background-source", "coco")
    assert (done.code, "--background-source is now --background-kind" in done.err) == (2, True)
    assert not Path("new").exists()


def test_what_a_review_leaves_out_is_logged(foregrounds, backgrounds, tmp_path, caplog):
    built = simd.build(tmp_path / "set", foregrounds=foregrounds, backgrounds=backgrounds, any_licence=True)
    review = tmp_path / "review.jsonl"
    review.write_text(f'{{"id": "{built.rows[0].id}", "tags": ["exclude"]}}\n')
    simd.build(
        tmp_path / "part", foregrounds=foregrounds, backgrounds=backgrounds, any_licence=True, review=review
    )
    notices = [record.getMessage() for record in caplog.records if record.name == "simd.composition.build"]
    assert len(notices) == 1
    assert "1" in notices[0]
    assert str(review) in notices[0]


def test_an_unfinished_build_from_before_the_renaming_goes_on(foregrounds, backgrounds, tmp_path):
    options = {"foregrounds": foregrounds, "backgrounds": backgrounds, "any_licence": True}
    photograph = backgrounds / "hill.jpg"
    whole = photograph.read_bytes()
    photograph.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BatchError):
        simd.build(tmp_path / "set", kind="folder", **options)
    noted = json.loads((tmp_path / "set" / ".build" / "settings.json").read_text())
    assert (noted["source"], "kind" in noted) == ("folder", False)
    photograph.write_bytes(whole)
    assert len(simd.build(tmp_path / "set", kind="folder", **options)) == 6
