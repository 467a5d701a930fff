"""Protocol `simd-2021`: the released test-set generator of Semantic Image Matting, pixel for pixel."""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from simd.composition.arithmetic import composite_truncated
from simd.composition.protocols import Prepared, Recipe, Scaled, refuse_options
from simd.image import AS_OPENCV, BACKGROUND, FOREGROUND, UNKNOWN, Reader, UInt8
from simd.records import Box

_MAX_SIDE, _MIN_SIDE = 1920, 800
_CROSS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
_ITERATIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Simd2021:
    """The rules of the SIMD test set of 2021; everything is fixed, so it takes no option.

    Notes
    -----
    From the code released with "Semantic Image Matting", CVPR 2021, its oddities included: the Lanczos
    filter that it names is never used (everything is bilinear, without anti-aliasing), sizes are
    truncated, backgrounds are cut at the top left, and colours are truncated to a level.
    Known difference: a foreground whose size is not that of its alpha is refused, not stretched to fit.
    Exact where OpenCV's bilinear resize is that of 4.14: ``simd doctor``.
    """

    name: ClassVar[str] = "simd-2021"
    reader: ClassVar[Reader] = AS_OPENCV
    max_side: int | None = None
    trimap_radius: int | None = None

    def __post_init__(self) -> None:
        refuse_options(self.name, max_side=self.max_side, trimap_radius=self.trimap_radius)

    @property
    def takes_official_trimaps(self) -> bool:
        """No: the generator always makes its own."""
        return False

    def prepare(self, fg: UInt8, alpha: UInt8, class_mask: UInt8 | None) -> Prepared:
        """Bring a foreground to :func:`final_size`, bilinearly."""
        size = final_size(*alpha.shape)
        if size == alpha.shape:
            return Prepared(fg, alpha, class_mask)
        return Prepared(
            resize(fg, size),
            resize(alpha, size),
            None if class_mask is None else resize(class_mask, size, cv2.INTER_NEAREST),
        )

    def trimap(self, alpha: UInt8) -> UInt8:
        """Make the trimap: alpha dilated and eroded by a 3 × 3 cross, five times each."""
        dilated = cv2.dilate(alpha, _CROSS, iterations=_ITERATIONS)
        eroded = cv2.erode(alpha, _CROSS, iterations=_ITERATIONS)
        trimap = np.full(alpha.shape, UNKNOWN, np.uint8)
        trimap[eroded == 255] = FOREGROUND
        trimap[dilated == 0] = BACKGROUND
        return trimap

    def recipe(self, size: tuple[int, ...]) -> Recipe:
        """Give the size rule and the trimap's kernel."""
        return {"max_side": _MAX_SIDE, "min_side": _MIN_SIDE, "trimap": f"cross 3 x 3, {_ITERATIONS} times"}

    def place(
        self,
        bg: UInt8,
        size: tuple[int, int],
        rng: np.random.Generator,
        avoid: Box | None = None,
        scaled: Scaled | None = None,
    ) -> tuple[UInt8, Recipe]:
        """Enlarge a background until it covers (H, W); cut at the top left."""
        height, width = size
        bg_height, bg_width = bg.shape[:2]
        ratio = max(width / bg_width, height / bg_height)
        if ratio > 1:
            bg_height, bg_width = int(bg_height * ratio + 1.0), int(bg_width * ratio + 1.0)
            enlarged = bg_height, bg_width
            bg = resize(bg, enlarged) if scaled is None else scaled(enlarged, lambda: resize(bg, enlarged))
        return bg[:height, :width], {"bg_height": bg_height, "bg_width": bg_width}

    def composite(self, fg: UInt8, alpha: UInt8, bg: UInt8) -> UInt8:
        """Compose in float64 and truncate."""
        return composite_truncated(fg, alpha, bg)


def final_size(height: int, width: int) -> tuple[int, int]:
    """Return the (H, W) of the test set: the long side at most 1920, then the short side at least 800.

    The second rule may undo the first, and truncation may cost a pixel.

    Examples
    --------
    >>> final_size(1237, 2252), final_size(300, 4000)
    ((1054, 1919), (800, 10666))
    """
    ratio = _MAX_SIDE / max(height, width)
    h, w = (height * ratio, width * ratio) if ratio < 1 else (height, width)
    ratio = _MIN_SIDE / min(h, w)
    return (int(h * ratio), int(w * ratio)) if ratio > 1 else (int(h), int(w))


def resize(pixels: UInt8, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> UInt8:
    """Return pixels in another size (height, width), as OpenCV interpolates them."""
    resized = cv2.resize(pixels, (size[1], size[0]), interpolation=interpolation)
    return np.asarray(resized, dtype=np.uint8)
