"""More than 200 injected faults: each is named with its file, and the clean material raises no alarm."""

import io
import json
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from simd.composition.build import build
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.errors import SimdError
from simd.image import write_png
from simd.records import LAYERS
from simd.report.source_table import index

SIZES = {"fur_1": (40, 52), "net_2": (44, 48), "leaf_3": (48, 44)}
SOURCES = [f"fg/{name}.png" for name in SIZES] + [f"alpha/{name}.png" for name in SIZES]
SOURCES += ["fg/fire_4.jpg", "alpha/fire_4.png", "bg/a.jpg", "bg/b.png"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    root = tmp_path_factory.mktemp("clean")
    rng = np.random.default_rng(3)
    for folder in ("fg", "alpha", "bg"):
        (root / "material" / folder).mkdir(parents=True)
    for name in SOURCES:
        size = SIZES.get(name.split("/")[1].split(".")[0], (50, 60))
        pixels = rng.integers(0, 256, (*size, 3), dtype=np.uint8)
        if name.startswith("alpha"):
            pixels = np.tile(np.linspace(0, 255, size[1]).astype(np.uint8), (size[0], 1))
        Image.fromarray(pixels).save(root / "material" / name, quality=95)
    verify(build(root / "set", **options(root / "material")))  # nothing is wrong with it
    return root


def options(material):
    places = {"foregrounds": str(material), "backgrounds": str(material / "bg")}
    return {**places, "per_foreground": 2, "any_licence": True}


def png_of_header(width, height, depth=8, colour=2):
    """Make a small PNG file that claims any size."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))]
    parts += [(b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def png_that_grows():
    """Make a valid PNG of some kilobytes whose 17,000 x 17,000 pixels would take most of a gigabyte."""
    row = zlib.compressobj(9)
    data = b"".join(row.compress(bytes(1 + 17_000 // 8)) for _ in range(17_000)) + row.flush()
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 17_000, 17_000, 1, 0, 0, 0, 0)),
        (b"IDAT", data),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def reencoded(data, change):
    image = Image.open(io.BytesIO(data))
    out = io.BytesIO()
    change(image).save(out, format="PNG")
    return out.getvalue()


def flipped(data, share, bit):
    changed = bytearray(data)
    changed[int(len(data) * share)] ^= 1 << bit
    return bytes(changed)


FAULTS = {f"cut to {share:.0%}": lambda d, s=share: d[: int(len(d) * s)] for share in (0.02, 0.3, 0.6, 0.95)}
FAULTS |= {
    "emptied": lambda _: b"",
    "text": lambda _: b"not an image at all\n" * 20,
    "a web page": lambda _: b"<!DOCTYPE html><title>404</title>",
    "claims 30,000 x 30,000": lambda _: png_of_header(30_000, 30_000),
    "claims no pixel": lambda _: png_of_header(0, 10),
    "claims 2^31 columns": lambda _: png_of_header(2**31 - 1, 1),
    "grows to a gigabyte": lambda _: png_that_grows(),
}
BIT_FLIPS = {
    f"bit {bit} at {share:.0%}": lambda d, s=share, b=bit: flipped(d, s, b)
    for share in (0.004, 0.2, 0.5, 0.8, 0.999)
    for bit in (0, 5)
}
RESIZED = {
    "turned": lambda d: reencoded(d, lambda image: image.transpose(Image.Transpose.ROTATE_90)),
    "one row less": lambda d: reencoded(d, lambda image: image.crop((0, 0, image.width, image.height - 1))),
    "half as large": lambda d: reencoded(
        d, lambda image: image.resize((image.width // 2, image.height // 2))
    ),
}

SOURCE_CASES = [(name, fault, FAULTS[fault]) for name in SOURCES for fault in FAULTS]
SOURCE_CASES += [(n, f, BIT_FLIPS[f]) for n in SOURCES if n.endswith(".png") for f in BIT_FLIPS]
SOURCE_CASES += [(n, f, RESIZED[f]) for n in SOURCES if n.startswith(("fg", "alpha")) for f in RESIZED]

SET_FAULTS = FAULTS | BIT_FLIPS | RESIZED
SET_CASES = [(layer, fault, SET_FAULTS[fault]) for layer in LAYERS for fault in SET_FAULTS]


def label(value):
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("name", "fault", "change"), SOURCE_CASES, ids=label)
def test_a_fault_in_a_source_is_named_and_costs_no_other(clean, tmp_path, name, fault, change):
    material = tmp_path / "material"
    shutil.copytree(clean / "material", material)
    (material / name).write_bytes(change((clean / "material" / name).read_bytes()))
    with pytest.raises(SimdError) as caught:
        build(tmp_path / "set", **options(material))
    assert name.split("/")[1] in str(caught.value), (fault, str(caught.value))
    built = load_set(tmp_path / "set")
    lost = 0 if name.startswith("bg") else 1
    assert {row.fg_id for row in built.rows} == {"fur_1", "net_2", "leaf_3", "fire_4"} - (
        {name.split("/")[1].split(".")[0]} if lost else set()
    )
    verify(built)


@pytest.mark.parametrize(("layer", "fault", "change"), SET_CASES, ids=label)
def test_a_fault_in_a_set_is_found(clean, tmp_path, layer, fault, change):
    shutil.copytree(clean / "set", tmp_path / "set")
    built = load_set(tmp_path / "set")
    file = built[3].path(layer)
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(SimdError, match=f"{layer}/{file.name}"):
        verify(built)


@pytest.mark.parametrize("name", SOURCES)
def test_a_link_out_of_the_folder_is_named(clean, tmp_path, name):
    material = tmp_path / "material"
    shutil.copytree(clean / "material", material)
    outside = tmp_path / "elsewhere" / f"outside{(material / name).suffix}"
    outside.parent.mkdir()
    (material / name).rename(outside)
    (material / name).symlink_to(outside)
    with pytest.raises(SimdError, match=rf"{name}: is a link out of"):
        build(tmp_path / "set", **options(material))
    assert len(load_set(tmp_path / "set")) == (8 if name.startswith("bg") else 6)


def test_links_inside_a_folder_and_links_of_folders_are_followed(clean, tmp_path):
    material = tmp_path / "material"
    shutil.copytree(clean / "material" / "fg", material / "store")
    shutil.copytree(clean / "material" / "alpha", material / "alpha")
    (material / "fg").mkdir()
    for file in (material / "store").iterdir():
        (material / "fg" / file.name).symlink_to(file)
    (material / "bg").symlink_to(clean / "material" / "bg")
    assert build(tmp_path / "set", **options(material)).digest == load_set(clean / "set").digest


def with_exif(image, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, format="PNG", exif=exif)
    return out.getvalue()


def as_jpeg(image):
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=95)
    return out.getvalue()


def as_palette(image):
    out = io.BytesIO()
    image.convert("P").save(out, format="PNG")
    return out.getvalue()


def as_16_bit(image):
    out = io.BytesIO()
    wide = np.asarray(image.convert("L")).astype(np.uint16) * 257
    Image.fromarray(wide).save(out, format="PNG")
    return out.getvalue()


CONVERTED = {
    "EXIF orientation applied": lambda image: with_exif(image, 3),
    "CMYK converted to RGB": lambda image: as_jpeg(image.convert("RGB").convert("CMYK")),
    "palette expanded": as_palette,
    "16 bits rounded to 8": as_16_bit,
}
CONVERTED_CASES = [(n, r) for n in SOURCES for r in CONVERTED if not (n.startswith("alpha") and "CMYK" in r)]


@pytest.mark.parametrize(("name", "remark"), CONVERTED_CASES)
def test_what_reading_changes_is_named(clean, tmp_path, name, remark):
    material = tmp_path / "material"
    shutil.copytree(clean / "material", material)
    (material / name).write_bytes(CONVERTED[remark](Image.open(clean / "material" / name)))
    text = str(index(material))
    line = next((line for line in text.splitlines() if remark in line), "")
    assert name.split("/")[1] in line, text
    built = build(tmp_path / "set", **options(material))
    assert len(built) == 8


@pytest.mark.parametrize("layer", LAYERS)
def test_a_swapped_pair_is_found(clean, tmp_path, layer):
    shutil.copytree(clean / "set", tmp_path / "set")
    built = load_set(tmp_path / "set")
    # two of one foreground for images, two foregrounds for what the composites of one share
    one, other = built[0].path(layer), built[1 if layer == "image" else 2].path(layer)
    content = one.read_bytes(), other.read_bytes()
    one.write_bytes(content[1])
    other.write_bytes(content[0])
    with pytest.raises(SimdError, match=one.name) as caught:
        verify(built)
    assert other.name in str(caught.value)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_missing_and_an_extra_file_are_found(clean, tmp_path, layer):
    shutil.copytree(clean / "set", tmp_path / "set")
    built = load_set(tmp_path / "set")
    built[0].path(layer).rename(built[0].path(layer).with_name("stranger.png"))
    with pytest.raises(SimdError, match=rf"{layer}/stranger\.png: is not part of the set") as caught:
        verify(built)
    assert f"{built[0].path(layer).name}: no such file" in str(caught.value)


def test_pixels_that_are_coded_otherwise_raise_no_alarm(clean, tmp_path):
    shutil.copytree(clean / "set", tmp_path / "set")
    built = load_set(tmp_path / "set")
    for sample in built:
        for layer in LAYERS:
            Image.fromarray(sample.read(layer)).save(sample.path(layer), compress_level=9)
    verify(built)


METADATA = {
    "another class": lambda row: row | {"class": "silk"},
    "an unknown class": lambda row: row | {"class": "hair"},
    "an id that leaves the folder": lambda row: row | {"id": "../../outside"},
    "an id with a split word": lambda row: row | {"id": "fur-train"},
    "another digest": lambda row: row | {"image_sha256": "0" * 64},
    "a short digest": lambda row: row | {"alpha_sha256": "00"},
    "no trimap digest": lambda row: {k: v for k, v in row.items() if k != "trimap_sha256"},
    "a list for a row": lambda row: [row],
}


@pytest.mark.parametrize("fault", METADATA)
def test_edited_metadata_is_refused(clean, tmp_path, fault):
    shutil.copytree(clean / "set", tmp_path / "set")
    file = tmp_path / "set" / "metadata.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    rows[2] = METADATA[fault](rows[2])
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(SimdError, match="metadata"):
        load_set(tmp_path / "set")


def test_a_lost_row_and_a_doubled_row_are_refused(clean, tmp_path):
    for number, change in enumerate((lambda lines: lines[:-1], lambda lines: [*lines, lines[0]])):
        copy = tmp_path / str(number)
        shutil.copytree(clean / "set", copy)
        lines = (copy / "metadata.jsonl").read_text().splitlines()
        (copy / "metadata.jsonl").write_text("\n".join(change(lines)) + "\n")
        with pytest.raises(SimdError, match="digests differ"):
            load_set(copy)


def test_there_are_enough_cases():
    assert len(SOURCE_CASES) + len(CONVERTED_CASES) + len(SET_CASES) + len(METADATA) + 2 * len(LAYERS) >= 200


def test_a_clean_copy_raises_no_alarm(clean, tmp_path):
    again = build(tmp_path / "set", **options(clean / "material"))
    assert again.digest == load_set(clean / "set").digest
    verify(again)
    write_png(tmp_path / "set" / "elsewhere.png", np.zeros((4, 4), np.uint8))  # not in a layer's folder
    verify(again)
