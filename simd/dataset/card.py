"""README.md of a set: its card, with a head as dataset hubs read it; nothing of when, where or how."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import read_text
from simd.records import LAYERS, Composite

CARD_NAME = "README.md"
_HUB_LICENCES = {
    *("cc0-1.0", "cc-by-4.0", "cc-by-3.0", "cc-by-2.0", "cc-by-sa-4.0", "cc-by-sa-3.0", "cc-by-nc-4.0"),
    *("cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "mit", "apache-2.0", "gpl-2.0", "gpl-3.0"),
    *("lgpl-3.0", "agpl-3.0", "bsd-3-clause", "odc-by", "odbl", "pddl", "unlicense"),
}
"""Licences that hubs have a word for; any other is "other", and ATTRIBUTION.md says which."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = "1M<n<10M"
_HOLDS = {
    "image": "the composite, RGB",
    "alpha": "the true matte, 8 bits: 0 background, 255 foreground",
    "trimap": "0 background, 128 unknown, 255 foreground",
    "class_mask": "the class index 0..19 of each unknown pixel, 255 where there is none",
}
_TEXT = """\
---
pretty_name: {pretty_name}
{licence}
task_categories:
- image-segmentation
tags:
- image-matting
- alpha-matte
- trimap
size_categories:
- {size}
{head}---

# {name}

A set for image matting: {composites} images of {foregrounds} foregrounds over {backgrounds} backgrounds, each
with its true matte, a trimap, and a mask of the class of each unknown pixel.

{layout}
## Classes

| class | images | foregrounds |
|---|---|---|
{classes}

## How it was made

By protocol `{protocol}` from seed {seed}, with simd {simd_version}. The digests stand for the content alone,
wherever the set lies:

{digests}

## Sources and licences

| gives | kind | licences |
|---|---|---|
{sources}

`ATTRIBUTION.md` names every image under its licence, and what to cite.

{citations}"""
_LAYOUT = """\
| folder | what `<id>.png` in it holds |
|---|---|
{layers}

`metadata.jsonl` has a row an image: id, class, foreground, background, licences, recipe, seed, and the
SHA-256 of the decoded pixels of each layer. `dataset.json` speaks of the whole.

```python
from datasets import load_dataset

images = load_dataset("imagefolder", data_dir="<this folder>", split="train")
```
"""
_SEAL = re.compile(r"\n<!-- written by simd, (?P<digest>[0-9a-f]{16}) -->\n\Z")


def card(info: Mapping[str, Any], rows: Sequence[Composite], *, layout: str = "", head: str = "") -> str:
    """Return the text of README.md for a set with this dataset.json and these rows.

    Parameters
    ----------
    info, rows
        What dataset.json holds, and the rows of metadata.jsonl.
    layout : str
        Markdown: what lies where and how it is read, if that is not a set's own layout.
    head : str
        More lines of YAML for the head.
    """
    counts = info["counts"]
    text = _TEXT.format(
        pretty_name=_quoted(info["name"]),
        licence=_licence(rows),
        size=_size(len(rows)),
        name=_plain(info["name"]),
        **{name: counts[name] for name in ("composites", "foregrounds", "backgrounds")},
        layout=layout or _LAYOUT.format(layers=table_of_layers("{layer}/")),
        head=head,
        classes="\n".join(
            f"| {name} | {of_class['composites']} | {of_class['foregrounds']} |"
            for name, of_class in _classes(counts["classes"], rows).items()
        ),
        **{name: info[name] for name in ("protocol", "seed", "simd_version")},
        digests="\n".join(f"- {name}: `{digest}`" for name, digest in info["digests"].items()),
        sources="\n".join(
            f"| {source['gives']} | {source['kind']} | {_plain(_counted(source['licences']))} |"
            for source in info["sources"]
        ),
        citations="".join(f"- {citation}\n" for citation in _citations(info["sources"])),
    )
    return f"{text}\n<!-- written by simd, {_digest(text)} -->\n"


def table_of_layers(form: str) -> str:
    """Return the rows of a table of Markdown: where each layer is, and what it holds.

    Examples
    --------
    >>> table_of_layers("<id>.{layer}.png").splitlines()[0]
    '| `<id>.image.png` | the composite, RGB |'
    """
    return "\n".join(f"| `{form.format(layer=layer)}` | {_HOLDS[layer]} |" for layer in LAYERS)


def is_card(path: Path) -> bool:
    """Tell whether a file is a card as :func:`card` wrote it, and nobody has changed it since."""
    try:
        text = read_text(path)
    except DataError:
        return False
    seal = _SEAL.search(text)
    return seal is not None and seal["digest"] == _digest(text[: seal.start()])


def _classes(
    counts: Mapping[str, Mapping[str, int]], rows: Sequence[Composite]
) -> Mapping[str, Mapping[str, int]]:
    """Return the numbers of images and foregrounds by class, and of those without one where there are any."""
    without = [row.fg_id for row in rows if not row.class_]
    if not without:
        return counts
    return {**counts, "none yet": {"composites": len(without), "foregrounds": len(set(without))}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _citations(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    stated = dict.fromkeys(_plain(source["citation"]) for source in sources)
    return [citation for citation in stated if citation]


def _licence(rows: Sequence[Composite]) -> str:
    stated = {row.licence for row in rows} | {row.bg_licence for row in rows if row.bg_licence is not None}
    names = sorted(licence.lower() for licence in stated)
    if names and set(names) <= _HUB_LICENCES:
        return "\n".join(["license:", *(f"- {name}" for name in names)])
    return "license: other\nlicense_name: see-attribution\nlicense_link: ATTRIBUTION.md"


def _size(count: int) -> str:
    return next((words for below, words in _SIZES if count < below), _LARGER)


def _counted(licences: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in Counter(licences).most_common())


def _quoted(text: str) -> str:
    """Return a text as YAML has it between double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _plain(text: str) -> str:
    """Return a text for a line of Markdown."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").replace("<", "&lt;")
