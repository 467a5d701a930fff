"""Lists of names are read alike by all who take one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.selection.name_lists import read_names
from simd.sources.lists import parse_line, read_file_list

NAMES = (
    st.text(st.characters(codec="utf-8", exclude_characters=":\n\r"), min_size=1).map(str.strip).filter(bool)
)


@given(fields=st.lists(NAMES, min_size=1, max_size=3), blanks=st.sampled_from(["", " ", "\t"]))
def test_a_line_is_split_into_its_fields_without_the_blanks_around_them(fields, blanks):
    line = parse_line(7, ":".join(f"{blanks}{field}{blanks}" for field in fields))
    expected = ["", *fields] if len(fields) == 1 else fields
    assert line == (7, *expected, *[""] * (3 - len(expected)))


@pytest.mark.parametrize("text", ["net:a.png:b.jpg:c.jpg", "net::b.jpg", ":a.png", "net:", "net: :b.jpg"])
def test_other_lines_are_refused_by_all(text, tmp_path):
    with pytest.raises(DataError, match="a line is class:name, class:name:background or a name, not '"):
        parse_line(1, text)
    path = tmp_path / "list.txt"
    path.write_text(f"{text}\nnet:good.png:sky.jpg\n")
    assert list(read_names(path).names) == ["good"]
    assert list(read_names(path).problems) == [f"{path}:1"]
    lines, problems = read_file_list(path)
    assert [line.fg_name for line in lines] == ["good.png"]
    assert list(problems) == [f"{path}:1"]


def test_a_list_of_composites_may_have_blanks_around_its_fields_and_any_line_ends(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"plant_leaf : a 1.png: sky.jpg\r\n\r\n net:b.png:sky.jpg \n")
    lines, problems = read_file_list(path)
    assert lines == [(1, "leaf", "a 1.png", "sky.jpg"), (3, "net", "b.png", "sky.jpg")]
    assert problems == {}


def test_a_folder_is_not_a_name(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("net:fg/\nnet:a.png\n")
    assert read_names(path).problems == {f"{path}:1": "'fg/' is a folder, not the name of a foreground"}
