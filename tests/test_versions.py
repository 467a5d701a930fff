"""A lower bound in pyproject.toml is a version that was tested, and CONTRIBUTING.md says which."""

import re
from pathlib import Path

from tools.versions import table, versions

ROOT = Path(__file__).parent.parent


def test_every_requirement_is_pinned_in_both_files():
    assert [row.name for row in versions() if None in (row.oldest, row.newest)] == []


def test_a_bound_is_the_oldest_version_that_was_tested():
    later = {
        row.name: (row.bound, row.oldest)
        for row in versions()
        if not re.fullmatch(rf"{re.escape(row.bound)}(\.0)*", row.oldest)
    }
    assert later == {}


def test_torch_is_one_version():
    (torch,) = (row for row in versions() if row.name == "torch")
    assert torch.oldest == torch.newest == "2.13.0"


def test_the_table_of_contributing_is_as_its_command_prints_it():
    assert table() in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
