#!/usr/bin/env bash
# One would guess that a grey TIFF with PhotometricInterpretation 0 (white is zero) is read alike at 8 and at 16 bits.
# Pillow 12.3.0 and OpenCV 4.14 (IMREAD_UNCHANGED) invert 8 bits and hand out 16 bits as they are stored, so a matte is
# inverted without a word; OpenCV's IMREAD_GRAYSCALE inverts both. TIFF 6.0, section 8. See opencv/opencv#9550.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
pip install --disable-pip-version-check -q --target "$folder" pillow==12.3.0 opencv-python-headless==4.14.0.94 tifffile==2026.3.3
PYTHONPATH=$folder python - <<'PY'
import io, sys
import cv2, numpy as np, PIL, tifffile
from PIL import Image

seen = {}
for dtype, scale in ((np.uint8, 1), (np.uint16, 257)):
    file = io.BytesIO()
    tifffile.imwrite(file, (np.array([[0, 100, 255]]) * scale).astype(dtype), photometric="miniswhite")
    data = np.frombuffer(file.getvalue(), np.uint8)
    pillow = np.asarray(Image.open(file)) // scale
    unchanged, grey = (cv2.imdecode(data, flag) for flag in (cv2.IMREAD_UNCHANGED, cv2.IMREAD_GRAYSCALE))
    seen[dtype.__name__] = [row.ravel().tolist() for row in (pillow, unchanged // scale, grey)]
print("Pillow", PIL.__version__, "OpenCV", cv2.__version__, seen)
stored, inverted = [0, 100, 255], [255, 155, 0]
sys.exit(seen != {"uint8": [inverted] * 3, "uint16": [stored, stored, inverted]})
PY
