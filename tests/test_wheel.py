"""The package works from a wheel: its data travels with it, and its page on an index leads nowhere wrong."""

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email import message_from_string
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from simd.version import __version__

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
MEGABYTES = 15
LICENCES = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
SHIPPED = re.findall(r"`(simd/[^`]+)`", "".join(re.findall(r"^\| (`simd/.*?) \|", LICENCES, re.M)))
INSTALLED = """
from simd.installation import extra_command
from simd.taxonomy import annotations_dir
print(extra_command("train"), annotations_dir(), sep="\\n")
"""


def run(*command, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Build the sdist from the repository, and the wheel from the sdist, as a release does."""
    for tool in ("build", "hatchling", "hatch_fancy_pypi_readme"):
        pytest.importorskip(tool)
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    return dist / f"simd_matting-{__version__}-py3-none-any.whl"


def names_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def metadata_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"simd_matting-{__version__}.dist-info/METADATA").decode()
    return message_from_string(text)


def test_the_wheel_is_small_and_holds_the_package_alone(wheel):
    assert wheel.stat().st_size < MEGABYTES * 1e6
    assert {name.split("/")[0] for name in names_of(wheel)} == {
        "simd",
        f"simd_matting-{__version__}.dist-info",
    }


def test_all_that_the_repository_has_of_the_package_is_in_the_wheel(wheel):
    tracked = run("git", "ls-files", "-co", "--exclude-standard", "simd", "annotations", cwd=ROOT)
    if tracked.returncode:
        pytest.skip("the repository has no git history here")
    expected = {re.sub("^annotations/", "simd/annotations/", name) for name in tracked.stdout.split()}
    assert {name for name in names_of(wheel) if name.startswith("simd/")} == expected


def test_every_file_that_is_not_code_stands_in_one_row_of_the_licences(wheel):
    data = [name for name in names_of(wheel) if name.startswith("simd/") and Path(name).suffix[:3] != ".py"]
    rows = {name: [row for row in SHIPPED if fnmatchcase(name, row)] for name in data}
    assert {name: row for name, row in rows.items() if len(row) != 1} == {}
    assert set(SHIPPED) == {row for (row,) in rows.values()}


def test_an_index_can_show_it(dist):
    pytest.importorskip("twine")
    done = run(sys.executable, "-m", "twine", "check", "--strict", *dist.iterdir())
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_readme_leads_to_no_file_of_the_repository(wheel):
    readme = metadata_of(wheel).get_payload()
    assert readme.startswith("# simd\n")
    assert "every composite" in readme  # a text that spans lines is whole
    for target in re.findall(r"\]\(([^)]*)\)", readme):
        assert target.startswith("https://"), target


def test_it_runs_from_an_environment_without_the_clone(wheel, tmp_path):
    place = tmp_path / "venv"
    venv.create(place, with_pip=False)
    python = place / "bin" / "python"
    done = run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    (packages,) = place.glob("lib/python*/site-packages")
    # what simd needs is installed beside this test; nothing is downloaded
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    environment = {"PATH": "/usr/bin:/bin"}
    done = run(python, "-c", INSTALLED, cwd=tmp_path, env=environment)
    assert done.stdout.splitlines() == [
        'pip install "simd-matting[train]"',
        str(packages / "simd" / "annotations"),
    ]
    done = run(
        *(place / "bin" / "simd", "build", "set", "--foregrounds", "synthetic:1@64"),
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert "20 composites of 20 foregrounds in 20 classes" in done.stdout
