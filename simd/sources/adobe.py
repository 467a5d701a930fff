"""Adobe's Deep Image Matting set: Combined_Dataset, with its name lists and its own test trimaps."""

from itertools import product
from pathlib import Path

from simd.citations import DEEP_IMAGE_MATTING
from simd.class_tables import stem_of
from simd.errors import DataError
from simd.records import Foreground, ForegroundFiles
from simd.sources.classified import foregrounds_from
from simd.sources.composite_names import numbered_name
from simd.sources.folder import as_extra, by_stem, paired, read_pair, split_files
from simd.sources.index import Index, SourceKind
from simd.sources.lists import lines_of

_OWN, _OTHER = "Adobe-licensed images", "Other"
_LISTS = ("training_fg_names.txt", "test_fg_names.txt")


def _halves(origin: str) -> list[Path]:
    """Return the training and the test half of a folder, or the folder itself if it is one of them."""
    root = Path(origin)
    candidates = (root, root / "Training_set", root / "Test_set")
    return [p for p in candidates if (p / _OWN / "fg").is_dir() and (p / _OWN / "alpha").is_dir()]


def _list_pairs(origin: str) -> Index[ForegroundFiles]:
    halves = _halves(origin)
    if not halves:
        raise DataError(f"{origin}: has no folder '{_OWN}'; the layout is {FOREGROUNDS.layout}")
    indices = [_list_half(half) for half in halves]
    return Index(
        "adobe",
        tuple(record for index in indices for record in index.records),
        sum(index.expected for index in indices),
        {name: reason for index in indices for name, reason in index.missing.items()},
        {name: reason for index in indices for name, reason in index.broken.items()},
        tuple(note for index in indices for note in index.notes),
        tuple(name for index in indices for name in index.extra),
    )


def _list_half(half: Path) -> Index[ForegroundFiles]:
    missing: dict[str, str] = {}
    clashes: dict[str, str] = {}
    parts = [half / name for name in (_OWN, _OTHER) if (half / name).is_dir()]
    layers: dict[str, list[Path]] = {"fg": [], "alpha": []}
    extra: list[Path] = []
    for part, layer in product(parts, layers):
        images, others = split_files(part / layer) if (part / layer).is_dir() else ([], [])
        layers[layer] += images
        extra += others
    colours, alphas = (by_stem(files, clashes, half) for files in layers.values())
    broken = {f"{half.name}/{stem}": reason for stem, reason in clashes.items()}
    names, notes = _expected(half, sorted(colours.keys() | alphas.keys() | clashes.keys()))
    records = []
    for stem in names:
        id_ = f"{half.name}/{stem}"
        if stem in clashes:
            continue
        if lacks := [layer for layer, of in (("fg", colours), ("alpha", alphas)) if stem not in of]:
            missing[id_] = f"there is no {' and no '.join(lacks)} of this name"
        elif pair := paired(id_, "adobe", colours[stem], alphas[stem], broken, FOREGROUNDS.licence):
            records.append(pair)
    extra += [p for files in layers.values() for p in files if p.stem not in names]
    return Index(
        "adobe", tuple(records), len(names), missing, broken, notes, as_extra(sorted(extra), half.parent)
    )


def _expected(half: Path, stems: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the stems that a half should hold, in the order of its list, with what is odd about them."""
    list_path = next((half / name for name in _LISTS if (half / name).is_file()), None)
    if list_path is None:
        return stems, (f"{half.name}: has no list of names ({' or '.join(_LISTS)}); sorted by name",)
    lines = lines_of(list_path)
    listed = list(dict.fromkeys(stem_of(name) for _, name in lines))
    notes = []
    if len(listed) < len(lines):
        notes.append(f"{list_path}: {len(lines) - len(listed)} names stand there more than once")
    if extra := sorted(set(stems) - set(listed)):
        notes.append(
            f"{len(extra)} foregrounds that {list_path} does not name left out: {', '.join(extra[:5])}"
        )
    return listed, tuple(notes)


def _official_trimap(foreground: Foreground, k: int) -> Path | None:
    assert foreground.alpha_file is not None
    folder = foreground.alpha_file.parent.parent / "trimaps"
    file = folder / f"{numbered_name(foreground.alpha_file.stem, k)}.png"
    return file if file.is_file() else None


FOREGROUNDS = SourceKind(
    name="adobe",
    title="Adobe Image Matting, Combined_Dataset",
    ask="https://sites.google.com/view/deepimagematting (on request, for research)",
    counts="431 training and 50 test foregrounds; lists of 43,100 and 1,000 backgrounds; 1,000 test trimaps",
    layout=f"{{Training_set,Test_set}}/{{{_OWN},{_OTHER}}}/{{fg,alpha}}/<name>, paired by name; "
    f"Test_set/{_OWN}/trimaps/<name>_<k>.png; name lists in each half; classes by --classes",
    licence="Adobe Deep Image Matting dataset: by agreement, for research",
    citation=DEEP_IMAGE_MATTING,
    recognise=lambda origin: bool(_halves(origin)),
    inner=tuple(
        f"{half}{part}{layer}"
        for half in ("", "Training_set/", "Test_set/")
        for part in (_OWN, _OTHER)
        for layer in ("", "/fg", "/alpha", "/trimaps")
    ),
    index_files=_list_pairs,
    index_foregrounds=foregrounds_from(_list_pairs, title=lambda _place: "Adobe's set", lists=True),
    read=read_pair,
    official_trimap=_official_trimap,
)
