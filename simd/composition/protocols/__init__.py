"""Composition protocols: every rule between a foreground, a background and the pixels of their composite.

==========  ================================================================================================
exact       ours: integers, seeded crops, one trimap rule
simd_2021   the released generator of the SIMD test set, pixel for pixel
adobe_2017  the Composition-1k script, pixel for pixel
==========  ================================================================================================

All offer the same steps, so `build` does not know which one it runs.
"""

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import NamedTuple, Protocol

import numpy as np

from simd.errors import DataError
from simd.image import Reader, UInt8
from simd.records import Box
from simd.taxonomy import suggest

PROTOCOLS = {
    "exact": "simd.composition.protocols.exact:Exact",
    "simd-2021": "simd.composition.protocols.simd_2021:Simd2021",
    "adobe-2017": "simd.composition.protocols.adobe_2017:Adobe2017",
}

Recipe = Mapping[str, int | float | str]

Scaled = Callable[[tuple[int, int], Callable[[], UInt8]], UInt8]
"""Return a whole background in a size (H, W): made by the callable, or as it was for another composite."""


class Prepared(NamedTuple):
    """A foreground at the size of its composites."""

    fg: UInt8  # (H, W, 3)
    alpha: UInt8  # (H, W)
    class_mask: UInt8 | None  # (H, W)


class CompositionProtocol(Protocol):
    """What every protocol can do."""

    name: str
    reader: Reader  # how it reads the files of a pair and its backgrounds

    @property
    def takes_official_trimaps(self) -> bool:
        """Whether trimaps that a source supplies take the place of the protocol's."""

    def prepare(self, fg: UInt8, alpha: UInt8, class_mask: UInt8 | None) -> Prepared:
        """Bring a foreground to its final size."""

    def recipe(self, size: tuple[int, ...]) -> Recipe:
        """Say what was done to the foreground and its trimap."""

    def trimap(self, alpha: UInt8) -> UInt8:
        """Make the trimap of a prepared alpha."""

    def place(
        self,
        bg: UInt8,
        size: tuple[int, int],
        rng: np.random.Generator,
        avoid: Box | None = None,
        scaled: Scaled | None = None,
    ) -> tuple[UInt8, Recipe]:
        """Bring a background to size (H, W), off its object at `avoid` if the protocol chooses its crops.

        With `scaled` it is scaled by that, whole, so that other composites need not do so again.
        """

    def composite(self, fg: UInt8, alpha: UInt8, bg: UInt8) -> UInt8:
        """Place the foreground over the background."""


def load_protocol(
    name: str, *, max_side: int | None = None, trimap_radius: int | None = None
) -> CompositionProtocol:
    """Return a protocol by name, with the options that it takes.

    Raises
    ------
    DataError
        If the name is unknown or an option out of range.
    """
    if name not in PROTOCOLS:
        raise DataError(f"unknown protocol {name!r}{suggest(name, PROTOCOLS)}")
    protocol: CompositionProtocol = resolve_name(PROTOCOLS[name])(
        max_side=max_side, trimap_radius=trimap_radius
    )
    return protocol


def refuse_options(protocol: str, **options: int | None) -> None:
    """Refuse options that a protocol would have to ignore (DataError)."""
    for name, value in options.items():
        if value is not None:
            flag = name.replace("_", "-")
            raise DataError(
                f"{protocol} fixes what --{flag} would set ({value}); leave it out, or use --protocol exact"
            )
