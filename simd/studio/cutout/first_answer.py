"""The first answer: by a model that needs no trimap, from a box, or from the frame's rim."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from simd.errors import DataError
from simd.image import UInt8, to_uint8
from simd.methods import load_method
from simd.methods.facts import facts_of
from simd.methods.one_image import solve
from simd.studio.cutout.boxes import Box
from simd.studio.cutout.selecting import select, trimap_of_matte
from simd.studio.cutout.steps import Step
from simd.studio.cutout.work import Facts, facts_of_trimap
from simd.tagging.annotation import Stroke


class Predictor(NamedTuple):
    """A model that needs no trimap."""

    matte: Callable[[UInt8], UInt8]  # a picture (H, W, 3) to a matte (H, W)
    name: str


def predictor(model: Path | None) -> Predictor | None:
    """Return a model that needs no trimap; None without one.

    Parameters
    ----------
    model : Path, optional
        The card of a model of the method `onnx`, or a folder of weights of the method `shm`.

    Raises
    ------
    DataError
        If the card, weights or model are not what they have to be, or the model takes a trimap.
    """
    if model is None:
        return None
    is_ours = model.is_dir() and any(model.glob("*.safetensors"))
    method = load_method("shm" if is_ours else "onnx", {"weights": str(model)})
    facts = facts_of(method)
    if facts.takes_trimap:
        raise DataError(
            f"{model}: takes a trimap, and the first answer has to do without; "
            "name a model whose only input is image"
        )

    def matte(image: UInt8) -> UInt8:
        return to_uint8(solve(method, image, None).alpha)

    return Predictor(matte, facts.name)


def first_answer(image: UInt8, model: Predictor | None = None, box: Box | None = None) -> Facts:
    """Return what a cut-out begins with."""
    if model is not None:
        return facts_of_trimap(trimap_of_matte(model.matte(image)), first=model.name)
    if box is None:
        return facts_of_trimap(select(image), first="rim")
    top, left, bottom, right = box
    drawn = Stroke(kind="box", class_=None, points=((top, left), (bottom, right)))
    return facts_of_trimap(select(image, box=box), first="", steps=(Step(tool="subject", stroke=drawn),))
