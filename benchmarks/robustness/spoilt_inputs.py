"""Ways to spoil an input: each takes a file, or the words of a command, and a source of chance."""

import csv
import io
import json
import os
import random
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Chance = random.Random

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2.5, 255, 256, 10**6, 10**30, 1e308, float("nan"), float("-inf")),
    *("", " ", "fur", "hair", "../../evil", "/", ".", "a\0b", "x" * 5000, "\ud800", "fur_0.png", "1"),
    *([], {}, [[]], [1, 2], {"a": 1}, [None], [["a", {}]], "café", "NaN", "2026-01-01"),
)

WORDS = (
    *("", " ", "-1", "0", "1", "3", "0.5", "nan", "inf", "1e999", "x", "🦊", "café", "a\nb", "x" * 300),
    *(".", "..", "nowhere", "nowhere/at/all", "fgs", "set", "classes.csv", "fgs/fg/fur_0.png", "synthetic"),
    *("synthetic:1@32", "synthetic:0@0", "synthetic:x@y", "builtin", "fur", "hair", "rgba", "coco", "exact"),
    *("trimap", "closed-form", "closed_form", "os:system", "os.path:join", "no.such:thing", "own=fur", "="),
    *("tile=-3", "CC0*", "net|fur", "\udcff", "-", "--", "=x", "size", "range", "None", "true", "[]", "{}"),
)

# Options that ask for much work, or that open something: their values are left as they are.
LEFT = (
    *("--port", "--host", "--browser", "--app", "--no-app", "--backdrops", "--size", "--seeds", "--columns"),
    *("--workers", "--help", "--install-completion", "--show-completion", "--device", "--perplexity"),
)

_GROUPS = ("tag", "weights")


def spoil_tree(root: Path, names: tuple[str, ...], chance: Chance) -> str:
    """Spoil a file below one of some inputs; return what was done to which."""
    files = sorted(
        p for name in names for p in ([root / name] if (root / name).is_file() else _below(root / name))
    )
    path = chance.choice(files)
    shown = path.relative_to(root).as_posix()
    own = _BY_SUFFIX.get(path.suffix.lower(), ())
    ways = own if own and chance.random() < 0.7 else _OF_ANY
    way = chance.choice(ways)
    way(path, chance)
    return f"{way.__name__.strip('_').replace('_', ' ')}: {shown}"


def spoil_words(words: list[str], options: dict[str, bool], chance: Chance) -> tuple[list[str], str]:
    """Spoil a command line.

    Parameters
    ----------
    words : list of str
        The command, its arguments and options.
    options : dict
        Every option of the command, and whether it is a flag.
    """
    words = list(words)
    # of a group such as tag the command is left: another word would open its page, which serves for ever
    first = 2 if words[0] in _GROUPS else 1
    given = [i for i, word in enumerate(words) if word.startswith("--") and word not in LEFT]
    free = [name for name in options if name not in LEFT]
    way = chance.randrange(6)
    if way == 0 and given:
        at = chance.choice(given)
        if not options.get(words[at], False) and at + 1 < len(words):
            words[at + 1] = chance.choice(WORDS)
            return words, f"another value: {words[at]} {words[at + 1]!r}"
        del words[at]
        return words, "a flag left out"
    if way == 1:
        at = chance.randrange(first, len(words))
        dropped = words.pop(at)
        return words, f"a word left out: {dropped}"
    if way == 2:
        at = chance.randrange(first, len(words))
        if words[at - 1] not in LEFT:
            words[at], before = chance.choice(WORDS), words[at]
            return words, f"another word: {words[at]!r} for {before}"
    if way == 3:
        words.append(chance.choice(("--wrong", "--kind", "-x", "extra", "--out", "--source=rgba", "--json")))
        return words, f"one word more: {words[-1]}"
    name = chance.choice(free)
    value = [] if options[name] else [chance.choice(WORDS)]
    return [*words, name, *value], f"one option more: {name} {''.join(map(repr, value))}"


def _below(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]


# -- any file --------------------------------------------------------------------------------------------


def cut_off(path: Path, chance: Chance) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(max(1, len(data)))])


def emptied(path: Path, chance: Chance) -> None:
    path.write_bytes(b"")


def bytes_changed(path: Path, chance: Chance) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 2, 8, 64))):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)


def bytes_added(path: Path, chance: Chance) -> None:
    path.write_bytes(path.read_bytes() + chance.randbytes(chance.choice((1, 100))))


def noise(path: Path, chance: Chance) -> None:
    path.write_bytes(chance.randbytes(chance.choice((1, 7, 300))))


def another_file(path: Path, chance: Chance) -> None:
    others = sorted(p for p in _below(path.parent) if p != path)
    path.write_bytes(chance.choice(others).read_bytes() if others else b"{}")


def gone(path: Path, chance: Chance) -> None:
    path.unlink()


def a_folder(path: Path, chance: Chance) -> None:
    path.unlink()
    path.mkdir()


def a_link_to_nowhere(path: Path, chance: Chance) -> None:
    path.unlink()
    path.symlink_to(chance.choice(("nowhere", path.name)))  # the second is a loop


def a_pipe(path: Path, chance: Chance) -> None:
    path.unlink()
    os.mkfifo(path)


def under_another_name(path: Path, chance: Chance) -> None:
    name = chance.choice(
        (
            *("._" + path.name, path.name.upper(), path.stem, path.name + ".bak", "a\nb" + path.suffix),
            *(
                "\udcff" + path.suffix,
                "x" * 200 + path.suffix,
                " " + path.name,
                "-" + path.suffix,
                "é" + path.name,
            ),
        )
    )
    path.rename(path.with_name(name))


def doubled(path: Path, chance: Chance) -> None:
    suffix = chance.choice((".png", ".jpg", ".tif", ".json", path.suffix.upper() or ".x"))
    if not (copy := path.with_suffix(suffix)).exists():
        shutil.copy(path, copy)


_OF_ANY = (
    *(cut_off, emptied, bytes_changed, bytes_changed, bytes_added, noise, another_file, gone, a_folder),
    *(a_link_to_nowhere, a_pipe, under_another_name, doubled),
)

# -- texts -----------------------------------------------------------------------------------------------


def a_json_value(path: Path, chance: Chance) -> None:
    text = path.read_text(encoding="utf-8")
    lines = path.suffix == ".jsonl"
    rows = [json.loads(line) for line in text.splitlines()] if lines else json.loads(text)
    rows = _with_a_value(rows, chance, chance.choice(("take", "retype", "retype", "retype", "double")))
    content = (
        "".join(json.dumps(row) + "\n" for row in rows)
        if isinstance(rows, list) and lines
        else json.dumps(rows)
    )
    path.write_text(content, encoding="utf-8")


def _with_a_value(value: Any, chance: Chance, way: str) -> Any:
    """Return a JSON value with one change somewhere inside."""
    keys = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not keys or chance.random() < 0.1:
        return chance.choice(VALUES)
    key = chance.choice(keys)
    if isinstance(value[key], dict | list) and value[key] and chance.random() < 0.8:
        value[key] = _with_a_value(value[key], chance, way)
    elif way == "take":
        del value[key]
    elif way == "double" and isinstance(value, list):
        value.append(value[key])
    else:
        value[key] = chance.choice(VALUES)
    return value


def a_text_of_json(path: Path, chance: Chance) -> None:
    deep = chance.choice(
        ("[" * 50_000, '{"a":' * 3000, "NaN", "9" * 5000, "{}", "[]", "null", '"fur"', "[1", "{,}")
    )
    path.write_text(deep)


def a_row_of_a_table(path: Path, chance: Chance) -> None:
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    row = chance.choice(rows)
    value = chance.choice([v for v in VALUES if not isinstance(v, str) or "\ud800" not in v])
    match chance.randrange(8):
        case 0:
            row.append("one more")
        case 1 if row:
            row.pop()
        case 2:
            rows.append(row)
        case 3:
            rows.remove(row)
        case 4:
            rows.append(["nobody.png", *row[1:]])
        case 5:
            rows.append(['"an open quote'])
        case _ if row:
            row[chance.randrange(len(row))] = str(value)
    text = io.StringIO()
    csv.writer(text, lineterminator=chance.choice(("\n", "\r\n"))).writerows(rows)
    content = text.getvalue().replace('"""an', '"an')
    path.write_text(content.replace(",", ";") if chance.random() < 0.1 else content, encoding="utf-8")


def a_line(path: Path, chance: Chance) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    at = chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
        case 3:
            lines.insert(
                at, chance.choice(("nobody.png", "a:b:c", ":::", "seed = nan", "[x]", "=", "<x>", "\x00"))
            )
        case 4:
            lines[at] = lines[at].replace(
                chance.choice("abcdefinr=:."), chance.choice(("", "é", '"', "\\", "-9"))
            )
        case _:
            chance.shuffle(lines)
    path.write_text("\n".join(lines), encoding="utf-8")


def another_encoding(path: Path, chance: Chance) -> None:
    text = path.read_text(encoding="utf-8")
    way = chance.choice(("utf-8-sig", "utf-16", "latin-1", "crlf", "nul"))
    if way in ("crlf", "nul"):
        path.write_bytes(text.encode().replace(b"\n", b"\r\n" if way == "crlf" else b"\0\n"))
    else:
        path.write_bytes((text + ("é" if way == "latin-1" else "")).encode(way))


# -- images ----------------------------------------------------------------------------------------------


def other_pixels(path: Path, chance: Chance) -> None:
    with Image.open(path) as image:
        shape, colour = (image.height, image.width), image.mode in ("RGB", "RGBA")
    levels = chance.choice((0, 255, 128, 1, 3, None))
    size = (*shape, 3) if colour else shape
    pixels = (
        np.full(size, levels or 0) if levels is not None else np.random.default_rng(0).integers(0, 256, size)
    )
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def another_size(path: Path, chance: Chance) -> None:
    with Image.open(path) as image:
        sizes = ((1, 1), (image.height + 1, image.width), (image.width, 1), (2000, 3))
        image.resize(chance.choice(sizes)).save(path)


def another_mode(path: Path, chance: Chance) -> None:
    with Image.open(path) as image:
        other = image.convert("RGB").convert(
            chance.choice(("1", "L", "P", "RGBA", "LA", "CMYK", "I", "F", "I;16"))
        )
    other.save(path, chance.choice(("TIFF", "PNG")) if other.mode in ("1", "L", "P", "I;16", "I") else "TIFF")


def another_container(path: Path, chance: Chance) -> None:
    with Image.open(path) as image:
        image.convert("RGB").save(path, chance.choice(("GIF", "BMP", "WEBP", "JPEG", "TIFF", "PPM", "TGA")))


def turned_by_exif(path: Path, chance: Chance) -> None:
    with Image.open(path) as image:
        exif = image.getexif()
        exif[0x0112] = chance.choice((2, 3, 6, 8, 9, 0))
        image.load()
        image.save(path, exif=exif)


def a_header_that_lies(path: Path, chance: Chance) -> None:
    side = chance.choice((0, 1, 30_000, 2**31 - 1))
    header = struct.pack(
        ">IIBBBBB", side, side, chance.choice((8, 16, 3)), chance.choice((0, 2, 6, 7)), 0, 0, 0
    )
    chunks = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


# -- archives and arrays -----------------------------------------------------------------------------------


def a_member(path: Path, chance: Chance) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = chance.randrange(len(members))
    name, data = members[at]
    match chance.randrange(6):
        case 0:
            del members[at]
        case 1:
            members[at] = (
                chance.choice(("../evil.png", "/evil.png", "a\\b.png", "x" * 400, "._" + name)),
                data,
            )
        case 2:
            members[at] = (name, data[: chance.randrange(len(data) + 1)])
        case 3:
            members[at] = (name, chance.randbytes(50))
        case 4:
            members.append(("more/" + name, data))
        case _:
            members[at] = (name, members[chance.randrange(len(members))][1])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)


def an_array(path: Path, chance: Chance) -> None:
    with np.load(path) as stored:
        arrays = dict(stored)
    name = chance.choice(sorted(arrays))
    others = (
        np.zeros(0),
        np.full(3, np.nan),
        np.array("x"),
        arrays[name].astype(str),
        arrays[name][:0],
        np.zeros((2, 2, 2)),
    )
    if chance.random() < 0.3:
        del arrays[name]
    else:
        arrays[name] = chance.choice(others) if arrays[name].ndim else np.array("x")
    np.savez(path, **arrays)


_TEXT = (a_line, a_line, another_encoding)
_IMAGE = (other_pixels, another_size, another_mode, another_container, turned_by_exif, a_header_that_lies)
_BY_SUFFIX: dict[str, tuple[Callable[[Path, Chance], None], ...]] = {
    ".json": (a_json_value, a_json_value, a_json_value, a_text_of_json, another_encoding),
    ".jsonl": (a_json_value, a_json_value, a_json_value, a_line, another_encoding),
    ".csv": (a_row_of_a_table, a_row_of_a_table, a_row_of_a_table, *_TEXT),
    ".txt": _TEXT,
    ".toml": _TEXT,
    ".xml": _TEXT,
    ".png": _IMAGE,
    ".jpg": _IMAGE,
    ".zip": (a_member,),
    ".npz": (an_array,),
}
