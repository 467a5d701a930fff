"""CVAT: "Segmentation mask 1.1", a zip of coloured PNGs, and "CVAT for images 1.1", run lengths in XML."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simd.addresses import is_sidecar, without_ending
from simd.errors import DataError
from simd.files import write_atomically
from simd.image import Mask, UInt8, encode_png, read_image
from simd.masks import bounding_box
from simd.run_lengths import line_of, runs_of
from simd.tagging.formats.index_plus_one import LABELS, from_void_zero, to_void_zero
from simd.tagging.formats.labelled import (
    Labelled,
    Names,
    checked_size,
    file_stem,
    merge,
    regions_of,
    shaped_as,
)
from simd.tagging.formats.stored_masks import Colour, from_colours, is_indexed, read_numbers
from simd.tagging.formats.untrusted import Archive, parse_xml, read_xml
from simd.taxonomy import CLASSES

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BACKGROUND = "background"
_LISTS = "ImageSets/Segmentation/"
_CLASS_FOLDER, _OBJECT_FOLDER = "SegmentationClass/", "SegmentationObject/"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same masks, the same bytes


def voc_colour(number: int) -> Colour:
    """Return the R, G, B of a number in the PASCAL VOC colour map: its bits, three by three, high bit first.

    Examples
    --------
    >>> voc_colour(0), voc_colour(1), voc_colour(20)
    ((0, 0, 0), (128, 0, 0), (0, 64, 128))
    """
    channels = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            channels[channel] |= (number >> (3 * bit + channel) & 1) << (7 - bit)
    return channels[0], channels[1], channels[2]


_VOC = b"".join(bytes(voc_colour(number)) for number in range(256))


def write_masks(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as a "Segmentation mask 1.1" archive: a colour a class, black for none."""
    stems = []
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in items:
            assert item.class_mask is not None
            stem = file_stem(item.name)
            stems.append(stem)
            stored = to_void_zero(item.class_mask)
            objects = np.zeros_like(stored)
            for number, (_, region) in enumerate(regions_of(item.class_mask), start=1):
                objects[region] = number
            for folder, numbers in ((_CLASS_FOLDER, stored), (_OBJECT_FOLDER, objects)):
                _add(archive, f"{folder}{stem}.png", encode_png(numbers, _VOC))
        rows = [(_BACKGROUND, 0), *((name, number) for number, name in LABELS.items())]
        table = [f"{name}:{','.join(map(str, voc_colour(number)))}::" for name, number in rows]
        _add(archive, "labelmap.txt", "\n".join(["# label:color_rgb:parts:actions", *table, ""]).encode())
        _add(archive, f"{_LISTS}default.txt", "".join(f"{stem}\n" for stem in stems).encode())
    write_atomically(out, content.getvalue())


def read_masks(path: Path, names: Names) -> Iterator[Labelled]:
    """Read a "Segmentation mask 1.1" archive: coloured masks, or numbers of the label map's rows."""
    with Archive(path) as archive:
        labels = _label_map(archive.text("labelmap.txt"))
        masks = [n for n in archive.names if n.startswith(_CLASS_FOLDER) and not is_sidecar(n)]
        stems = {without_ending(member.removeprefix(_CLASS_FOLDER)).strip() for member in masks}
        for member in sorted(masks):
            name = without_ending(member.removeprefix(_CLASS_FOLDER))
            try:
                with archive.file(member) as file:
                    yield _read_mask(file, labels, names)._replace(name=name, named_by="stem")
            except DataError as error:
                yield Labelled(name, None, (str(error),))
        for listed in sorted(_listed(archive) - stems):
            yield Labelled(listed, None, (f"is listed in {_LISTS} and has no mask in {_CLASS_FOLDER}",))


def write_xml(items: Iterable[Labelled], out: Path) -> None:
    """Write masks as a "CVAT for images 1.1" file: a mask element a class, run lengths inside its box."""
    from xml.etree import ElementTree

    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    meta = ElementTree.SubElement(root, "meta")
    labels = ElementTree.SubElement(ElementTree.SubElement(meta, "task"), "labels")
    for class_ in CLASSES:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = class_
        ElementTree.SubElement(label, "attributes")
    for number, item in enumerate(items):
        assert item.class_mask is not None
        height, width = item.class_mask.shape
        facts = {"id": number, "name": item.file_name, "width": width, "height": height}
        image = ElementTree.SubElement(root, "image", {key: str(value) for key, value in facts.items()})
        for index, region in regions_of(item.class_mask):
            ElementTree.SubElement(image, "mask", _mask_attributes(CLASSES[index], region))
    ElementTree.indent(root)
    write_atomically(out, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def read_images(path: Path, names: Names) -> Iterator[Labelled]:
    """Read a "CVAT for images 1.1" file, or the archive in which CVAT exports it."""
    if path.suffix.lower() == ".zip":
        with Archive(path) as archive:
            root = parse_xml(archive.text("annotations.xml"), f"{path}: annotations.xml")
    else:
        root = read_xml(path)
    if root.tag != "annotations":
        raise DataError(
            f"{path}: its root is <{root.tag[:80]}>, not <annotations>; export as CVAT for images 1.1"
        )
    if root.find("track") is not None:
        raise DataError(f"{path}: is of a video (it has tracks); export as CVAT for images 1.1")
    for image in root.iter("image"):
        name = image.get("name", "")
        try:
            with shaped_as("an image of CVAT"):
                size = checked_size(image.attrib["height"], image.attrib["width"])
                masks = ((mask.attrib["label"], _region(mask, size)) for mask in image.iter("mask"))
                merged = merge(size, masks, names)
                yield merged._replace(name=name, remarks=merged.remarks + _other_shapes(image))
        except DataError as error:
            yield Labelled(name, None, (str(error),))


def _listed(archive: Archive) -> set[str]:
    """Return the images that the lists of an archive name: those without a mask are not annotated."""
    lists = [n for n in archive.names if n.startswith(_LISTS) and n.endswith(".txt") and not is_sidecar(n)]
    return {line.strip() for name in lists for line in archive.text(name).splitlines() if line.strip()}


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)


def _label_map(text: str) -> dict[Colour, tuple[int, str]]:
    """Return each colour with its row's number from 0, and its label."""
    rows = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    labels: dict[Colour, tuple[int, str]] = {}
    for number, line in enumerate(rows):
        with shaped_as("a row label:R,G,B:parts:actions of labelmap.txt"):
            label, colour, _parts, _actions = line.rsplit(":", 3)
            channels = map(int, colour.split(",")) if colour else voc_colour(number)  # as CVAT fills in
            red, green, blue = channels
            if (red, green, blue) in labels:
                raise DataError(f"labelmap.txt: two labels have the colour {colour[:20]}")
            labels[red, green, blue] = number, label.strip()
    return labels


def _read_mask(path: Path, labels: dict[Colour, tuple[int, str]], names: Names) -> Labelled:
    by_colour = {colour: None if label == _BACKGROUND else label for colour, (_, label) in labels.items()}
    grey = None if is_indexed(path) else read_numbers(path)
    if grey is None or _holds_colours(grey, labels):
        return from_colours(read_image(path), by_colour, names, "labelmap.txt")
    rows = dict(labels.values())
    if next((number for number, label in rows.items() if label == _BACKGROUND), 0) != 0:
        raise DataError("holds row numbers, and background is not the first row of labelmap.txt")
    return from_void_zero(grey, {n: label for n, label in rows.items() if label != _BACKGROUND}, names)


def _holds_colours(grey: UInt8, labels: dict[Colour, tuple[int, str]]) -> bool:
    """Tell whether the values of a grey mask are colours of the label map, not numbers of its rows."""
    values = {value for value in np.unique(grey).tolist() if value}
    colours = {value: labels[value, value, value] for value in values if (value, value, value) in labels}
    rows = {number: label for number, label in labels.values() if number in values}
    if len(colours) == len(rows) == len(values) and any(
        rows[v] != label for v, (_, label) in colours.items()
    ):
        raise DataError(
            "its grey values fit row numbers and colours of labelmap.txt alike; write it in colours"
        )
    return len(colours) > len(rows)


def _mask_attributes(label: str, region: Mask) -> dict[str, str]:
    box = bounding_box(region)
    assert box is not None
    runs = runs_of(region[box.slices].ravel())
    facts = {"left": box.left, "top": box.top, "width": box.width, "height": box.height, "z_order": 0}
    text = {"label": label, "source": "manual", "occluded": "0", "rle": ", ".join(map(str, runs.tolist()))}
    return text | {key: str(value) for key, value in facts.items()}


def _region(mask: "Element", size: tuple[int, int]) -> Mask:
    top, left, height, width = (int(mask.attrib[key]) for key in ("top", "left", "height", "width"))
    if min(top, left) < 0 or min(height, width) < 1 or top + height > size[0] or left + width > size[1]:
        box = f"{height} x {width} at ({top}, {left})"
        raise DataError(f"the box of a mask, {box}, leaves its image, {size[0]} x {size[1]} (H x W)")
    runs = np.array([int(run) for run in mask.attrib["rle"].split(",")], np.int64)
    region = np.zeros(size, np.bool_)
    region[top : top + height, left : left + width] = line_of(runs, height * width).reshape(height, width)
    return region


def _other_shapes(image: "Element") -> tuple[str, ...]:
    kinds = sorted({shape.tag[:40] for shape in image if shape.tag != "mask"})
    return (f"its shapes of kind {', '.join(kinds)} are not masks and were left out",) if kinds else ()
