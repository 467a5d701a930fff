#!/usr/bin/env bash
# Shared Sampling prices a colour sample by the edges on the straight way to it, so one would guess that a picture and
# its transpose price the same way alike. In pymatting 1.1.16 the way takes its horizontal step for the vertical
# position, too (Ep in alpha/estimate_alpha_sm.py): straight down it never moves and sees no edge, straight across it
# runs down the diagonal. simd's `shared` keeps that, to give the library's mattes to the bit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pymatting==1.1.16 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pymatting
from pymatting.alpha.estimate_alpha_sm import Ep

edge = np.zeros((40, 40, 3), np.float32)
edge[:, 20:] = 1  # black on the left, white on the right
turned = np.ascontiguousarray(edge.transpose(1, 0, 2))
below = np.zeros_like(edge)
below[20:, 20:] = 1  # a square that no way along row 10 meets
costs = {
    "across the edge": Ep(edge, 15, 10, 25, 10),
    "the same, transposed": Ep(turned, 10, 15, 10, 25),
    "along row 10, above a square from row 20 on": Ep(below, 5, 10, 35, 10),
}
print("pymatting", pymatting.__version__)
for way, cost in costs.items():
    print(f"{way}: {cost:.3f}")
across, transposed, along = costs.values()
sys.exit(0 if across > 0 and transposed == 0 and along > 0 else 1)
PYTHON
