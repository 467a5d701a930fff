"""The layout of the SIMD release, ``<class>/{merged,alpha,trimap}/<fg>_<bg>.png``, beside a set of ours."""

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from simd.composition.plan import Planned
from simd.errors import DataError
from simd.files import cannot_write, make_folder, write_atomically
from simd.records import file_name
from simd.taxonomy import TAXONOMY

_FOLDERS = {"image": "merged", "alpha": "alpha", "trimap": "trimap"}
_CLASS_FOLDERS = {c.name: c.aliases[0] if c.aliases else c.name for c in TAXONOMY}


def released_folder(out: Path) -> Path:
    """Return where the second layout of a set lies: beside it, since loaders read all below a set."""
    return out.with_name(f"{out.name}-released")


def released_names(planned: Iterable[Planned]) -> dict[str, tuple[str, str]]:
    """Return the class folder and file name that the release gives each composite, by id.

    Raises
    ------
    DataError
        If a foreground has no file, or two composites would share one name.

    Examples
    --------
    ``("plant_leaf", "maple_2008_000902.png")`` for ``maple.jpg`` of class leaf over ``2008_000902.jpg``.
    """
    names: dict[str, tuple[str, str]] = {}
    owners: dict[tuple[str, str], Planned] = {}
    for p in planned:
        for what, record in (("foreground", p.fg), ("background", p.bg)):
            if record.file is None:
                raise DataError(
                    f"{what} {record.id!r} is drawn, not read: --layout simd-2021 has no name for it"
                )
        assert p.fg.file is not None
        assert p.bg.file is not None
        # the release cuts four characters, whatever the extension
        name = (_CLASS_FOLDERS[p.fg.class_], f"{p.fg.file.name[:-4]}_{p.bg.file.name[:-4]}.png")
        if (other := owners.setdefault(name, p)) is not p:
            raise DataError(
                f"--layout simd-2021: {other.fg.id!r} over {other.bg.id!r} and {p.fg.id!r} over {p.bg.id!r} "
                f"would both be {'/'.join(name)}; rename a file, or leave the layout out"
            )
        names[p.id] = name
    return names


def check_released_folder(out: Path) -> None:
    """Refuse to write among files that are not ours (DataError)."""
    folder = released_folder(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: is not an empty folder; --layout simd-2021 writes there, move it away")


def write_released(built: Path, out: Path, names: Mapping[str, tuple[str, str]], ids: Sequence[str]) -> Path:
    """Put the images of a set under their released names: hard links where the disk has them, else copies.

    They lie in `built`, which may be another than `out`, where the set will be once it is complete.
    """
    root = released_folder(out)
    wanted = set()
    for id_ in ids:
        class_folder, name = names[id_]
        for layer, folder in _FOLDERS.items():
            make_folder(root / class_folder / folder)
            target = root / class_folder / folder / name
            _link(built / file_name(id_, layer), target)
            wanted.add(target)
    for file in root.glob("*/*/*"):  # of a run that was interrupted
        if file not in wanted:
            file.unlink()
    return root


def _link(source: Path, target: Path) -> None:
    try:
        if target.exists():
            if target.samefile(source):
                return
            target.unlink()
        with contextlib.suppress(OSError):  # no links here, or too many
            os.link(source, target)
            return
        write_atomically(target, source.read_bytes())
    except OSError as error:
        raise cannot_write(target, error) from error
