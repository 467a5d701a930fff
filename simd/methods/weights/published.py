"""What is known of weights that others have published, by the names of their files: licence, training data.

The table is annotations/published_weights.json. A file is known by its name alone: the released
files' digests are not known here. Of a renamed file nothing is known.
"""

from dataclasses import dataclass
from functools import cache

from simd.files import read_json
from simd.schema import AMOUNT, TEXT, checked, list_of, or_null, record, table_of
from simd.taxonomy import annotations_dir

_FILE = "published_weights.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedWeights:
    """A file of weights that its makers have released."""

    names: tuple[str, ...]  # how the file's name begins
    network: str
    preset: str
    source: str
    code_licence: str
    licence: str  # of the weights
    trained_on: tuple[str, ...]  # source/part, as ids of foregrounds begin


def published(file_name: str, network: str, preset: str) -> PublishedWeights | None:
    """Return what is known of a file of weights; None if it is not one of the table's."""
    for entry in table():
        named = file_name.lower().startswith(tuple(name.lower() for name in entry.names))
        if named and (entry.network, entry.preset) == (network, preset):
            return entry
    return None


@cache
def table() -> tuple[PublishedWeights, ...]:
    """Read the table; of two entries whose names a file has, the first counts."""
    file = annotations_dir() / _FILE
    entries = checked(read_json(file), _TABLE, file, "install simd again")["weights"]
    texts = ("network", "preset", "source", "code_licence", "licence")
    return tuple(
        PublishedWeights(
            names=tuple(entry["names"]),
            trained_on=tuple(entry["trained_on"]),
            **{key: entry[key] for key in texts},
        )
        for entry in entries
    )


_ERRORS = record({"set": TEXT, "sad": AMOUNT, "mse": AMOUNT, "grad": AMOUNT, "conn": AMOUNT})
_TABLE = record(
    {
        "trained_on": table_of(TEXT),
        "weights": list_of(
            record(
                {
                    "names": list_of(TEXT, filled=True),
                    "network": TEXT,
                    "preset": TEXT,
                    "source": TEXT,
                    "code_licence": TEXT,
                    "licence": TEXT,
                    "trained_on": list_of(TEXT, filled=True),
                    "printed": or_null(_ERRORS),
                }
            )
        ),
    }
)
