#!/usr/bin/env bash
# One would guess that a polygon given in fixed point (shift=8) fills the same pixels in every release of OpenCV 4. Between
# 4.10.0.84 and 4.11.0.86 cv2.fillPoly without antialiasing changed what it fills where corners lie between pixels: a triangle
# a quarter of a pixel off the grid has 230 pixels, then 226; on the grid both fill the same. So masks rasterised from outlines, and
# their digests, depend on the release. opencv-python-headless, on x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 4.10.0.84 4.11.0.86; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==$version" numpy==2.4.6
  "$folder/venv/bin/python" - "$version" <<'PYTHON'
import sys

import cv2
import numpy as np

corners = np.array([[10, 10], [30, 12], [20, 30]])
filled = {}
for offset in (0, 0.25):
    fixed = np.rint((corners + offset) * 256).astype(np.int32)
    filled[offset] = int(cv2.fillPoly(np.zeros((40, 40), np.uint8), [fixed], 1, cv2.LINE_8, 8).sum())
print(f"OpenCV {sys.argv[1]}: pixels of the triangle on the grid {filled[0]}, a quarter of a pixel off {filled[0.25]}")
expected = {"4.10.0.84": {0: 226, 0.25: 230}, "4.11.0.86": {0: 226, 0.25: 226}}
sys.exit(filled != expected[sys.argv[1]])
PYTHON
done
