"""Situations that users of other tools reported, each with its command: tests/cases/README.md."""

import base64
import io
import json
import shutil
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simd.errors import DataError
from simd.image import encode_png
from simd.tagging.annotation_files import PALETTE, find_annotations, read_annotation
from simd.tagging.formats import FORMATS
from simd.tagging.formats.labelled import Labelled, class_names
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
    assert "label 'Haar' is not a class" in words
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
            "ellipselabels (1), polygonlabels (1)",
        ),
        (
            *("ls-other-regions-dropped-silently", "export.json", "fur_ferret", FERRET),
            "ellipselabels (1), polygonlabels (1); masks without a label were left out (1)",
        ),
    ],
)
def test_what_is_no_mask_is_named_and_the_mask_is_written(name, file, foreground, size, left_out, case, take):
    code, words, masks = take(case(name, **{foreground: size}), file, "label-studio")
    assert (code, list(counts(masks[foreground]))) == (1, ["fur"])
    assert f"{foreground}.png: what is not a mask was left out: {left_out}" in words
    assert "1 of 1 masks are not complete (1 are written):" in words


def test_a_pixel_is_of_the_stroke_that_covers_at_least_half_of_it(case, take):
    code, words, masks = take(
        case("ls-soft-strokes", **{"fur_lemur.v2": (151, 97)}), "export.json", "label-studio"
    )
    assert (code, words) == (0, "")
    # By decode_rle of label-studio-sdk 2.1.2: 189 and 191 pixels are covered by half, 5 of them by both;
    # where each covers more it is 188 and 187, and nowhere do the two cover alike.
    assert counts(masks["fur_lemur.v2"]) == {"fur": 188, "hair_hard": 187}


def test_json_min_is_read(case, take):
    folder = case("ls-json-min", fur_ferret=FERRET)
    code, words, masks = take(folder, "export.json", "label-studio")
    assert code == 1
    assert (
        "what is not a mask was left out: ellipselabels (1), polygonlabels (1); masks without a label"
        in words
    )
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
    code, _, masks = take(folder, "export.json", "label-studio")
    assert (code, list(masks)) == (0, ["ferret"])  # a foreground may be tagged before it has a class
    _, _, masks = take(folder, "export.json", "label-studio", "--classes", folder / "classes.csv")
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


def test_grey_values_that_fit_colours_of_the_label_map_are_colours(case, take):
    folder = case("cvat-grey-label-colours", fur_cat=SMALL, fur_dog=SMALL)
    code, words, masks = take(folder, "masks.zip", "cvat-mask")
    assert (code, words) == (0, "")
    assert {key: counts(mask) for key, mask in masks.items()} == {
        "fur_cat": {"fur": 400},
        "fur_dog": {"net": 400},
    }


def test_a_bare_list_of_masks_is_refused_in_plain_words(case, take):
    code, words, masks = take(case("coco-list-of-run-lengths", fur_cat=SMALL), "sam.json", "coco")
    assert (code, masks) == (1, {})
    assert "is a bare list of masks, as segment-anything and COCO results have it" in words


def test_a_mask_shape_of_labelme_is_read_and_its_polygon_named(case, take):
    folder = case("labelme", fur_ferret=FERRET)
    code, words, masks = take(folder, "fur_ferret.json", "labelme")
    assert code == 1
    assert "fur_ferret.png: what is not a mask was left out: polygon (1)" in words
    (shape,) = [s for s in json.loads((folder / "fur_ferret.json").read_text())["shapes"] if s["mask"]]
    inside = np.asarray(Image.open(io.BytesIO(base64.b64decode(shape["mask"]))))
    (left, top), (right, bottom) = np.array(shape["points"], int)
    expected = np.zeros(FERRET, bool)
    expected[top : bottom + 1, left : right + 1] = inside
    assert np.array_equal(masks["fur_ferret"] == CLASSES.index("fur"), expected)
    assert 0 < expected.sum() < (bottom - top + 1) * (right - left + 1)


def coco_file(folder, images, annotations, categories=((3, "fur"),)):
    content = {
        "images": [{"id": n, "file_name": name, "height": 64, "width": 80} for n, name in images],
        "annotations": annotations,
        "categories": [{"id": n, "name": name} for n, name in categories],
    }
    (folder / "coco.json").write_text(json.dumps(content))


BLOCK = {"category_id": 3, "segmentation": {"size": [64, 80], "counts": [0, 400, 4720]}}
BOX = {"category_id": 3, "bbox": [1, 2, 3, 4]}


def test_every_annotation_of_coco_is_taken_or_named(tmp_path, take):
    draw(tmp_path, {"fur_cat": SMALL, "fur_dog": SMALL, "fur_fox": SMALL})
    images = [(1, "fur_cat.png"), (2, "fur_dog.png"), (3, "fur_fox.png"), (4, "a.png"), (4, "b.png")]
    rows = [BLOCK | {"image_id": 1}, BOX | {"image_id": 1}, BOX | {"image_id": 2}, BLOCK | {"image_id": 9}]
    coco_file(tmp_path, images, rows)
    code, words, masks = take(tmp_path, "coco.json", "coco")
    assert (code, {key: counts(mask) for key, mask in masks.items()}) == (1, {"fur_cat": {"fur": 400}})
    assert [line.strip() for line in words.splitlines()] == [
        "simd: 6 of 6 masks are not complete (1 are written):",
        "fur_cat.png: 1 of 2 annotations hold no mask (but a box, for instance) and were left out",
        "fur_dog.png: 1 of 1 annotations hold no mask (but a box, for instance) and were left out",
        "fur_fox.png: no pixel of it has a class: it may not be annotated yet; nothing was written",
        "a.png: 2 images have the id 4",
        "b.png: 2 images have the id 4",
        "annotation (without id): is of image 9, which is not listed",
    ]


def test_an_image_without_annotations_never_wipes_a_finished_mask(tmp_path, take):
    draw(tmp_path, {"fur_cat": SMALL})
    coco_file(tmp_path, [(1, "fur_cat.png")], [BLOCK | {"image_id": 1}])
    assert take(tmp_path, "coco.json", "coco")[0] == 0
    coco_file(tmp_path, [(1, "fur_cat.png")], [])
    code, words, masks = take(tmp_path, "coco.json", "coco", "--replace")
    assert (code, counts(masks["fur_cat"])) == (1, {"fur": 400})
    assert "it may not be annotated yet; nothing was written" in words


def test_two_categories_of_one_id_are_refused(tmp_path, take):
    draw(tmp_path, {"fur_cat": SMALL})
    coco_file(tmp_path, [(1, "fur_cat.png")], [BLOCK | {"image_id": 1}], [(3, "fur"), (3, "net")])
    code, words, masks = take(tmp_path, "coco.json", "coco")
    assert (code, masks) == (1, {})
    assert "category 3 is 'fur' and 'net'; ids must differ" in words


def test_images_of_one_name_are_each_named(tmp_path, take):
    draw(tmp_path, {"fur_cat": SMALL})
    rows = [BLOCK | {"image_id": n} for n in (1, 2)]
    coco_file(tmp_path, [(1, "dog.png"), (2, "dog.png")], rows)
    code, words, _ = take(tmp_path, "coco.json", "coco")
    assert code == 1
    assert "2 of 2 masks failed (0 are done):" in words
    assert "  dog.png: no foreground" in words
    assert "  dog.png (2): no foreground" in words


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"predictions": [{"result": []}]}, "has predictions only, which nobody has accepted"),
        ({"annotations": [{"was_cancelled": True, "result": []}]}, "was skipped by the annotator"),
        ({"annotations": []}, "has no annotation"),
    ],
)
def test_a_task_without_masks_says_why(task, reason, tmp_path, take):
    draw(tmp_path, {"fur_cat": SMALL})
    (tmp_path / "tasks.json").write_text(json.dumps([{"data": {"image": "fur_cat.png"}, **task}]))
    code, words, masks = take(tmp_path, "tasks.json", "label-studio")
    assert (code, masks) == (1, {})
    assert f"fur_cat.png: {reason}" in words or f"its annotation {reason}" in words


FUR = np.where(np.arange(12 * 10).reshape(12, 10) % 7 < 3, 3, 0).astype(np.uint8)


@pytest.mark.parametrize(
    "targets",
    [
        {"3": "fur"},
        {"3": {"label": "fur", "color": "#ff0000"}},
        {"ground_truth": {"3": "fur"}},
        {"mask_targets": {"ground_truth": {"3": "fur"}}, "default_mask_targets": {}},
        {"mask_targets": {}, "default_mask_targets": {"3": "fur"}},
        {"#030303": "fur"},
        {"#030303": {"label": "fur", "int_target": 1}},
    ],
)
def test_every_form_of_mask_targets_is_read(targets, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "mask_targets.json").write_text(json.dumps(targets))
    Image.fromarray(FUR).save(tmp_path / "labels" / "a.png")
    (found,) = FORMATS["fiftyone"].read(tmp_path, class_names({}))
    assert (found.name, found.remarks) == ("a", ())
    assert np.array_equal(found.class_mask == CLASSES.index("fur"), FUR == 3)


@pytest.mark.parametrize(
    ("file", "mode"), [("a.png", "RGB"), ("a.webp", "RGB"), ("a.tif", "L"), ("a.png", "P")]
)
def test_a_mask_written_anew_in_another_container_or_mode_is_the_same(file, mode, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "mask_targets.json").write_text('{"3": "fur"}')
    image = Image.fromarray(FUR)
    if mode == "P":
        image.putpalette(b"\x80\0\0" * 256)
    image = image if mode == "P" else image.convert(mode)
    image.save(tmp_path / "labels" / file, **({"lossless": True} if file.endswith("webp") else {}))
    (found,) = FORMATS["fiftyone"].read(tmp_path, class_names({}))
    assert (found.name, found.remarks) == ("a", ())
    assert np.array_equal(found.class_mask == CLASSES.index("fur"), FUR == 3)


def test_masks_in_parquet_are_grey_and_the_indexed_ones_of_before_are_read(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    pytest.importorskip("datasets", reason="datasets is not installed")
    FORMATS["parquet"].write([Labelled("a", FUR)], tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet")
    image = Image.open(io.BytesIO(table["class_mask"][0].as_py()["bytes"]))
    assert image.mode == "L"
    assert np.array_equal(
        np.asarray(image.convert("L")), FUR
    )  # what a library makes of it that asks for grey
    rows = table.to_pylist()
    rows[0]["class_mask"]["bytes"] = encode_png(FUR, PALETTE)
    parquet.write_table(pa_table(rows, table.schema), tmp_path / "old.parquet")
    (found,) = FORMATS["parquet"].read(tmp_path / "old.parquet", class_names({}))
    assert np.array_equal(found.class_mask, FUR)


def pa_table(rows, schema):
    import pyarrow

    return pyarrow.Table.from_pylist(rows, schema=schema)


def test_a_file_of_another_format_is_named(case, take):
    code, words, _ = take(case("labelme", fur_ferret=FERRET), "fur_ferret.json", "coco")
    assert code == 1
    assert "fur_ferret.json: is not what a COCO file has: lacks 'categories'" in words


def test_foregrounds_that_an_export_lacks_are_named_and_their_masks_written(case, run_cli):
    folder = case("ls-export-has-no-url", fur_ferret=FERRET)
    arguments = ("tag", "export", folder / "tags", "--format", "coco", "--out", folder / "x.json")
    done = run_cli(*arguments, "--foregrounds", folder / "fgs")
    assert done.code == 1
    assert "4 of 5 masks are not complete (5 are written):" in done.err
    assert "fur_lemur.v2: written without the name of its image: no foreground of" in done.err
    assert len(json.loads((folder / "x.json").read_text())["images"]) == 5


@pytest.mark.parametrize(
    ("targets", "reason"),
    [
        ({"a": {"3": "fur"}, "b": {"3": "net"}}, "has targets of 2 fields; keep those of the field exported"),
        ({"3": "fur", "#030303": "fur"}, "names numbers and colours; masks hold one or the other"),
        ({"#0303": "fur"}, "is not what a table of mask targets has"),
        ([], "is not what a table of mask targets has"),
    ],
)
def test_mask_targets_that_say_two_things_are_refused(targets, reason, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "mask_targets.json").write_text(json.dumps(targets))
    with pytest.raises(DataError, match=rf"mask_targets\.json: {reason}"):
        list(FORMATS["fiftyone"].read(tmp_path, class_names({})))


def test_images_that_an_export_lists_without_a_mask_are_named(tmp_path, take):
    draw(tmp_path, {"fur_cat": SMALL, "fur_dog": SMALL})
    mask = Labelled("fur_cat", np.full(SMALL, 2, np.uint8))
    FORMATS["cvat-mask"].write([mask], tmp_path / "masks.zip")
    with zipfile.ZipFile(tmp_path / "masks.zip", "a") as archive:
        archive.writestr("ImageSets/Segmentation/train.txt", "fur_cat\nfur_dog\n")
    code, words, masks = take(tmp_path, "masks.zip", "cvat-mask")
    assert (code, list(masks)) == (1, ["fur_cat"])
    assert "fur_dog: is listed in ImageSets/Segmentation/ and has no mask in SegmentationClass/" in words
    FORMATS["fiftyone"].write([mask], tmp_path / "fo")
    shutil.copytree(tmp_path / "fgs", tmp_path / "fo" / "data")
    code, words, masks = take(tmp_path, "fo", "fiftyone", out="tags2")
    assert (code, list(masks)) == (1, ["fur_cat"])
    assert "fur_dog.png: has an image in data/ and no label in labels/" in words


def test_a_label_that_a_region_has_twice_is_one_label(case, take):
    folder = case("labelstudio-local-files", fur_cat=SMALL)
    text = (folder / "tasks.json").read_text()
    assert '["fur"]' in text
    (folder / "tasks.json").write_text(text.replace('["fur"]', '["fur", "fur"]'))
    code, words, masks = take(folder, "tasks.json", "label-studio")
    assert (code, words, counts(masks["fur_cat"])) == (0, "", {"fur": 400})
