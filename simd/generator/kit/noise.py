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
        is_lattice = x.ndim == 2 and x.shape[0] == 1 and y.shape[1] == 1
        weight, power = 1.0, 0.0
        for octave in range(octaves):
            shift = 17.31 * octave  # else all octaves share a zero at the origin
            if is_lattice:
                rows, columns = _taps(y[:, 0] * frequency + 2.7 * shift), _taps(x[0] * frequency + shift)
                _add_on_a_lattice(self._lattice, *rows, *columns, weight, ridged, total)
            else:
                _add_at_places(
                    self._lattice, x.ravel(), y.ravel(), frequency, shift, weight, ridged, total.ravel()
                )
            power += weight * weight
            weight *= gain
            frequency *= 2
        total /= np.sqrt(power)
        return total


def _taps(at: Float) -> tuple[npt.NDArray[np.int64], Float]:
    """Return the four lattice indices and cubic B-spline weights, (4, n), for n places on one axis."""
    cell = np.floor(at)
    t = at - cell
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * t**2 - 3 * t**3 + 3 * t + 1, t**3)
    return (cell.astype(np.int64) + np.arange(-1, 3)[:, None]) % _CELLS, np.stack(weights) / 6


@compiled_exactly
def _add_on_a_lattice(
    lattice: Float,
    rows: npt.NDArray[np.int64],
    row_weights: Float,
    columns: npt.NDArray[np.int64],
    column_weights: Float,
    weight: float,
    ridged: bool,
    total: Float,
) -> None:
    """Add the surface where rows (n) and columns (m) cross to `total` (n, m); its rows are summed first."""
    summed = np.empty(lattice.shape[1])
    w0, w1, w2, w3 = column_weights
    for row in range(len(total)):
        summed[:] = row_weights[0, row] * lattice[rows[0, row]]
        for tap in range(1, 4):
            summed += row_weights[tap, row] * lattice[rows[tap, row]]
        into = total[row]
        for at in range(len(into)):
            value = w0[at] * summed[columns[0, at]] + w1[at] * summed[columns[1, at]]
            value += w2[at] * summed[columns[2, at]]
            value += w3[at] * summed[columns[3, at]]
            into[at] += weight * (0.8 - abs(value) if ridged else value)


@compiled_exactly
def _add_at_places(
    lattice: Float,
    x: Float,
    y: Float,
    frequency: float,
    shift: float,
    weight: float,
    ridged: bool,
    total: Float,
) -> None:
    """Add the surface at places (n) to `total`, each operation in the order of SciPy.

    ``ndimage.map_coordinates(order=3, mode="grid-wrap", prefilter=False)`` has the same result to the bit
    and takes longer; pictures drawn before stay what they are.
    """
    for at in range(len(total)):
        row = _on_the_lattice(y[at] * frequency + 2.7 * shift)
        column = _on_the_lattice(x[at] * frequency + shift)
        top, left = int(np.floor(row)) - 1, int(np.floor(column)) - 1
        w0, w1, w2, w3 = _weights(column)
        value = 0.0
        for tap, row_weight in enumerate(_weights(row)):
            line = lattice[(top + tap) % _CELLS]
            value += line[left % _CELLS] * row_weight * w0
            value += line[(left + 1) % _CELLS] * row_weight * w1
            value += line[(left + 2) % _CELLS] * row_weight * w2
            value += line[(left + 3) % _CELLS] * row_weight * w3
        total[at] += weight * (0.8 - abs(value) if ridged else value)


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
