"""What circulating ports of the metrics do otherwise than the reference: a recipe is a list of departures.

Written from the ports' behaviour, none of their code; tests/golden/court holds what each said when run.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Recipe = tuple[str, ...]
"""Names of departures; of none, the number is ours."""

MEASURED = ("sad", "mse", "grad", "conn", "mad")
"""What is measured: the four errors, and the mean absolute difference."""
UNSCALED: Mapping[str, float] = {"sad": 1000, "mse": 0.001, "grad": 1000, "conn": 1000, "mad": 0.001}
"""By what a figure changes as it is printed without its scale: sums in thousands, means in thousandths."""

DEPARTURES: Mapping[str, str] = {
    "whole": "counts all pixels of the image, not the unknown region alone",
    "rounded": "rounds mattes to 8 bits",
    "truncated": "cuts mattes down to 8 bits without rounding",
    "copied": "takes the known pixels of the prediction from the trimap",
    "stretched": "stretches both mattes to span 0..1",
    "unstretched": "does not stretch mattes to span 0..1",
    "long-side-1024": "resizes both mattes to 1024 pixels on the long side",
    "whole-over-unknown": "sums over the whole image and divides by the number of unknown pixels",
    "wrapped": "subtracts in unsigned 8 bits, where 3 - 4 is 255, and does not divide by 255",
    "of-rows": "takes the rows of an array for images, and their mean",
    "empty-is-0": "counts an image without unknown pixels as 0",
    "gaussian-filter": "takes SciPy's Gaussian derivatives, not of norm 1, with mirrored borders",
    "tenth": "divides by 10 in place of 1000",
    "sobel": "takes Sobel's 3 x 3 derivatives of mattes as they are, and does not square differences",
    "two-levels": "rounds stretched mattes to 0 and 1, derivatives to integers, and sums in half precision",
    "background-wins": "lets the background pass for the largest component, equal ones in row order",
    "row-ties": "takes the first in row order among components of equal size",
    "float64": "compares with thresholds in double precision, where 153/255 fails 0.6",
    "skip-empty": "passes over thresholds that no pixel reaches",
    "binarised": "keeps the largest component of each matte above 0.5, found in 256 steps at most, and "
    "compares what the two lose",
    "unscaled": "does not print thousands (of MSE, thousandths)",
}
"""What a port does, to follow its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A program whose numbers circulate."""

    title: str
    source: str  # the repository, or the package
    recipes: Mapping[str, Recipe]  # by metric
    checked: bool = True  # whether tests/golden/court holds what it said
    about: str = ""


PORTS: Mapping[str, Port] = {
    "gca": Port(
        title="GCA-Matting and its descendants",
        source="Yaoyi-Li/GCA-Matting",
        recipes={
            "sad": ("rounded",),
            "mse": ("rounded", "empty-is-0"),
            "grad": ("rounded", "unstretched"),
            "conn": ("rounded", "background-wins"),
        },
        about="as its descendants call it, with float32 arrays",
    ),
    "gca-float64": Port(
        title="GCA-Matting on 8-bit arrays",
        source="Yaoyi-Li/GCA-Matting",
        recipes={
            "grad": ("rounded", "unstretched"),
            "conn": ("rounded", "background-wins", "float64"),
        },
        about="handed over as they are read; its SAD and MSE then wrap around",
    ),
    "vitmatte": Port(
        title="ViTMatte, DiffMatte",
        source="hustvl/ViTMatte",
        recipes={"sad": ("rounded",), "mse": ("rounded", "empty-is-0")},
        about="its evaluation.py has no Grad and Conn",
    ),
    "paddleseg": Port(
        title="PaddleSeg",
        source="PaddlePaddle/PaddleSeg",
        recipes={
            "sad": ("rounded",),
            "mse": ("rounded", "empty-is-0"),
            "grad": ("rounded", "copied"),
            "conn": ("rounded", "copied", "row-ties"),
        },
    ),
    "mmeval": Port(
        title="mmeval, mmediting",
        source="mmeval",
        recipes={
            "sad": ("rounded", "copied", "whole"),
            "mse": ("rounded", "copied", "whole-over-unknown"),
            "grad": ("rounded", "copied"),
            "conn": ("rounded", "copied", "row-ties", "float64"),
        },
        about="on floats whose known pixels come from the trimap, as its notes ask",
    ),
    "mmeval-uint8": Port(
        title="mmeval on 8-bit arrays",
        source="mmeval",
        recipes={
            "sad": ("copied", "whole", "wrapped"),
            "mse": ("copied", "whole-over-unknown", "wrapped"),
            "grad": ("copied", "two-levels"),
            "conn": ("wrapped",),
        },
        about="as its examples call it",
    ),
    "mmeval-rows": Port(
        title="mmeval on arrays in place of lists",
        source="mmeval",
        recipes={"sad": ("copied", "whole", "wrapped", "of-rows")},
        about="as its example of SAD calls it",
    ),
    "sim": Port(
        title="SIM's release",
        source="nowsyn/SIM",
        recipes={"sad": ()},
        about="of the network's own floats: predictions in 8 bits no longer hold what it counts",
    ),
    "indexnet": Port(
        title="IndexNet",
        source="poppinace/indexnet_matting",
        recipes={
            "sad": ("copied", "stretched"),
            "mse": ("copied", "stretched"),
            "grad": ("copied", "gaussian-filter", "tenth"),
            "conn": ("copied", "stretched", "row-ties", "skip-empty"),
        },
    ),
    "unscaled": Port(
        title="sums as they are",
        source="several papers and READMEs",
        recipes=dict.fromkeys(MEASURED, ("unscaled",)),
        checked=False,
        about="no code that prints them was to be had",
    ),
    "semat": Port(
        title="SEMat's SIMD",
        source="XiaRho/SEMat",
        recipes={
            **dict.fromkeys(("sad", "mse", "mad"), ("whole", "long-side-1024")),
            "grad": ("whole", "long-side-1024", "unstretched"),
            "conn": ("whole", "long-side-1024", "background-wins", "float64"),
        },
        about="its network sees 1024 pixels; a prediction of another size is resized",
    ),
    "lucida": Port(
        title="Lucida",
        source="egeorcun/lucida",
        recipes={
            **dict.fromkeys(("sad", "mse", "mad"), ("whole",)),
            "grad": ("whole", "unstretched", "gaussian-filter"),
            "conn": ("whole", "row-ties"),
        },
    ),
    "nobg": Port(
        title="nobg",
        source="nobg",
        recipes={
            **dict.fromkeys(("sad", "mse", "mad"), ("whole",)),
            "grad": ("whole", "sobel"),
            "conn": ("whole", "binarised"),
        },
        about="its sums divided by 1000",
    ),
}
"""The ports by their names here."""

_AXES = ("whole", "rounded", "truncated", "copied")
AXES: Mapping[str, tuple[str, ...]] = {
    "sad": (*_AXES, "stretched"),
    "mse": (*_AXES, "stretched"),
    "mad": (*_AXES, "stretched"),
    "grad": (*_AXES, "unstretched"),
    "conn": (*_AXES, "stretched", "float64"),
}
"""What else is varied, one at a time and together: region, bits, known pixels, min-max, precision."""
