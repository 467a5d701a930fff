import json

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.errors import DataError
from simd.selection.foregrounds import select
from simd.selection.selection_file import read_selection, write_selection
from simd.sources import index_foregrounds


def alpha_with(level, count, *, rest=0):
    """Return an alpha of 100 x 100 pixels in which `count` have a level."""
    alpha = np.full(10_000, rest, np.uint8)
    alpha[:count] = level
    return alpha.reshape(100, 100)


@pytest.fixture
def mixed(foregrounds):
    """Return a folder with six good foregrounds and one of every kind of bad ones."""
    grey = np.full((100, 100, 3), 90, np.uint8)
    alphas = {
        "fur_binary": alpha_with(255, 5000),
        "fur_empty": alpha_with(0, 0),
        "fur_full": alpha_with(0, 0, rest=255),
    }
    for name, alpha in alphas.items():
        save(foregrounds / "fg" / f"{name}.png", grey)
        save(foregrounds / "alpha" / f"{name}.png", alpha)
    save(foregrounds / "fg" / "fur_alone.png", grey)
    save(foregrounds / "fg" / "fur_cut.png", grey)
    save(foregrounds / "alpha" / "fur_cut.png", soft_alpha(100, 100))
    path = foregrounds / "alpha" / "fur_cut.png"
    path.write_bytes(path.read_bytes()[:-60])
    save(foregrounds / "fg" / "glass_bad.png", grey)
    save(foregrounds / "alpha" / "glass_bad.png", soft_alpha(100, 100))
    return foregrounds


def test_every_drop_has_a_reason(mixed):
    verdicts = select(index_foregrounds(str(mixed)))
    assert [v.id for v in verdicts] == sorted(v.id for v in verdicts)
    assert {v.id: v.reason for v in verdicts if not v.keep} == {
        "alpha/fur_alone": "missing",
        "fur_binary": "binary",
        "fur_cut": "broken",
        "fur_empty": "empty",
        "fur_full": "full",
    }
    assert all(v.detail for v in verdicts if not v.keep)
    kept = [v for v in verdicts if v.keep]
    assert len(kept) == 7  # glass_bad names no class, which drops nothing
    assert {(v.reason, v.detail) for v in kept} == {("", "")}


def test_small_ones_are_dropped_on_request(foregrounds):
    verdicts = select(index_foregrounds(str(foregrounds)), min_side=65)
    assert {v.reason for v in verdicts} == {"small"}


def test_a_selection_is_read_back(mixed, tmp_path):
    path = tmp_path / "selection.jsonl"
    verdicts = select(index_foregrounds(str(mixed)))
    write_selection(path, verdicts)
    assert read_selection(path) == {v.id for v in verdicts if v.keep}
    first = json.loads(path.read_text().splitlines()[0])
    assert first == {
        "id": "alpha/fur_alone",
        "keep": False,
        "reason": "missing",
        "detail": "fg/fur_alone has no partner in alpha/",
        "findings": [
            {
                "reason": "missing",
                "figure": None,
                "detail": "fg/fur_alone has no partner in alpha/",
                "like": "",
                "severity": "drop",
            }
        ],
    }
    kept = next(json.loads(line) for line in path.read_text().splitlines() if json.loads(line)["keep"])
    assert list(kept) == ["id", "keep", "reason", "detail", "class", "findings"]
    assert (kept["id"], kept["class"], kept["reason"]) == ("fire_a", "fire", "")
    assert [(f["reason"], f["severity"]) for f in kept["findings"]] == [("hidden", "warn")]


@pytest.mark.parametrize(
    "line", ['{"id": "a"}', '{"keep": true}', '{"id": 1, "keep": true}', '{"id": "a", "keep": 1}']
)
def test_a_wrong_selection_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "selection.jsonl"
    path.write_text('{"id": "a", "keep": true}\n' + line)
    with pytest.raises(DataError, match=r'selection\.jsonl:2: a line needs "id" and "keep", as simd select'):
        read_selection(path)


def test_the_command_tells_and_the_build_follows(mixed, backgrounds, tmp_path, run_cli):
    selection = tmp_path / "selection.jsonl"
    done = run_cli("select", mixed, "--out", selection)
    assert done.code == 0
    assert "binary   fur_binary: alpha is between 0 and 255 on 0.000% of the pixels" in done.out
    page = tmp_path / "selection.html"
    assert done.out.splitlines()[-1] == f"7 of 12 foregrounds kept: {selection}, shown in {page}"
    assert 'id="binary"' in page.read_text()
    flags = ("--foregrounds", mixed, "--backgrounds", backgrounds, "--any-licence")
    built = run_cli("build", tmp_path / "set", *flags, "--selection", selection, "--unlabelled")
    assert built.code == 0
    assert "7 composites of 7 foregrounds in 6 classes" in built.out
    assert len(list((tmp_path / "set" / "image").iterdir())) == 7


@pytest.mark.parametrize(
    ("suffix", "options", "detail"),
    [
        (".webp", {"quality": 90}, "fur_cat.webp is a lossy WebP"),
        (".webp", {"lossless": True}, None),
        (".jpg", {"quality": 98}, "fur_cat.jpg is a JPEG"),
        (".png", {}, None),
    ],
)
def test_mattes_in_lossy_formats_are_warned_of(foregrounds, suffix, options, detail):
    path = foregrounds / "alpha" / "fur_cat.png"
    path.unlink()
    save(path.with_suffix(suffix), soft_alpha(), **options)
    verdicts = {verdict.id: verdict for verdict in select(index_foregrounds(str(foregrounds)))}
    found = [finding.detail for finding in verdicts["fur_cat"].findings if finding.reason == "jpeg"]
    assert found == ([detail] if detail else [])
    assert verdicts["fur_cat"].keep


@pytest.mark.parametrize(
    ("kind", "near"),
    [
        ("network", "did you mean 'predicted'"),
        ("Predicted", "did you mean 'predicted'"),
        ("hand-cut", "did you mean 'hand_cut'"),
        ("preddicted", "did you mean 'predicted'"),
        ("xyzzy", "known are reference"),
    ],
)
def test_a_kind_of_alpha_outside_the_list_is_an_error_with_the_near_name(run_cli, foregrounds, kind, near):
    (foregrounds / "classes.csv").write_text(f"file,class,alpha_kind\nnet-1,net,{kind}\n")
    done = run_cli("index", foregrounds)
    assert done.code == 1
    assert f"classes.csv:2: unknown alpha_kind '{kind}'; {near}" in done.err


def test_kinds_that_are_no_truth_are_warned_of_and_dropped_on_request(run_cli, foregrounds, tmp_path):
    (foregrounds / "classes.csv").write_text(
        "file,class,alpha_kind\nnet-1,net,predicted\nfire_a,fire,game_texture\nleaf 2,leaf,reference\n"
    )
    done = run_cli("select", foregrounds, "--out", tmp_path / "a.jsonl")
    assert done.code == 0, done.err
    rows = {row["id"]: row for row in map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())}
    named = {id_ for id_, row in rows.items() if any(f["reason"] == "truth" for f in row.get("findings", []))}
    assert named == {"net-1", "fire_a"}
    assert rows["net-1"]["keep"]
    assert not any(f["reason"] == "truth" for f in rows["leaf 2"].get("findings", []))
    run_cli("select", foregrounds, "--out", tmp_path / "b.jsonl", "--strict")
    rows = {row["id"]: row for row in map(json.loads, (tmp_path / "b.jsonl").read_text().splitlines())}
    assert (rows["net-1"]["keep"], rows["net-1"]["reason"]) == (False, "truth")
    assert rows["net-1"]["detail"] == "its alpha is predicted, no ground truth"
    run_cli("select", foregrounds, "--out", tmp_path / "c.jsonl", "--strict", "--allow", "truth")
    rows = {row["id"]: row for row in map(json.loads, (tmp_path / "c.jsonl").read_text().splitlines())}
    assert rows["net-1"]["reason"] != "truth"


def test_foregrounds_that_leave_one_side_unknown_are_noted(run_cli, tmp_path):
    ramp = np.tile(np.linspace(0, 255, 160).astype(np.uint8), (120, 1))
    thin, good = np.minimum(ramp, 200), ramp.copy()
    thin[:, :40] = good[:, :40] = 0
    good[:, 120:] = 255
    for name, alpha in (("silk_thin", thin), ("silk_good", good)):
        save(
            tmp_path / "s" / "fg" / f"{name}.png",
            np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8),
        )
        save(tmp_path / "s" / "alpha" / f"{name}.png", alpha)
    done = run_cli("select", tmp_path / "s", "--out", tmp_path / "a.jsonl", "--allow", "duplicate")
    assert done.code == 0, done.err
    words = " ".join(done.out.split())
    assert (
        "1 foreground leaves no known foreground in the trimap that simd build makes, as silk_thin" in words
    )
    assert "no known background" not in words
