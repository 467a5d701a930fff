"""COCO: pycocotools draws the class masks from the regions; without alpha and trimap beside it is no set."""

import json
import shutil

import numpy as np
import pytest
from conftest import restated, save

from simd.composition.export import export
from simd.composition.import_finished import import_set
from simd.dataset.manifest import load_set
from simd.errors import BatchError, DataError
from simd.taxonomy import CLASSES, NO_CLASS

FILE = "annotations/instances_train.json"


@pytest.fixture
def exported(tiny_set, tmp_path):
    """Return a set of six, one with the regions of all 20 classes, and its export."""
    mask = np.full((64, 80), NO_CLASS, np.uint8)
    mask[:60, :40] = np.repeat(np.arange(20, dtype=np.uint8), 3)[:, None]
    mask[::7, ::5] = NO_CLASS
    save(tiny_set.path / "class_mask" / f"{tiny_set.rows[0].id}.png", mask)
    made = restated(tiny_set)
    export(made, tmp_path / "out", to="coco", any_licence=True)
    return load_set(made.path), tmp_path / "out"


def changed(out, change):
    content = json.loads((out / FILE).read_text())
    change(content)
    (out / FILE).write_text(json.dumps(content))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_draws_the_class_masks(exported, capsys):
    coco_module = pytest.importorskip("pycocotools.coco", reason="pycocotools is not installed")
    made, out = exported
    coco = coco_module.COCO(str(out / FILE))
    capsys.readouterr()
    assert [coco.cats[number]["name"] for number in range(1, 21)] == list(CLASSES)
    assert len(coco.imgs) == len(made)
    assert len(coco.anns) == 20 + 5
    for image, sample in zip(coco.loadImgs(coco.getImgIds()), made, strict=True):
        assert (image["height"], image["width"]) == sample.size
        assert (out / image["file_name"]).read_bytes() == sample.path("image").read_bytes()
        assert (out / image["alpha_file_name"]).read_bytes() == sample.path("alpha").read_bytes()
        assert (out / image["trimap_file_name"]).read_bytes() == sample.path("trimap").read_bytes()
        mask = np.full(sample.size, NO_CLASS, np.uint8)
        for row in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            region = coco.annToMask(row).astype(bool)
            assert row["area"] == region.sum()
            y, x = np.nonzero(region)
            assert row["bbox"] == [x.min(), y.min(), np.ptp(x) + 1, np.ptp(y) + 1]
            mask[region] = CLASSES.index(coco.cats[row["category_id"]]["name"])
        assert np.array_equal(mask, sample.class_mask)


def test_a_mask_of_all_classes_comes_back(exported, tmp_path):
    made, out = exported
    assert import_set(out, tmp_path / "back").digest == made.digest


def test_a_coco_file_of_others_is_no_set(exported, tmp_path):
    _, out = exported
    (out / "export.json").unlink()
    message = r"holds no set: a COCO file has regions, and no alpha; what simd export has written"
    with pytest.raises(DataError, match=message):
        import_set(out, tmp_path / "back", kind="coco")


@pytest.mark.parametrize("layer", ["alpha", "trimap"])
def test_without_alpha_or_trimap_beside_it_is_refused(exported, tmp_path, layer):
    made, out = exported
    shutil.move(out / layer, tmp_path / "away")
    first = made.rows[0].id
    message = (
        rf"6 of 6 images failed(.|\n)*{out / layer / first}.png: is missing; a COCO file holds no mattes"
    )
    with pytest.raises(BatchError, match=message):
        import_set(out, tmp_path / "back")
    assert not (tmp_path / "back").exists()
    shutil.move(tmp_path / "away", out / layer)
    changed(out, lambda content: [image.pop(f"{layer}_file_name") for image in content["images"]])
    with pytest.raises(
        BatchError, match=rf"{layer}_file_name must be {layer}/{first}\.png; a COCO file holds"
    ):
        import_set(out, tmp_path / "back")


def drop(content):
    del content["images"][2]


def double(content):
    content["images"].append(content["images"][0] | {"id": 99})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["info"].update(set="0" * 64), r"is of another set \(digest 000000000000\)"),
        (drop, r"1 of 6 images failed \(5 are done\)(.|\n)*has no image of it"),
        (double, r"the image stands twice"),
        (lambda content: content["images"][1].update(id=1), "two images have the id 1"),
        (lambda content: content["images"][0].pop("row"), "a JSON object is expected, this is a NoneType"),
        (lambda content: content.pop("categories"), "the key 'categories' is missing"),
        (lambda content: content["images"][0].update(file_name="../x.png"), "file_name must be image/"),
        (
            lambda content: content["annotations"][3]["segmentation"].update(counts="01"),
            r"run lengths do not add up to the 5120 pixels",
        ),
        (
            lambda content: content["annotations"].pop(3),
            "class_mask: its pixels are not those that were built",
        ),
        (
            lambda content: content["annotations"][3]["segmentation"].update(size=[80, 64]),
            "is 80 x 64, its image is another size",
        ),
    ],
)
def test_what_was_changed_is_named(exported, tmp_path, change, message):
    _, out = exported
    changed(out, change)
    with pytest.raises(BatchError, match=message):
        import_set(out, tmp_path / "back")


def test_a_file_cut_short_is_no_json(exported, tmp_path):
    made, out = exported
    whole = (out / FILE).read_bytes()
    (out / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BatchError, match=r"instances_train\.json: is not JSON"):
        import_set(out, tmp_path / "back")
    (out / FILE).unlink()
    with pytest.raises(BatchError, match=r"instances_train\.json: no such file"):
        import_set(out, tmp_path / "back")
    (out / FILE).write_bytes(whole)
    assert import_set(out, tmp_path / "back").digest == made.digest


def test_shards_are_of_other_formats(exported, tmp_path):
    made, _ = exported
    with pytest.raises(DataError, match=r"--shards 2: coco is not cut into shards; leave it out"):
        export(made, tmp_path / "more", to="coco", any_licence=True, shards=2)
