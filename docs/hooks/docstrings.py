"""Docstrings of public names as the site shows them: roles as code, formulas as pictures."""

import base64
import io
import re
from typing import Any

import griffe
from matplotlib.mathtext import math_to_image

_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_FORMULA = re.compile(r"^( *)\.\. math::(.*(?:\n\1 +\S.*|\n *(?=\n\1 +\S))*)", re.M)


class PlainDocstrings(griffe.Extension):
    """Turn what Sphinx would read into what Markdown has."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring:
            text = _ROLE.sub(r"`\1`", obj.docstring.value)
            obj.docstring.value = _FORMULA.sub(lambda match: match[1] + _picture(match[2]), text)


def _picture(formula: str) -> str:
    tex = re.sub(r"\\([lg])e\b", r"\\\1eq", " ".join(formula.split()))  # mathtext has no \le
    stream = io.BytesIO()
    try:
        math_to_image(f"${tex}$", stream, format="svg", dpi=72)
    except ValueError:  # mathtext knows less than TeX
        return f"`{tex}`"
    source = base64.b64encode(stream.getvalue()).decode()
    return f'<img class="formula" alt="{tex}" src="data:image/svg+xml;base64,{source}">'
