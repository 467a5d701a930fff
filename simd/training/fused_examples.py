"""Examples for `fused`: composites drawn as they fail, with the classical answers, kept on disk in shards.

Example i depends on the options, the seed and i alone. The classical answers take most of its time, so each
shard of examples is computed once, when one of them is first asked for, and kept in the run's folder.
"""

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from simd.composition.arithmetic import composite
from simd.composition.stream import Stream, stream
from simd.errors import DataError
from simd.files import make_folder, write_atomically
from simd.generator.objects import MIXED
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN, UInt8
from simd.methods.fused.inputs import PLANES, classical_answers, derived_planes
from simd.options import Asked
from simd.taxonomy import CLASSES, class_index
from simd.training.appearance import add_noise, compress
from simd.training.class_sampler import ClassSampler
from simd.training.fused_failures import (
    blurred,
    coloured_noise,
    faint,
    hazy,
    nearly_unknown,
    piece_of_photograph,
    recoloured,
    translucent,
    window,
    with_texture,
)
from simd.trimap import lacking_side, trimap_of

SHARD = 16
"""Examples of a file."""
IMAGE, DERIVED = slice(0, 3), slice(3, 3 + PLANES)
ANSWERS = slice(3 + PLANES, 5 + PLANES)
TRIMAP, ALPHA, CLASS_OF, FALLBACKS = range(5 + PLANES, 9 + PLANES)
"""Channels of an example."""

_CHANNELS = 9 + PLANES
_BLOCK = 64  # examples drawn at one size: they share scenes
_SALT = 4002  # keeps these random numbers apart from those of other samples
_LENGTH = 2**40

Generator = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleOptions:
    """The table [examples] of the stage fused; shares are of the examples that are not plain."""

    count: Annotated[int, Asked(help="Examples to learn from; each is cropped anew.", at_least=1)]
    side: Annotated[int, Asked(help="H and W of an example, at most.", at_least=64, at_most=1024)]
    drawn: Annotated[tuple[int, ...], Asked(help="Sizes at which objects are drawn, by turns.", at_least=64)]
    shares: Annotated[tuple[str, ...], Asked(help="class=weight, or kind of mixed object; 1 if not named.")]
    crop: Annotated[int, Asked(help="H and W of a sample, a multiple of 32.", at_least=64, at_most=1024)]
    late_crop: Annotated[int, Asked(help="The same, at the end of a run.", at_least=64, at_most=1024)]
    late: Annotated[float, Asked(help="The part of a run that is its end.", at_least=0, at_most=1)]
    radii: Annotated[tuple[int, ...], Asked(help="Radii of trimaps, in pixels.", at_least=1, at_most=60)]
    plain: Annotated[
        tuple[float, ...],
        Asked(help="Examples as a set has them, and where a side is unknown.", at_least=0, at_most=1),
    ]
    plain_photographs: Annotated[
        tuple[float, ...],
        Asked(help="Of plain: over photographs, and where a side is unknown.", at_least=0, at_most=1),
    ]
    photographs: Annotated[float, Asked(help="Backgrounds: photographs.", at_least=0, at_most=1)]
    clutter: Annotated[float, Asked(help="Backgrounds: with other objects.", at_least=0, at_most=1)]
    noise_textures: Annotated[float, Asked(help="Backgrounds: coloured noise.", at_least=0, at_most=1)]
    textured: Annotated[float, Asked(help="Foregrounds: given a texture.", at_least=0, at_most=1)]
    translucent: Annotated[float, Asked(help="Alpha: times a smooth field.", at_least=0, at_most=1)]
    faint: Annotated[float, Asked(help="Alpha: less than a half.", at_least=0, at_most=1)]
    haze: Annotated[float, Asked(help="Alpha: a few levels off 0 and 255.", at_least=0, at_most=1)]
    one_sided: Annotated[float, Asked(help="Trimaps: one side unknown.", at_least=0, at_most=1)]
    nearly_unknown: Annotated[float, Asked(help="Trimaps: hardly a pixel known.", at_least=0, at_most=1)]
    unknown: Annotated[float, Asked(help="Trimaps: nothing known.", at_least=0, at_most=1)]
    blur: Annotated[float, Asked(help="Composites: alpha and F blurred.", at_least=0, at_most=1)]
    noise: Annotated[float, Asked(help="Composites: noise.", at_least=0, at_most=1)]
    jpeg: Annotated[float, Asked(help="Composites: compressed.", at_least=0, at_most=1)]
    withheld: Annotated[float, Asked(help="Samples: a classical answer left out.", at_least=0, at_most=1)]

    def weights(self) -> dict[str, float]:
        """Return the weight of each class and each kind of mixed object."""
        weights = dict.fromkeys([*CLASSES, *MIXED], 1.0)
        for text in self.shares:
            name, _, number = text.partition("=")
            try:
                weight = float(number)
            except ValueError:
                weight = -1.0
            if name.strip() not in weights or not 0 <= weight < float("inf"):
                raise DataError(
                    f"shares: {text!r} must be class=weight, as in fire=2 or web=0.5; the names are those of "
                    "classes and of mixed objects"
                )
            weights[name.strip()] = weight
        return weights

    def __post_init__(self) -> None:
        if not self.drawn:
            raise DataError("drawn is empty; give the sizes at which objects are drawn, as in [320, 512]")
        smallest = min(self.side, *self.drawn)
        for name in ("crop", "late_crop"):
            if (crop := getattr(self, name)) % 32 or crop > smallest:
                raise DataError(
                    f"{name} {crop} must be a multiple of 32, at most {smallest}, the least of side "
                    f"({self.side}) and of drawn {list(self.drawn)}"
                )
        if not self.radii:
            raise DataError("radii is empty; give the radii of trimaps, as in [3, 5]")
        for name in ("plain", "plain_photographs"):
            if len(shares := getattr(self, name)) != 2:
                raise DataError(
                    f"{name} {list(shares)}: must be two shares, of trimaps that know both sides and of the "
                    "others, as in [0.35, 0.8]"
                )
        self.weights()


class Examples:
    """Examples by number, drawn by the options and the seed; see the module.

    Each is uint8 (S, S, 22), where S is the side, or less where its object is drawn smaller: the image; the
    planes of :func:`derived_planes`; closed-form's and shared's alpha; trimap; alpha; class index of each
    unknown pixel, else 255; fallbacks, 1 for closed-form plus 2 for shared.
    """

    def __init__(self, options: ExampleOptions, seed: int) -> None:
        self.options, self._seed = options, seed
        self._classes = ClassSampler(options.weights(), seed)

    def name_at(self, number: int) -> str:
        """Return the class, or kind of mixed object, of an example."""
        return self._classes.class_at(number)

    def __getitem__(self, number: int) -> UInt8:
        for attempt in range(8):
            rng = np.random.default_rng((self._seed, _SALT, number, attempt))
            drawn = number + attempt * _LENGTH // 16
            if (example := self._make(drawn, self.name_at(number), rng)) is not None:
                return example
        raise DataError(f"example {number}: has no unknown pixel; larger radii give some")

    def _make(self, number: int, name: str, rng: Generator) -> UInt8 | None:
        options = self.options
        size = options.drawn[number // _BLOCK % len(options.drawn)]
        side = min(options.side, size)
        drawn = self._stream(name, size)[number]
        soft = np.argwhere((drawn.alpha > 0) & (drawn.alpha < 255))
        middle = soft[rng.integers(len(soft))] if len(soft) else np.array([size // 2, size // 2])
        square = window(middle, size, side, rng)
        fg, alpha = drawn.fg[square], drawn.alpha[square]
        classes = drawn.class_mask[square] if name in MIXED else None
        trimap = trimap_of(alpha, int(options.radii[rng.integers(len(options.radii))]))
        one_sided = 1 if lacking_side(trimap) else 0
        if rng.random() < options.plain[one_sided]:
            over = rng.random() < options.plain_photographs[one_sided]
            bg = piece_of_photograph(side, rng) if over else np.ascontiguousarray(drawn.bg[square])
            image = composite(np.ascontiguousarray(fg), np.ascontiguousarray(alpha), bg)
        else:
            bg = self._background(drawn.bg[square], number, rng)
            image, alpha = self._changed(fg, alpha, bg, rng)
            trimap = self._trimap(alpha, rng)
        if (trimap == UNKNOWN).sum() < 100:
            return None
        planes = np.empty((side, side, _CHANNELS), np.uint8)
        planes[..., IMAGE], planes[..., DERIVED] = image, derived_planes(image, trimap)
        planes[..., TRIMAP], planes[..., ALPHA] = trimap, alpha
        if classes is None:
            planes[..., CLASS_OF] = class_index(name)
        else:  # of pixels that were known when it was drawn, the main class
            main = class_index(MIXED[name].classes[0])
            planes[..., CLASS_OF] = np.where(classes == 255, main, classes)
        planes[trimap != UNKNOWN, CLASS_OF] = 255
        answers = classical_answers(image, trimap)
        planes[..., ANSWERS] = np.stack([answer.alpha for answer in answers], axis=2)
        planes[..., FALLBACKS] = answers[0].is_fallback + 2 * answers[1].is_fallback
        return planes

    def _changed(self, fg: UInt8, alpha: UInt8, bg: UInt8, rng: Generator) -> tuple[UInt8, UInt8]:
        """Composite with other colours, textures, mattes and grain; return it with its alpha."""
        options = self.options
        if rng.random() < options.textured:
            fg = with_texture(fg, rng)
        fg, bg = recoloured(fg, rng), recoloured(bg, rng)
        if rng.random() < options.translucent:
            alpha = translucent(alpha, rng)
        if options.faint and rng.random() < options.faint:  # without it all other numbers stay as they were
            alpha = faint(alpha, rng)
        if rng.random() < options.blur:
            sigma = rng.uniform(0.4, 2.5)
            fg, alpha = blurred(fg, alpha, sigma)
        if rng.random() < options.haze:
            alpha = hazy(alpha, rng)
        image = composite(np.ascontiguousarray(fg), np.ascontiguousarray(alpha), np.ascontiguousarray(bg))
        if rng.random() < options.noise:
            image = add_noise(image, rng.uniform(0.5, 6), rng)
        if rng.random() < options.jpeg:
            image = compress(image, int(rng.integers(60, 97)))
        return image, alpha

    def _trimap(self, alpha: UInt8, rng: Generator) -> UInt8:
        options = self.options
        trimap = trimap_of(alpha, int(options.radii[rng.integers(len(options.radii))]))
        kind = rng.random()
        if kind < options.one_sided:
            trimap[trimap == (FOREGROUND if rng.random() < 0.7 else BACKGROUND)] = UNKNOWN
        elif kind < options.one_sided + options.nearly_unknown:
            trimap = nearly_unknown(trimap, rng)
        elif kind < options.one_sided + options.nearly_unknown + options.unknown:
            trimap[:] = UNKNOWN
        return trimap

    def _background(self, scenery: UInt8, number: int, rng: Generator) -> UInt8:
        options, side = self.options, len(scenery)
        kind = rng.random()
        if kind < options.photographs:
            return piece_of_photograph(side, rng)
        if kind < options.photographs + options.noise_textures:
            return coloured_noise(side, rng)
        if kind < options.photographs + options.noise_textures + options.clutter:
            for _ in range(int(rng.integers(1, 3))):
                other = self._stream(self.name_at(int(rng.integers(2**30))), options.drawn[0])
                thing = other[int(rng.integers(2**30)) * _BLOCK + number % _BLOCK]
                row, column = rng.integers(-side // 2, side // 2 + 1, 2)
                shift = np.array([[1, 0, column], [0, 1, row]], np.float32)
                alpha = cv2.warpAffine(thing.alpha[:side, :side], shift, (side, side))
                colours = cv2.warpAffine(thing.fg[:side, :side], shift, (side, side))
                scenery = composite(colours, alpha, np.ascontiguousarray(scenery))
        return scenery

    def _stream(self, name: str, size: int) -> Stream:
        return _stream(name, size, self._seed)


@lru_cache(maxsize=128)
def _stream(name: str, size: int, seed: int) -> Stream:
    return stream([name], size=size, seed=seed, split="train")


class Shelf:
    """Examples kept in a folder, a file of 16 each, computed when one of them is first asked for."""

    def __init__(self, examples: Examples, folder: Path) -> None:
        self._examples, self.folder = examples, folder
        self._shards: dict[int, UInt8] = {}

    def __getitem__(self, number: int) -> UInt8:
        shard, row = divmod(number, SHARD)
        if shard not in self._shards:
            self._shards[shard] = self._open(shard)
        example: UInt8 = self._shards[shard][row]
        return example

    def _open(self, shard: int) -> UInt8:
        file = self.folder / f"{shard:05d}.npy"
        try:
            return _mapped(file)
        except (OSError, ValueError):  # not there yet, or not whole
            first = shard * SHARD
            made = np.stack([self._examples[number] for number in range(first, first + SHARD)])
            make_folder(self.folder)
            content = io.BytesIO()
            np.save(content, made, allow_pickle=False)
            write_atomically(file, content.getvalue())
            return _mapped(file)


def _mapped(file: Path) -> UInt8:
    shard: UInt8 = np.load(file, mmap_mode="r", allow_pickle=False)
    return shard
