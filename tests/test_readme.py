"""What the README prints runs as printed, and links of every page lead somewhere."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from simd.methods import METHODS
from simd.taxonomy import CLASSES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *sorted(ROOT.glob("docs/**/*.md")), *ROOT.glob("*/README.md")]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def run(command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_python_lines_run(tmp_path):
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line]) <= 12
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("defocus (320, 320, 3)")
    assert (tmp_path / "demo-board" / "index.html").stat().st_size > 10_000


@pytest.mark.slow
def test_the_shell_commands_run_on_own_foregrounds(tmp_path):
    from simd.generator import synthetic
    from simd.image import write_png

    for folder in ("fg", "alpha"):
        (tmp_path / "my_foregrounds" / folder).mkdir(parents=True)
    for name in ("leaf", "sharp", "fur"):
        cutout = synthetic(name, seed=1, size=96)
        write_png(tmp_path / "my_foregrounds" / "fg" / f"{name}_1.png", cutout.fg)
        write_png(tmp_path / "my_foregrounds" / "alpha" / f"{name}_1.png", cutout.alpha)
    photographs = tmp_path / "VOCdevkit" / "VOC2012" / "JPEGImages"
    photographs.mkdir(parents=True)
    write_png(photographs / "2007_000001.jpg", synthetic("tree", seed=1, size=120).fg)

    (commands,) = [block for block in blocks("sh") if block.startswith("simd index")]
    ran = 0
    for line in commands.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "simd"
        if "mattes/my_network" in words:  # another program's folder of mattes
            (tmp_path / "mattes" / "my_network").mkdir()
            for matte in (tmp_path / "my_set" / "alpha").iterdir():
                target = tmp_path / "mattes" / "my_network" / matte.name
                target.write_bytes(matte.read_bytes())
        done = run([sys.executable, "-m", *words], tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        ran += 1
    assert ran == 9
    board = (tmp_path / "board" / "leaderboard.md").read_text()
    assert r"my\_network" in board  # escaped for Markdown
    assert "closed-form" in board


def is_made_for_the_site(path):
    """Tell whether it is a page of the reference, which docs/hooks/reference.py makes."""
    folder = path.parent.resolve().relative_to(ROOT.resolve())
    return folder.as_posix() == "docs/reference" and path.name in ("python.md", "commands.md", "formats.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists() or is_made_for_the_site(page.parent / target), target


def test_what_the_text_names_is_there():
    for name in METHODS:
        assert f"`{name}`" in README
    assert len(CLASSES) == 20
