"""Faults of a source: of its pairs, alphas, trimaps, tables, lists and annotations."""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from picture_faults import Fault, Way, any_picture, of_file, pictures, pixels_of, with_pixels
from PIL import Image
from spoilt_inputs import Chance


def a_size_of_its_own(root: Path, chance: Chance) -> Fault | None:
    """Make one layer of several another size."""
    path = chance.choice(_layers_of_pairs(root))
    with Image.open(path) as image:
        width, height = image.size
        sizes = ((width + 1, height), (width, height - 1), (2 * width, 2 * height), (height // 2, width))
        other = image.resize(chance.choice(sizes), Image.Resampling.NEAREST)
    other.save(path)
    return of_file(path, f"size {other.size}")


def a_lost_partner(root: Path, chance: Chance) -> Fault:
    path = chance.choice(_layers_of_pairs(root))
    path.unlink()
    return of_file(path, "missing")


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
    stems = Counter(path.stem for path in pictures(root))
    return [path for path in pictures(root) if stems[path.stem] > 1]


def _alphas(root: Path) -> list[Path]:
    words = ("alpha", "GT", "mask", "alpha_copy", "gt_training_lowres")
    return [path for path in pictures(root) if path.parent.name in words]


def _trimaps(root: Path) -> list[Path]:
    return [path for path in pictures(root) if {"trimap", "trimaps", "Trimap1"} & set(path.parts)]


def an_unscaled_alpha(root: Path, chance: Chance) -> Fault | None:
    pngs = [path for path in _alphas(root) if path.suffix == ".png"]
    if not pngs:
        return None
    path = chance.choice(pngs)
    return with_pixels(path, (pixels_of(path) > 127).astype(np.uint8), "alpha of 0 and 1")


def a_coloured_alpha(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_alphas(root))
    pixels = pixels_of(path)
    return with_pixels(path, np.dstack([pixels, 255 - pixels, pixels // 2]), "alpha in colours")


def an_empty_alpha(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_alphas(root))
    return with_pixels(path, np.zeros_like(pixels_of(path)), "alpha of zeros")


def another_orientation(root: Path, chance: Chance) -> Fault:
    path = chance.choice(_layers_of_pairs(root))
    with Image.open(path) as image:
        image.load()
        exif = image.getexif()
        exif[0x0112] = chance.choice((3, 6, 8))
        image.save(path, exif=exif)
    return of_file(path, "EXIF orientation")


def a_trimap_of_other_levels(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_trimaps(root))
    pixels = pixels_of(path)
    pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.choice((1, 64, 127, 200, 254))
    return with_pixels(path, pixels, "a level of no trimap")


def a_trimap_against_alpha(root: Path, chance: Chance) -> Fault | None:
    path = chance.choice(_trimaps(root))
    pixels = pixels_of(path)
    if chance.random() < 0.5:  # turned about
        return with_pixels(
            path, np.where(pixels == 128, 128, 255 - pixels).astype(np.uint8), "trimap inverted"
        )
    return with_pixels(path, np.where(pixels == 0, 255, pixels).astype(np.uint8), "trimap all foreground")


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
    path = any_picture(root, chance)
    path.unlink()
    return of_file(path, "missing")


def a_list_cut(root: Path, chance: Chance) -> Fault:
    path = next(root.rglob("instances_val2017.json"))
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(0, len(data) - 2)])
    return of_file(path, "cut")


def an_image_of_nobody(root: Path, chance: Chance) -> Fault:
    path = next(root.rglob("instances_val2017.json"))
    content = json.loads(path.read_text())
    key = chance.choice(("image_id", "area", "bbox"))
    content["annotations"][0][key] = chance.choice((99, None, "x"))
    if key == "area" and content["annotations"][0][key] == 99:
        del content["annotations"][0][key]
    path.write_text(json.dumps(content))
    return of_file(path, f"another {key}")


def _annotation(root: Path, chance: Chance, suffix: str) -> Path:
    return chance.choice(sorted((root / "annotations").glob(f"*{suffix}")))


def an_annotation_cut(root: Path, chance: Chance) -> Fault:
    path = _annotation(root, chance, chance.choice((".json", ".png")))
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(0, len(data) - 2)])
    return of_file(path, "cut")


def an_annotation_without_its_mask(root: Path, chance: Chance) -> Fault:
    path = _annotation(root, chance, ".png")
    path.unlink()
    return of_file(path, "missing")


def another_mask(root: Path, chance: Chance) -> Fault:
    path = _annotation(root, chance, ".png")
    pixels = pixels_of(path)
    pixels.reshape(-1)[chance.randrange(pixels.size)] = chance.choice((3, 7, 25, 254))
    return with_pixels(path, pixels, "another index")


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
