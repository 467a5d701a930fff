"""A set, mattes and scores to browse, small enough to check by hand."""

import numpy as np
from boards_by_hand import BOX, SIDE, predict_a_constant, write_tiny_set

from simd.image import write_png
from simd.metrics.score import Score
from simd.metrics.scores import Scores

EVIL = "<script>document.title='taken'</script>../../x"
"""A name that must stay text."""


def browse_set(root, *, fg_id=EVIL):
    """Write a set of two images, defocus (class 0) and net, with alpha 1 in a box, the unknown region."""
    return write_tiny_set(root / "set", classes=("defocus", "net"), fg_id=fg_id)


def method(root, name, level, tiny):
    """Write mattes of one grey level and their scores as files; return where the scores lie."""
    folder = root / f"mattes {level}"
    scores = predict_a_constant(name, level, tiny, folder)
    rows = [*scores.rows]
    rows += [Score(**{**_fields(row), "region": row.class_}) for row in scores.rows]
    made = Scores(
        name=name, version="1", set=dict(scores.set), paths=dict(scores.paths), rows=tuple(rows), missing={}
    )
    made.save(root / "scores" / f"level{level}")
    return root / "scores" / f"level{level}"


def two_methods_on_disk(root, tiny, names=("dark", "grey")):
    """Return the scores of two methods: mattes of level 0 and of level 128."""
    return [method(root, name, level, tiny) for name, level in zip(names, (0, 128), strict=True)]


def ramp(folder, tiny):
    """Write mattes with every level from 0 to 255 in the box of 16 x 16."""
    folder.mkdir(parents=True)
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[BOX, BOX] = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for sample in tiny:
        write_png(folder / f"{sample.row.id}.png", pixels)
    return folder


def _fields(row):
    return {name: getattr(row, name) for name in Score.__slots__}
