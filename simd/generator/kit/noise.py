"""Smooth noise on a lattice, evaluated in unit coordinates: the same at every size."""

import numpy as np
import numpy.typing as npt

from simd.generator.kit.layer import Float
from simd.jit import compiled_exactly

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
            return _on_a_lattice(self._lattice, *_taps(y[:, 0]), *_taps(x[0]))
        values = np.empty(x.shape)
        _at_places(self._lattice, x.ravel(), y.ravel(), values.ravel())
        return values


def _taps(at: Float) -> tuple[npt.NDArray[np.int64], Float]:
    """Return the four lattice indices and cubic B-spline weights, (4, n), for n places on one axis."""
    cell = np.floor(at)
    t = at - cell
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * t**2 - 3 * t**3 + 3 * t + 1, t**3)
    return (cell.astype(np.int64) + np.arange(-1, 3)[:, None]) % _CELLS, np.stack(weights) / 6


@compiled_exactly
def _on_a_lattice(
    lattice: Float,
    rows: npt.NDArray[np.int64],
    row_weights: Float,
    columns: npt.NDArray[np.int64],
    column_weights: Float,
) -> Float:
    """Return the surface where rows (n) and columns (m) cross, (n, m); rows are summed first."""
    result = np.empty((rows.shape[1], columns.shape[1]))
    summed = np.empty(lattice.shape[1])
    w0, w1, w2, w3 = column_weights
    for row in range(len(result)):
        summed[:] = row_weights[0, row] * lattice[rows[0, row]]
        for tap in range(1, 4):
            summed += row_weights[tap, row] * lattice[rows[tap, row]]
        into = result[row]
        for at in range(len(into)):
            value = w0[at] * summed[columns[0, at]] + w1[at] * summed[columns[1, at]]
            value += w2[at] * summed[columns[2, at]]
            into[at] = value + w3[at] * summed[columns[3, at]]
    return result


@compiled_exactly
def _at_places(lattice: Float, x: Float, y: Float, values: Float) -> None:
    """Write the surface at places (n) into `values`, each operation in the order of SciPy.

    ``ndimage.map_coordinates(order=3, mode="grid-wrap", prefilter=False)`` has the same result to the bit
    and takes two to three times as long; pictures drawn before stay what they are.
    """
    for at in range(len(values)):
        row, column = _on_the_lattice(y[at]), _on_the_lattice(x[at])
        top, left = int(np.floor(row)) - 1, int(np.floor(column)) - 1
        w0, w1, w2, w3 = _weights(column)
        total = 0.0
        for tap, weight in enumerate(_weights(row)):
            line = lattice[(top + tap) % _CELLS]
            total += line[left % _CELLS] * weight * w0
            total += line[(left + 1) % _CELLS] * weight * w1
            total += line[(left + 2) % _CELLS] * weight * w2
            total += line[(left + 3) % _CELLS] * weight * w3
        values[at] = total


@compiled_exactly
def _on_the_lattice(place: float) -> float:
    if place < 0:
        return place + _CELLS * (int((-1 - place) / _CELLS) + 1)
    if place > _CELLS - 1:
        return place - _CELLS * int(place / _CELLS)
    return place


@compiled_exactly
def _weights(place: float) -> tuple[float, float, float, float]:
    t = place - np.floor(place)
    rest = 1 - t
    first = rest * rest * rest / 6
    second = (t * t * (t - 2) * 3 + 4) / 6
    third = (rest * rest * (rest - 2) * 3 + 4) / 6
    return first, second, third, 1 - first - second - third
