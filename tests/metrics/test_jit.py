import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import simd
from simd.taxonomy import annotations_dir

SCORE = """
import numpy as np
from simd.metrics.alpha import sad
print(sad(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8), np.ones((2, 2), dtype=bool)))
"""


@pytest.mark.parametrize("home_is_writable", [True, False])
def test_a_read_only_install_works(tmp_path, home_is_writable):
    package = tmp_path / "lib" / "simd"
    source = Path(simd.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(annotations_dir(), package / "annotations", dirs_exist_ok=True)
    (package / "metrics" / "__pycache__").write_text("a file: no folder can be made here, not even by root")
    home = tmp_path / "home"
    if home_is_writable:
        home.mkdir()
    else:
        home.write_text("a file")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_", "PYTHON"))}
    environment |= {"HOME": str(home), "PYTHONPATH": str(package.parent)}
    run = subprocess.run(
        [sys.executable, "-c", SCORE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert run.stdout == "0.004\n", run.stderr
    assert any(home.rglob("*.nbi")) == home_is_writable  # where numba keeps what it compiled
