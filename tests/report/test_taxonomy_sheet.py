"""The page of classes names what there is, and its pictures stand where it says."""

import re
from pathlib import Path

import pytest

from simd.taxonomy import TAXONOMY

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "classes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("class_", TAXONOMY, ids=lambda class_: class_.name)
def test_the_page_has_a_part_for_each_class_with_its_definition_picture_and_recipe(class_):
    part = re.search(rf"^### {class_.name}\b.*?(?=^##)", PAGE, re.S | re.M)
    assert part
    assert class_.definition in part[0]
    assert all(f"`{alias}`" in part[0] for alias in class_.aliases)
    assert f"(images/classes-{class_.name}.jpg)" in part[0]
    assert f"(../simd/generator/classes/{class_.name}.py)" in part[0]


def test_what_the_page_links_to_exists_and_its_pictures_are_small():
    targets = re.findall(r"\]\(([^)]+)\)", PAGE)
    assert len(targets) > 40
    for target in targets:
        path = (DOCS / target).resolve()
        assert path.is_file(), target
        assert path.suffix != ".jpg" or path.stat().st_size <= 250_000, target


def test_the_commands_of_the_page_are_those_that_there_are(run_cli):
    commands = re.findall(r"simd classes (--out .*)", PAGE)
    assert len(commands) == 4
    known = run_cli("classes", "--help").out
    assert all(flag in known for command in commands for flag in re.findall(r"--[a-z]+", command))
