import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import simd
from simd.taxonomy import annotations_dir

SCORE = """
import numpy as np
from simd.metrics.alpha import sad
print(sad(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8), np.ones((2, 2), dtype=bool)))
"""
MATTE = """
import time
import numpy as np
import simd
trimap = np.full((8, 8), 128, np.uint8)
trimap[0], trimap[-1] = 0, 255
start = time.process_time()
alpha = simd.matte(np.full((8, 8, 3), 90, np.uint8), trimap, method="closed-form")
print(np.round(alpha[:, 4], 6).tolist(), time.process_time() - start)
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


@pytest.mark.slow  # compiles the solver, some 15 seconds
def test_what_calls_lapack_is_kept_on_disk_too(tmp_path):
    # The addresses of LAPACK differ from process to process; code that held them could not be kept.
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    runs = [
        subprocess.run(
            [sys.executable, "-c", MATTE], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    (first, seconds), (second, seconds_again) = (run.rsplit(" ", 1) for run in runs)
    # equal colours: alpha is any affine function of nothing, so each window is a mean and the answer is odd
    alpha = json.loads(first)
    assert np.allclose(np.add(alpha, alpha[::-1]), 1, atol=1e-5)
    assert first == second
    assert float(seconds_again) < float(seconds) / 4
