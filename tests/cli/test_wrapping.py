"""Messages on a terminal end their lines between words; in a file they stand as they are."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simd.cli.wrapping import wrapped, wrapped_at

WORDS = st.lists(st.text("abc_./-0123456789", min_size=1, max_size=30), min_size=1, max_size=20)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@given(WORDS, st.sampled_from([80, 100]))
def test_no_word_is_broken_and_none_is_lost(words, width):
    lines = wrapped_at("simd: " + " ".join(words), width).split("\n")
    assert " ".join(lines).split() == ["simd:", *words]
    assert all(len(line) <= width for line in lines)


def test_a_file_gets_the_message_as_it_is(monkeypatch):
    text = "simd: " + "word " * 50
    monkeypatch.setenv("COLUMNS", "80")
    assert wrapped(text, io.StringIO()) == text
    assert max(map(len, wrapped(text, Terminal()).split("\n"))) <= 80


@pytest.mark.parametrize("columns", [80, 100])
def test_an_error_of_a_command_breaks_no_path(tmp_path, run_cli, monkeypatch, columns):
    import simd.cli

    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(simd.cli, "wrapped", lambda text, _stream: wrapped(text, Terminal()))
    folder = tmp_path / "a-folder-that-is-not-there-and-has-a-long-name-for-a-folder"
    done = run_cli("leaderboard", folder, "--out", tmp_path / "board")
    assert done.code == 1
    assert str(folder.with_name(folder.name + ".json")) in done.err
