"""A build's options as a TOML file: the flags of ``simd build`` as keys, nothing more."""

from pathlib import Path
from typing import Any

from simd.composition.options import RENAMED, build_options
from simd.errors import DataError
from simd.files import read_toml
from simd.taxonomy import annotations_dir


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
        If the file is not TOML, has a key that is not an option, or a value of the wrong type.
    """
    path = find_spec(spec)
    table = read_toml(path)
    options: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        name = RENAMED.get(name, name)
        if name in options:
            raise DataError(f"{path}: {key!r} is given twice; leave one out")
        options[name] = value
    try:
        build_options(options)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return options
