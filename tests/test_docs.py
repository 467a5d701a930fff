"""The pictures of the documentation are those that its programs and commands make."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from simd.image import read_image
from simd.sources.outputs import is_picture
from simd.taxonomy import CLASSES

DOCS = Path(__file__).parent.parent / "docs"


def test_the_sheets_of_the_classes_are_written_again_by_their_commands():
    text = (DOCS / "classes.md").read_text(encoding="utf-8")
    names = re.findall(r"simd classes --out docs/images/(\S+)", text)
    assert "classes-$class.jpg" in names
    sheets = [name.replace("$class", class_) for name in names for class_ in CLASSES]
    for name in dict.fromkeys(sheets):
        assert is_picture(DOCS / "images" / name), name


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
