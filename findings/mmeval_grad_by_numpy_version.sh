#!/usr/bin/env bash
# One would guess that a metric of two pictures is one number. mmeval 0.2.1's GradientError, given 8 bits as its example gives them, takes
# magnitudes and their sum in half precision, where 4,000 has a step of 2; NumPy 2.3 sums half precision otherwise than 2.2, so about one in ten
# of the same mattes has another Grad in its third or fourth digit. Floats in place of 8 bits give one number under both (2.2.6 and 2.3.5).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 2.2.6 2.3.5; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check mmeval==0.2.1 opencv-python-headless==4.11.0.86 "numpy==$version"
  "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import cv2
import mmeval
import numpy as np

def pictures(seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:140, :180]
    radius = np.hypot(y - 70, x - 90)
    noise = rng.normal(0, rng.uniform(5, 90), radius.shape) * (abs(radius - 50) < rng.uniform(3, 18))
    alpha = np.clip((50 - radius) * rng.uniform(4, 40) + 128 + noise, 0, 255).astype(np.uint8)
    trimap = np.where(radius < 32, 255, np.where(radius > 68, 0, 128)).astype(np.uint8)
    pred = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(1, 4))
    pred[trimap == 0], pred[trimap == 255] = 0, 255
    return pred, alpha, trimap


def grad(pred, alpha, trimap):
    return mmeval.GradientError()([pred], [alpha], [trimap])["gradient_error"]


cases = [pictures(seed) for seed in range(100)]
of_bytes = [grad(*case) for case in cases]
of_floats = [grad(pred / 255.0, alpha / 255.0, trimap) for pred, alpha, trimap in cases]
print(f"mmeval {mmeval.__version__}, NumPy {np.__version__}: of 8 bits", *of_bytes[:4])
kept = Path(sys.argv[1], "former.npy")
if not kept.exists():
    np.save(kept, [of_bytes, of_floats])
    sys.exit()
former = np.load(kept)
changed = int((former[0] != of_bytes).sum())
print(f"{changed} of {len(cases)} pictures have another Grad of 8 bits, by at most {abs(former[0] - of_bytes).max():.4f}")
sys.exit(not (changed > 0 and np.allclose(former[1], of_floats, rtol=1e-9, atol=0)))
PYTHON
done
