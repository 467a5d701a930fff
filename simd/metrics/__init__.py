"""Score: the four matting errors, over images, classes and regions.

================  ==========================================================================================
alpha             sad, mse, grad, conn; regions splits them by class in one pass
cutout            residue and halo: what a matte leaves of the background
checked_mattes    what goes in, checked once; region_sums, gradient and connectivity compute
evaluate          the command: score_image does one image, scores holds and saves them all
score             the record of one image in one region; score_summary, the means of many; score_table
                  shows them in a notebook, score_files reads them back
truth_of_set      what is scored against: a set, or folders (truth_of_folders)
prediction_files  which matte is whose
training_leaks    images whose foregrounds a method has learnt from
uncertainty       how sure the means are; bootstrap draws, intervals hands them to a summary; power, how
                  small a difference a class can show
effects           which properties of images go with an error, for `simd explain`
ranks             mean ranks over images and trimaps, as alphamatting.com prints them
ports/            the same metrics as circulating programs compute them, for `simd court`
================  ==========================================================================================
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simd.metrics.alpha import Errors, conn, errors, grad, mse, sad

__all__ = ["Errors", "conn", "errors", "grad", "mse", "sad"]


def __getattr__(name: str) -> Any:
    """Import the errors where they are asked for: they bring NumPy and the compiler."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simd.metrics import alpha

    return getattr(alpha, name)
