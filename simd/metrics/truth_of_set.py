"""What predictions are scored against: a true matte and a trimap for each image, wherever they come from."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from simd.dataset.info import digests as digests_of_rows
from simd.dataset.manifest import MattingSet, Sample
from simd.dataset.review import Review
from simd.dataset.unreviewed import is_unreviewed, unreviewed_note
from simd.errors import DataError
from simd.garbage import search_put_off
from simd.metrics.score import ENTIRE, WHOLE


class Truth(NamedTuple):
    """One image to score: where its layers lie, and what it counts for."""

    id: str  # the name of its prediction without the ending; "<folder>/<stem>" where images lie in folders
    class_: str  # the primary class; "" where none is stated
    fg_id: str  # images of one foreground are not independent samples
    alpha_file: Path | None = None  # None: the sample's
    trimap_file: Path | None = None  # None, without a sample: all pixels are scored
    alpha_kind: str = ""
    sample: Sample | None = None  # of a set, which states what pixels its layers hold
    masked: bool = False  # whether the sample's class mask counts, else the primary class does, everywhere

    # Paths are made when they are asked for: those of 100,000 images take 2 s and 100 MB.

    @property
    def alpha(self) -> Path:
        """Where the true matte lies."""
        if self.sample is not None:
            return self.sample.path("alpha")
        assert self.alpha_file is not None
        return self.alpha_file

    @property
    def trimap(self) -> Path | None:
        """Where the trimap lies; None: all pixels are scored."""
        return self.trimap_file if self.sample is None else self.sample.path("trimap")

    @property
    def class_mask(self) -> Path | None:
        """Where the class mask lies; None: the primary class, everywhere."""
        return self.sample.path("class_mask") if self.sample is not None and self.masked else None

    @property
    def files(self) -> tuple[Path, ...]:
        """The files to read."""
        return tuple(file for file in (self.alpha, self.trimap, self.class_mask) if file is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truths:
    """All images to score, and what identifies them."""

    origin: str  # for messages
    images: tuple[Truth, ...]
    # name, protocol, digest, trimaps_digest; no digests: they come from the pixels; part_of: see leave_out;
    # region: ENTIRE, see of_whole_images; class_masks: "proposals" where some that nobody has reviewed count
    set: Mapping[str, str]
    paths: Mapping[str, str]  # where it all lies
    map_trimaps: bool = False  # whether trimaps may hold other values than 0, 128, 255
    remarks: tuple[str, ...] = ()  # what a reader of the scores has to know
    left_out: frozenset[str] = frozenset()  # ids that are not scored, though mattes of them may be there

    @property
    def region(self) -> str:
        """What is scored of an image: its unknown region, or all of it."""
        return self.set.get("region", WHOLE)

    @property
    def identified(self) -> bool:
        """Whether the digests are known before anything is read."""
        return "digest" in self.set

    @property
    def key(self) -> str:
        """A text that changes with what is scored: an unfinished evaluation of another is not continued."""
        if self.identified:
            parts = [self.region] if self.region != WHOLE else []
            parts += ["proposals"] if "class_masks" in self.set else []
            return " ".join([self.set["digest"], *parts])
        digest = hashlib.sha256(repr(self.map_trimaps).encode())
        digest.update(self.region.encode() if self.region != WHOLE else b"")
        for image in self.images:
            digest.update(repr((image.id, image.class_, image.fg_id, *map(str, image.files))).encode())
        return digest.hexdigest()


class PixelDigests(NamedTuple):
    """SHA-256 of the decoded pixels that one image was scored with."""

    alpha: str
    trimap: str


def truths_of_set(dataset: MattingSet, review: Review | None = None, *, proposals: bool = False) -> Truths:
    """Return the truth of a set that `simd build` has written, without what a review excludes.

    Class masks that nobody has reviewed count with `proposals` only, which makes it another truth: that
    stands in ``set["class_masks"]``.

    What is left is another set: it has the digests that it would have if it had been built so, and
    ``set["part_of"]`` is the digest of the whole.
    """
    truths = _of_whole_set(dataset, proposals=proposals)
    if review is None:
        return truths
    kept = leave_out(truths, review)
    if not kept.left_out:
        return kept
    of_part = digests_of_rows(row for row in dataset.rows if row.id not in kept.left_out)
    part = {"digest": of_part["set"], "trimaps_digest": of_part["trimaps"], "part_of": dataset.digest}
    return replace(kept, set={**kept.set, **part})


def of_whole_images(truths: Truths) -> Truths:
    """Return the same truth with all pixels of the images to score; trimaps are not read."""
    return replace(truths, set={**truths.set, "region": ENTIRE})


def leave_out(truths: Truths, review: Review) -> Truths:
    """Leave out the images that a review excludes, and say how many in a remark.

    Raises
    ------
    DataError
        If none is left.
    """
    kept = tuple(image for image in truths.images if image.id not in review.excluded)
    ids = frozenset(image.id for image in truths.images)
    left_out = ids & review.excluded
    if left_out and not kept:
        raise DataError(f"{review.path}: excludes every image of {truths.origin}")
    remark = f"Without what a review excludes: {review.summary(ids)}."
    return replace(truths, images=kept, left_out=left_out, remarks=(*truths.remarks, remark))


@search_put_off()
def _of_whole_set(dataset: MattingSet, *, proposals: bool) -> Truths:
    note = unreviewed_note(dataset.rows, proposals=proposals)
    return Truths(
        origin=str(dataset.path),
        images=tuple(_of_sample(sample, proposals=proposals) for sample in dataset),
        set={
            "name": dataset.name,
            "protocol": str(dataset.info["protocol"]),
            "digest": dataset.digest,
            "trimaps_digest": dataset.trimaps_digest,
            **({"class_masks": "proposals"} if note and proposals else {}),
        },
        paths={"set": str(dataset.path)},
        remarks=(f"{note[0].upper()}{note[1:]}.",) if note else (),
    )


def digests(images: Iterable[Truth], pixels: Mapping[str, PixelDigests]) -> dict[str, str]:
    """Digest truth that is not a set by what it holds: ids, classes, alphas, trimaps; and the trimaps alone.

    An image that could not be read stands in it as such, so its scores never share a board with whole ones.
    """
    whole, trimaps = hashlib.sha256(), hashlib.sha256()
    for image in sorted(images, key=lambda image: image.id):
        layers = pixels.get(image.id, PixelDigests("unreadable", "unreadable"))
        whole.update(f"{image.id} {image.class_} {layers.alpha} {layers.trimap}\n".encode())
        trimaps.update(f"{image.id} {layers.trimap}\n".encode())
    return {"digest": whole.hexdigest(), "trimaps_digest": trimaps.hexdigest()}


def _of_sample(sample: Sample, *, proposals: bool) -> Truth:
    row = sample.row
    masked = proposals or not is_unreviewed(row)
    return Truth(row.id, row.class_, row.fg_id, None, None, row.alpha_kind, sample, masked)
