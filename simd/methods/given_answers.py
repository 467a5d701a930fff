"""The answers that a method weighs, taken from finished runs of others instead of solving them again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simd.dataset.predictions import UNFINISHED_NAME, read_run
from simd.errors import DataError
from simd.image import read_matte, to_uint8
from simd.methods import Answer, Method, Weighs, load_method
from simd.methods.facts import facts_of
from simd.methods.run_images import RunImages


class GivenAnswer(NamedTuple):
    """Where the answer to an image lies, and whether it is a fallback."""

    file: Path
    is_fallback: bool


@dataclass(frozen=True, slots=True)
class GivenAnswers:
    """The finished runs that a method takes its answers from."""

    folders: tuple[Path, ...]
    fallbacks: tuple[frozenset[str], ...]  # of each folder, ids
    seconds: float  # that they took for an image, all together
    peak_megabytes: int | None

    def of(self, id_: str) -> tuple[GivenAnswer, ...]:
        """Return where the answers to an image are."""
        return tuple(
            GivenAnswer(folder / f"{id_}.png", id_ in fallbacks)
            for folder, fallbacks in zip(self.folders, self.fallbacks, strict=True)
        )


def places_of_answers(folder: str | Path | None, method: Method) -> list[Path]:
    """Return where the runs of the methods that a method weighs are to be; none without a folder.

    Raises
    ------
    DataError
        If the method weighs no others.
    """
    if folder is None:
        return []
    if not isinstance(method, Weighs):
        raise DataError(f"{facts_of(method).name} weighs no answers of other methods; leave out --answers")
    return [Path(folder) / name for name in method.weighed]


def given_answers(folder: str | Path, method: Method, images: RunImages) -> GivenAnswers:
    """Find the runs of the methods that a method weighs, `folder`/<name>.

    Raises
    ------
    DataError
        If the method weighs no others, or a run is missing, not finished, of another version, or over other
        images.
    """
    places, records = places_of_answers(folder, method), []
    for place in places:
        name = place.name
        facts = facts_of(load_method(name))
        advice = f"run simd predict {name} over these images with --out {place}, or leave out --answers"
        record = read_run(place)
        if record is None or (place / UNFINISHED_NAME).is_dir():
            raise DataError(f"{place}: holds no finished run of {name}; {advice}")
        theirs = (record.method, record.version, record.checkpoint_digest)
        if theirs != (name, facts.version, facts.checkpoint_digest):
            raise DataError(
                f"{place}: its mattes are of {record.method} ({record.version}), not of {name} "
                f"({facts.version}); {advice}"
            )
        of_others = record.set_digest != images.set_digest
        if of_others or (images.set_digest is None and record.images_digest != images.files_digest()):
            raise DataError(f"{place}: its mattes are of other images; {advice}")
        records.append(record)
    peaks = [record.peak_megabytes for record in records if record.peak_megabytes is not None]
    return GivenAnswers(
        tuple(places),
        tuple(frozenset(record.fallbacks) for record in records),
        sum(record.seconds_per_image or 0 for record in records),
        max((int(peak) for peak in peaks), default=None),
    )


def read_answers(given: Sequence[GivenAnswer], size: tuple[int, int]) -> list[Answer]:
    """Read the answers to an image of a size (H, W).

    Raises
    ------
    DataError
        If a matte is gone, damaged or of another size.
    """
    answers = []
    for file, is_fallback in given:
        alpha = to_uint8(read_matte(file))
        if alpha.shape != size:
            raise DataError(f"{file}: is {alpha.shape}, the image {size}; predict it again")
        answers.append(Answer(alpha, is_fallback))
    return answers
