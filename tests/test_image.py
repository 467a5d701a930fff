import errno
import hashlib
import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from conftest import save
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, PngImagePlugin

from simd.errors import DataError, DiskFullError
from simd.image import (
    encode_png,
    has_transparency,
    is_image_name,
    pixel_digest,
    read_alpha,
    read_image,
    read_matte,
    read_rgba,
    read_size,
    remarks,
    to_uint8,
    write_png,
)
from simd.trimap import read_trimap

READERS = [read_image, read_rgba, read_matte, read_alpha, read_trimap]
LOSSLESS = {"PNG": ".png", "TIFF": ".tif", "WEBP": ".webp"}
ALL_16_BITS = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
NEAREST_LEVEL = np.rint(ALL_16_BITS / 257).astype(np.uint8)  # 65535 = 255 * 257; no value lies half way

# A letter F of 3 x 2 pixels, and how it looks as stored with each EXIF orientation, drawn by hand from the
# standard (JEITA CP-3451, Orientation: where row 0 and column 0 are): turned upright all are the F again.
F_UPRIGHT = ["12", "34", "50"]
F_STORED = {
    1: ["12", "34", "50"],  # row 0 is the top, column 0 the left-hand side
    2: ["21", "43", "05"],  # top, right
    3: ["05", "43", "21"],  # bottom, right
    4: ["50", "34", "12"],  # bottom, left
    5: ["135", "240"],  # left, top
    6: ["240", "135"],  # right, top
    7: ["042", "531"],  # right, bottom
    8: ["531", "042"],  # left, bottom
}
BLOCK = 16  # pixels a side for each digit, so that JPEG keeps them


def letter(rows, scale=1):
    small = np.array([[int(digit) * 40 for digit in row] for row in rows], np.uint8)
    return np.kron(small, np.ones((scale, scale), np.uint8))


def colours(seed=0, size=(5, 7)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def png_with_header(height, width):
    """Return a PNG whose header promises a size that its data do not have."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def mode_of(path):
    with Image.open(path) as image:
        return image.mode


def png_chunks(data):
    kinds, place = [], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kinds.append(data[place + 4 : place + 8].decode())
        place += 12 + length
    return kinds


# -- what becomes of each kind of file ---------------------------------------------------------------


@pytest.mark.parametrize(("kind", "suffix"), LOSSLESS.items())
def test_lossless_files_come_back_as_rgb(tmp_path, kind, suffix):
    pixels = colours()
    path = save(
        tmp_path / f"a{suffix}", pixels, format=kind, **({"lossless": True} if kind == "WEBP" else {})
    )
    assert read_image(path).dtype == np.uint8
    np.testing.assert_array_equal(read_image(path), pixels)
    assert read_size(path) == (5, 7)


def test_a_jpeg_is_rgb_and_not_bgr(tmp_path):
    red = np.full((16, 16, 3), (230, 20, 40), np.uint8)
    path = save(tmp_path / "a.jpg", red, quality=95)
    assert np.abs(read_image(path).astype(int) - red).max() <= 3


def test_the_content_counts_and_not_the_name(tmp_path):
    pixels = colours()
    path = save(tmp_path / "a.jpg", pixels, format="PNG")
    np.testing.assert_array_equal(read_image(path), pixels)


def test_grey_becomes_three_equal_channels_or_a_matte(tmp_path):
    grey = np.arange(60, dtype=np.uint8).reshape(6, 10) * 4
    path = save(tmp_path / "a.png", grey)
    np.testing.assert_array_equal(read_image(path), np.stack([grey] * 3, axis=2))
    np.testing.assert_array_equal(read_matte(path), grey)
    np.testing.assert_array_equal(read_alpha(path), grey)


def test_one_bit_becomes_0_and_255(tmp_path):
    bits = np.array([[0, 1, 0], [1, 1, 0]], bool)
    path = save(tmp_path / "a.png", bits)
    assert mode_of(path) == "1"
    np.testing.assert_array_equal(read_alpha(path), bits * np.uint8(255))
    np.testing.assert_array_equal(read_image(path)[..., 1], bits * np.uint8(255))


@pytest.mark.parametrize("bits", [2, 4])
def test_grey_of_few_bits_spans_0_to_255(tmp_path, bits):
    levels = 2**bits
    rows = Image.frombytes("P", (levels, 1), bytes(range(levels)))
    rows.putpalette([v * 255 // (levels - 1) for v in range(levels) for _ in "rgb"])
    rows.save(tmp_path / "a.png", bits=bits)
    assert read_alpha(tmp_path / "a.png").tolist() == [[v * 255 // (levels - 1) for v in range(levels)]]


def test_a_palette_is_looked_up(tmp_path):
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([10, 20, 30, 200, 100, 0, 7, 7, 7])
    image.save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").tolist() == [[[10, 20, 30], [200, 100, 0], [7, 7, 7]]]
    assert not has_transparency(tmp_path / "a.png")


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 128])])
def test_a_palette_with_transparency_is_a_cutout(tmp_path, transparency):
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([10, 20, 30, 200, 100, 0, 7, 7, 7])
    path = tmp_path / "a.png"
    image.save(path, transparency=transparency)
    assert has_transparency(path)
    colour, alpha = read_rgba(path)
    assert colour.tolist() == [[[10, 20, 30], [200, 100, 0], [7, 7, 7]]]
    assert alpha.tolist() == [[255, 0, 255]] if transparency == 1 else [[255, 0, 128]]
    assert read_image(path).tolist() == colour.tolist()


def test_a_transparent_colour_is_a_transparency(tmp_path):
    path = save(tmp_path / "a.png", np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8), transparency=(4, 5, 6))
    assert has_transparency(path)
    assert read_rgba(path)[1].tolist() == [[255, 0]]


def test_grey_with_alpha_is_a_cutout(tmp_path):
    pixels = np.array([[[40, 255], [90, 13]]], np.uint8)
    path = tmp_path / "a.png"
    Image.frombytes("LA", (2, 1), pixels.tobytes()).save(path)
    colour, alpha = read_rgba(path)
    assert colour.tolist() == [[[40, 40, 40], [90, 90, 90]]]
    assert alpha.tolist() == [[255, 13]]
    assert read_image(path).tolist() == colour.tolist()


@pytest.mark.parametrize(("kind", "suffix"), LOSSLESS.items())
def test_a_cutout_keeps_its_straight_colour_under_alpha_0(tmp_path, kind, suffix):
    pixels = np.dstack([colours(), np.arange(35, dtype=np.uint8).reshape(5, 7) * 7])
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    path = save(tmp_path / f"a{suffix}", pixels, format=kind, **options)
    colour, alpha = read_rgba(path)
    np.testing.assert_array_equal(colour, pixels[..., :3])
    np.testing.assert_array_equal(alpha, pixels[..., 3])
    np.testing.assert_array_equal(read_image(path), pixels[..., :3])


def test_a_cutout_needs_an_alpha_channel(tmp_path):
    path = save(tmp_path / "a.png", colours())
    with pytest.raises(DataError, match=r"a\.png: has no alpha channel; a cut-out is"):
        read_rgba(path)


@pytest.mark.parametrize(
    ("ink", "rgb"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 255, 255, 0), (255, 0, 0)), ((0, 0, 0, 255), (0, 0, 0))],
)
def test_cmyk_becomes_rgb(tmp_path, ink, rgb):
    path = tmp_path / "a.jpg"
    Image.new("CMYK", (16, 16), ink).save(path, quality=100)
    assert mode_of(path) == "CMYK"
    assert np.abs(read_image(path).astype(int) - rgb).max() <= 4


# -- 16 bits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_16_bit_matte_is_rounded_as_alpha_and_exact_as_matte(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(ALL_16_BITS).save(path)
    np.testing.assert_array_equal(read_alpha(path), NEAREST_LEVEL)
    matte = read_matte(path)
    assert matte.dtype == np.float32
    np.testing.assert_allclose(matte, ALL_16_BITS / 65535, rtol=2**-23)
    assert (matte.min(), matte.max()) == (0, 1)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_colour_is_rounded_and_keeps_its_channel_order(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    wide = np.stack([ALL_16_BITS, ALL_16_BITS[::-1], ALL_16_BITS.T], axis=2)
    cv2.imwrite(str(path), wide[..., ::-1])  # OpenCV takes BGR
    want = np.stack([NEAREST_LEVEL, NEAREST_LEVEL[::-1], NEAREST_LEVEL.T], axis=2)
    np.testing.assert_array_equal(read_image(path), want)


def test_16_bit_cutouts_keep_their_alpha(tmp_path):
    wide = np.dstack([ALL_16_BITS, ALL_16_BITS[::-1], ALL_16_BITS.T, ALL_16_BITS[:, ::-1]])
    cv2.imwrite(str(tmp_path / "a.png"), wide[..., [2, 1, 0, 3]])
    colour, alpha = read_rgba(tmp_path / "a.png")
    np.testing.assert_array_equal(colour[..., 0], NEAREST_LEVEL)
    np.testing.assert_array_equal(alpha, NEAREST_LEVEL[:, ::-1])


def test_a_16_bit_rgb_matte_of_equal_channels_is_a_matte(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.stack([ALL_16_BITS] * 3, axis=2))
    np.testing.assert_array_equal(read_alpha(tmp_path / "a.png"), NEAREST_LEVEL)


# -- orientation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", F_STORED)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_every_orientation_is_turned_upright(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    options = {".jpg": {"quality": 100}, ".webp": {"lossless": True}}.get(suffix, {})
    Image.fromarray(letter(F_STORED[orientation], BLOCK)).save(path, exif=exif, **options)
    want = letter(F_UPRIGHT, BLOCK)
    assert read_size(path) == want.shape
    assert read_alpha(path).shape == want.shape
    assert np.abs(read_alpha(path).astype(int) - want).max() <= 2
    assert np.abs(read_image(path)[..., 2].astype(int) - want).max() <= 2


@pytest.mark.parametrize("orientation", F_STORED)
def test_16_bit_colour_is_turned_upright_as_well(tmp_path, orientation):
    stored = np.stack([letter(F_STORED[orientation]).astype(np.uint16) * 257] * 3, axis=2)
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="rgb", extratags=[(0x0112, "H", 1, orientation, True)]
    )
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 0], letter(F_UPRIGHT))
    assert read_size(tmp_path / "a.tif") == (3, 2)

    fine, encoded = cv2.imencode(".png", stored)
    assert fine
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded.tobytes()
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block + struct.pack(">I", zlib.crc32(b"eXIf" + block))
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])  # behind the header
    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[..., 0], letter(F_UPRIGHT))
    assert read_size(tmp_path / "a.png") == (3, 2)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "a.png"
    Image.fromarray(letter(F_UPRIGHT)).save(path, exif=exif)
    np.testing.assert_array_equal(read_alpha(path), letter(F_UPRIGHT))


def test_damaged_exif_says_nothing_about_the_pixels(tmp_path):
    path = tmp_path / "a.webp"
    Image.fromarray(colours()).save(path, lossless=True, exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    np.testing.assert_array_equal(read_image(path), colours())


# -- mattes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", [read_alpha, read_matte])
def test_an_rgb_matte_may_differ_by_two_levels_between_channels(tmp_path, reader):
    grey = np.arange(100, 180, dtype=np.uint8).reshape(8, 10)
    accepted = save(tmp_path / "jpeg.png", np.stack([grey, grey + 2, grey + 1], axis=2))
    np.testing.assert_array_equal(reader(accepted), grey)
    refused = save(tmp_path / "colour.png", np.stack([grey, grey + 3, grey], axis=2))
    with pytest.raises(DataError, match=r"colour\.png: .* this is a colour image \(channels differ by 3\)"):
        reader(refused)


def test_a_single_coloured_pixel_is_enough_to_refuse(tmp_path):
    pixels = np.zeros((50, 50, 3), np.uint8)
    pixels[49, 49] = (0, 0, 90)
    with pytest.raises(DataError, match="channels differ by 90"):
        read_alpha(save(tmp_path / "a.png", pixels))


@pytest.mark.parametrize("reader", [read_alpha, read_matte])
def test_a_matte_with_transparency_is_refused(tmp_path, reader):
    pixels = np.full((4, 4, 4), 255, np.uint8)
    opaque = save(tmp_path / "opaque.png", pixels)
    assert (reader(opaque) == 255).all()
    pixels[2, 2, 3] = 254
    with pytest.raises(DataError, match=r"cutout\.png: a matte has one channel, .*alone as a grey image"):
        reader(save(tmp_path / "cutout.png", pixels))


def test_a_trimap_holds_three_values(tmp_path):
    trimap = np.array([[0, 128, 255]], np.uint8)
    np.testing.assert_array_equal(read_trimap(save(tmp_path / "a.png", trimap)), trimap)
    message = r"a trimap holds 0, 128 \(unknown\) and 255 only; this one also has 127, 129$"
    with pytest.raises(DataError, match=message):
        read_trimap(save(tmp_path / "b.png", np.array([[0, 127, 128, 129, 255]], np.uint8)))
    with pytest.raises(DataError, match=r"also has 1, 2, 3, 4, 5, 6, \.\.\.$"):
        read_trimap(save(tmp_path / "c.png", np.arange(20, dtype=np.uint8)[None]))


# -- colour profiles -----------------------------------------------------------------------------------


def test_colour_profiles_are_ignored_and_not_written(tmp_path):
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 220000))
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = save(tmp_path / "a.png", colours(), pnginfo=chunks, icc_profile=lab)
    assert {"gAMA", "iCCP"} <= set(png_chunks(path.read_bytes()))
    np.testing.assert_array_equal(read_image(path), colours())
    write_png(tmp_path / "b.png", read_image(path))
    assert set(png_chunks((tmp_path / "b.png").read_bytes())) == {"IHDR", "IDAT", "IEND"}


# -- remarks -------------------------------------------------------------------------------------------


def test_a_plain_file_needs_no_remark(tmp_path):
    for name in ("a.png", "a.jpg", "a.tif", "a.webp"):
        assert remarks(save(tmp_path / name, colours())) == ()
    assert remarks(save(tmp_path / "grey.png", colours()[..., 0]), matte=True) == ()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_a_turned_file_is_remarked(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert remarks(save(tmp_path / f"a{suffix}", colours(), exif=exif)) == ("EXIF orientation applied",)


def test_what_reading_changes_is_remarked(tmp_path):
    Image.new("CMYK", (16, 16)).save(tmp_path / "cmyk.jpg")
    assert remarks(tmp_path / "cmyk.jpg") == ("CMYK converted to RGB",)
    Image.new("P", (16, 16)).save(tmp_path / "palette.png")
    assert remarks(tmp_path / "palette.png") == ("palette expanded",)
    Image.fromarray(ALL_16_BITS).save(tmp_path / "grey.png")
    cv2.imwrite(str(tmp_path / "colour.tif"), np.stack([ALL_16_BITS] * 3, axis=2))
    for name in ("grey.png", "colour.tif"):
        assert remarks(tmp_path / name) == ("16 bits rounded to 8",)
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 220000))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = save(tmp_path / "profile.png", colours(), pnginfo=chunks, icc_profile=profile)
    assert remarks(path) == ("ICC profile ignored", "gAMA chunk ignored")


def test_a_jpeg_is_remarked_where_it_is_a_matte(tmp_path):
    path = save(tmp_path / "a.jpg", colours()[..., 0])
    assert remarks(path) == ()
    assert remarks(path, matte=True) == ("JPEG-coded alpha, noisy near 0 and 255",)


def test_remarks_name_a_file_that_is_no_image(tmp_path):
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(DataError, match=r"a\.png: is not an image"):
        remarks(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"b\.png: cannot be read"):
        remarks(tmp_path / "b.png")


# -- bad files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reader", [*READERS, read_size])
@pytest.mark.parametrize("size", [(30_000, 30_000), (12_000, 12_000), (1, 2**27 + 1)])
def test_too_many_pixels_are_refused_before_decoding(tmp_path, monkeypatch, reader, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(png_with_header(*size))
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda _: pytest.fail("was decoded"))
    with pytest.raises(
        DataError, match=r"bomb\.png: (is too large|12000 x 12000 pixels are more|1 x 134217729)"
    ):
        reader(path)


def test_the_limit_can_be_lowered(tmp_path):
    path = save(tmp_path / "a.png", colours())
    assert read_image(path, max_pixels=35).shape == (5, 7, 3)
    with pytest.raises(DataError, match=r"5 x 7 pixels are more than the limit of 34; .* make it smaller"):
        read_image(path, max_pixels=34)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_files_are_refused(tmp_path, reader, suffix, share):
    path = save(tmp_path / f"cut{suffix}", colours(size=(64, 64)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(DataError, match=rf"cut\{suffix}: is (damaged|not an image)"):
        reader(path)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_truncated_16_bit_colour_is_refused(tmp_path, suffix):
    path = tmp_path / f"cut{suffix}"
    cv2.imwrite(str(path), np.stack([ALL_16_BITS] * 3, axis=2))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(DataError, match=rf"cut\{suffix}: is (damaged|not an image)"):
        read_image(path)


def test_every_flipped_bit_in_a_png_is_found(tmp_path):
    path = save(tmp_path / "a.png", colours(size=(9, 11)))
    data = path.read_bytes()
    for place in range(len(data)):
        for bit in (0, 7):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            with pytest.raises(DataError, match=r"a\.png: is (damaged|not an image|too large)"):
                read_image(path)


@pytest.mark.parametrize("reader", [*READERS, read_size, has_transparency])
def test_files_that_are_no_images_are_named(tmp_path, reader):
    text, empty, other = (tmp_path / name for name in ("text.png", "empty.png", "other.png"))
    text.write_text("this is a shopping list\n")
    empty.touch()
    Image.fromarray(colours()).save(other, format="PPM")
    for path in (text, other):
        with pytest.raises(DataError, match=rf"{path.name}: is not an image: its content is not PNG, JPEG"):
            reader(path)
    with pytest.raises(DataError, match=r"empty\.png: is not an image: the file is empty"):
        reader(empty)


@pytest.mark.parametrize("reader", [*READERS, read_size, has_transparency])
def test_missing_files_and_folders_are_named(tmp_path, reader):
    with pytest.raises(DataError, match=r"(?i)gone\.png: .*no such file"):
        reader(tmp_path / "gone.png")
    (tmp_path / "x.png").mkdir()
    with pytest.raises(DataError, match=r"x\.png: cannot be read \(Is a directory\)"):
        reader(tmp_path / "x.png")


@pytest.mark.parametrize("reader", [*READERS, read_size, has_transparency])
def test_a_file_that_may_not_be_read_is_named(as_nobody, reader):
    path = as_nobody / "secret.png"
    path.touch()  # by the owner of the folder
    path.chmod(0)
    with pytest.raises(DataError, match=r"secret\.png: cannot be read \(Permission denied\)"):
        reader(path)


@pytest.mark.parametrize("reader", [read_image, read_alpha, read_matte])
def test_floating_point_beyond_0_and_1_and_wide_integers_are_refused(tmp_path, reader):
    for value, what in (
        (1.5, "values from 0.25 to 1.5"),
        (-1, "values from -1 to 0.25"),
        (np.nan, "no number"),
    ):
        path = save(tmp_path / "a.tif", np.array([[0.25, value]], np.float32))
        with pytest.raises(DataError, match=rf"a\.tif: holds floating-point pixels with {what}"):
            reader(path)
    for value in (-1, 65536):
        path = save(tmp_path / "b.tif", np.full((4, 4), value, np.int32))
        with pytest.raises(DataError, match=r"b\.tif: holds more than 16 bits a channel"):
            reader(path)


def test_32_bit_integers_within_16_bits_are_a_matte(tmp_path):
    path = save(tmp_path / "a.tif", np.array([[0, 257, 65535]], np.int32))
    assert read_alpha(path).tolist() == [[0, 1, 255]]


# -- names, digests, writing -----------------------------------------------------------------------------


def test_names_of_images():
    assert all(is_image_name(n) for n in ("a.png", "A.JPG", "b.jpeg", "c d.TIFF", "e.tif", "f.webp", ".png"))
    assert not any(is_image_name(n) for n in ("png", "a.png.part", "a.gif", "a.txt", ""))


def test_the_digest_is_that_of_the_decoded_pixels(tmp_path):
    pixels = colours()
    want = hashlib.sha256(pixels.tobytes()).hexdigest()
    for name, options in {
        "fast.png": {"compress_level": 0},
        "small.png": {"compress_level": 9, "dpi": (300, 300)},
        "a.tif": {"compression": "tiff_lzw"},
        "a.webp": {"lossless": True},
    }.items():
        assert pixel_digest(read_image(save(tmp_path / name, pixels, **options))) == want
    assert pixel_digest(np.asfortranarray(pixels)) == want
    other = pixels.copy()
    other[4, 6, 2] ^= 1
    assert pixel_digest(other) != want


@given(
    arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)))
    | arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)))
)
def test_pillow_reads_what_is_written(pixels):
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode_png(pixels)))), pixels)


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = save(tmp_path / "a.png", colours())

    def disk_full(self, *_args):
        if step == "write_bytes":
            with self.open("wb") as stream:
                stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, step, disk_full)
        with pytest.raises(DiskFullError, match=r"a\.png: cannot be written \(No space left on device\)"):
            write_png(path, colours(seed=1))
    np.testing.assert_array_equal(read_image(path), colours())
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_write_replaces_the_old_file(tmp_path):
    path = save(tmp_path / "a.png", colours())
    write_png(path, colours(seed=1))
    np.testing.assert_array_equal(read_image(path), colours(seed=1))
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_float_mattes_are_rounded_to_levels():
    matte = np.array([[-0.1, 0.0, 0.4999 / 255, 0.5001 / 255, 0.5, 1.0, 1.5]])
    assert to_uint8(matte).tolist() == [[0, 0, 0, 1, 128, 255, 255]]  # 0.5 * 255 = 127.5, to the even level
    levels = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(to_uint8(levels / np.float32(255)), levels)
    np.testing.assert_array_equal(to_uint8(levels), levels)
