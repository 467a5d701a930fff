"""Truth from folders of alphas and trimaps, as they lie on disk: Composition-1k, AIM-500, the SIMD release.

A trimap is an image to score. Its name is its path in the folder without the ending: ``<stem>``, or
``<class>/<stem>``. Where a folder holds subfolders ``alpha`` (or ``trimap``, ``trimaps``), as the release of
SIMD writes ``<class>/{merged,trimap,alpha}/``, only those are looked at, and their own names do not count.

==================  =========================================================================================
its alpha           the file of the same name; or, if that fits more trimaps, the name without the background:
                    Composition-1k has a trimap ``<fg>_<k>`` for each composite and one alpha ``<fg>``
its class           the CSV file's; else its folder's, if that is a class; else the class that its name begins
                    with, if the names of all images do. Without classes there is no class mean
its foreground      column ``fg`` of the CSV file; else the alpha that it shares with other images; else
                    its name without the background, if all images so named have alphas of one file size
==================  =========================================================================================

The background at the end of a name is what :mod:`simd.sources.composite_names` takes for one.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from simd.class_tables import ClassTable, Entry, path_of, read_entries
from simd.errors import DataError, expected_and_present, first_of
from simd.files import no_such_folder, real_path
from simd.metrics.truth_of_set import Truth, Truths
from simd.sources.composite_names import without_background
from simd.sources.folder import image_files
from simd.taxonomy import class_from_prefix, class_name

_ALPHAS, _TRIMAPS = ("alpha",), ("trimap", "trimaps")
_NAMED = 8  # names that a message gives


def truths_of_folders(
    alpha: str | Path,
    trimap: str | Path | None,
    *,
    classes: str | Path | None = None,
    map_trimaps: bool = False,
) -> Truths:
    """Pair a folder of true mattes with a folder of trimaps by name.

    Parameters
    ----------
    alpha, trimap : path
        Folders, or twice the one folder in which both lie by class. Without trimaps each alpha is an image.
    classes : path, optional
        A CSV file with the columns ``file`` and ``class``, and, if wanted, ``fg``: a row an image, or a row
        an alpha.
    map_trimaps : bool
        Whether trimaps may hold other values than 0, 128 and 255, see :mod:`simd.trimap`.

    Raises
    ------
    DataError
        If a folder is missing or empty, or anything lacks its counterpart, is there twice, or stands in
        the CSV file without being an image.
    """
    alphas = find_images(Path(alpha), _ALPHAS)
    trimaps = {} if trimap is None else find_images(Path(trimap), _TRIMAPS)
    if trimap is None:
        alpha_of = {id_: id_ for id_ in alphas}
    else:
        alpha_of = _pair(trimaps, alphas, Path(trimap), Path(alpha))
    rows = {} if classes is None else _rows_of_images(Path(classes), alpha_of)
    class_of, remarks = _classes_of_images(tuple(alpha_of), rows)
    fg_of = _foregrounds_of_images(alpha_of, alphas)
    return Truths(
        origin=f"{alpha}" if trimap is None else f"{alpha} and {trimap}",
        images=tuple(
            Truth(
                id=id_,
                class_=class_of.get(id_, ""),
                fg_id=(rows[id_].fg_id if id_ in rows else "") or fg_of[id_],
                alpha_file=alphas[alpha_of[id_]],
                trimap_file=trimaps.get(id_),
            )
            for id_ in alpha_of
        ),
        set={"name": _name(Path(alpha), Path(alpha if trimap is None else trimap)), "protocol": "unknown"},
        paths={"alpha": str(alpha), **({} if trimap is None else {"trimap": str(trimap)})},
        map_trimaps=map_trimaps,
        remarks=remarks,
    )


def find_images(folder: Path, layer: Sequence[str] = ()) -> dict[str, Path]:
    """Return the images of a folder by name: the path inside it without the ending, sorted.

    Raises
    ------
    DataError
        If the folder is missing or may not be listed, holds no image, or two files of one name, as ``a.png``
        and ``a.jpg``.
    """
    if not folder.is_dir():
        raise no_such_folder(folder, "images are")
    files = [path.relative_to(folder) for path in sorted(image_files(folder))]
    of_layer = [p for p in files if set(layer) & set(p.parts[:-1])]
    dropped = set(layer if of_layer else ())
    files_of: dict[str, list[Path]] = defaultdict(list)
    for file in of_layer or files:
        files_of["/".join([*(part for part in file.parts[:-1] if part not in dropped), file.stem])].append(
            file
        )
    if not files_of:
        raise DataError(f"{folder}: holds no image")
    if twice := [files for files in files_of.values() if len(files) > 1]:
        pairs = [" and ".join(map(str, files)) for files in twice]
        _refuse(f"{folder}: {len(twice)} names are there twice; keep one file of each", pairs)
    return {name: folder / files[0] for name, files in files_of.items()}


def _pair(
    trimaps: Mapping[str, Path], alphas: Mapping[str, Path], trimap: Path, alpha: Path
) -> dict[str, str]:
    """Return the name of the alpha of each trimap: by the whole name, or by the name without background."""
    same = {id_: id_ for id_ in trimaps if id_ in alphas}
    shared = {id_: fg for id_ in trimaps if (fg := without_background(id_)) != id_ and fg in alphas}
    paired = same if len(same) >= len(shared) else shared
    if not paired:
        names = expected_and_present(trimaps, alphas)
        raise DataError(
            f"{alpha}: none of its {len(alphas)} alphas has the name of a trimap in {trimap}: {names}"
        )
    if unmatched := [id_ for id_ in trimaps if id_ not in paired]:
        _refuse(f"{trimap}: {len(unmatched)} of {len(trimaps)} trimaps have no alpha in {alpha}", unmatched)
    if unused := sorted(alphas.keys() - set(paired.values())):
        _refuse(f"{alpha}: {len(unused)} of {len(alphas)} alphas have no trimap in {trimap}", unused)
    return paired


def _rows_of_images(table: Path, alpha_of: Mapping[str, str]) -> dict[str, Entry]:
    """Return the row of each image: the one that names it, else the one that names its alpha."""
    rows = read_entries(table, key=path_of)
    if not rows:
        raise DataError(f"{table}: has no rows")
    for name, entry in rows.items():
        entry.required_classes(name)
    used = {id_: _spelt(rows, id_, alpha) for id_, alpha in alpha_of.items()}
    if not any(used.values()):
        names = expected_and_present(alpha_of, rows)
        raise DataError(f"{table}: none of its {len(rows)} rows names one of {len(alpha_of)} images: {names}")
    if without_row := [id_ for id_, name in used.items() if not name]:
        _refuse(f"{table}: {len(without_row)} of {len(alpha_of)} images have no row", without_row)
    if extra := [name for name in rows if name not in set(used.values())]:
        _refuse(f"{table}: {len(extra)} rows name no image", extra)
    return {id_: rows[name] for id_, name in used.items()}


def _spelt(rows: ClassTable, *names: str) -> str:
    """Return the first of some names that the rows have, as they spell it; "" if they have none."""
    return next((spelling for name in names if (spelling := rows.spelt(name))), "")


def _classes_of_images(
    ids: Sequence[str], rows: Mapping[str, Entry]
) -> tuple[dict[str, str], tuple[str, ...]]:
    if rows:
        return {id_: rows[id_].required_classes(id_)[0] for id_ in ids}, ()
    by_folder = {id_: name for id_ in ids if (name := _class_of_folder(id_))}
    class_of = by_folder or {id_: name for id_ in ids if (name := class_from_prefix(id_))}
    if len(class_of) == len(ids):
        return class_of, ()
    if by_folder:
        strange = sorted({id_.rpartition("/")[0] or "." for id_ in ids if id_ not in by_folder})
        _refuse("some folders are named after a class, these are not; name the class in --classes", strange)
    reason = (
        f"the names of only {len(class_of)} of {len(ids)} begin with a class, so none counts"
        if class_of
        else ("neither a CSV file (--classes) nor folders nor names tell them")
    )
    return {}, (f"The classes of the images are unknown: {reason}. There is only the image mean.",)


def _class_of_folder(id_: str) -> str | None:
    for part in id_.split("/")[:-1]:
        try:
            return class_name(part)
        except DataError:
            continue
    return None


def _foregrounds_of_images(alpha_of: Mapping[str, str], alphas: Mapping[str, Path]) -> dict[str, str]:
    """Return a foreground of each image, by the rules at the top of this module."""
    if any(id_ != alpha for id_, alpha in alpha_of.items()):
        return dict(alpha_of)
    together: dict[str, list[str]] = defaultdict(list)
    for id_ in alpha_of:
        together[without_background(id_)].append(id_)
    copies = {fg: len({alphas[id_].stat().st_size for id_ in ids}) == 1 for fg, ids in together.items()}
    return {id_: fg if copies[fg] else id_ for fg, ids in together.items() for id_ in ids}


def _name(alpha: Path, trimap: Path) -> str:
    """Return a name for the truth: the folder that holds both."""
    a, t = real_path(alpha), real_path(trimap)
    return a.name if a == t else a.parent.name if a.parent == t.parent else f"{a.name} and {t.name}"


def _refuse(what: str, names: Sequence[str]) -> NoReturn:
    raise DataError(f"{what}: {first_of(names, _NAMED, count=True)}")
