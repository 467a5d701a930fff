"""What may be written where: one guard for every file and folder that somebody names as an output.

An output never touches what was there before it. It is refused

- inside a set, a folder of mattes, a source, or whatever the command reads;
- in the place of a file that is not of its own kind, which an earlier run of the same command has written;
- in the place of a link, a pipe, a socket or a device.

It stands beside the sources, since only they know what a source looks like.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from pathlib import Path

from simd.dataset.manifest import INFO_NAME, ROWS_NAME
from simd.dataset.predictions import RUN_NAME, UNFINISHED_NAME, read_run
from simd.dataset.resumable_writing import is_unfinished
from simd.errors import DataError, SimdError
from simd.files import as_path, check_not_root, check_regular, check_replaceable, read_json, real_path
from simd.image import UInt8, is_grey, is_image_name, write_png
from simd.sources import BACKGROUNDS, FINISHED, FOREGROUNDS, is_drawn, recognise_kind

IsOurs = Callable[[Path], bool]
Inputs = Iterable[str | os.PathLike[str] | None]

_LEVELS = 5  # of folders above an output that are looked at: a layer of a source lies up to three deep
_LOOKED_AT = 12  # pictures that tell whether a folder holds mattes
_COUNTED = 1000  # names that tell whether a folder is one of pictures
_HEAD = 4096  # bytes that tell what a file is
DRAWN = "drawn by simd"
"""What stands in the pictures that are made to be looked at."""


def check_output_file(
    path: str | os.PathLike[str],
    title: str,
    is_ours: IsOurs,
    *,
    inputs: Inputs = (),
    among_pictures: bool = False,
) -> Path:
    """Return the path of a file that may be written; its folder need not be there yet.

    Parameters
    ----------
    path : path
    title : str
        What the file is, for messages: "a selection".
    is_ours : callable
        Tells whether an existing regular file is one that may be replaced; it need not be readable at all.
    inputs : iterable of path
        What the command reads; None, and sources that are drawn, are passed over.
    among_pictures : bool
        Whether it may lie in a folder of pictures (at least half of what is in it) other than the current
        one: such a folder may be a source.

    Raises
    ------
    DataError
        If something is in the way; the message says what, and what to do.
    """
    checked = check_output_place(path, title, inputs, among_pictures=among_pictures)
    check_replaceable(checked)
    if os.path.lexists(checked) and not _holds(is_ours, checked):
        raise DataError(
            f"{checked}: exists and is not {title}; it is left as it is: name another file, or remove it"
        )
    return checked


def check_output_folder(
    path: str | os.PathLike[str],
    title: str,
    is_ours: IsOurs,
    *,
    names: Collection[str] | None = None,
    inputs: Inputs = (),
    among_pictures: bool = False,
) -> Path:
    """Return the path of a folder that may be written into; it need not be there yet.

    Parameters
    ----------
    path, title, inputs, among_pictures
        As for :func:`check_output_file`.
    is_ours : callable
        Tells whether an existing folder is one in which files may be replaced.
    names : collection of str, optional
        What will be written into it, folders with a slash at the end: a folder that is not ours may hold
        others. Without, it has to be empty.

    Raises
    ------
    DataError
        If something is in the way; the message says what, and what to do.
    """
    checked = check_output_place(path, title, inputs, among_pictures=among_pictures)
    if not os.path.lexists(checked):
        return checked
    if not checked.is_dir():
        raise DataError(f"{checked}: is not a folder; {title} needs one: name another, or remove it")
    try:
        existing = {each.name for each in checked.iterdir()}
    except OSError as error:
        raise DataError(f"{checked}: cannot be listed ({error.strerror}); name another folder") from error
    written = {name.removesuffix("/"): name.endswith("/") for name in names or ()}
    for name in sorted(existing & written.keys()):
        if not written[name]:
            check_replaceable(checked / name)
    if _holds(is_ours, checked):
        return checked
    if names is None and existing:
        raise DataError(f"{checked}: is not an empty folder; {title} needs one of its own")
    reason = "a folder of pictures" if _holds_pictures(checked) else _protected(real_path(checked))
    if existing and reason:
        raise DataError(f"{checked}: is {reason}; name another folder for {title}")
    if taken := sorted(existing & written.keys()):
        raise DataError(
            f"{checked / taken[0]}: exists and is not of {title}; it is left as it is: "
            "name another folder, or remove it"
        )
    return checked


# -- what files are --------------------------------------------------------------------------------------


def never(_path: Path) -> bool:
    """Tell that nothing that exists may be replaced."""
    return False


def begins(*starts: str) -> IsOurs:
    """Return what tells whether a file begins with one of some texts."""
    texts = tuple(start.encode() for start in starts)
    return lambda path: _head(path).startswith(texts)


def contains(text: str) -> IsOurs:
    """Return what tells whether a text stands in the first 4 KB of a file."""
    return lambda path: text.encode() in _head(path)


def has_keys(*keys: str) -> IsOurs:
    """Return what tells whether a file is a JSON object with some keys."""

    def has(path: Path) -> bool:
        content = read_json(path)
        return isinstance(content, dict) and set(keys) <= content.keys()

    return has


def is_picture(path: Path) -> bool:
    """Tell whether a file is a picture that :func:`write_picture` has written."""
    return contains(DRAWN)(path)


def holds_pictures_of_ours(folder: Path) -> bool:
    """Tell whether a folder holds a picture that :func:`write_picture` has written."""
    return any(is_picture(file) for file in folder.glob("*.png"))


def has_file(name: str, is_ours: IsOurs) -> IsOurs:
    """Return what tells whether a folder has a file of a name that is ours."""
    return lambda folder: (folder / name).is_file() and _holds(is_ours, folder / name)


def write_picture(path: Path, pixels: UInt8) -> None:
    """Write a picture to look at, as a PNG that says so; DataError where another file would be replaced."""
    check_replaceable(path)
    # an empty one holds nothing to lose: it is what a power cut has left of a picture
    if path.exists() and path.stat().st_size and not _holds(is_picture, path):
        raise DataError(f"{path}: exists and is not a picture of simd; it is left as it is: remove it first")
    write_png(path, pixels, note=DRAWN)


def _head(path: Path) -> bytes:
    check_regular(path)
    with path.open("rb") as stream:
        return stream.read(_HEAD)


def _holds(is_ours: IsOurs, path: Path) -> bool:
    try:
        return is_ours(path)
    except (OSError, ValueError, SimdError):  # what cannot be read is not ours
        return False


# -- where outputs may lie -------------------------------------------------------------------------------


def check_output_place(
    path: str | os.PathLike[str], title: str, inputs: Inputs = (), *, among_pictures: bool = False
) -> Path:
    """Return the path of an output; DataError where it is inside a set, source, folder of mattes or input.

    What is there already is looked at by the other two.
    """
    output = as_path(path, f"the name of {title}")
    whole = real_path(output)
    if whole == whole.parent:
        raise DataError(f"{output}: is the root of all folders; name a place of its own for {title}")
    for each in inputs:
        if each is None or is_drawn(os.fspath(each)) or not os.path.lexists(each):
            continue
        check_not_root(each)
        read = real_path(each)
        if whole == read or read in whole.parents:
            where = "is" if whole == read else "lies in"
            raise DataError(
                f"{output}: {where} {each}, which this command reads; name a place outside of it for {title}"
            )
    if not among_pictures and _holds_mattes(whole.parent):
        raise DataError(
            f"{output}: lies in {whole.parent}, a folder of mattes; name a place outside of it for {title}"
        )
    if not among_pictures and whole.parent != Path.cwd() and _holds_pictures(whole.parent):
        raise DataError(
            f"{output}: lies in {whole.parent}, among pictures that are not of simd; name a place outside "
            f"of it for {title}"
        )
    for folder in islice(whole.parents, _LEVELS):
        if folder.is_dir() and (reason := _protected(folder)):
            raise DataError(f"{output}: lies in {folder}, {reason}; name a place outside of it for {title}")
    return output


def _protected(folder: Path) -> str:
    """Say what a folder is in which nothing may be written; "" for any other."""
    if (folder / INFO_NAME).is_file() and (folder / ROWS_NAME).is_file():
        return "a set, which holds what was built and nothing else"
    if is_unfinished(folder):
        return "an unfinished set"
    if (folder / UNFINISHED_NAME).is_dir() or _has_run(folder):
        return "a folder of mattes"
    if kind := _source(folder):
        return f"a source ({kind})"
    return ""


def _has_run(folder: Path) -> bool:
    try:
        return (folder / RUN_NAME).is_file() and read_run(folder) is not None
    except DataError:
        return False  # another program's file


def _holds_mattes(folder: Path) -> bool:
    """Tell whether the pictures in a folder are grey, all of those that are looked at and more than one."""
    grey = 0
    for picture in islice(_pictures(folder), _LOOKED_AT):
        try:
            if not is_grey(picture):
                return False
        except DataError:
            continue
        grey += 1
    return grey > 1


def _holds_pictures(folder: Path) -> bool:
    """Tell whether a folder is one of pictures, none of those that are looked at drawn by us.

    At least half of what lies in it is pictures then. A source is looked through with all its folders, so
    what is put into one becomes part of it; a picture or two among other things make no source.
    """
    pictures = list(islice(_pictures(folder), _LOOKED_AT))
    if not pictures or any(_holds(is_picture, picture) for picture in pictures):
        return False
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in islice(entries, _COUNTED) if not entry.name.startswith(".")]
    except OSError:
        return True
    return 2 * sum(map(is_image_name, names)) >= len(names)


def _pictures(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            yield from (Path(e.path) for e in entries if is_image_name(e.name) and e.is_file())
    except OSError:
        return


def _source(folder: Path) -> str:
    """Return the kind of a source that a folder is, or is a layer of; "" for any other.

    A folder of any photographs, cut-outs, or pairs under everyday names is a source, too, but only where a
    command reads it: ``images/`` and ``masks/`` may lie in somebody's folder of everything.
    """
    if (folder / "fg").is_dir() and (folder / "alpha").is_dir() and _has_layers(folder):
        return "folder"
    for table in (FOREGROUNDS, FINISHED):
        declared = {name: target for name, target in table.items() if name not in ("rgba", "folder")}
        kind = _recognised(declared, folder)
        if kind and _has_layers(folder):
            return kind
    photographs = {name: target for name, target in BACKGROUNDS.items() if name != "folder"}
    # datasets may lie beside other things: only the folders that hold their pictures are theirs
    if next(_pictures(folder), None) is not None:
        for parent in islice((folder, *folder.parents), 3):
            if kind := _recognised(photographs, parent):
                return kind
    return ""


def _has_layers(folder: Path) -> bool:
    """Tell whether pictures lie in the folders of a folder; deeper down a dataset may lie beside others."""
    with os.scandir(folder) as entries:
        return any(entry.is_dir() and next(_pictures(Path(entry)), None) is not None for entry in entries)


def _recognised(table: dict[str, str], folder: Path) -> str | None:
    try:
        return recognise_kind(table, str(folder))
    except DataError:
        return None
