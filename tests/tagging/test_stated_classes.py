"""What the user says of classes wins over what a model guesses: proposals, builds, counts and scores."""

import csv
import json

import numpy as np
import pytest
from conftest import write_backgrounds
from PIL import Image

from simd.dataset.manifest import load_set
from simd.sources import index_foregrounds, read_foreground
from simd.tagging.annotation_files import (
    annotation_path,
    make_annotation,
    read_annotation,
    write_annotation,
)
from simd.tagging.fill import unknown_of
from simd.taxonomy import class_index

FUR, FIRE, NET = map(class_index, ("fur", "fire", "net"))


def write_sources(root, names=("fur_a", "fur_b", "net_c")):
    y, x = np.mgrid[:60, :80]
    distance = np.hypot(y - 30, x - 40)
    for seed, name in enumerate(names):
        alpha = np.clip(255 - 12 * (distance - 12), 0, 255).astype(np.uint8)
        fg = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), dtype=np.uint8)
        for folder, pixels in (("fg", fg), ("alpha", alpha)):
            (root / "own" / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / "own" / folder / f"{name}.png")
    write_backgrounds(root / "bg")
    return root / "own"


def tag(folder, fg, top, bottom, **facts):
    """Write an annotation of two halves."""
    pixels = read_foreground(fg)
    mask = np.full(pixels.alpha.shape, bottom, np.uint8)
    mask[:30] = top
    mask[~unknown_of(pixels.alpha)] = 255
    record = make_annotation(fg.id, pixels.fg, pixels.alpha, mask, **facts)
    write_annotation(folder, record, mask)


@pytest.fixture
def tagged(tmp_path):
    """Write three foregrounds: a reviewed one of two classes, a guess that contradicts, one that does not."""
    own = write_sources(tmp_path)
    first, second, third = index_foregrounds(str(own)).records
    tag(tmp_path / "tags", first, FUR, NET, review="reviewed")
    tag(tmp_path / "tags", second, FIRE, FIRE, origin="proposal", review="proposed")
    tag(tmp_path / "tags", third, NET, FIRE, origin="proposal", review="proposed")
    return own


def build(run_cli, tmp_path, out, *options):
    common = ("--foregrounds", tmp_path / "own", "--backgrounds", tmp_path / "bg", "--any-licence")
    done = run_cli("build", tmp_path / out, *common, "--annotations", tmp_path / "tags", *options)
    assert done.code == 0, done.err
    return done, {row.fg_id: row for row in load_set(tmp_path / out).rows}


def test_one_stated_class_is_binding_for_proposals(tmp_path, run_cli):
    own = write_sources(tmp_path)
    done = run_cli("tag", "propose", tmp_path / "tags", "--foregrounds", own)
    assert done.code == 0
    assert done.out.startswith("3 proposed\n")
    for fg in index_foregrounds(str(own)).records:
        annotation, mask = read_annotation(annotation_path(tmp_path / "tags", fg.id))
        expected = np.where(unknown_of(read_foreground(fg).alpha), class_index(fg.id[:3]), 255)
        assert np.array_equal(mask, expected)
        assert (annotation.review, annotation.origin) == ("proposed", "proposal")
    assert run_cli("tag", "status", tmp_path / "tags", "--foregrounds", own).code == 0


def test_a_build_uses_what_is_reviewed_and_says_what_is_not(tmp_path, run_cli, tagged):
    done, rows = build(run_cli, tmp_path, "set")
    origins = {fg_id: (row.class_, row.classes, row.class_mask_from) for fg_id, row in rows.items()}
    assert origins == {
        "fur_a": ("fur", ("fur", "net"), "regions"),
        "fur_b": ("fur", ("fur",), "image"),
        "net_c": ("net", ("net",), "image"),
    }
    (line,) = [line for line in done.err.splitlines() if "not reviewed" in line]
    assert "2 of 3 are not reviewed and are not used" in line
    assert "1 of 3 contradict the stated class" in line
    done, rows = build(run_cli, tmp_path, "guessed", "--proposals")
    origins = {fg_id: (row.class_, row.classes, row.class_mask_from) for fg_id, row in rows.items()}
    assert origins == {
        "fur_a": ("fur", ("fur", "net"), "regions"),
        "fur_b": ("fur", ("fur",), "image"),  # what was said wins
        "net_c": ("net", ("fire", "net"), "proposals"),
    }
    assert "2 of 3 are not reviewed and are used as proposals, but for 1 that contradict" in done.err
    assert run_cli("verify", tmp_path / "guessed").code == 0


def test_a_guess_is_never_the_class_of_what_has_none_stated(tmp_path, run_cli):
    own = write_sources(tmp_path, ("fur_a", "photo_a", "photo_b"))
    stated, reviewed, guessed = index_foregrounds(str(own)).records
    tag(tmp_path / "tags", stated, FUR, NET, origin="proposal", review="proposed")
    tag(tmp_path / "tags", reviewed, NET, NET, review="reviewed")
    tag(tmp_path / "tags", guessed, FIRE, FIRE, origin="proposal", review="proposed")
    done, rows = build(run_cli, tmp_path, "set", "--proposals", "--unlabelled")
    assert {fg_id: (row.class_, row.classes, row.class_mask_from) for fg_id, row in rows.items()} == {
        "fur_a": ("fur", ("fur", "net"), "proposals"),
        "photo_a": ("net", ("net",), "regions"),
        "photo_b": ("", (), "image"),
    }
    assert "2 of 3 are not reviewed and are used as proposals, but for 1 whose foreground has no" in done.err
    mask = Image.open(tmp_path / "set" / "class_mask" / f"{rows['photo_b'].id}.png")
    assert (np.asarray(mask) == 255).all()
    options = ("balance", own, "--annotations", tmp_path / "tags", "--proposals", "--json")
    counts = json.loads(run_cli(*options).out)["foregrounds"]
    assert {name: count for name, count in counts.items() if count} == {"fur": 1, "net": 2}
    common = ("--foregrounds", own, "--backgrounds", tmp_path / "bg", "--any-licence")
    done = run_cli("build", tmp_path / "no", *common, "--annotations", tmp_path / "tags", "--proposals")
    assert done.code == 1
    assert "photo_b: has no class yet" in done.err


def test_proposals_need_annotations(tmp_path, run_cli):
    own = write_sources(tmp_path)
    done = run_cli("build", tmp_path / "set", "--foregrounds", own, "--proposals")
    assert done.code == 1
    assert "--proposals says which annotations to use; give them with --annotations" in done.err


def test_a_balance_counts_what_is_reviewed(tmp_path, run_cli, tagged):
    options = ("balance", tagged, "--annotations", tmp_path / "tags", "--json")
    done = run_cli(*options)
    counts = json.loads(done.out)["foregrounds"]
    assert {name: count for name, count in counts.items() if count} == {"fur": 2, "net": 2}
    assert "2 of 3 are not reviewed and are not used" in done.err
    counts = json.loads(run_cli(*options, "--proposals").out)["foregrounds"]
    assert {name: count for name, count in counts.items() if count} == {"fire": 1, "fur": 2, "net": 2}
    build(run_cli, tmp_path, "set", "--proposals")
    done = run_cli("balance", tmp_path / "set", "--json")
    counts = json.loads(done.out)["foregrounds"]
    assert {name: count for name, count in counts.items() if count} == {"fur": 2, "net": 2}
    assert "class masks of 1 of 3 images are proposals that nobody has reviewed, 0 of them" in done.err


def scores_of(run_cli, tmp_path, name, *options):
    done = run_cli("evaluate", tmp_path / "mattes", tmp_path / "set", "--out", tmp_path / name, *options)
    assert done.code == 0, done.err
    rows = csv.DictReader((tmp_path / f"{name}.csv").read_text().splitlines())
    return done, {row["region"] for row in rows if row["fg_id"] == "net_c"}


@pytest.mark.slow
def test_scores_and_statistics_count_proposals_only_where_asked(tmp_path, run_cli, tagged):
    _, rows = build(run_cli, tmp_path, "set", "--proposals")
    (tmp_path / "mattes").mkdir()
    for row in rows.values():
        Image.open(tmp_path / "set" / "alpha" / f"{row.id}.png").save(tmp_path / "mattes" / f"{row.id}.png")
    done, regions = scores_of(run_cli, tmp_path, "plain")
    assert regions == {"unknown", "net"}
    (remark,) = json.loads((tmp_path / "plain.json").read_text())["remarks"]
    assert remark.startswith("The class masks of 1 of 3 images are proposals that nobody has reviewed, 0 of")
    assert "proposals that nobody has reviewed" in " ".join(done.out.split())
    _, regions = scores_of(run_cli, tmp_path, "guessed", "--proposals")
    assert regions == {"unknown", "net", "fire"}
    board = run_cli("leaderboard", tmp_path / "plain", tmp_path / "guessed", "--out", tmp_path / "board")
    assert " ".join(board.out.split()).count("class masks not reviewed") == 1
    assert board.out.count("Lower is better.") == 2  # unlike rows stand apart
    for name, options, classes in (
        ("a", (), {"fur", "net"}),
        ("b", ("--proposals",), {"fur", "net", "fire"}),
    ):
        done = run_cli("stats", tmp_path / "set", "--out", tmp_path / name, *options)
        assert done.code == 0, done.err
        table = csv.DictReader((tmp_path / name / "classes.csv").read_text().splitlines())
        assert {row["class"] for row in table if row["foregrounds"] not in ("", "0")} >= classes
        regions = csv.DictReader((tmp_path / name / "regions.csv").read_text().splitlines())
        assert {row["class"] for row in regions} == classes
        assert "proposals that nobody has reviewed" in (tmp_path / name / "index.html").read_text()


def test_the_status_of_contradictions_is_1(tmp_path, run_cli, tagged):
    done = run_cli("tag", "status", tmp_path / "tags", "--foregrounds", tagged)
    assert done.code == 1
    assert (
        "1 contradicting the stated class:\n  fur_b: source says fur; the mask has no pixel of fur"
        in done.out
    )
    annotation_path(tmp_path / "tags", "fur_b").unlink()
    assert run_cli("tag", "status", tmp_path / "tags", "--foregrounds", tagged).code == 0


def test_a_proposal_is_not_complete(tmp_path, run_cli, tagged):
    done = run_cli("tag", "fill", tmp_path / "tags", "--foregrounds", tagged)
    assert done.out == "2 filled\n1 kept as reviewed\n"
    for fg in index_foregrounds(str(tagged)).records[1:]:
        annotation, mask = read_annotation(annotation_path(tmp_path / "tags", fg.id))
        expected = np.where(unknown_of(read_foreground(fg).alpha), class_index(fg.class_), 255)
        assert np.array_equal(mask, expected)
        assert annotation.origin == "strokes"


def test_several_stated_classes_leave_a_proposal_as_it_is(tmp_path, run_cli, tagged):
    (tmp_path / "classes.csv").write_text("file,class\nfur_a,fur\nfur_b,fur|net\nnet_c,net|fire\n")
    options = ("--foregrounds", tagged, "--classes", tmp_path / "classes.csv")
    done = run_cli("tag", "fill", tmp_path / "tags", *options)
    assert done.out == "1 kept as reviewed\n2 left as proposed: nobody has reviewed them\n"
    done = run_cli("tag", "status", tmp_path / "tags", *options)
    assert "1 contradicting the stated class:\n  fur_b: source says fur, net; the mask has" in done.out


def test_what_was_imported_is_reviewed_by_a_command(tmp_path, run_cli):
    own = write_sources(tmp_path)
    first, second, _ = index_foregrounds(str(own)).records
    tag(tmp_path / "tags", first, FUR, NET, origin="imported")
    tag(tmp_path / "tags", second, FUR, FUR, origin="proposal", review="proposed")
    _, rows = build(run_cli, tmp_path, "before")
    assert {row.class_mask_from for row in rows.values()} == {"image"}
    done = run_cli("tag", "review", tmp_path / "tags")
    assert (done.code, done.out) == (0, "1 left as proposed\n1 reviewed\n")
    assert run_cli("tag", "review", tmp_path / "tags").out == "1 left as proposed\n1 reviewed already\n"
    _, rows = build(run_cli, tmp_path, "after")
    assert rows["fur_a"].class_mask_from == "regions"
    assert rows["fur_b"].class_mask_from == "image"
    (tmp_path / "tags" / "x.json").write_text("{")
    done = run_cli("tag", "review", tmp_path / "tags")
    assert done.code == 1
    assert "x.json" in done.err
