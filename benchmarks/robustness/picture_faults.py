"""Faults of any picture, and what all kinds of faults share: each takes a tree and a source of chance."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from spoilt_inputs import Chance


class Fault(NamedTuple):
    """What was done to a tree, and the names of what it has hurt: of each one of the alternatives."""

    what: str
    hurt: tuple[tuple[str, ...], ...]


Way = Callable[[Path, Chance], Fault | None]


def pictures(root: Path, suffixes: Sequence[str] = (".png", ".jpg")) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in suffixes and path.is_file())


def of_file(path: Path, what: str) -> Fault:
    return Fault(f"{what}: {path.name}", ((path.stem, path.name),))


def any_picture(root: Path, chance: Chance) -> Path:
    return chance.choice(pictures(root))


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def with_pixels(path: Path, pixels: np.ndarray, what: str) -> Fault:
    Image.fromarray(pixels).save(path)
    return of_file(path, what)


def broken_checksum(root: Path, chance: Chance) -> Fault | None:
    pngs = pictures(root, (".png",))
    if not pngs:
        return None
    path = chance.choice(pngs)
    data = bytearray(path.read_bytes())
    start = data.index(b"IDAT") + 4
    data[chance.randrange(start, len(data) - 16)] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return of_file(path, "a bit")


def cut_short(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(1, len(data) - 4)])
    return of_file(path, "cut")


def zero_length(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    path.write_bytes(b"")
    return of_file(path, "empty")


def zeros(root: Path, chance: Chance) -> Fault:
    """Leave the size, and zeros from somewhere on: what a power cut leaves."""
    path = any_picture(root, chance)
    data = path.read_bytes()
    # the last zeros may be the picture's own
    first = chance.randrange(0, len(data) // 2)
    path.write_bytes(data[:first] + bytes(len(data) - first))
    return of_file(path, "zeros")


def another_kind_of_file(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    path.write_bytes(
        chance.choice((b"<html>404</html>", b"%PDF-1.7\n", b"\0" * 200, b"version https://git-lfs"))
    )
    return of_file(path, "no picture")


def a_folder(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    path.unlink()
    path.mkdir()
    return of_file(path, "a folder")


def a_link_to_nowhere(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    path.unlink()
    path.symlink_to(chance.choice(("nowhere.png", path.name)))
    return of_file(path, "a link")


def a_pipe(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    path.unlink()
    os.mkfifo(path)
    return of_file(path, "a pipe")


def missing(root: Path, chance: Chance) -> Fault:
    path = any_picture(root, chance)
    path.unlink()
    return of_file(path, "missing")


ANY_PICTURE: tuple[Way, ...] = (broken_checksum, cut_short, zero_length, zeros, another_kind_of_file)
NO_FILE: tuple[Way, ...] = (a_folder, a_link_to_nowhere, a_pipe)
