import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simd.errors import DataError
from simd.records import LAYERS, Background, Composite, Foreground, check_id, composite_of_line, file_name
from simd.taxonomy import CLASSES

texts = st.text(max_size=12)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
composites = st.builds(
    Composite,
    id=st.from_regex(r"(fur|hair-easy)-[0-9a-f]{8}", fullmatch=True),
    class_=st.sampled_from(CLASSES),
    classes=st.lists(st.sampled_from(CLASSES), min_size=1, unique=True).map(lambda c: tuple(sorted(c))),
    fg_id=texts,
    bg_id=st.none() | texts,
    source=texts,
    licence=texts,
    bg_source=st.none() | texts,
    bg_licence=st.none() | texts,
    alpha_kind=texts,
    protocol=texts,
    recipe=st.dictionaries(texts, st.integers() | texts | st.floats(allow_nan=False, allow_infinity=False)),
    seed=st.integers(0, 2**48),
    class_mask_from=st.sampled_from(["image", "regions", "proposals"]),
    **{f"{layer}_sha256": digests for layer in LAYERS},
)


def a_composite():
    return Composite(
        **{"id": "fur-0123abcd", "class_": "fur", "classes": ("fur", "leaf"), "fg_id": "cat test (1).jpg"},
        **{"bg_id": "COCO_train2014_000000000009.jpg", "source": "folder", "licence": "CC0-1.0"},
        **{"bg_source": "coco", "bg_licence": "CC BY 2.0", "alpha_kind": "", "protocol": "exact"},
        **{"recipe": {"k": 0}, "seed": 7, "class_mask_from": "image"},
        **{f"{layer}_sha256": str(i) * 64 for i, layer in enumerate(LAYERS)},
    )


@given(composites)
def test_a_composite_survives_json(composite):
    line = json.dumps(composite.to_row(), ensure_ascii=False, allow_nan=False)
    assert Composite.from_row(json.loads(line)) == composite


@given(composites)
def test_a_line_is_read_at_once_as_it_is_by_its_columns(composite):
    for ascii_only in (False, True):
        line = json.dumps(composite.to_row(), ensure_ascii=ascii_only, allow_nan=False)
        assert composite_of_line(line) == composite


@given(composites)
def test_the_sorted_json_of_a_row_is_what_json_makes_of_it(composite):
    assert composite.to_sorted_json() == json.dumps(composite.to_row(), sort_keys=True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.text("\ud800\udfff", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@given(composites, st.data())
def test_what_is_read_at_once_is_a_row_by_its_columns_too(composite, data):
    row = composite.to_row()
    key = data.draw(st.sampled_from([*row, "a column of others"]))
    row[key] = data.draw(VALUES | st.sampled_from(["height", "width"]).map(lambda side: {side: row["seed"]}))
    if (read := composite_of_line(json.dumps(row))) is not None:
        by_columns = Composite.from_row(json.loads(json.dumps(row)))
        assert read == by_columns
        assert repr(read.to_row()) == repr(by_columns.to_row())  # 1, 1.0 and True are equal


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("recipe", {"height": value}) for value in (0, -1, 2**31 + 1, 5.0, "5", True, None)),
        *(("recipe", {"k": value}) for value in (None, True, [1], {"a": 1}, float("nan"), float("inf"))),
        *(("seed", value) for value in (-1, 1.0, "1", True, None)),
        *(("class", value) for value in ("", "furr", 1)),
        *(("classes", value) for value in ([], ["furr"], [1], "fur", None)),
        *(("id", value) for value in ("fur--1", "Fur-1", "fur-test", "../fur", 1)),
        *(("image_file_name", value) for value in ("image/fur-1.png", "", 1)),
        *(("alpha_sha256", value) for value in ("a" * 63, "A" * 64, "a" * 64 + "\n", None)),
        ("fg_id", "\ud800"),
        ("source", None),
    ],
)
def test_what_is_no_row_is_not_read_at_once(key, value):
    assert composite_of_line(json.dumps(a_composite().to_row() | {key: value})) is None


def test_a_row_has_the_columns_of_the_contract():
    row = a_composite().to_row()
    assert row["id"] == "fur-0123abcd"
    assert row["class"] == "fur"
    assert row["classes"] == ["fur", "leaf"]
    assert row["class_mask_file_name"] == "class_mask/fur-0123abcd.png"
    assert row["class_mask_sha256"] == "3" * 64
    facts = "id class classes fg_id bg_id source licence protocol recipe seed class_mask_from"
    needed = [*facts.split(" "), *(f"{layer}_{what}" for layer in LAYERS for what in ("file_name", "sha256"))]
    assert set(needed) <= row.keys()


def test_columns_that_others_added_are_passed_over():
    row = a_composite().to_row() | {"split": "a", "inputs": [1, 2]}
    assert Composite.from_row(row) == a_composite()


def test_missing_columns_are_named():
    row = a_composite().to_row()
    del row["class"], row["seed"]
    with pytest.raises(DataError, match="composite 'fur-0123abcd' lacks class, seed"):
        Composite.from_row(row)


@pytest.mark.parametrize("id_", ["fur-0123abcd", "a", "7", "hair-easy-00000000", "latest-1", "evaluations"])
def test_safe_ids_are_accepted(id_):
    check_id(id_)


@pytest.mark.parametrize(
    "id_",
    ["", "-a", "a-", "a--b", "a.b", "a_b", "A", "a b", "a/b", "..", "ä", "a\n", "a-0\n", None, 7],
)
def test_ids_that_are_unsafe_as_names_are_refused(id_):
    with pytest.raises(DataError, match="must consist of a-z, 0-9 and single hyphens"):
        check_id(id_)


# SPLIT_KEYWORDS of datasets 3 and 4, data_files.py; digits and hyphens are between words there
LOADER_WORDS = {
    *("train", "training", "validation", "valid", "dev", "val"),
    *("test", "testing", "eval", "evaluation"),
}


@pytest.mark.parametrize("word", sorted(LOADER_WORDS))
def test_ids_with_the_name_of_a_split_are_refused(word):
    # https://huggingface.co/docs/datasets/repository_structure: the names that the loader looks for
    for id_ in (word, f"fur-{word}", f"{word}-1", f"a-{word}-b", f"{word}7", f"7{word}-a"):
        with pytest.raises(DataError, match=f"holds '{word}', which dataset loaders take for"):
            check_id(id_)


def test_no_class_makes_an_unsafe_id():
    for name in CLASSES:
        check_id(f"{name.replace('_', '-')}-0123abcd")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Fur"}, "id 'Fur' must consist of"),
        (
            {"class_": "hair"},
            "composite 'fur-0123abcd' has the unknown class 'hair'; did you mean 'hair_easy",
        ),
        ({"classes": ("fur", "plant_leaf")}, "unknown class 'plant_leaf'"),  # aliases are for input only
        (
            {"class_mask_from": "guess"},
            "class_mask_from must be 'image' or 'regions' or 'proposals', not 'guess'",
        ),
        ({"image_sha256": "0" * 63}, "image_sha256 is not a SHA-256"),
        ({"alpha_sha256": "A" * 64}, "alpha_sha256 is not a SHA-256"),
        ({"trimap_sha256": None}, "trimap_sha256 is not a SHA-256"),
        ({"class_mask_sha256": "0" * 64 + "\n"}, "class_mask_sha256 is not a SHA-256"),
    ],
)
def test_wrong_composites_cannot_exist(change, message):
    with pytest.raises(DataError, match=message):
        replace(a_composite(), **change)


def test_wrong_foregrounds_cannot_exist():
    with pytest.raises(DataError, match="foreground 'cat' has the unknown class 'cat'"):
        Foreground(id="cat", source="folder", classes=("cat",))


def test_what_has_no_class_says_so_in_both_columns():
    without = replace(a_composite(), class_="", classes=())
    assert (without.to_row()["class"], without.to_row()["classes"]) == (None, [])
    assert Composite.from_row(without.to_row()) == without
    assert Foreground(id="cat", source="folder", classes=()).class_ == ""
    for change in ({"class_": ""}, {"classes": ()}):
        with pytest.raises(DataError, match="both say what it is of, or class is null and classes is empty"):
            replace(a_composite(), **change)


def test_the_first_class_is_primary():
    assert Foreground(id="a", source="folder", classes=("tree", "leaf")).class_ == "tree"


def test_records_are_frozen():
    background = Background(id="a.jpg", source="folder", file=Path("a.jpg"))
    with pytest.raises(FrozenInstanceError):
        background.id = "b.jpg"
    with pytest.raises(AttributeError):
        a_composite().id = "fur-0"
    assert background.licence == "unknown"


def test_layers_lie_in_folders_of_their_names():
    assert [file_name("fur-1", layer) for layer in LAYERS] == [
        "image/fur-1.png",
        "alpha/fur-1.png",
        "trimap/fur-1.png",
        "class_mask/fur-1.png",
    ]
