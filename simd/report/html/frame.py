"""What all interactive pages share: head, style, the one script that may run, and the list of classes."""

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template

from simd.files import read_text
from simd.report.leaderboard.page_tables import chip
from simd.taxonomy import TAXONOMY

_TEMPLATES = Path(__file__).parents[1] / "templates"


def read_template(name: str) -> str:
    """Return a file of the folder of templates."""
    return read_text(_TEMPLATES / name)


def frame(
    title: str, intro: str, lead: str, body: str, *, style: str, script: str, pictures: str = "data:"
) -> str:
    """Return a page.

    Parameters
    ----------
    title : str
        Plain text.
    intro, lead, body : str
        HTML: a paragraph, what follows it, and the rest.
    style, script : str
        CSS and JavaScript.
    pictures : str
        Where pictures may come from, as a Content-Security-Policy says it.
    """
    return Template(read_template("page.html")).substitute(
        title=escape(title),
        intro=intro,
        lead=lead,
        body=body,
        style=style,
        script=script,
        # The one script that may run: what a file name smuggles in stays text even if escaping fails.
        script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        pictures=pictures,
        classes=_glossary(),
    )


def _glossary() -> str:
    return "".join(
        f"<div><dt>{chip(c.name)}{c.name}</dt><dd>{escape(c.definition)}</dd></div>" for c in TAXONOMY
    )
