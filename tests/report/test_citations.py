"""`simd cite` prints BibTeX: each paper once, whatever sources of a set say; CITATION.cff says the same."""

import json
import re
from collections import Counter
from itertools import accumulate
from pathlib import Path

import pytest
import yaml

import simd
from simd.citations import METHOD_PAPERS, citation_parts
from simd.methods import METHODS
from simd.report.citations import TITLE
from simd.sources import TABLES, find_kind
from simd.version import RELEASED, __version__

ROOT = Path(__file__).parent.parent.parent
HOSTILE = 'a } paper @article{x, title = {y}}, \\input{z} "q" %'


def entries(text):
    """Read BibTeX as its own program does: from each @, to the brace that closes what follows."""
    read = {}
    while "@" in text:
        kind, body = re.match(r"@(\w+)(\{.*)", text[text.index("@") :], re.S).groups()
        depths = list(accumulate({"{": 1, "}": -1}.get(char, 0) for char in body))
        assert 0 in depths, "its braces do not match"
        body, text = body[1 : depths.index(0)], body[depths.index(0) :]
        key, _, fields = body.partition(",")
        assert key not in read, f"{key} stands twice"
        read[key] = {"kind": kind} | dict(re.findall(r"^  (\w+) = \{(.*)\},$", fields, re.M))
    return read


def with_citations(matting_set, *citations):
    """Let the sources of a set cite something else; what its digests cover stays."""
    file = matting_set.path / "dataset.json"
    info = json.loads(file.read_text())
    for source, citation in zip(info["sources"], citations, strict=True):
        source["citation"] = citation
    file.write_text(json.dumps(info))
    return matting_set.path


def test_without_a_set_it_names_simd_and_the_papers():
    read = entries(simd.cite())
    assert read["simd2026"] == {
        "kind": "misc",
        "author": "{The simd developers}",
        "title": f"{{{TITLE}}}",
        "year": "2026",
        "note": f"Version {__version__}, MIT licence",
    }
    assert read["sun2021semantic"] == {
        "kind": "inproceedings",
        "author": "Sun and Tang and Tai",
        "title": "{Semantic Image Matting}",
        "booktitle": "CVPR",
        "year": "2021",
    }
    assert read["rhemann2009perceptually"]["author"] == "Rhemann and others"
    assert {"chen2018semantic", "xu2017deep", "levin2006closed", "forte2020alpha"} <= set(read)


def test_every_method_with_a_paper_has_it():
    assert set(METHOD_PAPERS) == set(METHODS) - {"trimap", "onnx", "external"}
    text = simd.cite()
    for method, paper in METHOD_PAPERS.items():
        assert f"% the method {method}\n" in text
        assert f"{{{citation_parts(paper).title}}}" in text


@pytest.mark.parametrize("role", TABLES)
def test_citations_of_all_sources_have_parts(role):
    cited = [find_kind(role, name).citation for name in TABLES[role]]
    assert [text for text in cited if text and citation_parts(text) is None] == []


def test_sources_of_a_set_are_cited_once(tiny_set, run_cli):
    paper = METHOD_PAPERS["dim"]
    done = run_cli("cite", with_citations(tiny_set, paper, 'Lin et al., "Microsoft COCO", ECCV 2014'))
    assert (done.code, done.err) == (0, "")
    read = entries(done.out)
    assert read["lin2014microsoft"]["booktitle"] == "ECCV"
    assert Counter(entry.get("title") for entry in read.values())["{Deep Image Matting}"] == 1
    assert re.search(
        r"% the method dim\n% foregrounds of the set .*: folder, .*\n@inproceedings\{xu2017", done.out
    )


def test_what_names_nothing_to_cite_is_a_comment(tiny_set):
    text = simd.cite(with_citations(tiny_set, "", " "))
    assert entries(text).keys() == entries(simd.cite()).keys()
    assert text.count("it names nothing to cite\n") == 2


def test_a_hostile_citation_stays_in_its_entry(tiny_set):
    read = entries(simd.cite(with_citations(tiny_set, HOSTILE, f'A, "{HOSTILE[:9]}\n@b", V 2000')))
    assert read["source"]["kind"] == "misc"
    assert "x" not in read
    assert "\\input" not in read["source"]["note"].replace("\\textbackslash", "")
    assert len(read) == len(entries(simd.cite())) + 2


def test_a_folder_that_is_not_a_set_is_named(tmp_path, run_cli):
    done = run_cli("cite", tmp_path)
    assert done.code == 1
    assert str(tmp_path) in done.err


def test_the_citation_file_says_what_the_command_says():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (cff["cff-version"], cff["type"], cff["license"]) == ("1.2.0", "software", "MIT")
    assert (cff["version"], str(cff["date-released"]), cff["title"]) == (__version__, RELEASED, TITLE)
    assert all(cff[key] for key in ("message", "authors", "keywords"))
    cited = entries(simd.cite()).values()
    for paper in cff["references"]:
        (entry,) = [each for each in cited if each.get("title") == f"{{{paper['title']}}}"]
        names = [author.get("family-names") or author["name"] for author in paper["authors"]]
        assert entry["author"] == " and ".join(names)
        assert (entry["booktitle"], entry["year"]) == (paper["conference"]["name"], str(paper["year"]))


def test_the_changelog_has_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall("^## (.*)$", changelog, re.M)
    assert headings[:2] == ["Unreleased", f"{__version__} — {RELEASED}"]
