"""The means of a method as a small HTML table, which a notebook shows in place of thousands of rows."""

from collections.abc import Sequence

from jinja2 import Environment

from simd.metrics.score import METRICS, Score
from simd.metrics.score_summary import MeanErrors, class_mean_errors, mean_errors, whole_images
from simd.missing import formatted
from simd.taxonomy import CLASSES

_TEMPLATE = """<table><caption>{{ caption }}</caption>
<thead><tr><th></th><th>images</th><th>SAD</th><th>MSE ×10³</th><th>Grad</th><th>Conn</th></tr></thead><tbody>
{%- for name, images, values in rows %}
<tr><th>{{ name }}</th><td>{{ images }}</td>{% for value in values %}<td>{{ value }}</td>{% endfor %}</tr>
{%- endfor %}
</tbody></table>"""


def score_table_html(caption: str, scores: Sequence[Score]) -> str:
    """Return the class-balanced mean, the mean over images, and the mean of each class present."""
    whole = whole_images(scores)
    by_class = {name: [row for row in whole if row.class_ == name] for name in CLASSES}
    present = {name: rows for name, rows in by_class.items() if rows}
    table = [("image mean", len(whole), _texts(mean_errors(whole)))]
    if present:
        classed = sum(map(len, present.values()))
        table.insert(0, ("class-balanced mean", classed, _texts(class_mean_errors(scores))))
    table += [(name, len(rows), _texts(mean_errors(rows))) for name, rows in present.items()]
    template = Environment(autoescape=True).from_string(_TEMPLATE)
    return template.render(caption=caption, rows=table)


def _texts(errors: MeanErrors) -> list[str]:
    values = {m: errors[m] * (1000 if m == "mse" else 1) for m in METRICS}
    return [formatted(value, ".2f") for value in values.values()]
