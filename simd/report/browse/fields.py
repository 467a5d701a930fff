"""The fields of a sample: what each is, and its value for each composite, as text, number or path."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from simd.dataset.manifest import MattingSet
from simd.errors import DataError
from simd.metrics.score import METRICS, Score
from simd.records import UNLABELLED
from simd.report.browse.error_maps import Maps
from simd.report.browse.methods import ShownMethod
from simd.taxonomy import CLASSES

Kind = Literal["class", "mask", "map", "number", "text", "texts"]
CLASS, COMPOSITE = "primary_class", "composite"
TRUTH, PROVENANCE = "truth", "provenance"

_UNITS = {
    "sad": "SAD, in thousands",
    "mse": "MSE as it is; papers print it ×10³",
    "grad": "Grad, in thousands",
    "conn": "Conn, in thousands",
}
_PROVENANCE = {
    COMPOSITE: "its id in the set",
    "fg": "the foreground",
    "bg": "the background",
    "classes": "every class of the foreground",
    "source": "where the foreground is from",
    "licence": "the licence of the foreground",
    "bg_source": "where the background is from",
    "bg_licence": "the licence of the background",
    "alpha_kind": "how the alpha was made",
    "protocol": "how the composite was made",
    "class_mask_from": "whether the class mask is the image's class or was tagged by region",
}


@dataclass(frozen=True)
class Field:
    """One field: its value for each composite that has one."""

    kind: Kind
    group: str  # of the sidebar
    description: str  # what the App says of it; "" for nothing
    values: Mapping[str, str | float | list[str]]  # by id; a mask or a map is the path of its file


def error_field(method: ShownMethod) -> str:
    """Return the field with the absolute error of a method."""
    return f"{method.key}_error"


def score_field(method: ShownMethod, metric: str) -> str:
    """Return the field with a score of a method on the whole image."""
    return f"{method.key}_{metric}"


def disagreement_field(first: ShownMethod, second: ShownMethod) -> str:
    """Return the field with the SAD between the mattes of two methods."""
    return f"disagreement_{first.key}_{second.key}"


def fields_of(
    dataset: MattingSet, methods: Sequence[ShownMethod], maps: Mapping[str, Maps]
) -> dict[str, Field]:
    """Return every field of a set with these methods, by name, in the order of the sidebar.

    Raises
    ------
    DataError
        If two methods' names lead to one field.
    """
    by_name: dict[str, Field] = {}
    for name, column in (*_of_set(dataset, maps), *_of_methods(methods, maps)):
        if name in by_name:
            raise DataError(
                f"two fields would be called {name!r}; score a method again under another name: "
                "simd evaluate --name"
            )
        by_name[name] = column
    return by_name


def _of_set(dataset: MattingSet, maps: Mapping[str, Maps]) -> Iterator[tuple[str, Field]]:
    paths = {
        layer: {s.row.id: str(s.path(layer).absolute()) for s in dataset} for layer in ("alpha", "trimap")
    }
    classes: dict[str, str] = {row.id: row.class_ for row in dataset.rows if row.class_}
    masks = {id_: of_image.class_mask for id_, of_image in maps.items()}
    yield CLASS, Field("class", TRUTH, "the primary class", classes)
    yield "class_mask", Field("mask", TRUTH, "the class of each unknown pixel", masks)
    yield "trimap", Field("mask", TRUTH, "the trimap: unknown and foreground", paths["trimap"])
    yield "alpha", Field("map", TRUTH, "the true matte; 0 is not drawn", paths["alpha"])
    for name, description in _PROVENANCE.items():
        attribute = {COMPOSITE: "id", "fg": "fg_id", "bg": "bg_id"}.get(name, name)
        values = {row.id: getattr(row, attribute) for row in dataset.rows}
        given = {id_: list(v) if isinstance(v, tuple) else v for id_, v in values.items() if v is not None}
        yield name, Field("texts" if name == "classes" else "text", PROVENANCE, description, given)


def _of_methods(methods: Sequence[ShownMethod], maps: Mapping[str, Maps]) -> Iterator[tuple[str, Field]]:
    for method in methods:
        yield from _numbers(method)
        yield from _pictures(method, maps)
        yield from _remarks(method, maps)
    for first, second in combinations(methods, 2):
        pair = f"{first.key} {second.key}"
        values = {
            id_: d for id_, of_image in maps.items() if (d := of_image.disagreement.get(pair)) is not None
        }
        description = f"SAD between {first.name} and {second.name}, in thousands"
        yield disagreement_field(first, second), Field("number", "disagreement", description, values)
    for method in methods:
        yield from _by_region(method)


def _numbers(method: ShownMethod) -> Iterator[tuple[str, Field]]:
    if method.scores is None:
        return
    for metric in METRICS:
        values = {id_: v for id_, row in method.whole.items() if not math.isnan(v := getattr(row, metric))}
        yield (
            score_field(method, metric),
            Field("number", method.name, f"{method.name}: {_UNITS[metric]}", values),
        )


def _pictures(method: ShownMethod, maps: Mapping[str, Maps]) -> Iterator[tuple[str, Field]]:
    of_method = {
        id_: of_image.methods[method.key] for id_, of_image in maps.items() if method.key in of_image.methods
    }
    kinds = {
        "error": "absolute error; what is not drawn is right, or known",
        "signed": "signed error: red is too much alpha, blue too little",
        "alpha": "predicted matte; 0 is not drawn",
    }
    for kind, description in kinds.items():
        values: dict[str, str] = {
            id_: path for id_, of_image in of_method.items() if (path := getattr(of_image, kind))
        }
        yield f"{method.key}_{kind}", Field("map", method.name, f"{method.name}: {description}", values)


def _remarks(method: ShownMethod, maps: Mapping[str, Maps]) -> Iterator[tuple[str, Field]]:
    fallbacks = {id_: reason for id_ in maps if (reason := method.fallback(id_))}
    missing = dict(method.missing)
    missing |= {
        id_: of_image.methods[method.key].reason
        for id_, of_image in maps.items()
        if method.key in of_image.methods and of_image.methods[method.key].reason
    }
    yield (
        f"{method.key}_fallback",
        Field("text", method.name, f"{method.name}: why the matte is not its own", fallbacks),
    )
    if missing:
        yield (
            f"{method.key}_missing",
            Field("text", method.name, f"{method.name}: why there is no matte", missing),
        )


def _by_region(method: ShownMethod) -> Iterator[tuple[str, Field]]:
    rows: dict[str, dict[str, Score]] = {}
    for id_, regions in method.regions.items():
        for row in regions:
            rows.setdefault(row.region, {})[id_] = row
    for region in (*CLASSES, UNLABELLED):
        for metric in METRICS if region in rows else ():
            values = {id_: v for id_, r in rows[region].items() if not math.isnan(v := getattr(r, metric))}
            # no description: there are many, each is one more write, and the name says it
            name = f"{method.key}_{metric}_in_{region}"
            yield name, Field("number", f"{method.name} by region", "", values)
