import json

import numpy as np
import pytest
from conftest import save

from simd.composition.build import build, plan_set
from simd.dataset.manifest import load_set
from simd.dataset.review import Remark, read_review, review_path, write_review
from simd.errors import DataError


@pytest.fixture
def options(foregrounds, backgrounds):
    return {
        "foregrounds": str(foregrounds),
        "backgrounds": str(backgrounds),
        "any_licence": True,
        "per_foreground": 2,
    }


@pytest.fixture
def review(options, tmp_path):
    """Return a review of the planned set: its first composite is excluded, its second and third are not."""
    first, second, third = plan_set(**options)[:3]
    path = tmp_path / "set.review.jsonl"
    tags = {first: ("exclude", "blurred"), second: ("bad truth",), third: ("wrong class", "bad truth")}
    write_review(path, [Remark(id=p.id, fg_id=p.fg.id, bg_id=p.bg.id, tags=t) for p, t in tags.items()])
    return path


def write_mattes(folder, rows):
    for row in rows:
        save(folder / f"{row.id}.png", np.full((64, 80), 51, np.uint8))
    return folder


def test_a_review_is_read_as_it_was_written(tmp_path):
    remarks = (
        Remark(id="net-1", fg_id="a\u2028b", bg_id=None, tags=("<b>", "exclude"), by="me", when="2024-05-01"),
        Remark(id="net-2", fg_id="c", bg_id="d", tags=()),
    )
    write_review(tmp_path / "r.jsonl", remarks)
    found = read_review(tmp_path / "r.jsonl")
    assert found.remarks == remarks
    assert (found.excluded, found.excluded_foregrounds) == ({"net-1"}, {"a\u2028b"})
    assert review_path(tmp_path / "set") == tmp_path.resolve() / "set.review.jsonl"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[]", "a JSON object is expected"),
        ('{"tags": []}', 'a line needs "id"'),
        ('{"id": "a"}', 'a line needs "tags"'),
        ('{"id": "a", "tags": "exclude"}', 'a line needs "tags"'),
        ('{"id": "a", "tags": [1]}', 'a line needs "tags"'),
        ('{"id": "a", "tags": [], "by": 3}', "the key 'by' must be a text or null"),
        ('{"id": "good", "tags": []}', "'good' has a line already"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, said):
    path = tmp_path / "r.jsonl"
    path.write_text('{"id": "good", "tags": ["exclude"]}\n' + line + "\n")
    with pytest.raises(DataError, match=f"r.jsonl:2: .*{said}"):
        read_review(path)


def test_build_leaves_out_what_is_excluded_and_counts_it(run_cli, options, review, tmp_path):
    whole = build(tmp_path / "whole", **options)
    args = ["--foregrounds", options["foregrounds"], "--backgrounds", options["backgrounds"]]
    done = run_cli(
        *("build", tmp_path / "part", *args, "--any-licence", "--per-foreground", 2, "--review", review)
    )
    assert done.code == 0
    assert "1 of 1 excluded composites left out; noted only: 2 'bad truth'" in done.err
    part = load_set(tmp_path / "part")
    assert part.rows == whole.rows[1:]
    assert str(review) not in (tmp_path / "part" / "dataset.json").read_text()


def test_a_spec_file_may_name_a_review(options, review, tmp_path, run_cli):
    lines = [f"{key} = {json.dumps(value)}" for key, value in (options | {"review": str(review)}).items()]
    (tmp_path / "spec.toml").write_text("\n".join(lines))
    assert run_cli("build", tmp_path / "set", "--spec", tmp_path / "spec.toml").code == 0
    assert len(load_set(tmp_path / "set")) == 2 * 6 - 1


def test_excluding_everything_is_refused(options, tmp_path):
    everything = [Remark(id=p.id, tags=("exclude",)) for p in plan_set(**options)]
    write_review(tmp_path / "all.jsonl", everything)
    with pytest.raises(DataError, match="excludes every composite"):
        build(tmp_path / "none", review=str(tmp_path / "all.jsonl"), **options)
    assert not (tmp_path / "none").exists()


def test_select_drops_the_foregrounds_of_excluded_composites(run_cli, options, review, tmp_path):
    done = run_cli(*("select", options["foregrounds"], "--review", review, "--out", tmp_path / "kept.jsonl"))
    assert done.code == 0
    assert "1 of 1 foregrounds of excluded composites dropped" in done.out
    verdicts = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    dropped = {v["id"]: v["reason"] for v in verdicts if not v["keep"]}
    assert dropped == {read_review(review).remarks[0].fg_id: "review"}
    done = run_cli("select", "--backgrounds", options["backgrounds"], "--review", review)
    assert (done.code, "--review are for foregrounds" in done.err) == (1, True)


def test_evaluate_scores_the_rest_as_if_it_had_been_built_so(run_cli, options, review, tmp_path):
    whole = build(tmp_path / "whole", **options)
    part = build(tmp_path / "part", review=str(review), **options)
    mattes = write_mattes(tmp_path / "mattes", whole.rows)  # those of excluded images are there, too
    (mattes / "run.json").write_text(json.dumps({"method": "grey", "set_digest": whole.digest}))
    done = run_cli("evaluate", mattes, whole.path, "--review", review, "--out", tmp_path / "rest")
    assert (done.code, done.err) == (0, "images: 11 of 11" + done.err.partition("11 of 11")[2])
    summary = json.loads((tmp_path / "rest.json").read_text())
    assert summary["images"] == 11
    assert "1 of 1 excluded composites left out" in summary["remarks"][0]
    assert summary["set"]["part_of"] == whole.digest
    keys = ("digest", "trimaps_digest")
    assert [summary["set"][key] for key in keys] == [part.digest, part.trimaps_digest]
    assert whole.rows[0].id not in (tmp_path / "rest.csv").read_text()
    # and a board finds the pictures of the whole set
    assert run_cli("leaderboard", tmp_path / "rest", "--out", tmp_path / "board").code == 0
    assert "<figure>" in (tmp_path / "board" / "index.html").read_text()


def test_ids_that_nothing_has_are_named(run_cli, options, review, tmp_path):
    with review.open("a") as lines:
        lines.write('{"id": "net-00000000", "tags": ["exclude"], "fg_id": "nobody"}\n')
    whole = build(tmp_path / "whole", **options)
    named = "1 of 2 excluded composites left out; 1 are not among these: net-00000000; noted only"
    mattes = write_mattes(tmp_path / "mattes", whole.rows)
    done = run_cli("evaluate", mattes, whole.path, "--review", review, "--out", tmp_path / "rest")
    assert done.code == 0
    assert named in json.loads((tmp_path / "rest.json").read_text())["remarks"][0]
    args = ["--foregrounds", options["foregrounds"], "--backgrounds", options["backgrounds"]]
    built = ("build", tmp_path / "part", *args, "--any-licence", "--per-foreground", 2, "--review", review)
    assert named in run_cli(*built).err
    chosen = ("select", options["foregrounds"], "--review", review, "--out", tmp_path / "kept.jsonl")
    assert "1 of 2 foregrounds of excluded composites dropped; not here: nobody" in run_cli(*chosen).out


def test_evaluate_leaves_out_of_folders_too(run_cli, options, review, tmp_path):
    whole = build(tmp_path / "whole", **options)
    folders = ["--alpha", whole.path / "alpha", "--trimap", whole.path / "trimap"]
    mattes = write_mattes(tmp_path / "mattes", whole.rows)
    for name, more in {"all": [], "rest": ["--review", review]}.items():
        assert run_cli("evaluate", mattes, *folders, *more, "--out", tmp_path / name).code == 0
    every, rest = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("all", "rest"))
    assert (every["images"], rest["images"]) == (12, 11)
    assert every["set"]["digest"] != rest["set"]["digest"]
