"""Composites that others have made: Composition-1k after its script, and what the SIMD generator writes."""

from collections.abc import Mapping
from pathlib import Path

from simd.citations import DEEP_IMAGE_MATTING, SEMANTIC_IMAGE_MATTING
from simd.class_tables import stem_of
from simd.errors import DataError
from simd.records import UNKNOWN_LICENCE
from simd.sources.composite_names import numbered_name, split_numbered, split_photograph, without_background
from simd.sources.folder import as_extra, by_stem, check_pair_size, split_files
from simd.sources.index import Finished, Index, SourceKind
from simd.sources.lists import lines_of
from simd.taxonomy import class_name

_OWN = "Adobe-licensed images"
_ALPHAS = ("alpha_copy", "alpha", f"{_OWN}/alpha_copy", f"{_OWN}/alpha")
_TRIMAPS = ("trimaps", f"{_OWN}/trimaps")
_TEST_IMAGES, _TRAINING_IMAGES, _RELEASE_IMAGES = 1000, 43_100, 890


# -- Composition-1k --------------------------------------------------------------------------------------


def _composition_roots(origin: str) -> list[Path]:
    candidates = (Path(origin), Path(origin) / "Test_set", Path(origin) / "Training_set")
    return [p for p in candidates if (p / "merged").is_dir() and _first(p, _ALPHAS) is not None]


def _first(root: Path, folders: tuple[str, ...]) -> Path | None:
    return next((root / folder for folder in folders if (root / folder).is_dir()), None)


def _index_composition(origin: str) -> Index[Finished]:
    roots = _composition_roots(origin)
    if not roots:
        raise DataError(f"{origin}: has no merged images; the layout is {COMPOSITION_1K.layout}")
    if len(roots) > 1:
        raise DataError(f"{origin}: holds {' and '.join(map(str, roots))}; a set is one of them, name it")
    root = roots[0]
    folders = {"image": root / "merged", "alpha": _first(root, _ALPHAS), "trimap": _first(root, _TRIMAPS)}
    layers, clashes, strays = _layers(root, folders)
    images, alphas, trimaps = layers["image"], layers["alpha"], layers.get("trimap")
    alpha_of = _alphas_of(images, alphas)
    backgrounds, notes = _backgrounds_by_list(root)
    notes += _jpegs(images)
    missing: dict[str, str] = {}
    broken = dict(clashes)
    records: list[Finished] = []
    for stem in sorted((images.keys() | backgrounds.keys()) - clashes.keys()):
        numbered = split_numbered(stem)
        if numbered is None:
            broken[stem] = f"merged/{images[stem].name} is not named <foreground>_<k>, as the script names it"
        elif stem not in images:
            missing[stem] = "is named by the lists, and merged/ has no such image"
        elif stem not in alpha_of:
            missing[stem] = f"merged/{images[stem].name} has no alpha, neither {stem} nor {numbered.fg}"
        elif trimaps is not None and stem not in trimaps:
            missing[stem] = f"merged/{images[stem].name} has no trimap of its name"
        else:
            record = Finished(
                id=stem,
                source="composition-1k",
                fg_id=numbered.fg,
                bg_id=backgrounds.get(stem),
                image=images[stem],
                alpha=alpha_of[stem],
                trimap=None if trimaps is None else trimaps[stem],
                licence=COMPOSITION_1K.licence,
            )
            _keep_if_equal(record, records, broken)
    for name, files in (("trimap", trimaps or {}), ("alpha", alphas)):
        used = {*images, *missing, *(p.stem for p in alpha_of.values()), *map(without_background, missing)}
        missing |= {stem: f"{name} {files[stem].name} has no image" for stem in sorted(files.keys() - used)}
    expected = len(records) + len(missing) + len(broken)
    known, unnamed = _known_count(root), 0
    if known and expected < known:
        notes.append(f"{root.name} is known to hold {known} images, here are {expected}")
        unnamed = known - expected if known == _TEST_IMAGES else 0
    extra = as_extra(strays, root)
    return Index(
        "composition-1k", tuple(records), expected + unnamed, missing, broken, tuple(notes), extra, unnamed
    )


def _alphas_of(images: Mapping[str, Path], alphas: Mapping[str, Path]) -> dict[str, Path]:
    """Return the alpha of each image: one a composite (alpha_copy), or one a foreground, for all alike."""
    copies = {stem: alphas[stem] for stem in images if stem in alphas}
    shared = {
        stem: alphas[name.fg] for stem in images if (name := split_numbered(stem)) and name.fg in alphas
    }
    return copies if len(copies) > len(shared) else shared


def _backgrounds_by_list(root: Path) -> tuple[dict[str, str], list[str]]:
    """Return the background of each composite as the two lists of names give them, if they are there.

    Foreground i has the lines [N·i, N·(i + 1)) of the list of backgrounds.
    """
    for half in ("test", "training"):
        lists = [root / f"{half}_{layer}_names.txt" for layer in ("fg", "bg")]
        if not all(path.is_file() for path in lists):
            continue
        fgs, bgs = ([name for _, name in lines_of(p)] for p in lists)
        each, rest = divmod(len(bgs), max(len(fgs), 1))
        if rest or not each:
            return {}, [
                f"{lists[1].name} has {len(bgs)} lines, no multiple of {len(fgs)}: backgrounds unknown"
            ]
        stems = [stem_of(fg) for fg in fgs]
        return {numbered_name(stems[i // each], i % each): bg for i, bg in enumerate(bgs)}, []
    return {}, ["the lists of foregrounds and backgrounds are not here: backgrounds unknown"]


def _known_count(root: Path) -> int:
    if root.name == "Test_set" or (root / "test_fg_names.txt").is_file():
        return _TEST_IMAGES
    return _TRAINING_IMAGES if root.name == "Training_set" else 0


# -- what the SIMD generator writes ----------------------------------------------------------------------


def _class_folders(origin: str) -> list[Path]:
    try:
        folders = [p for p in Path(origin).iterdir() if (p / "merged").is_dir() and (p / "alpha").is_dir()]
    except OSError:
        return []
    return sorted(folders, key=lambda p: p.name)


def _index_release(origin: str) -> Index[Finished]:
    folders = _class_folders(origin)
    if not folders:
        raise DataError(f"{origin}: has no folder of a class; the layout is {SIMD_COMPOSED.layout}")
    root = Path(origin)
    missing: dict[str, str] = {}
    broken: dict[str, str] = {}
    extra: list[Path] = []
    notes: list[str] = []
    records: list[Finished] = []
    for folder in folders:
        trimap_folder = folder / "trimap"
        of_layer = {"image": folder / "merged", "alpha": folder / "alpha"}
        if trimap_folder.is_dir():
            of_layer["trimap"] = trimap_folder
        layers, clashes, strays = _layers(root, dict(of_layer))
        extra += strays
        broken |= {f"{folder.name}/{stem}": reason for stem, reason in clashes.items()}
        notes += _jpegs(layers["image"])
        stems = sorted({stem for files in layers.values() for stem in files} - clashes.keys())
        for stem in stems:
            id_ = f"{folder.name}/{stem}"
            if lacks := [of_layer[layer].name for layer in layers if stem not in layers[layer]]:
                missing[id_] = f"has no file in {' and in '.join(f'{folder.name}/{name}/' for name in lacks)}"
                continue
            named = split_photograph(stem)
            try:
                class_ = class_name(folder.name)
                if named is None:
                    raise DataError(
                        "its name does not end with that of a VOC or COCO photograph, so it is unknown "
                        "where the foreground's ends"
                    )
            except DataError as error:
                broken[id_] = str(error)
                continue
            record = Finished(
                id=id_,
                source="simd-composed",
                fg_id=f"{folder.name}/{named.fg}",
                bg_id=named.bg,
                image=layers["image"][stem],
                alpha=layers["alpha"][stem],
                trimap=layers["trimap"][stem] if "trimap" in layers else None,
                class_=class_,
                licence=UNKNOWN_LICENCE,
            )
            _keep_if_equal(record, records, broken)
    expected = len(records) + len(missing) + len(broken)
    if expected != _RELEASE_IMAGES:
        notes.append(f"the official test list makes {_RELEASE_IMAGES} images, here are {expected}")
    return Index(
        "simd-composed",
        tuple(records),
        expected,
        missing,
        broken,
        tuple(dict.fromkeys(notes)),
        as_extra(extra, root),
    )


# -- both ------------------------------------------------------------------------------------------------


def _layers(
    root: Path, folders: Mapping[str, Path | None]
) -> tuple[dict[str, dict[str, Path]], dict[str, str], list[Path]]:
    """Return the images of each folder by stem, stems that two files share, and files that are not images."""
    clashes: dict[str, str] = {}
    strays: list[Path] = []
    layers: dict[str, dict[str, Path]] = {}
    for layer, folder in folders.items():
        if folder is not None:
            files, others = split_files(folder)
            strays += others + [p for p in files if p.parent != folder]
            layers[layer] = by_stem([p for p in files if p.parent == folder], clashes, root)
    return layers, clashes, strays


def _is_class(name: str) -> bool:
    try:
        return bool(class_name(name))
    except DataError:
        return False


def _keep_if_equal(record: Finished, records: list[Finished], broken: dict[str, str]) -> None:
    try:
        check_pair_size(record.image, *(p for p in (record.alpha, record.trimap) if p is not None))
    except DataError as error:
        broken[record.id] = str(error)
    else:
        records.append(record)


def _jpegs(images: Mapping[str, Path]) -> list[str]:
    lossy = [p.name for p in images.values() if p.suffix.lower() in (".jpg", ".jpeg")]
    return [f"{len(lossy)} merged images are JPEG, which changes them: {lossy[0]}"] if lossy else []


COMPOSITION_1K = SourceKind(
    name="composition-1k",
    title="Composition-1k, merged",
    layout=f"[Test_set/]{{merged/<fg>_<k>.png, alpha/<fg>.png or alpha_copy/<fg>_<k>.png, "
    f"trimaps/<fg>_<k>.png}}; alphas and trimaps may lie in {_OWN}/",
    licence="Adobe Deep Image Matting dataset: by agreement, for research",
    citation=DEEP_IMAGE_MATTING,
    ask="its parts: see adobe; merged/ is what its Composition_code.py, or simd build, writes",
    counts="1,000 test images of 50 foregrounds, 43,100 training images of 431",
    recognise=lambda origin: bool(_composition_roots(origin)),
    inner=("*merged",),
    index_finished=_index_composition,
)
SIMD_COMPOSED = SourceKind(
    name="simd-composed",
    title="SIMD test set, composed",
    layout="<class>/{merged,alpha,trimap}/<fg>_<bg>.png",
    licence="as its foregrounds'; the release states none, ask its authors",
    citation=SEMANTIC_IMAGE_MATTING,
    ask="made by the release's generate_testset.py, or by simd build --layout simd-2021",
    counts="890 images of 89 foregrounds, by the official test list",
    recognise=lambda origin: any(_is_class(folder.name) for folder in _class_folders(origin)),
    index_finished=_index_release,
)
