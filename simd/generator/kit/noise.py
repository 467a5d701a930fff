"""Smooth noise on a lattice, evaluated in unit coordinates: the same at every size."""

import numpy as np
from scipy import ndimage

from simd.generator.kit.layer import Float

_CELLS = 64  # the lattice repeats after as many cells
_SPREAD = 151 / 315  # standard deviation of a cubic B-spline surface over independent unit normals


class Noise:
    """A random surface of mean 0 and standard deviation 1."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._lattice = rng.standard_normal((_CELLS, _CELLS)) / _SPREAD

    def __call__(
        self,
        x: Float,
        y: Float,
        frequency: float,
        *,
        octaves: int = 1,
        gain: float = 0.5,
        ridged: bool = False,
    ) -> Float:
        """Sum `octaves` of noise, each twice as fine and `gain` times as strong as the last.

        Parameters
        ----------
        x, y : float64
            Where to look, in unit coordinates: a row (1, W) and a column (H, 1), which is fast, or two
            arrays of one shape.
        frequency : float
            Lattice cells per unit, of the first octave.
        ridged : bool
            Fold each octave about 0, so that it has sharp crests (mean about 0 again).
        """
        total: Float = np.zeros(np.broadcast_shapes(x.shape, y.shape))
        weight, power = 1.0, 0.0
        for octave in range(octaves):
            shift = 17.31 * octave  # else all octaves share a zero at the origin
            surface = self._surface(x * frequency + shift, y * frequency + 2.7 * shift)
            total += weight * (0.8 - np.abs(surface) if ridged else surface)
            power += weight * weight
            weight *= gain
            frequency *= 2
        return np.asarray(total / np.sqrt(power))

    def _surface(self, x: Float, y: Float) -> Float:
        if x.ndim == 2 and x.shape[0] == 1 and y.shape[1] == 1:
            rows = sum(w[:, None] * self._lattice[i] for i, w in _taps(y[:, 0]))
            columns = np.ascontiguousarray(np.asarray(rows).T)
            return np.asarray(sum(w[:, None] * columns[i] for i, w in _taps(x[0]))).T
        where = np.stack([y.ravel(), x.ravel()])
        values = ndimage.map_coordinates(self._lattice, where, order=3, mode="grid-wrap", prefilter=False)
        return np.asarray(values, dtype=np.float64).reshape(x.shape)


def _taps(at: Float) -> list[tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Float]]:
    """Return the four lattice indices and cubic B-spline weights for each place on one axis."""
    cell = np.floor(at)
    t = at - cell
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * t**2 - 3 * t**3 + 3 * t + 1, t**3)
    return [((cell.astype(np.int64) + k - 1) % _CELLS, w / 6) for k, w in enumerate(weights)]
