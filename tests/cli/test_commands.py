"""What holds for every command: a help page, a help text for each option, one word for one thing."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from simd.cli.app import app, default_out

FOLDERS = {"build": "OUT", "import": "OUT", "weights export-onnx": "OUT"}  # the folder is an argument


def walk(command, path=()):
    for name in getattr(command, "commands", {}):
        yield from walk(command.commands[name], (*path, name))
    yield " ".join(path), command


COMMANDS = dict(walk(typer.main.get_command(app)))
LEAVES = {name: command for name, command in COMMANDS.items() if not hasattr(command, "commands")}


def test_the_walk_sees_the_commands():
    assert len(LEAVES) > 25
    assert {"build", "doctor", "tag open", "browse pull", "weights import"} <= LEAVES.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_page(run_cli, name):
    done = run_cli(*name.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert f"Usage: simd {name}".rstrip() in done.out
    usage = next(line for line in done.out.splitlines() if "Usage:" in line)
    assert not set("{}") & set(usage)
    assert "<bool>" not in done.out


@pytest.mark.parametrize("name", LEAVES)
def test_every_argument_and_option_says_what_it_is(name):
    command = LEAVES[name]
    assert command.help
    for param in command.params:
        assert param.help, f"{name}: {param.opts}"
        assert "--source" not in param.opts


@pytest.mark.parametrize("name", LEAVES)
def test_outputs_follow_one_rule(name):
    arguments = [p.metavar for p in LEAVES[name].params if not p.opts[0].startswith("--")]
    options = [opt for p in LEAVES[name].params for opt in p.opts]
    assert ("OUT" in arguments) == (name in FOLDERS)
    assert not ("OUT" in arguments and "--out" in options)
    assert "--output" not in options


def test_the_kind_of_a_layout_has_one_name():
    takers = {"index", "select", "build", "balance", "import"}
    takers |= {f"tag {name}" for name in ("open", "status", "fill", "propose", "fit", "export", "import")}
    named = {name for name, command in LEAVES.items() if any("--kind" in p.opts for p in command.params)}
    assert named == takers


@pytest.mark.parametrize(
    "words", ["index x --source coco", "tag status x --source rgba", "select --source y"]
)
def test_a_former_name_is_refused_with_that_of_today(run_cli, words):
    done = run_cli(*words.split())
    assert (done.code, done.out) == (2, "")
    assert "--source is now --kind" in done.err


def test_annotations_come_first_under_tag():
    for name in ("status", "fill", "propose", "open", "export", "agree", "merge"):
        first = LEAVES[f"tag {name}"].params[0]
        assert first.metavar.startswith("ANNOTATIONS"), name


def test_a_command_that_no_list_names_comes_last(monkeypatch):
    group = typer.main.get_command(app)
    group.commands["aardvark"] = group.commands["build"]
    names = group.list_commands(None)
    assert names[0] == "classes"
    assert names[-1] == "aardvark"


def test_completion_can_be_installed(run_cli):
    assert "--install-completion" in run_cli("--help").out
    assert all("completion" not in run_cli(name, "--help").out for name in ("build", "stats"))


def test_browse_shows_that_tags_can_be_pulled(run_cli):
    assert re.search(r"pull +Write the tags", run_cli("browse", "--help").out)


def test_reports_are_named_after_their_inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert default_out("scores", "mattes/mine/") == Path("scores/mine")
    assert default_out("scores", ".") == tmp_path.parent / "scores" / tmp_path.name  # never inside its input
    (tmp_path / "image").mkdir()
    monkeypatch.chdir(tmp_path / "image")
    assert default_out("statistics", "..") == tmp_path.parent / "statistics" / tmp_path.name
    assert default_out("scores", "mine") == Path("scores/mine")
    assert default_out("statistics", "a", "b", "c", "d").name == "a+b+c+1"


def run_json(run_cli, *words):
    done = run_cli(*words, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


@pytest.mark.slow
def test_json_in_place_of_tables(run_cli, tiny_set, foregrounds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = len(tiny_set)
    assert [c["name"] for c in run_json(run_cli, "classes")][:2] == ["defocus", "fire"]
    assert {k["kind"] for k in run_json(run_cli, "index")["backgrounds"]} >= {"coco", "voc"}
    (listed,) = run_json(run_cli, "index", foregrounds)
    assert (listed["found"], listed["missing"], listed["classes"]["fire"]) == (6, {}, 1)
    counted = run_json(run_cli, "balance", tiny_set.path)
    assert sum(counted["composites"].values()) == rows
    assert run_json(run_cli, "verify", tiny_set.path)["digest"] == tiny_set.digest
    selected = run_json(run_cli, "select", foregrounds, "--out", "selection.jsonl")
    assert selected["kept"] + len(selected["dropped"]) == selected["of"] == 6
    assert Path("selection.html").is_file()
    named = run_json(run_cli, "select", foregrounds)
    assert named["selection"] == f"selection/{foregrounds.name}.jsonl"
    assert Path(named["selection"]).is_file()
    predicted = run_json(run_cli, "predict", "trimap", tiny_set.path, "--out", "mattes")
    assert (predicted["images"], predicted["folder"]) == (rows, "mattes")
    alphas = tiny_set.path / "alpha"
    scores = run_json(run_cli, "evaluate", alphas, tiny_set.path, "--name", "truth")
    assert scores["name"] == "truth"
    assert scores["files"] == ["scores/alpha.csv", "scores/alpha.json"]
    assert Path("scores/alpha.csv").is_file()
    board = run_json(run_cli, "leaderboard", "scores/alpha")
    assert Path(f"leaderboard/{tiny_set.name}/index.html").is_file()
    assert {row["method"] for row in board["methods"]} == {"truth"}
    statistics = run_json(run_cli, "stats", tiny_set.path)
    assert Path(f"statistics/{tiny_set.path.name}/index.html").is_file()
    assert statistics["balance"]
    run_json(run_cli, "doctor")
    build = run_json(run_cli, "build", "new", "--foregrounds", "synthetic:1@48", "--workers", 1)
    assert build["counts"]["composites"] == 20


@pytest.mark.slow  # draws foregrounds, and makes a map by t-SNE
def test_annotations_and_maps_as_json(run_cli, tiny_set, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    single = "synthetic:1@48"
    assert run_cli("tag", "fill", "mine", "--foregrounds", single).code == 0
    looked = run_json(run_cli, "tag", "status", "mine", "--foregrounds", single)
    assert (looked["annotated"], looked["broken"], looked["untagged"]) == (20, {}, [])
    compared = run_json(run_cli, "tag", "agree", "mine", "mine")
    assert compared["whole"]["equal"] == compared["whole"]["pixels"] > 0
    embedding = run_json(run_cli, "embed", tiny_set.path)
    assert embedding["files"]
    assert Path(f"embedding/{tiny_set.path.name}/summary.json").is_file()


@pytest.mark.slow
def test_what_is_not_as_built_is_in_the_json_too(run_cli, tiny_set):
    name = f"image/{tiny_set.rows[0].id}.png"
    (tiny_set.path / name).unlink()
    done = run_cli("verify", tiny_set.path, "--json")
    assert done.code == 1
    looked = json.loads(done.out)
    assert looked["as_built"] is False
    assert list(looked["problems"]) == [name]


def test_a_typing_slip_is_taken_for_one(run_cli, tiny_set, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (
        ("stats", "nowhere"),
        ("evaluate", tiny_set.path / "alpha", "nowhere"),
        ("verify", "nowhere"),
    ):
        done = run_cli(*words)
        assert done.code == 1
        assert "nowhere: no such folder" in done.err
    (tmp_path / "somewhere").mkdir()
    assert "no such folder; did you mean 'somewhere'?" in run_cli("verify", "sonewhere").err


def test_notices_leave_the_log_as_it_was():
    script = (
        "import logging, sys\nfrom simd.cli import main\nsys.argv = ['simd', 'classes']\nmain()\n"
        "log = logging.getLogger('simd')\nassert (log.handlers, log.level) == ([], 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
