"""A board for a paper: tables in LaTeX, and the methods' references in BibTeX."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from simd.metrics.score import METRICS
from simd.missing import DASH
from simd.report.entries.card import NONE, UNKNOWN
from simd.report.leaderboard.board import MEANS, Board, BoardEntry, rank_text, truth_note
from simd.report.numbers import number, plural, short
from simd.taxonomy import CLASSES

LATEX_TITLES = {"sad": "SAD", "mse": r"MSE $\times 10^3$", "grad": "Grad", "conn": "Conn"}
_ESCAPES = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "–": "--", "—": "---", "×": r"$\times$", "−": "$-$"},
}
_ENTRY = re.compile(r"@(\w+)\s*\{\s*([^\s,{}]+)\s*,")
_NOT_ENTRIES = ("comment", "preamble", "string")


class Reference(NamedTuple):
    """What the card of a method gives in BibTeX."""

    text: str
    keys: tuple[str, ...]


def to_latex(boards: Sequence[Board]) -> str:
    """Return boards as LaTeX: the headline means, and SAD by class; needs no package.

    The lowest figure of a column is bold; those of methods that share a rank by the paired test are
    underlined.
    """
    cited = _keys_by_method(boards)
    parts = ["% Tables by simd leaderboard; \\input this file, and \\bibliography{references} for citations."]
    for index, board in enumerate(boards, start=1):
        parts += [_means(board, index, cited), *([_classes(board, index)] if board.has_classes else [])]
    return "\n\n".join(parts) + "\n"


def to_bibtex(boards: Sequence[Board]) -> str:
    """Return what the cards of the methods give in BibTeX, each once; comments name those without."""
    parts = ["% References of the methods, as their cards state them (simd leaderboard)."]
    for method, reference in references_of(boards).items():
        if reference is None:
            parts.append(f"% {_one_line(method)}: its card states no BibTeX")
        elif not reference.keys:
            parts.append(
                f"% {_one_line(method)}: what its card states is not BibTeX, or its braces do not match"
            )
        elif reference.text not in parts:
            parts.append(reference.text)
    return "\n\n".join(parts) + "\n"


def references_of(boards: Sequence[Board]) -> dict[str, Reference | None]:
    """Return the reference of each method by its name; None where its card has none, or it has no card.

    A key that two texts share gets a letter in the second of them, so that neither is lost.
    """
    references: dict[str, Reference | None] = {}
    owners: dict[str, str] = {}  # key to the text that has it
    for board in boards:
        for entry in board.entries:
            text = entry.card.bibtex.strip() if entry.card else NONE
            if text in (NONE, UNKNOWN):
                references.setdefault(entry.name, None)
                continue
            references[entry.name] = _distinct(text, owners)
    return references


def latex(text: str) -> str:
    r"""Escape what LaTeX would take for markup.

    Examples
    --------
    >>> latex("a_b & 50 %")
    'a\\_b \\& 50 \\%'
    """
    return "".join(_ESCAPES.get(char, char) for char in _one_line(text))


def _distinct(text: str, owners: dict[str, str]) -> Reference:
    if text.count("{") != text.count("}"):
        return Reference(text, ())
    keys = [key for kind, key in _ENTRY.findall(text) if kind.lower() not in _NOT_ENTRIES]
    renamed = text
    for position, key in enumerate(keys):
        new = key
        for letter in "abcdefghijklmnopqrstuvwxyz":
            if owners.get(new, text) == text:
                break
            new = f"{key}{letter}"
        owners[new] = text
        if new != key:
            renamed = re.sub(rf"(@\w+\s*\{{\s*){re.escape(key)}(\s*,)", rf"\g<1>{new}\2", renamed, count=1)
        keys[position] = new
    return Reference(renamed, tuple(keys))


def _keys_by_method(boards: Sequence[Board]) -> dict[str, tuple[str, ...]]:
    return {name: each.keys for name, each in references_of(boards).items() if each is not None}


def _means(board: Board, index: int, cited: dict[str, tuple[str, ...]]) -> str:
    heads = ["Method", *(["Rank"] if board.is_ranked else []), *(LATEX_TITLES[metric] for metric in METRICS)]
    rows = []
    for entry in board.entries:
        cells = [
            latex(entry.name) + (rf"~\cite{{{','.join(keys)}}}" if (keys := cited.get(entry.name)) else "")
        ]
        if board.is_ranked:
            rank = rank_text(board, entry)
            cells.append("--" if rank == DASH else rank)
        cells += [_figure(board, entry, metric) for metric in METRICS]
        rows.append(cells)
    ties = (
        " Underlined: the method shares its rank with another, as the paired test over foregrounds does not "
        "tell them apart from those ranked alike."
    )
    caption = (
        f"{_about(board)} {MEANS[board.headline].capitalize()}; lower is better, the lowest is bold."
        f"{ties if board.is_ranked else ''}{_lacking(board)}"
    )
    return _table(heads, rows, caption, f"tab:board-{index}")


def _figure(board: Board, entry: BoardEntry, metric: str) -> str:
    value = entry.mean(board.headline, metric)
    text = number(value, metric, board.decimals[metric])
    if text == DASH:
        return "--"
    if value == board.best_mean(board.headline, metric):
        text = rf"\textbf{{{text}}}"
    rank = board.rank(entry, metric)
    tied = rank is not None and sum(board.rank(other, metric) == rank for other in board.entries) > 1
    return rf"\underline{{{text}}}" if tied else text


def _classes(board: Board, index: int) -> str:
    heads = ["Class", "Images", *(latex(entry.name) for entry in board.entries)]
    rows = []
    for name in CLASSES:
        held = board.largest("classes", name)
        if not held.images:
            continue
        best = board.best("classes", name, "sad")
        cells = [latex(name) + (r"$^\ast$" if truth_note(board, name) else ""), str(held.images)]
        for entry in board.entries:
            value = entry.cells["classes"][name].values.sad
            text = number(value, "sad", board.decimals["sad"]).replace(DASH, "--")
            cells.append(rf"\textbf{{{text}}}" if value == best else text)
        rows.append(cells)
    marked = r" $^\ast$: some alphas are not ground truth." if any(r"^\ast" in row[0] for row in rows) else ""
    caption = f"{_about(board)} SAD by class; the lowest is bold.{marked}{_lacking(board)}"
    return _table(heads, rows, caption, f"tab:board-{index}-classes")


def _about(board: Board) -> str:
    facts = board.set
    region = "all pixels" if board.counts_all else "unknown region"
    return (
        f"{latex(facts['name'])} (protocol {latex(facts['protocol'])}, {plural(board.size, 'image')}, "
        f"{plural(board.foregrounds, 'foreground')}, "
        f"{region}; set \\texttt{{{short(facts['digest'])}}})."
    )


def _lacking(board: Board) -> str:
    names = [latex(entry.name) for entry in board.entries if board.lacking(entry)]
    return f" Means of {', '.join(names)} leave out images without a matte." if names else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str, label: str) -> str:
    body = "\n".join(f"    {' & '.join(row)} \\\\" for row in rows)
    return (
        "\\begin{table}\n  \\centering\n"
        f"  \\caption{{{caption}}}\n  \\label{{{label}}}\n"
        f"  \\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}\n    \\hline\n"
        f"    {' & '.join(heads)} \\\\\n    \\hline\n{body}\n    \\hline\n"
        "  \\end{tabular}\n\\end{table}"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
