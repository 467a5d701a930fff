#!/usr/bin/env bash
# One would guess that Image.resize of 8-bit pictures gives the same pixels in Pillow 12 and 13. Where the height shrinks more than
# the width (100 x 100 to 10 x 90) they differ, as if 13.0.0 took the other axis first and rounded between the two; where the width shrinks
# more (to 90 x 10) they are equal. Data sets that are resized while they are built, and digests of their pixels, depend on it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 12.3.0 13.0.0; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pillow==$version" numpy==2.4.6
  "$folder/venv/bin/python" - "$folder" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

pixels = np.random.default_rng(0).integers(0, 256, (100, 100), dtype=np.uint8)
resized = {size: np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS)) for size in ((90, 10), (10, 90))}
kept = Path(sys.argv[1], "former.npz")
if not kept.exists():
    np.savez(kept, flat=resized[90, 10], narrow=resized[10, 90])
    print("Pillow", PIL.__version__)
    sys.exit()
former = np.load(kept)
flat, narrow = (int((former[name] != resized[size]).sum()) for name, size in (("flat", (90, 10)), ("narrow", (10, 90))))
print(f"Pillow {PIL.__version__}: other pixels of 900, to 10 rows of 90: {flat}, to 90 rows of 10: {narrow}")
sys.exit(not (flat > 0 and narrow == 0))
PYTHON
done
