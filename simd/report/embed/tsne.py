"""From features to a map in two dimensions: robust scaling, 50 principal components, t-SNE."""

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.progress import counting
from simd.report.embed.nearest import EXACT_UP_TO

COMPONENTS, PERPLEXITY, CLIP = 50, 30.0, 3.0
_GRID_FROM = 20_000  # patches: below, a tree of them is faster than a grid over the map, at 10,000 by a half
_STEPS = 50  # of a map between two looks at how far it is
FEWEST = 5
"""Patches that a map needs; t-SNE with three neighbours each is the least that makes sense."""

Float64 = npt.NDArray[np.float64]


class Scaling:
    r"""Robust scaling of features, fitted on some patches and applied to any.

    .. math:: z = \mathrm{clip}\Big(\frac{x - \mathrm{median}}{s}, -3, 3\Big), \quad
              s = \max\Big(\frac{q_{75} - q_{25}}{1.349}, 0.3\,\sigma\Big)

    1.349 makes s the standard deviation of a Gaussian. The second term keeps features that are equal for most
    patches (no holes, no fractional pixel) from blowing up the others; clipping keeps a patch from being far
    from everything for one odd feature. A feature that is constant is 0.
    """

    def __init__(self, features: npt.NDArray[np.float32]) -> None:
        values = np.asarray(features, dtype=np.float64)
        low, self.middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        self.scale = np.maximum((high - low) / 1.349, 0.3 * values.std(axis=0))
        # What rounding leaves of a constant is not a spread.
        self.scale[self.scale <= 1e-9 * np.maximum(1, np.abs(self.middle))] = np.inf

    def __call__(self, features: npt.NDArray[np.float32]) -> Float64:
        """Return scaled features, float64 (N, D) in [−3, 3]."""
        values = np.asarray(features, dtype=np.float64)
        return np.asarray(np.clip((values - self.middle) / self.scale, -CLIP, CLIP), dtype=np.float64)


def make_map(scaled: Float64, *, seed: int = 0, perplexity: float = PERPLEXITY) -> tuple[Float64, float]:
    """Lay out scaled features on a plane by t-SNE.

    The features are reduced to 50 principal components first. It runs on one thread from a fixed
    beginning (the first two components), so the same features and seed give the same map every time on one
    machine; other processors differ in the last bits, and so in the map. Up to
    :data:`~simd.report.embed.nearest.EXACT_UP_TO` patches the neighbours are found exactly, above by trees.

    Parameters
    ----------
    scaled : float64, shape (N, D)
        From :class:`Scaling`.
    seed : int
    perplexity : float
        About how many neighbours count; with fewer than three times as many patches it is lowered to
        (N − 1) / 3.

    Returns
    -------
    places : float64, shape (N, 2)
    perplexity : float
        The one used.

    Raises
    ------
    DataError
        If there are fewer than 5 patches, or the perplexity is below 1.
    """
    from openTSNE import TSNE
    from threadpoolctl import threadpool_limits

    count = len(scaled)
    if count < FEWEST:
        raise DataError(f"a map needs at least {FEWEST} patches, these are {count}; take a larger set")
    if not perplexity >= 1:
        raise DataError(f"perplexity must be at least 1, not {perplexity}")
    used = min(perplexity, (count - 1) / 3)
    with threadpool_limits(1):
        reduced = _components(scaled)
        if not reduced.any():  # all patches alike: a map of one point
            return np.zeros((count, 2)), used
        method = TSNE(
            perplexity=used,
            initialization=_beginning(reduced, seed),
            neighbors="exact" if count <= EXACT_UP_TO else "annoy",
            negative_gradient_method="bh" if count < _GRID_FROM else "fft",
            random_state=seed,
            n_jobs=1,
            callbacks_every_iters=_STEPS,
        )
        steps = method.early_exaggeration_iter + method.n_iter
        with counting(steps, "t-SNE steps", quiet=True) as advance:
            method.callbacks = [lambda *_: advance(_STEPS)]  # what it returns would end the run, were it true
            return np.asarray(method.fit(reduced), dtype=np.float64), used


def _components(scaled: Float64) -> Float64:
    """Return the first 50 principal components, fewer where there are fewer patches or features."""
    centred = scaled - scaled.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    kept = max(2, min(COMPONENTS, int(np.count_nonzero(sizes > 1e-9))))
    reduced = np.zeros((len(scaled), max(2, kept)))
    reduced[:, : min(kept, left.shape[1])] = (left * sizes)[:, :kept]
    # The sign of a component is free: make its largest entry positive.
    largest = np.abs(reduced).argmax(axis=0)
    signs = np.sign(reduced[largest, np.arange(reduced.shape[1])])
    return np.asarray(reduced * np.where(signs == 0, 1, signs), dtype=np.float64)


def _beginning(reduced: Float64, seed: int) -> Float64:
    """Return the first two components, as small as t-SNE wants its beginning.

    Composites of one foreground can have equal features; a hundredth of noise sets them apart, since points
    in one place throw others off the map.
    """
    first = reduced[:, :2]
    scaled = first * (1e-4 / max(float(first[:, 0].std()), 1e-12))
    noise = np.random.default_rng(seed).normal(scale=1e-6, size=scaled.shape)
    return np.asarray(scaled + noise, dtype=np.float64)
