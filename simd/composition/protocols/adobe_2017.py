"""Protocol `adobe-2017`: the script that makes Composition-1k from Adobe's foregrounds, pixel for pixel."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import numpy as np
from PIL import Image

from simd.composition.arithmetic import composite_truncated
from simd.composition.protocols import Prepared, Recipe, Scaled, refuse_options
from simd.composition.protocols.exact import Exact
from simd.image import AS_STORED, Reader, UInt8
from simd.records import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Adobe2017:
    """The rules of Composition-1k; foregrounds keep their size.

    Parameters
    ----------
    max_side : None
        Refused: the script does not resize foregrounds.
    trimap_radius : int, optional
        The script makes no trimaps. Adobe's own are used where the source has them; other foregrounds get
        the trimap of the protocol `exact`.

    Notes
    -----
    From the script published with "Deep Image Matting", CVPR 2017. Exact where Pillow's bicubic resize is
    that of 12.3: ``simd doctor``.
    """

    name: ClassVar[str] = "adobe-2017"
    reader: ClassVar[Reader] = AS_STORED
    max_side: int | None = None
    trimap_radius: int | None = None

    def __post_init__(self) -> None:
        refuse_options(self.name, max_side=self.max_side)
        self._trimaps()

    def _trimaps(self) -> Exact:
        return Exact(trimap_radius=self.trimap_radius)

    @property
    def takes_official_trimaps(self) -> bool:
        """Yes, unless a radius asks for others."""
        return self.trimap_radius is None

    def prepare(self, fg: UInt8, alpha: UInt8, class_mask: UInt8 | None) -> Prepared:
        """Leave a foreground as it is."""
        return Prepared(fg, alpha, class_mask)

    def trimap(self, alpha: UInt8) -> UInt8:
        """Make a trimap as the protocol `exact` does."""
        return self._trimaps().trimap(alpha)

    def recipe(self, size: tuple[int, ...]) -> Recipe:
        """Give the trimap's radius in pixels."""
        return self._trimaps().recipe(size)

    def place(
        self,
        bg: UInt8,
        size: tuple[int, int],
        rng: np.random.Generator,
        avoid: Box | None = None,
        scaled: Scaled | None = None,
    ) -> tuple[UInt8, Recipe]:
        """Enlarge a background until it covers (H, W), sizes rounded up; cut at the top left."""
        height, width = size
        bg_height, bg_width = bg.shape[:2]
        ratio = max(width / bg_width, height / bg_height)
        if ratio > 1:
            bg_height, bg_width = ceil(bg_height * ratio), ceil(bg_width * ratio)
            size = bg_width, bg_height
            bg = _enlarged(bg, size) if scaled is None else scaled(size[::-1], lambda: _enlarged(bg, size))
        return bg[:height, :width], {"bg_height": bg_height, "bg_width": bg_width}

    def composite(self, fg: UInt8, alpha: UInt8, bg: UInt8) -> UInt8:
        """Compose in float64 and truncate."""
        return composite_truncated(fg, alpha, bg)


def _enlarged(bg: UInt8, size: tuple[int, int]) -> UInt8:
    return np.asarray(Image.fromarray(bg).resize(size, Image.Resampling.BICUBIC))
