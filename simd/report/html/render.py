"""Pages from templates: whatever is put into one is escaped, and no script but the page's own may run."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from simd.files import read_text
from simd.report import numbers
from simd.taxonomy import CLASSES, TAXONOMY

_TEMPLATES = Path(__file__).parents[1] / "templates"
_PRINTED = "print.css"  # of every page: nothing of it is cut off on paper


def render(template: str, **values: Any) -> Markup:
    """Fill a template of the folder ``templates``; text that is not Markup is escaped."""
    return Markup(_environment().get_template(template).render(values))


def render_page(template: str, *, styles: tuple[str, ...], script: str | None = None, **values: Any) -> str:
    """Fill the template of a page, which extends ``page.html.j2``.

    Parameters
    ----------
    template : str
        A file of the folder ``templates``.
    styles, script : names of files there
        The style sheets and the one script of the page.
    values
        What the template shows.
    """
    program = None if script is None else read_template(script)
    style = Markup("".join(map(read_template, (*styles, _PRINTED))))
    return render(template, style=style, script=program, **values)


def read_template(name: str) -> Markup:
    """Return a style sheet or a script of the folder of templates."""
    return Markup(read_text(_TEMPLATES / name))


def script_digest(script: str) -> str:
    """Return what a Content-Security-Policy names the one script by that may run.

    What a file name smuggles in stays text even if escaping fails.
    """
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )
    environment.globals |= {
        "CLASSES": CLASSES,
        "TAXONOMY": TAXONOMY,
        "COLOURS": {class_.name: class_.colour for class_ in TAXONOMY},
        "numbers": numbers,
        "script_digest": script_digest,
    }
    return environment
