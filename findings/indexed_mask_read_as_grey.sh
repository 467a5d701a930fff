#!/usr/bin/env bash
# An indexed PNG keeps a class mask exactly, but a library that is asked for grey gives the luma of its palette
# instead: Pillow's convert("L") and OpenCV's IMREAD_GRAYSCALE do, without a warning. Two classes of equally bright
# colours become one number. A grey PNG of the indices is read alike by both, and that is what this project puts into
# files that other libraries load.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 opencv-python-headless==4.14.0.94 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import PIL
from PIL import Image

indices = np.array([[0, 1, 2, 3]], np.uint8)
indexed = Image.fromarray(indices)
indexed.putpalette([0, 0, 0, 128, 0, 0, 0, 65, 0, 255, 255, 255])  # 1 is a red and 2 a green, equally bright
indexed.save("indexed.png")
Image.fromarray(indices).save("grey.png")
print("Pillow", PIL.__version__, "OpenCV", cv2.__version__)
seen = {}
for name in ("indexed.png", "grey.png"):
    pillow = np.asarray(Image.open(name).convert("L"))[0].tolist()
    opencv = cv2.imread(name, cv2.IMREAD_GRAYSCALE)[0].tolist()
    seen[name] = pillow, opencv
    print(f"{name}: indices {indices[0].tolist()}, Pillow as grey {pillow}, OpenCV as grey {opencv}")
lost = [len(set(values)) < 4 for values in seen["indexed.png"]]
exact = all(values == indices[0].tolist() for values in seen["grey.png"])
print("classes that became one:", dict(zip(("Pillow", "OpenCV"), lost)), "| grey is exact:", exact)
sys.exit(0 if all(lost) and exact else 1)
PYTHON
