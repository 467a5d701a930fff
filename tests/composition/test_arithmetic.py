import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simd.composition.arithmetic import composite

colours = arrays(np.uint8, (4, 5, 3))
mattes = arrays(np.uint8, (4, 5))
LEVELS = np.arange(256, dtype=np.uint8)


def every(fg, alpha, bg):
    """Return colours and mattes of arrays of levels, each of the three RGB channels alike."""
    fg, alpha, bg = np.broadcast_arrays(fg, alpha, bg)
    return np.stack([fg] * 3, axis=2), np.ascontiguousarray(alpha), np.stack([bg] * 3, axis=2)


def test_levels_by_hand():
    # (51·200 + 204·100 + 127) // 255 = 30727 // 255 = 120, and 120.5 would be 30727.5
    # (1·255 + 254·0 + 127) // 255 = 382 // 255 = 1;  (127·1 + 128·0 + 127) // 255 = 254 // 255 = 0
    # (128·1 + 127·0 + 127) // 255 = 255 // 255 = 1
    fg, alpha, bg = every([[200, 255, 1, 1]], np.array([[51, 1, 127, 128]], np.uint8), [[100, 0, 0, 0]])
    assert composite(fg.astype(np.uint8), alpha, bg.astype(np.uint8))[..., 1].tolist() == [[120, 1, 0, 1]]


@given(colours, mattes, colours)
def test_every_pixel_is_within_half_a_level_of_the_equation(fg, alpha, bg):
    a = alpha[..., None] / 255.0
    exact = a * fg + (1 - a) * bg
    assert np.abs(composite(fg, alpha, bg) - exact).max() <= 0.5 + 1e-9


def test_all_levels_are_the_nearest_for_many_alphas():
    # all 256 x 256 pairs of F and B; 255 is odd, so no exact value lies half way between two levels
    for a in range(0, 256, 5):
        fg, alpha, bg = every(LEVELS[:, None], np.uint8(a), LEVELS[None, :])
        exact = np.rint((a * fg.astype(float) + (255 - a) * bg.astype(float)) / 255)
        np.testing.assert_array_equal(composite(fg, alpha, bg), exact)


def test_equal_foreground_and_background_stay_for_every_alpha():
    fg, alpha, bg = every(LEVELS[:, None], LEVELS[None, :], LEVELS[:, None])
    np.testing.assert_array_equal(composite(fg, alpha, bg), fg)


@given(colours, colours)
def test_full_alpha_gives_the_foreground_and_none_the_background(fg, bg):
    np.testing.assert_array_equal(composite(fg, np.full((4, 5), 255, np.uint8), bg), fg)
    np.testing.assert_array_equal(composite(fg, np.zeros((4, 5), np.uint8), bg), bg)


@given(colours, mattes, colours)
def test_exchanging_the_layers_inverts_alpha(fg, alpha, bg):
    np.testing.assert_array_equal(composite(fg, alpha, bg), composite(bg, 255 - alpha, fg))


@given(colours, mattes, colours, st.permutations([0, 1, 2]))
def test_channels_do_not_mix(fg, alpha, bg, order):
    np.testing.assert_array_equal(
        composite(fg, alpha, bg)[..., order], composite(fg[..., order], alpha, bg[..., order])
    )


def test_the_inputs_are_left_alone():
    fg, alpha, bg = every(LEVELS[:, None], LEVELS[None, :], LEVELS[::-1, None])
    copies = fg.copy(), alpha.copy(), bg.copy()
    composite(fg, alpha, bg)
    for now, before in zip((fg, alpha, bg), copies, strict=True):
        np.testing.assert_array_equal(now, before)
