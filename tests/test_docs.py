"""The pictures of the documentation are those that its programs and commands make; its commands run."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simd.image import read_image
from simd.sources.outputs import is_picture
from simd.taxonomy import CLASSES

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
WHOLE_WAYS = {
    "index.md": 11,
    "guides/score.md": 3,
    "guides/submit.md": 5,
}
"""Pages whose commands run as printed, one after the other, and how many they are."""
SHORTENED = ("--spec simd-open-mini", "--foregrounds synthetic:1@64")
"""What would take minutes, and what is run in its place."""


def commands_of(page):
    """Return the words of each `simd` command in the blocks of a page."""
    blocks = re.findall(r"^ *```(?:sh|bash)\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.S | re.M)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines if re.match(r"simd [a-z]", line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_commands_and_options_of_a_page_exist(page):
    import typer

    from simd.cli import app

    for words in commands_of(page):
        command, rest = typer.main.get_command(app), words[1:]
        context = typer.Context(command, info_name="simd")
        while hasattr(command, "list_commands"):
            if rest[0] not in command.list_commands(context) and "open" in command.list_commands(context):
                rest.insert(0, "open")  # which `simd tag FOLDER` and `simd browse SET` are short for
            command = command.get_command(context, rest.pop(0))
            assert command is not None, shlex.join(words)
            context = typer.Context(command, info_name=command.name, parent=context)
        known = {
            name for param in command.get_params(context) for name in (*param.opts, *param.secondary_opts)
        }
        given = {word.split("=")[0] for word in rest if re.match(r"--[a-z]", word)}
        assert given <= known, shlex.join(words)


@pytest.mark.slow
@pytest.mark.parametrize("name", WHOLE_WAYS)
def test_the_commands_of_a_guide_run_as_printed(name, tmp_path):
    commands = commands_of(DOCS / name)
    assert len(commands) == WHOLE_WAYS[name]
    if name == "guides/score.md":  # which begins with a set that is there
        commands.insert(0, ["simd", "build", "my-set", "--foregrounds", "synthetic:1@64"])
    for words in commands:
        line = shlex.join(words).replace(*SHORTENED)
        if "mattes/mine" in words and not (tmp_path / "mattes").exists():  # another program's folder
            (layer,) = tmp_path.glob("*/trimap")
            shutil.copytree(layer, tmp_path / "mattes" / "mine")
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stderr)


def test_the_sheets_of_the_classes_are_written_again_by_their_commands():
    text = (DOCS / "classes.md").read_text(encoding="utf-8")
    names = re.findall(r"simd classes --out docs/images/(\S+)", text)
    assert "classes-$class.jpg" in names
    sheets = [name.replace("$class", class_) for name in names for class_ in CLASSES]
    for name in dict.fromkeys(sheets):
        assert is_picture(DOCS / "images" / name), name


def test_the_gallery_shows_real_examples_and_where_each_method_fails():
    board = DOCS.parent / "benchmarks" / "leaderboard" / "simd-open-mini"
    methods = {folder.name for folder in board.iterdir()} - {"trimap"}
    shown = re.findall(r"\(images/gallery-(\S+)\.jpg\)", (DOCS / "gallery.md").read_text(encoding="utf-8"))
    real = {name for name in shown if name.startswith("real-")}
    assert {name.removeprefix("real-") for name in real} <= set(CLASSES)
    assert real
    assert set(shown) - real == methods
    assert {path.stem.removeprefix("gallery-") for path in (DOCS / "images").glob("gallery-*")} == set(shown)


@pytest.mark.slow  # three trainings of two steps
@pytest.mark.browser
def test_the_small_networks_train_and_draw_the_pictures_of_sim_and_training(tmp_path):
    tiny = [
        'data.foregrounds=["synthetic:2@96:train"]',
        'data.backgrounds=["open:1@96:train"]',
        "loop.steps=2",
    ]
    tiny += ["data.held_out=0.5", "data.crops=[64]", "data.side=64", "data.patch_sides=[64,96]"]
    tiny += ["loop.batch=2", "validation.samples=2"]
    command = [
        sys.executable,
        str(DOCS / "sim_pictures.py"),
        str(tmp_path / "runs"),
        "--images",
        str(tmp_path),
    ]
    for setting in tiny:
        command += ["--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pictures = {path.name for path in tmp_path.glob("*.jpg")}
    pages = [DOCS / name for name in ("sim.md", "training.md")]
    assert pictures == {
        name for page in pages for name in re.findall(r"images/(\S+?\.jpg)", page.read_text("utf-8"))
    }
    for name in pictures:
        shape = read_image(tmp_path / name).shape
        assert shape[1:] == read_image(DOCS / "images" / name).shape[1:], name
