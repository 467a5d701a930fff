"""The first answer by a model that needs no trimap."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import UNKNOWN, UInt8, to_uint8
from simd.methods import load_method
from simd.methods.facts import facts_of
from simd.methods.one_image import solve
from simd.methods.onnx.card import read_card
from simd.studio.cutout.work import Predict


class Predictor(NamedTuple):
    """A model, as a function of a picture."""

    matte: Predict
    name: str


def predictor(card: Path | None) -> Predictor | None:
    """Return the model of a card of the method `onnx`; None without one.

    Raises
    ------
    DataError
        If the card or model is not what it has to be, or the model takes a trimap.
    """
    if card is None:
        return None
    parts = {part for parts in read_card(card).inputs.values() for part in parts}
    if parts != {"image"}:
        raise DataError(
            f"{card}: takes a trimap, and the first answer has to do without; "
            "name a model whose only input is image"
        )

    method = load_method("onnx", {"weights": str(card)})

    def matte(image: UInt8) -> UInt8:
        nothing_known = np.full(image.shape[:2], UNKNOWN, np.uint8)
        return to_uint8(solve(method, image, nothing_known).alpha)

    return Predictor(matte, facts_of(method).name)
