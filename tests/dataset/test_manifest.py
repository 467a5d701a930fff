"""What a set says of itself in a notebook, and how one finds a sample in it."""

import pytest

from simd.dataset.manifest import MattingSet, load_set, write_manifest
from simd.errors import DataError
from simd.records import Composite


def row(id_: str, class_: str, fg: str) -> Composite:
    return Composite.from_row(
        {
            "id": id_,
            "class": class_,
            "classes": [class_],
            "fg_id": fg,
            "bg_id": None,
            "source": "folder",
            "licence": "CC0-1.0",
            "bg_source": None,
            "bg_licence": None,
            "alpha_kind": "exact",
            "protocol": "exact",
            "recipe": {"height": 8, "width": 8},
            "seed": 0,
            "class_mask_from": "image",
        }
        | {f"{layer}_sha256": "0" * 64 for layer in ("image", "alpha", "trimap", "class_mask")}
    )


@pytest.fixture
def built(tmp_path) -> MattingSet:
    rows = [row("lace-00000001", "lace", "a"), row("lace-00000002", "lace", "a")]
    rows.append(row("fire-00000003", "fire", "b"))
    write_manifest(tmp_path, rows, name="<b>mine</b>", protocol="exact", seed=0, sources=[])
    return load_set(tmp_path)


def test_a_set_is_shown_in_a_line(built):
    assert repr(built) == f"<MattingSet '<b>mine</b>': 3 composites of 2 classes, at {built.path}>"


def test_a_sample_is_shown_in_a_line(built):
    assert repr(built[0]) == "<Sample lace-00000001: lace, fg 'a', bg None>"


def test_a_notebook_shows_the_classes_and_escapes_names(built):
    html = built._repr_html_()
    assert "<td>lace</td><td>2</td><td>1</td>" in html
    assert "<td>fire</td><td>1</td><td>1</td>" in html
    assert "&lt;b&gt;mine" in html
    assert "<b>" not in html


def test_a_sample_is_found_by_position_slice_and_id(built):
    assert built["fire-00000003"] == built[2] == built[-1] == built[1:][1]
    with pytest.raises(DataError, match="has no composite 'fire-00000004'; did you mean 'fire-00000003'"):
        built["fire-00000004"]
    with pytest.raises(IndexError):
        built[3]


def test_a_set_as_a_table(built):
    frame = built.to_frame()
    assert list(frame["id"]) == ["lace-00000001", "lace-00000002", "fire-00000003"]
    assert list(frame["class"]) == ["lace", "lace", "fire"]
    assert frame["fg_id"].nunique() == 2
