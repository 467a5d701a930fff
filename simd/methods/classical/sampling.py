"""The loops of Shared Sampling, to the last digit those of pymatting 1.1: see shared.py for what they are.

Every sum is taken in pymatting's order and precision, so the loops are compiled without contraction. What
makes them faster: rays leap over pixels that are nowhere near a known one; what cannot be the smallest is
given up early; and windows are summed a row of pixels at a time, which keeps each pixel's order and still
vectorises.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simd.image import BACKGROUND, FOREGROUND, UNKNOWN
from simd.jit import compiled_exactly

Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]
UInt8: TypeAlias = npt.NDArray[np.uint8]
Int64: TypeAlias = npt.NDArray[np.int64]

ANGLES = 4
_GRID = 8  # pixels of a block of 8 x 8 each begin at an angle of their own
_SAFE = 1.001  # rounding moves a cost by far less
_BRIDGED = 24  # known pixels between two unknown ones of a row that are summed with them
_MOST = 256  # pixels summed at a time


@compiled_exactly
def expand(
    expanded: UInt8, trimap: UInt8, image: Float32, distance: Float32, radius: int, reach: Any
) -> None:
    """Give unknown pixels the value of the nearest known one of nearly their colour.

    `distance` is the chessboard distance to the nearest known pixel; `reach`, float32, the largest distance
    of colours.
    """
    side = 2 * radius + 1
    spaces = np.empty(side * side)
    for n in range(side * side):
        spaces[n] = np.hypot(n % side - radius, n // side - radius)
    order = np.argsort(spaces, kind="mergesort")  # of equally near ones the first in reading order
    starts = np.zeros(radius + 2, np.int64)
    for d in range(radius + 2):
        while starts[d] < len(order) and spaces[order[starts[d]]] < d:
            starts[d] += 1
    height, width = trimap.shape
    for y in range(height):
        for x in range(width):
            if trimap[y, x] != UNKNOWN or distance[y, x] > radius:
                continue
            for k in range(starts[int(distance[y, x])], len(order)):
                n = order[k]
                if spaces[n] > radius:
                    break
                x2, y2 = x + n % side - radius, y + n // side - radius
                if x2 < 0 or x2 >= width or y2 < 0 or y2 >= height or trimap[y2, x2] == UNKNOWN:
                    continue
                red = image[y, x, 0] - image[y2, x2, 0]
                green = image[y, x, 1] - image[y2, x2, 1]
                blue = image[y, x, 2] - image[y2, x2, 2]
                if np.sqrt(red * red + green * green + blue * blue) > reach:
                    continue
                expanded[y, x] = trimap[y2, x2]
                break


@compiled_exactly
def gradients(image: Float32) -> Float32:
    """Return half the difference of the neighbours, across and down, float32 (H, W, 6); edges repeat."""
    height, width = image.shape[:2]
    slopes = np.empty((height, width, 6), np.float32)
    for y in range(height):
        up, down = min(height - 1, y + 1), max(0, y - 1)
        for x in range(width):
            left, right = max(0, x - 1), min(width - 1, x + 1)
            for c in range(3):
                slopes[y, x, c] = 0.5 * (image[y, right, c] - image[y, left, c])
                slopes[y, x, 3 + c] = 0.5 * (image[up, x, c] - image[down, x, c])
    return slopes


@compiled_exactly
def _path_cost(slopes: Float32, px: int, py: int, sx: int, sy: int, bound: float) -> Any:
    """Return the sum of colour changes on the way to a sample; or any number above `bound`, if it is above.

    pymatting takes the horizontal step for the vertical position, too; so it is here.
    """
    height = len(slopes)
    across, down = sx - px, sy - py
    length = np.hypot(across, down)
    if length == 0.0:
        return 0.0
    steps = max(1, min(10, int(np.ceil(length))))
    step_x, step_y = across / steps, down / steps
    total: Any = 0.0
    for i in range(steps + 1):
        x = int(px + float(i) * step_x)
        y = int(py + float(i) * step_x)
        inside = 0 <= y < height  # else both neighbours are the same edge
        y = max(0, min(height - 1, y))
        slope = slopes[y, x]
        if inside:
            v0 = step_x * slope[0] + step_y * slope[3]
            v1 = step_x * slope[1] + step_y * slope[4]
            v2 = step_x * slope[2] + step_y * slope[5]
        else:
            v0, v1, v2 = step_x * slope[0], step_x * slope[1], step_x * slope[2]
        total += np.sqrt(v0 * v0 + v1 * v1 + v2 * v2)
        if total > bound:
            return total
    return np.float64(np.float32(total))


@compiled_exactly
def gather(
    fg: Float32,
    bg: Float32,
    image: Float32,
    trimap: UInt8,
    far: UInt8,
    weights: Any,
) -> None:
    """Write to each unknown pixel the best pair of the samples that rays in four directions meet first.

    fg and bg, float32 (H, W, 3), hold the mean colours of what is known, and are changed where known, too.
    `far`, uint8 (H, W, 2), holds the chessboard distances to known foreground and background, at most 255.
    `weights` are the powers of the costs, float32: 3 of the colours and 2 of alpha, which the bound beneath
    is for, and those of the two distances.
    """
    height, width = trimap.shape
    e_colour, e_alpha, e_fg, e_bg = weights
    slopes = gradients(image)
    cosines, sines = np.empty(_GRID * _GRID * ANGLES), np.empty(_GRID * _GRID * ANGLES)
    for start in range(_GRID * _GRID):
        first = 2.0 * np.pi / (_GRID * _GRID) * start
        for i in range(ANGLES):
            angle = 2.0 * np.pi / ANGLES * i + first
            cosines[start * ANGLES + i], sines[start * ANGLES + i] = np.cos(angle), np.sin(angle)
    fgs, bgs = np.empty((ANGLES, 3), np.float32), np.empty((ANGLES, 3), np.float32)
    fg_at, bg_at = np.empty((ANGLES, 2), np.int64), np.empty((ANGLES, 2), np.int64)
    fg_cost, bg_cost = np.empty(ANGLES), np.empty(ANGLES)
    nearest = np.empty(ANGLES, np.int64)
    for y in range(height):
        for x in range(width):
            colour = image[y, x]
            if trimap[y, x] == BACKGROUND:
                bg[y, x] = colour
            elif trimap[y, x] == FOREGROUND:
                fg[y, x] = colour
            if trimap[y, x] != UNKNOWN:
                continue
            start = ((x % _GRID) + (y % _GRID) * _GRID) * 99991 % (_GRID * _GRID)
            n_fg = n_bg = 0
            for i in range(ANGLES):
                cosine, sine = cosines[start * ANGLES + i], sines[start * ANGLES + i]
                has_fg = has_bg = False
                step = 0
                while not (has_fg and has_bg):
                    x2, y2 = int(x + step * cosine), int(y + step * sine)
                    if x2 < 0 or y2 < 0 or x2 >= width or y2 >= height:
                        break
                    to_fg, to_bg = far[y2, x2, 0], far[y2, x2, 1]
                    if not has_fg and to_fg == 0:
                        fgs[n_fg] = image[y2, x2]
                        fg_at[n_fg, 0], fg_at[n_fg, 1] = x2, y2
                        n_fg += 1
                        has_fg = True
                    if not has_bg and to_bg == 0:
                        bgs[n_bg] = image[y2, x2]
                        bg_at[n_bg, 0], bg_at[n_bg, 1] = x2, y2
                        n_bg += 1
                        has_bg = True
                    leap = to_bg if has_fg else to_fg if has_bg else min(to_fg, to_bg)
                    step += max(1, leap)  # nothing that is looked for lies nearer
            if n_fg == 0:
                fgs[0] = fg[y, x]
                fg_at[0, 0], fg_at[0, 1] = x, y
                n_fg = 1
            if n_bg == 0:
                bgs[0] = bg[y, x]
                bg_at[0, 0], bg_at[0, 1] = x, y
                n_bg = 1
            least_fg = least_bg = np.inf
            _measure(fg_cost, nearest, fg_at[:n_fg], x, y)
            for i in nearest[:n_fg]:  # the shortest paths cost least, so that the others are given up early
                least_fg = min(least_fg, _path_cost(slopes, x, y, fg_at[i, 0], fg_at[i, 1], least_fg))
                fg_cost[i] = fg_cost[i] ** e_fg
            _measure(bg_cost, nearest, bg_at[:n_bg], x, y)
            for j in nearest[:n_bg]:
                least_bg = min(least_bg, _path_cost(slopes, x, y, bg_at[j, 0], bg_at[j, 1], least_bg))
                bg_cost[j] = bg_cost[j] ** e_bg
            likely_fg = least_bg / (least_fg + least_bg + 1e-5)
            least = np.inf
            for i in range(n_fg):
                for j in range(n_bg):
                    alpha = _projected(colour, fgs[i], bgs[j])
                    spread = likely_fg + (1.0 - 2.0 * likely_fg) * alpha
                    bound = least * _SAFE / (spread * spread * fg_cost[i] * bg_cost[j] + 1e-300)
                    misfit = _misfit_around(image, x, y, fgs[i], bgs[j], bound)
                    if misfit < 0:
                        continue
                    cost = np.float32(misfit) ** e_colour * spread**e_alpha * fg_cost[i] * bg_cost[j]
                    if least > cost:
                        least = cost
                        fg[y, x] = fgs[i]
                        bg[y, x] = bgs[j]


@compiled_exactly
def _measure(distances: Float64, order: Int64, at: Int64, x: int, y: int) -> None:
    """Write the distances to some places, and their numbers, the nearest first."""
    for i in range(len(at)):
        distances[i] = np.hypot(x - at[i, 0], y - at[i, 1])
        k = i
        while k > 0 and distances[order[k - 1]] > distances[i]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = i


@compiled_exactly
def _projected(colour: Float32, fg: Float32, bg: Float32) -> Any:
    """Return alpha, float32 in 0..1: where on the line from bg to fg the colour falls."""
    fb0, fb1, fb2 = fg[0] - bg[0], fg[1] - bg[1], fg[2] - bg[2]
    ib0, ib1, ib2 = colour[0] - bg[0], colour[1] - bg[1], colour[2] - bg[2]
    length = fb0 * fb0 + fb1 * fb1 + fb2 * fb2 + 1e-5
    return np.float32(max(0.0, min(1.0, (ib0 * fb0 + ib1 * fb1 + ib2 * fb2) / length)))


@compiled_exactly
def _misfit_around(image: Float32, x: int, y: int, fg: Float32, bg: Float32, bound: float) -> Any:
    """Return how badly two colours explain 3 x 3 pixels; -1 where its cube is above a bound."""
    height, width = image.shape[:2]
    fb0, fb1, fb2 = fg[0] - bg[0], fg[1] - bg[1], fg[2] - bg[2]
    length = fb0 * fb0 + fb1 * fb1 + fb2 * fb2 + 1e-5
    total: Any = 0.0
    for down in range(y - 1, y + 2):
        for across in range(x - 1, x + 2):
            colour = image[max(0, min(height - 1, down)), max(0, min(width - 1, across))]
            ib0, ib1, ib2 = colour[0] - bg[0], colour[1] - bg[1], colour[2] - bg[2]
            a = np.float32(max(0.0, min(1.0, (ib0 * fb0 + ib1 * fb1 + ib2 * fb2) / length)))
            d0 = a * fg[0] + (1.0 - a) * bg[0] - colour[0]
            d1 = a * fg[1] + (1.0 - a) * bg[1] - colour[1]
            d2 = a * fg[2] + (1.0 - a) * bg[2] - colour[2]
            total += np.float32(d0 * d0 + d1 * d1 + d2 * d2)
        if total * total * total > bound:
            return -1.0
    return total


@compiled_exactly
def segments(unknown_row: UInt8) -> Int64:
    """Return where the unknown pixels of a row lie, int64 (n, 2): start and stop; short gaps are bridged."""
    spans = np.empty((len(unknown_row), 2), np.int64)
    n = 0
    for x in range(len(unknown_row)):
        if unknown_row[x] != UNKNOWN:
            continue
        if n and x - spans[n - 1, 1] <= _BRIDGED and x - spans[n - 1, 0] < _MOST:
            spans[n - 1, 1] = x + 1
        else:
            spans[n, 0], spans[n, 1] = x, x + 1
            n += 1
    return spans[:n]


@compiled_exactly
def refine(
    refined_fg: Float32,
    refined_bg: Float32,
    alpha: Float32,
    fg: Float32,
    bg: Float32,
    image: Float32,
    trimap: UInt8,
    radius: int,
) -> None:
    """Give each unknown pixel the mean of the three pairs around it that explain its colour best.

    Colours are planes, float32 (3, H, W).
    """
    height, width = trimap.shape
    costs = np.empty((4, _MOST), np.float32)  # of three pairs, and of the one at hand
    at = np.empty((3, _MOST), np.int32)
    for y in range(height):
        for start, stop in segments(trimap[y]):
            costs[:3] = np.inf
            at[:] = -1
            n = 0
            for dy in range(-radius, radius + 1):
                for dx in range(-radius, radius + 1):
                    y2, low, high = y + dy, max(start, -dx), min(stop, width - dx)
                    if 0 <= y2 < height and low < high:
                        inside, around = slice(low - start, high - start), slice(low + dx, high + dx)
                        _costs(costs[3, inside], image[:, y, low:high], fg[:, y2, around], bg[:, y2, around])
                        _keep_three(costs[:, inside], at[:, inside], n)
                    n += 1
            for x in range(start, stop):
                if trimap[y, x] != UNKNOWN:
                    continue
                for c in range(3):
                    total_fg = total_bg = np.float32(0)
                    for k in range(3):
                        n = at[k, x - start]
                        if n >= 0:
                            y2, x2 = y + n // (2 * radius + 1) - radius, x + n % (2 * radius + 1) - radius
                            total_fg += fg[c, y2, x2]
                            total_bg += bg[c, y2, x2]
                    refined_fg[c, y, x], refined_bg[c, y, x] = total_fg / 3, total_bg / 3
                alpha[y, x] = _projected(image[:, y, x], refined_fg[:, y, x], refined_bg[:, y, x])


@compiled_exactly
def _costs(costs: Float32, colours: Float32, fg: Float32, bg: Float32) -> None:
    """Write how badly each pair explains its pixel's colour: the squared distance to their mixture."""
    red, green, blue = colours[0], colours[1], colours[2]
    fg0, fg1, fg2 = fg[0], fg[1], fg[2]
    bg0, bg1, bg2 = bg[0], bg[1], bg[2]
    for i in range(len(costs)):
        fb0, fb1, fb2 = fg0[i] - bg0[i], fg1[i] - bg1[i], fg2[i] - bg2[i]
        ib0, ib1, ib2 = red[i] - bg0[i], green[i] - bg1[i], blue[i] - bg2[i]
        length = fb0 * fb0 + fb1 * fb1 + fb2 * fb2 + 1e-5
        a = np.float32(max(0.0, min(1.0, (ib0 * fb0 + ib1 * fb1 + ib2 * fb2) / length)))
        d0 = a * fg0[i] + (1.0 - a) * bg0[i] - red[i]
        d1 = a * fg1[i] + (1.0 - a) * bg1[i] - green[i]
        d2 = a * fg2[i] + (1.0 - a) * bg2[i] - blue[i]
        costs[i] = d0 * d0 + d1 * d1 + d2 * d2


@compiled_exactly
def _keep_three(costs: Float32, at: npt.NDArray[np.int32], n: int) -> None:
    """Put candidate n in the place of the worst of three, the first of equals, where it costs less."""
    cost0, cost1, cost2, costs_n = costs[0], costs[1], costs[2], costs[3]
    at0, at1, at2 = at[0], at[1], at[2]
    number = np.int32(n)
    for i in range(len(costs_n)):
        a, b, c, new = cost0[i], cost1[i], cost2[i], costs_n[i]
        first = (a >= b) & (a >= c)
        second = ~first & (b >= c)
        in0, in1, in2 = first & (new < a), second & (new < b), ~first & ~second & (new < c)
        cost0[i] = new if in0 else a
        cost1[i] = new if in1 else b
        cost2[i] = new if in2 else c
        at0[i] = number if in0 else at0[i]
        at1[i] = number if in1 else at1[i]
        at2[i] = number if in2 else at2[i]


@compiled_exactly
def weigh(
    alpha: Float32,
    window: Float64,
    refined_alpha: Float32,
    fg: Float32,
    bg: Float32,
    image: Float32,
    trimap: UInt8,
) -> tuple[Float32, Float32, Float32]:
    """Smooth the colours around each unknown pixel, and project it on them: `alpha` is changed there.

    Returns how badly the smoothed colours explain each pixel, its weight, and how far its colours lie apart.
    `window`, (2 r + 1, 2 r + 1), weighs what lies around.
    """
    height, width = trimap.shape
    radius = len(window) // 2
    weight, contrast = np.zeros((height, width), np.float32), np.empty((height, width), np.float32)
    misfit = np.zeros((height, width), np.float32)
    of_fg, of_bg = np.empty(_MOST), np.empty(_MOST)
    sum_fg, sum_bg = np.empty(_MOST), np.empty(_MOST)
    mean_fg, mean_bg = np.empty((3, _MOST), np.float32), np.empty((3, _MOST), np.float32)
    for y in range(height):
        for x in range(width):
            contrast[y, x] = _distance(fg[:, y, x], bg[:, y, x])
        for start, stop in segments(trimap[y]):
            sum_fg[:], sum_bg[:] = 0, 0
            mean_fg[:], mean_bg[:] = 0, 0
            for dy in range(-radius, radius + 1):
                for dx in range(-radius, radius + 1):
                    y2, low, high = y + dy, max(start, -dx), min(stop, width - dx)
                    if not 0 <= y2 < height or low >= high:
                        continue
                    inside, around = slice(low - start, high - start), slice(low + dx, high + dx)
                    own = refined_alpha[y, low:high]
                    centre = dx == 0 and dy == 0
                    spatial = window[dy + radius, dx + radius]
                    _weights(of_fg[inside], of_bg[inside], spatial, own, refined_alpha[y2, around], centre)
                    _add(sum_fg[inside], of_fg[inside])
                    _add(sum_bg[inside], of_bg[inside])
                    for c in range(3):
                        _add_products(mean_fg[c, inside], of_fg[inside], fg[c, y2, around])
                        _add_products(mean_bg[c, inside], of_bg[inside], bg[c, y2, around])
            for x in range(start, stop):
                if trimap[y, x] != UNKNOWN:
                    continue
                i = x - start
                for c in range(3):
                    mean_fg[c, i] /= sum_fg[i]
                    mean_bg[c, i] /= sum_bg[i]
                colour, one, other = image[:, y, x], mean_fg[:, i], mean_bg[:, i]
                a = _projected(colour, one, other)
                alpha[y, x] = a
                d0 = a * one[0] + (1.0 - a) * other[0] - colour[0]
                d1 = a * one[1] + (1.0 - a) * other[1] - colour[1]
                d2 = a * one[2] + (1.0 - a) * other[2] - colour[2]
                misfit[y, x] = d0 * d0 + d1 * d1 + d2 * d2
                contrast[y, x] = _distance(one, other)
                rough = refined_alpha[y, x]
                weight[y, x] = rough * (1.0 - rough)
    return misfit, weight, contrast


@compiled_exactly
def _distance(one: Float32, other: Float32) -> Any:
    total: Any = 0.0
    for c in range(3):
        total += (one[c] - other[c]) ** 2
    return np.float32(np.sqrt(total))


@compiled_exactly
def _weights(
    of_fg: Float64, of_bg: Float64, spatial: float, own: Float32, others: Float32, centre: bool
) -> None:
    for i in range(len(of_fg)):
        weight = spatial if centre else spatial * abs(own[i] - others[i])
        of_fg[i] = max(weight * others[i], 1e-5)
        of_bg[i] = max(weight * (1.0 - others[i]), 1e-5)


@compiled_exactly
def _add(sums: Float64, values: Any) -> None:
    for i in range(len(sums)):
        sums[i] += values[i]


@compiled_exactly
def _add_products(sums: Any, weights: Any, values: Float32) -> None:
    for i in range(len(sums)):
        sums[i] += weights[i] * values[i]


@compiled_exactly
def _add_scaled(sums: Float64, values: Float32, weight_known: float, weight: float, known: UInt8) -> None:
    for i in range(len(sums)):
        sums[i] += (weight if known[i] == UNKNOWN else weight_known) * values[i]


@compiled_exactly
def _add_either(sums: Float64, weight_known: float, weight: float, known: UInt8) -> None:
    for i in range(len(sums)):
        sums[i] += weight if known[i] == UNKNOWN else weight_known


@compiled_exactly
def blend(
    alpha: Float32,
    refined_alpha: Float32,
    misfit: Float32,
    weight: Float32,
    contrast: Float32,
    trimap: UInt8,
    window: Float64,
    spread: Any,
) -> None:
    """Blend alpha with the smooth one around it, the more the less sure it is; `spread` is float32."""
    height, width = trimap.shape
    radius = len(window) // 2
    sums, weights = np.empty(_MOST), np.empty(_MOST)
    smooth, smooth_weights = np.empty(_MOST), np.empty(_MOST)
    for y in range(height):
        for start, stop in segments(trimap[y]):
            sums[:], weights[:] = 0, 0
            smooth[:], smooth_weights[:] = 0, 0
            for dy in range(-radius, radius + 1):
                for dx in range(-radius, radius + 1):
                    y2, low, high = y + dy, max(start, -dx), min(stop, width - dx)
                    if not 0 <= y2 < height or low >= high:
                        continue
                    inside, around = slice(low - start, high - start), slice(low + dx, high + dx)
                    _add(weights[inside], weight[y2, around])
                    _add_products(sums[inside], weight[y2, around], contrast[y2, around])
                    spatial = window[dy + radius, dx + radius]
                    known = spatial + True
                    _add_scaled(smooth[inside], refined_alpha[y2, around], known, spatial, trimap[y2, around])
                    _add_either(smooth_weights[inside], known, spatial, trimap[y2, around])
            for x in range(start, stop):
                if trimap[y, x] != UNKNOWN:
                    continue
                i = x - start
                usual = sums[i] / (weights[i] + 1e-5) + 1e-5
                sure = np.float32(
                    min(1.0, contrast[y, x] / usual) * np.exp(-1.0 / spread * np.sqrt(misfit[y, x]))
                )
                low_frequency = np.float32(smooth[i] / smooth_weights[i])
                alpha[y, x] = sure * alpha[y, x] + (1.0 - sure) * low_frequency
