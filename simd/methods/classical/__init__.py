"""Classical methods: each solves one image from its own known pixels.

================  ==========================================================================================
estimators        all of them by name: closed-form, information-flow, knn, learning-based, and others
closed_form       Levin's equation, solved exactly
information_flow  that of Aksoy et al., by conjugate gradients
learning_based    that of Zheng and Kambhamettu, solved exactly
random_walk       pymatting's graph, solved exactly
windows           closed-form's and learning-based's equations: what windows of 3 × 3 pixels say
editor            closed-form while the trimap is drawn: each stroke is solved again at once
shared            pairs of known colours that neighbours share; sampling holds its loops
direct/           exact solves: a sparse Cholesky factor made for the unknown regions of mattes
================  ==========================================================================================
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
