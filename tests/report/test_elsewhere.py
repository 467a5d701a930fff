"""Boards taken elsewhere: LaTeX, BibTeX and Hugging Face's evaluation files."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from boards_by_hand import score, scores, two_methods

from simd.errors import DataError
from simd.report.entries.files import make_entry, read_entry
from simd.report.leaderboard.board import group_boards
from simd.report.leaderboard.paper import latex, to_bibtex, to_latex
from simd.report.leaderboard.write import write_leaderboard

HUB = {"formats": ["huggingface"], "hub_dataset": "me/tiny"}
PAPER = "@inproceedings{who2021,\n  title = {Mattes}\n}"


def three_methods():
    """Return a, b and c on ten foregrounds of fur: a and b differ by chance, c is far worse."""
    noise = [0.3, -0.2, 0.1, -0.3, 0.2, 0.0, -0.1, 0.25, -0.25, 0.05]
    means = {"a": 2.0, "b_2": 2.03, "c": 9.0}
    return [
        scores(
            name,
            [
                score(f"fur-{n}", "fur", mean + (off if name != "b_2" else -off) + n / 10)
                for n, off in enumerate(noise)
            ],
        )
        for name, mean in means.items()
    ]


def entries(tmp_path, bibtexs):
    """Return an entry for each BibTeX text, of methods a, b_2 and c."""
    made = []
    for method, text in zip(three_methods(), bibtexs, strict=False):
        method.save(tmp_path / "scores" / method.name)
        facts = {"bibtex": text, "code": "https://example.org/code"} if text else {}
        make_entry(tmp_path / "scores" / method.name, tmp_path / "entries" / method.name, facts=facts)
        made.append(read_entry(tmp_path / "entries" / method.name))
    return made


def rows_of(text):
    """Return the cells of the first table by method."""
    body = text.split("\\end{tabular}")[0]
    lines = re.findall(r"^    (.* & .*) \\\\$", body, re.MULTILINE)
    return {line.split(" & ")[0]: line.split(" & ")[1:] for line in lines}


def test_a_table_for_a_paper_has_the_best_bold_and_ties_underlined():
    table = rows_of(to_latex(group_boards(three_methods())))
    assert table["Method"] == ["Rank", "SAD", r"MSE $\times 10^3$", "Grad", "Conn"]
    # means: 2 + 0.45 + 0.005, which is the mean of the noise; 2.03 + 0.45 - 0.005; 9 + 0.45 + 0.005
    assert table["a"][:2] == ["1", r"\underline{\textbf{2.46}}"]
    assert table[r"b\_2"][:2] == ["1", r"\underline{2.48}"]
    assert table["c"][:2] == ["3", "9.46"]
    assert table["c"][2] == "94.55"  # MSE is SAD / 100, printed a thousandfold


def test_a_table_by_class_leaves_out_what_a_set_does_not_have():
    text = to_latex(group_boards(two_methods()))
    classes = text.split("\\begin{table}")[2]
    rows = [line.strip() for line in classes.splitlines() if " & " in line]
    assert rows[0] == r"Class & Images & ours & plain \\"
    assert rows[1:] == [
        r"fire$^\ast$ & 1 & \textbf{9.00} & 18.00 \\",
        r"fur$^\ast$ & 2 & 3.00 & \textbf{1.00} \\",
        r"net & 1 & \textbf{6.00} & 9.00 \\",
    ]
    assert "some alphas are not ground truth" in classes


def test_latex_escapes_what_is_markup():
    assert latex("50 % of {a}_b & c\\d ~ ^ # $") == (
        r"50 \% of \{a\}\_b \& c\textbackslash{}d \textasciitilde{} \textasciicircum{} \# \$"
    )
    (hostile,) = group_boards([replace(two_methods()[0], name="\\input{x} & y")])
    assert r"\textbackslash{}input\{x\} \& y" in to_latex([hostile])


def test_references_are_cited_and_each_stands_once(tmp_path):
    boards = group_boards(entries(tmp_path, [PAPER, PAPER, ""]))
    text = to_bibtex(boards)
    assert text.count("@inproceedings{who2021,") == 1
    assert "% c: its card states no BibTeX" in text
    table = rows_of(to_latex(boards))
    assert {r"a~\cite{who2021}", r"b\_2~\cite{who2021}", "c"} < set(table)


def test_two_references_of_one_key_are_both_kept(tmp_path):
    other = PAPER.replace("Mattes", "Others")
    boards = group_boards(entries(tmp_path, [PAPER, other, "a page, not BibTeX"]))
    text = to_bibtex(boards)
    assert re.findall(r"@inproceedings\{(\w+),\n  title = \{(\w+)\}", text) == [
        ("who2021", "Mattes"),
        ("who2021a", "Others"),
    ]
    assert "% c: what its card states is not BibTeX" in text
    assert r"b\_2~\cite{who2021a}" in rows_of(to_latex(boards))


def test_braces_that_do_not_match_spoil_no_other_reference(tmp_path):
    boards = group_boards(entries(tmp_path, [PAPER[:-1], PAPER, ""]))
    text = to_bibtex(boards)
    assert "% a: what its card states is not BibTeX, or its braces do not match" in text
    assert text.count("{") == text.count("}")


def test_evaluation_files_are_read_by_the_hub_s_own_library(tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    files = write_leaderboard(entries(tmp_path, [PAPER, ""]), tmp_path / "board", **HUB)
    paths = [file.relative_to(tmp_path / "board").as_posix() for file in files[4:]]
    assert paths == [
        "huggingface/dataset/eval.yaml",
        "huggingface/models/a/.eval_results/tiny.yaml",
        "huggingface/models/b_2/.eval_results/tiny.yaml",
    ]
    content = yaml.safe_load(files[5].read_text())
    results = hub.parse_eval_result_entries(content)
    assert hub.eval_result_entries_to_yaml(results) == content
    assert [each.task_id for each in results[:2]] == ["sad_class_mean", "mse_class_mean"]
    assert (results[0].dataset_id, results[0].value) == ("me/tiny", 2.455)
    assert results[1].value == 24.55  # as printed, a thousandfold
    assert results[0].source_url == "https://example.org/code"
    assert "lower is better; class-balanced mean; unknown region" in results[0].notes


def test_the_file_of_the_data_set_has_the_documented_keys(tmp_path):
    files = write_leaderboard(three_methods(), tmp_path / "board", **HUB)
    content = yaml.safe_load(files[4].read_text())
    assert list(content) == ["name", "description", "evaluation_framework", "tasks"]
    tasks = [task["id"] for task in content["tasks"]]
    assert len(set(tasks)) == 8
    of_model = yaml.safe_load(files[5].read_text())
    assert [each["dataset"]["task_id"] for each in of_model] == tasks


def test_a_method_that_lacks_images_has_no_evaluation_file(tmp_path, caplog):
    first, second, third = three_methods()
    lacking = replace(third, rows=third.rows[1:], missing={"fur-0": "is not there"})
    files = write_leaderboard([first, second, lacking], tmp_path / "board", **HUB)
    assert [file.parent.parent.name for file in files[5:]] == ["a", "b_2"]
    assert "no evaluation file of c: mattes are missing" in caplog.text


def test_files_of_an_earlier_board_are_named(tmp_path, caplog):
    first, second, third = three_methods()
    write_leaderboard(
        [first, second, third], tmp_path / "board", formats=["latex", *HUB["formats"]], hub_dataset="me/tiny"
    )
    assert "earlier board" not in caplog.text
    write_leaderboard([first, second], tmp_path / "board", **HUB)
    assert (
        "of an earlier board, and not written now: leaderboard.tex, "
        "huggingface/models/c/.eval_results/tiny.yaml; remove what is out of date"
    ) in caplog.text


def test_names_that_are_markup_stay_text_in_yaml(tmp_path):
    name = 'a: "b" # c\n- d'
    files = write_leaderboard(
        [replace(each, set={**each.set, "name": name}) for each in two_methods()], tmp_path / "board", **HUB
    )
    assert yaml.safe_load(files[4].read_text())["name"] == 'a: "b" # c - d'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["latx"]}, "unknown format 'latx'; did you mean 'latex'?"),
        ({"formats": ["huggingface"]}, "needs to know which data set of the Hub the results are of"),
        ({"formats": ["huggingface"], "hub_dataset": "tiny"}, "a data set of the Hub is called USER/NAME"),
        ({"hub_dataset": "me/tiny"}, "--hub-dataset is of --format huggingface alone"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path, options, message):
    with pytest.raises(DataError) as caught:
        write_leaderboard(two_methods(), tmp_path / "board", **options)
    assert message in str(caught.value)
    assert not (tmp_path / "board").exists()


def test_evaluation_files_are_of_one_set(tmp_path):
    first, second = two_methods()
    with pytest.raises(DataError) as caught:
        write_leaderboard([first, replace(second, set={**second.set, "digest": "c" * 64})], tmp_path, **HUB)
    assert "these are 2 boards: tiny (aaaaaaaaaaaa), tiny (cccccccccccc)" in str(caught.value)


def test_two_methods_of_one_name_are_refused(tmp_path):
    first, second = two_methods()
    with pytest.raises(DataError, match="two methods are called ours"):
        write_leaderboard([first, replace(second, name="ours")], tmp_path, **HUB)


def test_the_command_writes_what_is_asked_for(tmp_path, run_cli):
    for method in two_methods():
        method.save(tmp_path / "scores" / method.name)
    out = tmp_path / "board"
    words = ("--format", "latex", "--format", "bibtex", "--format", "huggingface", "--hub-dataset", "me/tiny")
    done = run_cli("leaderboard", tmp_path / "scores", "--out", out, *words)
    assert done.code == 0, done.err
    assert {Path(name) for name in ("leaderboard.tex", "references.bib", "huggingface")} <= {
        path.relative_to(out) for path in out.iterdir()
    }
    assert run_cli("leaderboard", tmp_path / "scores", "--out", out).code == 0  # it is still a leaderboard
