"""The class masks that are shipped are what was drawn, of foregrounds as they are."""

import json

import numpy as np
import pytest

from simd.sources import index_foregrounds, read_foreground
from simd.tagging.annotation_files import check_unchanged, find_annotations, read_annotation
from simd.tagging.fill import fill, unknown_of
from simd.tagging.paint import blank, paint
from simd.taxonomy import NO_CLASS, annotations_dir

FOLDER = annotations_dir() / "regions"
SHIPPED = find_annotations(FOLDER)


def test_they_have_several_classes_and_say_who_may_use_them():
    assert len(SHIPPED) >= 14
    notice = (FOLDER / "README.md").read_text(encoding="utf-8")
    for fg_id, path in SHIPPED.items():
        annotation, mask = read_annotation(path)
        assert len(np.unique(mask)) >= 3, fg_id  # two classes, and none
        assert annotation.review == "reviewed"
        assert annotation.seconds is None
        assert f"`{fg_id}`" in notice
        assert "/" not in json.loads(path.read_text(encoding="utf-8"))["fg_id"]
    assert {p.suffix for p in FOLDER.iterdir()} == {".json", ".png", ".md"}


@pytest.mark.parametrize("fg_id", sorted(SHIPPED))
def test_their_strokes_filled_are_the_mask(fg_id, test_data):
    place = test_data / "data" / "real"
    if not place.is_dir():
        pytest.skip("the folder of real data has no data/real")
    (foreground,) = [fg for fg in index_foregrounds(str(place)).records if fg.id == fg_id]
    fg, alpha, _ = read_foreground(foreground)
    annotation, mask = read_annotation(SHIPPED[fg_id])
    check_unchanged(annotation, fg, alpha)
    unknown = unknown_of(alpha)
    assert np.array_equal(mask != NO_CLASS, unknown)
    filled = fill(fg, alpha, paint(annotation.strokes, blank(alpha.shape)), unknown).class_mask
    assert (filled == mask)[unknown].mean() > 0.99  # a sum in another order may move a border
