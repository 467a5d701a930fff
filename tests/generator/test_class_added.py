"""A class is a row, a recipe and a line, as CONTRIBUTING says."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent.parent
RECIPE = '''"""Rope: a bar in focus."""

import numpy as np

from simd.generator.kit.layer import Layer, paint


def rope(rng: np.random.Generator, side: int) -> Layer:
    """Draw a bar across the picture."""
    alpha = np.zeros((side, side))
    alpha[side // 3 : side // 2] = 1
    return paint((0.7, 0.6, 0.4), alpha)
'''
TRY = """
import simd
cutout = simd.synthetic("rope", 1, 64)
classes = sorted(set(cutout.class_mask.ravel().tolist()))
print(len(simd.CLASSES), cutout.fg.shape, int(cutout.alpha.max()), classes)
"""


def test_a_class_is_a_row_a_recipe_and_a_line(tmp_path):
    for name in ("simd", "annotations"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    classes = tmp_path / "annotations" / "classes.json"
    table = json.loads(classes.read_text())
    rows = table["classes"] if isinstance(table, dict) else table
    rows.append({**rows[-1], "name": "rope", "index": 20, "aliases": [], "colour": "#123456"})
    classes.write_text(json.dumps(table))
    (tmp_path / "simd" / "generator" / "classes" / "rope.py").write_text(RECIPE)
    recipes = tmp_path / "simd" / "generator" / "__init__.py"
    line = 'RECIPES = {\n    "rope": "simd.generator.classes.rope:rope",'
    recipes.write_text(recipes.read_text().replace("RECIPES = {", line))
    done = subprocess.run(
        [sys.executable, "-c", TRY], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "21 (64, 64, 3) 255 [20]\n", done.stderr
