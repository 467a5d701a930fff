"""Photographs with several mattes each, one an object or a person: HIM2K, RefMatte.

An image-alpha pair is one matte and its photograph; pairs of one photograph share their foreground's name,
since they are not independent samples. What else the photograph shows is background to that matte.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from simd.errors import DataError
from simd.records import UNKNOWN_LICENCE
from simd.sources.folder import as_extra, by_stem, check_pair_size, split_files
from simd.sources.index import Finished, Index, SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancePart:
    """A part of such a dataset: a folder of photographs, and one of mattes."""

    name: str
    images: tuple[str, ...]  # where its photographs may lie; the first that is there counts
    alphas: tuple[str, ...]  # and its mattes
    count: int = 0  # photographs that it is told to hold; another number is a remark


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceLayout:
    """A dataset of photographs with several mattes each."""

    name: str
    title: str
    layout: str
    parts: tuple[InstancePart, ...]
    in_folders: bool  # mattes lie in a folder named as their photograph; else behind its name stands _<k>
    sign: tuple[str, ...] = ()  # files one of which is there, where the folders alone are anybody's
    licence: str
    licensed: bool = True
    citation: str
    ask: str
    counts: str


HIM2K = InstanceLayout(
    name="him2k",
    title="HIM2K",
    layout="images/{comp,natural}/<id>.jpg and alphas/{comp,natural}/<id>/<person>.png",
    parts=tuple(
        InstancePart(name=name, images=(f"images/{name}",), alphas=(f"alphas/{name}",), count=count)
        for name, count in (("comp", 1680), ("natural", 320))
    ),
    in_folders=True,
    licence="none is known; ask its authors",
    licensed=False,
    citation='Sun, Tang and Tai, "Human Instance Matting via Mutual Guidance and Multi-Instance Refinement", '
    "CVPR 2022",
    ask="https://github.com/nowsyn/InstMatt",
    counts="2,000 photographs; 1,680 comp, 320 natural (hearsay)",
)

REFMATTE = InstanceLayout(
    name="refmatte",
    title="RefMatte",
    layout="[RefMatte/]{train,test}/{img/<id>.jpg, mask/<id>_<k>.png, refmatte_*_label.json}, or of "
    "RefMatte-RW100 {image/<id>.jpg, mask/<id>_<k>.png, refmatte_rw100_label.json}",
    parts=(
        *(
            InstancePart(
                name=name,
                images=(f"{name}/img", f"RefMatte/{name}/img"),
                alphas=(f"{name}/mask", f"RefMatte/{name}/mask"),
            )
            for name in ("train", "test")
        ),
        InstancePart(name="RW100", images=("image", "image_all"), alphas=("mask",), count=100),
    ),
    in_folders=False,
    sign=(
        *("refmatte_rw100_label.json", "train/refmatte_train_label.json", "test/refmatte_test_label.json"),
        *("RefMatte/train/refmatte_train_label.json", "RefMatte/test/refmatte_test_label.json"),
    ),
    licence="RefMatte: CC BY-NC 4.0",
    citation='Li, Zhang and Tao, "Referring Image Matting", CVPR 2023',
    ask="https://github.com/JizhiziLi/RIM",
    counts="47,500 composed photographs with 118,749 mattes, and 100 natural ones (hearsay)",
)


def instances_of(layout: InstanceLayout) -> SourceKind:
    """Return the kind that reads a dataset of several mattes a photograph."""
    folders = [folder for part in layout.parts for folder in (*part.images, *part.alphas)]
    above = {str(parent) for folder in folders for parent in Path(folder).parents if parent.name}
    return SourceKind(
        name=layout.name,
        title=layout.title,
        layout=layout.layout,
        licence=layout.licence,
        citation=layout.citation,
        ask=layout.ask,
        counts=layout.counts,
        inner=tuple(sorted({*folders, *above})),
        recognise=lambda origin: _recognise(layout, Path(origin)),
        index_finished=lambda origin: _index(layout, Path(origin)),
    )


def _recognise(layout: InstanceLayout, root: Path) -> bool:
    if layout.sign and not any((root / name).is_file() for name in layout.sign):
        return False
    return any(_folders(part, root) for part in layout.parts)


def _folders(part: InstancePart, root: Path) -> tuple[Path, Path] | None:
    images = next((root / name for name in part.images if (root / name).is_dir()), None)
    alphas = next((root / name for name in part.alphas if (root / name).is_dir()), None)
    return None if images is None or alphas is None else (images, alphas)


def _index(layout: InstanceLayout, root: Path) -> Index[Finished]:
    records: list[Finished] = []
    missing: dict[str, str] = {}
    broken: dict[str, str] = {}
    notes: list[str] = []
    extra: list[Path] = []
    if not any(_folders(part, root) for part in layout.parts):
        raise DataError(f"{root}: is not {layout.title}; its layout is {layout.layout}")
    for part in layout.parts:
        if (folders := _folders(part, root)) is None:
            notes.append(f"{layout.title}, {part.name} is not here")
            continue
        clashes: dict[str, str] = {}
        images, others = split_files(folders[0])
        alphas, strays = split_files(folders[1])
        extra += [*others, *strays]
        photographs = by_stem((path for path in images if path.parent == folders[0]), clashes, root)
        broken |= {f"{part.name}/{stem}": reason for stem, reason in clashes.items()}
        if part.count and len(photographs) != part.count:
            told = f"{layout.title}, {part.name} is told to hold {part.count} photographs"
            notes.append(f"{told}, here are {len(photographs)}")
        used: set[str] = set()
        for alpha in alphas:
            stem, which = _split(layout, alpha, folders[1])
            id_ = f"{part.name}/{stem}/{which}"
            if stem not in photographs:
                missing[id_] = (
                    f"{alpha.relative_to(root)} has no photograph in {folders[0].relative_to(root)}/"
                )
                continue
            used.add(stem)
            _keep_if_equal(layout, part, (stem, which), (photographs[stem], alpha), records, broken)
        for stem in sorted(photographs.keys() - used):
            photograph = photographs[stem].relative_to(root)
            missing[f"{part.name}/{stem}"] = f"{photograph} has no matte in {folders[1].relative_to(root)}/"
    expected = len(records) + len(missing) + len(broken)
    return Index(
        layout.name, tuple(records), expected, missing, broken, tuple(notes), as_extra(sorted(extra), root)
    )


def _split(layout: InstanceLayout, alpha: Path, folder: Path) -> tuple[str, str]:
    """Return the name of a matte's photograph, and which of its mattes it is."""
    if layout.in_folders:
        return alpha.parent.relative_to(folder).as_posix(), alpha.stem
    named = re.fullmatch(r"(.+)_(\d+)", alpha.stem)
    return (named[1], named[2]) if named else (alpha.stem, "0")


def _keep_if_equal(
    layout: InstanceLayout,
    part: InstancePart,
    name: tuple[str, str],
    files: tuple[Path, Path],
    records: list[Finished],
    broken: dict[str, str],
) -> None:
    stem, which = name
    id_ = f"{part.name}/{stem}/{which}"
    try:
        check_pair_size(*files)
    except DataError as error:
        broken[id_] = str(error)
        return
    records.append(
        Finished(
            id=id_,
            source=layout.name,
            fg_id=f"{part.name}/{stem}",
            image=files[0],
            alpha=files[1],
            licence=layout.licence if layout.licensed else UNKNOWN_LICENCE,
        )
    )


HIM2K_FINISHED = instances_of(HIM2K)
REFMATTE_FINISHED = instances_of(REFMATTE)
