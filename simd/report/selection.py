"""Select, write the selection and a page of what was dropped: the whole of ``simd select`` in one call."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simd.arguments import checked
from simd.errors import DataError
from simd.files import make_folder, real_path
from simd.options import renamed
from simd.report.selection_page import write_page
from simd.selection.backgrounds import select_backgrounds
from simd.selection.foregrounds import select_foregrounds
from simd.selection.reasons import Selection
from simd.selection.selection_file import read_selection, write_selection
from simd.sources import with_names
from simd.sources.outputs import check_output_file, contains


@renamed(source="kind")
@checked
def select(
    foregrounds: str | Path | None = None,
    *,
    backgrounds: str | Path | None = None,
    out: str | Path | None = None,
    page: str | Path | None = None,
    kind: str | None = None,
    alpha_dir: str | Path | None = None,
    alpha_suffix: str | None = None,
    classes: str | Path | None = None,
    class_list: str | Path | None = None,
    against: Sequence[str | Path] = (),
    min_side: int = 0,
    longest_side: int = 0,
    max_object: float = 0.25,
    licences: Sequence[str] = (),
    allow: Sequence[str] = (),
    strict: bool = False,
    review: str | Path | None = None,
    workers: int = 1,
) -> Selection:
    """Choose the foregrounds that can serve as truth, or the backgrounds; every drop carries its reason.

    Parameters
    ----------
    foregrounds, backgrounds : path
        One of the two: a folder of foregrounds, or one of photographs.
    out : path, optional
        Where the selection goes, as JSON lines for ``simd build --selection``.
    page : path, optional
        Where its HTML page goes; beside `out` by default, and none without `out`.
    kind : str, optional
        The kind of the layout; without it the folder decides.
    alpha_dir, alpha_suffix, classes, class_list, against, review
        Of foregrounds, see :func:`~simd.selection.foregrounds.select_foregrounds`.
    longest_side, max_object
        Of backgrounds, see :func:`~simd.selection.backgrounds.select_backgrounds`.
    min_side, licences, allow, strict, workers
        Of both.

    Returns
    -------
    Selection
        ``check_complete()`` raises if lines of lists, or foregrounds to compare with, could not be used.

    Raises
    ------
    DataError
        If an option does not fit, or a folder or list cannot be used at all.
    """
    if (foregrounds is None) == (backgrounds is None):
        raise DataError("name a folder of foregrounds, or one of photographs: --backgrounds FOLDER")
    read = [foregrounds, backgrounds, classes, class_list, *against, review]
    if out is not None:
        out = check_output_file(out, "a selection", _is_selection, inputs=read)
        page = out.with_suffix(".html") if page is None else page
    if page is not None:
        page = check_output_file(page, "the page of a selection", contains("<title>Selection: "), inputs=read)
    if out is not None and page is not None and real_path(out) == real_path(page):
        raise DataError(f"{out}: the selection and its page need two names; give --page FILE")
    common: dict[str, Any] = {
        "min_side": min_side,
        "licences": licences,
        "allow": allow,
        "strict": strict,
        "workers": workers,
    }
    if backgrounds is not None:
        if classes or class_list or against or review or alpha_dir or alpha_suffix:
            raise DataError(
                "--alpha-dir, --alpha-suffix, --classes, --class-list, --against and --review are for "
                "foregrounds"
            )
        selection = select_backgrounds(
            str(backgrounds), kind, longest_side=longest_side, max_object=max_object, **common
        )
    else:
        selection = select_foregrounds(
            str(foregrounds),
            with_names(kind, alpha_dir, alpha_suffix),
            classes=None if classes is None else Path(classes),
            class_list=None if class_list is None else Path(class_list),
            against=tuple(map(str, against)),
            review=None if review is None else Path(review),
            **common,
        )
    if out is not None:
        make_folder(out.parent)
        write_selection(out, selection.verdicts)
    if page is not None:
        what = "foregrounds" if backgrounds is None else "backgrounds"
        make_folder(page.parent)
        write_page(page, selection, what=what, workers=workers)
    return selection


def _is_selection(path: Path) -> bool:
    """Tell whether a file is a selection, of which none may be kept; read_selection raises for any other."""
    return path.stat().st_size > 0 and read_selection(path) is not None
