"""What a set says of itself to those who ask how responsibly it was made: what is counted, what is stated.

NeurIPS asks for eight fields of Croissant's vocabulary for responsible AI and of PROV. What rows prove is
counted; what only the makers know is for them to state, and until then the field says that nobody has.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simd.dataset.manifest import MattingSet
from simd.errors import DataError, first_of
from simd.files import read_toml
from simd.records import ALPHA_KINDS, NOT_TRUTH, UNLABELLED
from simd.taxonomy import suggest

FIELDS = {
    "data_limitations": "rai:dataLimitations",
    "data_biases": "rai:dataBiases",
    "personal_sensitive_information": "rai:personalSensitiveInformation",
    "data_use_cases": "rai:dataUseCases",
    "data_social_impact": "rai:dataSocialImpact",
    "has_synthetic_data": "rai:hasSyntheticData",
    "was_derived_from": "prov:wasDerivedFrom",
    "was_generated_by": "prov:wasGeneratedBy",
}
"""The eight fields: their names in a file of statements, and in Croissant; readers skip misspelt ones."""
OTHERS = {"url": "url", "creator": "creator", "date_published": "datePublished", "cite_as": "citeAs"}
"""What else only the makers know."""
_COUNTED = ("has_synthetic_data", "was_derived_from", "was_generated_by")  # never for anybody to state
_STATED = [name for name in (*FIELDS, *OTHERS) if name not in _COUNTED]
_NOBODY = "The makers of the set have not stated this."


def read_statements(path: Path | None) -> dict[str, str]:
    """Read a TOML file of statements, keys as in :data:`FIELDS` and :data:`OTHERS`, each a text.

    Raises
    ------
    DataError
        If a key is unknown, is one that is counted, or its value is no text.
    """
    if path is None:
        return {}
    statements = read_toml(path)
    for name, value in statements.items():
        if name in _COUNTED:
            raise DataError(f"{path}: {name} is counted from the set; leave it out")
        if name not in _STATED:
            hint = suggest(name, _STATED) or f"; known are {', '.join(_STATED)}"
            raise DataError(f"{path}: unknown statement {name!r}{hint}")
        if not isinstance(value, str) or not value.strip():
            raise DataError(f"{path}: {name} must be a text, not {value!r:.60}")
    return statements


def fields_of(matting_set: MattingSet, statements: Mapping[str, str]) -> dict[str, Any]:
    """Return the eight fields and what else is stated, under the names that Croissant has for them."""
    values: dict[str, Any] = {
        "data_limitations": _limitations(matting_set),
        "data_biases": _biases(matting_set),
        "personal_sensitive_information": f"{_NOBODY} {_origins(matting_set)}",
        "data_use_cases": "Training and evaluating image matting: alpha from an image and a trimap, by class "
        "of pattern. Images of one foreground are not independent: split by foreground.",
        "data_social_impact": _NOBODY,
        "has_synthetic_data": _is_synthetic(matting_set),
        "was_derived_from": _sources(matting_set),
        "was_generated_by": {
            "@type": "prov:Activity",
            "name": f"protocol {matting_set.info['protocol']}, seed {matting_set.info['seed']}",
            "description": f"simd {matting_set.info['simd_version']}; the recipe of each image is in its row",
        },
    }
    values |= statements
    if "creator" in statements:
        values["creator"] = {"@type": "sc:Organization", "name": statements["creator"]}  # or whoever it is
    return {croissant: values[name] for name, croissant in (FIELDS | OTHERS).items() if name in values}


def _limitations(matting_set: MattingSet) -> str:
    rows = matting_set.rows
    composed = sum(row.bg_id is not None for row in rows)
    kinds = Counter(row.alpha_kind or "not stated" for row in rows)
    texts = [
        f"{composed} of {len(rows)} images are composites, in which the light of foreground and "
        "background need not agree." * bool(composed),
        "How the alphas were made: "
        + "; ".join(
            f"{kind} ({ALPHA_KINDS.get(kind, 'nobody has said')}): {count}"
            for kind, count in kinds.most_common()
        )
        + ".",
    ]
    if doubtful := sum(kinds[kind] for kind in NOT_TRUTH):
        texts.append(f"{doubtful} of the alphas are no ground truth.")
    return " ".join(filter(None, texts))


def _biases(matting_set: MattingSet) -> str:
    images = Counter(row.class_ or UNLABELLED for row in matting_set.rows)
    foregrounds = Counter(
        class_ for class_, _ in {(row.class_ or UNLABELLED, row.fg_id) for row in matting_set.rows}
    )
    counts = ", ".join(f"{name} {count} of {foregrounds[name]}" for name, count in images.most_common())
    return f"Images of foregrounds by class: {counts}. A mean over images follows the largest."


def _origins(matting_set: MattingSet) -> str:
    drawn = sum(row.alpha_kind == "generated" for row in matting_set.rows)
    return (
        f"The foregrounds of {drawn} of {len(matting_set)} images were drawn by a program; all else are "
        "pictures of the sources named here, which may show people."
    )


def _is_synthetic(matting_set: MattingSet) -> bool:
    return any(row.bg_id is not None or row.alpha_kind == "generated" for row in matting_set.rows)


def _sources(matting_set: MattingSet) -> list[dict[str, Any]]:
    sources = []
    for source in matting_set.info["sources"]:
        entity = {
            "@type": "prov:Entity",
            "name": f"{source['gives']}: {source['kind']}",
            "license": sorted(source["licences"]),
        }
        sources.append(entity | ({"description": source["citation"]} if source["citation"] else {}))
    if not sources:
        names = sorted({row.source for row in matting_set.rows})
        sources.append({"@type": "prov:Entity", "name": first_of(names, len(names))})
    return sources
