"""Make the composites of one foreground: read, prepare, compose, encode, write."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.composition.plan import Planned
from simd.composition.protocols import CompositionProtocol, Prepared, Recipe, Scaled
from simd.composition.recent import Recent
from simd.composition.straight_colour import straight_colour
from simd.dataset.resumable_writing import state_of_files
from simd.errors import DataError, DiskFullError, SimdError
from simd.files import write_atomically
from simd.image import Mask, UInt8, encode_png, pixel_digest
from simd.records import Background, Composite, Foreground, file_name
from simd.selection.alpha_filters import limited
from simd.selection.colour_filters import premultiplied
from simd.sources import official_trimap, read_background
from simd.tagging.annotated_foregrounds import read_annotated
from simd.tagging.annotation_files import classes_in
from simd.taxonomy import NO_CLASS, class_index
from simd.trimap import lacking_side, read_trimap, unknown_region


class RenderJob(NamedTuple):
    """Composites of one foreground, made together so that it is read once."""

    out: Path
    planned: tuple[Planned, ...]
    protocol: CompositionProtocol
    unpremultiply: bool = False  # divide the colour by alpha
    look: bool = False  # at what selecting would drop; nobody has selected
    shared: frozenset[str] = frozenset()  # ids of those backgrounds that other jobs show, too


Composites = dict[str, Composite | str]
"""Id to its row, or to the reason why there is none."""


class Rendered(NamedTuple):
    """What a job has come to."""

    composites: Composites
    multiplied: str = ""  # why its colour looks multiplied by alpha
    levels: str = ""  # why its alpha looks as if it were not scaled
    lacking: str = ""  # "foreground" or "background", of which its trimap knows no pixel


Layers = dict[str, tuple[bytes, str]]
"""A layer's name to its PNG and the digest of its pixels."""


def make(job: RenderJob) -> Rendered:
    """Make the composites of one foreground; a background that cannot be used costs only its own."""
    fg, protocol = job.planned[0].fg, job.protocol
    pixels = read_annotated(fg, protocol.reader)
    look = job.look and fg.file is not None
    multiplied = premultiplied(pixels.fg, pixels.alpha) if look and not job.unpremultiply else None
    levels = limited(pixels.alpha) if look else None
    if job.unpremultiply:
        pixels = pixels._replace(fg=straight_colour(pixels.fg, pixels.alpha))
    prepared = protocol.prepare(*pixels)
    trimap = protocol.trimap(prepared.alpha)
    check_matte(prepared.alpha, unknown_region(trimap))
    by_trimap = _by_trimap(fg, prepared, trimap)
    shared = encode_layers({"alpha": prepared.alpha, **by_trimap})
    recipe = protocol.recipe(prepared.alpha.shape)
    divided: Recipe = {"unpremultiplied": 1} if job.unpremultiply else {}
    composites: Composites = {}
    for planned in job.planned:
        try:
            layers, recipe_, classes = shared, recipe, _classes(fg, prepared, by_trimap)
            official = _official(planned, protocol, resized=prepared.alpha is not pixels.alpha)
            if official is not None:
                official_layers = _by_trimap(fg, prepared, _read_official(official, prepared))
                layers = shared | encode_layers(official_layers)
                classes = _classes(fg, prepared, official_layers)
                recipe_ = {"trimap": "official"}
            composites[planned.id] = _compose(job, planned, prepared, layers, {**recipe_, **divided}, classes)
        except DiskFullError:
            raise
        except SimdError as error:
            composites[planned.id] = f"foreground {fg.id!r} over {planned.bg.id!r}: {error}"
    unscaled = levels is not None and levels.severity == "drop"
    return Rendered(
        composites,
        multiplied=multiplied.detail if multiplied else "",
        levels=levels.detail if levels is not None and unscaled else "",
        lacking=lacking_side(trimap),
    )


def _compose(
    job: RenderJob,
    planned: Planned,
    prepared: Prepared,
    layers: Layers,
    recipe: Recipe,
    classes: tuple[str, ...],
) -> Composite:
    """Make one composite, write its four files and return its row."""
    fg, bg, protocol = planned.fg, planned.bg, job.protocol
    size = prepared.alpha.shape
    rng = np.random.default_rng(planned.seed)
    keep = bg.id in job.shared and prepared.fg.nbytes <= _LARGEST
    pixels, scaled = _background(bg, protocol, keep=keep)
    window, placed = protocol.place(pixels, (size[0], size[1]), rng, avoid=bg.salient, scaled=scaled)
    image = protocol.composite(prepared.fg, prepared.alpha, window)
    files = {"image": (encode_png(image), pixel_digest(image)), **layers}
    write_layers(job.out, planned.id, files)
    return Composite(
        id=planned.id,
        class_=fg.class_,
        classes=classes,
        fg_id=fg.id,
        bg_id=bg.id,
        source=fg.source,
        licence=fg.licence,
        bg_source=bg.source,
        bg_licence=bg.licence,
        alpha_kind=fg.alpha_kind,
        protocol=protocol.name,
        recipe={"k": planned.k, "height": size[0], "width": size[1], **recipe, **placed},
        seed=planned.seed,
        class_mask_from=_class_mask_from(fg, prepared),
        **{f"{layer}_sha256": digest for layer, (_, digest) in files.items()},
    )


def _class_mask_from(fg: Foreground, prepared: Prepared) -> str:
    if prepared.class_mask is None:
        return "image"
    return "proposals" if fg.proposed else "regions"


_RECENT = Recent(256)
_LARGEST = 2**24  # bytes of a composite; of larger ones too few fit to be there when they are asked for


def _background(bg: Background, protocol: CompositionProtocol, *, keep: bool) -> tuple[UInt8, Scaled | None]:
    """Read a background; where it is kept, it and its sizes are there for the process's next composites."""

    def read() -> UInt8:
        return read_background(bg, protocol.reader)

    if not keep:
        return read(), None
    key = (protocol.name, bg.source, bg.id, bg.file, *state_of_files(bg.file))

    def scaled(size: tuple[int, int], make: Callable[[], UInt8]) -> UInt8:
        return _RECENT.get((*key, size), make)

    return _RECENT.get(key, read), scaled


def encode_layers(layers: dict[str, UInt8]) -> Layers:
    """Encode the images of a composite, and digest their pixels."""
    return {name: (encode_png(pixels), pixel_digest(pixels)) for name, pixels in layers.items()}


def write_layers(out: Path, id_: str, layers: Layers) -> None:
    """Write the images of a composite into a set."""
    for layer, (data, _) in layers.items():
        write_atomically(out / file_name(id_, layer), data, flush=False)  # once, before the manifest


def _by_trimap(fg: Foreground, prepared: Prepared, trimap: UInt8) -> dict[str, UInt8]:
    classes = fg.class_ if prepared.class_mask is None else prepared.class_mask
    return {"trimap": trimap, "class_mask": class_mask(classes, unknown_region(trimap))}


def _classes(fg: Foreground, prepared: Prepared, layers: dict[str, UInt8]) -> tuple[str, ...]:
    """Return the classes of a composite: those in its class mask, where that has regions."""
    if prepared.class_mask is None:
        return tuple(sorted(fg.classes))
    if not (names := classes_in(layers["class_mask"])):
        raise DataError("its regions give no unknown pixel a class")
    return tuple(sorted(names))


def _official(planned: Planned, protocol: CompositionProtocol, *, resized: bool) -> Path | None:
    """Return the trimap that the source supplies, unless it cannot or must not take the place of ours."""
    if resized or not protocol.takes_official_trimaps:
        return None
    return official_trimap(planned.fg, planned.k)


def _read_official(path: Path, prepared: Prepared) -> UInt8:
    trimap = read_trimap(path)
    if trimap.shape != prepared.alpha.shape:
        sizes = " x ".join(map(str, trimap.shape)), " x ".join(map(str, prepared.alpha.shape))
        raise DataError(f"{path}: is {sizes[0]}, its alpha is {sizes[1]} (H x W); they must be equal")
    return trimap


def check_matte(alpha: UInt8, unknown: Mask) -> None:
    """Refuse a matte with nothing to estimate (DataError): empty, full or binary."""
    if unknown.any():
        return
    if not alpha.any():
        raise DataError("its alpha is 0 everywhere: there is no object")
    if alpha.all():
        raise DataError("its alpha is 255 everywhere: there is no background and nothing to estimate")
    if ((alpha > 0) & (alpha < 255)).any():
        raise DataError("its trimap has no unknown pixel (128), so there is nothing to estimate")
    raise DataError(
        "its alpha is binary (0 and 255 only), so no pixel is unknown; "
        "this is a segmentation mask, not a matte"
    )


def class_mask(classes: str | UInt8, unknown: Mask) -> UInt8:
    """Return the class index of each unknown pixel: that of one class, or what a mask (H, W) has there.

    It is 255 everywhere where nobody has said a class (``""``).
    """
    index = (class_index(classes) if classes else NO_CLASS) if isinstance(classes, str) else classes
    return np.where(unknown, np.uint8(index) if isinstance(index, int) else index, np.uint8(NO_CLASS))
