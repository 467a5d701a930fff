"""The base install holds nothing that no file imports."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_names() -> set[str]:
    names = set()
    for file in (ROOT / "simd").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    return names


def test_every_base_dependency_is_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = {canonical(re.match(r"[\w.-]+", line).group()) for line in project["dependencies"]}
    homes = packages_distributions()
    used = {canonical(home) for name in imported_names() for home in homes.get(name, [])}
    assert required - used == set()
