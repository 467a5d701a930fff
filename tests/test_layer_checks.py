"""What belongs to one picture is compared: levels with their range, trimap with alpha, two orientations."""

import cv2
import numpy as np
import pytest
from conftest import save, soft_alpha
from PIL import Image

from simd.decoding import turn_upright
from simd.files import read_json_lines
from simd.image import read_alpha
from simd.layer_checks import count_contradictions, differing_orientation, part_of_range
from simd.selection.colour_filters import mismatch_of_orientation


@pytest.mark.parametrize(
    ("levels", "detail", "unscaled"),
    [
        ([0, 1], "holds 0 and 1 of 255 only: a mask that was not scaled?", True),
        ([0, 7, 16], "alpha ends at 16 of 255: levels of fewer bits?", True),
        ([0, 64], "alpha ends at 64 of 255: levels of fewer bits?", True),
        ([0, 65], "alpha ends at 65 of 255", False),
        ([0, 127], "alpha ends at 127 of 255", False),
        ([16, 100, 235], "alpha lies in 16..235 of 255, as in video: not scaled?", True),
    ],
)
def test_levels_of_a_part_of_the_range_are_named(levels, detail, unscaled):
    named = part_of_range(np.array([levels], np.uint8))
    assert (named.detail, named.unscaled) == (detail, unscaled)


@pytest.mark.parametrize("levels", [[0, 255], [0, 0], [0, 168], [7, 200], [40, 255], [0, 250]])
def test_dim_mattes_and_those_that_touch_an_end_are_left_alone(levels):
    assert part_of_range(np.array([levels], np.uint8)) is None
    assert part_of_range(np.array([levels], np.float32) / 255) is None


def test_known_pixels_that_alpha_contradicts_are_counted():
    trimap = np.array([[0, 0, 0, 128, 128, 255, 255, 255]], np.uint8)
    alpha = np.array([[0, 25, 26, 0, 255, 255, 230, 229]], np.uint8)
    assert count_contradictions(alpha, trimap) == 2  # 26 where it is 0, 229 where it is 255
    assert count_contradictions((alpha / 255).astype(np.float32), trimap) == 2


def turned(path, orientation, pixels):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return save(path, pixels, exif=exif)


def test_two_orientations_of_a_pair_are_named(tmp_path):
    colour = turned(tmp_path / "a.jpg", 3, np.zeros((8, 9, 3), np.uint8))
    plain = save(tmp_path / "a.png", np.zeros((8, 9), np.uint8))
    text = differing_orientation(colour, plain)
    assert text.startswith("a.jpg states EXIF orientation 3 and a.png states 1; each is turned")
    assert differing_orientation(plain, plain) == ""
    assert differing_orientation(colour, turned(tmp_path / "b.tif", 3, read_alpha(plain))) == ""


def test_index_names_pairs_of_two_orientations_and_why_their_sizes_differ(tmp_path, run_cli):
    for name, orientation in (("fur_half", 3), ("fur_quarter", 6)):
        turned(tmp_path / "fg" / f"{name}.jpg", orientation, np.zeros((64, 80, 3), np.uint8))
        save(tmp_path / "alpha" / f"{name}.png", soft_alpha())
    done = run_cli("index", tmp_path)
    assert "fur_half.jpg states EXIF orientation 3 and fur_half.png states 1" in done.out
    assert "never resized to fit. fur_quarter.jpg states EXIF orientation 6 and" in done.out


def test_select_names_levels_and_orientation(tmp_path, run_cli):
    alpha, colour = soft_alpha(), np.full((64, 80, 3), 90, np.uint8)
    levels = {
        "fur_mask": (alpha >= 128).astype(np.uint8),
        "fur_twelve": alpha // 16,
        "fur_video": (16 + alpha * (219 / 255)).astype(np.uint8),
        "fur_dim": alpha // 2,
    }
    for name, matte in levels.items():
        save(tmp_path / "fgs" / "fg" / f"{name}.png", colour)
        save(tmp_path / "fgs" / "alpha" / f"{name}.png", matte)
    turned(tmp_path / "fgs" / "fg" / "fur_half.jpg", 3, colour)
    save(tmp_path / "fgs" / "alpha" / "fur_half.png", alpha)
    done = run_cli("select", tmp_path / "fgs", "--out", tmp_path / "kept.jsonl", "--allow", "duplicate")
    for line in (
        "range    fur_mask: holds 0 and 1 of 255 only: a mask that was not scaled?",
        "range    fur_twelve: alpha ends at 15 of 255: levels of fewer bits?",
        "range    fur_video: alpha lies in 16..235 of 255, as in video: not scaled?",
    ):
        assert line in done.out
    rows = {row["id"]: row for row in read_json_lines(tmp_path / "kept.jsonl")}
    reasons = {id_: {finding["reason"] for finding in rows[id_]["findings"]} for id_ in rows}
    assert "faint" in reasons["fur_dim"]
    assert "orientation" in reasons["fur_half"]


@pytest.mark.parametrize("orientation", range(2, 9))
def test_select_tells_a_matte_of_the_stored_rows_from_one_of_the_upright_picture(orientation):
    y, x = np.mgrid[:128, :128]
    hook = np.hypot(y - 40, x - 90) < 25  # a shape that every turn and mirror changes
    hook |= (np.abs(x - 70) < 8) & (y > 30) & (y < 110)
    alpha = cv2.GaussianBlur(hook * np.uint8(255), (0, 0), 1.2)
    colour = np.where(alpha[..., None] > 127, (220, 120, 60), (40, 60, 90)).astype(np.uint8)
    upright = turn_upright(colour, orientation), turn_upright(alpha, orientation)
    finding = mismatch_of_orientation(upright[0], alpha, orientation)
    assert finding.reason == "mismatch"
    assert f"turned by the EXIF orientation {orientation} of the colour" in finding.detail
    assert mismatch_of_orientation(*upright, orientation) is None


def test_import_names_trimaps_and_orientations_that_contradict(tmp_path, run_cli):
    alpha = soft_alpha()
    root = tmp_path / "aim"
    trimap = np.where((alpha > 0) & (alpha < 255), 128, alpha)
    for number, orientation in ((0, 3), (1, 1)):
        stem = f"o_{number:08}"
        turned(root / "original" / f"{stem}.jpg", orientation, np.full((64, 80, 3), 90, np.uint8))
        save(root / "mask" / f"{stem}.png", alpha)
        save(root / "trimap" / f"{stem}.png", trimap.astype(np.uint8) if number else 255 - trimap // 2 * 2)
    spoiled = trimap.astype(np.uint8)
    spoiled[:2, :3] = 255
    save(root / "trimap" / "o_00000000.png", spoiled)
    done = run_cli("import", root, tmp_path / "set", "--class", "fur")
    assert done.code == 0
    assert "1 of 2 alphas contradict their trimaps, in 6 known pixels (more than 25 of 255 levels" in done.err
    assert "most of all o_00000000 with 6" in done.err
    assert "o_00000000: o_00000000.jpg states EXIF orientation 3 and o_00000000.png states 1" in done.err


def test_evaluate_takes_the_alpha_of_cutouts_and_names_what_is_strange(tmp_path, run_cli):
    alpha = soft_alpha()
    trimap = np.where((alpha > 0) & (alpha < 255), 128, alpha).astype(np.uint8)
    colour = np.full((64, 80, 3), 90, np.uint8)
    predictions = {
        "cutout": np.dstack([colour, alpha]),
        "mask": (alpha >= 128).astype(np.uint8),
        "half": alpha // 2,
        "good": alpha,
    }
    for name, pixels in predictions.items():
        save(tmp_path / "pred" / f"{name}.png", pixels)
        save(tmp_path / "alpha" / f"{name}.png", alpha)
        save(tmp_path / "trimap" / f"{name}.png", trimap)
    trimap[0, :7] = 255
    save(tmp_path / "trimap" / "good.png", trimap)
    folders = ("--alpha", tmp_path / "alpha", "--trimap", tmp_path / "trimap", "--out", tmp_path / "scores")
    done = run_cli("evaluate", tmp_path / "pred", *folders)
    assert done.code == 0
    text = " ".join(done.out.split())
    assert "1 of 4 predictions, as cutout: is a cut-out, of which the alpha is scored." in text
    assert "1 of 4 predictions, as mask: holds 0 and 1 of 255 only: a mask that was not scaled?" in text
    assert "1 of 4 predictions, as half: alpha ends at 127 of 255." in text
    assert "1 of 4 true mattes contradict their trimaps, in 7 known pixels" in text
    rows = (tmp_path / "scores.csv").read_text().splitlines()
    cutout = next(row for row in rows if row.startswith("cutout,"))
    good = next(row for row in rows if row.startswith("good,"))
    assert cutout.split(",")[4:] == good.replace("good", "cutout").split(",")[4:]


def test_backgrounds_with_transparency_are_refused(tmp_path, run_cli, foregrounds):
    pixels = np.full((90, 90, 4), 255, np.uint8)
    save(tmp_path / "bg" / "opaque.png", pixels)
    pixels[4, 4, 3] = 0
    save(tmp_path / "bg" / "hole.png", pixels)
    done = run_cli("index", tmp_path / "bg", "--kind", "folder", "--decode")
    assert "hole.png: has transparency, and a photograph is whole" in done.out + done.err
    assert "alpha channel passed over: 2, as hole.png" in done.out


def test_formats_that_are_passed_over_are_counted(tmp_path, run_cli):
    save(tmp_path / "a" / "fur_a.png", np.dstack([np.full((64, 80, 3), 90, np.uint8), soft_alpha()]))
    (tmp_path / "a" / "fur_b.psd").touch()
    done = run_cli("index", tmp_path / "a")
    assert "images of formats that are not read: 1 .psd (Photoshop: " in done.out
    assert "extra fur_b.psd: belongs to nothing" in done.out
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "fur_b.exr").touch()
    done = run_cli("index", tmp_path / "b")
    assert done.code == 1
    assert "no known layout of foregrounds; it holds images of formats that are not read: 1 .exr" in done.err


def test_a_trimap_without_unknown_pixels_is_called_that(tmp_path, run_cli):
    alpha = soft_alpha()
    save(tmp_path / "aim" / "original" / "o_00000001.jpg", np.full((64, 80, 3), 90, np.uint8))
    save(tmp_path / "aim" / "mask" / "o_00000001.png", alpha)
    path = tmp_path / "aim" / "trimap" / "o_00000001.png"
    save(path, np.where(alpha >= 128, 255, 0).astype(np.uint8))
    done = run_cli("import", tmp_path / "aim", tmp_path / "out", "--class", "fur")
    assert "its trimap has no unknown pixel (128), so there is nothing to estimate" in done.err
    save(path, np.digitize(alpha, [1, 255]).astype(np.uint8))
    done = run_cli("import", tmp_path / "aim", tmp_path / "out2", "--class", "fur")
    assert "They look like the indices of three regions, all of which --map-trimaps would make" in done.err
