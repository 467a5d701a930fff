"""Image files that users of other tools have reported, each by the command that they would type."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simd.files import read_json_lines
from simd.image import read_alpha, read_image

CASES = Path(__file__).parent / "cases"
OWN = ("--licence", "own", "--background-licence", "CC0-1.0")


@pytest.fixture
def case(request, tmp_path, monkeypatch) -> Path:
    """Return a copy of the folder of a case, which is the current one."""
    folder = tmp_path / request.param
    shutil.copytree(CASES / request.param, folder)
    monkeypatch.chdir(folder)
    return folder


def case_of(name):
    return pytest.mark.parametrize("case", [name], indirect=True)


def difference(path, other):
    pixels = [np.asarray(Image.open(each)).astype(int) for each in (path, other)]
    return np.abs(pixels[0] - pixels[1]).max()


@case_of("alpha-of-part-of-the-range")  # noppefoxwolf/Kitsunebi#28, python-pillow/Pillow#2107
def test_alpha_that_spans_a_part_of_the_range_is_named(case, run_cli):
    assert run_cli("select", "fgs", "--out", "kept.jsonl").code == 0
    rows = {row["id"]: row for row in read_json_lines(case / "kept.jsonl")}
    assert (rows["fur_limited"]["reason"], rows["fur_twelve"]["reason"]) == ("range", "range")
    assert rows["fur_hundred"]["keep"]
    assert "faint" in {finding["reason"] for finding in rows["fur_hundred"]["findings"]}


@case_of("files-of-several-pictures")  # jimp-dev/jimp#816, alephdata/aleph#20, photopea/photopea#7388
def test_files_of_several_pictures_are_remarked_or_refused(case, run_cli):
    done = run_cli("index", "fgs", "--decode")
    assert done.code == 1
    assert "fur_pages.tif: holds 2 pages, and the first is smaller than page 2; save the full" in done.out
    assert "pages or frames, the others are passed over: " in done.out


@case_of("orientation-on-one-of-a-pair")  # danielgatis/rembg#13, Bria-AI/RMBG-2.0#4
def test_an_orientation_on_one_of_a_pair_is_named(case, run_cli):
    assert "fur_half.jpg states EXIF orientation 3 and fur_half.png states 1" in run_cli("index", "fgs").out
    run_cli("select", "fgs", "--out", "kept.jsonl")
    for row in read_json_lines(case / "kept.jsonl"):
        assert "orientation" in {finding["reason"] for finding in row["findings"]}
    done = run_cli("import", "aim", "aim_set", "--class", "fur")
    assert "o_00000000: o_00000000.jpg states EXIF orientation 3 and" in done.err
    assert "o_00000001: o_00000001.jpg states EXIF orientation 6 and" in done.err


@case_of("tiff-said-to-be-no-tiff")  # image-rs/image-tiff#183, tshino/compare#85
def test_a_valid_tiff_is_never_said_to_be_no_tiff(case, run_cli):
    done = run_cli("index", "fgs", "--kind", "rgba")
    assert done.code == 1
    assert done.out.count("is a TIFF of a kind that is not read") == 3
    assert "(2 samples of 16 bits, unsigned integers); save it as PNG" in done.out


@case_of("tiff16-associated-alpha")  # lovell/sharp#1445, libvips/libvips#1159
def test_multiplied_colour_of_16_bits_is_divided(case, run_cli):
    options = ("--backgrounds", "bg", "--per-foreground", "1", *OWN)
    assert run_cli("build", "out", "--foregrounds", "fgs", *options).code == 0
    assert difference(next((case / "out" / "alpha").iterdir()), case / "expected" / "alpha.png") == 0
    assert difference(next((case / "out" / "image").iterdir()), case / "expected" / "composite.png") <= 2
    assert "multiplied colour divided by alpha: 1" in run_cli("index", "fgs").out


@case_of("tiff16-white-is-zero")  # opencv/opencv#9550, darktable-org/darktable#18815
def test_white_is_zero_at_16_bits_too(case, run_cli):
    options = ("--backgrounds", "bg", "--per-foreground", "1", *OWN)
    assert run_cli("build", "out", "--foregrounds", "fgs", *options).code == 0
    alpha = read_alpha(next((case / "out" / "alpha").iterdir()))
    np.testing.assert_array_equal(alpha, read_alpha(case / "expected" / "alpha.png"))
    np.testing.assert_array_equal(
        read_image(case / "fgs" / "fg" / "fur_a.png"), read_image(case / "expected" / "colour.png")
    )
    done = run_cli("evaluate", "pred", "--alpha", "alpha", "--trimap", "trimap", "--out", "scores")
    assert done.code == 0
    row = (case / "scores.csv").read_text().splitlines()
    sad = dict(zip(row[0].split(","), row[1].split(","), strict=True))["sad"]
    assert float(sad) == pytest.approx(0, abs=1e-6)


@case_of("trimap-without-unknown")  # danielgatis/rembg#116, tsing90/pytorch_semantic_human_matting#32
def test_a_trimap_without_unknown_is_not_called_a_binary_alpha(case, run_cli):
    done = run_cli("import", "aim", "out", "--class", "fur")
    assert done.code == 1
    assert "its trimap has no unknown pixel (128), so there is nothing to estimate" in done.err
    done = run_cli("import", "aim2", "out2", "--class", "fur")
    assert "They look like the indices of three regions" in done.err
    done = run_cli("import", "aim2", "out3", "--class", "fur", "--map-trimaps")
    assert done.code == 1
    assert "its trimap has no unknown pixel (128), so there is nothing to estimate" in done.err


@case_of("scores-of-an-image-without-unknown")  # danielgatis/rembg#116, pymatting/pymatting#69, mmeval#71
def test_an_image_without_unknown_pixels_has_no_scores_and_is_named(case, run_cli):
    done = run_cli("evaluate", "pred", "--alpha", "alpha", "--trimap", "trimap", "--out", "two")
    assert done.code == 0
    assert "1 of 2 images have no unknown pixel" in done.out
    assert "x1." in done.out
    for folder in ("pred", "alpha", "trimap"):
        (case / folder / "x1.png").unlink()
    assert run_cli("evaluate", "pred", "--alpha", "alpha", "--trimap", "trimap", "--out", "one").code == 0
    two, one = (json.loads((case / f"{name}.json").read_text()) for name in ("two", "one"))
    assert one["image_mean"]["sad"] > 0
    for key in ("images", "image_mean", "class_mean", "classes", "regions", "intervals"):
        assert two[key] == one[key]
    with (case / "two.csv").open() as stream:
        (row,) = [row for row in csv.DictReader(stream) if row["id"] == "x1"]
    assert [row[key] for key in ("region", "pixels", "sad", "mse", "grad", "conn")] == [
        "unknown",
        "0",
        *["nan"] * 4,
    ]
    done = run_cli("leaderboard", "two", "one", "--out", "board")
    assert done.code == 0, done.err


@case_of("classes-csv-windows-paths")  # HumanSignal/label-studio#7294, CVHub520/X-AnyLabeling#700
@pytest.mark.parametrize("folder", ["one", "two"])
def test_a_class_file_written_on_windows_names_its_files(case, folder, run_cli):
    done = run_cli("index", folder)
    assert (done.code, "class fur: 1" in done.out) == (0, True)


@case_of("tiny-figures-in-tables")  # found with opencv/opencv#9550: an inverted matte
def test_a_figure_that_only_rounding_leaves_is_printed_as_the_others(case, run_cli):
    done = run_cli("evaluate", "pred", "--alpha", "alpha", "--trimap", "trimap")
    assert done.code == 0
    (row,) = [line.split() for line in done.out.splitlines() if line.startswith("image mean")]
    assert row[-2] == "0.00"  # Grad, before Conn
    assert "2 of 2 mattes fall where the truth rises: they look inverted" in done.out


@case_of("mattes-taken-for-backgrounds")  # PeterL1n/BackgroundMattingV2#114, hustvl/ViTMatte#24
@pytest.mark.parametrize(("folder", "colours", "mattes"), [("A", "fgr", "pha"), ("D", "images", "masks")])
def test_mattes_are_not_taken_for_backgrounds(case, folder, colours, mattes, run_cli):
    pair = f"{colours}/ and {mattes}/ hold pictures of the same names, and those in {mattes}/ are grey"
    for origin, reason in (
        (folder, pair),
        (f"{folder}/{mattes}", "all of its pictures are grey, as mattes are"),
        (f"{folder}/{colours}", f"{mattes}/ beside it holds grey pictures of the same names and sizes"),
    ):
        for words in (
            *([] if origin == folder else [("index", origin)]),
            ("select", "--backgrounds", origin),
            ("build", "out", "--foregrounds", "synthetic:1@96", "--backgrounds", origin, *OWN),
        ):
            done = run_cli(*words)
            assert (done.code, done.out) == (1, "")
            assert done.err.startswith(f"simd: {origin}: {reason}")
            assert "fg/" in done.err
            assert "say so: --background-kind folder" in done.err
    assert not (case / "out").exists()
    done = run_cli("index", folder)
    role = "foregrounds" if colours == "fgr" else "photographs"
    assert done.code == 0
    assert f"taken as {role} in {colours}/, mattes in {mattes}/" in done.out
    assert "backgrounds" not in done.out


@case_of("onnx-channels-last")  # dusty-nv/jetson-inference#1474, onnx/tensorflow-onnx#2360
def test_a_model_with_channels_last_is_called_that(case, run_cli):
    pytest.importorskip("onnxruntime")
    options = ("--backgrounds", "bg", "--per-foreground", "1", *OWN)
    assert run_cli("build", "s", "--foregrounds", "fgs", *options).code == 0
    done = run_cli("predict", "onnx", "s", "--weights", "m.toml", "--out", "o")
    assert done.code == 1
    assert "its input 'x' is (1, any, any, 3), with channels last, as TensorFlow has them" in done.err
    assert "convert it again with the channels first" in done.err
    assert "resize" not in done.err
