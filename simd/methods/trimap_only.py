"""The trimap baseline: what the trimap alone says, which every method has to beat."""

from dataclasses import dataclass

import numpy as np

from simd.image import FOREGROUND, UNKNOWN, Matte, UInt8


@dataclass(frozen=True)
class TrimapMethod:
    """Alpha 0 and 1 where the trimap knows it, 0.5 where it does not."""

    name: str = "trimap"
    version: str = "1"
    checkpoint_digest: None = None

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction."""
        return 0.02 * megapixels

    def predict(self, image: UInt8, trimap: UInt8) -> Matte:
        """Return 0.5 on the unknown region."""
        return fill_unknown(trimap, 0.5)


def fill_unknown(trimap: UInt8, value: float) -> Matte:
    """Return the matte of a trimap with one value, in [0, 1], on its unknown region."""
    alpha = np.asarray(trimap == FOREGROUND, dtype=np.float32)
    alpha[trimap == UNKNOWN] = value
    return alpha


TRIMAP = TrimapMethod()
