"""Closed-form matting of one image while its trimap is drawn: each stroke is solved again at once."""

import threading
from typing import NamedTuple

import numpy as np

from simd.errors import DataError
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, Mask, UInt8
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.methods.classical.direct.grid import Float64, Int32, Int64, System, with_margin
from simd.methods.classical.direct.renewal import KeptFactor
from simd.methods.classical.windows import EPSILON, REACH, add_equations, window_system

_UNDO = 200  # strokes


class Box(NamedTuple):
    """A part of an image: ``image[box.top:box.bottom, box.left:box.right]``; nothing is empty, too."""

    top: int
    bottom: int
    left: int
    right: int


class _Stroke(NamedTuple):
    pixels: Int64  # in the flat trimap
    before: UInt8
    after: UInt8


class ClosedFormEditor:
    """An image and a trimap that is drawn on, with the closed-form alpha of what has been drawn so far.

    Parameters
    ----------
    image : uint8, shape (H, W, 3), RGB
        At least 3 × 3; it stays.
    trimap : uint8, shape (H, W), optional
        0, 128 and 255 to start with; else all is unknown.
    epsilon : float
        As of :func:`~simd.methods.classical.closed_form.estimate_alpha_closed_form`.

    Raises
    ------
    DataError
        If image or trimap are not of these shapes, dtypes and values.
    numpy.linalg.LinAlgError
        If nothing solves the equation.

    Notes ----- The order of elimination and its fronts are kept. A stroke renews the fronts of the pixels
    that it changes and of their neighbours, and those above them, and nothing else. The alpha is that of
    a whole solve of the trimap, within 1e-5 (1e-6 where it was measured), whatever was drawn before.
    Where that fails (a pivot that is not positive, or a residual above 1e-5), the picture is solved as a
    whole.

    A stroke takes some 50 ms at a megapixel, and about a second where most of it is unknown. The first
    solve takes as long as the method `closed-form`. It is made anew where a quarter of the picture
    changes at once, or the unknown region has grown to twice what it was. Memory is what the fronts need:
    2 to 5 KB for each unknown pixel (see :attr:`nbytes`), so draw a coarse trimap before the first solve
    of a large picture.

    Methods may be called from several threads; one waits for the other. Arrays handed out never change.
    Editors share nothing, except that only one at a time factors fronts.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((30, 40, 3), np.uint8)
    >>> image[:, 20:] = 200
    >>> editor = ClosedFormEditor(image)
    >>> left, right = np.zeros((2, 30, 40), bool)
    >>> left[5:20, 3:6], right[5:20, 34:37] = True, True
    >>> _ = editor.paint(left, 0)
    >>> editor.paint(right, 255)
    Box(top=0, bottom=30, left=0, right=40)
    >>> editor.alpha[15, [10, 30]].round(3).tolist()
    [0.0, 1.0]
    >>> _ = editor.undo()
    >>> bool(editor.alpha.any())
    False
    """

    def __init__(self, image: UInt8, trimap: UInt8 | None = None, *, epsilon: float = EPSILON) -> None:
        self._image = np.array(_checked_image(image), order="C")
        shape = self._image.shape[:2]
        if trimap is None:
            trimap = np.full(shape, UNKNOWN, np.uint8)
        self._trimap = np.array(_checked_trimap(trimap, shape), order="C")
        self._epsilon = epsilon
        self._lock = threading.RLock()
        self._undo: list[_Stroke] = []
        self._redo: list[_Stroke] = []
        self._kept: KeptFactor | None = None
        self._pixels_at_start = 0
        self._is_foreground = with_margin(self._trimap == FOREGROUND, REACH)
        self._alpha: Float64 = np.empty(0)
        self._start()

    @property
    def alpha(self) -> Float64:
        """The matte, in [0, 1], shape (H, W), of the trimap as it is now: read-only, and never changed after.

        As of the method `closed-form`, a trimap without any foreground gives 0 on the unknown region, one
        without background 1, one with neither 0.5.
        """
        return self._alpha

    @property
    def trimap(self) -> UInt8:
        """A copy of the trimap as it is now."""
        with self._lock:
            return self._trimap.copy()

    @property
    def nbytes(self) -> int:
        """Memory that is held, in bytes."""
        with self._lock:
            arrays = (self._image, self._trimap, self._is_foreground, self._alpha)
            strokes = (array for stroke in self._undo + self._redo for array in stroke)
            own = sum(array.nbytes for array in arrays) + sum(array.nbytes for array in strokes)
            return own + (self._kept.nbytes if self._kept else 0)

    def paint(self, stroke: Mask, value: int) -> Box:
        """Make the pixels of a stroke foreground (255), background (0) or unknown (128), and solve again.

        Parameters
        ----------
        stroke : bool, shape (H, W)
        value : int
            0, 128 or 255.

        Returns
        -------
        Box
            Where alpha is another than before.

        Raises
        ------
        DataError
            If `stroke` is not such a mask, or `value` another.
        numpy.linalg.LinAlgError
            If nothing solves the equation. The trimap and alpha stay as they were.
        """
        stroke = np.asarray(stroke)
        if stroke.shape != self._trimap.shape or stroke.dtype != bool:
            raise DataError(f"a stroke is bool {self._trimap.shape}, not {stroke.dtype} {stroke.shape}")
        if value not in (BACKGROUND, UNKNOWN, FOREGROUND):
            raise DataError(f"a stroke makes pixels 0, 128 or 255, not {value!r}")
        with self._lock:
            return self._draw(np.where(stroke, np.uint8(value), self._trimap))

    def draw(self, trimap: UInt8) -> Box:
        """Change the trimap to another as one stroke, and solve again; as :meth:`paint`."""
        trimap = _checked_trimap(trimap, self._trimap.shape)
        with self._lock:
            return self._draw(trimap)

    def undo(self) -> Box | None:
        """Take the last stroke back; return where alpha is another, or None if there is no stroke left."""
        with self._lock:
            return self._step(self._undo, self._redo, back=True)

    def redo(self) -> Box | None:
        """Draw the stroke that was taken back last; return where alpha is another, or None."""
        with self._lock:
            return self._step(self._redo, self._undo, back=False)

    def _draw(self, trimap: UInt8) -> Box:
        pixels = np.flatnonzero(trimap != self._trimap)
        if not len(pixels):
            return Box(0, 0, 0, 0)
        stroke = _Stroke(pixels, self._trimap.ravel()[pixels], trimap.ravel()[pixels])
        box = self._apply(pixels, stroke.after)
        self._redo.clear()
        self._undo.append(stroke)
        del self._undo[:-_UNDO]
        return box

    def _step(self, source: list[_Stroke], target: list[_Stroke], *, back: bool) -> Box | None:
        if not source:
            return None
        stroke = source[-1]
        box = self._apply(stroke.pixels, stroke.before if back else stroke.after)
        target.append(source.pop())
        return box

    def _apply(self, pixels: Int64, values: UInt8) -> Box:
        before, alpha = self._trimap.ravel()[pixels], self._alpha
        self._set(pixels, values)
        try:
            self._solve_again(pixels)
        except BaseException:  # memory ran out, an interrupt: what was kept is half renewed
            self._kept = None
            self._set(pixels, before)
            raise
        return _box(self._alpha != alpha)

    def _set(self, pixels: Int64, values: UInt8) -> None:
        self._trimap.ravel()[pixels] = values
        self._is_foreground[self._addresses(pixels)] = values == FOREGROUND

    def _addresses(self, pixels: Int64) -> Int32:
        """Return the addresses of pixels in a grid."""
        width = self._trimap.shape[1]
        y, x = np.divmod(pixels, width)
        addresses: Int32 = ((y + REACH) * (width + 2 * REACH) + x + REACH).astype(np.int32)
        return addresses

    def _start(self) -> None:
        """Solve without anything kept; if that fails, by what else there is for a whole picture."""
        self._kept = None
        if self._fill():
            return
        try:
            system = window_system(self._image, self._trimap, epsilon=self._epsilon)
            self._kept = KeptFactor(system)
        except np.linalg.LinAlgError:
            alpha = estimate_alpha_closed_form(self._image, self._trimap, epsilon=self._epsilon)
            self._hand_out(np.clip(alpha, 0, 1))
            return
        self._pixels_at_start = len(self._kept.slots)
        self._publish()

    def _solve_again(self, pixels: Int64) -> None:
        if self._fill():
            self._kept = None
            return
        unknown = int(np.count_nonzero(self._trimap == UNKNOWN))
        kept = self._kept
        if kept is None or unknown > 2 * self._pixels_at_start or 4 * len(pixels) > self._trimap.size:
            self._start()  # the order of elimination was chosen for another region
            return
        y, x = np.divmod(pixels, self._trimap.shape[1])
        height, width = self._trimap.shape
        box = Box(
            max(0, int(y.min()) - REACH),
            min(height, int(y.max()) + REACH + 1),
            max(0, int(x.min()) - REACH),
            min(width, int(x.max()) + REACH + 1),
        )

        def assemble(system: System) -> None:
            slots = system.grid.slots.reshape(height + 2 * REACH, -1)
            inside = slots[box.top + REACH : box.bottom + REACH, box.left + REACH : box.right + REACH]
            inside = inside[inside >= 0]
            system.rows[inside] = 0
            system.rhs[inside] = 0
            add_equations(self._image, system, self._is_foreground, False, self._epsilon, box)

        try:
            kept.change(self._addresses(pixels), self._trimap.ravel()[pixels] == UNKNOWN, assemble)
        except np.linalg.LinAlgError:
            self._start()
        else:
            self._publish()

    def _publish(self) -> None:
        """Make alpha of what is kept."""
        assert self._kept is not None
        kept, width = self._kept, self._trimap.shape[1] + 2 * REACH
        slots = kept.system.grid.slots.reshape(-1, width)[REACH:-REACH, REACH:-REACH]
        alpha = np.where(slots >= 0, kept.x[slots], self._trimap == FOREGROUND)
        self._hand_out(np.clip(alpha, 0, 1))

    def _fill(self) -> bool:
        """Give the unknown region one value, if there is none or the trimap says no more."""
        foreground, background, unknown = (
            bool((self._trimap == value).any()) for value in (FOREGROUND, BACKGROUND, UNKNOWN)
        )
        if foreground and background and unknown:
            return False
        value = 0.5 if foreground == background else float(foreground)
        self._hand_out(np.where(self._trimap == UNKNOWN, value, self._trimap / 255.0))
        return True

    def _hand_out(self, alpha: Float64) -> None:
        alpha.setflags(write=False)
        self._alpha = alpha


def _box(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return Box(0, 0, 0, 0)
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _checked_image(image: UInt8) -> UInt8:
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < 3:
        raise DataError(f"an image is uint8 (H, W, 3), at least 3 × 3, not {image.dtype} {image.shape}")
    return image


def _checked_trimap(trimap: UInt8, shape: tuple[int, ...]) -> UInt8:
    trimap = np.asarray(trimap)
    if trimap.dtype != np.uint8 or trimap.shape != tuple(shape):
        raise DataError(f"a trimap of this image is uint8 {shape}, not {trimap.dtype} {trimap.shape}")
    if (others := ~np.isin(trimap, (BACKGROUND, UNKNOWN, FOREGROUND))).any():
        raise DataError(f"a trimap holds 0, 128 and 255, not {int(trimap[others][0])}")
    return trimap
