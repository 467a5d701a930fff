"""Information-flow matting: the energy of Aksoy et al. over its four flows, by conjugate gradients."""

from typing import NamedTuple

import cv2
import numpy as np
from scipy import sparse
from scipy.optimize import nnls
from scipy.sparse.linalg import LinearOperator, cg
from scipy.spatial import cKDTree

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, UInt8
from simd.methods.classical.direct.grid import Float64, Int64
from simd.methods.classical.direct.grid import System as GridSystem
from simd.methods.classical.windows import window_system

MIXTURE_NEIGHBOURS, MIXTURE_COORDINATES = 20, 1.0
KNOWN_NEIGHBOURS, KNOWN_COORDINATES, KNOWN_WEIGHT = 7, 10.0, 0.05  # neighbours of each kind
UNKNOWN_NEIGHBOURS, UNKNOWN_COORDINATES, UNKNOWN_WEIGHT = 5, 0.05, 0.01
LOCAL_EPSILON = 1e-6
_RIDGE = 1e-4  # of the squared differences of the neighbours' colours, which keeps weights small
_LEAST_RIDGE = 1e-9  # where all those colours are the same
_BAND = 20  # pixels around the unknown region whose colours are its surroundings
_LEVELS_A_BIN = 32  # of the histograms of colours
MOST_UNEXPLAINED = 0.9  # of the unknown region's histogram, before its object is taken for transparent
_TOLERANCE, _ITERATIONS = 1e-7, 10_000


def estimate_alpha_information_flow(
    image: UInt8, trimap: UInt8, *, known_to_unknown: bool | None = None
) -> Float64:
    r"""Estimate alpha as the one at which the four flows of information between pixels are at rest.

    .. math:: \sum_{p \in U} \left( \alpha_p - \sum_q w_{pq} \alpha_q \right)^2
        + 0.05 \sum_{p \in U} \eta_p (\alpha_p - w^F_p)^2
        + 0.01 \sum_{p, q \in U} u_{pq} (\alpha_p - \alpha_q)^2 + \alpha^T L \alpha

    Parameters
    ----------
    image : uint8, shape (H, W, 3)
        RGB.
    trimap : uint8, shape (H, W)
        0, 128 and 255, all three of them there.
    known_to_unknown : bool, optional
        Whether the second term counts; by default it does unless the object looks highly transparent,
        see :func:`is_highly_transparent`.

    Returns
    -------
    float64, shape (H, W)
        Known pixels as in the trimap; others may lie a little outside [0, 1].

    Raises
    ------
    ValueError
        If the picture is smaller than a window of 3 × 3.
    numpy.linalg.LinAlgError
        If conjugate gradients do not converge.

    Notes
    -----
    "Designing Effective Inter-Pixel Information Flow for Natural Image Matting", CVPR 2017. Known pixels are
    held, where the paper adds 100 times their squared error; the trimap is not trimmed.
    """
    image, trimap = np.ascontiguousarray(image), np.ascontiguousarray(trimap)
    if known_to_unknown is None:
        known_to_unknown = not is_highly_transparent(image, trimap)
    x = solve_flows(flows_of(image, trimap), KNOWN_WEIGHT if known_to_unknown else 0.0)
    alpha: Float64 = (trimap == FOREGROUND).astype(np.float64)
    alpha[trimap == UNKNOWN] = x
    return alpha


class Flows(NamedTuple):
    """What pulls on the alphas x of the n unknown pixels, in raster order."""

    mixture: sparse.csr_array  # (n, n): |mixture x - mixed|² is the first flow
    mixed: Float64  # (n,)
    target: Float64  # (n,): what known colours say of alpha
    confidence: Float64  # (n,): how much they say, in 0..1
    among: sparse.csr_array  # (n, n): Laplacian of the ties among unknown pixels
    local: sparse.csr_array  # (n, n): Laplacian of closed-form
    local_pull: Float64  # (n,): its right-hand side


def flows_of(image: UInt8, trimap: UInt8) -> Flows:
    """Return the four flows of an image."""
    unknown = trimap == UNKNOWN
    colours = image[unknown] / 255.0
    mixture, mixed = _mixture_flow(image, trimap)
    target, confidence = _known_flow(image, trimap)
    where = _features(image, UNKNOWN_COORDINATES)[unknown]
    local = window_system(image, trimap, epsilon=LOCAL_EPSILON)
    return Flows(
        mixture, mixed, target, confidence, _ties_among(where, colours), _matrix_of(local), local.rhs
    )


def solve_flows(flows: Flows, known_weight: float) -> Float64:
    """Return the alphas of least energy.

    Raises
    ------
    numpy.linalg.LinAlgError
        If conjugate gradients do not converge.
    """
    mixture, transposed = flows.mixture, flows.mixture.T.tocsr()
    pull = known_weight * flows.confidence
    rest = flows.local + UNKNOWN_WEIGHT * flows.among + sparse.diags_array(pull)
    squares = mixture.copy()
    squares.data **= 2
    diagonal = squares.sum(axis=0) + rest.diagonal()

    size = len(flows.mixed)
    matrix = LinearOperator((size, size), lambda x: transposed @ (mixture @ x) + rest @ x, dtype=np.float64)
    inverse = LinearOperator((size, size), lambda x: x.ravel() / diagonal, dtype=np.float64)
    rhs = transposed @ flows.mixed + flows.local_pull + pull * flows.target
    x, remark = cg(matrix, rhs, x0=flows.target.copy(), rtol=_TOLERANCE, maxiter=_ITERATIONS, M=inverse)
    if remark:
        raise np.linalg.LinAlgError(f"conjugate gradients did not converge within {_ITERATIONS} iterations")
    return np.asarray(x)


def mixing_weights(colours: Float64, neighbours: Float64) -> Float64:
    r"""Return the weights (n, k) of sum 1 whose mixture of k neighbours (n, k, 3) is nearest to each colour.

    They minimise :math:`|Z w|^2 + \varepsilon |w|^2`, the columns of Z being the differences from the
    colour: of many weights that give the colour those of least squares.

    Notes
    -----
    :math:`(Z^T Z + \varepsilon I)^{-1} 1` is :math:`1 - Z^T (Z Z^T + \varepsilon I)^{-1} Z 1` but for a
    factor, so a pixel takes a solution of 3 × 3 numbers, however many its neighbours.
    """
    differences = neighbours - colours[:, None]
    spread = np.einsum("nki,nkj->nij", differences, differences)
    ridge = _RIDGE * np.trace(spread, axis1=1, axis2=2) + _LEAST_RIDGE
    spread += ridge[:, None, None] * np.eye(3)
    solved = np.linalg.solve(spread, differences.sum(axis=1)[..., None])
    weights = 1 - (differences @ solved)[..., 0]
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def is_highly_transparent(image: UInt8, trimap: UInt8) -> bool:
    """Say whether the colours around the unknown region leave most of it unexplained.

    The histogram of its colours is fitted by those of the known pixels at most 20 pixels away, of each kind.
    Where an object lets the background through everywhere, the colours in it are met at neither.
    """
    unknown = trimap == UNKNOWN
    near = cv2.distanceTransform((~unknown).view(np.uint8), cv2.DIST_C, cv2.DIST_MASK_3) <= _BAND
    sides = [_histogram(image, near & (trimap == kind)) for kind in (FOREGROUND, BACKGROUND)]
    inside = _histogram(image, unknown)
    _, misfit = nnls(np.stack(sides, axis=1), inside)
    return bool(misfit > MOST_UNEXPLAINED * np.linalg.norm(inside))


def _histogram(image: UInt8, region: Mask) -> Float64:
    bins = (image[region] // _LEVELS_A_BIN).astype(np.int64) @ [64, 8, 1]
    return np.bincount(bins, minlength=512) / max(len(bins), 1)


def _features(image: UInt8, weight: float) -> Float64:
    """Return (H, W, 5): colours and weighed coordinates, in 0..1."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    return np.dstack([image / 255.0, weight * x / width, weight * y / height])


def _nearest(points: Float64, queries: Float64, count: int) -> Int64:
    """Return the numbers (n, k) of the nearest points, k being `count` or what there is."""
    count = min(count, len(points))
    numbers = cKDTree(points).query(queries, k=count)[1]
    return np.asarray(numbers, np.int64).reshape(len(queries), count)


def _mixture_flow(image: UInt8, trimap: UInt8) -> tuple[sparse.csr_array, Float64]:
    """Return I - W of the unknown pixels, and what known pixels add to W alpha."""
    unknown = (trimap == UNKNOWN).ravel()
    colours = image.reshape(-1, 3) / 255.0
    features = _features(image, MIXTURE_COORDINATES).reshape(-1, 5)
    # no pixel has another's coordinates, so the nearest is the pixel itself
    neighbours = _nearest(features, features[unknown], MIXTURE_NEIGHBOURS + 1)[:, 1:]
    weights = mixing_weights(colours[unknown], colours[neighbours])
    mixed = (weights * (trimap.ravel()[neighbours] == FOREGROUND)).sum(axis=1)

    slots = np.cumsum(unknown) - 1
    rows, at = np.nonzero(unknown[neighbours])
    size = len(mixed)
    ties = sparse.coo_array((weights[rows, at], (rows, slots[neighbours[rows, at]])), (size, size))
    return sparse.eye_array(size, format="csr") - ties.tocsr(), mixed


def _known_flow(image: UInt8, trimap: UInt8) -> tuple[Float64, Float64]:
    """Return alpha by the nearest known colours, and how far those of the two kinds are apart."""
    features = _features(image, KNOWN_COORDINATES)
    queries = features[trimap == UNKNOWN]
    fg, bg = (
        features[trimap == kind][_nearest(features[trimap == kind], queries, KNOWN_NEIGHBOURS)][..., :3]
        for kind in (FOREGROUND, BACKGROUND)
    )
    weights = mixing_weights(queries[:, :3], np.concatenate([fg, bg], axis=1))
    target = np.clip(weights[:, : fg.shape[1]].sum(axis=1), 0, 1)
    return target, ((fg.mean(axis=1) - bg.mean(axis=1)) ** 2).mean(axis=1)


def _ties_among(features: Float64, colours: Float64) -> sparse.csr_array:
    """Return the Laplacian of the ties of each unknown pixel to those nearest to it."""
    neighbours = _nearest(features, features, UNKNOWN_NEIGHBOURS + 1)[:, 1:]
    size, count = neighbours.shape
    differences = np.abs(colours[neighbours] - colours[:, None]).sum(axis=2)
    rows = np.repeat(np.arange(size), count)
    ties = np.maximum(1 - differences, 0).ravel()
    directed = sparse.coo_array((ties, (rows, neighbours.ravel())), (size, size)).tocsr()
    both = directed + directed.T
    return (sparse.diags_array(both.sum(axis=1)) - both).tocsr()


def _matrix_of(system: GridSystem) -> sparse.csr_array:
    """Return a system's matrix, both halves of it."""
    addresses, slots, steps = system.grid.addresses, system.grid.slots, system.grid.steps
    size = len(addresses)
    columns = slots[np.minimum(addresses[:, None] + steps[1:], len(slots) - 1)]
    rows, at = np.nonzero(columns >= 0)
    upper = sparse.coo_array((system.rows[:, 1:][rows, at], (rows, columns[rows, at])), (size, size)).tocsr()
    return (upper + upper.T + sparse.diags_array(system.rows[:, 0])).tocsr()
