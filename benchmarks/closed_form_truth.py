"""Compare closed-form with its equation in long double, on the pictures of benchmarks/speed/classical.py.

    python benchmarks/closed_form_truth.py [--foregrounds FOLDER] [--megapixels 0.3] [--only N]

Flat windows make the equation ill-conditioned: two right ways to assemble it in double precision, both solved
to 1e-15, differ at single pixels. So the truth here is assembled in long double, from the definition, and
solved by SciPy's SuperLU with residuals in long double until nothing changes any more. Printed are, over the
unknown pixels, the mean and the largest difference of our alpha, and of pymatting's matrix solved directly;
and the share of pixels that have another 8-bit level.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

sys.path.insert(0, str(Path(__file__).parent / "speed"))

from matting_cases import names, picture, real_folder

from simd.image import FOREGROUND, UNKNOWN, UInt8
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.classical.windows import EPSILON

LONG = np.longdouble


class Equations(NamedTuple):
    """L x = b over the unknown pixels in raster order, in long double.

    Entries of L are sorted by their row, which none is without, and may stand twice.
    """

    row: np.ndarray
    column: np.ndarray
    entry: np.ndarray
    rhs: np.ndarray

    def residual(self, x: np.ndarray) -> np.ndarray:
        firsts = np.searchsorted(self.row, np.arange(len(self.rhs)))
        return self.rhs - np.add.reduceat(self.entry * x[self.column], firsts)


def equations(image: UInt8, trimap: UInt8) -> Equations:
    """Assemble Levin's equation window by window, from its definition."""
    unknown = trimap == UNKNOWN
    slots = np.where(unknown, np.cumsum(unknown).reshape(unknown.shape) - 1, -1)
    window = np.lib.stride_tricks.sliding_window_view
    of_window = window(slots, (3, 3)).reshape(-1, 9)
    chosen = (of_window >= 0).any(axis=1)
    of_window = of_window[chosen]
    colours = window(image, (3, 3), axis=(0, 1)).reshape(-1, 3, 9)[chosen].astype(LONG) / 255
    centred = colours - colours.mean(axis=2, keepdims=True)
    covariance = np.einsum("nci,ndi->ncd", centred, centred) / 9 + LONG(EPSILON) / 9 * np.eye(3, dtype=LONG)
    weighed = _solved(covariance, centred)
    entries = np.eye(9, dtype=LONG) - (1 + np.einsum("nci,ncj->nij", centred, weighed)) / 9
    is_foreground = window(trimap == FOREGROUND, (3, 3)).reshape(-1, 9)[chosen]

    row = np.repeat(of_window[:, :, None], 9, axis=2)
    column = np.repeat(of_window[:, None, :], 9, axis=1)
    rhs = np.zeros(int(unknown.sum()), LONG)
    to_foreground = (row >= 0) & is_foreground[:, None, :]
    np.subtract.at(rhs, row[to_foreground], entries[to_foreground])
    inside = (row >= 0) & (column >= 0)
    row, column, entries = row[inside], column[inside], entries[inside]
    order = np.argsort(row, kind="stable")
    return Equations(row[order], column[order], entries[order], rhs)


def _solved(matrices: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Solve many 3 × 3 systems in long double, which LAPACK does not do, by Cholesky."""
    lower = np.zeros_like(matrices)
    for j in range(3):
        rest = matrices[:, j:, j] - np.einsum("nik,nk->ni", lower[:, j:, :j], lower[:, j, :j])
        lower[:, j:, j] = rest / np.sqrt(rest[:, :1])
    x = rhs.copy()
    for j in range(3):
        x[:, j] = (x[:, j] - np.einsum("nk,nki->ni", lower[:, j, :j], x[:, :j])) / lower[:, j, j, None]
    for j in (2, 1, 0):
        later = np.einsum("nk,nki->ni", lower[:, j + 1 :, j], x[:, j + 1 :])
        x[:, j] = (x[:, j] - later) / lower[:, j, j, None]
    return x


def solution(system: Equations) -> np.ndarray:
    """Solve to the last digit of double precision, or raise ArithmeticError."""
    shape = (len(system.rhs),) * 2
    matrix = scipy.sparse.csc_array(
        (system.entry.astype(np.float64), (system.row, system.column)), shape=shape
    )
    factor = scipy.sparse.linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    x = np.zeros_like(system.rhs)
    for _ in range(100):
        step = factor.solve(system.residual(x).astype(np.float64))
        x += step
        if np.abs(step).max() < 1e-13:
            return x
    raise ArithmeticError("refining does not converge")


def of_pymatting(image: UInt8, trimap: UInt8) -> np.ndarray:
    """Solve pymatting's matrix of the unknown pixels directly."""
    import pymatting

    known = (trimap != UNKNOWN).ravel()
    rows = pymatting.cf_laplacian(image / 255.0, epsilon=EPSILON, radius=1, is_known=known).tocsr()[~known]
    matrix = scipy.sparse.csc_array(rows[:, ~known])
    rhs = -(rows[:, known] @ (trimap.ravel()[known] == FOREGROUND).astype(np.float64))
    factor = scipy.sparse.linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    x = factor.solve(rhs)
    for _ in range(3):
        x += factor.solve(rhs - matrix @ x)
    return x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foregrounds", type=Path, help="with fg/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--megapixels", type=float, default=0.3)
    parser.add_argument("--only", type=int, help="the first N pictures")
    given = parser.parse_args()
    folder = real_folder(given.foregrounds)
    print(f"{given.megapixels} MP, unknown pixels, against the solution in long double\n")
    print(f"{'':36}   ours:{'':18}   pymatting's matrix:")
    print(f"{'':28} {'unknown':>7}" + 2 * f"   {'mean':>7} {'largest':>7} {'levels':>7}")
    sums = np.zeros(2)
    for name in names(folder)[: given.only]:
        image, trimap = picture(name, given.megapixels, folder)
        truth = np.clip(solution(equations(image, trimap)).astype(np.float64), 0, 1)
        unknown = trimap == UNKNOWN
        mattes = estimate_alpha_closed_form(image, trimap)[unknown], of_pymatting(image, trimap)
        texts = []
        for i, matte in enumerate(mattes):
            difference = np.abs(np.clip(matte, 0, 1) - truth)
            levels = (np.rint(255 * np.clip(matte, 0, 1)) != np.rint(255 * truth)).mean()
            sums[i] += difference.mean()
            texts.append(f"{difference.mean():7.1e} {difference.max():7.1e} {levels:7.3%}")
        print(f"{name:28} {unknown.mean():7.1%}   {texts[0]}   {texts[1]}", flush=True)
    print(f"\nsum of the means: ours {sums[0]:.1e}, pymatting's matrix {sums[1]:.1e}")


if __name__ == "__main__":
    main()
