"""Faults of a set: of its layers, its rows and its dataset.json."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from picture_faults import ANY_PICTURE, NO_FILE, Fault, Way, missing, of_file, pixels_of, with_pixels
from PIL import Image
from spoilt_inputs import Chance

LAYERS = ("image", "alpha", "trimap", "class_mask")


def _layer_file(root: Path, chance: Chance, layer: str = "") -> Path:
    return chance.choice(sorted((root / (layer or chance.choice(LAYERS))).glob("*.png")))


def a_flipped_bit(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance)
    pixels = pixels_of(path)
    flat = pixels.reshape(-1)
    flat[chance.randrange(flat.size)] ^= 1 << chance.randrange(8)
    return with_pixels(path, pixels, "a bit of a pixel")


def swapped(root: Path, chance: Chance) -> Fault | None:
    layer = chance.choice(LAYERS)
    files = sorted((root / layer).glob("*.png"))
    first, second = chance.sample(files, 2)
    if np.array_equal(pixels_of(first), pixels_of(second)):
        return None
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    return Fault(f"swapped: {layer} of {first.stem} and {second.stem}", ((first.stem,), (second.stem,)))


def a_layer_of_another(root: Path, chance: Chance) -> Fault | None:
    path, other = _layer_file(root, chance), _layer_file(root, chance)
    if path.parent == other.parent or np.array_equal(pixels_of(path), pixels_of(other)):
        return None
    shutil.copy(other, path)
    return of_file(path, f"{other.parent.name} as {path.parent.name}")


def a_link_to_another(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance)
    other = _layer_file(root, chance, path.parent.name)
    if path == other or np.array_equal(pixels_of(path), pixels_of(other)):
        return None
    path.unlink()
    path.symlink_to(other.name)
    return of_file(path, "a link to another")


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
    return of_file(path, f"size {other.size}")


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
    return of_file(path, f"mode {mode}")


def a_level_of_no_trimap(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance, "trimap")
    pixels = pixels_of(path)
    if chance.random() < 0.5:
        pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.choice((1, 64, 127, 129, 200, 254))
    else:  # all unknown pixels at another level
        pixels[pixels == 128] = chance.choice((127, 129, 1))
    return with_pixels(path, pixels, "a level of no trimap")


def an_index_of_no_class(root: Path, chance: Chance) -> Fault:
    path = _layer_file(root, chance, "class_mask")
    pixels = pixels_of(path)
    pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.randrange(20, 255)
    return with_pixels(path, pixels, "an index of no class")


def another_class(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance, "class_mask")
    pixels = pixels_of(path)
    if not (pixels < 20).any():
        return None
    pixels[pixels < 20] = (pixels[pixels < 20] + chance.randrange(1, 20)) % 20
    return with_pixels(path, pixels, "another class")


def alpha_against_trimap(root: Path, chance: Chance) -> Fault | None:
    path = _layer_file(root, chance, "alpha")
    pixels, trimap = pixels_of(path), pixels_of(root / "trimap" / path.name)
    known = trimap != 128
    if not known.any():
        return None
    pixels[known] = 255 - pixels[known]
    return with_pixels(path, pixels, "alpha against its trimap")


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
