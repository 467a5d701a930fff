"""The JSON Schema of a kind takes what the kind takes, and refuses what it refuses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd import schema
from simd.schema import choice, json_schema, list_of, or_null, record, table_of, texts_by, whole

jsonschema = pytest.importorskip("jsonschema")

KINDS = [getattr(schema, name) for name in ("TEXT", "PATH", "NAME", "DIGEST", "FLAG", "NUMBER", "AMOUNT")]
KINDS += [getattr(schema, name) for name in ("SHARE", "COUNT", "SEED", "INTEGER", "NULL")]
KINDS += [choice("a", "b"), choice("a"), whole(1, 3), texts_by("ids and reasons")]
KINDS += [list_of(schema.SHARE), list_of(schema.TEXT, length=2), list_of(schema.COUNT, filled=True)]
KINDS += [or_null(schema.NAME), or_null(list_of(schema.NUMBER, length=2))]
KINDS += [
    table_of(schema.COUNT),
    table_of(schema.COUNT, {"a": schema.TEXT}),
    table_of(schema.COUNT, names="ab"),
]
KINDS += [record({"a": schema.TEXT, "b": or_null(schema.COUNT)}, {"c": list_of(schema.FLAG)})]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 4),
    st.floats(-2, 2).filter(lambda value: not value.is_integer()),  # 1.0 is whole to JSON Schema
    st.sampled_from(["", " ", "a", "b", "0" * 64, "0" * 63, "a\0"]),
)
VALUES = st.one_of(
    LEAVES,
    st.lists(LEAVES, max_size=3),
    st.dictionaries(st.sampled_from("abc"), st.one_of(LEAVES, st.lists(LEAVES, max_size=2)), max_size=3),
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.words)
@given(value=VALUES)
def test_a_schema_takes_what_its_kind_takes(kind, value):
    check = jsonschema.Draft202012Validator(json_schema(kind))
    assert check.is_valid(value) == kind.fits(value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.words)
def test_a_schema_is_one_and_says_in_words_what_it_takes(kind):
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))
    assert json_schema(kind)["description"] == kind.words


def test_what_json_schema_has_no_word_for():
    check = jsonschema.Draft202012Validator(json_schema(schema.INTEGER))
    assert check.is_valid(1.0)
    assert not schema.INTEGER.fits(1.0)
    assert not schema.NUMBER.fits(math.inf)
