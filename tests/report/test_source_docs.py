"""docs/sources.md is what the declared layouts say, and its commands can be typed as they stand."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from simd.cli import app
from simd.report.source_docs import sources_page
from simd.sources import TABLES

PAGE = Path(__file__).parent.parent.parent / "docs" / "sources.md"


def test_the_page_is_what_the_command_prints():
    assert PAGE.read_text(encoding="utf-8") == sources_page(), (
        "run: python -m simd.report.source_docs > docs/sources.md"
    )


def test_every_kind_has_its_section():
    text = sources_page()
    for table in TABLES.values():
        for name in table:
            assert f"\n## {name}\n" in text
            assert f"(#{name})" in text


def commands():
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    joined = "".join(blocks).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("simd ")]


@pytest.mark.parametrize("line", commands())
def test_its_commands_have_these_options(line):
    _, name, *arguments = shlex.split(line, comments=True)
    command = typer.main.get_command(app).commands[name]
    context = command.make_context(name, arguments)  # parses; an unknown option raises
    assert context.command.name == name


def test_it_has_commands_for_adobe_and_simd():
    text = "\n".join(commands())
    for part in ("--protocol adobe-2017", "--protocol simd-2021", "simd import", "simd verify"):
        assert part in text
