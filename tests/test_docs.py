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


@pytest.mark.slow
def test_the_small_networks_train_and_draw_the_pictures_of_sim(tmp_path):
    short = ("--objects", "3", "--minutes", "0.01", "0.01")
    for name, *arguments in (
        ("sim_training.py", tmp_path / "weights", *short),
        ("sim_pictures.py", tmp_path / "weights", tmp_path),
    ):
        command = [sys.executable, str(DOCS / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    pictures = sorted(tmp_path.glob("*.jpg"))
    assert [path.stem for path in pictures] == ["sim-classes", "sim-inputs", "sim-layers", "sim-windows"]
    for path in pictures:
        assert read_image(path).shape == read_image(DOCS / "images" / path.name).shape, path.name
