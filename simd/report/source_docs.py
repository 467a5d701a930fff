"""Write docs/sources.md from what is declared: ``python -m simd.report.source_docs > docs/sources.md``."""

import sys
from pathlib import Path

from simd.sources import TABLES, kinds
from simd.sources.index import SourceKind

# introduction.md, and <kind>.md where a declaration is too short
_GUIDES = Path(__file__).with_name("guides")
_GIVES = {"foregrounds": "foregrounds", "backgrounds": "backgrounds", "finished": "image-alpha pairs"}
_FIRST = ("adobe", "simd")


def sources_page() -> str:
    """Return docs/sources.md: a table of all datasets, long sections first, then what is declared of each."""
    declared: dict[str, list[tuple[str, SourceKind]]] = {}
    for role, table in TABLES.items():
        for kind in kinds(table):
            declared.setdefault(kind.name, []).append((role, kind))
    order = sorted(declared, key=lambda name: (name not in _FIRST, name))
    sections = [_section(name, declared[name]) for name in order]
    introduction = (_GUIDES / "introduction.md").read_text(encoding="utf-8")
    return "\n".join([introduction, *_table(order, declared), "", "\n\n".join(sections)]) + "\n"


def _table(order: list[str], declared: dict[str, list[tuple[str, SourceKind]]]) -> list[str]:
    lines = ["| kind | dataset | gives | holds |", "|---|---|---|---|"]
    for name in order:
        kind = declared[name][0][1]
        roles = ", ".join(_GIVES[roles] for roles, _ in declared[name])
        lines.append(f"| [`{name}`](#{name}) | {kind.title} | {roles} | {kind.counts or '–'} |")
    return lines


def _section(name: str, declared: list[tuple[str, SourceKind]]) -> str:
    kind = declared[0][1]
    lines = [f"## {name}", "", f"{kind.title}.", ""]
    lines += [f"- {_GIVES[role]}: `{k.layout}`" for role, k in declared]
    facts = {"holds": kind.counts, "licence": kind.licence, "cite": kind.citation, "from": kind.ask}
    lines += [f"- {what}: {text}" for what, text in facts.items() if text]
    guide = _GUIDES / f"{name}.md"
    if guide.is_file():
        lines += ["", guide.read_text(encoding="utf-8").rstrip()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(sources_page())
