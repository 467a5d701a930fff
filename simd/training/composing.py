"""A sample from its parts: foregrounds cut out and merged, the drawn trimap, the classes, the composite."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from simd.image import UInt8
from simd.taxonomy import NO_CLASS
from simd.training.appearance import add_noise, apply_gamma, compress, jitter, place_background
from simd.training.cutouts import Cutout
from simd.training.geometry import (
    Placement,
    draw_placement,
    drawn,
    exact_placement,
    warp,
    warp_classes,
)
from simd.training.pixels import blend, dilate, keep_unknown, merge, merge_classes, split, trimap
from simd.training.sample_options import SampleOptions


class Part(NamedTuple):
    """A foreground, and the class of the region it is cut at."""

    cutout: Cutout
    label: int


class Crop(NamedTuple):
    """What is cut out, before it has a background."""

    fg: UInt8  # (H, W, 3)
    alpha: UInt8  # (H, W)
    trimap: UInt8  # (H, W), some pixels 128
    classes: UInt8  # (H, W), 255 where the trimap is not 128
    of_frame: tuple[float, float]  # the crop's height and width as shares of the foreground's


def any_part(cutout: Cutout, rng: np.random.Generator) -> Part | None:
    """Return a foreground with one of its classes; None where no unknown pixel has one."""
    labels = sorted(cutout.places)
    return Part(cutout, labels[rng.integers(len(labels))]) if labels else None


def cut(
    top: Part, below: Part | None, options: SampleOptions, rng: np.random.Generator, *, shrink: float | None
) -> Crop | None:
    """Cut a foreground out, lay it over another if there is one, and draw the trimap.

    It is cut with a margin as wide as the trimap's reach, so the trimap is that of the larger picture.

    Parameters
    ----------
    shrink : float, optional
        What the side of a patch is multiplied by; without it the crop is at full size and not turned, with
        an unknown pixel exactly on one of its pixels.

    Returns
    -------
    Crop or None
        None where no pixel is unknown, or too few of a patch's are of its class. Neither can be without
        `shrink`.
    """
    dilation, erosion = _draw_reach(options, rng), _draw_reach(options, rng)
    if shrink is None:  # a binary alpha has unknown pixels only where the trimap reaches some
        dilation, erosion = max(1.0, dilation), max(1.0, erosion)
    margin = int(max(dilation, erosion)) + 1
    size, inner = options.side + 2 * margin, slice(margin, margin + options.side)
    if shrink is None:
        placement = exact_placement(top.cutout, top.label, options.side, rng)
    else:
        placement = draw_placement(top.cutout, top.label, options, rng, shrink=shrink)
    rgba = warp(top.cutout, placement, size)
    classes = warp_classes(top.cutout, placement, options.side, top.label)
    fg, whole = np.empty((options.side, options.side, 3), np.uint8), np.empty((size, size), np.uint8)
    if below is None:
        split(rgba, margin, fg, whole)
    else:
        other = draw_placement(below.cutout, below.label, options, rng, shrink=1.0)
        rgba_below = warp(below.cutout, other, size)
        merge(rgba, rgba_below, margin, fg, whole)
        merge_classes(
            classes,
            warp_classes(below.cutout, other, options.side, below.label),
            rgba[inner, inner, 3],
            rgba_below[inner, inner, 3],
            _reach(rgba[..., 3] > 0, dilation, margin),
        )
    alpha = np.ascontiguousarray(whole[inner, inner])
    trimap_ = np.empty_like(alpha)
    near_object, near_scenery = _reach(whole > 0, dilation, margin), _reach(whole < 255, erosion, margin)
    unknown = trimap(alpha, near_object, near_scenery, trimap_)
    keep_unknown(classes, trimap_)
    if unknown == 0 or (shrink is not None and not _is_pure(top, classes, options)):
        return None
    return Crop(fg, alpha, trimap_, classes, _shares(top.cutout, placement))


def finish(
    crop: Crop, background: UInt8, options: SampleOptions, rng: np.random.Generator
) -> dict[str, UInt8]:
    """Change the colours of a crop, and compose it with a background."""
    stretched = crop.of_frame if options.background == "stretch" else None
    fg, bg = crop.fg, place_background(background, stretched, options, rng)
    if options.jitter and rng.random() < options.jitter:
        fg = jitter(fg, crop.alpha, options, rng)
    if options.gamma and rng.random() < options.gamma:
        gamma = drawn(rng, options.gamma_range)
        apply_gamma(fg, gamma)
        apply_gamma(bg, gamma)
    image = np.empty_like(fg)
    blend(fg.ravel(), cv2.merge([crop.alpha] * 3).ravel(), bg.ravel(), image.ravel())
    return {
        "image": degraded(image, options, rng),
        "alpha": crop.alpha,
        "trimap": crop.trimap,
        "foreground": fg,
        "background": bg,
        "classes": crop.classes,
    }


def degraded(image: UInt8, options: SampleOptions, rng: np.random.Generator) -> UInt8:
    """Return an image with noise and compressed again, each by its chance."""
    if options.noise and rng.random() < options.noise:
        image = add_noise(image, drawn(rng, options.noise_sigma), rng)
    if options.jpeg and rng.random() < options.jpeg:
        lowest, highest = options.jpeg_quality
        image = compress(image, int(rng.integers(lowest, highest + 1)))
    return image


def _draw_reach(options: SampleOptions, rng: np.random.Generator) -> float:
    kernel, iterations = (
        int(rng.integers(lowest, highest + 1)) for lowest, highest in (options.kernels, options.iterations)
    )
    return iterations * (kernel - 1) / 2


def _is_pure(top: Part, classes: UInt8, options: SampleOptions) -> bool:
    """Tell whether enough of a patch's unknown pixels are of its class; crops of whole objects are mixed."""
    if options.stage == "matting" or top.cutout.class_mask is None:
        return True
    seen = np.count_nonzero(classes != NO_CLASS)
    return bool(np.count_nonzero(classes == top.label) >= max(1, options.purity * seen))


def _shares(cutout: Cutout, placement: Placement) -> tuple[float, float]:
    height, width = cutout.size
    return placement.crop / height, placement.crop / width


def _reach(seeds: npt.NDArray[np.bool_], radius: float, margin: int) -> UInt8:
    reached = np.empty([side - 2 * margin for side in seeds.shape], np.uint8)
    dilate(np.ascontiguousarray(seeds).view(np.uint8), radius, margin, reached)
    return reached
