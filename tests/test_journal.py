import resource
from contextlib import closing

import pytest

from simd.errors import DataError, DiskFullError
from simd.journal import Journal, by_item, resumed


def note(folder, settings, *rows):
    with closing(Journal(folder, settings)) as journal:
        for row in rows:
            journal.add(row)


def rows_of(folder, settings):
    with closing(Journal(folder, settings)) as journal:
        return journal.rows


def test_a_run_goes_on_with_what_is_finished(tmp_path):
    folder = tmp_path / "set" / ".build"
    assert rows_of(folder, {"seed": 1}) == []
    note(folder, {"seed": 1}, {"id": "a"}, {"id": "ü"})
    note(folder, {"seed": 1}, {"id": "c", "n": [1, 2.5, None]})
    assert rows_of(folder, {"seed": 1}) == [{"id": "a"}, {"id": "ü"}, {"id": "c", "n": [1, 2.5, None]}]


def test_a_row_is_on_disk_at_once(tmp_path):
    with closing(Journal(tmp_path / "state", {})) as journal:
        journal.add({"id": "a"})
        assert (tmp_path / "state" / "rows.jsonl").read_text() == '{"id": "a"}\n'


@pytest.mark.parametrize("cut", range(1, 13))
def test_a_cut_last_line_is_dropped(tmp_path, cut):
    note(tmp_path, {}, {"id": "a"}, {"id": "b"})
    path = tmp_path / "rows.jsonl"
    assert path.stat().st_size == 24  # two lines of 12
    path.write_bytes(path.read_bytes()[:-cut])
    whole = [{"id": "a"}, {"id": "b"}] if cut == 1 else [{"id": "a"}]  # without its newline it is whole
    assert rows_of(tmp_path, {}) == whole
    note(tmp_path, {}, {"id": "c"})
    assert rows_of(tmp_path, {}) == [*whole, {"id": "c"}]


def test_rubbish_between_lines_is_dropped(tmp_path):
    note(tmp_path, {}, {"id": "a"})
    path = tmp_path / "rows.jsonl"
    path.write_bytes(path.read_bytes() + b'\0\0\xff\xfe\n17\n"x"\n{"id": "b"}\n')
    assert rows_of(tmp_path, {}) == [{"id": "a"}, {"id": "b"}]


def test_other_settings_are_refused_and_nothing_is_lost(tmp_path):
    folder = tmp_path / "set" / ".build"
    note(folder, {"seed": 1, "name": None, "side": 64}, {"id": "a"})
    with pytest.raises(DataError) as caught:
        Journal(folder, {"seed": 2, "name": None, "classes": "a.csv"})
    assert str(caught.value) == (
        f"{tmp_path / 'set'}: holds an unfinished run with other settings "
        "(classes: None is now 'a.csv', seed: 1 is now 2, side: 64 is now None); "
        "finish it with its own command, remove the folder, or choose another"
    )
    assert rows_of(folder, {"seed": 1, "name": None, "side": 64}) == [{"id": "a"}]


def test_settings_are_compared_as_json(tmp_path):
    note(tmp_path, {"size": (1, 2)}, {"id": "a"})
    assert rows_of(tmp_path, {"size": [1, 2]}) == [{"id": "a"}]


@pytest.mark.parametrize(("text", "message"), [("[]", "is damaged; remove it"), ("{", "is not JSON")])
def test_a_damaged_state_is_named(tmp_path, text, message):
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(DataError, match=message):
        Journal(tmp_path, {})


def test_a_complete_run_leaves_no_state(tmp_path):
    journal = Journal(tmp_path / "state", {})
    journal.add({"id": "a"})
    journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path):
    journal = Journal(tmp_path, {})
    journal.add({"id": "a"})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (24, limits[1]))  # what a quota does: no file grows further
        with pytest.raises(DiskFullError, match=r"rows\.jsonl: cannot be written \(File too large"):
            journal.add({"id": "b" * 40})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.close()


def square(number):
    if number < 0:
        raise DataError(f"{number}: is below 0")
    return {"id": str(number), "square": number * number}


def squares(journal, numbers, **options):
    asked = []

    def work(items):
        asked.extend(items)
        return by_item(square, key=str)(items)

    keep = {"key": str, "load": lambda row: row, "dump": lambda _, row: row, "what": "numbers"} | options
    return *resumed(journal, numbers, work, **keep), asked


def test_a_resumed_run_does_what_is_left_and_tries_failures_again(tmp_path):
    values, failures, asked = squares(Journal(tmp_path, {}), [3, -1])
    assert asked == [3, -1]
    assert (values, failures) == ({"3": {"id": "3", "square": 9}}, {"-1": "-1: is below 0"})
    values, failures, asked = squares(Journal(tmp_path, {}), [2, 3, -1])
    assert asked == [2, -1]
    assert {id_: row["square"] for id_, row in values.items()} == {"2": 4, "3": 9}
    assert list(failures) == ["-1"]
    assert rows_of(tmp_path, {}) == [{"id": "3", "square": 9}, {"id": "2", "square": 4}]


def test_a_row_that_does_not_hold_any_more_is_done_again(tmp_path):
    note(tmp_path, {}, {"id": "3", "square": 8}, {"id": "4", "square": 16}, {"id": "7", "square": 49})
    load = lambda row: row if row["square"] != 8 else None  # noqa: E731
    values, _, asked = squares(Journal(tmp_path, {}), [3, 4], load=load)
    assert asked == [3]
    assert {id_: row["square"] for id_, row in values.items()} == {"3": 9, "4": 16}  # 7 is not asked for


def test_what_is_not_to_be_noted_is_done_by_the_next_run(tmp_path):
    values, _, _ = squares(Journal(tmp_path, {}), [3], dump=lambda _id, _row: None)
    assert list(values) == ["3"]
    assert rows_of(tmp_path, {}) == []


def test_a_run_without_a_journal_does_everything():
    assert squares(None, [1, 2])[2] == [1, 2]


def test_an_interrupt_leaves_what_is_finished(tmp_path):
    def work(items):
        yield "1", square(1)
        raise KeyboardInterrupt

    keep = {"key": str, "load": lambda row: row, "dump": lambda _, row: row, "what": "numbers"}
    with pytest.raises(KeyboardInterrupt):
        resumed(Journal(tmp_path, {}), [1, 2], work, **keep)
    assert rows_of(tmp_path, {}) == [{"id": "1", "square": 1}]
