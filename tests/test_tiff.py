"""TIFF by its tags: each row of the tables is read to the pixel or refused; tifffile writes."""

import subprocess
import sys
from contextlib import suppress
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from simd.errors import DataError
from simd.image import AS_OPENCV, pixel_digest, read_alpha, read_image, read_matte, read_rgba, remarks

SIZE = (6, 7)
PLANES = "in separate planes; save it interleaved, or as PNG"
NOT_READ = "is a TIFF of a kind that is not read"
COMPRESSIONS = {
    "none": {},
    "zlib": {"compression": "zlib"},
    "lzw": {"compression": "lzw"},
    "predictor": {"compression": "zlib", "predictor": True},
}


def noise(bits, *shape, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 2**bits, shape or SIZE).astype(f"uint{bits}")
    pixels.flat[:2] = 0, 2**bits - 1  # so that black and white are there
    return pixels


def to_8_bits(pixels):
    """Round to the nearest of 256 levels: 65535 = 255 * 257."""
    return np.rint(pixels / 257).astype(np.uint8) if pixels.dtype == np.uint16 else pixels


def divided(pixels):
    """Divide colour by alpha as a float, and clip; None where alpha is 0 and colour has no meaning."""
    white = np.iinfo(pixels.dtype).max
    alpha = pixels[..., 3:4].astype(float)
    with np.errstate(all="ignore"):
        colour = np.clip(pixels[..., :3] / alpha, 0, 1) * white
    return np.rint(np.where(alpha > 0, colour, pixels[..., :3])).astype(pixels.dtype)


def write(path: Path, pixels, extra=None, *, planes=False, photometric=None, **options) -> Path:
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    if samples > 1:
        options["planarconfig"] = "separate" if planes else "contig"
        pixels = np.moveaxis(pixels, -1, 0) if planes else pixels
    colours = {"separated": 4}.get(photometric, 3 if samples >= 3 else 1)
    beyond = samples - colours
    tifffile.imwrite(
        path,
        pixels,
        photometric=photometric or ("rgb" if samples >= 3 else "minisblack"),
        extrasamples=None if extra is None else [extra] + [0] * (beyond - 1),
        **options,
    )
    return path


# -- depth x extra samples x planes x compression x samples ----------------------------------------


def expected(bits, samples, extra, planes, compression):
    """Return what a file becomes: "colour", "cutout", "divided", or the words that refuse it."""
    if planes and samples > 1:
        fine = bits == 8 and (samples == 3 or (samples == 4 and extra in (None, 2)))
        return ("colour" if samples == 3 else "cutout") if fine else f"{bits}-bit channels {PLANES}"
    if samples == 2:
        return "cutout" if bits == 8 and extra == 2 else NOT_READ
    if bits == 16 and samples == 5:
        return NOT_READ
    if samples <= 3 or extra == 0 or (samples == 5 and extra is None):
        return "colour"
    return "divided" if extra == 1 else "cutout"


TABLE = [
    (bits, samples, extra, planes, compression)
    for bits, samples, planes, compression in product((8, 16), range(1, 6), (False, True), COMPRESSIONS)
    for extra in ((None, 0, 1, 2) if samples in (2, 4, 5) else (None,))
    if not (planes and samples == 1)
]


@pytest.mark.parametrize(("bits", "samples", "extra", "planes", "compression"), TABLE)
def test_each_kind_is_read_to_the_pixel_or_refused(tmp_path, bits, samples, extra, planes, compression):
    pixels = noise(bits, *SIZE, samples) if samples > 1 else noise(bits)
    path = write(tmp_path / "a.tif", pixels, extra, planes=planes, **COMPRESSIONS[compression])
    what = expected(bits, samples, extra, planes, compression)
    if what not in ("colour", "cutout", "divided"):
        for reader in (read_image, read_rgba, read_matte):
            with pytest.raises(DataError, match=rf"a\.tif: .*{what}"):
                reader(path)
        return
    colour = np.stack([pixels] * 3, axis=2) if samples == 1 else pixels
    colour = np.repeat(colour[..., :1], 3, axis=2) if samples == 2 else colour
    if what == "divided":
        seen = pixels[..., 3] > 0  # under alpha 0 colour has no meaning
        close = 1 if bits == 8 else 0  # 8 bits are divided by the decoder, which cuts instead of rounding
        difference = read_image(path).astype(int) - to_8_bits(divided(colour))
        assert np.abs(difference[seen]).max() <= close
    else:
        np.testing.assert_array_equal(read_image(path), to_8_bits(colour[..., :3]))
    if what == "colour":
        with pytest.raises(DataError, match=r"a\.tif: (has no alpha|its fourth channel is not marked as)"):
            read_rgba(path)
    else:
        rgb, alpha = read_rgba(path)
        np.testing.assert_array_equal(rgb, read_image(path))
        np.testing.assert_array_equal(alpha, to_8_bits(pixels[..., 1 if samples == 2 else 3]))


@pytest.mark.parametrize("bits", [8, 16])
def test_a_fourth_channel_that_nobody_calls_alpha_is_named(tmp_path, bits):
    path = write(tmp_path / "a.tif", noise(bits, *SIZE, 4), 0)
    with pytest.raises(
        DataError, match=r"its fourth channel is not marked as alpha; save it with ExtraSamples"
    ):
        read_rgba(path)


@pytest.mark.parametrize("bits", [8, 16])
def test_divided_colour_is_remarked(tmp_path, bits):
    path = write(tmp_path / "a.tif", noise(bits, *SIZE, 4), 1)
    assert "multiplied colour divided by alpha" in remarks(path)
    assert "multiplied colour divided by alpha" not in remarks(write(path, noise(bits, *SIZE, 4), 2))


@given(st.integers(0, 65535), st.integers(1, 65535))
def test_sixteen_bits_are_divided_exactly(colour, alpha):
    from simd.tiff import divide_colour

    pixel = np.array([[[colour, colour, colour, alpha]]], np.uint16)
    # round half up, in whole numbers of any size
    assert int(divide_colour(pixel)[0, 0, 0]) == min((2 * colour * 65535 + alpha) // (2 * alpha), 65535)


# -- which value is white, byte order, number format -----------------------------------------------


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 8, 16])
def test_a_matte_is_read_with_its_white(tmp_path, photometric, order, bits):
    stored = noise(bits) if bits > 1 else noise(8) >= 128
    path = write(tmp_path / "a.tif", stored, photometric=photometric, byteorder=order)
    if (photometric, order, bits) == ("miniswhite", ">", 16):  # Pillow does not open it
        with pytest.raises(DataError, match=NOT_READ) as caught:
            read_alpha(path)
        assert "(1 sample of 16 bits, unsigned integers, white as 0); save it as PNG, or as a TIFF of 8" in (
            str(caught.value)
        )
        assert str(caught.value).endswith("or 16 bits with black as 0")
        return
    want = stored * np.uint8(255) if bits == 1 else to_8_bits(stored)
    want = 255 - want if photometric == "miniswhite" else want
    np.testing.assert_array_equal(read_alpha(path), want)
    np.testing.assert_array_equal(read_image(path)[..., 1], want)
    if bits == 16:
        exact = 65535 - stored.astype(int) if photometric == "miniswhite" else stored
        np.testing.assert_allclose(read_matte(path), exact / 65535, rtol=2**-22)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("options", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_float_mattes_are_read_whole(tmp_path, photometric, options):
    levels = np.linspace(0, 1, 42, dtype=np.float32).reshape(SIZE)
    options = options | ({"predictor": 3} if "predictor" in options else {})
    path = write(tmp_path / "a.tif", levels, photometric=photometric, **options)
    want = 1 - levels if photometric == "miniswhite" else levels
    assert read_matte(path).dtype == np.float32
    np.testing.assert_array_equal(read_matte(path), want)
    np.testing.assert_array_equal(read_alpha(path), np.rint(want * 255))
    with pytest.raises(DataError, match="holds floating-point pixels; write a colour image as 8 or 16 bits"):
        read_image(path)


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_signed_integers_are_refused(tmp_path, dtype):
    path = write(tmp_path / "a.tif", noise(8).astype(dtype))
    with pytest.raises(DataError, match=r"a\.tif: holds signed integers, of which no white is known"):
        read_alpha(path)


NOT_OPENED = {
    "half float": (noise(8) / np.float16(255), {}, "1 sample of 16 bits, floating point"),
    "double": (noise(8) / np.float64(255), {}, "1 sample of 64 bits, floating point"),
    "float RGB": (noise(8, *SIZE, 3) / np.float32(255), {}, "3 samples of 32 bits, floating point"),
    "float RGBA": (
        noise(8, *SIZE, 4) / np.float32(255),
        {"extra": 2},
        "4 samples of 32 bits, floating point",
    ),
    "16-bit grey and alpha": (noise(16, *SIZE, 2), {"extra": 2}, "2 samples of 16 bits, unsigned integers"),
    "multiplied grey": (noise(8, *SIZE, 2), {"extra": 1}, "2 samples of 8 bits, unsigned integers"),
    "CMYK and alpha": (noise(8, *SIZE, 5), {"photometric": "separated", "extra": 2}, "5 samples of 8 bits"),
}


@pytest.mark.parametrize("name", NOT_OPENED)
def test_a_kind_that_no_decoder_reads_is_named_as_what_it_is(tmp_path, name):
    pixels, options, what = NOT_OPENED[name]
    path = write(tmp_path / "a.tif", pixels, **options)
    with pytest.raises(DataError, match=rf"a\.tif: {NOT_READ} \({what}.*save it as PNG"):
        read_image(path)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
@pytest.mark.parametrize("largest", [1, 255])
def test_8_bit_levels_in_a_wider_container_are_refused(tmp_path, dtype, largest):
    levels = np.array([[0, 1, largest]], dtype)
    path = write(tmp_path / "a.tif", levels)
    for reader in (read_alpha, read_matte, read_image):
        with pytest.raises(DataError, match=r"no level is above 255 of 65535; these look like 8-bit levels"):
            reader(path)
    assert read_alpha(write(path, levels * 0)).max() == 0  # all black is black
    assert read_alpha(write(path, np.array([[0, 200, 256]], dtype))).tolist() == [[0, 1, 1]]


def test_8_bit_alpha_beside_16_bit_colour_is_refused(tmp_path):
    pixels = noise(16, *SIZE, 4)
    pixels[..., 3] //= 257
    with pytest.raises(DataError, match="no level of its alpha is above 255 of 65535"):
        read_rgba(write(tmp_path / "a.tif", pixels, 2))


# -- pages -----------------------------------------------------------------------------------------


def write_pages(path: Path, *pages, reduced=()) -> Path:
    with tifffile.TiffWriter(path) as out:
        for number, page in enumerate(pages):
            out.write(page, photometric="minisblack", subfiletype=int(number in reduced), metadata=None)
    return path


def test_further_pages_are_remarked(tmp_path):
    path = write_pages(tmp_path / "a.tif", noise(8), noise(8, seed=1), noise(8, 3, 3))
    assert remarks(path) == ("first of 3 pages or frames, the others are passed over",)
    np.testing.assert_array_equal(read_alpha(path), noise(8))


def test_reduced_versions_behind_the_picture_are_no_further_pages(tmp_path):
    path = write_pages(tmp_path / "a.tif", noise(8), noise(8, 3, 3), reduced=[1])
    assert remarks(path) == ()


def test_a_first_page_that_is_a_smaller_version_is_refused(tmp_path):
    marked = write_pages(tmp_path / "marked.tif", noise(8, 3, 3), noise(8), reduced=[0])
    with pytest.raises(DataError, match=r"holds 2 pages, and the first is marked as a reduced version"):
        read_alpha(marked)
    smaller = write_pages(tmp_path / "smaller.tif", noise(8, 3, 3), noise(8))
    with pytest.raises(
        DataError, match=r"holds 2 pages, and the first is smaller than page 2; save the full"
    ):
        read_alpha(smaller)


def test_pages_in_a_circle_end(tmp_path):
    path = write(tmp_path / "a.tif", noise(8), metadata=None)
    data = bytearray(path.read_bytes())
    start = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[start : start + 2], "little")
    data[start + 2 + 12 * entries :][:4]  # the offset of the next page
    data[start + 2 + 12 * entries : start + 6 + 12 * entries] = start.to_bytes(4, "little")
    path.write_bytes(data)
    np.testing.assert_array_equal(read_alpha(path), noise(8))


@pytest.mark.parametrize("tag", [254, 258, 262, 277, 284, 338, 339])
def test_a_tag_of_another_type_gives_pixels_or_a_sentence(tmp_path, tag):
    path = write(tmp_path / "a.tif", noise(16, *SIZE, 4), 1, metadata=None)
    data = bytearray(path.read_bytes())
    start = int.from_bytes(data[4:8], "little")
    for entry in range(start + 2, start + 2 + 12 * int.from_bytes(data[start : start + 2], "little"), 12):
        if int.from_bytes(data[entry : entry + 2], "little") == tag:
            data[entry + 2 : entry + 4] = (2).to_bytes(2, "little")  # text
    path.write_bytes(data)
    for reader in (read_image, remarks, read_rgba):
        with suppress(DataError):  # anything else is a fault
            reader(path)


# -- the same in every process ---------------------------------------------------------------------

DIGESTS = """
import sys
from pathlib import Path
from simd.errors import DataError
from simd.image import pixel_digest, read_image
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        print(path.name, pixel_digest(read_image(path)))
    except DataError as error:
        print(path.name, error)
"""


def test_two_processes_decode_a_file_to_one_digest(tmp_path):
    for number, (bits, samples, extra, planes, compression) in enumerate(TABLE):
        pixels = noise(bits, 40, 50, samples) if samples > 1 else noise(bits, 40, 50)
        options = COMPRESSIONS[compression]
        write(tmp_path / f"{number:03}.tif", pixels, extra, planes=planes, **options)
    printed = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS, str(tmp_path)], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) == len(TABLE)


def test_a_protocols_reader_agrees_on_white(tmp_path):
    path = write(tmp_path / "a.tif", noise(16), photometric="miniswhite")
    ours, theirs = read_alpha(path), AS_OPENCV.alpha(path)
    assert np.abs(ours.astype(int) - theirs).max() <= 1  # OpenCV cuts 16 bits instead of rounding
    assert pixel_digest(ours)
