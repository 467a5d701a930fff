"""Protocol `exact`: integer arithmetic, Pillow's fixed-point Lanczos, seeded crops."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from simd.composition.arithmetic import LARGE, composite
from simd.composition.protocols import Prepared, Recipe, Scaled
from simd.errors import DataError
from simd.image import UPRIGHT, Reader, UInt8
from simd.records import Box
from simd.sources.rgba import extend_colour
from simd.trimap import default_radius, trimap_of

_MIN_SIDE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """The default protocol; no step depends on a library's version beyond Pillow's resampling.

    Parameters
    ----------
    max_side : int, optional
        The longest side of a composite: larger foregrounds are reduced, smaller ones stay.
    trimap_radius : int, optional
        Radius of the unknown region's dilation; by default max(3, round(0.01 · min(H, W))).
    """

    name: ClassVar[str] = "exact"
    reader: ClassVar[Reader] = UPRIGHT
    max_side: int | None = None
    trimap_radius: int | None = None

    def __post_init__(self) -> None:
        if self.max_side is not None and self.max_side < _MIN_SIDE:
            raise DataError(f"max-side must be at least {_MIN_SIDE} pixels, not {self.max_side}")
        if self.trimap_radius is not None and not 0 <= self.trimap_radius <= 200:
            raise DataError(f"trimap-radius must be in 0..200 pixels, not {self.trimap_radius}")

    @property
    def takes_official_trimaps(self) -> bool:
        """Yes, unless a radius asks for others."""
        return self.trimap_radius is None

    def prepare(self, fg: UInt8, alpha: UInt8, class_mask: UInt8 | None) -> Prepared:
        """Reduce a foreground to `max_side`; colour hidden under alpha 0 never reaches an edge."""
        height, width = alpha.shape
        if self.max_side is None or max(height, width) <= self.max_side:
            return Prepared(fg, alpha, class_mask)
        scale = self.max_side / max(height, width)
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        return Prepared(
            _resize(extend_colour(fg, alpha), size, Image.Resampling.LANCZOS),
            _resize(alpha, size, Image.Resampling.LANCZOS),
            None if class_mask is None else _resize(class_mask, size, Image.Resampling.NEAREST),
        )

    def trimap(self, alpha: UInt8) -> UInt8:
        """Make the trimap: fractional pixels dilated by a disc."""
        return trimap_of(alpha, self._radius(alpha.shape))

    def recipe(self, size: tuple[int, ...]) -> Recipe:
        """Give the trimap's radius in pixels."""
        return {"trimap_radius": self._radius(size)}

    def _radius(self, size: tuple[int, ...]) -> int:
        return default_radius(size) if self.trimap_radius is None else self.trimap_radius

    def place(
        self,
        bg: UInt8,
        size: tuple[int, int],
        rng: np.random.Generator,
        avoid: Box | None = None,
        scaled: Scaled | None = None,
    ) -> tuple[UInt8, Recipe]:
        """Scale a background so that it just covers (H, W), then cut a seeded window out of it.

        Where the photograph's salient object is known and the window would show some of it, the end of
        the free range that shows least of it is taken, so the object does not pass for foreground.
        """
        height, width = size
        bg_height, bg_width = bg.shape[:2]
        scale = max(height / bg_height, width / bg_width)
        cover = (max(height, round(bg_height * scale)), max(width, round(bg_width * scale)))
        top = int(rng.integers(cover[0] - height + 1))
        left = int(rng.integers(cover[1] - width + 1))
        if avoid is not None:
            top, left = _off_object(avoid, cover, size, (top, left))
        if cover == (bg_height, bg_width) or scaled is not None:
            if scaled is not None and cover != (bg_height, bg_width):
                bg = scaled(cover, lambda: _resize(bg, cover, Image.Resampling.LANCZOS))
            window = np.ascontiguousarray(bg[top : top + height, left : left + width])
        else:
            window = _resized_window(bg, cover, (top, left), size)
        return window, {"bg_height": cover[0], "bg_width": cover[1], "crop_top": top, "crop_left": left}

    def composite(self, fg: UInt8, alpha: UInt8, bg: UInt8) -> UInt8:
        """Compose in integers: (αF + (255−α)B + 127) // 255."""
        return composite(fg, alpha, bg)


def _off_object(
    box: Box, cover: tuple[int, int], size: tuple[int, int], corner: tuple[int, int]
) -> tuple[int, int]:
    """Return the top left corner whose window overlaps least with a box: the seeded one if it can stay."""
    ends = [(t, s) for t in (0, cover[0] - size[0]) for s in (0, cover[1] - size[1])]

    def overlap(top_left: tuple[int, int]) -> float:
        across = min(box[2] * cover[1], top_left[1] + size[1]) - max(box[0] * cover[1], top_left[1])
        down = min(box[3] * cover[0], top_left[0] + size[0]) - max(box[1] * cover[0], top_left[0])
        return max(0.0, across) * max(0.0, down)

    return min([corner, *ends], key=overlap)  # the first of equals


def _resize(pixels: UInt8, size: tuple[int, int], resampling: Image.Resampling) -> UInt8:
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), resampling))


def _resized_window(
    bg: UInt8, cover: tuple[int, int], corner: tuple[int, int], size: tuple[int, int]
) -> UInt8:
    """Return a window of a background that is resized to `cover`.

    Pillow resizes along rows, then along columns, so that what the window does not show need not take part in
    the second, the longer of the two.
    """
    if size[0] * size[1] >= LARGE:
        from simd.composition.loops import lanczos_window

        return lanczos_window(bg, cover, corner, size)
    (top, left), (height, width) = corner, size
    lanczos = Image.Resampling.LANCZOS
    wide = Image.fromarray(bg).resize((cover[1], bg.shape[0]), lanczos)
    columns = wide.crop((left, 0, left + width, bg.shape[0]))
    return np.asarray(columns.resize((width, cover[0]), lanczos).crop((0, top, width, top + height)))
