"""Random-walk matting on pymatting's graph, solved the way its equation asks for.

pymatting divides each row of the graph Laplacian by its degree and hands the unsymmetric result to
conjugate gradients, which need a symmetric matrix: thousands of iterations, and pixels left half solved.
Multiplying the degrees back gives the symmetric system of Grady et al. 2005 with the same solution, which an
incomplete Cholesky factorisation solves in some tens of iterations.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

_REGULARIZATION = 1e-8  # pymatting's default

Float64 = npt.NDArray[np.float64]


def estimate_alpha_random_walk(
    image: Float64, trimap: Float64, cg_kwargs: dict[str, Any] | None = None
) -> Float64:
    r"""Estimate alpha as the probability that a random walk from a pixel reaches foreground first.

    .. math:: L_U x_U = -L_{UK} m_K, \quad L = D - W, \quad W_{ij} = e^{-900 \lVert I_i - I_j \rVert^2}

    Parameters
    ----------
    image : float64, shape (H, W, 3), in [0, 1]
    trimap : float64, shape (H, W)
        0 background, 1 foreground, between them unknown; both kinds of known pixels must be there.
    cg_kwargs : dict, optional
        Arguments of pymatting's ``cg``.

    Returns
    -------
    float64, shape (H, W), in [0, 1]

    Raises
    ------
    ValueError
        If the solver does not converge.

    Notes
    -----
    "Random Walks for Interactive Alpha-Matting", VIIP 2005; W, its 3×3 neighbourhood and its parameters are
    those of ``pymatting.estimate_alpha_rw``. There known pixels are held by a penalty, here exactly.
    """
    import pymatting
    import scipy.sparse

    laplacian = pymatting.rw_laplacian(image, regularization=_REGULARIZATION)  # (1 + r) I - W / D
    # On the border a neighbour outside the image is the pixel itself, or one beside it.
    own_weight = np.ones(trimap.shape)
    own_weight[[0, -1]] *= 2
    own_weight[:, [0, -1]] *= 2
    degree = own_weight.ravel() / (1 + _REGULARIZATION - laplacian.diagonal())
    symmetric = (scipy.sparse.diags(degree) @ laplacian).tocsr()

    unknown = ((trimap > 0) & (trimap < 1)).ravel()
    alpha = trimap.ravel().copy()
    rows = symmetric[unknown]
    system = rows[:, unknown]
    alpha[unknown] = pymatting.cg(
        system,
        -rows[:, ~unknown] @ alpha[~unknown],
        M=pymatting.ichol(system.tocsc()),
        **(cg_kwargs or {}),
    )
    return np.asarray(np.clip(alpha, 0, 1).reshape(trimap.shape), dtype=np.float64)
