import math

import numpy as np
import pytest
from skimage.color import rgb2lab

from simd.features.colour_distance import estimated_distance
from simd.features.region_statistics import (
    alpha_ratio,
    foreground_size,
    mean_gradient,
    measure_regions,
    thickness,
)


def everywhere(alpha):
    return np.ones(alpha.shape, bool)


def test_the_alpha_ratio_by_hand():
    alpha = np.array([[0, 1, 128], [254, 255, 255]], np.uint8)
    region = np.array([[1, 1, 1], [1, 1, 0]], bool)
    assert alpha_ratio(alpha, region) == 3 / 5
    assert alpha_ratio(alpha / 255, region) == 3 / 5
    assert math.isnan(alpha_ratio(alpha, np.zeros_like(region)))


def test_the_gradient_of_a_ramp_is_its_slope():
    ramp = np.tile(np.arange(10, 250, 3, dtype=np.uint8), (20, 1))  # 3 levels a pixel
    inner = np.zeros(ramp.shape, bool)
    inner[:, 1:-1] = True
    assert mean_gradient(ramp, inner) == pytest.approx(3 / 255)
    assert mean_gradient(ramp.T.copy(), inner.T) == pytest.approx(3 / 255)
    steep = np.array([[0, 0, 128, 255, 255]] * 3, np.uint8)
    assert mean_gradient(steep, everywhere(steep)) == pytest.approx(0.5)  # (1 - 0) over two pixels


def test_the_gradient_counts_fractional_pixels_only():
    edge = np.array([[0, 0, 0, 255, 255, 255]] * 3, np.uint8)
    assert math.isnan(mean_gradient(edge, everywhere(edge)))


def test_thickness_is_that_of_the_strands_in_the_region():
    alpha = np.zeros((60, 90), np.uint8)
    alpha[:, 10:50] = 255  # a body
    alpha[20:23, 50:85] = 255  # a strand of 3
    band = np.zeros(alpha.shape, bool)
    band[:, 46:] = True
    assert thickness(alpha, band) == pytest.approx(3, abs=0.5)
    body_edge = np.zeros(alpha.shape, bool)
    body_edge[40:, 46:54] = True
    assert math.isnan(thickness(alpha, body_edge))


def test_a_region_counts_the_parts_that_reach_into_it():
    alpha = np.zeros((40, 60), np.uint8)
    alpha[5:15, 5:15] = 255
    alpha[8:12, 8:12] = 0
    alpha[5:15, 40:50] = 255
    left = np.zeros(alpha.shape, bool)
    left[:, :30] = True
    image = np.zeros((*alpha.shape, 3), np.uint8)
    whole, parts = measure_regions(
        image, alpha, everywhere(alpha), {"left": left, "right": ~left, "none": left & ~left}
    )
    assert (whole.components, whole.holes) == (2, 1)
    assert (parts["left"].components, parts["left"].holes) == (1, 1)
    assert (parts["right"].components, parts["right"].holes) == (1, 0)
    assert parts.keys() == {"left", "right"}
    assert parts["left"].unknown_share == 0.5


def test_the_histogram_holds_every_pixel_once():
    alpha = np.array([[0, 0, 1, 32, 33, 254, 255, 255, 255, 255]], np.uint8)
    whole, _ = measure_regions(np.zeros((1, 10, 3), np.uint8), alpha, everywhere(alpha), {})
    assert (whole.share_alpha_0, whole.share_alpha_1) == (0.2, 0.4)
    assert whole.levels == (0.2, 0.1, 0, 0, 0, 0, 0, 0.1)  # levels 1-32, 33-64, ..., 225-254
    assert whole.mean_alpha == pytest.approx(alpha.mean() / 255)


@pytest.mark.parametrize("level", [0, 100, 255])
def test_a_constant_alpha_is_measured_without_nan_where_there_is_something(level):
    alpha = np.full((30, 40), level, np.uint8)
    image = np.full((30, 40, 3), 90, np.uint8)
    whole, _ = measure_regions(image, alpha, everywhere(alpha), {})
    assert whole.alpha_ratio == (level == 100)
    assert whole.mean_gradient == 0 if level == 100 else math.isnan(whole.mean_gradient)
    assert math.isnan(whole.thickness)
    assert math.isnan(whole.colour_distance_estimated)


def test_the_size_of_a_foreground_by_hand():
    alpha = np.zeros((10, 20), np.uint8)
    alpha[2:5, 6:16] = 51  # 0.2
    size = foreground_size(alpha)
    assert (size.height, size.width, size.fg_height, size.fg_width) == (10, 20, 3, 10)
    assert size.fg_share == pytest.approx(30 * 0.2 / 200)
    assert foreground_size(np.zeros((4, 4), np.uint8)).fg_height == 0


def soft_disc(side=96):
    y, x = np.mgrid[:side, :side] - side / 2
    return np.clip((30 - np.hypot(y, x)) * 20 + 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("fg", "bg"), [((255, 255, 255), (0, 0, 0)), ((200, 30, 40), (20, 90, 160)), ((80, 80, 80), (80, 80, 80))]
)
def test_the_colour_distance_of_plain_colours_is_exact(fg, bg):
    alpha = soft_disc()
    share = alpha[..., None] / 255
    image = np.rint(share * fg + (1 - share) * bg).astype(np.uint8)
    true = np.linalg.norm(rgb2lab(np.array(fg) / 255) - rgb2lab(np.array(bg) / 255))
    unknown = (alpha > 0) & (alpha < 255)
    assert estimated_distance(image, alpha, unknown) == pytest.approx(true, abs=1.0)
    assert estimated_distance(image, alpha / 255, unknown) == estimated_distance(image, alpha, unknown)


def test_the_colour_distance_of_generated_sets_is_near_that_of_their_layers():
    from simd.generator import synthetic

    errors, trues = [], []
    rng = np.random.default_rng(0)
    for class_ in ("fur", "leaf", "spider_web", "silk", "smoke_cloud", "net"):
        cutout = synthetic(class_, 1, 192)
        bg = np.full((192, 192, 3), rng.integers(0, 256, 3), np.uint8)
        share = cutout.alpha[..., None] / 255
        image = np.rint(share * cutout.fg + (1 - share) * bg).astype(np.uint8)
        unknown = (cutout.alpha > 0) & (cutout.alpha < 255)
        apart = rgb2lab(cutout.fg / 255) - rgb2lab(bg / 255)
        trues.append(np.linalg.norm(apart, axis=2)[unknown].mean())
        errors.append(abs(estimated_distance(image, cutout.alpha, unknown) - trues[-1]))
    assert np.median(errors) < 0.15 * np.median(trues)


def test_large_images_are_measured_smaller_with_about_the_same_distance():
    alpha = np.repeat(np.repeat(soft_disc(), 8, 0), 8, 1)  # 768
    share = alpha[..., None] / 255
    image = np.rint(share * (220, 200, 40) + (1 - share) * (30, 40, 90)).astype(np.uint8)
    unknown = (alpha > 0) & (alpha < 255)
    small = np.s_[::8, ::8]
    assert estimated_distance(image, alpha, unknown) == pytest.approx(
        estimated_distance(image[small], alpha[small], unknown[small]), rel=0.03
    )
