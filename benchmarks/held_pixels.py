"""Learning-based matting with known pixels held, beside pymatting's, which pulls them with a weight of 100.

    python benchmarks/held_pixels.py [--foregrounds FOLDER] [--megapixels 0.1] [--only N]

The pictures of ``speed/classical.py``. Both equations are solved directly, so that what differs is how
known pixels are treated, and nothing else. *border* is the unknown pixels no further than 3 from a known
one, *known* by how much known pixels are off where they are pulled. *SAD* is over the unknown region, in
pixels, against the true matte.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_cdt

sys.path.insert(0, str(Path(__file__).parent / "speed"))
from matting_cases import case, names, real_folder

from simd.image import FOREGROUND, UNKNOWN, UInt8
from simd.methods.classical.direct.grid import Float64
from simd.methods.classical.direct.solver import solve
from simd.methods.classical.learning_based import estimate_alpha_learning_based
from simd.methods.classical.windows import window_system

WEIGHT = 100.0  # pymatting's
BORDER = 3


def pulled(image: UInt8, trimap: UInt8) -> Float64:
    """Solve for all pixels, each known one pulled to its value, as in ``pymatting.estimate_alpha_lbdm``."""
    system = window_system(image, np.full_like(trimap, UNKNOWN), learning=True)
    known = (trimap != UNKNOWN).ravel()
    system.rows[known, 0] += WEIGHT
    system.rhs[:] = WEIGHT * (trimap.ravel() == FOREGROUND)
    return solve(system).x.reshape(trimap.shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foregrounds", type=Path, help="with fg/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--megapixels", type=float, default=0.1)
    parser.add_argument("--only", type=int, help="the last N pictures")
    given = parser.parse_args()
    folder = real_folder(given.foregrounds)
    chosen = names(folder)[-given.only if given.only else None :]
    print(f"{given.megapixels:g} MP, differences of alpha over the unknown pixels\n")
    print(f"{'':28}   mean   border  largest  levels   known   SAD held  pulled")
    sums = np.zeros(2)
    for name in chosen:
        image, trimap, alpha = case(name, given.megapixels, folder)
        unknown = trimap == UNKNOWN
        held, soft = estimate_alpha_learning_based(image, trimap), pulled(image, trimap)
        off = np.abs(soft - (trimap == FOREGROUND))[~unknown].max()
        held, soft = np.clip(held, 0, 1), np.clip(soft, 0, 1)
        difference = np.abs(held - soft)
        border = unknown & (distance_transform_cdt(unknown, "chessboard") <= BORDER)
        levels = (np.rint(255 * held) != np.rint(255 * soft))[unknown].mean()
        sads = [float(np.abs(a - alpha / 255)[unknown].sum()) for a in (held, soft)]
        sums += sads
        means = f"{difference[unknown].mean():.1e} {difference[border].mean():.1e} {difference.max():.1e}"
        print(f"{name:28} {means} {levels:7.1%} {off:7.4f} {sads[0]:10.1f} {sads[1]:7.1f}", flush=True)
    print(f"\nSAD of {len(chosen)} pictures: held {sums[0]:.1f}, pulled {sums[1]:.1f}")


if __name__ == "__main__":
    main()
