"""A score: the errors of one image in one region."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from sys import intern
from typing import Any, NamedTuple

from simd.missing import nan_for_nulls, nulls_for_nan

METRICS_VERSION = 2
"""Raised by every change that moves a score; stored with every summary.

Version 1 counted the sums of an image without unknown pixels as 0. It is the same for all other images.
"""
METRICS = ("sad", "mse", "grad", "conn")
WHOLE = "unknown"
"""The region that is the whole unknown region of an image."""
ENTIRE = "whole"
"""The region that is an image, its known pixels included: as papers without trimaps score."""
WHOLE_IMAGES = {WHOLE: "the unknown region of their trimaps", ENTIRE: "all pixels of the images"}
"""What scores of whole images may count; those of one method count one of the two."""


RESIDUE_FROM = 0.05
"""The alpha above which a pixel of the background counts as residue: 13 of 255 levels and more."""


class CutoutErrors(NamedTuple):
    """What a matte leaves of the background, see :mod:`simd.metrics.cutout`; nan where there is none."""

    residue: float
    residue_share: float
    halo: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The errors of one image in one region."""

    id: str
    class_: str  # the image's primary class; "" where it is unknown
    fg_id: str
    region: str  # WHOLE, a class, or UNLABELLED; or ENTIRE
    pixels: int
    sad: float  # nan over no pixel, as are the others
    mse: float
    grad: float
    conn: float
    alpha_kind: str = ""
    fallback: str = ""  # why the matte is not the method's own, if it is not
    cutout: CutoutErrors | None = None  # of whole images, where it was asked for

    @property
    def is_whole(self) -> bool:
        """Whether it is that of an image and not of a class in it."""
        return self.region in WHOLE_IMAGES

    @property
    def mad(self) -> float:
        """The mean absolute difference: SAD a pixel of its region."""
        return 1000 * self.sad / self.pixels if self.pixels else math.nan

    @property
    def is_empty(self) -> bool:
        """Whether its region has no pixel: then it has no errors, which are nan."""
        return self.pixels == 0


def score_to_row(score: Score) -> dict[str, Any]:
    """Return a score as JSON; nan becomes None, and cut-out errors that nobody asked for are left out."""
    row = nulls_for_nan(asdict(score))
    return row if score.cutout is not None else {key: row[key] for key in row if key != "cutout"}


def sharing_texts(score: Score, id_: str) -> Score:
    """Return a score that came from another process with texts that are there once among all scores."""
    return replace(
        score,
        id=id_,
        class_=intern(score.class_),
        fg_id=intern(score.fg_id),
        region=intern(score.region),
        alpha_kind=intern(score.alpha_kind),
        fallback=intern(score.fallback),
    )


def score_from_row(row: Mapping[str, Any]) -> Score:
    """Make the score of :func:`score_to_row` again."""
    values = nan_for_nulls(row)
    if "cutout" in values:
        values["cutout"] = CutoutErrors(*values["cutout"])
    return Score(**values)
