"""Whether a set shows foregrounds that a method's weights were trained on, as far as both say it."""

from simd.dataset.predictions import RunRecord
from simd.errors import first_of
from simd.metrics.truth_of_set import Truths

_NAMED = 3


def remarks_on_training(truths: Truths, record: RunRecord) -> tuple[str, ...]:
    """Say how many images show foregrounds that the method has learnt from.

    A run says what its weights were trained on as ``source/part`` ("adobe/Training_set"), and a set of each
    image its foreground's source and id, which begins with the part. A foreground that came into a set by
    another way, under another id, is not recognised.
    """
    parts = tuple(f"{part}/" for part in record.trained_on or ())
    rows = [image.sample.row for image in truths.images if image.sample is not None]
    seen = [row.id for row in rows if f"{row.source}/{row.fg_id}".startswith(parts)]
    if not seen:
        return ()
    where = ", ".join(part for part in record.trained_on or ())
    return (
        f"{len(seen)} of {len(truths.images)} images show foregrounds that the weights were trained on "
        f"({where}), so that their errors are no test: {first_of(seen, _NAMED)}.",
    )
