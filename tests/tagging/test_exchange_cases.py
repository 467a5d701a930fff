"""Situations that users of other tools reported, each with its command: tests/cases/README.md."""

import json
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simd.tagging.annotation_files import find_annotations, read_annotation
from simd.taxonomy import CLASSES, NO_CLASS

CASES = Path(__file__).parent.parent / "cases"
SMALL, FERRET = (64, 80), (203, 301)  # (H, W)


@pytest.fixture
def case(tmp_path, request):
    """Copy the case that a test is marked with to a fresh folder, and draw the foregrounds it names."""

    def copy(name, **foregrounds):
        folder = tmp_path / name
        shutil.copytree(CASES / name, folder)
        draw(folder, foregrounds)
        return folder

    return copy


def draw(folder, foregrounds):
    """Draw cut-outs by name; the case's own are not ours to ship."""
    (folder / "fgs").mkdir(exist_ok=True)
    for name, (height, width) in foregrounds.items():
        rng = np.random.default_rng(len(name))
        pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "fgs" / f"{name}.png")


@pytest.fixture
def take(run_cli):
    """Return what runs `simd tag import`, and gives its exit code, its words, and the masks by foreground."""

    def call(folder, file, format_, *options, out="tags"):
        place = folder / out
        arguments = ("--format", format_, "--out", place, "--foregrounds", folder / "fgs")
        done = run_cli("tag", "import", folder / file, *arguments, *options)
        found = find_annotations(place) if place.is_dir() else {}
        return done.code, done.err, {fg_id: read_annotation(path)[1] for fg_id, path in found.items()}

    return call


def counts(mask):
    """Return how many pixels of a mask each class has."""
    numbers, pixels = np.unique(mask[mask != NO_CLASS], return_counts=True)
    return {CLASSES[n]: count for n, count in zip(numbers.tolist(), pixels.tolist(), strict=True)}


@pytest.mark.parametrize(
    ("name", "file", "format_"),
    [
        ("coco-list-of-run-lengths", "coco.json", "coco"),
        ("coco-windows-paths", "coco.json", "coco"),
        ("coco-windows-paths", "coco2.json", "coco"),
        ("coco-windows-paths", "coco3.json", "coco"),
        ("labelstudio-local-files", "tasks.json", "label-studio"),
        ("labelstudio-short-upload-prefix", "tasks.json", "label-studio"),
        ("macos-sidecars", "masks.zip", "cvat-mask"),
        ("macos-sidecars", "fo", "fiftyone"),
    ],
)
def test_one_mask_is_imported(name, file, format_, case, take):
    code, words, masks = take(case(name, fur_cat=SMALL), file, format_)
    assert (code, words) == (0, "")
    assert {key: counts(mask) for key, mask in masks.items()} == {"fur_cat": {"fur": 400}}


def test_names_are_percent_decoded(case, take):
    folder = case("labelstudio-encoded-names", **{"fur_café": SMALL, "fur_my cat": SMALL, "net_a+b": SMALL})
    code, _, masks = take(folder, "tasks.json", "label-studio")
    assert (code, sorted(masks)) == (0, ["fur_café", "fur_my cat", "net_a+b"])


def test_the_image_is_found_under_another_key(case, take):
    folder = case("labelstudio-other-data-key", fur_cat=SMALL, fur_dog=SMALL)
    code, _, masks = take(folder, "tasks.json", "label-studio")
    assert (code, sorted(masks)) == (0, ["fur_cat", "fur_dog"])


def test_data_without_an_image_says_which_keys_there_are(case, take):
    folder = case("labelstudio-other-data-key", fur_cat=SMALL)
    tasks = json.loads((folder / "tasks.json").read_text())
    tasks[0]["data"] = {"text": "a cat", "price": 3}
    (folder / "tasks.json").write_text(json.dumps(tasks[:1]))
    code, words, masks = take(folder, "tasks.json", "label-studio")
    assert (code, masks) == (1, {})
    assert "has 0 images and no member 'image' that says which; it has text, price" in words


def test_a_date_in_a_name_is_no_prefix_of_an_upload(case, take):
    folder = case("labelstudio-dates-in-names", **{"fur_0745": SMALL, "fur_20230611-0745": SMALL})
    code, _, masks = take(folder, "tasks.json", "label-studio")
    assert (code, list(masks)) == (0, ["fur_20230611-0745"])
    folder = case("ls-date-in-name", **{"fur_20231105-cat": FERRET, "fur_cat": FERRET})
    code, _, masks = take(folder, "export.json", "label-studio")
    assert (code, list(masks)) == (0, ["fur_20231105-cat"])
    (folder / "fgs" / "fur_20231105-cat.png").unlink()
    code, words, masks = take(folder, "export.json", "label-studio", out="tags2")
    assert (code, masks) == (1, {})
    assert "fur_20231105-cat.png: no foreground of that name is known; none in the folder has it" in words


@pytest.mark.parametrize("export", ["upload", "upload-spaces", "local-files"])
def test_names_that_the_server_changed_are_found(export, case, take):
    folder = case("ls-file-names", **{"insect_fly café": (201, 201), "smoke_cloud two (2)": (240, 320)})
    code, _, masks = take(folder, f"{export}.json", "label-studio")
    assert (code, list(masks)) == (0, ["insect_fly café" if export == "upload" else "smoke_cloud two (2)"])


def test_a_dot_in_a_name_never_leads_to_another_foreground(case, take):
    code, words, masks = take(case("cvat-dotted-name-of-another", fur_v1=SMALL), "masks.zip", "cvat-mask")
    assert (code, masks) == (1, {})
    assert "fur_v1.2: no foreground of that name is known" in words


def test_both_unicode_forms_of_a_name_are_the_same_name(case, take):
    folder = case("unicode-forms-of-a-name", **{unicodedata.normalize("NFD", "fur_café"): SMALL})
    code, _, masks = take(folder, "tasks.json", "label-studio")
    assert code == 0
    assert [unicodedata.normalize("NFC", name) for name in masks] == ["fur_café"]


def test_a_failed_import_does_not_stand_in_the_way_of_the_one_it_advises(case, take):
    folder = case("rename-after-a-failed-import", fur_cat=SMALL)
    code, words, masks = take(folder, "tasks.json", "label-studio")
    assert (code, masks) == (1, {})
    assert "label 'Haar' is no class" in words
    assert "--rename LABEL=CLASS" in words
    code, words, masks = take(folder, "tasks.json", "label-studio", "--rename", "Haar=fur")
    assert (code, words, counts(masks["fur_cat"])) == (0, "", {"fur": 400})


@pytest.mark.parametrize(
    ("name", "file", "foreground", "size", "left_out"),
    [
        (
            "labelstudio-brush-beside-shapes",
            "tasks.json",
            "fur_cat",
            SMALL,
            "1 ellipselabels, 1 polygonlabels",
        ),
        (
            *("ls-other-regions-dropped-silently", "export.json", "fur_ferret", FERRET),
            "1 ellipselabels, 1 polygonlabels; 1 masks without a label were left out",
        ),
    ],
)
def test_what_is_no_mask_is_named_and_the_mask_is_written(name, file, foreground, size, left_out, case, take):
    code, words, masks = take(case(name, **{foreground: size}), file, "label-studio")
    assert (code, list(counts(masks[foreground]))) == (1, ["fur"])
    assert f"{foreground}.png: what is no mask was left out: {left_out}" in words
    assert "0 of 1 masks failed (1 are done, 1 of them not in all):" in words


def test_a_pixel_is_of_the_stroke_that_covers_at_least_half_of_it(case, take):
    code, words, masks = take(
        case("ls-soft-strokes", **{"fur_lemur.v2": (151, 97)}), "export.json", "label-studio"
    )
    assert (code, words) == (0, "")
    # 189 and 191 pixels are covered by half or more, 5 of them by both strokes, which go to the larger cover
    assert counts(masks["fur_lemur.v2"]) == {"fur": 188, "hair_hard": 187}


def test_json_min_is_read(case, take):
    folder = case("ls-json-min", fur_ferret=FERRET)
    code, words, masks = take(folder, "export.json", "label-studio")
    assert code == 1
    assert "what is no mask was left out: 1 ellipselabels, 1 polygonlabels; 1 masks without a label" in words
    assert list(counts(masks["fur_ferret"])) == ["fur", "hair_hard"]


@pytest.mark.parametrize("labels", ["labels-and-brush", "labels-and-magic-wand", "bitmasklabels"])
def test_every_control_that_draws_masks_is_read(labels, case, take):
    folder = case("ls-labels-with-brush", fur_ferret=FERRET)
    code, words, masks = take(folder, f"{labels}.json", "label-studio")
    assert (code, words) == (0, "")
    mask = masks["fur_ferret"]
    expected = {  # what the server itself exports as PNG; it gives none of bitmasks
        "labels-and-brush": {
            "fur": "task-26-annotation-22-by-1-classes-fur-0.png",
            "hair_hard": "task-26-annotation-22-by-1-classes-hair_hard-0.png",
        },
        "labels-and-magic-wand": {"fur": "labels-and-magic-wand-fur.png"},
        "bitmasklabels": {},
    }[labels]
    for class_, file in expected.items():
        cover = np.asarray(Image.open(folder / file))
        assert np.array_equal(mask == CLASSES.index(class_), cover > 127)
    assert set(counts(mask)) == set(expected) if expected else {"fur", "hair_hard"}


def test_classes_are_named_where_foregrounds_say_none(case, take):
    folder = case("foregrounds-without-class", ferret=FERRET)
    code, words, masks = take(folder, "export.json", "label-studio")
    assert (code, masks) == (1, {})
    assert (
        "its foreground is broken: 'ferret' is in no CSV file and does not begin with the name of a class"
        in words
    )
    code, words, masks = take(folder, "export.json", "label-studio", "--classes", folder / "classes.csv")
    assert list(masks) == ["ferret"]


def test_an_export_says_where_the_server_has_the_images(case, run_cli):
    folder = case("ls-export-has-no-url", fur_ferret=FERRET)
    out = folder / "x.json"
    arguments = ("tag", "export", folder / "tags", "--format", "label-studio", "--out", out)
    run_cli(*arguments, "--image-url", "/data/local-files/?d=my set/")
    images = [task["data"]["image"] for task in json.loads(out.read_text())]
    assert "/data/local-files/?d=my set/fur_ferret.png" in images
    done = run_cli(
        "tag", "export", folder / "tags", "--format", "coco", "--out", folder / "y", "--image-url", "x"
    )
    assert (done.code, done.err) == (
        1,
        "simd: coco has no place for the address of an image; label-studio has\n",
    )
