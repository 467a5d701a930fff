import base64
import hashlib
import html
import re

import pytest
from boards_by_hand import two_methods
from jinja2 import UndefinedError

from simd.report.html.render import read_template, render, render_page
from simd.report.leaderboard.board import group_boards
from simd.report.leaderboard.page import board_page
from simd.report.statistics.tables import balance_table

HOSTILE = "</p><script>alert('x')</script>"


def test_what_a_template_shows_stays_text():
    image = render("plot.html.j2", uri='" onerror="alert(1)', width=3, alt=HOSTILE)
    assert "<script" not in image
    assert html.unescape(re.search('alt="(.*?)"', image).group(1)) == HOSTILE
    assert "onerror=" in html.unescape(re.search('src="(.*?)"', image).group(1))


def test_only_the_script_of_the_page_may_run():
    page = board_page(group_boards(two_methods()))
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert script == read_template("leaderboard.js")


def test_a_page_without_a_script_allows_none():
    page = render_page(
        "statistics.html.j2",
        **{"styles": ("statistics.css",), "title": HOSTILE, "classes": "", "sections": []},
        balance=balance_table([]),
    )
    assert "script-src" not in page
    assert "default-src 'none'" in page
    assert page.count("<script") == 0


def test_a_value_that_a_template_lacks_is_an_error_and_not_an_empty_place():
    with pytest.raises(UndefinedError, match="'alt' is undefined"):
        render("plot.html.j2", uri="", width=3)
