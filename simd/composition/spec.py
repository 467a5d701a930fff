"""A build's options as a TOML file: the flags of ``simd build`` as keys, nothing more."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from simd.composition.build import BuildOptions
from simd.errors import DataError
from simd.files import read_text
from simd.taxonomy import annotations_dir, suggest

_INTEGERS = ("per_foreground", "per_class", "max_side", "trimap_radius", "seed")


def shipped() -> list[str]:
    """Return the names of the sets whose spec files are shipped."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def find_spec(spec: str | Path) -> Path:
    """Return a spec file: the one at a path, or the shipped one of a name such as ``simd-open``.

    Raises
    ------
    DataError
        If there is neither.
    """
    path = Path(spec)
    if path.is_file() or path.suffix or path.name != str(spec):
        return path
    if str(spec) not in shipped():
        known = ", ".join(shipped())
        raise DataError(f"{spec}: no such file, and no shipped set of that name; shipped are {known}")
    return _folder() / f"{spec}.toml"


def _folder() -> Path:
    return annotations_dir() / "sets"


def read_spec(spec: str | Path) -> dict[str, Any]:
    """Read build options, e.g. ``per-foreground = 2``; hyphens and underscores are alike.

    Parameters
    ----------
    spec : path or str
        A TOML file, or the name of a shipped set (:func:`find_spec`).

    Raises
    ------
    DataError
        If the file is no TOML, has a key that is no option, or a value of the wrong type.
    """
    path = find_spec(spec)
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
