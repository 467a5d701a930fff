"""run.json: written and read by one module, and checked key by key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.dataset.predictions import RunRecord, read_run, write_run
from simd.errors import DataError

WHOLE = RunRecord(
    method="closed-form",
    version="pymatting 1.1",
    set_digest="0" * 64,
    set="exact-0",
    images=2,
    seconds_per_image=0.25,
    peak_megabytes=300,
    fallbacks={"a": "no known foreground"},
    simd_version="0.1",
)


def test_a_record_survives_the_file(tmp_path):
    write_run(tmp_path, WHOLE)
    assert read_run(tmp_path) == WHOLE
    # the keys of a set's run.json, in their order, are what they have always been
    assert list(json.loads((tmp_path / "run.json").read_text())) == [
        *("method", "version", "checkpoint_digest", "set_digest", "set", "images"),
        *("seconds_per_image", "peak_megabytes", "fallbacks", "simd_version"),
    ]


def test_what_another_program_writes_needs_the_method_alone(tmp_path):
    (tmp_path / "run.json").write_text('{"method": "mine", "their_own": [1]}')
    assert read_run(tmp_path) == RunRecord(method="mine")
    assert read_run(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"version": "1"}, "the key 'method' is missing; add the method's name"),
        ({"method": " "}, "the key 'method' must be a name, a text that is not empty, this is the text ' '"),
        ({"method": "a", "images": -1}, "the key 'images' must be a whole number from 0 on, or null"),
        ({"method": "a", "images": True}, "'images' must be .*, this is the value True"),
        (
            {"method": "a", "seconds_per_image": "2"},
            "'seconds_per_image' must be a number from 0 on, or null",
        ),
        ({"method": "a", "seconds_per_image": -0.1}, "this is the number -0.1"),
        ({"method": "a", "peak_megabytes": [1]}, "'peak_megabytes' must be a number .*, this is a list"),
        ({"method": "a", "fallbacks": {"x": 1}}, "'fallbacks' must be an object of image ids and reasons"),
        ({"method": "a", "set_digest": 5}, "'set_digest' must be a text or null, this is the number 5"),
        ([], "is not a run.json as simd predict writes it, but a list"),
    ],
)
def test_a_wrong_key_is_named_with_its_file(tmp_path, content, message):
    (tmp_path / "run.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"run\.json: .*{message}"):
        read_run(tmp_path)


def test_infinite_seconds_are_refused(tmp_path):
    (tmp_path / "run.json").write_text('{"method": "a", "seconds_per_image": Infinity}')
    with pytest.raises(DataError, match="'seconds_per_image' must be a number from 0 on"):
        read_run(tmp_path)


values = st.sampled_from([None, True, {}, []]) | st.integers() | st.floats() | st.text(max_size=3)


@given(st.dictionaries(st.sampled_from(list(WHOLE.to_json())), values))
def test_whatever_stands_in_the_file_gives_its_record_or_a_sentence(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp()
    (folder / "run.json").write_text(json.dumps(content))
    try:
        record = read_run(folder)
    except DataError:
        return  # other errors are the failure
    assert record.to_json() | content == record.to_json()
