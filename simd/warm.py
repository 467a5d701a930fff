"""``python -m simd.warm``: compile what numba compiles, once after installation, so no run pauses for it."""

import numpy as np

from simd.composition.loops import blended, lanczos_window
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN
from simd.methods import METHODS, load_method
from simd.methods.classical import ClosedFormEditor
from simd.methods.classical.direct.solver import solve
from simd.methods.classical.windows import window_system
from simd.metrics.alpha import warm as warm_metrics
from simd.selection.near_duplicates import sign
from simd.selection.searcher import first_alike
from simd.training.samples import SampleOptions, Samples

_WITHOUT_NUMBA = {
    "sim",
    "dim",
    "indexnet",
    "gca",
    "fba",
    "vitmatte",
    "shm",
    "onnx",
    "external",
}  # they need weights or a command, too


def warm() -> None:
    """Run what is compiled on tiny images: metrics, methods, the editor, near-duplicates, some samples."""
    warm_metrics()
    image = np.random.default_rng(0).integers(0, 255, (48, 48, 3), dtype=np.uint8)  # large-kernel wants 41
    blended(image, image[..., 0], lanczos_window(image, (60, 60), (0, 0), (48, 48)))
    trimap = np.full((48, 48), UNKNOWN, np.uint8)
    trimap[:16], trimap[32:] = BACKGROUND, FOREGROUND
    for name in METHODS.keys() - _WITHOUT_NUMBA:
        load_method(name).predict(image, trimap)
    solve(window_system(image, trimap), largest_double=0)  # large pictures: in single precision
    editor = ClosedFormEditor(image, trimap)
    stroke = trimap == FOREGROUND
    stroke[:40] = False
    editor.paint(stroke, UNKNOWN)
    list(first_alike([sign(image, trimap), sign(image[::-1].copy(), trimap)]))
    options = SampleOptions(
        foregrounds=("synthetic:1@32:train",),
        backgrounds=("builtin:train",),
        side=32,
        crops=(32,),
        interpolation="lanczos",
    )
    for _, _ in zip(range(8), Samples(options, seed=0), strict=False):  # some of them merge two foregrounds
        pass


if __name__ == "__main__":
    warm()
