"""How simd was installed, and the command that brings more of it: the one home of such commands."""

from pathlib import Path

DISTRIBUTION = "simd-matting"
"""The name on the package index; the import and the command are ``simd``."""


def is_clone(package: Path = Path(__file__).parent) -> bool:
    """Tell whether the package runs from a clone of the repository, where it was not installed as a wheel.

    A wheel holds the folder ``annotations`` inside the package, a clone beside it.
    """
    return not (package / "annotations").is_dir()


def extra_command(extra: str) -> str:
    """Return the command that installs what an extra needs; in a clone it is run in its folder."""
    return f'pip install -e ".[{extra}]"' if is_clone() else f'pip install "{DISTRIBUTION}[{extra}]"'


def repair_command(path: Path) -> str:
    """Return the command that brings back a file or folder of the package that is missing or spoilt."""
    if is_clone():
        return f"git checkout -- {path.relative_to(Path(__file__).parent.parent).as_posix()}"
    return f"pip install --force-reinstall --no-deps {DISTRIBUTION}"
