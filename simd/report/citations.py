"""``simd cite``: BibTeX of simd, of the papers that it rests on, and of the sources of a set."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simd.arguments import checked
from simd.citations import (
    DEEP_IMAGE_MATTING,
    FOREGROUND_ESTIMATION,
    MATTING_BENCHMARK,
    METHOD_PAPERS,
    SEMANTIC_IMAGE_MATTING,
    Citation,
    citation_parts,
)
from simd.dataset.manifest import MattingSet, load_set
from simd.report.leaderboard.paper import latex
from simd.version import RELEASED, __version__

TITLE = "simd: build, measure and browse semantic image-matting datasets"
_JOURNALS = ("Computer Graphics Forum", "IJCV", "Information Fusion")
_SMALL_WORDS = ("an", "the")  # that say little in a key, as single letters do


@checked
def cite(dataset: MattingSet | str | Path | None = None) -> str:
    """Return, in BibTeX, what to cite: simd, the papers that it rests on, and the sources of a set.

    Parameters
    ----------
    dataset : MattingSet or path, optional
        A set, or its folder: its sources come last, as its dataset.json names them.

    Returns
    -------
    str
        Each paper once, under comments that say what of it is used. A source whose citation is of another
        form than this package's is an entry of the kind ``misc``; one without is a comment alone.

    Raises
    ------
    DataError
        If the folder is not a set.
    """
    uses: dict[str, list[str]] = defaultdict(list)
    uses[SEMANTIC_IMAGE_MATTING].append("the 20 classes, the dataset SIMD, the protocol simd-2021")
    uses[MATTING_BENCHMARK].append("the measures SAD, MSE, Grad and Conn")
    uses[DEEP_IMAGE_MATTING].append("the evaluation code of the measures; the protocol adobe-2017")
    uses[FOREGROUND_ESTIMATION].append("colours of foregrounds, where only photograph and alpha are known")
    for method, paper in METHOD_PAPERS.items():
        uses[paper].append(f"the method {method}")
    uncited = []
    if dataset is not None:
        matting_set = dataset if isinstance(dataset, MattingSet) else load_set(dataset)
        uncited = _add_sources(uses, matting_set.name, matting_set.info["sources"])
    return "\n\n".join([_own_entry(), *_entries(uses), *uncited]) + "\n"


def _add_sources(
    uses: dict[str, list[str]], set_name: str, sources: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Note what the sources of a set ask to cite; return comments on those that name nothing."""
    uncited = []
    for source in sources:
        use = f"{source['gives']} of the set {set_name}: {source['kind']}, {source['licence']}"
        if citation := " ".join(source["citation"].split()):
            uses[citation].append(use)
        else:
            uncited.append(_comment(f"{use}; it names nothing to cite"))
    return uncited


def _own_entry() -> str:
    fields = {
        "author": "{The simd developers}",
        "title": f"{{{TITLE}}}",
        "year": RELEASED[:4],
        "note": f"Version {__version__}, MIT licence",
    }
    return _comment(f"simd {__version__}") + "\n" + _entry("misc", f"simd{RELEASED[:4]}", fields)


def _entries(uses: Mapping[str, list[str]]) -> Iterable[str]:
    keys: set[str] = set()
    for text, of_paper in uses.items():
        parts = citation_parts(text)
        key = _free_key(_key(parts) if parts else "source", keys)
        yield "\n".join([*map(_comment, of_paper), _paper(key, parts) if parts else _other(key, text)])


def _paper(key: str, parts: Citation) -> str:
    in_journal = parts.venue in _JOURNALS
    kind = "misc" if parts.venue == "arXiv" else "article" if in_journal else "inproceedings"
    where = {"misc": "howpublished", "article": "journal", "inproceedings": "booktitle"}[kind]
    fields = {
        "author": " and ".join(map(_field, parts.authors)),
        "title": f"{{{_field(parts.title)}}}",
        where: _field(parts.venue),
        "year": parts.year,
    }
    return _entry(kind, key, fields)


def _other(key: str, text: str) -> str:
    return _entry("misc", key, {"note": _field(text)})


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}"


def _key(parts: Citation) -> str:
    """Return the first surname, the year and the first word of the title that says something."""
    words = [_ascii(word) for word in parts.title.split()]
    word = next((word for word in words if len(word) > 1 and word not in _SMALL_WORDS), "")
    return f"{_ascii(parts.authors[0])}{parts.year}{word}" or "source"


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.partition("-")[0]).encode("ascii", "ignore").decode()
    return re.sub("[^a-z]", "", plain.lower())


def _free_key(key: str, taken: set[str]) -> str:
    """Return a key that no other entry has: itself, or with a number."""
    free = key
    for number in range(2, len(taken) + 3):
        if free not in taken:
            break
        free = f"{key}{number}"
    taken.add(free)
    return free


def _field(text: str) -> str:
    """Return a text as the value of a field: braces, which BibTeX counts, are left out."""
    return latex(text.replace("{", "").replace("}", ""))


def _comment(text: str) -> str:
    """Return a text as a line between entries, where BibTeX takes an @ for the start of one."""
    return "% " + " ".join(text.split()).replace("@", "(at)")
