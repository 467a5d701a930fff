"""The versions that were tested, by pyproject.toml and both constraints files: the table of CONTRIBUTING.md.

python tests/tools/versions.py
"""

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
CHECKERS = ("mypy", "ruff", "pandas-stubs")
"""What looks at the code and does not run with it; held at one version."""

_REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,]+\])?>=(?P<bound>[\d.]+)(?:,<[\d.]+)?")


class Tested(NamedTuple):
    """A package that simd needs: its lower bound, and the versions that were tested."""

    name: str
    needed_by: str  # "base", or extras
    bound: str
    oldest: str | None  # None where the file has no pin
    newest: str | None


def canonical(name: str) -> str:
    """Return the name by which package indexes compare."""
    return re.sub(r"[-_.]+", "-", name).lower()


def versions() -> list[Tested]:
    """Return every direct requirement, sorted by name; ValueError where one has no lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"base": project["dependencies"], **project["optional-dependencies"]}
    oldest, newest = _pins("constraints-oldest.txt"), _pins("constraints.txt")
    rows: dict[str, Tested] = {}
    for group, requirements in groups.items():
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement).group()
            key = canonical(name)
            if key == project["name"] or name in CHECKERS:
                continue
            match = _REQUIREMENT.fullmatch(requirement)
            if match is None:
                raise ValueError(f"{requirement}: has no lower bound of the form >=1.2")
            needed_by = f"{rows[key].needed_by}, {group}" if key in rows else group
            rows[key] = Tested(name, needed_by, match["bound"], oldest.get(key), newest.get(key))
    return [rows[key] for key in sorted(rows)]


def table() -> str:
    """Return the versions as a table in Markdown."""
    lines = ["| package | needed by | oldest tested | newest tested |", "|---|---|---|---|"]
    lines += [f"| {row.name} | {row.needed_by} | {row.oldest} | {row.newest} |" for row in versions()]
    return "\n".join(lines) + "\n"


def _pins(file: str) -> dict[str, str]:
    pins = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / file).read_text(encoding="utf-8"), re.M)
    return {canonical(name): version for name, version in pins}


if __name__ == "__main__":
    print(table(), end="")
