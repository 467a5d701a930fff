"""Figures that are missing, to JSON and back."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from simd.missing import nan_for_nulls, nulls_for_nan, present

FIGURES = st.floats(allow_infinity=False)


@given(figure=FIGURES, levels=st.lists(FIGURES).map(tuple), name=st.text())
def test_a_row_survives_json(figure, levels, name):
    row = {"name": name, "figure": figure, "levels": levels, "count": 3}
    written = json.dumps(nulls_for_nan(row), allow_nan=False)
    assert repr(nan_for_nulls(json.loads(written))) == repr(row)  # repr: nan is not equal to itself


def test_only_what_is_known_is_present():
    assert present([math.nan, 0.0, -1.0]) == [0.0, -1.0]
    assert present([math.nan]) == []
