#!/usr/bin/env bash
# One would guess that a TIFF with its channels in planes (PlanarConfiguration 2) is decoded, or refused, at any depth.
# OpenCV 4.14 decodes 8 bits exactly, and of 16 bits returns an array of the right shape and type with other pixels and
# no error: nearly every value is wrong. TIFF 6.0, PlanarConfiguration; an uncompressed RGB file written by tifffile.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
pip install --disable-pip-version-check -q --target "$folder" opencv-python-headless==4.14.0.94 tifffile==2026.3.3
PYTHONPATH=$folder python - <<'PY'
import io, sys
import cv2, numpy as np, tifffile

right = {}
for dtype in (np.uint8, np.uint16):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (32, 40, 3)).astype(dtype)
    file = io.BytesIO()
    tifffile.imwrite(file, np.moveaxis(pixels, -1, 0), photometric="rgb", planarconfig="separate")
    read = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.shape == pixels.shape and read.dtype == dtype
    right[dtype.__name__] = float((read[..., ::-1] == pixels).mean())
print("OpenCV", cv2.__version__, "share of values that are right:", right)
sys.exit(not (right["uint8"] == 1 and right["uint16"] < 0.1))
PY
