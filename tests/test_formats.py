"""Image formats beside TIFF: what is read exactly, what is remarked, and what is said of the rest."""

import struct
import zlib

import numpy as np
import pytest
from conftest import save
from PIL import Image, ImageFile

from simd.errors import DataError
from simd.formats import unread_note
from simd.image import (
    check_opaque,
    has_transparency,
    read_alpha,
    read_image,
    read_matte,
    read_orientation,
    read_prediction,
    read_rgba,
    read_size,
    remarks,
)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape or (16, 18), dtype=np.uint8)


# -- formats that Pillow decodes exactly -------------------------------------------------------------

EXACT = {
    "avif": {"quality": 100, "subsampling": "4:4:4"},
    "jp2": {},
    "tga": {},
    "bmp": {},
    "webp": {"lossless": True, "exact": True},
}


@pytest.mark.parametrize("suffix", EXACT)
def test_colour_and_mattes_come_back(tmp_path, suffix):
    pixels = noise(16, 18, 3)
    path = save(tmp_path / f"a.{suffix}", pixels, **EXACT[suffix])
    # AVIF stores luma and chroma, so a colour is off by rounding even at quality 100
    assert np.abs(read_image(path).astype(int) - pixels).max() <= (3 if suffix == "avif" else 0)
    assert read_size(path) == (16, 18)
    grey = save(tmp_path / f"grey.{suffix}", noise(), **EXACT[suffix])
    np.testing.assert_array_equal(read_alpha(grey), noise())


@pytest.mark.parametrize("suffix", [s for s in EXACT if s != "bmp"])
def test_cutouts_come_back(tmp_path, suffix):
    pixels = noise(16, 18, 4)
    path = save(tmp_path / f"a.{suffix}", pixels, **EXACT[suffix])
    assert has_transparency(path)
    np.testing.assert_array_equal(read_rgba(path)[1], pixels[..., 3])


def test_a_bmp_with_an_alpha_mask_is_a_cutout(tmp_path):
    pixels = noise(4, 5, 4)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 124, 5, -4, 1, 32, 3, 80, 2835, 2835, 0, 0) + masks + bytes(68)
    data = pixels[..., [2, 1, 0, 3]].tobytes()
    file = b"BM" + struct.pack("<IHHI", 14 + len(header) + len(data), 0, 0, 14 + len(header)) + header + data
    (tmp_path / "a.bmp").write_bytes(file)
    colour, alpha = read_rgba(tmp_path / "a.bmp")
    np.testing.assert_array_equal(np.dstack([colour, alpha]), pixels)


def test_a_tga_is_known_by_its_name_alone(tmp_path):
    path = save(tmp_path / "a.tga", noise(16, 18, 3))
    path.rename(tmp_path / "a.png")
    with pytest.raises(DataError, match="is not an image: its content is not PNG"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(("kind", "refused"), [(3, False), (4, True)])
def test_a_tga_that_says_its_colour_is_multiplied_is_refused(tmp_path, kind, refused):
    path = save(tmp_path / "a.tga", noise(16, 18, 4))
    data = (
        path.read_bytes().removesuffix(path.read_bytes()[-26:])
        if b"TRUEVISION" in path.read_bytes()[-26:]
        else path.read_bytes()
    )
    extension = struct.pack("<H", 495) + bytes(492) + bytes([kind])
    path.write_bytes(data + extension + struct.pack("<II", len(data), 0) + b"TRUEVISION-XFILE.\0")
    if refused:
        with pytest.raises(DataError, match=r"a\.tga: is a TGA whose colour is multiplied by alpha"):
            read_rgba(path)
    else:
        np.testing.assert_array_equal(read_rgba(path)[1], noise(16, 18, 4)[..., 3])


def test_heic_is_read_where_its_extra_is_installed(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    smooth = np.dstack([np.linspace(0, 255, 64 * 64).reshape(64, 64).astype(np.uint8)] * 4)
    heif.from_pillow(Image.fromarray(smooth)).save(tmp_path / "a.heic", quality=-1)
    colour, alpha = read_rgba(tmp_path / "a.heic")
    assert np.abs(colour.astype(int) - smooth[..., :3]).max() <= 4
    np.testing.assert_array_equal(alpha, smooth[..., 3])
    assert remarks(tmp_path / "a.heic") == (
        "alpha in AVIF or HEIC, exact only where it was saved without loss",
    )


def test_heic_without_its_extra_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    monkeypatch.setattr("simd.formats.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(DataError, match=r"a\.heic: is HEIC, .*pip install -e \"\.\[heic\]\""):
        read_image(tmp_path / "a.heic")


# -- formats that are refused by their names ---------------------------------------------------------

SIGNATURES = {
    "exr": (b"v/1\x01", "OpenEXR"),
    "psd": (b"8BPS", "Photoshop"),
    "gif": (b"GIF89a", "GIF: its alpha is a mask"),
    "jxl": (b"\xff\x0a", "JPEG XL"),
    "dds": (b"DDS ", "DDS"),
    "xcf": (b"gimp xcf ", "GIMP"),
}


@pytest.mark.parametrize("suffix", SIGNATURES)
def test_other_formats_are_refused_by_name(tmp_path, suffix):
    start, name = SIGNATURES[suffix]
    (tmp_path / "a.png").write_bytes(start + bytes(100))
    with pytest.raises(DataError, match=rf"a\.png: is of a format that is not read \({name}.*as PNG"):
        read_image(tmp_path / "a.png")


def test_files_passed_over_are_counted_by_format(tmp_path):
    files = [tmp_path / name for name in ("a.psd", "b.PSD", "c.gif", "notes.txt")]
    assert unread_note(files).startswith("images of formats that are not read: 2 .psd (Photoshop: ")
    assert "1 .gif (GIF: its alpha is a mask); save them as PNG" in unread_note(files)
    assert unread_note(files[3:]) == ""


# -- keys of grey PNG ----------------------------------------------------------------------------------


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(depth, kind, rows, key):
    channels = 3 if kind == 2 else 1
    width = len(rows[0]) * 8 // (depth * channels)
    header = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = [(b"IHDR", header), (b"tRNS", key), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


# depth, a row of all levels in turn, the transparent grey, alpha and grey by hand
KEYS = {
    1: (b"\x55", 1, [255, 0] * 4, [0, 255] * 4),
    2: (b"\x1b", 2, [255, 255, 0, 255], [0, 85, 170, 255]),
    4: (b"\x0f\x5a", 5, [255, 255, 0, 255], [0, 255, 85, 170]),
    8: (b"\x01\x02\x03", 2, [255, 0, 255], [1, 2, 3]),
    16: (b"\x01\x01\x02\x02\x02\x03\xff\xff", 0x202, [255, 0, 255, 255], [1, 2, 2, 255]),
}


@pytest.mark.parametrize("depth", KEYS)
def test_a_transparent_grey_is_compared_at_the_depth_of_the_file(tmp_path, depth):
    row, key, alpha, grey = KEYS[depth]
    (tmp_path / "a.png").write_bytes(png(depth, 0, [row], struct.pack(">H", key)))
    assert has_transparency(tmp_path / "a.png")
    colour, got = read_rgba(tmp_path / "a.png")
    assert got.tolist() == [alpha]
    assert colour[..., 1].tolist() == [grey]


def test_a_transparent_colour_of_16_bits_is_compared_whole(tmp_path):
    row = struct.pack(">6H", 257, 514, 51400, 257, 514, 51401)
    (tmp_path / "a.png").write_bytes(png(16, 2, [row], struct.pack(">3H", 257, 514, 51400)))
    assert read_rgba(tmp_path / "a.png")[1].tolist() == [[0, 255]]


DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # RFC 2083, section 4.1.1
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
TABLE = [
    (kind, depth, keyed)
    for kind, depths in DEPTHS.items()
    for depth in depths
    for keyed in ((False, True) if kind in (0, 2, 3) else (False,))
]


def packed(samples, depth):
    """Return samples as the bits of a row."""
    bits = "".join(f"{value:0{depth}b}" for value in samples)
    return bytes(int(bits[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8))


@pytest.mark.parametrize(("kind", "depth", "keyed"), TABLE)
def test_every_kind_of_png_is_read_to_the_pixel(tmp_path, kind, depth, keyed):
    """What must come out follows from the standard: samples, palette and key, at the depth of the file."""
    width, white = 16, 2**depth - 1
    random = np.random.default_rng([kind, depth])
    rows = random.integers(0, white + 1, (4, width, CHANNELS[kind]))
    rows[0, 0], rows[0, 1] = 0, white
    palette = random.integers(0, 256, (white + 1, 3)) if kind == 3 else None
    alphas = random.integers(0, 256, white + 1)
    if palette is not None:
        colour = palette[rows[..., 0]]
        alpha = alphas[rows[..., 0]] if keyed else None
        key = bytes(alphas.astype(np.uint8))
    else:
        levels = np.rint(rows * 255 / white).astype(int)
        colour = np.repeat(levels[..., :1], 3, axis=2) if kind in (0, 4) else levels[..., :3]
        transparent = rows[1, 3]  # of a pixel, so that there is one
        alpha = levels[..., -1] if kind in (4, 6) else None
        if keyed:
            alpha = np.where((rows == transparent).all(axis=2), 0, 255)
        key = struct.pack(f">{len(transparent)}H", *transparent)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, 4, depth, kind, 0, 0, 0))]
    chunks += [(b"PLTE", bytes(palette.astype(np.uint8)))] if palette is not None else []
    chunks += [(b"tRNS", key)] if keyed else []
    data = b"".join(b"\0" + packed(row.ravel().tolist(), depth) for row in rows)
    chunks += [(b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), colour)
    assert has_transparency(tmp_path / "a.png") == (alpha is not None)
    if alpha is None:
        with pytest.raises(DataError, match="has no alpha channel"):
            read_rgba(tmp_path / "a.png")
    else:
        np.testing.assert_array_equal(read_rgba(tmp_path / "a.png")[1], alpha)


# -- frames, lossy mattes, transparency ----------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "webp", "avif"])
def test_frames_beyond_the_first_are_remarked(tmp_path, suffix):
    frames = [Image.fromarray(noise(16, 18, 3, seed=seed)) for seed in range(3)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert remarks(path) == ("first of 3 pages or frames, the others are passed over",)


def test_a_matte_in_a_lossy_format_is_remarked(tmp_path):
    lossy = save(tmp_path / "lossy.webp", noise(), quality=100)
    exact = save(tmp_path / "exact.webp", noise(), lossless=True)
    assert remarks(lossy, matte=True) == ("alpha in lossy WebP, which keeps 220 of 256 levels",)
    assert remarks(lossy) == remarks(exact, matte=True) == ()
    avif = save(tmp_path / "a.avif", noise())
    assert remarks(avif, matte=True) == ("alpha in AVIF or HEIC, exact only where it was saved without loss",)
    with_profile = save(tmp_path / "b.webp", noise(), quality=90, icc_profile=b"x" * 131)
    assert "alpha in lossy WebP, which keeps 220 of 256 levels" in remarks(with_profile, matte=True)


def test_a_photograph_is_whole(tmp_path):
    pixels = noise(16, 18, 4)
    pixels[..., 3] = 255
    check_opaque(save(tmp_path / "opaque.png", pixels))
    check_opaque(save(tmp_path / "plain.png", pixels[..., :3]))
    pixels[3, 4, 3] = 254
    with pytest.raises(DataError, match=r"hole\.png: has transparency, and a photograph is whole"):
        check_opaque(save(tmp_path / "hole.png", pixels))
    assert remarks(tmp_path / "opaque.png", opaque=True) == ("alpha channel passed over",)


def test_a_prediction_may_be_a_cutout(tmp_path):
    pixels = noise(16, 18, 4)
    cutout = read_prediction(save(tmp_path / "cutout.png", pixels))
    assert cutout.is_cutout
    np.testing.assert_array_equal(cutout.matte, pixels[..., 3])
    grey = read_prediction(save(tmp_path / "grey.png", noise()))
    assert not grey.is_cutout
    np.testing.assert_array_equal(grey.matte, read_matte(tmp_path / "grey.png"))
    opaque = np.dstack([noise()] * 3 + [np.full((16, 18), 255, np.uint8)])
    assert not read_prediction(save(tmp_path / "opaque.png", opaque)).is_cutout


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "webp", "avif"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_stated_orientation_is_told(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert read_orientation(save(tmp_path / f"a.{suffix}", noise(16, 18, 3), exif=exif)) == orientation


# -- hostile files of the formats that came last -------------------------------------------------------


@pytest.mark.parametrize("suffix", ["avif", "jp2", "tga", "bmp"])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_truncated_files_are_refused(tmp_path, suffix, share):
    path = save(tmp_path / f"a.{suffix}", noise(64, 70, 3), **EXACT[suffix])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=rf"a\.{suffix}: is (damaged|not an image)"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["avif", "jp2", "tga", "bmp"])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, suffix, monkeypatch):
    path = save(tmp_path / f"a.{suffix}", noise(64, 70, 3), **EXACT[suffix])
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("was decoded"))
    with pytest.raises(DataError, match="64 x 70 pixels are more than the limit of 4000"):
        read_image(path, max_pixels=4000)


@pytest.mark.parametrize("suffix", ["avif", "jp2", "tga", "bmp", "tif"])
def test_changed_bytes_give_pixels_or_a_sentence(tmp_path, suffix):
    path = save(tmp_path / f"a.{suffix}", noise(24, 26, 4 if suffix != "bmp" else 3), **EXACT.get(suffix, {}))
    data = path.read_bytes()
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(120):
        changed = bytearray(data)
        for place in random.integers(0, min(len(data), 600), random.integers(1, 4)):
            changed[place] = random.integers(0, 256)
        path.write_bytes(changed)
        try:
            assert read_image(path, max_pixels=10**6).dtype == np.uint8
            remarks(path)
        except DataError:  # anything else is a fault
            refused += 1
    assert refused
