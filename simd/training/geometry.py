"""Where a crop lies in a foreground, and how it is turned: the drawn numbers as one matrix."""

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import UInt8
from simd.training.cutouts import Cutout
from simd.training.pixels import cubic_weights, lanczos_weights, warp_by_table
from simd.training.sample_options import SampleOptions

_HALVE_FROM = 1.6  # pixels of the foreground to one of the sample, from which the half-size copy is nearer
INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}

_TABLES = {"cubic": cubic_weights(), "lanczos": lanczos_weights()}

Matrix = npt.NDArray[np.float64]


class Placement(NamedTuple):
    """A crop of a foreground."""

    linear: Matrix  # (2, 2): a step (x, y) in the sample to one in the foreground
    centre: tuple[float, float]  # (x, y) in the foreground
    crop: float  # side of the square, as the foreground is placed there
    interpolation: str


def levels_for(options: SampleOptions) -> int:
    """Return how many sizes of a foreground the options can ask for."""
    if options.interpolation != "linear":
        return 1
    sides = options.crops if options.stage == "matting" else options.patch_sides
    return 1 + _level(max(sides) / options.side / options.scale[0])


def draw_placement(
    cutout: Cutout, class_: int, options: SampleOptions, rng: np.random.Generator, *, shrink: float
) -> Placement:
    """Draw a crop around an unknown pixel of a class.

    Parameters
    ----------
    shrink : float
        What the side of a patch is multiplied by, down to the smallest there is.
    """
    places = cutout.places[class_]
    y, x = places[rng.integers(len(places))].tolist()
    height, width = cutout.size
    squeeze = np.eye(2)
    if options.squeeze and rng.random() < options.squeeze:
        squeeze = np.diag([width / options.squeeze_side, height / options.squeeze_side])
    placed = min(width / squeeze[0, 0], height / squeeze[1, 1])  # its shorter side
    crop = _draw_crop(options, rng, placed, shrink)
    turned = _draw_turn(options, rng, rotate=max(height, width) >= options.rotation_from)
    linear = squeeze @ turned * (crop / options.side)
    half_x, half_y = np.hypot(linear[:, 0], linear[:, 1]) * options.side / 2
    centre = (_inside(x, half_x, width), _inside(y, half_y, height))
    interpolation = options.interpolation
    if interpolation == "drawn":
        interpolation = list(INTERPOLATIONS)[rng.integers(len(INTERPOLATIONS))]
    return Placement(linear, centre, crop, interpolation)


def exact_placement(cutout: Cutout, class_: int, side: int, rng: np.random.Generator) -> Placement:
    """Draw a crop at full size, not turned, with an unknown pixel of a class on a pixel of its middle."""
    places = cutout.places[class_]
    y, x = places[rng.integers(len(places))].tolist()
    middle = 0.5 * (side % 2 == 0)
    return Placement(np.eye(2), (x - middle, y - middle), side, "linear")


def warp(cutout: Cutout, placement: Placement, side: int) -> UInt8:
    """Cut a crop out of a foreground: RGBA, (side, side, 4)."""
    level = 0
    if placement.interpolation == "linear":
        per_pixel = math.sqrt(abs(float(np.linalg.det(placement.linear))))
        level = min(_level(per_pixel), len(cutout.levels) - 1)
    source = cutout.levels[level]
    height, width = cutout.size
    ratio = np.array([(source.shape[1] - 2) / width, (source.shape[0] - 2) / height])
    linear = placement.linear * ratio[:, None]
    centre = (np.array(placement.centre) + 0.5) * ratio - 0.5 + 1  # 1: the ring
    matrix = np.c_[linear, centre - linear @ np.full(2, (side - 1) / 2)]
    if placement.interpolation in _TABLES:  # OpenCV's own take two to three times as long
        out = np.empty((side, side, 4), np.uint8)
        warp_by_table(source, cutout.near, matrix, _TABLES[placement.interpolation], out)
        return out
    flags = INTERPOLATIONS[placement.interpolation] | cv2.WARP_INVERSE_MAP
    rgba = cv2.warpAffine(source, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(rgba, dtype=np.uint8)


def warp_classes(cutout: Cutout, placement: Placement, side: int, class_: int) -> UInt8:
    """Cut the same crop out of the class mask, or fill it with the one class there is."""
    if cutout.class_mask is None:
        return np.full((side, side), class_, np.uint8)
    matrix = np.c_[placement.linear, placement.centre - placement.linear @ np.full(2, (side - 1) / 2)]
    classes = cv2.warpAffine(
        cutout.class_mask,
        matrix,
        (side, side),
        flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(classes, dtype=np.uint8)


def drawn(rng: np.random.Generator, bounds: tuple[float, ...]) -> float:
    """Return a number drawn evenly from a range."""
    return float(rng.uniform(bounds[0], bounds[1]))


def _draw_crop(options: SampleOptions, rng: np.random.Generator, placed: float, shrink: float) -> float:
    if options.stage != "matting":
        least, most = options.patch_sides
        side = least + (min(most, max(least, placed)) - least) * rng.random() * shrink
        return min(float(side), placed)
    crop: float = options.crops[rng.integers(len(options.crops))]
    if crop > placed:
        crop = max((each for each in options.crops if each <= placed), default=placed)
    return float(crop)


def _draw_turn(options: SampleOptions, rng: np.random.Generator, *, rotate: bool) -> Matrix:
    """Draw rotation, shear, enlargement and mirroring; return the map from the sample to the foreground."""
    angle, shear = np.deg2rad(rng.uniform(-1, 1, 2) * (options.rotation * rotate, options.shear))
    mirrored = rng.random(2) < (options.flip, options.flip_vertical)
    scale = [drawn(rng, options.scale) * (-1 if each else 1) for each in mirrored]
    forward = np.array(
        [
            [math.cos(angle + shear) * scale[0], -math.sin(angle + shear) * scale[1]],
            [math.sin(angle) * scale[0], math.cos(angle) * scale[1]],
        ]
    )
    return np.linalg.inv(forward)


def _inside(place: float, half: float, length: int) -> float:
    """Move the middle of a window so that it lies in the frame, or the frame in it."""
    lowest, highest = sorted((half - 0.5, length - half - 0.5))
    return float(min(max(place, lowest), highest))


def _level(per_pixel: float) -> int:
    return max(0, int(math.log2(max(per_pixel, 1e-9) / _HALVE_FROM)) + 1) if per_pixel >= _HALVE_FROM else 0
