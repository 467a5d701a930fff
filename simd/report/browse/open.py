"""``simd browse``: from a set, scores and mattes to a dataset that the App shows."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from simd.arguments import checked
from simd.dataset.manifest import load_set
from simd.errors import folded
from simd.files import real_path
from simd.report.browse.database import connect
from simd.report.browse.dataset import default_name, open_dataset, update
from simd.report.browse.embeddings_panel import add_points, add_similarity, read_points
from simd.report.browse.error_maps import make_maps
from simd.report.browse.fields import fields_of
from simd.report.browse.gallery import check_of_app, write_gallery
from simd.report.browse.methods import ShownMethod, load_methods, problems
from simd.report.browse.views import lay_out, painted, present_classes, save_views
from simd.sources.outputs import check_output_folder, never

_LOG = logging.getLogger(__name__)


class OpenedDataset(NamedTuple):
    """A dataset ready for the App."""

    dataset: Any  # fiftyone.Dataset
    workspace: Any  # fiftyone.Space
    methods: list[ShownMethod]
    views: list[str]
    problems: dict[str, str]  # "<id>" or "<method>, <id>" to what is wrong with a layer or a matte


def prepare(
    dataset: str | Path,
    *,
    scores: Sequence[str | Path] = (),
    predictions: Sequence[str | Path] = (),
    embedding: str | Path | None = None,
    name: str | None = None,
    maps: str | Path | None = None,
    workers: int = 1,
) -> OpenedDataset:
    """Make the FiftyOne dataset of a set, or bring it up to date.

    Parameters
    ----------
    dataset : path
        A set built by ``simd build``.
    scores, predictions : sequence of path
        As for :func:`simd.report.browse.methods.load_methods`.
    embedding : path, optional
        The folder of ``simd embed``, for the embeddings panel.
    name : str, optional
        Name of the FiftyOne dataset; by default the set's name and digest.
    maps : path, optional
        The folder for masks and error maps; by default ``<set>.browse``, beside the set.
    workers : int
        Processes that make maps.

    Raises
    ------
    DataError
        If an input is of another set, the name is taken, or the database cannot be used.
    MissingExtraError
        If FiftyOne is not installed.
    """
    matting_set = load_set(dataset)
    folder = maps_folder(matting_set.path) if maps is None else Path(maps)
    read = [dataset, embedding, *scores, *predictions]
    check_output_folder(folder, "a folder of maps", never, names=(), inputs=read)
    methods = load_methods(matting_set, [Path(p) for p in scores], [Path(p) for p in predictions])
    points = None if embedding is None else read_points(Path(embedding), matting_set)
    fo = connect()
    name = name or default_name(matting_set)
    target = open_dataset(fo, matting_set, name)
    maps_of, broken = make_maps(matting_set, methods, folder / target.slug, workers=workers)
    fields = fields_of(matting_set, methods, maps_of)
    update(fo, target, matting_set, methods, fields)
    if points is not None:
        add_points(target, points)
    add_similarity(target, [sample for sample in matting_set if sample.row.id in maps_of], workers=workers)
    views = save_views(fo, target, methods, present_classes(target))
    unread = {
        f"{method.name}, {id_}": of_image.methods[method.key].reason
        for method in methods
        for id_, of_image in maps_of.items()
        if method.key in of_image.methods and of_image.methods[method.key].reason
    }
    workspace = lay_out(fo, target, methods, fields)
    return OpenedDataset(target, workspace, methods, views, broken | problems(methods) | unread)


@checked
def browse(
    dataset: str | Path,
    *,
    scores: Sequence[str | Path] = (),
    predictions: Sequence[str | Path] = (),
    page: str | Path | None = None,
    worst: int = 3,
    embedding: str | Path | None = None,
    name: str | None = None,
    maps: str | Path | None = None,
    port: int | None = None,
    workers: int = 1,
) -> Any:
    """Look at where methods fail: open a set with its scores in the FiftyOne App, or write a page.

    Parameters
    ----------
    dataset : path
        A set built by ``simd build``.
    scores, predictions : sequence of path
        What ``simd evaluate`` has written, and folders of mattes that have no scores or lie elsewhere now.
    page : path, optional
        A folder to write a page into in place of opening the App; needs no FiftyOne.
    worst : int
        With `page`: images and regions shown for each class and method.
    embedding, name, maps, port
        Of the App, see :func:`prepare`; the port is 5151 by default.
    workers : int
        Processes that make pictures.

    Returns
    -------
    fiftyone.Session or Gallery
        The App's session, whose ``wait()`` returns when its page is closed; with `page`, what was written.

    Raises
    ------
    DataError, MissingExtraError
        As :func:`prepare` and :func:`simd.report.browse.gallery.write_gallery`. Mattes that cannot be shown
        are named in a warning of the log.
    """
    result: Any
    if page is None:
        opened = prepare(
            dataset,
            scores=scores,
            predictions=predictions,
            embedding=embedding,
            name=name,
            maps=maps,
            workers=workers,
        )
        unshown, result = opened.problems, launch(opened, port=port)
    else:
        check_of_app(embedding=embedding, name=name, maps=maps, port=port)
        result = write_gallery(
            dataset, page, scores=scores, predictions=predictions, worst=worst, workers=workers
        )
        unshown = result.problems
    for line in folded(unshown):
        _LOG.warning("%s", line)
    return result


def launch(opened: OpenedDataset, *, port: int | None = None, **options: Any) -> Any:
    """Start the App on this machine, laid out, and return its session."""
    import fiftyone as fo

    return fo.launch_app(
        opened.dataset,
        port=port,
        address="127.0.0.1",
        spaces=opened.workspace,
        color_scheme=painted(opened.dataset.app_config.color_scheme),
        **options,
    )


def maps_folder(dataset: Path) -> Path:
    """Return where the maps of a set lie unless told otherwise: beside its folder."""
    whole = real_path(dataset)
    return whole.with_name(f"{whole.name}.browse")
