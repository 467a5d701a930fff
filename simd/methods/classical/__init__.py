"""Classical methods: each solves one image from its own known pixels.

==============  ============================================================================================
estimators      all of them by name: closed-form, knn, learning-based, large-kernel, random-walk, shared
closed_form     Levin's equation, solved exactly
learning_based  that of Zheng and Kambhamettu, solved exactly
random_walk     pymatting's graph, solved exactly
windows         the equations of the first two: what windows of 3 × 3 pixels say
editor          closed-form while the trimap is drawn: each stroke is solved again at once
shared          pairs of known colours that neighbours share; sampling holds its loops
direct/         exact solves: a sparse Cholesky factor made for the unknown regions of mattes
==============  ============================================================================================
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simd.methods.classical.editor import Box, ClosedFormEditor

__all__ = ["Box", "ClosedFormEditor"]


def __getattr__(name: str) -> Any:
    """Import the editor where it is asked for: it brings the compiler."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simd.methods.classical import editor

    return getattr(editor, name)
