"""The options of training samples: every number, with where it comes from."""

from dataclasses import dataclass, fields
from typing import Annotated

from simd.errors import DataError
from simd.options import Asked
from simd.taxonomy import class_name

STAGES = ("matting", "classifier", "discriminator")
INTERPOLATIONS = ("linear", "nearest", "cubic", "lanczos", "drawn")
MIN_SIDE, MAX_SIDE = 32, 4096
MAX_REACH = 250
"""Pixels by which a trimap may be dilated or eroded."""
LENGTH = 2**40
"""Samples of an endless sequence."""
ATTEMPTS = 12
"""Crops drawn before the plainest is taken."""
SHRINK = 0.8
"""Side of a patch that is drawn again, beside the one before."""

_SHARES = (
    "merge",
    "squeeze",
    "flip",
    "flip_vertical",
    "jitter",
    "gamma",
    "jpeg",
    "noise",
    "background_flip",
    "held_out",
    "purity",
)
_RANGES = {
    "patch_sides": (8, MAX_SIDE),
    "scale": (0.05, 20.0),
    "gamma_range": (0.05, 20.0),
    "kernels": (1, 99),
    "iterations": (1, 99),
    "background_scale": (0.01, 1.0),
    "jpeg_quality": (1, 100),
    "noise_sigma": (0.0, 128.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOptions:
    """What a training sample is made of and how; the defaults are the recipe `sim`.

    Sources of the numbers: *paper* is Semantic Image Matting (CVPR 2021), sections 3 to 5; *release* is the
    training block in the configuration of its code; *GCA* is GCA-Matting (AAAI 2020), whose augmentation
    the paper follows for merging; *ours* is a choice where these say nothing.

    Parameters
    ----------
    stage : str
        ``matting``: composites; ``classifier``: patches of one class region each, with their class (paper
        3.1); ``discriminator``: alphas of such patches, with their class (paper 3.3).
    foregrounds, backgrounds : tuple of str
        Folders of any kind of :mod:`simd.sources`, sets that `simd build` has made, and what the generator
        draws: ``synthetic:PER_CLASS@SIZE:train``, ``open:PER_KIND@SIZE:train``.
    kind, background_kind, classes, annotations, selection
        As for ``simd build``: the kind of layout, the CSV file of classes, tagged regions, and the
        foregrounds that ``simd select`` keeps.
    shards : str, optional
        The folder of a set's WebDataset export, in place of foregrounds and backgrounds:
        :class:`~simd.training.shard_samples.ShardSamples`.
    shares : tuple of str
        ``class=weight``: how often each class is drawn. Classes that are not named have weight 1, and each
        class has the same weight by default (ours: a sampler that favours some classes ruins the others).
    held_out, part
        The share of each class's foregrounds that is kept from training, 0 (ours), by a hash of their names;
        ``part`` says which side these samples show: ``training`` or ``held-out``.
    side : int
        H and W of a sample: 320 (paper, 5.1).
    crops : tuple of int
        Sides of the square cut out of a foreground, one is drawn: 320, 480, 640 (paper, 5.1). Where the
        foreground is smaller, the largest that fits; where none fits, its shorter side (GCA enlarges too).
        It lies around a pixel whose alpha is between 0.1 and 0.9, if there is one (ours: around fainter ones
        there may be nothing to see), but inside the foreground's frame.
    patch_sides : tuple of int
        Range of the side of a class region's patch: 160 to 640 (paper, 3.1).
    purity : float
        The share of a patch's unknown pixels that its class must have, where its foreground has several:
        0.5 (ours). A patch that has less is drawn again, smaller each time.
    rotation : float
        Degrees to either side: 30 (GCA; paper: "rotation"; release: 60, off).
    rotation_from : int
        No rotation where the foreground's longer side has fewer pixels: 0 (ours; GCA: 1024).
    scale : tuple of float
        Enlargement, drawn for each axis: 0.8 to 1.25 (GCA; paper: "scaling").
    shear : float
        Degrees to either side: 0 (paper names none; GCA: 10).
    flip, flip_vertical : float
        Chances of mirroring: 0.5 and 0 (paper: horizontal flip; GCA: 0.5 and 0.5).
    interpolation : str
        ``linear`` (ours; the paper does not say), on a half-size copy where that is nearer in size;
        ``drawn``: one of nearest, linear, cubic, lanczos (GCA), or always one of these, from the full size.
    merge : float
        Chance that a second foreground is merged in: 0.5 (GCA; the paper follows it without a number).
        Alpha is 1 - (1 - a1)(1 - a2) (GCA), the colour that of the one over the other (ours: GCA's mixes in
        what lies hidden under the second one's alpha 0), the class that of the one on top.
    squeeze, squeeze_side
        Chance that the foreground is first resized to a square whatever its shape, and that square's side: 0
        and 640 (GCA: 0.25 and 640).
    jitter, hue, saturation_value
        Chance of colour jitter of the foreground: 1 (paper: "color jitter"); degrees of hue to either side:
        40 (GCA); shift of saturation and of value, as a share of 1.1 minus their mean: 0.1 (GCA).
    gamma, gamma_range
        Chance of one gamma on foreground and background: 0, and its range 0.2 to 2 (release, off).
    kernels, iterations
        Ranges of the kernel and the iterations of the trimap's dilation and erosion, drawn apart: 2 to 9 and
        5 to 15 (paper, 5.1; release: kernels 3 to 5; GCA: 1 to 29, once). The reach is that of a disc,
        iterations (kernel - 1) / 2 pixels (ours: the paper says nothing of the shape).
    background : str
        ``crop``: a random square (paper); ``stretch``: the whole resized to the foreground (GCA).
    background_scale : tuple of float
        The square's side as a share of the background's shorter side: 0.5 to 1 (ours).
    background_flip : float
        Chance of mirroring it: 0.5 (ours).
    jpeg, jpeg_quality
        Chance that the image is compressed again, and the quality: 0 (release: off), 60 to 95 (ours).
    noise, noise_sigma
        Chance of Gaussian noise on the image, and its standard deviation in levels: 0 (release: off), 1 to
        10 (ours). With noise or compression the image is no longer exactly that of F, B and alpha.

    Raises
    ------
    DataError
        If a value is out of its range; the message names it.
    """

    stage: Annotated[str, Asked(help="What the samples are for.", choices=STAGES)] = "matting"
    foregrounds: Annotated[
        tuple[str, ...], Asked(help="Folders, sets, or synthetic:PER_CLASS@SIZE:train.", path=True)
    ] = ("synthetic:8@640:train",)
    kind: Annotated[str | None, Asked(help="Kind of the foregrounds' layout.", default="recognised")] = None
    classes: Annotated[str | None, Asked(help="CSV file with the columns file and class.", path=True)] = None
    annotations: Annotated[str | None, Asked(help="A folder of tagged regions.", path=True)] = None
    selection: Annotated[str | None, Asked(help="A selection, as simd select writes it.", path=True)] = None
    backgrounds: Annotated[
        tuple[str, ...], Asked(help="Folders, or open:PER_KIND@SIZE:train.", path=True)
    ] = ("open:4@768:train",)
    background_kind: Annotated[
        str | None, Asked(help="Kind of the backgrounds' layout.", default="recognised")
    ] = None
    shards: Annotated[
        str | None, Asked(help="WebDataset shards of a set, in place of both.", default="none", path=True)
    ] = None
    shares: Annotated[
        tuple[str, ...], Asked(help="class=weight: how often each class comes; 1 where none is given.")
    ] = ()
    held_out: Annotated[
        float, Asked(help="Share of each class's foregrounds kept from training.", at_least=0, at_most=1)
    ] = 0.0
    part: Annotated[
        str, Asked(help="Which of the two these samples show.", choices=("training", "held-out"))
    ] = "training"
    side: Annotated[int, Asked(help="H and W of a sample.", at_least=MIN_SIDE, at_most=MAX_SIDE)] = 320
    crops: Annotated[
        tuple[int, ...], Asked(help="Sides of the crop, one is drawn.", at_least=8, at_most=MAX_SIDE)
    ] = (320, 480, 640)
    patch_sides: Annotated[
        tuple[int, ...], Asked(help="Range of the side of a patch.", at_least=8, at_most=MAX_SIDE)
    ] = (160, 640)
    purity: Annotated[
        float, Asked(help="Share of a patch's unknown pixels that are of its class.", at_least=0, at_most=1)
    ] = 0.5
    rotation: Annotated[float, Asked(help="Degrees to either side.", at_least=0, at_most=180)] = 30.0
    rotation_from: Annotated[int, Asked(help="No rotation below this longer side.", at_least=0)] = 0
    scale: Annotated[tuple[float, ...], Asked(help="Range of enlargement.", at_least=0.05, at_most=20)] = (
        0.8,
        1.25,
    )
    shear: Annotated[float, Asked(help="Degrees to either side.", at_least=0, at_most=60)] = 0.0
    flip: Annotated[float, Asked(help="Chance of mirroring.", at_least=0, at_most=1)] = 0.5
    flip_vertical: Annotated[float, Asked(help="Chance of turning upside down.", at_least=0, at_most=1)] = 0.0
    interpolation: Annotated[str, Asked(help="How foregrounds are resampled.", choices=INTERPOLATIONS)] = (
        "linear"
    )
    merge: Annotated[float, Asked(help="Chance of a second foreground.", at_least=0, at_most=1)] = 0.5
    squeeze: Annotated[float, Asked(help="Chance of resizing to a square first.", at_least=0, at_most=1)] = (
        0.0
    )
    squeeze_side: Annotated[int, Asked(help="That square's side.", at_least=8, at_most=MAX_SIDE)] = 640
    jitter: Annotated[
        float, Asked(help="Chance of colour jitter of the foreground.", at_least=0, at_most=1)
    ] = 1.0
    hue: Annotated[float, Asked(help="Degrees of hue to either side.", at_least=0, at_most=180)] = 40.0
    saturation_value: Annotated[
        float, Asked(help="Shift of saturation and value.", at_least=0, at_most=1)
    ] = 0.1
    gamma: Annotated[float, Asked(help="Chance of a gamma on F and B.", at_least=0, at_most=1)] = 0.0
    gamma_range: Annotated[tuple[float, ...], Asked(help="Its range.", at_least=0.05, at_most=20)] = (
        0.2,
        2.0,
    )
    kernels: Annotated[
        tuple[int, ...], Asked(help="Range of the trimap's kernel sizes.", at_least=1, at_most=99)
    ] = (2, 9)
    iterations: Annotated[tuple[int, ...], Asked(help="Range of its iterations.", at_least=1, at_most=99)] = (
        5,
        15,
    )
    background: Annotated[str, Asked(help="How a background is placed.", choices=("crop", "stretch"))] = (
        "crop"
    )
    background_scale: Annotated[
        tuple[float, ...], Asked(help="Range of the crop's share.", at_least=0.01, at_most=1)
    ] = (0.5, 1.0)
    background_flip: Annotated[float, Asked(help="Chance of mirroring it.", at_least=0, at_most=1)] = 0.5
    jpeg: Annotated[float, Asked(help="Chance of compressing again.", at_least=0, at_most=1)] = 0.0
    jpeg_quality: Annotated[tuple[int, ...], Asked(help="Range of quality.", at_least=1, at_most=100)] = (
        60,
        95,
    )
    noise: Annotated[float, Asked(help="Chance of noise.", at_least=0, at_most=1)] = 0.0
    noise_sigma: Annotated[
        tuple[float, ...], Asked(help="Range of its standard deviation.", at_least=0, at_most=128)
    ] = (1.0, 10.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))
        for name, allowed in (
            ("stage", STAGES),
            ("part", ("training", "held-out")),
            ("interpolation", INTERPOLATIONS),
            ("background", ("crop", "stretch")),
        ):
            if getattr(self, name) not in allowed:
                raise DataError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        for name in ("foregrounds", "backgrounds", "crops"):
            if isinstance(getattr(self, name), str) or not getattr(self, name):
                raise DataError(f"{name} must be a list with at least one entry")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise DataError(f"{name} must be in 0..1, not {getattr(self, name)}")
        for name, (least, most) in _RANGES.items():
            bounds = getattr(self, name)
            if len(bounds) != 2 or not least <= bounds[0] <= bounds[1] <= most:
                text = ", ".join(map(str, bounds))
                raise DataError(f"{name} must be two numbers in {least}..{most}, the lower first, not {text}")
        for name, number in [("side", self.side), *(("crops", crop) for crop in self.crops)]:
            if not 8 <= number <= MAX_SIDE:
                raise DataError(f"{name} must be in 8..{MAX_SIDE} pixels, not {number}")
        if (reach := self.iterations[1] * (self.kernels[1] - 1) / 2) > MAX_REACH:
            raise DataError(
                f"kernels to {self.kernels[1]} and iterations to {self.iterations[1]} reach {reach:g} "
                f"pixels; a trimap may reach {MAX_REACH}"
            )
        self.weights()

    def weights(self) -> dict[str, float]:
        """Return the weight of each class that `shares` names."""
        weights: dict[str, float] = {}
        for text in self.shares:
            name, _, number = text.partition("=")
            try:
                weight = float(number)
            except ValueError:
                weight = -1.0
            if not 0 <= weight < float("inf"):
                raise DataError(f"shares: {text!r} must be class=weight, as in fire=2 or net=0.5")
            if class_name(name.strip()) in weights:
                raise DataError(f"shares: {name.strip()!r} is given twice")
            weights[class_name(name.strip())] = weight
        return weights
