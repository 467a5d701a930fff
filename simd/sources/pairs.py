"""Folders of one's own: foregrounds, or photographs, with their mattes under everyday names."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from simd.dataset.manifest import INFO_NAME, ROWS_NAME
from simd.dataset.resumable_writing import is_unfinished
from simd.errors import DataError, first_of
from simd.formats import unread_note
from simd.image import UInt8, check_opaque, read_alpha, read_image, read_rgba
from simd.records import ForegroundFiles
from simd.sources.classified import foregrounds_from
from simd.sources.everyday import NO_NAMING, Layers, Naming, Places, find_places, hard_note, read_layers
from simd.sources.folder import as_extra, check_pair_size, paired, read_pair, unread_partner
from simd.sources.index import Finished, Index, SourceKind
from simd.sources.rgba import list_cutouts

_ALPHAS = "alpha/, pha/, matte(s)/, gt/ or mask(s)/"
_NAMED = 4  # photographs in a remark
_OF_ANOTHER = 20  # levels
_SUFFIXES = "or side by side as <name>.jpg and <name>_alpha.png (-matte, .mask, ...)"


class _Found(NamedTuple):
    """What a folder holds: its layers, each by name, and what keeps it from being complete."""

    places: Places
    layers: Layers
    missing: dict[str, str]
    notes: tuple[str, ...]
    cautions: tuple[str, ...]
    names: list[str]  # those that have all layers


def foregrounds_named(naming: Naming) -> SourceKind:
    """Return the kind of plain foregrounds whose mattes the user may have named."""

    def cutouts(origin: str) -> Index[ForegroundFiles]:
        return _list_foregrounds(origin, naming)

    return SourceKind(
        name="folder",
        title="A plain folder",
        layout=f"fg/<name>.<png|jpg|...> and alpha/<name>.<...>, paired by name (also fgr/, foreground(s)/; "
        f"{_ALPHAS}), {_SUFFIXES}; classes.csv where names do not begin with a class",
        licence="as the CSV file says",
        citation="",
        recognise=lambda origin: _recognise(origin, "fg"),
        index_files=cutouts,
        index_foregrounds=foregrounds_from(cutouts, by_name=True),
        read=read_pair,
        named=foregrounds_named,
    )


def photographs_named(naming: Naming) -> SourceKind:
    """Return the kind of photographs of one's own with their mattes, which the user may have named."""
    return SourceKind(
        name="folder",
        title="A plain folder",
        layout=f"image/<name>.<jpg|...> and alpha/<name>.<...>, paired by name, and trimap/ if there is one "
        f"(also images/, photos/, rgb/, original/; {_ALPHAS}; or rgba/, cutout(s)/: cut-outs of the "
        f"photographs), {_SUFFIXES}",
        licence="as the CSV file says",
        citation="",
        recognise=lambda origin: _recognise(origin, "image"),
        index_finished=lambda origin: _list_photographs(origin, naming),
        named=photographs_named,
    )


def read_finished(finished: Finished) -> tuple[UInt8, UInt8]:
    """Read an image and its alpha, which may be the transparency of a cut-out of it.

    Raises
    ------
    DataError
        If a file cannot be read, the image has transparency, or a cut-out is none of this image: its opaque
        pixels are more than 20 of 255 levels away on average (a JPEG's are 1 to 5).
    """
    if finished.image == finished.alpha:
        return _read_whole(finished.image)
    check_opaque(finished.image)
    image = read_image(finished.image)
    if not finished.is_cutout:
        return image, read_alpha(finished.alpha)
    cutout, alpha = read_rgba(finished.alpha)
    opaque = alpha == 255
    if image.shape == cutout.shape and opaque.any():
        away = float(np.abs(image[opaque].astype(np.int16) - cutout[opaque]).mean())
        if away > _OF_ANOTHER:
            raise DataError(
                f"{finished.alpha}: its opaque pixels differ from {finished.image} by {away:.0f} of 255 "
                "levels on average: is it a cut-out of another photograph?"
            )
    return image, alpha


def _read_whole(file: Path) -> tuple[UInt8, UInt8]:
    """Read a photograph and its alpha from one file, which shows the photograph under alpha 0, too."""
    image, alpha = read_rgba(file)
    hidden = image[alpha == 0]
    if len(hidden) and not np.ptp(hidden, axis=0).any():
        raise DataError(
            f"{file}: has one colour wherever its alpha is 0, so it is a cut-out without its photograph; "
            "simd build places cut-outs on backgrounds"
        )
    return image, alpha


def _list_whole(origin: str) -> Index[Finished]:
    index = list_cutouts(origin)
    records = tuple(
        Finished(
            id=record.id,
            source="rgba",
            fg_id=record.id,
            image=record.file,
            alpha=record.file,
            licence=record.licence,
            is_cutout=True,
        )
        for record in index.records
        if record.file is not None
    )
    return Index("rgba", records, index.expected, index.missing, index.broken, index.notes, index.extra)


def _recognise(origin: str, role: str) -> bool:
    root = Path(origin)
    if (
        not root.is_dir()
        or is_unfinished(root)
        or ((root / INFO_NAME).is_file() and (root / ROWS_NAME).is_file())
    ):
        return False
    try:
        places = find_places(root, role)
        if places is None:
            return False
        if (places.colour, places.alpha) == (root / "fg", root / "alpha"):
            return True
        layers = read_layers(places).files
    except DataError:
        return True  # it is said when it is listed
    return bool(layers["colour"].keys() & layers["alpha"].keys())


def _list_foregrounds(origin: str, naming: Naming) -> Index[ForegroundFiles]:
    root = Path(origin)
    found = _look(root, ("fg", "image"), naming, FOREGROUNDS.layout)
    layers, broken = found.layers, dict(found.layers.clashes)
    records = [
        pair
        for name in found.names
        if (pair := paired(name, "folder", layers.files["colour"][name], layers.files["alpha"][name], broken))
    ]
    cautions = list(found.cautions)
    if found.places.role == "image" or found.places.colour == root:
        cautions.append(
            "their colours are taken as they are; of photographs, which show their background, take "
            "--kind estimated"
        )
    if trimaps := layers.files.get("trimap"):
        where = f"in {found.places.trimap.name}/" if found.places.trimap else "beside them"
        cautions.append(
            f"{len(trimaps)} trimaps {where} are not used: a composite's trimap is that of its protocol "
            "(simd import keeps those of photographs)"
        )
    expected = len(found.names) + len(found.missing) + len(broken.keys() - set(found.names))
    extra = as_extra(layers.others, root)
    return Index(
        "folder",
        tuple(records),
        expected,
        found.missing,
        broken,
        (*found.notes, *cautions),
        extra,
        cautions=tuple(cautions),
    )


def _list_photographs(origin: str, naming: Naming) -> Index[Finished]:
    root = Path(origin)
    found = _look(root, ("image", "fg"), naming, PHOTOGRAPHS.layout)
    files, broken = found.layers.files, dict(found.layers.clashes)
    trimaps = files.get("trimap", {})
    records: list[Finished] = []
    missing = dict(found.missing)
    cautions = found.cautions
    if lacking := [name for name in found.names if trimaps and name not in trimaps]:
        cautions += (
            f"{len(lacking)} of {len(found.names)} photographs have no trimap, and the others have one: "
            f"{first_of(lacking, _NAMED)}; simd import makes those that are not there, and the recipe of "
            "each image says which it has",
        )
    if others := _of_foregrounds(found, root):
        missing = {key: reason for key, reason in missing.items() if key not in others}
    for name in found.names:
        record = Finished(
            id=name,
            source="folder",
            fg_id=name,
            image=files["colour"][name],
            alpha=files["alpha"][name],
            trimap=trimaps.get(name),
            is_cutout=found.places.is_cutout,
        )
        try:
            check_pair_size(record.image, *(p for p in (record.alpha, record.trimap) if p is not None))
        except DataError as error:
            broken[name] = str(error)
            continue
        records.append(record)
    strays = [path for name, path in trimaps.items() if name not in files["colour"] | files["alpha"]]
    extra = as_extra(sorted([*found.layers.others, *strays]), root)
    expected = len(records) + len(missing) + len(broken)
    notes = (*found.notes, *cautions)
    return Index("folder", tuple(records), expected, missing, broken, notes, extra, cautions=cautions)


def _of_foregrounds(found: _Found, root: Path) -> set[str]:
    """Return the keys of mattes without a photograph that have a foreground: both may lie in one folder."""
    places = find_places(root, "fg") if found.places.role == "image" else None
    if places is None or places.side_by_side or places.alpha != found.places.alpha:
        return set()
    foregrounds = read_layers(places).files["colour"]
    image = _shown(found.places.colour, root)
    return {f"{image}/{name}" for name in found.layers.files["alpha"] if name in foregrounds}


def _look(root: Path, roles: tuple[str, str], naming: Naming, layout: str) -> _Found:
    """Find and pair the layers, those of the first role where they are there."""
    places = find_places(root, roles[0], naming) or find_places(root, roles[1], naming)
    if places is None:
        raise DataError(
            f"{root}: has no folder fg/; the layout is {layout}. Other mattes are named by --alpha-dir NAME, "
            "or --alpha-suffix _NAME where they lie beside their images"
        )
    layers = read_layers(places, naming)
    colours, alphas = layers.files["colour"], layers.files["alpha"]
    missing: dict[str, str] = {}
    for name in sorted((colours.keys() | alphas.keys()) - (colours.keys() & alphas.keys())):
        if name in layers.clashes:
            continue
        missing |= _partnerless(name, places, layers, root)
    notes: list[str] = []
    cautions: tuple[str, ...] = ()
    usual = (places.colour.name, places.alpha.name) in (("fg", "alpha"), ("image", "alpha"))
    if not usual or places.side_by_side:
        notes.append(f"taken as {places.shown(root)}")
        if not places.is_cutout and (note := hard_note(sorted(alphas.values()), root)):
            cautions = (note,)
    if places.left_out:
        notes.append(f"left out: {', '.join(f'{name}/' for name in places.left_out)}")
    if note := unread_note(layers.others):
        notes.append(note)
    return _Found(places, layers, missing, tuple(notes), cautions, sorted(colours.keys() & alphas.keys()))


def _partnerless(name: str, places: Places, layers: Layers, root: Path) -> dict[str, str]:
    have, lack = ("alpha", "colour") if name in layers.files["alpha"] else ("colour", "alpha")
    if places.side_by_side:
        file = layers.files[have][name]
        wanted = f"image {name}" if lack == "colour" else f"matte, such as {name}_alpha.png,"
        return {_shown(file, root): f"has no {wanted} beside it"}
    folders = {"colour": places.colour, "alpha": places.alpha}
    names = {layer: _shown(folder, root) for layer, folder in folders.items()}
    partners = (path for path in layers.others if folders[lack] in path.parents)
    beside = unread_partner(name, partners)
    return {f"{names[lack]}/{name}": f"{names[have]}/{name} has no partner in {names[lack]}/{beside}"}


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if root in path.parents else str(path)


FOREGROUNDS = foregrounds_named(NO_NAMING)
PHOTOGRAPHS = photographs_named(NO_NAMING)
WHOLE_CUTOUTS = SourceKind(
    name="rgba",
    title="Cut-outs",
    layout="<name>.<png|webp|tif>, images with transparency that show their photograph under alpha 0, too; "
    "taken only where --kind names it",
    licence="as the CSV file says",
    citation="",
    recognise=lambda _origin: False,
    index_finished=_list_whole,
)
