"""Filters on a colour and its alpha: each looks for one defect and returns a finding, or None.

=============  =================================================  ==========================================
reason         figure                                             found where it is
=============  =================================================  ==========================================
premultiplied  error of "colour = alpha · F" by the error of      at most 0.5, with at most 10 % of the
               "colour = F", where F is the colour of the         pixels brighter than their alpha (+8),
               nearest opaque pixel                               which such colour cannot be, and brightness
                                                                  rising with alpha, by 0.4 of it at least
mismatch       correlation of the edges of colour and alpha:      at least 0.1, where the former
               mirrored or turned, less as they are;              is at least 0.3 and alpha has edges; 0.05
                                                                  where the headers state two orientations
               or, over a plain background, the lesser of         at least 30 %
               the object left out and the background let in;
               or the mean difference of grey colour and alpha    at most 4 levels
hidden         median detail of the colour under alpha 0, in      at least 0.5, where less than 45 % of it
               levels                                             is the nearest visible colour drawn on
bleed          mean of t, where colour = (1 - t) F + t B, and F   at least 0.55
               and B are the colours of the nearest opaque pixel
               and the nearest pixel of alpha 0
=============  =================================================  ==========================================

A dark object has nothing to be multiplied: where the two explanations differ by less than 32 levels they are
not asked, so it is never called premultiplied. Images are thinned, not blurred, to about 1024 or 512 pixels
before: the values stay what they are. Of 24 generated foregrounds of each class none is named here; mirrored
edges come nearest, with 0.065.
"""

import cv2
import numpy as np
import numpy.typing as npt

from simd.decoding import turn_upright
from simd.features.sobel import sobel
from simd.image import Mask, Matte, UInt8
from simd.masks import nearest_pixel
from simd.mattes import as_levels, check_colour
from simd.selection.reasons import Finding, finding_of

_Plane = npt.NDArray[np.floating]

_LOW, _OPAQUE, _BAND = 8, 0.9, 0.6  # alpha of the pixels asked, of those they are compared with
_APART, _MIN_ASKED = 32, 100
_FIT, _BRIGHTER, _TOO_BRIGHT, _RISES = 0.5, 8, 0.10, 0.4
_SMALLEST = 16  # pixels a side, below which edges tell nothing
_BETTER, _FLAT = 0.1, 0.01  # _FLAT: the spread of edges that rounding alone makes
_BETTER_BY_HEADER = 0.05  # where the header says already that the two may differ
_FITS, _STEEP = 0.3, 40  # of the better fit, a correlation; of alpha's steepest slopes, levels a pixel
_PLAIN, _OBJECT, _DIFFERS, _SWAPPED = 0.98, 0.1, 16, 0.3
_COPY = 4
_BLEEDS, _FAR_APART = 0.55, 48  # _FAR_APART: levels between F and B, below which nothing can be told
_AWAY, _MIN_HIDDEN, _DETAIL, _DRAWN_ON, _SAME = 0.03, 0.02, 0.5, 0.45, 12


def premultiplied(fg: UInt8, alpha: Matte) -> Finding | None:
    """Find colour that is stored multiplied by alpha, or blended with black.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3), RGB
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "premultiplied": the error of "colour = alpha · F" by that of "colour = F", at most 0.5, where F is
        the colour of the nearest opaque pixel.

    Raises
    ------
    DataError
        If fg or alpha is not such an array, or their sizes differ.

    Notes
    -----
    Premultiplied colour is that of Porter and Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    check_colour(fg, alpha.shape, "fg")
    fg, alpha = _thinned(fg, alpha, 1024)
    core = alpha >= _OPAQUE * alpha.max()
    band = (alpha >= _LOW) & (alpha < _BAND * alpha.max())
    if np.count_nonzero(band) < _MIN_ASKED:
        return None
    colour, share = fg[band].astype(float), alpha[band].astype(float)
    too_bright = float(np.mean(colour.max(axis=1) > share + _BRIGHTER))
    if too_bright > _TOO_BRIGHT:  # asked first: it is cheap, and says no of most straight colour
        return None
    nearest = nearest_pixel(core)[band]
    opaque, top = (plane[nearest].astype(float) for plane in (fg[core], alpha[core]))
    ratio = share / top
    measured = opaque.max(axis=1) * (1 - ratio) >= _APART
    if np.count_nonzero(measured) < _MIN_ASKED:
        return None
    multiplied = np.abs(colour - opaque * ratio[:, None])[measured].sum()
    straight = np.abs(colour - opaque)[measured].sum()
    if multiplied > _FIT * straight:
        return None
    brightness = (colour.max(axis=1) / np.maximum(opaque.max(axis=1), 1))[measured]
    around = ratio[measured] - ratio[measured].mean()
    if (around * brightness).sum() < _RISES * (around**2).sum():
        return None
    figure = float(multiplied / straight)
    return finding_of(
        "premultiplied",
        figure,
        f"alpha times the nearest opaque colour explains the edge {1 / max(figure, 0.01):.1f} times as well "
        "as that colour itself; select it with --allow premultiplied and build it with --unpremultiply",
    )


def bleed(fg: UInt8, alpha: Matte, photograph: UInt8) -> Finding | None:
    """Find estimated colours that have kept the background of the photograph they come from.

    Known in the field as colour spill. A photograph taken for its own foreground has t = 1 - alpha, 0.6 and
    more on the pixels that are measured.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3), RGB
        The estimated colours.
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.
    photograph : uint8, shape (H, W, 3), RGB
        What they were estimated from.

    Returns
    -------
    Finding or None
        "bleed": the mean of t in colour = (1 - t) F + t B over edge pixels, 0.55 or more, where F and B are
        the colours of the nearest opaque pixel and the nearest pixel of alpha 0.

    Raises
    ------
    DataError
        If fg or alpha is not such an array, or their sizes differ.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    check_colour(fg, alpha.shape, "fg")
    (fg, _), (photograph, alpha) = _thinned(fg, alpha, 1024), _thinned(photograph, alpha, 1024)
    core, outside = alpha >= _OPAQUE * alpha.max(), alpha == 0
    band = (alpha >= _LOW) & (alpha < _BAND * alpha.max())
    if not outside.any() or np.count_nonzero(band) < _MIN_ASKED:
        return None
    colour = fg[band].astype(float)
    opaque = photograph[core][nearest_pixel(core)[band]].astype(float)
    behind = photograph[outside][nearest_pixel(outside)[band]].astype(float)
    apart = behind - opaque
    distance = np.linalg.norm(apart, axis=1)
    measured = distance >= _FAR_APART
    if np.count_nonzero(measured) < _MIN_ASKED:
        return None
    t = ((colour - opaque) * apart).sum(axis=1)[measured] / distance[measured] ** 2
    figure = float(np.clip(t, 0, 1).mean())
    if figure < _BLEEDS:
        return None
    return finding_of(
        "bleed", figure, f"at the edges {figure:.0%} of the way from object to background colours"
    )


def mismatch(fg: UInt8, alpha: Matte) -> Finding | None:
    """Find an alpha that was made for another picture, or for this one mirrored or turned by 180°.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3), RGB
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "mismatch": by how much the correlation of the edges of colour and alpha rises when alpha is turned
        (0.1 or more); or, over a plain background, the lesser share of object left out and background let in
        (0.3 or more); or the mean difference of colour and alpha in levels (at most 4).

    Raises
    ------
    DataError
        If fg or alpha is not such an array, or their sizes differ.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    check_colour(fg, alpha.shape, "fg")
    fg, alpha = _thinned(fg, alpha, 512)
    if min(alpha.shape) < _SMALLEST:
        return None
    return _copy(fg, alpha) or _turned(fg, alpha) or _swapped(fg, alpha)


def mismatch_of_orientation(fg: UInt8, alpha: Matte, orientation: int) -> Finding | None:
    """Find an alpha made from the rows as stored, beside a colour that its header's orientation has turned.

    The header alone is no proof: many programs apply the orientation before they make a matte.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3), RGB
        As it is seen: turned by its orientation.
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.
    orientation : int
        The EXIF orientation 1..8 of the colour.

    Returns
    -------
    Finding or None
        "mismatch": by how much the correlation of the edges rises when alpha is turned too, 0.05 or more.

    Raises
    ------
    DataError
        If fg or alpha is not such an array, or their sizes differ.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    check_colour(fg, alpha.shape, "fg")
    turned = turn_upright(alpha, orientation)
    if turned.shape != alpha.shape:
        return None
    fg, alpha = _thinned(fg, alpha, 512)
    turned = turned[:: -(-max(turned.shape) // 512), :: -(-max(turned.shape) // 512)]
    if min(alpha.shape) < _SMALLEST:
        return None
    edges = _edges(fg.mean(axis=2))
    as_it_is, better = _correlation(edges, _edges(alpha)), _correlation(edges, _edges(turned))
    figure = better - as_it_is
    if figure < _BETTER_BY_HEADER:
        return None
    return finding_of(
        "mismatch",
        figure,
        f"alpha's edges fit the colour better turned by the EXIF orientation {orientation} of the colour, by "
        f"{figure:.2f}: it was made from the rows as stored",
    )


def hidden(fg: UInt8, alpha: Matte) -> Finding | None:
    """Find the photograph's own background under alpha 0: good to know, as a network could see it.

    Parameters
    ----------
    fg : uint8, shape (H, W, 3), RGB
    alpha : shape (H, W), uint8 in 0..255 or float in [0, 1]
        A float matte counts in 8 bits, with what is fractional kept so.

    Returns
    -------
    Finding or None
        "hidden": the median detail of the colour far under alpha 0, in levels, 0.5 or more, where less than
        45 % of it is the nearest visible colour drawn on.

    Raises
    ------
    DataError
        If fg or alpha is not such an array, or their sizes differ.
    """
    alpha = as_levels(alpha, keep_fractional=True)
    check_colour(fg, alpha.shape, "fg")
    fg, alpha = _thinned(fg, alpha, 512)
    invisible = alpha == 0
    if not invisible.any() or invisible.all():
        return None
    far: Mask = cv2.distanceTransform(invisible.astype(np.uint8), cv2.DIST_L2, 5) > _AWAY * max(alpha.shape)
    if far.mean() < _MIN_HIDDEN:
        return None
    colour = fg.astype(np.float32)
    detail = float(np.median(np.abs(colour - cv2.GaussianBlur(colour, (0, 0), 1.5)).mean(axis=2)[far]))
    drawn_on = fg[~invisible][nearest_pixel(~invisible)[far]].astype(int)
    same = float(np.mean(np.abs(drawn_on - fg[far]).max(axis=1) <= _SAME))
    if detail < _DETAIL or same >= _DRAWN_ON:
        return None
    return finding_of("hidden", detail, f"under alpha 0 the colour has detail of {detail:.1f} levels")


def _copy(fg: UInt8, alpha: UInt8) -> Finding | None:
    difference = float(np.abs(fg.astype(int) - alpha[..., None]).mean())
    if difference > _COPY or alpha.std() < 4 * _COPY:
        return None
    return finding_of("mismatch", difference, f"the colour is the alpha again, {difference:.1f} levels apart")


def _swapped(fg: UInt8, alpha: UInt8) -> Finding | None:
    """Compare alpha with the object that stands out of a plain background, if there is one."""
    frame = np.concatenate([fg[0], fg[-1], fg[:, 0], fg[:, -1]]).astype(int)
    plain = np.median(frame, axis=0)
    if np.mean(np.abs(frame - plain).max(axis=1) <= 4) < _PLAIN:
        return None
    stands_out: Mask = np.abs(fg - plain).max(axis=2) > _DIFFERS
    inside: Mask = alpha >= 128
    if stands_out.mean() < _OBJECT or not inside.any():
        return None
    left_out = np.count_nonzero(stands_out & (alpha < 16)) / np.count_nonzero(stands_out)
    let_in = np.count_nonzero(inside & ~stands_out) / np.count_nonzero(inside)
    figure = min(left_out, let_in)
    if figure < _SWAPPED:
        return None
    return finding_of(
        "mismatch",
        figure,
        f"alpha leaves out {left_out:.0%} of what stands out of the plain background, and {let_in:.0%} of "
        "what it lets in is that background",
    )


def _turned(fg: UInt8, alpha: UInt8) -> Finding | None:
    if np.percentile(_slopes(alpha), 99.5) < _STEEP:
        return None  # smoke, and what is far out of focus, has no edges that could lie apart
    edges = _edges(fg.mean(axis=2))
    turns = {"mirrored": (1, -1), "upside down": (-1, 1), "turned by 180°": (-1, -1)}
    as_it_is = _correlation(edges, _edges(alpha))
    others = {
        name: _correlation(edges, _edges(np.ascontiguousarray(alpha[::down, ::right])))
        for name, (down, right) in turns.items()
    }
    best = max(others, key=lambda name: others[name])
    better = others[best] - as_it_is
    if better < _BETTER or others[best] < _FITS:
        return None
    return finding_of("mismatch", better, f"alpha's edges fit the colour better {best}, by {better:.2f}")


def _edges(plane: npt.NDArray[np.generic]) -> _Plane:
    smooth = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), 1)
    return np.asarray(np.log1p(8 * _slopes(smooth)), np.float32)


def _slopes(plane: npt.NDArray[np.generic]) -> _Plane:
    """Return the length of the gradient, levels a pixel (3 x 3 Sobel / 8)."""
    x, y = sobel(plane.astype(np.float32), border=cv2.BORDER_DEFAULT)
    return np.asarray(np.hypot(x, y) / 8, np.float32)


def _correlation(first: _Plane, other: _Plane) -> float:
    if min(first.std(), other.std()) < _FLAT:
        return 0.0
    return float(np.corrcoef(first.ravel(), other.ravel())[0, 1])


def _thinned(fg: UInt8, alpha: UInt8, side: int) -> tuple[UInt8, UInt8]:
    step = -(-max(alpha.shape) // side)
    return fg[::step, ::step], alpha[::step, ::step]
