"""The FiftyOne dataset of a set: made once, updated in place, never taken over from another set."""

from collections.abc import Mapping, Sequence
from typing import Any

from simd.dataset.manifest import MattingSet, Sample
from simd.errors import DataError
from simd.progress import track
from simd.report.browse.fields import COMPOSITE, Field
from simd.report.browse.methods import ShownMethod
from simd.tagging.formats.index_plus_one import LABELS
from simd.taxonomy import suggest

OURS = "simd"
"""The key in ``dataset.info`` that says a dataset is ours, and of which set."""
_LABELS = ("class", "mask", "map")


def default_name(dataset: MattingSet) -> str:
    """Return the name of the FiftyOne dataset of a set: no two sets share one."""
    return f"simd {dataset.name} {dataset.digest[:8]}"


def open_dataset(fo: Any, dataset: MattingSet, name: str, *, create: bool = True) -> Any:
    """Return the persistent FiftyOne dataset of a set; make an empty one if there is none.

    Raises
    ------
    DataError
        If a dataset of this name is not ours, or shows another set; it stays as it is.
    """
    if not fo.dataset_exists(name):
        if not create:
            known = [n for n in fo.list_datasets() if OURS in fo.load_dataset(n).info]
            raise DataError(
                f"FiftyOne has no dataset {name!r}{suggest(name, known) if known else ''}; make one: "
                f"simd browse {dataset.path}"
            )
        created = fo.Dataset(name, persistent=True)
        _note(created, {"set_digest": dataset.digest, "set": str(dataset.path.absolute())})
        return created
    loaded = fo.load_dataset(name)
    ours = loaded.info.get(OURS)
    if not isinstance(ours, dict):
        raise DataError(
            f"the FiftyOne dataset {name!r} was not made by simd browse and is left alone; choose another "
            "name: --name"
        )
    if ours.get("set_digest") != dataset.digest:
        raise DataError(
            f"the FiftyOne dataset {name!r} shows another set (digest {str(ours.get('set_digest'))[:12]}, "
            f"this is {dataset.digest[:12]}) with the tags that were given there; choose another name: --name"
        )
    return loaded


def update(
    fo: Any,
    target: Any,
    dataset: MattingSet,
    methods: Sequence[ShownMethod],
    columns: Mapping[str, Field],
) -> None:
    """Bring a FiftyOne dataset to what the columns say; tags, views and fields of the user stay.

    Parameters
    ----------
    fo : module
        FiftyOne.
    target : fiftyone.Dataset
        What :func:`open_dataset` has returned.
    dataset : MattingSet
        The set.
    methods : sequence of ShownMethod
        What is shown; fields of methods that are here no more are removed.
    columns : mapping
        The fields by name.
    """
    _remove_fields(target, columns)
    _declare(fo, target, columns)
    target.mask_targets = {
        "class_mask": dict(LABELS),
        "trimap": {128: "unknown", 255: "foreground"},
    }
    facts = dict(target.info[OURS])
    facts |= {"set": str(dataset.path.absolute()), "fields": sorted(columns)}
    _note(target, facts | {"methods": [method.name for method in methods]})
    present = dict(zip(target.values(COMPOSITE), target.values("id"), strict=True))
    if present:
        _update_samples(fo, target, dataset, columns, present)
    new = [sample for sample in dataset if sample.row.id not in present]
    if new:
        samples = (_sample(fo, sample, columns) for sample in track(new, len(new), "samples"))
        target.add_samples(samples, expand_schema=False, validate=False, num_samples=len(new), progress=False)


def _note(target: Any, facts: dict[str, Any]) -> None:
    target.info[OURS] = facts
    target.save()


def _remove_fields(target: Any, columns: Mapping[str, Field]) -> None:
    """Remove the fields that an earlier run has made and this one does not."""
    schema = target.get_field_schema()
    earlier = target.info[OURS].get("fields", [])
    gone = [name for name in earlier if name in schema and name not in columns]
    if gone:
        target.delete_sample_fields(gone)
        for name in gone:
            target.mask_targets.pop(name, None)


def _declare(fo: Any, target: Any, columns: Mapping[str, Field]) -> None:
    """Add the fields that are not there yet, all by one sample that is deleted again.

    Added one by one, each field would read and write the description of all others.
    """
    schema = target.get_field_schema()
    if new := {name: column for name, column in columns.items() if name not in schema}:
        examples = {"number": 0.0, "texts": [""]}
        values = {name: _value(fo, c.kind, examples.get(c.kind, "")) for name, c in new.items()}
        target.delete_samples(target.add_samples([fo.Sample(filepath="field", **values)], progress=False))
        for name, column in new.items():
            if column.description:
                field = target.get_field(name)
                field.description = column.description
                field.save()
    target.create_index(COMPOSITE, unique=True)


def _sample(fo: Any, sample: Sample, columns: Mapping[str, Field]) -> Any:
    id_ = sample.row.id
    height, width = sample.size
    path = sample.path("image").absolute()
    values = {
        name: _value(fo, column.kind, column.values[id_])
        for name, column in columns.items()
        if id_ in column.values
    }
    metadata = fo.ImageMetadata(width=width, height=height, num_channels=3, mime_type="image/png")
    return fo.Sample(filepath=str(path), metadata=metadata, **values)


def _value(fo: Any, kind: str, value: Any) -> Any:
    if kind == "class":
        return fo.Classification(label=value)
    if kind == "mask":
        return fo.Segmentation(mask_path=value)
    if kind == "map":
        return fo.Heatmap(map_path=value, range=[0, 255])
    return value


def _update_samples(
    fo: Any, target: Any, dataset: MattingSet, columns: Mapping[str, Field], present: Mapping[str, str]
) -> None:
    gone = [id_ for composite, id_ in present.items() if composite not in {row.id for row in dataset.rows}]
    if gone:
        target.delete_samples(gone)
    paths = {present[s.row.id]: str(s.path("image").absolute()) for s in dataset if s.row.id in present}
    target.set_values("filepath", paths, key_field="id")
    for name, column in columns.items():
        values: dict[str, Any] = {
            present[row.id]: _value(fo, column.kind, column.values[row.id])
            if row.id in column.values
            else None
            for row in dataset.rows
            if row.id in present
        }
        if column.kind in _LABELS:
            ids, tags = target.values(["id", f"{name}.tags"])
            for id_, given in zip(ids, tags, strict=True):
                if given and values.get(id_) is not None:
                    values[id_].tags = given  # given in the App
        target.set_values(name, values, key_field="id")
