import re

import numpy as np
import pytest
from conftest import save

from simd.generator import synthetic
from simd.report import selection_page
from simd.report.selection_page import selection_text, write_page
from simd.selection.foregrounds import select_foregrounds
from simd.selection.reasons import Selection, decide, finding_of

NASTY = 'fur_<img src=x onerror="alert(1)">&'


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "messy"
    fg, alpha, _ = synthetic("fur", 0, 128)
    hard = ((alpha > 127) * 255).astype(np.uint8)
    for name, pixels in {"fur_a": alpha, "fur_twin": alpha, NASTY: hard}.items():
        save(root / "fg" / f"{name}.png", fg)
        save(root / "alpha" / f"{name}.png", pixels)
    save(root / "fg" / "fur_alone.png", fg)
    return root


def page_of(selection, tmp_path):
    write_page(tmp_path / "page.html", selection)
    return (tmp_path / "page.html").read_text()


def test_every_drop_is_shown_under_its_reason(folder, tmp_path):
    page = page_of(select_foregrounds(str(folder)), tmp_path)
    sections = dict(re.findall(r'<section class="reason" id="(\w+)">(.*?)</section>', page, re.S))
    assert list(sections) == ["missing", "binary", "duplicate"]
    assert "fur_twin" in sections["duplicate"]
    assert len(re.findall("<img ", sections["duplicate"])) == 3  # cut out, alpha, and the one kept
    assert "the same pixels" in sections["duplicate"]
    assert "<img" not in sections["missing"]
    assert 'class="see-through"' in sections["binary"]
    assert '<a class="drop" href="#binary">binary 1</a>' in page


def test_names_stay_text_and_nothing_is_loaded_from_outside(folder, tmp_path):
    page = page_of(select_foregrounds(str(folder)), tmp_path)
    assert "<img src=x" not in page
    assert "fur_&lt;img src=x onerror=&#34;alert(1)&#34;&gt;&amp;" in page
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert "http" not in re.sub('<meta http-equiv="Content-Security-Policy"', "", page)
    assert set(re.findall(r'src="([a-z]+:)', page)) == {"data:"}


def test_many_are_named_where_pictures_would_be_too_many(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(selection_page, "MOST", 2)
    fg = select_foregrounds(str(folder)).records["fur_a"]
    verdicts = [decide(f"n{i}", [finding_of("noisy", 0.1, f"figure {i}")]) for i in range(5)]
    page = page_of(Selection(verdicts, {v.id: fg for v in verdicts}, ("a note",), {"l:3": "bad"}), tmp_path)
    assert page.count("<article") == 2
    assert "3 more, without pictures" in page
    assert "<b>n4</b> figure 4" in page
    assert "5 kept with a warning" in page
    assert "<li>a note</li><li>l:3: bad</li>" in page


def test_an_empty_selection_says_so(tmp_path):
    page = page_of(Selection([decide("a", [])], {}), tmp_path)
    assert "Nothing was found to be wrong." in page


def test_the_text_tells_drops_line_by_line_and_counts_warnings():
    verdicts = [
        decide("a", [finding_of("premultiplied", 0.3, "edge")]),
        decide("b", [finding_of("noisy", 0.1, "noise"), finding_of("border", 0.2, "stripe")]),
        decide("c", [finding_of("noisy", 0.1, "noise")]),
    ]
    assert selection_text(Selection(verdicts, {}, ("twice",))).splitlines() == [
        "premultiplied a: edge",
        "kept with a warning: noisy 2, border 1; --strict drops them",
        "note: twice",
        "2 of 3 foregrounds kept",
    ]
