"""What samples are made of: foregrounds and backgrounds of any source, and none that is for testing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simd.dataset.layers import decode_layer
from simd.dataset.manifest import INFO_NAME, load_set
from simd.errors import DataError, first_of
from simd.generator.splits import split_of
from simd.hashing import text_digest
from simd.masks import nearest_pixel
from simd.records import Background, Composite, Foreground, file_name
from simd.selection.selection_file import read_selection
from simd.sources import (
    FINISHED,
    FOREGROUNDS,
    Pixels,
    index_backgrounds,
    index_foregrounds,
    is_drawn,
    recognise_kind,
)
from simd.sources.estimated import estimate_foreground
from simd.sources.index import Index, Record
from simd.tagging.annotated_foregrounds import annotate, counted_classes, read_annotated
from simd.taxonomy import CLASSES, NO_CLASS
from simd.training.sample_options import SampleOptions

SET = "set"
"""The source of a foreground that is taken out of a composite of a set."""

_NAMED = 5
_DRAWN_ID = re.compile(r"(?:synthetic|synthetic-mixed|scenes)/\w+/(\d+)@\d+")
_TEST_PARTS = {
    "adobe": ("Test_set/",),
    "distinctions-646": ("Test/",),
    "am-2k": ("validation/",),
    "p3m-10k": ("P3M-500-P/", "P3M-500-NP/"),
    "aim-500": ("",),
    "transparent-460": ("Test/",),
    "videomatte240k": ("test/",),
    "photomatte85": ("",),
    "ppm-100": ("",),
    "rwp-636": ("",),
}
"""Parts of the public sets that papers report figures on, by the beginning of a name."""


@dataclass(frozen=True, slots=True)
class Material:
    """The foregrounds and backgrounds of samples, and what was left out of them."""

    foregrounds: tuple[Foreground, ...]
    backgrounds: tuple[Background, ...]
    problems: dict[str, str]  # missing and broken files, with the reason
    notes: tuple[str, ...]  # what a user ought to know: what was left out, what is estimated

    def of_class(self) -> dict[str, tuple[int, ...]]:
        """Return the positions of each class's foregrounds; one with tagged regions has several classes."""
        positions: dict[str, list[int]] = {name: [] for name in CLASSES}
        for position, foreground in enumerate(self.foregrounds):
            for name in classes_of(foreground):
                positions[name].append(position)
        return {name: tuple(held) for name, held in positions.items() if held}


def read_material(options: SampleOptions) -> Material:
    """List the foregrounds and backgrounds that options name.

    Raises
    ------
    DataError
        If a place cannot be read or holds nothing of use, or all that it holds is for testing.
    """
    notes: list[str] = []
    problems: dict[str, str] = {}
    foregrounds = _all_foregrounds(options, problems, notes)
    backgrounds: list[Background] = []
    if options.stage != "discriminator":
        for origin in options.backgrounds:
            _refuse_test_origin(origin)
            index = index_backgrounds(origin, options.background_kind)
            problems |= index.problems
            if not index.records:
                raise DataError(f"{origin}: holds no background; simd index {origin} says why")
            backgrounds += _without_test(index.records, origin, "backgrounds", notes)
    return Material(tuple(foregrounds), tuple(backgrounds), problems, tuple(notes))


def read_pixels(foreground: Foreground) -> Pixels:
    """Read the colours, alpha and class mask of a foreground; the colours of a photograph are estimated."""
    if foreground.source != SET:
        return read_annotated(foreground)
    assert foreground.file is not None
    root, id_ = foreground.file.parent.parent, foreground.file.stem
    image, alpha = (decode_layer(root / file_name(id_, layer), layer) for layer in ("image", "alpha"))
    if image.shape[:2] != alpha.shape:
        raise DataError(
            f"{foreground.file}: differs in size from its alpha; simd verify {root} lists such files"
        )
    class_mask = None
    if foreground.alpha_kind == "regions":
        class_mask = decode_layer(root / file_name(id_, "class_mask"), "class_mask")
        if (tagged := class_mask != NO_CLASS).any():  # a drawn trimap may be wider than the set's
            class_mask = class_mask[tagged][nearest_pixel(tagged)]
    return Pixels(estimate_foreground(image, alpha), alpha, class_mask)


def classes_of(foreground: Foreground) -> tuple[str, ...]:
    """Return the classes that a foreground can give samples of."""
    if foreground.source == SET:
        return foreground.classes if foreground.alpha_kind == "regions" else foreground.classes[:1]
    return counted_classes(foreground)


def is_for_testing(source: str, id_: str) -> bool:
    """Tell whether a foreground or background belongs to a test split, as far as its name says.

    Examples
    --------
    >>> is_for_testing("adobe", "Test_set/boy"), is_for_testing("synthetic", "synthetic/fire/7@512")
    (True, False)
    """
    if drawn := _DRAWN_ID.fullmatch(id_):
        return split_of(int(drawn[1])) == "test"
    if source == "estimated":
        source, _, id_ = id_.partition("/")
    return any(id_.startswith(part) for part in _TEST_PARTS.get(source, ()))


def refuse_test_rows(rows: Iterable[Composite], origin: str) -> None:
    """Raise DataError if a set has foregrounds that are for testing."""
    tested = {row.fg_id for row in rows if is_for_testing(row.source, row.fg_id)}
    if tested:
        raise DataError(
            f"{origin}: is a set of test foregrounds ({first_of(sorted(tested), _NAMED)}); "
            "train on others, or no score on them says anything"
        )


def _all_foregrounds(
    options: SampleOptions, problems: dict[str, str], notes: list[str]
) -> Sequence[Foreground]:
    foregrounds: list[Foreground] = []
    for origin in options.foregrounds:
        _refuse_test_origin(origin)
        index = _index(origin, options, notes)
        problems |= index.problems
        if not index.records:
            raise DataError(f"{origin}: holds no foreground with a class; simd index {origin} says why")
        foregrounds += _without_test(index.records, origin, "foregrounds", notes)
    if options.selection is not None:
        kept = read_selection(Path(options.selection))
        chosen = [fg for fg in foregrounds if fg.id in kept]
        notes.append(f"{options.selection}: {len(foregrounds) - len(chosen)} foregrounds not selected")
        foregrounds = chosen
        if not foregrounds:
            raise DataError(f"{options.selection}: keeps none of these foregrounds; is it of other folders?")
    return part_of(foregrounds, options)


def _index(origin: str, options: SampleOptions, notes: list[str]) -> Index[Foreground]:
    if not is_drawn(origin) and (Path(origin) / INFO_NAME).is_file():
        return _index_set(origin, notes)
    kind = options.kind
    if kind is None and _has_photographs_alone(origin):
        kind = "estimated"
        notes.append(f"{origin}: has photographs alone; the foregrounds' colours are estimated")
    classes = None if options.classes is None or is_drawn(origin) else Path(options.classes)
    index = index_foregrounds(origin, kind, classes=classes)
    if options.annotations is not None and not is_drawn(origin):
        index = annotate(index, Path(options.annotations))
    if without := sum(not fg.classes for fg in index.records):
        notes.append(f"{origin}: {without} foregrounds have no class yet and are left out")
        index = replace(index, records=tuple(fg for fg in index.records if fg.classes))
    return index


def _has_photographs_alone(origin: str) -> bool:
    if is_drawn(origin) or not Path(origin).is_dir():
        return False
    return recognise_kind(FOREGROUNDS, origin) is None and recognise_kind(FINISHED, origin) is not None


def _index_set(origin: str, notes: list[str]) -> Index[Foreground]:
    """List the foregrounds of a set: one composite of each, its foreground's colours to be estimated."""
    matting_set = load_set(origin)
    records: dict[str, Foreground] = {}
    for row in matting_set.rows:
        if row.fg_id in records or not row.class_:
            continue
        records[row.fg_id] = Foreground(
            id=row.fg_id,
            source=SET,
            file=matting_set.path / file_name(row.id, "image"),
            alpha_file=matting_set.path / file_name(row.id, "alpha"),
            licence=row.licence,
            classes=(row.class_, *(name for name in row.classes if name != row.class_)),
            alpha_kind=row.class_mask_from,  # in place of how it was made: whether its class mask counts
        )
    refuse_test_rows(matting_set.rows, origin)
    notes.append(f"{origin}: is a set; {len(records)} foregrounds, their colours estimated from composites")
    return Index(SET, tuple(records.values()), len(records))


def _refuse_test_origin(origin: str) -> None:
    if is_drawn(origin) and origin.endswith(":test"):
        raise DataError(f"{origin}: is the test split; train on {origin.removesuffix('test')}train")


def _without_test(records: Iterable[Record], origin: str, what: str, notes: list[str]) -> list[Record]:
    held = list(records)
    kept = [record for record in held if not is_for_testing(record.source, record.id)]
    if held and not kept:
        raise DataError(f"{origin}: all of its {what} are for testing; train on others")
    if len(kept) < len(held):
        notes.append(f"{origin}: {len(held) - len(kept)} {what} left out, they are for testing")
    return kept


def part_of(foregrounds: Sequence[Foreground], options: SampleOptions) -> list[Foreground]:
    """Return the foregrounds of the part: of each class some are held out, by a hash of their names."""
    if options.held_out == 0:
        if options.part == "held-out":
            raise DataError("part is held-out, and held_out is 0: nothing is held out; give a share")
        return list(foregrounds)
    held: set[str] = set()
    for name in CLASSES:
        ids = sorted(
            (fg.id for fg in foregrounds if fg.class_ == name), key=lambda id_: text_digest("held-out", id_)
        )
        held |= set(ids[: round(len(ids) * options.held_out) or len(ids) > 1])
    wanted = options.part == "held-out"
    part = [fg for fg in foregrounds if (fg.id in held) == wanted]
    if not part:
        raise DataError(f"held_out {options.held_out:g} leaves no foreground for the part {options.part}")
    return part
