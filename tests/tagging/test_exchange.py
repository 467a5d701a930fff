"""Annotations to other tools and back without losing a pixel, and from files that other tools wrote."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from simd.addresses import AddressBook, Known
from simd.errors import BatchError, DataError
from simd.run_lengths import coco_text, line_of, runs_of, runs_of_coco_text
from simd.tagging.annotation_files import find_annotations, make_annotation, read_annotation, write_annotation
from simd.tagging.formats import FORMATS, find_format
from simd.tagging.formats.brush_strokes import decode, encode
from simd.tagging.formats.convert import export_annotations, import_annotations
from simd.tagging.formats.known import KnownForegrounds
from simd.tagging.formats.labelled import Labelled, class_names
from simd.taxonomy import CLASSES

GOLDEN = Path(__file__).parent.parent / "golden" / "exchange"
NAMES = class_names({})
INDICES = [*range(20), 255]

shapes = st.one_of(
    st.tuples(st.integers(1, 13), st.integers(1, 13)),
    st.tuples(st.just(1), st.integers(1, 200)),
    st.tuples(st.integers(1, 200), st.just(1)),
)
masks = shapes.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.sampled_from(INDICES)))


def every_class():
    """Return 21 x 43 pixels with all 20 classes and 255, in patches that no run length divides."""
    y, x = np.mgrid[:21, :43]
    values = (x // 7 + 7 * (y // 5) + (x * y) % 5) % 21
    return np.where(values == 20, 255, values).astype(np.uint8)


def place_of(folder, name):
    return folder / ("masks.zip" if name == "cvat-mask" else "masks")


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(masks, min_size=1, max_size=2))
def test_a_round_trip_loses_no_pixel(name, tmp_path_factory, drawn):
    items = [Labelled(f"fg {n}", mask) for n, mask in enumerate([*drawn, every_class()])]
    out = place_of(tmp_path_factory.mktemp("exchange"), name)
    FORMATS[name].write(items, out)
    back = sorted(FORMATS[name].read(out, NAMES), key=lambda found: found.name)
    assert [found.name.removesuffix(".png") for found in back] == [item.name for item in items]
    for found, item in zip(back, items, strict=True):
        assert found.remarks == ()
        assert found.class_mask.dtype == np.uint8
        assert np.array_equal(found.class_mask, item.class_mask)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("coco", "coco.json"),
        ("cvat-mask", "cvat_mask.zip"),
        ("cvat-images", "cvat_images.xml"),
        ("label-studio", "label_studio.json"),
        ("coco-panoptic", "coco_panoptic.zip"),
    ],
)
def test_files_of_other_programs_are_read(name, file, tmp_path):
    place = GOLDEN / file
    if name == "coco-panoptic":
        with zipfile.ZipFile(place) as archive:
            archive.extractall(tmp_path)
        place = tmp_path
    (found,) = FORMATS[name].read(place, NAMES)
    book = AddressBook([Known("example", "example", "example.png")])
    assert book.find(found.name, is_stem=found.named_by == "stem") == "example"
    assert found.remarks == ()
    assert np.array_equal(found.class_mask, np.asarray(Image.open(GOLDEN / "class_mask.png")))
    assert set(np.unique(found.class_mask)) == set(INDICES)


spellings = st.one_of(
    st.text(st.sampled_from("aA1é\u0301 ._-%+#?&()/\\:~ß"), min_size=1, max_size=8),
    st.sampled_from(
        ["a", "a.png", "A", "0a1b2c3d-a", "20231105-a", "a%20b", "a b", "a.2", "b/a", "._a", "C:a"]
    ),
)


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ids=st.lists(spellings, min_size=1, max_size=4, unique=True))
def test_what_goes_out_comes_back_to_its_own_foreground_whatever_the_name(name, tmp_path_factory, ids):
    items = [Labelled(fg_id, np.full((2, 3), n, np.uint8)) for n, fg_id in enumerate(ids)]
    out = place_of(tmp_path_factory.mktemp("names"), name)
    FORMATS[name].write(items, out)
    finder = KnownForegrounds(None, None, None).finder(ids)
    back = {finder.find(found): int(found.class_mask[0, 0]) for found in FORMATS[name].read(out, NAMES)}
    assert back == {fg_id: n for n, fg_id in enumerate(ids)}


def test_run_lengths_by_hand():
    line = np.array([0, 0, 1, 1, 1, 0, 1], bool)
    assert runs_of(line).tolist() == [2, 3, 1, 1]
    assert line_of(runs_of(line), 7).tolist() == line.tolist()
    # 2 -> '2', 3 -> '3', 1 -> '1', the fourth is 1 - 3 = -2: 30 in five bits with the sign bit set -> 'N'
    assert coco_text(np.array([2, 3, 1, 1])) == "231N"
    assert runs_of_coco_text("231N").tolist() == [2, 3, 1, 1]


@given(st.lists(st.integers(0, 2**31), min_size=1, max_size=40), st.integers(1, 2**20))
def test_compressed_run_lengths_come_back(runs, first):
    assert runs_of_coco_text(coco_text(np.array([first, *runs]))).tolist() == [first, *runs]


@settings(deadline=None)
@given(masks)
def test_run_lengths_are_those_of_pycocotools(mask):
    codec = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    region = mask == 0
    theirs = codec.encode(np.asfortranarray(region))
    assert coco_text(runs_of(region.ravel(order="F"))) == theirs["counts"].decode()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
def test_pycocotools_reads_our_file(tmp_path):
    codec = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    mask = every_class()
    FORMATS["coco"].write([Labelled("a", mask)], tmp_path / "coco.json")
    content = json.loads((tmp_path / "coco.json").read_text())
    names = {row["id"]: row["name"] for row in content["categories"]}
    assert names[1] == "defocus"
    for row in content["annotations"]:
        region = codec.decode(row["segmentation"]).astype(bool)
        assert np.array_equal(region, mask == CLASSES.index(names[row["category_id"]]))
        assert row["area"] == codec.area(row["segmentation"]) == region.sum()
        assert row["bbox"] == codec.toBbox(row["segmentation"]).tolist()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of pycocotools
def test_polygons_are_filled_as_pycocotools_fills_them(tmp_path):
    codec = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    corners = [2.0, 1.0, 17.5, 3.0, 12.0, 14.2]
    content = {
        "images": [{"id": 4, "file_name": "a.png", "height": 20, "width": 30}],
        "categories": [{"id": 9, "name": "texture_holed"}],
        "annotations": [{"id": 1, "image_id": 4, "category_id": 9, "segmentation": [corners]}],
    }
    (tmp_path / "coco.json").write_text(json.dumps(content))
    (found,) = FORMATS["coco"].read(tmp_path / "coco.json", NAMES)
    filled = codec.decode(codec.frPyObjects([corners], 20, 30))[..., 0].astype(bool)
    assert np.array_equal(found.class_mask == CLASSES.index("lace"), filled)
    assert filled.sum() > 50


@settings(deadline=None)
@given(arrays(np.uint8, st.integers(1, 400), elements=st.sampled_from([0, 255, 7])), st.integers(1, 3000))
def test_brush_strokes_come_back_whatever_their_runs(values, times):
    long = np.repeat(values, np.where(np.arange(len(values)) % 7 == 0, times, 1))
    assert np.array_equal(decode(encode(long), len(long)), long)


def test_a_run_longer_than_any_code_comes_back():
    values = np.zeros(3 * 2**16 + 5, np.uint8)
    values[2**16 + 1 :] = 255
    assert np.array_equal(decode(encode(values), len(values)), values)


def test_the_panoptic_ids_are_in_the_png_as_the_format_says(tmp_path):
    mask = every_class()
    FORMATS["coco-panoptic"].write([Labelled("a", mask)], tmp_path)
    pixels = np.asarray(Image.open(tmp_path / "panoptic" / "000001.png")).astype(int)
    ids = pixels[..., 0] + 256 * pixels[..., 1] + 65536 * pixels[..., 2]
    content = json.loads((tmp_path / "panoptic.json").read_text())
    names = {row["id"]: row["name"] for row in content["categories"]}
    (row,) = content["annotations"]
    assert (ids[mask == 255] == 0).all()
    for segment in row["segments_info"]:
        region = mask == CLASSES.index(names[segment["category_id"]])
        assert np.array_equal(ids == segment["id"], region)
        assert segment["area"] == region.sum()
    assert len(row["segments_info"]) == 20


def test_fiftyones_targets_keep_class_0_off_its_background(tmp_path):
    FORMATS["fiftyone"].write([Labelled("a", every_class())], tmp_path)
    targets = json.loads((tmp_path / "mask_targets.json").read_text())
    assert targets == {str(n + 1): name for n, name in enumerate(CLASSES)}
    stored = np.asarray(Image.open(tmp_path / "labels" / "a.png"))
    assert np.array_equal(stored == 0, every_class() == 255)
    assert np.array_equal(stored == 1, every_class() == 0)


def test_groups_of_the_parquet_file_end_by_bytes_and_pages_have_an_index(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    pytest.importorskip("datasets", reason="datasets is not installed")
    picture = bytes(10_000)  # 40 of them are 16 rows of 10 KB and more
    items = [Labelled(f"a{number}", every_class(), (), "", picture) for number in range(40)]
    monkeypatch.setattr("simd.dataset.exports.parquet.GROUP_BYTES", 100_000)
    FORMATS["parquet"].write(items, tmp_path / "masks.parquet")
    metadata = parquet.ParquetFile(tmp_path / "masks.parquet").metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert sum(group.num_rows for group in groups) == 40
    assert 4 <= len(groups) <= 8
    assert max(group.num_rows for group in groups) < 11
    assert all(group.column(0).has_offset_index for group in groups)
    assert [each.name for each in FORMATS["parquet"].read(tmp_path / "masks.parquet", NAMES)] == [
        each.name for each in items
    ]


def test_datasets_loads_the_parquet_file(tmp_path):
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    file = tmp_path / "masks.parquet"
    FORMATS["parquet"].write([Labelled("a/ü", every_class()), Labelled("b", every_class()[:3])], file)
    loaded = datasets.load_dataset(
        "parquet", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded["fg_id"] == ["a/ü", "b"]
    assert np.array_equal(np.asarray(loaded[0]["class_mask"]), every_class())
    assert loaded[0]["classes"] == list(range(20))
    assert loaded.features["classes"].feature.names == list(CLASSES)
    assert loaded[0]["image"] is None
    raw = loaded.cast_column("class_mask", datasets.Image(decode=False))[0]["class_mask"]
    assert raw["path"] is None
    assert str(tmp_path).encode() not in file.read_bytes()


def write_tagged(root):
    """Write two foregrounds and an annotation of each; return folders of foregrounds and of annotations."""
    rng = np.random.default_rng(3)
    sources, folder = root / "sources", root / "tags"
    for name in ("fur_cat", "net-1"):
        fg = rng.integers(0, 256, (21, 43, 3), dtype=np.uint8)
        alpha = rng.integers(0, 256, (21, 43), dtype=np.uint8)
        for kind, pixels in (("fg", fg), ("alpha", alpha)):
            (sources / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(sources / kind / f"{name}.png")
        mask = np.roll(every_class(), len(name))
        write_annotation(folder, make_annotation(name, fg, alpha, mask, review="reviewed"), mask)
    return sources, folder


@pytest.mark.parametrize("name", FORMATS)
def test_annotations_go_out_and_come_in(name, tmp_path):
    sources, folder = write_tagged(tmp_path)
    out = place_of(tmp_path, name)
    assert export_annotations(folder, out, format_=name, foregrounds=str(sources)) == 2
    assert import_annotations(out, tmp_path / "back", format_=name, foregrounds=str(sources)) == 2
    before, after = find_annotations(folder), find_annotations(tmp_path / "back")
    assert before.keys() == after.keys()
    for fg_id in before:
        (old, old_mask), (new, new_mask) = read_annotation(before[fg_id]), read_annotation(after[fg_id])
        assert np.array_equal(old_mask, new_mask)
        assert (new.fg_sha256, new.alpha_sha256) == (old.fg_sha256, old.alpha_sha256)
        assert (new.origin, new.review) == ("imported", "started")


def test_pictures_travel_where_the_format_holds_them(tmp_path):
    sources, folder = write_tagged(tmp_path)
    export_annotations(folder, tmp_path / "out", format_="fiftyone", foregrounds=str(sources))
    cut_out = np.asarray(Image.open(tmp_path / "out" / "data" / "fur_cat.png"))
    for kind, part in (("fg", cut_out[..., :3]), ("alpha", cut_out[..., 3])):
        assert np.array_equal(part, np.asarray(Image.open(sources / kind / "fur_cat.png")))


def test_a_foreground_that_changed_gives_no_picture(tmp_path):
    sources, folder = write_tagged(tmp_path)
    Image.fromarray(np.zeros((21, 43, 3), np.uint8)).save(sources / "fg" / "fur_cat.png")
    with pytest.raises(BatchError, match="'fur_cat' has changed since it was annotated: its colour differs"):
        export_annotations(folder, tmp_path / "x.parquet", format_="parquet", foregrounds=str(sources))
    (found,) = FORMATS["parquet"].read(tmp_path / "x.parquet", NAMES)
    assert found.name == "net-1"


def test_what_is_there_already_stays_unless_it_may_be_replaced(tmp_path):
    _, folder = write_tagged(tmp_path)
    export_annotations(folder, tmp_path / "same.json", format_="coco")
    FORMATS["coco"].write([Labelled("fur_cat", np.full((21, 43), 7, np.uint8))], tmp_path / "other.json")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert import_annotations(tmp_path / "same.json", folder, format_="coco") == 2
    with pytest.raises(BatchError, match=r"fur_cat: .* is annotated otherwise; --replace takes the imported"):
        import_annotations(tmp_path / "other.json", folder, format_="coco")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert import_annotations(tmp_path / "other.json", folder, format_="coco", replace=True) == 1
    annotation, mask = read_annotation(find_annotations(folder)["fur_cat"])
    assert (mask == 7).all()
    assert annotation.origin == "imported"


def rewritten(tmp_path, **changes):
    """Return a COCO file of fur_cat whose label 'fur' has another name, and with further changes."""
    FORMATS["coco"].write([Labelled("fur_cat", every_class())], tmp_path / "coco.json")
    text = (tmp_path / "coco.json").read_text()
    for old, new in changes.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    (tmp_path / "coco.json").write_text(text)
    return tmp_path / "coco.json"


def test_a_class_is_never_invented(tmp_path):
    sources, _ = write_tagged(tmp_path)
    file = rewritten(tmp_path, hair_hard="Haar")
    options = {"format_": "coco", "foregrounds": str(sources)}
    with pytest.raises(BatchError, match=r"label 'Haar' is not a class; known are .*--rename LABEL=CLASS"):
        import_annotations(file, tmp_path / "back", **options)
    _, mask = read_annotation(find_annotations(tmp_path / "back")["fur_cat"])
    hair = CLASSES.index("hair_hard")
    assert np.array_equal(mask, np.where(every_class() == hair, 255, every_class()))  # the others came over
    assert import_annotations(file, tmp_path / "all", renamed={"Haar": "hair_hard"}, **options) == 1
    _, mask = read_annotation(find_annotations(tmp_path / "all")["fur_cat"])
    assert np.array_equal(mask, every_class())


def test_aliases_of_the_release_are_classes(tmp_path):
    sources, _ = write_tagged(tmp_path)
    file = rewritten(tmp_path, leaf="plant_leaf", silk="texture_smooth")
    assert import_annotations(file, tmp_path / "back", format_="coco", foregrounds=str(sources)) == 1


def test_images_without_a_foreground_and_of_another_size_are_reported(tmp_path):
    sources, _ = write_tagged(tmp_path)
    items = [
        Labelled("fur_cat", every_class()[:, :40]),
        Labelled("cow", every_class()),
        Labelled("net-1", every_class()),
    ]
    FORMATS["coco"].write(items, tmp_path / "coco.json")
    with pytest.raises(BatchError) as caught:
        import_annotations(
            tmp_path / "coco.json", tmp_path / "back", format_="coco", foregrounds=str(sources)
        )
    assert caught.value.failures == {
        "fur_cat": "its mask is 21 x 40, its foreground is 21 x 43 (H x W); they must be equal",
        "cow": "no foreground of that name is known; none in the folder has it",
    }
    assert list(find_annotations(tmp_path / "back")) == ["net-1"]


def test_overlapping_regions_leave_their_pixels_open(tmp_path):
    rows = [
        {"id": n, "image_id": 1, "category_id": n, "segmentation": {"size": [2, 6], "counts": runs}}
        for n, runs in ((1, [0, 8, 4]), (2, [6, 6]))
    ]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "height": 2, "width": 6}],
        "categories": [{"id": 1, "name": "defocus"}, {"id": 2, "name": "net"}],
        "annotations": rows,
    }
    (tmp_path / "coco.json").write_text(json.dumps(content))
    (found,) = FORMATS["coco"].read(tmp_path / "coco.json", NAMES)
    assert found.remarks == ("2 pixels are in regions of two classes; they are left without one",)
    assert found.class_mask.tolist() == [[0, 0, 0, 255, 8, 8]] * 2


def test_an_export_never_writes_over_anything(tmp_path):
    _, folder = write_tagged(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(DataError, match="full: exists already; name a new folder for the export"):
        export_annotations(folder, tmp_path / "full", format_="fiftyone")
    with pytest.raises(DataError, match="x: exists already; name a new file for the export"):
        export_annotations(folder, tmp_path / "full" / "x", format_="coco")
    with pytest.raises(DataError, match="unknown format 'cocos'; did you mean 'coco'"):
        find_format("cocos")


def test_the_commands_export_and_import(tmp_path, run_cli):
    sources, folder = write_tagged(tmp_path)
    out = tmp_path / "masks.json"
    done = run_cli("tag", "export", folder, "--format", "label-studio", "--out", out)
    assert (done.code, done.out) == (0, f"2 class masks: {out}\n")
    out.write_text(out.read_text().replace('"net"', '"Netz"'))
    back = ("tag", "import", out, "--format", "label-studio", "--out", tmp_path / "back")
    done = run_cli(*back)
    assert done.code == 1
    assert "2 of 2 masks failed" in done.err
    assert "--foregrounds FOLDER says where they are" in done.err
    done = run_cli(*back, "--foregrounds", sources)
    assert done.code == 1
    assert "fur_cat: label 'Netz' is not a class" in done.err
    done = run_cli(*back, "--foregrounds", sources, "--rename", "Netz=net", "--replace")
    assert (done.code, done.out) == (0, f"2 class masks: {tmp_path / 'back'}\n")
    assert run_cli(*back, "--rename", "=net").err == "simd: --rename '=net': write LABEL=CLASS\n"
    for fg_id, path in find_annotations(tmp_path / "back").items():
        assert np.array_equal(read_annotation(path)[1], read_annotation(find_annotations(folder)[fg_id])[1])
