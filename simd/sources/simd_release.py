"""The SIMD release of 2021: a folder a class, in it ``fg/`` and ``alpha/`` with equal file names."""

from pathlib import Path

from simd.citations import SEMANTIC_IMAGE_MATTING
from simd.class_tables import ClassTable, stem_of
from simd.errors import DataError
from simd.records import Foreground
from simd.sources.folder import as_extra, paired, read_pair, split_files
from simd.sources.index import Index, SourceKind
from simd.sources.table import table_beside
from simd.taxonomy import TAXONOMY, class_name


def _class_folders(origin: str) -> list[Path]:
    root = Path(origin)
    try:
        folders = [p for p in root.iterdir() if (p / "fg").is_dir() and (p / "alpha").is_dir()]
    except OSError:
        return []
    return sorted(folders, key=lambda p: p.name)


def _is_class(folder: Path) -> bool:
    try:
        return bool(class_name(folder.name))
    except DataError:
        return False


def _index(origin: str, classes: Path | ClassTable | None) -> Index[Foreground]:
    root = Path(origin)
    folders = _class_folders(origin)
    if not folders:
        raise DataError(f"{root}: has no folder of a class; the layout is {FOREGROUNDS.layout}")
    licences = table_beside(origin, classes) or ClassTable()
    records: list[Foreground] = []
    missing: dict[str, str] = {}
    broken: dict[str, str] = {}
    extra: list[str] = []
    expected = 0
    owners: dict[str, str] = {}
    for folder in folders:
        (colours, others), (alphas, more) = (_by_name(folder / layer) for layer in ("fg", "alpha"))
        extra += as_extra(others + more, root)
        expected += len(colours.keys() | alphas.keys())
        try:
            class_ = class_name(folder.name)
            if (owner := owners.setdefault(class_, folder.name)) != folder.name:
                raise DataError(f"{folder.name}/ and {owner}/ are one class; put them into one folder")
        except DataError as error:
            broken |= {f"{folder.name}/{name}": str(error) for name in sorted(colours.keys() | alphas.keys())}
            continue
        for name in sorted(colours.keys() | alphas.keys()):
            id_ = f"{folder.name}/{name}"
            if name not in colours or name not in alphas:
                have, lack = ("alpha", "fg") if name in alphas else ("fg", "alpha")
                missing[id_] = f"{folder / have / name} has no partner {folder / lack / name}"
                continue
            if (pair := paired(id_, "simd", colours[name], alphas[name], broken)) is None:
                continue
            try:
                entry = licences.find(Path(name).stem)
            except DataError as error:
                broken[id_] = str(error)
                continue
            records.append(
                Foreground(
                    id=id_,
                    source="simd",
                    classes=(class_,),
                    file=pair.file,
                    alpha_file=pair.alpha_file,
                    licence=entry.licence if entry else FOREGROUNDS.licence,
                    alpha_kind=entry.alpha_kind if entry else "",
                )
            )
    stems_here = [fg.file.stem for fg in records if fg.file] + [stem_of(name) for name in missing | broken]
    unused = {} if isinstance(classes, ClassTable) else licences.unused(stems_here)
    return Index("simd", tuple(records), expected, missing, broken, extra=tuple(extra), unused=unused)


def _by_name(folder: Path) -> tuple[dict[str, Path], list[Path]]:
    images, others = split_files(folder)
    return {p.relative_to(folder).as_posix(): p for p in images}, others


FOREGROUNDS = SourceKind(
    name="simd",
    title="SIMD, the release of 2021",
    ask="https://github.com/nowsyn/SIM (SIMD.zip)",
    counts="the official test list names 89 foregrounds, 10 backgrounds each",
    layout="<class>/fg/<name> and <class>/alpha/<name>, the same file name in both; "
    "<class> is a class or its name in the release, such as plant_leaf",
    licence="SIMD release: none stated, ask its authors; parts are Adobe's, by agreement",
    citation=SEMANTIC_IMAGE_MATTING,
    inner=tuple(
        f"{name}{layer}"
        for each in TAXONOMY
        for name in (each.name, *each.aliases)
        for layer in ("", "/fg", "/alpha")
    ),
    recognise=lambda origin: any(_is_class(folder) for folder in _class_folders(origin)),
    index_foregrounds=_index,
    read=read_pair,
)
