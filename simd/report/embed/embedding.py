"""Put the class regions of a set on a map by their features, and tell how well these separate classes."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from simd.arguments import checked
from simd.dataset.manifest import MattingSet, load_set
from simd.errors import DataError
from simd.features.descriptors import NAMES, describe
from simd.files import csv_text, json_text, make_folder, write_atomically
from simd.image import Mask, UInt8
from simd.locks import locked_folder
from simd.missing import none_if_nan
from simd.report.embed.discriminator import DiscriminatorFeatures, is_run, read_discriminator
from simd.report.embed.features import is_feature_file, read_feature_file
from simd.report.embed.neighbours import NEIGHBOURS, Neighbours, accuracy_span, confusions, measure_neighbours
from simd.report.embed.patches import Features, RegionPatch, read_patches
from simd.report.embed.result import Embedding
from simd.report.embed.tsne import PERPLEXITY, Scaling, make_map
from simd.report.numbers import DASH, formatted, percent
from simd.sources.outputs import Inputs, check_output_folder, has_file, has_keys
from simd.taxonomy import CLASSES, class_index

_STATE = ".embed"
_FIRST = "summary.json"  # written first: by it the folder is known as ours


@checked
def embed(
    dataset: str | Path,
    out: str | Path,
    *,
    features: str | Path | Features = "descriptors",
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    workers: int = 1,
) -> tuple[Embedding, list[Path]]:
    """Make the map of a set and write it into a folder.

    Parameters
    ----------
    dataset : path
        A set built by ``simd build``.
    out : path
        Folder for map.csv (id, region, class, fg_id, x, y), map.png, neighbours.csv, summary.json, and
        index.html with its points.js and thumbnails. An interrupted run is continued by the same command.
    features : str, path or callable
        "descriptors" (:mod:`simd.features.descriptors`), "descriptors+colour", a file .npz or .npy
        (:func:`~simd.report.embed.features.read_feature_file`), the folder RUN of a discriminator that
        ``simd train`` made (:mod:`simd.report.embed.discriminator`), ``package.module:function``, or a
        callable that is given image, alpha and region.
    seed : int
        Seed of t-SNE.
    perplexity : float
        Perplexity of t-SNE; lowered for small sets.
    workers : int
        Processes for features and thumbnails; the map itself takes one thread.

    Returns
    -------
    embedding : Embedding
    files : list of Path

    Raises
    ------
    DataError
        If the set or the features are not what they have to be, or there are too few patches.
    BusyError
        If another process writes to `out`.
    BatchError
        If images cannot be read.
    """
    files_read = [str(features)] if is_feature_file(features) or is_run(features) else []
    out = _check_folder(out, inputs=[dataset, *files_read])
    if is_run(features):
        features = read_discriminator(cast("str | Path", features))
    matting_set = load_set(dataset)
    with locked_folder(out):
        embedding = _embedding(matting_set, out / _STATE, features, seed, perplexity, workers)
        files = write_embedding(embedding, out)
        shutil.rmtree(out / _STATE)
    return embedding, files


def _embedding(
    matting_set: MattingSet,
    state: Path,
    features: str | Path | Features,
    seed: int,
    perplexity: float,
    workers: int,
) -> Embedding:
    file = Path(str(features)) if is_feature_file(features) else None
    computed = "none" if file else cast("str | Features", features)
    if isinstance(features, DiscriminatorFeatures):
        computed = _WithDescriptors(features)
    patches, vectors, notes = read_patches(matting_set, computed, workers=workers, state=state)
    if file:
        patches, vectors, more = read_feature_file(file, patches)
        notes += more
    if not patches:
        raise DataError(
            f"{matting_set.path}: has no region to put on a map; its trimaps leave nothing unknown"
        )
    described = None
    if isinstance(features, DiscriminatorFeatures):
        vectors, described = vectors[:, : -len(NAMES)], vectors[:, -len(NAMES) :]
    return map_of(
        patches,
        vectors,
        name=matting_set.name,
        digest=matting_set.digest,
        features=_name(features),
        seed=seed,
        perplexity=perplexity,
        notes=notes,
        described=described,
    )


def map_of(
    patches: Sequence[RegionPatch],
    vectors: npt.NDArray[np.float32],
    *,
    name: str,
    digest: str,
    features: str = "descriptors",
    seed: int = 0,
    perplexity: float = PERPLEXITY,
    notes: Sequence[str] = (),
    described: npt.NDArray[np.float32] | None = None,
) -> Embedding:
    """Put patches on a map by their features, and tell how well these separate the classes.

    Parameters
    ----------
    patches : sequence of RegionPatch, of length N
    vectors : float32, shape (N, D)
        Their features.
    name, digest : str
        Of the set.
    features : str
        What the features are called.
    seed, perplexity
        As for :func:`embed`.
    notes : sequence of str
        What is to be said beside what the map itself says.
    described : float32, shape (N, 104), optional
        Descriptors of the same patches, to measure beside.
    """
    scaled = Scaling(vectors)(vectors)
    neighbours = _measured(scaled, patches)
    places, used = make_map(scaled, seed=seed, perplexity=perplexity)
    remarks = [*notes]
    if used < perplexity:
        remarks.append(
            f"perplexity {used:.1f} in place of {perplexity:g}: there are {len(patches)} patches only"
        )
    return Embedding(
        name,
        digest,
        features,
        vectors.shape[1],
        tuple(patches),
        places,
        used,
        seed,
        neighbours,
        (*remarks, *neighbours.notes),
        None if described is None else _measured(Scaling(described)(described), patches),
    )


@dataclass(frozen=True, slots=True)
class _WithDescriptors:
    """Features of a network, then the descriptors, which its map is compared with."""

    features: DiscriminatorFeatures

    def __call__(self, image: UInt8, alpha: UInt8, region: Mask) -> npt.NDArray[np.float32]:
        return np.concatenate([self.features(image, alpha, region), describe(alpha, region)])


def _measured(scaled: npt.NDArray[np.float64], patches: Sequence[RegionPatch]) -> Neighbours:
    labels = np.array([class_index(patch.class_) for patch in patches], dtype=np.int64)
    return measure_neighbours(scaled, labels, [patch.fg_id for patch in patches])


def write_embedding(embedding: Embedding, out: Path) -> list[Path]:
    """Write the map's files into a folder."""
    from simd.report.embed.page import write_page
    from simd.report.embed.plot import plot_map

    out = _check_folder(out)
    make_folder(out)
    files: dict[str, str | bytes] = {
        _FIRST: json_text(summary(embedding)),
        "map.csv": _map_csv(embedding),
        "neighbours.csv": _neighbours_csv(embedding.neighbours),
        "map.png": plot_map(embedding),
    }
    for name, content in files.items():
        write_atomically(out / name, content)
    return [*(out / name for name in files), *write_page(embedding, out)]


def _check_folder(out: str | Path, *, inputs: Inputs = ()) -> Path:
    names = (_FIRST, "map.csv", "neighbours.csv", "map.png", "index.html", "points.js", "thumbnails/")
    is_ours = has_file(_FIRST, has_keys("set_digest", "features", "knn"))
    return check_output_folder(out, "a map", is_ours, names=names, inputs=inputs)


def summary(embedding: Embedding) -> dict[str, Any]:
    """Return the figures beside the map as JSON; null where a figure cannot be had."""
    n = embedding.neighbours
    return {
        "set": embedding.name,
        "set_digest": embedding.digest,
        "features": embedding.features,
        "dimensions": embedding.dimensions,
        "patches": len(embedding.patches),
        "foregrounds": len({patch.fg_id for patch in embedding.patches}),
        "perplexity": round(embedding.perplexity, 3),
        "seed": embedding.seed,
        "knn": {"neighbours": NEIGHBOURS, "left_out": "foreground", **_figures(n)},
        "silhouette": _null(n.silhouette),
        **(
            {} if embedding.by_descriptors is None else {"by_descriptors": _figures(embedding.by_descriptors)}
        ),
        "classes": {
            c.class_: {
                "patches": c.patches,
                "foregrounds": c.foregrounds,
                "knn_accuracy": _null(c.accuracy),
                "silhouette": _null(c.silhouette),
            }
            for c in n.classes
            if c.patches
        },
        "confusions": [
            {"class": class_, "taken_for": other, "share": round(share, 4)}
            for class_, other, share in confusions(n)
        ],
        "notes": list(embedding.notes),
    }


def print_embedding(embedding: Embedding) -> None:
    """Print the figures of a map: accuracy and silhouette by class, and the largest confusions."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("class", no_wrap=True)
    for heading in ("patches", "foregrounds", "k-NN", "silhouette"):
        table.add_column(heading, justify="right")
    for c in embedding.neighbours.classes:
        counts = [str(n) if n else DASH for n in (c.patches, c.foregrounds)]
        table.add_row(c.class_, *counts, percent(c.accuracy), formatted(c.silhouette, ".2f"))
    console = Console()
    console.print(table)
    n = embedding.neighbours
    console.print(
        f"{len(embedding.patches)} patches by {embedding.features} ({embedding.dimensions} figures each): "
        f"k-NN without the own foreground {percent(n.accuracy)}, "
        f"mean over classes {percent(n.class_accuracy)}{accuracy_span(n)}, "
        f"silhouette {formatted(n.silhouette, '.2f')}",
        markup=False,
    )
    if (beside := embedding.by_descriptors) is not None:
        console.print(
            f"the same patches by descriptors ({len(NAMES)} figures each): k-NN {percent(beside.accuracy)}, "
            f"mean over classes {percent(beside.class_accuracy)}{accuracy_span(beside)}, "
            f"silhouette {formatted(beside.silhouette, '.2f')}",
            markup=False,
        )
    for class_, other, share in confusions(n, most=5):
        console.print(f"  {class_} taken for {other}: {share:.0%}")
    for note in embedding.notes:
        console.print(note, style="yellow", markup=False)


def _figures(n: Neighbours) -> dict[str, Any]:
    """Return the accuracies of the neighbours as JSON."""
    return {
        "accuracy": _null(n.accuracy),
        "class_accuracy": _null(n.class_accuracy),
        "class_interval": None if n.interval.bounds is None else [_null(v) for v in n.interval.bounds],
    }


def _null(value: float) -> float | None:
    return none_if_nan(round(value, 4))


def _name(features: str | Path | Features) -> str:
    if isinstance(features, DiscriminatorFeatures):
        return features.name
    if isinstance(features, Path) or is_feature_file(features):
        return Path(str(features)).name
    return features if isinstance(features, str) else getattr(features, "__name__", "a callable")


def _map_csv(embedding: Embedding) -> str:
    rows = (
        [p.id, p.region, p.class_, p.fg_id, f"{x:.6g}", f"{y:.6g}"]
        for p, (x, y) in zip(embedding.patches, embedding.places.tolist(), strict=True)
    )
    return csv_text(["id", "region", "class", "fg_id", "x", "y"], rows)


def _neighbours_csv(neighbours: Neighbours) -> str:
    """Return a row a class: its figures, and how many of its patches are taken for each class."""
    rows = (
        [
            c.class_,
            c.patches,
            c.foregrounds,
            *(formatted(value, ".4f", missing="") for value in (c.accuracy, c.silhouette)),
            *(c.taken_for if c.patches else [""] * len(CLASSES)),
        ]
        for c in neighbours.classes
    )
    return csv_text(["class", "patches", "foregrounds", "knn_accuracy", "silhouette", *CLASSES], rows)
