"""Put one fault at a time into clean sets and sources, and count how often it is named.

    python benchmarks/robustness/faults.py [--faults 2000] [--first 0] [--seed 0] [--details]

Each trial copies a clean tree, runs the command that checks it (`simd verify` of a set; of a source `simd
index --decode`, `select`, `build` or `import`), puts one fault of a drawn kind into the copy, and runs the
command again. *Named*: it ends with exit code 1, or says something that it did not say of the clean tree, and
what is new in its words names each file or id that was hurt. *Unnamed* is the rest, tracebacks included. A
*false alarm* is another exit code than 0 on the clean tree.

What nobody can know is no fault and is not put in: other pixels in a picture of a source, which has no
redundancy (of a JPEG, any byte in its middle); two mattes of a source exchanged; a photograph lost from a
folder of which there is no list; a file with other bytes and the same pixels; two layers exchanged whose
pixels are equal; texts in dataset.json of which the rows say nothing (name, version, citation, program); rows
in another order; what others have added outside the layers' folders; a set changed together with its digests.
"""

import argparse
import csv
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from forked import Ended, import_simd, in_a_process, run_forked
from fuzz import copy_inputs
from spoilt_inputs import Chance
from whole_inputs import write_layout, write_sources

LAYERS = ("image", "alpha", "trimap", "class_mask")
NAMES = {
    "adobe": ("shawl-1", "shawl-2"),
    "simd": ("veil-1", "veil-2"),
    "distinctions-646": ("mesh-1", "mesh-2"),
    "am-2k": ("m_0a1b2c3d", "m_1f2e3d4c"),
}
PAIRS = ("aim-500", "composition-1k", "simd-composed", "alphamatting")
PHOTOGRAPHS = ("coco", "voc", "bg-20k")
SETS = {
    "exact": "--foregrounds fgs --backgrounds bgs --per-foreground 2",
    "tagged": "--foregrounds fgs --backgrounds bgs --annotations annotations --proposals --trimap-radius 5",
    "simd-2021": "--foregrounds as-simd --backgrounds as-voc --protocol simd-2021",
    "adobe-2017": "--foregrounds as-adobe --backgrounds as-coco --protocol adobe-2017",
    "resized": "--foregrounds cutouts --backgrounds as-bg-20k --max-side 36 --seed 3",
}
IMPORTS = {"pairs": "as-aim-500 --class fur", "released": "as-simd-composed"}


class Fault(NamedTuple):
    """What was done to a tree, and the names of what it has hurt: of each one of the alternatives."""

    what: str
    hurt: tuple[tuple[str, ...], ...]


Way = Callable[[Path, Chance], Fault | None]


class Tree(NamedTuple):
    """A clean tree, the inputs that it consists of, the command that checks it, and ways to hurt it."""

    name: str
    inputs: tuple[str, ...]
    command: str
    ways: tuple[Way, ...]


class Trial(NamedTuple):
    """What came of one fault."""

    number: int
    tree: str
    kind: str
    what: str
    verdict: str
    words: str = ""


# -- faults of any picture -------------------------------------------------------------------------------


def _pictures(root: Path, suffixes: Sequence[str] = (".png", ".jpg")) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in suffixes and path.is_file())


def _of_file(path: Path, what: str) -> Fault:
    return Fault(f"{what}: {path.name}", ((path.stem, path.name),))


def _any_picture(root: Path, chance: Chance) -> Path:
    return chance.choice(_pictures(root))


def broken_checksum(root: Path, chance: Chance) -> Fault | None:
    pictures = _pictures(root, (".png",))
    if not pictures:
        return None
    path = chance.choice(pictures)
    data = bytearray(path.read_bytes())
    start = data.index(b"IDAT") + 4
    data[chance.randrange(start, len(data) - 16)] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return _of_file(path, "a bit")


def cut_short(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(1, len(data) - 4)])
    return _of_file(path, "cut")


def zero_length(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.write_bytes(b"")
    return _of_file(path, "empty")


def zeros(root: Path, chance: Chance) -> Fault:
    """Leave the size, and zeros from somewhere on: what a power cut leaves."""
    path = _any_picture(root, chance)
    data = path.read_bytes()
    # the last zeros may be the picture's own
    first = chance.randrange(0, len(data) // 2)
    path.write_bytes(data[:first] + bytes(len(data) - first))
    return _of_file(path, "zeros")


def another_kind_of_file(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.write_bytes(
        chance.choice((b"<html>404</html>", b"%PDF-1.7\n", b"\0" * 200, b"version https://git-lfs"))
    )
    return _of_file(path, "no picture")


def a_folder(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.unlink()
    path.mkdir()
    return _of_file(path, "a folder")


def a_link_to_nowhere(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.unlink()
    path.symlink_to(chance.choice(("nowhere.png", path.name)))
    return _of_file(path, "a link")


def a_pipe(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.unlink()
    os.mkfifo(path)
    return _of_file(path, "a pipe")


ANY_PICTURE: tuple[Way, ...] = (broken_checksum, cut_short, zero_length, zeros, another_kind_of_file)
NO_FILE: tuple[Way, ...] = (a_folder, a_link_to_nowhere, a_pipe)


def missing(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.unlink()
    return _of_file(path, "missing")


# -- faults of a set -------------------------------------------------------------------------------------


def _layer_file(root: Path, chance: Chance, layer: str = "") -> Path:
    return chance.choice(sorted((root / (layer or chance.choice(LAYERS))).glob("*.png")))


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def _with_pixels(path: Path, pixels: np.ndarray, what: str) -> Fault:
    Image.fromarray(pixels).save(path)
    return _of_file(path, what)


def a_flipped_bit(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance)
    pixels = _pixels(path)
    flat = pixels.reshape(-1)
    flat[chance.randrange(flat.size)] ^= 1 << chance.randrange(8)
    return _with_pixels(path, pixels, "a bit of a pixel")


def swapped(root: Path, chance: Chance) -> Fault | None:
    layer = chance.choice(LAYERS)
    files = sorted((root / layer).glob("*.png"))
    first, second = chance.sample(files, 2)
    if np.array_equal(_pixels(first), _pixels(second)):
        return None
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    return Fault(f"swapped: {layer} of {first.stem} and {second.stem}", ((first.stem,), (second.stem,)))


def a_layer_of_another(root: Path, chance: Chance) -> Fault | None:
    path, other = _layer_file(root, chance), _layer_file(root, chance)
    if path.parent == other.parent or np.array_equal(_pixels(path), _pixels(other)):
        return None
    shutil.copy(other, path)
    return _of_file(path, f"{other.parent.name} as {path.parent.name}")


def a_link_to_another(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance)
    other = _layer_file(root, chance, path.parent.name)
    if path == other or np.array_equal(_pixels(path), _pixels(other)):
        return None
    path.unlink()
    path.symlink_to(other.name)
    return _of_file(path, "a link to another")


def another_size(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance)
    with Image.open(path) as image:
        width, height = image.size
        sizes = (
            (1, 1),
            (width + 1, height),
            (width, height - 1),
            (2 * width, 2 * height),
            (width // 2, height),
        )
        other = image.resize(chance.choice(sizes), Image.Resampling.NEAREST)
    other.save(path)
    return _of_file(path, f"size {other.size}")


def another_mode(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance)
    with Image.open(path) as image:
        mode = chance.choice(("1", "P", "LA", "I;16", "RGBA"))
        pixels = np.array(image.convert("L"))
        colour = image.mode == "RGB"
        if mode == "I;16":  # the levels of 8 bits, in 16
            other = Image.fromarray(pixels.astype(np.uint16))
        elif mode == "LA":
            other = Image.fromarray(np.dstack([pixels, np.full_like(pixels, 77)]))
        elif mode == "RGBA":
            other = Image.fromarray(np.dstack([pixels, pixels // 2, pixels, np.full_like(pixels, 77)]))
        else:
            other = image.convert("L").convert(mode)
        if not colour and mode in ("1", "P") and np.array_equal(np.array(other.convert("L")), pixels):
            return None  # the same pixels, written otherwise
    other.save(path)
    return _of_file(path, f"mode {mode}")


def a_level_of_no_trimap(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance, "trimap")
    pixels = _pixels(path)
    if chance.random() < 0.5:
        pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.choice((1, 64, 127, 129, 200, 254))
    else:  # all unknown pixels at another level
        pixels[pixels == 128] = chance.choice((127, 129, 1))
    return _with_pixels(path, pixels, "a level of no trimap")


def an_index_of_no_class(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance, "class_mask")
    pixels = _pixels(path)
    pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.randrange(20, 255)
    return _with_pixels(path, pixels, "an index of no class")


def another_class(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance, "class_mask")
    pixels = _pixels(path)
    if not (pixels < 20).any():
        return None
    pixels[pixels < 20] = (pixels[pixels < 20] + chance.randrange(1, 20)) % 20
    return _with_pixels(path, pixels, "another class")


def alpha_against_trimap(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance, "alpha")
    pixels, trimap = _pixels(path), _pixels(root / "trimap" / path.name)
    known = trimap != 128
    if not known.any():
        return None
    pixels[known] = 255 - pixels[known]
    return _with_pixels(path, pixels, "alpha against its trimap")


def a_strange_file(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance)
    other = path.with_name(chance.choice((f"{path.stem}-copy.png", "Thumbs.db", "._x.png", "notes.txt")))
    shutil.copy(path, other)
    return Fault(f"strange: {other.name}", ((other.name,),))


def a_lost_layer(root: Path, chance: Chance) -> Fault:
    layer = chance.choice(LAYERS)
    stems = sorted(path.stem for path in (root / layer).glob("*.png"))
    shutil.rmtree(root / layer)
    return Fault(f"lost: {layer}/", tuple((stem,) for stem in stems[:1]))


def _rows(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]


def _with_rows(root: Path, rows: Sequence[dict[str, Any]], what: str, *ids: str) -> Fault:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (root / "metadata.jsonl").write_text(text, encoding="utf-8")
    return Fault(what, (("metadata.jsonl", *ids),))


def a_row_doubled(root: Path, chance: Chance) -> Fault:
    rows = _rows(root)
    row = chance.choice(rows)
    rows.insert(chance.randrange(len(rows) + 1), row)
    return _with_rows(root, rows, f"row doubled: {row['id']}", row["id"])


def a_row_lost(root: Path, chance: Chance) -> Fault:
    rows = _rows(root)
    row = rows.pop(chance.randrange(len(rows)))
    return _with_rows(root, rows, f"row lost: {row['id']}", row["id"])


def a_row_changed(root: Path, chance: Chance) -> Fault:
    rows = _rows(root)
    row = chance.choice(rows)
    id_, key = row["id"], chance.choice(sorted(row.keys()))
    row[key] = _other_value(key, row[key], chance)
    return _with_rows(root, rows, f"row changed: {key} of {id_}", id_)


def _other_value(key: str, value: Any, chance: Chance) -> Any:
    if key.endswith("_sha256"):
        at = chance.randrange(64)
        return value[:at] + chance.choice("0123456789abcdef".replace(value[at], "")) + value[at + 1 :]
    if key == "recipe":
        changed = dict(value)
        name = chance.choice(sorted(changed))
        if chance.random() < 0.3:
            del changed[name]
        else:
            old = changed[name]
            changed[name] = old + 1 if isinstance(old, int | float) else f"{old}x"
        return changed
    if key == "class":
        return chance.choice(sorted({"silk", "fire", "lace"} - {value}))
    if key == "classes":
        return chance.choice(([*value, "silk"], [], ["hair"]))
    if key == "seed":
        return value + chance.choice((1, -1))
    if key == "class_mask_from":
        return "regions" if value == "image" else "image"
    return "other" if value is None else f"{value}x"


def a_column_lost(root: Path, chance: Chance) -> Fault:
    rows = _rows(root)
    row = chance.choice(rows)
    keys = [key for key in row if not key.endswith("_file_name")]  # those follow from the id
    key = chance.choice(keys)
    id_ = row["id"]
    del row[key]
    return _with_rows(root, rows, f"column lost: {key} of {id_}", id_)


def rows_cut(root: Path, chance: Chance) -> Fault:
    file = root / "metadata.jsonl"
    data = file.read_bytes()
    file.write_bytes(data[: chance.randrange(0, len(data) - 1)])
    return Fault("metadata.jsonl cut", (("metadata.jsonl",),))


def rows_gone(root: Path, chance: Chance) -> Fault:
    file = root / "metadata.jsonl"
    file.unlink()
    if chance.random() < 0.5:
        file.mkdir()
    return Fault("metadata.jsonl gone", (("metadata.jsonl",),))


def info_changed(root: Path, chance: Chance) -> Fault:
    file = root / "dataset.json"
    info = json.loads(file.read_text(encoding="utf-8"))
    way = chance.choice(("digest", "count", "class", "protocol", "licence", "lost"))
    if way == "digest":
        key = chance.choice(sorted(info["digests"]))
        info["digests"][key] = _other_value("_sha256", info["digests"][key], chance)
    elif way == "count":
        key = chance.choice(("composites", "foregrounds", "backgrounds"))
        info["counts"][key] += chance.choice((1, -1))
    elif way == "class":
        of_class = chance.choice(list(info["counts"]["classes"].values()))
        of_class[chance.choice(sorted(of_class))] += 1
    elif way == "protocol":
        info["protocol"] += "x"
    elif way == "licence":
        licences = chance.choice(info["sources"])["licences"]
        key = chance.choice(sorted(licences))
        licences[key + "x"] = licences.pop(key)
    else:
        del info[chance.choice(sorted(info))]
    file.write_text(json.dumps(info), encoding="utf-8")
    return Fault(f"dataset.json: {way}", (("dataset.json",),))


def info_cut(root: Path, chance: Chance) -> Fault:
    file = root / "dataset.json"
    data = file.read_bytes()
    file.write_bytes(data[: chance.randrange(0, len(data) - 2)])
    return Fault("dataset.json cut", (("dataset.json",),))


def info_gone(root: Path, chance: Chance) -> Fault:
    (root / "dataset.json").unlink()
    return Fault("dataset.json gone", (("dataset.json",),))


def _in_a_set(way: Way) -> Way:
    """Return a way that hurts the only set of a tree."""

    def hurt(root: Path, chance: Chance) -> Fault | None:
        return way(next(root.glob("set-*")), chance)

    hurt.__name__ = way.__name__
    return hurt


OF_A_SET = tuple(
    _in_a_set(way)
    for way in (
        *(*ANY_PICTURE, *NO_FILE, missing),
        *(a_flipped_bit, a_flipped_bit, swapped, a_layer_of_another, a_link_to_another, another_size),
        *(another_mode, a_level_of_no_trimap, an_index_of_no_class, another_class, alpha_against_trimap),
        *(a_strange_file, a_lost_layer, a_row_doubled, a_row_lost, a_row_changed, a_row_changed),
        *(a_row_changed, a_column_lost, rows_cut, rows_gone, info_changed, info_changed, info_cut, info_gone),
    )
)

# -- faults of a source ----------------------------------------------------------------------------------


def a_size_of_its_own(root: Path, chance: Chance) -> Fault | None:
    """Make one layer of several another size."""
    path = chance.choice(_layers_of_pairs(root))
    with Image.open(path) as image:
        width, height = image.size
        sizes = ((width + 1, height), (width, height - 1), (2 * width, 2 * height), (height // 2, width))
        other = image.resize(chance.choice(sizes), Image.Resampling.NEAREST)
    other.save(path)
    return _of_file(path, f"size {other.size}")


def a_lost_partner(root: Path, chance: Chance) -> Fault:
    path = chance.choice(_layers_of_pairs(root))
    path.unlink()
    return _of_file(path, "missing")


def a_partner_of_another_name(root: Path, chance: Chance) -> Fault:
    path = chance.choice(_layers_of_pairs(root))
    path.rename(path.with_name(f"{path.stem}-edited{path.suffix}"))
    return Fault(f"another name: {path.name}", ((path.stem, path.name),))


def two_of_a_name(root: Path, chance: Chance) -> Fault:
    path = chance.choice(_layers_of_pairs(root))
    other = path.with_suffix(chance.choice([s for s in (".png", ".tif", ".webp") if s != path.suffix]))
    with Image.open(path) as image:
        image.save(other)
    return Fault(f"two of a name: {other.name}", ((path.stem, other.name),))


def _layers_of_pairs(root: Path) -> list[Path]:
    """Return the pictures of which another one of the same name is there."""
    stems = Counter(path.stem for path in _pictures(root))
    return [path for path in _pictures(root) if stems[path.stem] > 1]


def _alphas(root: Path) -> list[Path]:
    words = ("alpha", "GT", "mask", "alpha_copy", "gt_training_lowres")
    return [path for path in _pictures(root) if path.parent.name in words]


def _trimaps(root: Path) -> list[Path]:
    return [path for path in _pictures(root) if {"trimap", "trimaps", "Trimap1"} & set(path.parts)]


def an_unscaled_alpha(root: Path, chance: Chance) -> Fault | None:
    pngs = [path for path in _alphas(root) if path.suffix == ".png"]
    if not pngs:
        return None
    path = chance.choice(pngs)
    return _with_pixels(path, (_pixels(path) > 127).astype(np.uint8), "alpha of 0 and 1")


def a_coloured_alpha(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_alphas(root))
    pixels = _pixels(path)
    return _with_pixels(path, np.dstack([pixels, 255 - pixels, pixels // 2]), "alpha in colours")


def an_empty_alpha(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_alphas(root))
    return _with_pixels(path, np.zeros_like(_pixels(path)), "alpha of zeros")


def another_orientation(root: Path, chance: Chance) -> Fault:
    path = chance.choice(_layers_of_pairs(root))
    with Image.open(path) as image:
        image.load()
        exif = image.getexif()
        exif[0x0112] = chance.choice((3, 6, 8))
        image.save(path, exif=exif)
    return _of_file(path, "EXIF orientation")


def a_trimap_of_other_levels(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_trimaps(root))
    pixels = _pixels(path)
    pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.choice((1, 64, 127, 200, 254))
    return _with_pixels(path, pixels, "a level of no trimap")


def a_trimap_against_alpha(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_trimaps(root))
    pixels = _pixels(path)
    if chance.random() < 0.5:  # turned about
        return _with_pixels(
            path, np.where(pixels == 128, 128, 255 - pixels).astype(np.uint8), "trimap inverted"
        )
    return _with_pixels(path, np.where(pixels == 0, 255, pixels).astype(np.uint8), "trimap all foreground")


def _table(root: Path, chance: Chance) -> tuple[Path, list[list[str]]]:
    path = chance.choice(sorted(root.rglob("classes.csv")))
    return path, list(csv.reader(path.read_text(encoding="utf-8").splitlines()))


def _with_table(path: Path, rows: Sequence[Sequence[str]], what: str, *names: str) -> Fault:
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return Fault(what, (("classes.csv", *names),))


def a_class_of_no_name(root: Path, chance: Chance) -> Fault:
    path, rows = _table(root, chance)
    row = chance.choice(rows[1:])
    row[1] = chance.choice(("hair", "fru", "furry", "3"))
    return _with_table(path, rows, f"class {row[1]!r} of {row[0]}", row[0])


def a_name_of_nobody(root: Path, chance: Chance) -> Fault:
    path, rows = _table(root, chance)
    rows.append(["nobody", *rows[1][1:]])
    return _with_table(path, rows, "a row of nobody", "nobody")


def two_classes_of_a_name(root: Path, chance: Chance) -> Fault:
    path, rows = _table(root, chance)
    row = chance.choice(rows[1:])
    rows.append([row[0], "silk", *row[2:]])
    return _with_table(path, rows, f"two rows of {row[0]}", row[0])


def a_table_in_another_encoding(root: Path, chance: Chance) -> Fault:
    path, _ = _table(root, chance)
    path.write_bytes(path.read_bytes().replace(b"fur", b"f\xfcr"))
    return Fault("classes.csv: not UTF-8", (("classes.csv",),))


def a_table_without_a_heading(root: Path, chance: Chance) -> Fault:
    path, rows = _table(root, chance)
    rows[0][1] = "klasse"
    return _with_table(path, rows, "a heading of another name")


def a_listed_photograph_lost(root: Path, chance: Chance) -> Fault:
    path = _any_picture(root, chance)
    path.unlink()
    return _of_file(path, "missing")


def a_list_cut(root: Path, chance: Chance) -> Fault:
    path = next(root.rglob("instances_val2017.json"))
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(0, len(data) - 2)])
    return _of_file(path, "cut")


def an_image_of_nobody(root: Path, chance: Chance) -> Fault:
    path = next(root.rglob("instances_val2017.json"))
    content = json.loads(path.read_text())
    key = chance.choice(("image_id", "area", "bbox"))
    content["annotations"][0][key] = chance.choice((99, None, "x"))
    if key == "area" and content["annotations"][0][key] == 99:
        del content["annotations"][0][key]
    path.write_text(json.dumps(content))
    return _of_file(path, f"another {key}")


def _annotation(root: Path, chance: Chance, suffix: str) -> Path:
    return chance.choice(sorted((root / "annotations").glob(f"*{suffix}")))


def an_annotation_cut(root: Path, chance: Chance) -> Fault:
    path = _annotation(root, chance, chance.choice((".json", ".png")))
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(0, len(data) - 2)])
    return _of_file(path, "cut")


def an_annotation_without_its_mask(root: Path, chance: Chance) -> Fault:
    path = _annotation(root, chance, ".png")
    path.unlink()
    return _of_file(path, "missing")


def another_mask(root: Path, chance: Chance) -> Fault:
    path = _annotation(root, chance, ".png")
    pixels = _pixels(path)
    pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.choice((3, 7, 25, 254))
    return _with_pixels(path, pixels, "another index")


PAIRED: tuple[Way, ...] = (
    *(a_size_of_its_own, a_lost_partner, a_partner_of_another_name, two_of_a_name, another_orientation),
)
OF_ALPHA: tuple[Way, ...] = (an_unscaled_alpha, a_coloured_alpha)
OF_TABLE: tuple[Way, ...] = (
    *(a_class_of_no_name, a_name_of_nobody, two_classes_of_a_name, a_table_in_another_encoding),
    a_table_without_a_heading,
)
OF_TRIMAP: tuple[Way, ...] = (a_trimap_of_other_levels, a_trimap_against_alpha)
OF_ANNOTATION: tuple[Way, ...] = (an_annotation_cut, an_annotation_without_its_mask, another_mask)


def trees() -> list[Tree]:
    """Return every clean tree with the ways to hurt it."""
    sets = [
        Tree(f"set {name}", (f"set-{name}",), f"verify set-{name}", OF_A_SET) for name in (*SETS, *IMPORTS)
    ]
    foregrounds = [
        Tree(name, (name,), f"index {name} --decode", (*ANY_PICTURE, *NO_FILE, *PAIRED, *OF_ALPHA, *table))
        for name, table in (
            ("fgs", OF_TABLE),
            ("as-adobe", OF_TABLE),
            ("as-distinctions-646", OF_TABLE),
            ("as-am-2k", OF_TABLE),
            ("as-simd", ()),
        )
    ]
    photographs = [
        Tree("cutouts", ("cutouts",), "index cutouts --decode", (*ANY_PICTURE, *NO_FILE)),
        Tree("bgs", ("bgs",), "index bgs --decode", (*ANY_PICTURE, *NO_FILE)),
        Tree("as-bg-20k", ("as-bg-20k",), "index as-bg-20k --decode", (*ANY_PICTURE, *NO_FILE)),
        Tree(
            "as-coco",
            ("as-coco",),
            "index as-coco --decode",
            (*ANY_PICTURE, *NO_FILE, a_listed_photograph_lost, a_list_cut, an_image_of_nobody),
        ),
        Tree("as-voc", ("as-voc",), "index as-voc --decode", (*ANY_PICTURE, *NO_FILE)),
    ]
    pairs = [
        Tree(
            f"as-{name}",
            (f"as-{name}",),
            f"import as-{name} out {'--class fur' if name != 'simd-composed' else ''}".strip(),
            (*ANY_PICTURE, *NO_FILE, *PAIRED, *OF_ALPHA, *OF_TRIMAP, *OF_TRIMAP),
        )
        for name in PAIRS
    ]
    tagged = Tree(
        "annotations",
        ("fgs", "bgs", "annotations"),
        "build out --foregrounds fgs --backgrounds bgs --annotations annotations --proposals --any-licence",
        OF_ANNOTATION,
    )
    chosen = Tree(
        "selection", ("fgs",), "select fgs --out out.jsonl", (an_empty_alpha, *OF_ALPHA, *ANY_PICTURE)
    )
    return [*sets, *foregrounds, *photographs, *pairs, tagged, chosen]


def write_trees(root: Path) -> None:
    """Write the clean trees into a folder."""
    from contextlib import chdir

    from simd.sources import index_foregrounds
    from simd.tagging.folders import fill_folder

    write_sources(root)
    for name, stems in NAMES.items():
        shutil.rmtree(root / f"as-{name}")
        write_layout(root, name, stems)
        rows = "".join(f"{stem},{class_}\n" for stem, class_ in zip(stems, ("fur", "net"), strict=True))
        if name != "simd":
            (root / f"as-{name}" / "classes.csv").write_text("file,class\n" + rows)
    (root / "as-simd" / "classes.csv").unlink(missing_ok=True)
    with chdir(root):
        fill_folder(Path("annotations"), index_foregrounds("fgs").records)
        for name, words in SETS.items():
            _make(f"build set-{name} {words} --any-licence --workers 1")
        for name, words in IMPORTS.items():
            source, *options = words.split()
            _make(f"import {source} set-{name} {' '.join(options)} --workers 1")


def _make(line: str) -> None:
    from fuzz import run_line

    code, text = run_line(line.split())
    if code:
        raise SystemExit(f"{line}\n{text}")


def run_trials(root: Path, numbers: Sequence[int], *, seed: int = 0) -> Iterator[Trial]:
    """Hurt copies of the clean trees in a folder, and yield what the commands say."""
    all_trees, log = trees(), root / "log.txt"
    folder = root / "trial"
    for number in numbers:
        chance = random.Random(f"{seed}-{number}")
        tree = all_trees[number % len(all_trees)]
        _lay_out(root, folder, tree)
        clean = run_forked(f"{tree.command} --workers 1", folder, log)
        fault = None
        while fault is None:  # not every way fits every file
            _lay_out(root, folder, tree)
            way = chance.choice(tree.ways)
            fault = way(folder, chance)
        kind = way.__name__.replace("_", " ")
        if clean.code:
            yield Trial(number, tree.name, kind, "nothing", "false alarm", clean.text)
            continue
        hurt = run_forked(f"{tree.command} --workers 1", folder, log)
        yield Trial(number, tree.name, kind, fault.what, _verdict(hurt, clean, fault), hurt.text)


def _lay_out(root: Path, folder: Path, tree: Tree) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy_inputs(root / "clean", folder, tree.inputs)


def _verdict(hurt: Ended, clean: Ended, fault: Fault) -> str:
    if hurt.code is None or hurt.code not in (0, 1) or "Traceback (most recent call last)" in hurt.text:
        return "unnamed"
    new = set(hurt.text.splitlines()) - set(clean.text.splitlines())
    words = "\n".join(new)
    named = all(any(name in words for name in names) for names in fault.hurt)
    return "named" if named else "unnamed"


def table(trials: Sequence[Trial]) -> str:
    """Return the counts by tree, and their sums, as text."""
    columns = ("named", "unnamed", "false alarm")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        counts[trial.tree][trial.verdict] += 1
    counts = dict(counts) | {"all": sum(counts.values(), Counter())}
    lines = ["| tree | clean runs | faults | " + " | ".join(columns) + " |", "|---|" + "---:|" * 5]
    for name, of_tree in counts.items():
        cells = (of_tree.total(), of_tree.total() - of_tree["false alarm"], *(of_tree[c] for c in columns))
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--details", action="store_true", help="print what is said of every fault")
    arguments = parser.parse_args()
    trials = []
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        root = Path(scratch).resolve()
        in_a_process(lambda: write_trees(root / "clean"))
        import_simd(without=("simd.training", "simd.studio", "simd.methods", "simd.cluster"))
        numbers = range(arguments.first, arguments.first + arguments.faults)
        for trial in run_trials(root, numbers, seed=arguments.seed):
            trials.append(trial)
            if arguments.details or trial.verdict != "named":
                print(f"{trial.number} {trial.verdict}, {trial.tree}: {trial.what}\n    {trial.words[-600:]}")
                sys.stdout.flush()
    kinds = len({trial.kind for trial in trials})
    print(f"{len(trials)} faults of {kinds} kinds in {len({trial.tree for trial in trials})} trees")
    print(table(trials))
    return 1 if any(trial.verdict != "named" for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
