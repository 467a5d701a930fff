"""The package works from a wheel: its data travels with it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_a_wheel_holds_everything_it_needs(tmp_path):
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("simd_matting-*.whl")
    unpacked = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    names = {p.relative_to(unpacked).as_posix() for p in unpacked.rglob("*") if p.is_file()}
    assert "simd/annotations/classes.json" in names
    assert {f"simd/annotations/sets/{n}" for n in ("simd-open.toml", "digests.json")} <= names
    pages = ("page.html.j2", "parts.html.j2", "leaderboard.css", "leaderboard.js")
    assert {f"simd/report/templates/{name}" for name in pages} <= names
    assert {
        f"simd/studio/page/{name}" for name in ("tag.html", "tag.css", "tag.js", "cutout.html", "cutout.js")
    } <= names
    assert {f"simd/training/recipes/{name}.toml" for name in ("sim", "sim-classifier-small")} <= names
    assert "simd/py.typed" in names
    assert not [n for n in names if n.startswith(("tests/", "benchmarks/"))]
    script = (
        "import simd, sys; from simd.taxonomy import annotations_dir; print(annotations_dir());"
        "from simd.cli import main; sys.argv = ['simd', 'build', 'set', '--foregrounds', 'synthetic:1@64'];"
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(unpacked / "simd" / "annotations"))
    assert "20 composites of 20 foregrounds in 20 classes" in done.stdout
