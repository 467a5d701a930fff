"""What a user starts from in the App: saved views, colours, the order of the sidebar, a workspace."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from simd.report.browse.dataset import OURS
from simd.report.browse.error_maps import NO_ERROR
from simd.report.browse.fields import (
    CLASS,
    PROVENANCE,
    Field,
    disagreement_field,
    error_field,
    score_field,
)
from simd.report.browse.methods import ShownMethod
from simd.report.leaderboard.examples import error_stops
from simd.tagging.formats.index_plus_one import stored_number
from simd.taxonomy import CLASSES, TAXONOMY

WORST = 24
"""Samples of a view of the worst or best."""
WORKSPACE = "failures"
SIMILAR, MAP = "descriptors", "map"
"""The brain keys of similarity and of the points."""


def save_views(fo: Any, target: Any, methods: Sequence[ShownMethod], classes: Sequence[str]) -> list[str]:
    """Save the views anew: worst and best by class and method, disagreement, fallbacks, foregrounds.

    Views that the user has saved stay, also under a name that would be ours.
    """
    facts = dict(target.info[OURS])
    ours = set(facts.get("views", ())) & set(target.list_saved_views())
    users = set(target.list_saved_views()) - ours
    wanted = {
        name: (view, description)
        for name, view, description in _views(fo, target, methods, classes)
        if name not in users
    }
    for name in sorted(ours - wanted.keys()):
        target.delete_saved_view(name)
    for name, (view, description) in wanted.items():
        if name not in ours or target.load_saved_view(name) != view:
            target.save_view(name, view, description=description, overwrite=True)
    target.info[OURS] = facts | {"views": list(wanted)}
    target.save()
    return list(wanted)


def lay_out(fo: Any, target: Any, methods: Sequence[ShownMethod], columns: Mapping[str, Field]) -> Any:
    """Save colours, sidebar and workspace; return the workspace."""
    config = target.app_config
    config.color_scheme = _colours(fo, methods, columns)
    config.sidebar_groups = _sidebar(fo, columns)
    shown = [CLASS, *(field for method in methods[:1] for field in _at_first(method) if field in columns)]
    config.active_fields = fo.core.odm.dataset.ActiveFields(paths=shown, exclude=False)
    target.save()
    workspace = _workspace(fo, target)
    target.save_workspace(WORKSPACE, workspace, description="Samples beside the map", overwrite=True)
    return workspace


def painted(scheme: Any) -> Any:
    """Return a colour scheme whose colour scales are worked out.

    The App asks the server to work out the saved ones, but paints with those of its session, which has them
    only if they come so.
    """
    from fiftyone.core.plots.plotly import get_colormap

    copy = scheme.copy()
    for scale in copy.colorscales:
        scale["rgb"] = get_colormap([[stop["value"], stop["color"]] for stop in scale["list"]])
    return copy


def _views(
    fo: Any, target: Any, methods: Sequence[ShownMethod], classes: Sequence[str]
) -> Iterator[tuple[str, Any, str]]:
    F = fo.ViewField
    scored = [method for method in methods if method.scores is not None]
    for method in scored:
        field = score_field(method, "sad")
        scored_samples = target.exists(field)
        yield (
            f"worst, {method.name}",
            scored_samples.sort_by(field, reverse=True).limit(WORST),
            f"largest {field}",
        )
        for name in classes:
            of_class = scored_samples.match(F(f"{CLASS}.label") == name)
            for word, reverse in (("worst", True), ("best", False)):
                view = of_class.sort_by(field, reverse=reverse).limit(WORST)
                yield f"{word} {name}, {method.name}", view, f"{word} by {field}"
    for first, second in combinations(methods, 2):
        field = disagreement_field(first, second)
        view = target.exists(field).sort_by(field, reverse=True).limit(WORST)
        yield f"{first.name} against {second.name}", view, "where their mattes differ most"
    for method in methods:
        view = target.exists(f"{method.key}_fallback")
        yield f"fallbacks, {method.name}", view, "mattes that are not the method's own"
    grouped = target.group_by("fg", order_by="bg")
    yield "foregrounds over their backgrounds", grouped, "open one to see its foreground over each background"


def _at_first(method: ShownMethod) -> tuple[str, ...]:
    return error_field(method), score_field(method, "sad")


def _colours(fo: Any, methods: Sequence[ShownMethod], columns: Mapping[str, Field]) -> Any:
    of_class = [{"value": c.name, "color": c.colour} for c in TAXONOMY]
    targets = [{"intTarget": stored_number(c.index), "color": c.colour} for c in TAXONOMY]
    trimap = [{"intTarget": 128, "color": "#ffb000"}, {"intTarget": 255, "color": "#ffffff"}]
    errors = [
        {"value": i / (len(stops) - 1), "color": _rgb(stop)}
        for stops in [error_stops(17)]
        for i, stop in enumerate(stops)
    ]
    grey = [{"value": 0, "color": "rgb(0, 0, 0)"}, {"value": 1, "color": "rgb(255, 255, 255)"}]
    diverging = [
        {"value": 0, "color": "rgb(5, 80, 220)"},
        {"value": NO_ERROR / 255, "color": "rgb(245, 245, 245)"},
        {"value": 1, "color": "rgb(215, 25, 28)"},
    ]
    scales = [{"path": "alpha", "list": grey}]
    for method in methods:
        for kind, scale in (("alpha", grey), ("error", errors), ("signed", diverging)):
            scales.append({"path": f"{method.key}_{kind}", "list": scale})
    return fo.ColorScheme(
        color_by="value",  # by field, maps would be drawn in one colour
        opacity=0.9,
        fields=[
            {"path": CLASS, "colorByAttribute": "label", "valueColors": of_class},
            {"path": "class_mask", "maskTargetsColors": targets},
            {"path": "trimap", "maskTargetsColors": trimap},
        ],
        colorscales=[scale for scale in scales if scale["path"] in columns],
    )


def _rgb(colour: str) -> str:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return f"rgb({red}, {green}, {blue})"


def _sidebar(fo: Any, columns: Mapping[str, Field]) -> list[Any]:
    groups: dict[str, list[str]] = {"tags": []}
    for name, column in columns.items():
        groups.setdefault(column.group, []).append(name)
    groups[PROVENANCE] = [*groups.pop(PROVENANCE), "id", "filepath", "created_at", "last_modified_at"]
    groups["metadata"] = [f"metadata.{name}" for name in ("width", "height")]
    hidden = (PROVENANCE, "metadata")
    return [
        fo.SidebarGroupDocument(
            name=name, paths=paths, expanded=name not in hidden and not name.endswith(" by region")
        )
        for name, paths in groups.items()
    ]


def _workspace(fo: Any, target: Any) -> Any:
    samples = _tab(fo, fo.Panel(type="Samples", pinned=True))
    if MAP not in target.list_brain_runs():
        return samples
    state = {"brainResult": MAP, "colorByField": f"{CLASS}.label"}
    points = _tab(fo, fo.Panel(type="Embeddings", state=state))
    return fo.Space(children=[samples, points], orientation="horizontal", sizes=[0.6, 0.4])


def _tab(fo: Any, panel: Any) -> Any:
    """Return a space that shows a panel; without an active child the App would show nothing."""
    return fo.Space(children=[panel], active_child=panel.component_id)


def present_classes(target: Any) -> list[str]:
    """Return the classes that a dataset holds, in the order of the taxonomy."""
    present = set(target.distinct(f"{CLASS}.label"))
    return [name for name in CLASSES if name in present]
