"""The workflows in .github are thin: they read as YAML, may read only, and run targets of the Makefile."""

import re
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))


def steps_of(workflow):
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_each_part_has_a_workflow():
    assert {file.stem for file in FILES} == {"docs", "lint", "tests", "wheel"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_runs_make_and_nothing_else(file):
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["name"] == file.stem
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow[True].keys() == {"push", "pull_request"}  # YAML takes the word `on` for true
    assert all(job["timeout-minutes"] for job in workflow["jobs"].values())
    steps = steps_of(workflow)
    for step in steps:
        assert ("uses" in step) != ("run" in step), step
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]), step
        else:
            assert re.fullmatch(r"make [a-z-]+", step["run"]), step
            assert step["run"].split()[1] in TARGETS, step
    assert any("run" in step for step in steps)


def test_targets_that_make_no_file_are_phony():
    phony = set(" ".join(re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M)).split())
    assert TARGETS - phony == set()
