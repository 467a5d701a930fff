"""Training samples out of the WebDataset shards of a set: each composite once an epoch, none unpacked.

The shards are indexed once: their headers and rows say where each layer's PNG lies. A sample is then read by
its place, whatever came before it, so that the number of a sample is all there is to remember for going on.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from simd.dataset.exports import Stored
from simd.dataset.exports.note import Note, read_note
from simd.dataset.exports.webdataset import Packed, contents_of
from simd.dataset.exports.webdataset import read as read_shards
from simd.dataset.layers import decode_layer
from simd.errors import BatchError, DataError, first_of
from simd.generator import checked_seed
from simd.image import UNKNOWN, UInt8, pixel_digest
from simd.masks import nearest_pixel
from simd.parallel import run
from simd.progress import track
from simd.records import LAYERS, Foreground
from simd.taxonomy import NO_CLASS, class_index
from simd.training.composing import degraded
from simd.training.geometry import Placement, draw_placement, exact_placement, warp_layer
from simd.training.material import SET, part_of, refuse_test_rows
from simd.training.pixels import keep_unknown
from simd.training.sample_options import ATTEMPTS, LENGTH, SHRINK, SampleOptions
from simd.training.samples import Sample

_NAMED = 3  # samples that a message gives
_SALT = 4004  # keeps these random numbers apart from those of other samples


class Picture(NamedTuple):
    """A composite of a set, as samples are cut out of it."""

    image: UInt8  # (H, W, 3)
    alpha: UInt8  # (H, W)
    trimap: UInt8  # (H, W)
    classes: UInt8  # (H, W), a class at every pixel
    places: dict[int, npt.NDArray[np.int32]]  # class index to (N, 2): row and column of what is unknown

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.alpha.shape[0], self.alpha.shape[1]


class Held(NamedTuple):
    """A composite in a shard: all it takes to read it."""

    id: str
    where: Packed
    digests: tuple[str, ...]  # of the decoded layers, in the order of LAYERS
    label: int  # its class
    in_regions: bool  # whether its class mask counts


class ShardSamples(Sequence[Sample]):
    """An endless sequence of samples, read out of shards when they are asked for.

    Sample i belongs to the epoch i // size, in which every composite comes once, in an order of its own; its
    crop, turn and noise follow from the seed and i alone.

    Parameters
    ----------
    options : SampleOptions
        With `shards`, a folder that ``simd export SET --to webdataset`` has written. What is cut out of a
        composite and how it is turned counts here, and noise and compression; its F, B and trimap are made.
    seed : int
        Another seed, another sequence.

    Attributes
    ----------
    size : int
        Samples of an epoch.
    digest : str
        Of the set.
    notes : tuple of str
        What a user ought to know of the shards.

    Raises
    ------
    DataError
        If the folder is no such export, or for testing, or a composite in it is missing, doubled or of
        another set.

    Notes
    -----
    ``samples[i]`` is a dict of arrays as :class:`~simd.training.samples.Samples` gives it, without
    foreground and background, which a composite no longer has. Nothing is kept but where the layers lie,
    below 400 bytes a composite and worker.
    """

    def __init__(self, options: SampleOptions, seed: int) -> None:
        assert options.shards is not None
        self.options, self.seed = options, checked_seed(seed)
        folder = Path(options.shards)
        note = read_note(folder)
        stored = _all_stored(folder, note)
        self.digest = note.digest
        of_part, notes = _of_part(stored, options)
        self.notes = (*notes, f"{folder}: {len(of_part)} of {len(stored)} composites, each once an epoch")
        self._shards = sorted({each.where.shard for each in of_part})
        numbers = {shard: number for number, shard in enumerate(self._shards)}
        self._ids = tuple(each.row.id for each in of_part)
        self._of_shard = np.array([numbers[each.where.shard] for each in of_part], np.int32)
        self._spans = np.array([[each.where.spans[layer] for layer in LAYERS] for each in of_part], np.int64)
        digests = [getattr(each.row, f"{layer}_sha256") for each in of_part for layer in LAYERS]
        self._digests = np.frombuffer(bytes.fromhex("".join(digests)), np.uint8).reshape(-1, len(LAYERS), 32)
        self._labels = np.array([class_index(each.row.class_) for each in of_part], np.uint8)
        self._in_regions = np.array([each.row.class_mask_from == "regions" for each in of_part])
        self.size = len(self._ids)

    def __repr__(self) -> str:
        """Return a line."""
        return f"<ShardSamples of {self.options.shards}: {self.size} composites, seed {self.seed}>"

    def __len__(self) -> int:
        return LENGTH

    def __getitem__(self, number: int) -> Sample:  # type: ignore[override] # a slice would have no end
        if not 0 <= number < LENGTH:
            raise IndexError(f"sample {number} is not in 0..{LENGTH - 1}")
        rng = np.random.default_rng((self.seed, _SALT, number))
        try:
            return self._cut(read_picture(self._held(self._position(number))), rng)
        except DataError as error:
            raise DataError(f"sample {number}: {error}") from error

    @cached_property
    def layout(self) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
        """Key to the shape and dtype of what every sample has there."""
        plane = (self.options.side, self.options.side)
        shapes: dict[str, tuple[int, ...]] = {"alpha": plane}
        if self.options.stage != "discriminator":
            shapes = {"image": (*plane, 3), "alpha": plane, "trimap": plane}
        if self.options.stage == "matting":
            shapes["classes"] = plane
        layout = {key: (shape, np.dtype(np.uint8)) for key, shape in shapes.items()}
        return {**layout, "label": ((), np.dtype(np.int64))}

    def id_at(self, number: int) -> str:
        """Return the id of the composite that a sample is cut out of."""
        return self._ids[self._position(number)]

    def check(self, *, besides: "ShardSamples | None" = None, workers: int = 1) -> None:
        """Read every composite, those of `besides` too, so that no broken one ends a training.

        Raises
        ------
        BatchError
            With each that cannot be used, and why.
        """
        held = [each._held(place) for each in (self, besides) if each for place in range(each.size)]
        outcomes = track(run(_check_picture, held, workers=workers), len(held), "composites")
        failures = {outcome.item.id: outcome.reason for outcome in outcomes if outcome.reason is not None}
        if failures:
            raise BatchError(dict(sorted(failures.items())), "composites in shards", len(held))

    def _position(self, number: int) -> int:
        epoch, place = divmod(number, self.size)
        return int(_order(self.seed, epoch, self.size)[place])

    def _held(self, position: int) -> Held:
        spans = {
            layer: (start, length)
            for layer, (start, length) in zip(LAYERS, self._spans[position].tolist(), strict=True)
        }
        return Held(
            self._ids[position],
            Packed(self._shards[self._of_shard[position]], spans),
            tuple(digest.tobytes().hex() for digest in self._digests[position]),
            int(self._labels[position]),
            bool(self._in_regions[position]),
        )

    def _cut(self, picture: Picture, rng: np.random.Generator) -> Sample:
        labels = sorted(picture.places)
        label = labels[rng.integers(len(labels))]
        for attempt in range(ATTEMPTS):
            placement = draw_placement(picture, label, self.options, rng, shrink=SHRINK**attempt)
            layers = _layers(picture, placement, self.options.side)
            if self._is_of_use(layers["classes"], label):
                break
        else:
            layers = _layers(
                picture, exact_placement(picture, label, self.options.side, rng), self.options.side
            )
        if self.options.stage != "discriminator":
            layers["image"] = degraded(layers["image"], self.options, rng)
        sample: Sample = {**layers, "label": np.array(label)}
        return {key: sample[key] for key in self.layout}

    def _is_of_use(self, classes: UInt8, label: int) -> bool:
        """Tell whether a crop has an unknown pixel, and a patch enough of its class."""
        seen = np.count_nonzero(classes != NO_CLASS)
        least = 0.0 if self.options.stage == "matting" else self.options.purity * seen
        return bool(seen and np.count_nonzero(classes == label) >= least)


def read_picture(held: Held) -> Picture:
    """Read a composite out of its shard.

    Raises
    ------
    DataError
        If it cannot be read, is not what was built, or has no unknown pixel.
    """
    shown = Path(f"{held.where.shard}, {held.id}")
    layers = {}
    for layer, content in contents_of(held.where).items():
        layers[layer] = decode_layer(Path(f"{shown}.{layer}.png"), layer, content)
        if pixel_digest(layers[layer]) != held.digests[LAYERS.index(layer)]:
            raise DataError(
                f"{shown}.{layer}.png: its pixels are not those that were built; get this shard again from "
                "where the export came from, or export the set again"
            )
    if len({pixels.shape[:2] for pixels in layers.values()}) != 1:
        raise DataError(f"{shown}: its layers differ in size; export the set again")
    classes, unknown = layers["class_mask"], layers["trimap"] == UNKNOWN
    tagged = classes != NO_CLASS
    if held.in_regions and tagged.any():  # a crop's unknown region may be wider by a pixel
        classes = classes[tagged][nearest_pixel(tagged)]
    else:
        classes = np.full(unknown.shape, held.label, np.uint8)
    rows, columns = np.nonzero(unknown)
    if not len(rows):
        raise DataError(
            f"{shown}: its trimap has no unknown pixel, so there is nothing to learn; leave it out"
        )
    places = np.stack([rows, columns], axis=1).astype(np.int32)
    labels = classes[rows, columns]
    return Picture(
        layers["image"],
        layers["alpha"],
        layers["trimap"],
        classes,
        {each: places[labels == each] for each in np.unique(labels).tolist()},
    )


def _layers(picture: Picture, placement: Placement, side: int) -> dict[str, UInt8]:
    image, alpha = (
        warp_layer(layer, placement, side, nearest=False) for layer in (picture.image, picture.alpha)
    )
    trimap, classes = (
        warp_layer(layer, placement, side, nearest=True) for layer in (picture.trimap, picture.classes)
    )
    trimap[(trimap != alpha) & (trimap != UNKNOWN)] = UNKNOWN  # what is known is 0 or 255 in alpha, too
    keep_unknown(classes, trimap)
    return {"image": image, "alpha": alpha, "trimap": trimap, "classes": classes}


def _check_picture(held: Held) -> None:
    read_picture(held)


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, size: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, _SALT, epoch, size)).permutation(size)


def _all_stored(folder: Path, note: Note) -> Sequence[Stored]:
    """Index the shards; DataError unless they are all of the set, once, and for training."""
    if note.format != "webdataset":
        raise DataError(
            f"{folder}: is an export for {note.format}; data.shards takes simd export SET --to webdataset"
        )
    if note.split == "test":
        raise DataError(f"{folder}: is the split test of a set; train on another")
    stored, problems = read_shards(folder, note)
    if problems:
        reasons = [f"{name}: {reason}" for name, reason in problems.items()]
        raise DataError(
            f"{folder}: {len(problems)} of its composites or shards cannot be used: "
            f"{first_of(reasons, _NAMED, count=True)}; get these shards again from where the export came "
            "from, or export the set again"
        )
    refuse_test_rows((each.row for each in stored), str(folder))
    return stored


def _of_part(stored: Sequence[Stored], options: SampleOptions) -> tuple[list[Stored], list[str]]:
    """Return the composites whose foregrounds are of the part of the options, and what is to be said."""
    classed = [each for each in stored if each.row.class_]
    if not classed:
        raise DataError(f"{options.shards}: none of its composites has a class; simd tag gives them some")
    notes = []
    if without := len(stored) - len(classed):
        notes.append(f"{options.shards}: {without} composites have no class yet and are left out")
    foregrounds = {
        row.fg_id: Foreground(id=row.fg_id, source=SET, classes=(row.class_,))
        for row in (each.row for each in classed)
    }
    kept = {foreground.id for foreground in part_of(list(foregrounds.values()), options)}
    return [each for each in classed if each.row.fg_id in kept], notes
