"""Imports point one way, folders say what is in them, and importing the package costs next to nothing."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "simd"
# A module may import what stands in an earlier row, and its own folder.
CORE = {
    *(
        "simd.addresses",
        "simd.array_files",
        "simd.citations",
        "simd.class_tables",
        "simd.garbage",
        "simd.hashing",
        "simd.replacing",
    ),
    *("simd.errors", "simd.files", "simd.image", "simd.decoding", "simd.png", "simd.trimap", "simd.records"),
    *("simd.formats", "simd.tiff", "simd.remarks", "simd.layer_checks", "simd.schema", "simd.export_place"),
    "simd.run_lengths",
    *("simd.installation", "simd.jit", "simd.locks", "simd.masks", "simd.mattes", "simd.missing"),
    *(
        "simd.taxonomy",
        "simd.journal",
        "simd.options",
        "simd.arguments",
        "simd.parallel",
        "simd.cluster",
        "simd.cluster_worker",
        "simd.landmarks",
        "simd.progress",
        "simd.stores",
        "simd.temporary",
        "simd.version",
    ),
}
ORDER: list[set[str]] = [
    CORE,
    {"simd.generator", "simd.features", "simd.dataset"},
    {"simd.sources"},
    {"simd.tagging"},
    {"simd.selection"},
    {"simd.composition"},
    {"simd.methods", "simd.metrics"},
    {"simd.training"},
    {"simd.report"},
    {"simd.studio"},
    {"simd.bench", "simd.demo", "simd.doctor", "simd.warm"},
    {"simd.cli"},
    {"simd.__main__", "simd"},
]
LARGEST_SHARE = 0.20  # of the lines, in one folder


def row_of(module: str) -> tuple[int, str]:
    """Return the row of a module, and the folder or core module that it belongs to."""
    room = ".".join(module.split(".")[:2])
    for number, rooms in enumerate(ORDER):
        if room in rooms:
            return number, room
    raise AssertionError(f"{module} stands in no row; give it one in ORDER")


def imports_of(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports hide where an arrow points"
            names.add(str(node.module))
            names.update(f"{node.module}.{name.name}" for name in node.names)
    return {name for name in names if name.split(".")[0] == "simd"}


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


FILES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted(file.parent for file in FILES if file.name == "__init__.py" and file.parent != PACKAGE)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_imports_point_upstream(file):
    module = module_of(file)
    if module == "simd":
        return  # names the homes of its public functions, and imports none of them
    row, room = row_of(module)
    for name in filter(is_module, imports_of(file)):
        other_row, other_room = row_of(name)
        assert other_row < row or other_room == room or (other_room in CORE and row == 0), (
            f"{module} imports {name}, which stands beside it or downstream"
        )


def test_no_import_goes_round_in_a_circle():
    graph = {}
    for file in FILES:
        module = module_of(file)
        if module != "simd":
            deeper = {name for name in imports_of(file) if is_module(name) and name not in ("simd", module)}
            # `from package import module` reads the package's own file, too, which may name its modules
            graph[module] = {name for name in deeper if not module.startswith(f"{name}.")}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_methods_and_metrics_meet_in_files_only():
    for room, other in (("methods", "metrics"), ("metrics", "methods")):
        for file in (PACKAGE / room).rglob("*.py"):
            assert not [n for n in imports_of(file) if n.startswith(f"simd.{other}")], file


def test_no_folder_holds_more_than_a_fifth_of_the_lines():
    lines = {file: len(file.read_text().splitlines()) for file in FILES}
    for folder in {row for row in PACKAGE.iterdir() if (row / "__init__.py").is_file()}:
        share = sum(n for file, n in lines.items() if folder in file.parents) / sum(lines.values())
        assert share <= LARGEST_SHARE, f"{folder.name} holds {share:.0%} of the lines"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_folder_says_what_is_in_it(folder):
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    parts = [
        path.stem
        for path in folder.iterdir()
        if not path.name.startswith("__")
        and (path.suffix == ".py" or (path.is_dir() and any(path.glob("[!_.]*"))))
    ]
    unsaid = [name for name in parts if name not in said]
    assert not unsaid, f"the docstring of {folder.name}/__init__.py says nothing of {unsaid}"


def test_no_folder_or_module_shadows_a_public_function():
    import simd

    assert not {path.stem for path in PACKAGE.iterdir()} & set(simd.__all__)


def test_tests_mirror_the_package():
    tests = Path(__file__).parent
    folders = {path.name for path in tests.iterdir() if path.is_dir() and any(path.glob("test_*.py"))}
    assert folders <= {path.name for path in PACKAGE.iterdir() if path.is_dir()}


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
    with pytest.raises(AttributeError, match="No simd attribute sadd"):
        _ = simd.sadd
