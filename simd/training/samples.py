"""Training samples, composed when asked for: sample i depends on the options, the seed and i alone."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import count
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simd.errors import BatchError, DataError, SimdError, first_of
from simd.generator import checked_seed
from simd.image import UInt8, read_size
from simd.parallel import run
from simd.progress import track
from simd.records import Background, Foreground
from simd.sources import read_background
from simd.sources.generated import parse_id
from simd.taxonomy import class_index
from simd.training.class_sampler import ClassSampler, class_weights
from simd.training.composing import Part, any_part, cut, finish
from simd.training.cutouts import Cutout, prepare
from simd.training.geometry import levels_for
from simd.training.material import Material, read_material, read_pixels
from simd.training.sample_options import ATTEMPTS, LENGTH, SHRINK, SampleOptions
from simd.training.shared_cache import SharedCache

__all__ = ["Origin", "SampleOptions", "Samples"]

Sample = dict[str, npt.NDArray[np.generic]]

_NAMED = 3  # files that a note gives
_SALT = 4001  # keeps these random numbers apart from those of the classes


class Origin(NamedTuple):
    """What a sample was made of, by the names in its sources."""

    class_: str
    foreground: str
    second: str | None  # the foreground merged in, below
    background: str | None


class Samples(Sequence[Sample]):
    """An endless sequence of samples, each composed when it is asked for.

    Parameters
    ----------
    options : SampleOptions
    seed : int
        Another seed, another sequence.
    cache_mb : int
        How many megabytes of decoded foregrounds and, in a quarter of them, backgrounds are kept, for this
        process and its workers together; it changes no sample.
    cache_backgrounds : bool
        Whether backgrounds are kept at all.

    Attributes
    ----------
    notes : tuple of str
        What a user ought to know of the sources.
    problems : dict
        Missing and broken files, with the reason.
    shares : dict
        Class to the share of samples that show it.

    Raises
    ------
    DataError
        If a source cannot be used, is for testing, or a class with a share has no foreground.

    Notes
    -----
    ``samples[i]`` is a dict of arrays, all uint8 but the label:

    ==========  ============ ====================================================================
    key         shape        what it is
    ==========  ============ ====================================================================
    image       (H, W, 3)    RGB; not for the discriminator, nor are trimap and classes
    alpha       (H, W)
    trimap      (H, W)       0, 128, 255; some pixels are always 128
    foreground  (H, W, 3)    RGB, not multiplied; not for the classifier
    background  (H, W, 3)    RGB; matting alone, as are classes
    classes     (H, W)       class index of the unknown pixels, 255 elsewhere
    label       (), int64    class index of the region the sample was drawn for
    ==========  ============ ====================================================================

    A class comes as often as its share says (:class:`~simd.training.class_sampler.ClassSampler`), then one of
    its foregrounds, all equally often, then an unknown pixel of that class, around which the crop lies.
    """

    def __init__(
        self, options: SampleOptions, seed: int, *, cache_mb: int = 1024, cache_backgrounds: bool = True
    ) -> None:
        self.options, self.seed = options, checked_seed(seed)
        material = read_material(options)
        self.foregrounds, self.backgrounds = material.foregrounds, material.backgrounds
        self.problems = material.problems
        self._of_class = material.of_class()
        weights, notes = class_weights(options.weights(), self._of_class)
        self.notes = (*material.notes, *notes, *_notes_of_files(material, options))
        self._classes = ClassSampler(weights, self.seed)
        for_scenery = cache_mb // 4 * cache_backgrounds
        self._cutouts = SharedCache(len(self.foregrounds), cache_mb - for_scenery)
        self._scenery = SharedCache(len(self.backgrounds), for_scenery)

    def __repr__(self) -> str:
        """Return a line."""
        return (
            f"<Samples for {self.options.stage}: {len(self.foregrounds)} foregrounds of "
            f"{len(self._of_class)} classes, {len(self.backgrounds)} backgrounds, seed {self.seed}>"
        )

    def __len__(self) -> int:
        return LENGTH

    def __getitem__(self, number: int) -> Sample:  # type: ignore[override] # a slice would have no end
        return self._make(number)[0]

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in count())

    @property
    def shares(self) -> dict[str, float]:
        """Class to the share of samples that show it."""
        return dict(self._classes.shares)

    @cached_property
    def layout(self) -> dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]]:
        """Key to the shape and dtype of what every sample has there."""
        plane = (self.options.side, self.options.side)
        shapes: dict[str, tuple[int, ...]] = {"image": (*plane, 3), "alpha": plane, "trimap": plane}
        if self.options.stage == "discriminator":
            shapes = {"alpha": plane, "foreground": (*plane, 3)}
        elif self.options.stage == "matting":
            shapes |= {"foreground": (*plane, 3), "background": (*plane, 3), "classes": plane}
        layout = {key: (shape, np.dtype(np.uint8)) for key, shape in shapes.items()}
        return {**layout, "label": ((), np.dtype(np.int64))}

    def class_at(self, number: int) -> str:
        """Return the class of a sample without making it."""
        return self._classes.class_at(number)

    def origin(self, number: int) -> Origin:
        """Return the names of what a sample was made of."""
        return self._make(number)[1]

    def check(self, *, besides: "Samples | None" = None, workers: int = 1) -> None:
        """Read every foreground and background, so that no broken one ends a training that has begun.

        `besides` are samples, those of the validation, whose pictures are read too.

        Raises
        ------
        BatchError
            With each that cannot be used, and why.
        """
        records: list[Foreground | Background] = [*self.foregrounds, *self.backgrounds]
        if besides is not None:
            records += besides.foregrounds
            records += besides.backgrounds if besides.backgrounds != self.backgrounds else []
        failures = {
            outcome.item.id: outcome.reason
            for outcome in track(run(check_record, records, workers=workers), len(records), "images")
            if outcome.reason is not None
        }
        if failures:
            raise BatchError(dict(sorted(failures.items())), "foregrounds and backgrounds", len(records))

    def _make(self, number: int) -> tuple[Sample, Origin]:
        if not 0 <= number < LENGTH:
            raise IndexError(f"sample {number} is not in 0..{LENGTH - 1}")
        rng = np.random.default_rng((self.seed, _SALT, number))
        class_ = self.class_at(number)
        try:
            for attempt in range(ATTEMPTS):
                position = self._draw_foreground(class_, rng)
                if made := self._compose(class_, position, rng, shrink=SHRINK**attempt):
                    return made
            for position in self._of_class[class_]:
                if made := self._compose(class_, position, rng, shrink=None):
                    return made
        except SimdError as error:
            raise DataError(f"sample {number}: {error}") from error
        raise DataError(
            f"sample {number}: no foreground of the class {class_} has an unknown pixel of it; "
            f"give it no share: {class_}=0"
        )

    def _compose(
        self, class_: str, position: int, rng: np.random.Generator, *, shrink: float | None
    ) -> tuple[Sample, Origin] | None:
        """Make a sample, without `shrink` the plainest one; None where its crop turns out to be of no use."""
        options, label = self.options, class_index(class_)
        top = Part(self._cutout(position), label)
        if label not in top.cutout.places:
            return None
        second, below = None, None
        if shrink is not None and options.merge and rng.random() < options.merge:
            other = list(self._of_class)[rng.integers(len(self._of_class))]
            second = self._draw_foreground(other, rng)
            below = any_part(self._cutout(second), rng)
        crop = cut(top, below, options, rng, shrink=shrink)
        if crop is None:
            return None
        sample: Sample = {"alpha": crop.alpha, "foreground": crop.fg, "label": np.array(label)}
        background = None
        if options.stage != "discriminator":
            background = int(rng.integers(len(self.backgrounds)))
            sample |= finish(crop, self._background(background), options, rng)
        origin = Origin(
            class_,
            self.foregrounds[position].id,
            None if second is None or below is None else self.foregrounds[second].id,
            None if background is None else self.backgrounds[background].id,
        )
        return {key: sample[key] for key in self.layout}, origin

    def _draw_foreground(self, class_: str, rng: np.random.Generator) -> int:
        positions = self._of_class[class_]
        return positions[rng.integers(len(positions))]

    def _cutout(self, position: int) -> Cutout:
        cutout: Cutout | None = self._cutouts.get(position)
        if cutout is None:
            cutout = read_cutout(self.foregrounds[position], levels_for(self.options))
            self._cutouts.put(position, cutout)
        return cutout

    def _background(self, number: int) -> UInt8:
        bg: UInt8 | None = self._scenery.get(number)
        if bg is None:
            bg = read_scenery(self.backgrounds[number])
            self._scenery.put(number, bg)
        return bg


def _notes_of_files(material: Material, options: SampleOptions) -> list[str]:
    """Say which files cannot be used, and how many foregrounds are smaller than any crop."""
    notes = []
    if problems := material.problems:
        reasons = [f"{name} ({reason})" for name, reason in problems.items()]
        notes.append(f"{len(problems)} files cannot be used: {first_of(reasons, _NAMED, count=True)}")
    smallest = min(options.crops) if options.stage == "matting" else options.patch_sides[0]
    small = sum(_shorter_side(foreground, smallest) < smallest for foreground in material.foregrounds)
    if small:
        notes.append(
            f"{small} of {len(material.foregrounds)} foregrounds are smaller than the smallest crop, "
            f"{smallest} pixels; they are enlarged"
        )
    return notes


def _shorter_side(foreground: Foreground, unknown: int) -> int:
    path = foreground.alpha_file or foreground.file
    if path is None:
        return parse_id(foreground.id)[2]
    try:
        return min(read_size(path))
    except SimdError:  # it is named when its turn comes, or by `check`
        return unknown


def read_cutout(foreground: Foreground, levels: int) -> Cutout:
    """Read a foreground as samples take it; DataError with its name where that cannot be."""
    try:
        return prepare(read_pixels(foreground), foreground.class_, levels)
    except SimdError as error:
        raise DataError(f"foreground {foreground.id!r}: {error}") from error


def read_scenery(background: Background) -> UInt8:
    """Read a background; DataError with its name where that cannot be."""
    try:
        return read_background(background)
    except SimdError as error:
        raise DataError(f"background {background.id!r}: {error}") from error


def check_record(record: Foreground | Background) -> None:
    """Read a foreground or background and keep nothing of it."""
    if isinstance(record, Background):
        read_scenery(record)
    else:
        read_cutout(record, 1)
