import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from boards_by_hand import predict_a_constant, score, scores, two_methods, write_tiny_set

from simd.errors import DataError
from simd.report.leaderboard.board import group_boards, truth_note
from simd.report.leaderboard.examples import make_examples, worst_images
from simd.report.leaderboard.page import board_page
from simd.report.leaderboard.terminal import print_board, print_scores
from simd.report.leaderboard.write import write_leaderboard

HOSTILE = '<script>alert("x")</script>|*`'


def page_of(all_scores):
    return board_page(group_boards(all_scores))


def cells(page, method, table):
    """Return the cells of a method's row in the table whose tag holds `table`, as (classes, text).

    Intervals are left out; test_differences.py looks at them.
    """
    body = re.search(rf"<table[^>]*{table}.*?</table>", page, re.DOTALL).group()
    row = next(r for r in re.findall(r"<tr>.*?</tr>", body, re.DOTALL) if f"<b>{method}</b>" in r)
    row = re.sub(r'<small class="interval".*?</small>', "", row)
    found = re.findall(r'<td class="([^"]*)"[^>]*>(.*?)</td>', row, re.DOTALL)
    return [(kind, re.sub(r"<[^>]+>", "", content)) for kind, content in found]


def test_the_page_shows_means_worked_out_by_hand(tmp_path):
    page = page_of(two_methods())
    ours, plain = (cells(page, name, "headline") for name in ("ours", "plain"))
    assert ours[0][1] == "6.00★ best"  # (3 + 9 + 6) / 3
    assert ours[1][1] == "5.25★ best"  # (2 + 4 + 9 + 6) / 4
    assert ours[2][1] == "60.00★ best"  # MSE is SAD / 100, shown ×10³
    assert plain[0][1] == "9.33"  # (1 + 18 + 9) / 3
    assert plain[1][1] == "7.25"  # (1 + 1 + 18 + 9) / 4
    assert [text for _, text in plain[-3:]] == ["4 (3)", "1", "–"]  # images (foregrounds), fallbacks, seconds


def test_the_best_of_each_class_is_marked_and_an_absent_class_has_a_dash():
    page = page_of(two_methods())
    ours, plain = (cells(page, name, "heat") for name in ("ours", "plain"))  # the first: SAD by class
    assert len(ours) == 21  # the class-balanced mean and 20 classes
    assert ours[2] == ("best", "9.00★ best")  # fire
    assert ours[3] == ("", "3.00")  # fur
    assert plain[3] == ("best", "1.00★ best")
    assert plain[9] == ("", "9.001f")  # net, with its fallback
    assert ours[1] == plain[1] == ("absent", "–")  # defocus
    assert '<abbr title="1 of 1 mattes are fallbacks">1f</abbr>' in page


def test_regions_have_a_table_of_their_own():
    page = page_of(two_methods())
    regions = page[page.index("Error by region") :]
    ours = cells(regions, "ours", "heat")
    assert len(ours) == 21  # 20 classes and the unlabelled
    assert ours[8][1] == "6.00"  # net: only one method has it, so nobody is best
    assert ours[20][1] == "1.00"


def test_alphas_that_are_not_truth_and_fallbacks_are_said_in_words():
    both = two_methods()
    board = group_boards(both)[0]
    assert truth_note(board, "fur") == "1 of 2 alphas is not ground truth (predicted)"
    page = page_of(both)
    assert "1 of 2 alphas is not ground truth (predicted)" in page
    assert "1 of 1 alphas is not ground truth (game texture)" in page
    assert "plain: 1 of 4 mattes are fallbacks, not the method&#39;s own (out of memory: 1)." in page


def test_names_are_escaped():
    rows = [score("fur-1", "fur", 1.0, kind="predicted", fallback=HOSTILE), score("fur-2", "fur", 2.0)]
    hostile = replace(scores(HOSTILE, rows), version=HOSTILE)
    hostile = replace(hostile, set=dict.fromkeys(hostile.set, HOSTILE))
    page = page_of([hostile, two_methods()[0]])
    assert "<script>alert" not in page
    assert page.count("<script") == 1  # our own
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in page


def test_a_page_is_well_formed():
    class Balance(HTMLParser):
        void, stack = {"meta", "link", "br", "img", "input", "wbr"}, []

        def handle_starttag(self, tag, attrs):
            if tag not in self.void:
                self.stack.append(tag)

        def handle_endtag(self, tag):
            assert self.stack.pop() == tag

    Balance().feed(page_of(two_methods()))
    assert Balance.stack == []


def test_scores_on_different_sets_or_trimaps_stand_on_separate_boards():
    ours, plain = two_methods()
    other_set = replace(plain, set={**plain.set, "digest": "c" * 64})
    other_trimaps = replace(plain, set={**plain.set, "trimaps_digest": "d" * 64})
    boards = group_boards([ours, other_set, plain, other_trimaps])
    assert [[entry.name for entry in board.entries] for board in boards] == [
        ["ours", "plain"],
        ["plain"],
        ["plain"],
    ]
    page = board_page(boards)
    assert page.count('<section class="board"') == 3
    assert '<code title="' + "c" * 64 + f'">{"c" * 12}</code>' in page


def test_a_lone_method_is_not_called_best():
    assert "★ best" not in re.sub(r"<[^>]+>", "", page_of(two_methods()[:1]))


def test_a_method_that_lacks_an_image_is_not_best_where_it_lacks_it():
    ours, plain = two_methods()
    rows = tuple(row for row in ours.rows if row.id != "fire-1") + (score("fire-2", "fire", 0.1),)
    lacking = replace(ours, rows=rows[:-1], missing={"fire-1": "is not there"})
    board = group_boards([lacking, plain, replace(plain, name="also")])[0]
    assert board.size == 4
    assert board.best_mean("class_mean", "sad") == pytest.approx(28 / 3)  # not (3 + 6) / 2
    assert board.best("classes", "fire", "sad") == 18
    page = board_page([board])
    assert "ours: 1 of 4 images have no usable matte" in page
    assert '<abbr title="1 of 1 images are missing">1m</abbr>' in page


def test_small_errors_get_more_decimals():
    board = group_boards([scores("ours", [score("fur-1", "fur", 0.002)])])[0]
    assert board.decimals["conn"] == 5  # 3 * 0.002 = 0.006, shown as 0.00600
    assert board.decimals["mse"] == 4  # 0.002 / 100 * 1000 = 0.02, shown as 0.0200


def test_what_rounding_leaves_of_zero_is_printed_as_zero(capsys):
    # an inverted matte has the gradient of the truth: what is left are sums of rounding errors
    rows = [replace(score(f"fur-{i}", "fur", 2.0, fg=f"f{i}"), grad=3.86e-16 + i * 1e-17) for i in range(6)]
    tiny = scores("inverted", rows)
    board = group_boards([tiny, replace(tiny, name="again")])[0]
    assert board.decimals["grad"] == 2
    print_scores(tiny)
    print_board([tiny, replace(tiny, name="again")])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert "0.000" not in text
    assert "0.000" not in re.sub(r"--(heat|share):[\d.]+", "", board_page([board]))


def test_the_csv_is_long_and_leaves_absent_scores_empty(tmp_path):
    files = write_leaderboard(two_methods(), tmp_path / "new" / "folder")
    assert [file.name for file in files] == [
        "index.html",
        "leaderboard.csv",
        "leaderboard.md",
        "differences.csv",
    ]
    rows = list(csv.DictReader(io.StringIO(files[1].read_text())))
    assert len(rows) == 2 * (2 + 20 + 21 + 1)  # methods × (means, classes, regions, solved by all)
    ours = {(row["scope"], row["name"]): row for row in rows if row["method"] == "ours"}
    assert float(ours["overall", "class_mean"]["sad"]) == 6
    assert float(ours["overall", "image_mean"]["mse"]) == 0.0525  # as it is, not ×10³
    assert float(ours["class", "fur"]["conn"]) == 9
    assert (ours["class", "fur"]["not_truth"], ours["class", "fur"]["foregrounds"]) == ("1", "1")
    assert (ours["class", "lace"]["sad"], ours["class", "lace"]["images"]) == ("", "0")
    assert float(ours["region", "unlabelled"]["sad"]) == 1


def test_markdown_has_the_best_in_bold_and_dashes(tmp_path):
    text = write_leaderboard(two_methods(), tmp_path)[2].read_text()
    assert "| ours | **6.00** | **60.00** | **12.00** | **18.00** | 6.00 (1) | 4 | 0 | 0.5 |" in text
    assert "| fur | 2 / 1 | 3.00 | **1.00** |" in text
    assert "| net | 1 / 1 | **6.00** | 9.00 (1 fallback) |" in text
    assert "| lace | 0 / 0 | – | – |" in text
    assert "- fire: 1 of 1 alphas is not ground truth (game texture)." in text
    assert r"\<script\>alert" in write_leaderboard([scores(HOSTILE, [])], tmp_path)[2].read_text()


def test_examples_show_each_method_on_the_worst_image_of_each_class(tmp_path):
    tiny = write_tiny_set(tmp_path / "set", fg_id='<script>"cat"')
    dark = predict_a_constant("dark", 0, tiny, tmp_path / "dark")  # SAD 0.256
    grey = predict_a_constant("grey", 128, tiny, tmp_path / "grey")  # SAD 0.1275
    page = board_page(group_boards([dark, grey]))
    assert page.count("<figure>") == 2
    assert page.count('src="data:image/webp;base64,') == 2 * (3 + 2 * 2)
    assert "&lt;script&gt;&#34;cat&#34;" in page
    assert "<b>dark</b> 0.26" in page
    assert "<b>grey</b> <b>0.13</b>" in page  # 256 * 127 / 255 / 1000, the best
    assert len(page) < 5_000_000


def test_examples_come_by_class_first_and_foregrounds_once():
    rows = [
        score("fur-1", "fur", 9.0, fg="cat"),
        score("fur-2", "fur", 8.0, fg="cat"),
        score("fur-3", "fur", 4.0, fg="dog"),
        score("net-1", "net", 5.0),
    ]
    board = group_boards([scores("ours", rows)])[0]
    assert worst_images(board) == [("fur-1", 9.0), ("net-1", 5.0), ("fur-3", 4.0)]


def test_examples_stop_where_the_budget_ends(tmp_path):
    tiny = write_tiny_set(tmp_path / "set", classes=("fur", "net", "silk"))
    board = group_boards([predict_a_constant("dark", 0, tiny, tmp_path / "dark")])[0]
    one, *_ = make_examples(board, tiny, budget=10**6)
    assert len(make_examples(board, tiny, budget=10**6)) == 3
    assert len(make_examples(board, tiny, budget=one.weight)) == 1
    assert make_examples(board, tiny, budget=one.weight - 1) == []


@pytest.mark.slow
def test_a_page_of_many_long_names_stays_below_5_mb(tmp_path):
    tiny = write_tiny_set(tmp_path / "set")
    dark = predict_a_constant("dark", 0, tiny, tmp_path / "dark")
    page = page_of([replace(dark, name=f"{i} " + "long " * 560) for i in range(100)])
    assert 4_000_000 < len(page.encode()) < 5_000_000
    assert page.count("<figure>") == 1  # of two


def test_a_page_without_the_set_or_the_mattes_says_so(tmp_path):
    assert "No examples: the set is not where it was" in page_of(two_methods())
    tiny = write_tiny_set(tmp_path / "set")
    dark = predict_a_constant("dark", 0, tiny, tmp_path / "dark")
    gone = replace(dark, paths={**dark.paths, "predictions": str(tmp_path / "gone")})
    assert "No examples: the predicted mattes are not where they were" in page_of([gone])
    both = page_of([dark, replace(gone, name="lost")])
    assert "the matte is not there any more" in both
    assert both.count("<figure>") == 2


def test_a_set_or_a_matte_that_changed_since_it_was_scored_is_not_shown(tmp_path):
    tiny = write_tiny_set(tmp_path / "set")
    dark = predict_a_constant("dark", 0, tiny, tmp_path / "dark")
    grey = predict_a_constant("grey", 128, tiny, tmp_path / "grey")
    predict_a_constant("grey", 64, tiny, tmp_path / "grey")
    assert page_of([dark, grey]).count("the matte has changed since it was scored") == 2
    other = replace(dark, set={**dark.set, "digest": "e" * 64})
    assert "No examples: the set is not where it was" in page_of([other])


def test_the_page_asks_nothing_of_the_outside(tmp_path):
    tiny = write_tiny_set(tmp_path / "set")
    page = page_of([predict_a_constant("dark", 0, tiny, tmp_path / "dark")])
    assert not re.search(
        r"https?://|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]*", "", page.split("<script>")[0])
    )
    assert str(tmp_path) not in page
    assert page == page_of([predict_a_constant("dark", 0, tiny, tmp_path / "dark")])


def test_no_scores_are_refused(tmp_path):
    with pytest.raises(DataError, match="there are no scores to show; make some with: simd evaluate"):
        write_leaderboard([], tmp_path)


def test_the_terminal_shows_classes_and_means_within_100_columns(capsys):
    ours, plain = two_methods()
    print_scores(ours)
    text = capsys.readouterr().out
    assert re.search(r"fur \* +2 / 1 +3\.00 +– +30\.00 +6\.00 +9\.00\n", text)
    assert "lace" not in text
    assert "The set has no images of the other 17 classes." in text
    assert re.search(r"class-balanced mean +4 / 3 +6\.00 ", text)
    assert re.search(r"image mean +4 / 3 +5\.25 ", text)
    many = [replace(plain, name=f"a [red]method[/] with a long name {i}") for i in range(8)]
    print_board([ours, *many])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert re.search(r"class-balanced mean +\n1 +≈ 6\.00 +≈ 60\.00", text)
    assert text.count("SAD by class") == 2  # more methods than fit abreast
    for number, name in enumerate(["ours", *(of.name for of in many)], start=1):
        assert f"{number:>3}  {name}\n" in text  # too long for a table: named once, whole


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("count", [1, 2, 5, 14])
@pytest.mark.parametrize("length", [6, 24, 60])
def test_numbers_and_names_are_whole_at_80_columns(monkeypatch, capsys, columns, count, length):
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [f"{'m' * (length - 2)}{number:02}" for number in range(count)]
    ids = [f"{name}-{k}" for name in ("hair_hard", "spider_web", "plastic_bag") for k in range(6)]
    methods = [
        scores(name, [score(id_, id_[:-2], 1000.0 + k + 7.77 * i) for k, id_ in enumerate(ids)])
        for i, name in enumerate(names)
    ]
    print_board(methods)
    print_scores(methods[0])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= columns
    for name in names:
        assert name in text
    for i in range(count):
        assert re.search(rf"(?m)(^|[ ←]){1008.5 + 7.77 * i:.2f}( |$)", text)
    if count > 1:
        assert "SAD: A − B" in text


def test_each_mean_counts_its_own_images_where_some_have_no_class(tmp_path, capsys):
    rows = [score("fur-1", "fur", 2.0, fg="cat"), score("fur-2", "fur", 4.0, fg="cat")]
    rows += [score(f"unlabelled-{k}", "", 3.0, fallback="no memory") for k in range(3)]
    print_scores(scores("ours", rows))  # both means are 3
    terminal = capsys.readouterr().out
    lines = {line.split("  ")[0]: line.split() for line in terminal.splitlines()}
    assert lines["class-balanced mean"][2:6] == ["2", "/", "1", "3.00"]
    assert lines["image mean"][2:7] == ["5", "/", "4", "3.00", "3f"]
    note = "3 of 5 images have no class: they count in the image mean, in no class and not in the class"
    assert note in " ".join(terminal.split())
    assert note in page_of([scores("ours", rows)])
    write_leaderboard([scores("ours", rows)], tmp_path)
    table = list(csv.DictReader(io.StringIO((tmp_path / "leaderboard.csv").read_text())))
    of = {row["name"]: (row["images"], row["foregrounds"], row["fallbacks"]) for row in table[:2]}
    assert of == {"class_mean": ("2", "1", "0"), "image_mean": ("5", "4", "3")}
    html = scores("ours", rows)._repr_html_()
    assert "<th>class-balanced mean</th><td>2</td>" in html
    assert "<th>image mean</th><td>5</td>" in html


def test_means_that_are_printed_alike_are_one_row(capsys):
    balanced = [
        scores(name, [score("a", "fur", 2.0), score("b", "net", 4.0 + i)]) for i, name in enumerate("xy")
    ]
    print_board(balanced)
    text = capsys.readouterr().out
    assert "both means" in text
    assert "image mean" not in text
    assert len(re.findall(r"(?m)^x +≈ 3\.00", text)) == 1
