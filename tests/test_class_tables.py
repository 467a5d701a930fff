"""The CSV file of classes: names as systems write them, rows of all kinds."""

import pytest

from simd.class_tables import ClassTable, Entry, path_of, read_entries, stem_of
from simd.errors import DataError


@pytest.mark.parametrize(
    ("text", "stem", "path"),
    [
        (r"Training_set\photo 1.5.PNG", "photo 1.5", "Training_set/photo 1.5"),
        (" net/a.b ", "a.b", "net/a.b"),
        ("./a.jpg", "a", "a"),
        (" ", "", ""),
    ],
)
def test_a_name_is_known_by_its_stem_or_by_its_path(text, stem, path):
    assert (stem_of(text), path_of(text)) == (stem, path)


def test_columns_have_several_names_and_short_rows_are_rows(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,classes,fg_id,licence\nx/a.png,net|fur, f ,CC0\nb\n")
    assert read_entries(file, key=path_of) == {
        "x/a": Entry(f"{file}:2", ("net", "fur"), "CC0", "", "f"),
        "b": Entry(f"{file}:3", None),
    }


@pytest.mark.parametrize(
    "text",
    [
        "file;class;licence\n{};fur|net;CC0\n",
        "file\tclass\tlicence\n{}\tfur|net\tCC0\n",
        "\ufefffilename,label,license\r\n{},fur|net,CC0\r\n",
        "Filename; Label; Licence\n{};fur|net;CC0\n",
        "Image,LABEL,License\n{},fur|net,CC0\n",
        'file;class;licence\n"{}";"fur|net";"CC0"\n',
    ],
)
@pytest.mark.parametrize("name", ["a.png", "a, b.png"])
def test_tables_of_spreadsheets_and_of_other_tools_are_read(tmp_path, text, name):
    file = tmp_path / "a.csv"
    quoted = f'"{name}"' if "," in name and '"{}"' not in text else name
    file.write_text(text.format(quoted), encoding="utf-8")
    assert read_entries(file, key=stem_of) == {
        name.removesuffix(".png"): Entry(f"{file}:2", ("fur", "net"), "CC0")
    }


def test_too_many_cells_are_told_by_the_mark_between_them(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("file;class\na;b.png;fur\n")
    with pytest.raises(DataError, match=r"a\.csv:2: has 3 cells, .* a semicolon inside a cell needs double"):
        read_entries(file, key=stem_of)


def test_a_class_column_wins_over_labels(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("filename,label,class\na.png,net,fur\n")
    assert read_entries(file, key=stem_of)["a"].classes == ("fur",)


def test_a_column_without_a_name_holds_no_classes(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(",file\n0,a.png\n")  # as pandas writes an index
    assert read_entries(file, key=stem_of, with_classes=False)["a"].classes is None


def test_rows_that_differ_in_how_their_alpha_was_made_contradict_each_other(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("file,class,alpha_kind\na.png,net,hand_cut\na.png,net,hand_cut\na.png,net,predicted\n")
    with pytest.raises(DataError, match=r"a\.csv:4: says something else of 'a' than .*a\.csv:2"):
        read_entries(file, key=stem_of)


def test_rows_that_differ_in_their_foreground_contradict_each_other(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("file,class,fg\na.png,net,x\na.png,net,x\na.png,net,y\n")
    with pytest.raises(DataError, match=r"a\.csv:4: says something else of 'a' than .*a\.csv:2"):
        read_entries(file, key=stem_of)


@pytest.mark.parametrize("rows", ["file,class\n,net\n", "file,class\n  ,net\n"])
@pytest.mark.parametrize("key", [stem_of, path_of])
def test_a_row_needs_a_name(rows, key, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(rows)
    with pytest.raises(DataError, match=r"a\.csv:2: the column 'file' is empty"):
        read_entries(file, key=key)


def test_the_first_name_that_the_file_has_counts():
    table = ClassTable("a.csv", [("A", Entry("a.csv:2", ("fur",))), ("b", Entry("a.csv:3", ("net",)))])
    assert table.find("x", "a", "b").where == "a.csv:2"
    assert table.find("x") is None


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            'a.png,fur\n"b.png,net\nc.png,net\n',
            "3: is not CSV \\(a double quote that opens there is not closed",
        ),
        ('"a\nb.png",fur\nc.png,"net"x\n', "4: is not CSV \\('?,"),
        (
            "a.png,fur,oh\n",
            "2: has 3 cells, and there are 2 columns; a comma inside a cell needs double quotes",
        ),
    ],
)
def test_rows_that_are_not_csv_are_named_by_their_line(rows, reason, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(f"file,class\n{rows}")
    with pytest.raises(DataError, match=rf"a\.csv:{reason}"):
        read_entries(file, key=stem_of)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("file,class,class\na,fur,net\n", "has the column 'class' twice; keep one of them"),
        ("file,class,Class\na,fur,net\n", "has the column 'class' twice; keep one of them"),
        ("a.png;fur\nb.png;net\n", "it has a.png, fur; its first line names the columns, as in: file,class"),
        ("", "lacks a column 'file' or .*; it is empty"),
    ],
)
def test_columns_that_cannot_be_told_are_named(text, reason, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=reason):
        read_entries(file, key=stem_of)


def test_names_that_are_used_in_another_form_are_used():
    entry = Entry("a.csv:2", ("fur",))
    table = ClassTable("a.csv", [(name, entry) for name in ("Cat", "dog", "DOG", "caf\u00e9", "x")])
    assert table.unused(["cat", "Dog", "cafe\u0301"]) == {"a.csv": "1 of 5 names are of no file here: x"}
    assert table.unused(table) == {}
