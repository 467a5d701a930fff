"""Imports point one way, and importing the package costs next to nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "simd"
# A module may import what stands in an earlier row, and its own row.
STAGES = [
    {
        "simd",
        "simd.decoding",
        "simd.errors",
        "simd.files",
        "simd.image",
        "simd.journal",
        "simd.parallel",
        "simd.progress",
    }
    | {"simd.records", "simd.taxonomy", "simd.png"},
    {"simd.dataset"},
    {"simd.methods", "simd.metrics"},
    {"simd.report"},
    {"simd.studio"},
    {"simd.cli", "simd.demo", "simd.warm", "simd.__main__"},
]


def stage_of(module: str) -> int:
    parts = module.split(".")
    for number, names in enumerate(STAGES):
        if ".".join(parts[:2]) in names:
            return number
    raise AssertionError(f"{module} belongs to no stage; give it one in STAGES")


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide where an arrow points"
            found.add(str(node.module))
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return {name for name in found if name.split(".")[0] == "simd"}


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_imports_point_upstream(file):
    module = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    if module == "simd":
        return  # names the homes of its public functions, and imports none of them
    for name in filter(is_module, imports_of(file)):
        assert stage_of(name) <= stage_of(module), f"{module} imports {name}, which stands downstream"


def test_methods_and_metrics_meet_in_files_only():
    for stage, other in (("methods", "metrics"), ("metrics", "methods")):
        for file in (PACKAGE / stage).rglob("*.py"):
            assert not [n for n in imports_of(file) if n.startswith(f"simd.{other}")], file


def test_the_walk_sees_the_package():
    assert len(FILES) > 40
    assert "simd.errors" in imports_of(PACKAGE / "image.py")


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


HEAVY = {"torch", "pandas", "fiftyone", "numba", "cv2", "matplotlib", "scipy", "skimage", "sklearn"}


def test_import_simd_is_light():
    assert not modules_after("import simd") & (HEAVY | {"numpy"})


def test_the_command_line_is_light():
    assert not modules_after("import simd.cli") & (HEAVY | {"numpy"})


def test_public_names_resolve():
    import simd

    for name in simd.__all__:
        assert getattr(simd, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'sadd'"):
        _ = simd.sadd
