#!/usr/bin/env bash
# One would guess that the precise distance to a pixel 26 rows away is 26, and that `distance <= 26` is a disc. The wheel of OpenCV 4.11
# asks Intel's IPP for images of fewer than 16,384 pixels, which says 26.000002 where the processor has AVX2, so that the
# outermost pixel of a trimap is missing; larger images, and 4.12 to 4.14, have 26. A limit between the roots of two whole numbers helps.
set -euo pipefail
if ! grep -qm1 avx2 /proc/cpuinfo; then echo "this processor has no AVX2: nothing to be seen"; exit 0; fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 4.11.0.86 4.12.0.88 4.13.0.92 4.14.0.94; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==$version"
  OPENCV_IPP=avx2 "$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np

def lost(side):
    """How many pixels the discs of radius 1 to 59 around the corner of a square image lose."""
    image = np.ones((side, side), np.uint8)
    image[0, 0] = 0
    distance = cv2.distanceTransform(image, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    y, x = np.indices(image.shape)
    return sum(int(((distance > r) & (y**2 + x**2 <= r**2)).sum()) for r in range(1, 60)), distance[26, 0]

(small, at_26), (large, _) = lost(127), lost(128)
print(f"OpenCV {cv2.__version__}, {cv2.ipp.getIppVersion()}: 26 pixels down {at_26:.6f};",
      f"59 discs lose {small} pixels in 127 x 127, {large} in 128 x 128")
if cv2.__version__.startswith("4.11"):
    assert small, "the distance is exact now"
    assert not large, "larger images have it too"
if cv2.__version__.startswith("4.14"):
    assert not small, "4.14 has it again"
PYTHON
done
