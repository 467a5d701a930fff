"""The samples of a run: those it learns from, and those of its validation, which share no foreground."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from simd.errors import DataError, first_of
from simd.parallel import run
from simd.progress import track
from simd.records import Foreground
from simd.selection.near_duplicates import Signature, sign
from simd.selection.searcher import Searcher
from simd.training.fused_samples import FusedSamples
from simd.training.human_samples import WindowedSamples
from simd.training.material import read_pixels
from simd.training.recipe import Recipe
from simd.training.sample_options import SampleOptions
from simd.training.samples import Samples
from simd.training.shard_samples import ShardSamples

_LOG = logging.getLogger(__name__)
_NAMED = 5
EXAMPLES_NAME = "examples"
"""The folder in RUN where the stage fused keeps its examples."""


AnySamples = Samples | ShardSamples | FusedSamples | WindowedSamples


def make_samples(
    recipe: Recipe, run: Path | None = None, *, workers: int = 1
) -> tuple[AnySamples, AnySamples | None]:
    """Return the samples of a run and of its validation, None where it has none.

    `run` is the folder of the run, where the stage fused keeps its examples.

    Raises
    ------
    DataError
        If a source cannot be used, is for testing, or a foreground of the validation is one of the
        training's, by its name or by its looks.
    """
    if recipe.data is None:
        assert recipe.examples is not None
        assert run is not None
        folder, seed = run / EXAMPLES_NAME, recipe.validation.seed
        loop = recipe.loop
        late_from = loop.batch * round(loop.steps * (1 - recipe.examples.late))
        learning = FusedSamples(recipe.examples, recipe.head.seed, folder, late_from=late_from)
        if not recipe.validation.every:
            return learning, None
        return learning, FusedSamples(recipe.examples, seed, folder, whole=True)
    if recipe.data.shards is not None:
        return _shard_samples(recipe, recipe.data)
    samples, held = _samples(recipe, recipe.data, workers)
    windows = recipe.end_to_end
    if windows is None or not windows.crops:
        return samples, held
    return WindowedSamples(samples, windows.crops), held and WindowedSamples(held, windows.crops)


def _shard_samples(recipe: Recipe, data: SampleOptions) -> tuple[ShardSamples, ShardSamples | None]:
    samples = ShardSamples(data, recipe.head.seed)
    for note in samples.notes:
        _LOG.info("%s", note)
    if not recipe.validation.every:
        return samples, None
    return samples, ShardSamples(replace(data, part="held-out"), recipe.validation.seed)


def _samples(recipe: Recipe, data: SampleOptions, workers: int) -> tuple[Samples, Samples | None]:
    samples = Samples(data, recipe.head.seed)
    for note in samples.notes:
        _LOG.info("%s", note)
    validation = recipe.validation
    if not validation.every:
        return samples, None
    if not validation.foregrounds:  # what is held out by a hash of its name
        return samples, Samples(replace(data, part="held-out"), validation.seed)
    held = Samples(replace(data, foregrounds=validation.foregrounds), validation.seed)
    check_apart(samples.foregrounds, held.foregrounds, workers=workers)
    return samples, held


def check_apart(
    training: Sequence[Foreground], validation: Sequence[Foreground], *, workers: int = 1
) -> None:
    """Raise DataError if foregrounds of both are one, by name or by looks; drawn ones have a seed as name."""
    names = {foreground.id for foreground in training}
    shared = [foreground.id for foreground in validation if foreground.id in names]
    if not shared:
        known = _signed(training, workers)
        held = _signed(validation, workers)
        matches = Searcher([signature for _, signature in known]).first_matches([each for _, each in held])
        for (id_, _), match in zip(held, matches, strict=True):
            if match is not None:
                shared.append(f"{id_} (as {known[match.position][0]}: {match.words})")
    if shared:
        raise DataError(
            f"{len(shared)} of {len(validation)} foregrounds of the validation are in the training: "
            f"{first_of(shared, _NAMED)}; take others for validation.foregrounds, or none and data.held_out"
        )


def _signed(foregrounds: Sequence[Foreground], workers: int) -> list[tuple[str, Signature]]:
    """Sign those that are files; what cannot be read is told when it is drawn for a sample."""
    files = [each for each in foregrounds if each.file is not None]
    outcomes = track(run(_sign, files, workers=workers), len(files), "foregrounds compared")
    return [(each.item.id, each.value) for each in outcomes if each.value is not None]


def _sign(foreground: Foreground) -> Signature:
    pixels = read_pixels(foreground)
    return sign(pixels.fg, pixels.alpha)
