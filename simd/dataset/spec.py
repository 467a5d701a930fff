"""A build's options as a TOML file: the flags of ``simd build`` as keys, nothing more."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from simd.dataset.build import BuildOptions
from simd.errors import DataError
from simd.files import read_text
from simd.taxonomy import suggest

_INTEGERS = ("per_foreground", "per_class", "max_side", "trimap_radius", "seed")


def read_spec(path: Path) -> dict[str, Any]:
    """Read build options, e.g. ``per-foreground = 2``; hyphens and underscores are alike.

    Raises
    ------
    DataError
        If the file is no TOML, has a key that is no option, or a value of the wrong type.
    """
    try:
        table = tomllib.loads(read_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{path}: is not TOML ({error})") from error
    known = [f.name for f in fields(BuildOptions)]
    options = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name not in known:
            raise DataError(f"{path}: unknown key {key!r}{suggest(name, known)}")
        wanted: type = int if name in _INTEGERS else bool if name == "any_licence" else str
        if type(value) is not wanted:
            raise DataError(f"{path}: {key} must be {wanted.__name__}, not {value!r}")
        options[name] = value
    return options
