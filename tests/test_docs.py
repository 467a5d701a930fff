"""The programs that make pictures of the documentation still run."""

import subprocess
import sys
from pathlib import Path

import pytest

from simd.image import read_image

DOCS = Path(__file__).parent.parent / "docs"


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
