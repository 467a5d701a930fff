"""What others send may be damaged or hostile: it is answered with a reason, and nothing lands elsewhere."""

import base64
import io
import json
import os
import random
import stat
import struct
import sys
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from simd.errors import BatchError, DataError, MissingExtraError, SimdError
from simd.tagging.formats import FORMATS, untrusted
from simd.tagging.formats.convert import export_annotations, import_annotations
from simd.tagging.formats.labelled import Labelled, class_names
from simd.tagging.formats.untrusted import Archive, inside, is_safe_name

NAMES = class_names({})
MASK = np.kron(np.array([[0, 19, 255], [8, 8, 3]], np.uint8), np.ones((5, 4), np.uint8))


def zip_of(path, members, **facts):
    """Write an archive of (name, content); `facts` are set on each entry."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            for key, value in facts.items():
                setattr(info, key, value)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def png(pixels, mode=None):
    stream = io.BytesIO()
    Image.fromarray(pixels, mode).save(stream, "PNG")
    return stream.getvalue()


TRAVERSALS = [
    f"{before}{up}{after}"
    for before in ("", "SegmentationClass/", "a/b/", "./", "C:", "//host/", "\\\\host\\")
    for up in ("..", "../..", "..\\..", "../../../../../../tmp", "..\\", ".", "x/../../y", "../")
    for after in ("/evil.png", "\\evil.png", "/evil.png\0.png", "/\x1b[2J.png")
] + [
    "/etc/passwd",
    "~/../x",
    "a//b",
    "con:",
    "x\ny",
    "C:/x.png",
    "c:x.png",
    "\\x.png",
    "a/b\\..\\..\\c.png",
    "",
]


def test_two_hundred_ways_out_of_a_folder_are_refused(tmp_path):
    assert len(set(TRAVERSALS)) > 200
    (tmp_path / "masks").mkdir()
    for name in TRAVERSALS:
        if name.startswith(("./", "~")) and ".." not in name:
            continue
        assert not is_safe_name(name), name
        with pytest.raises(DataError, match="is not the name of a file inside"):
            inside(tmp_path / "masks", name)


@pytest.mark.parametrize("name", ["../e.png", "/e.png", "a/../../e.png", "a\\..\\..\\e.png", "C:\\e"])
def test_an_archive_that_would_leave_its_folder_is_not_read_at_all(name, tmp_path):
    path = zip_of(tmp_path / "x.zip", [("labelmap.txt", "fur:1,2,3::"), (name, b"x")])
    with pytest.raises(DataError, match="would land outside of its folder; nothing of it was read"):
        list(FORMATS["cvat-mask"].read(path, NAMES))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["x.zip"]


def test_links_devices_doubles_and_locked_members_are_refused(tmp_path):
    link = zip_of(tmp_path / "a.zip", [("x", "/etc/passwd")], external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(DataError, match="is a link or a device"):
        Archive(link)
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zip_of(tmp_path / "b.zip", [("x", "1"), ("x", "2")])
    with pytest.raises(DataError, match="has two members 'x'"):
        Archive(twice)
    locked = bytearray(zip_of(tmp_path / "c.zip", [("x", "1")]).read_bytes())
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "c.zip").write_bytes(locked)
    with pytest.raises(DataError, match="is encrypted"):
        Archive(tmp_path / "c.zip")


def test_an_archive_that_would_grow_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(untrusted, "MAX_MEMBER_BYTES", 2**20)
    monkeypatch.setattr(untrusted, "MAX_ARCHIVE_BYTES", 2**21)
    big = zip_of(tmp_path / "a.zip", [("x", b"\0" * (2**20 + 1))])
    many = zip_of(tmp_path / "b.zip", [(f"{n}", b"\0" * 2**20) for n in range(3)])
    for path in (big, many):
        assert path.stat().st_size < 2**14
        with pytest.raises(DataError, match="would grow past 1 MiB a member or 2 MiB together"):
            Archive(path)
    monkeypatch.setattr(untrusted, "MAX_MEMBERS", 2)
    with pytest.raises(DataError, match="has 3 members; up to 2 are read"):
        Archive(many)


def test_an_archive_that_understates_its_size_gives_no_more_than_it_says(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("annotations.xml", b"\0" * 2**20)])
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 10)
    path.write_bytes(content)
    with (
        Archive(path) as archive,
        pytest.raises(DataError, match=r"larger than the archive says|is damaged"),
    ):
        archive.read("annotations.xml")


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>',
        '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>',
        "<!doctype a><annotations/>",
        "<annotations>",
        "",
        "\0",
        "<annotations><image>" * 2000,
    ],
)
def test_strange_xml_is_refused(text, tmp_path):
    path = tmp_path / "x.xml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"is not XML|a document type|holds no mask"):
        import_annotations(path, tmp_path / "out", format_="cvat-images")


def cvat_xml(**changes):
    facts = {"label": "fur", "rle": "0, 4", "left": "1", "top": "1", "width": "2", "height": "2"} | changes
    mask = " ".join(f'{key}="{value}"' for key, value in facts.items() if value is not None)
    return f'<annotations><image name="a" width="5" height="4"><mask {mask}/></image></annotations>'


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rle": "0,5"}, "do not add up to the 4 pixels"),
        ({"rle": "0,3"}, "do not add up to the 4 pixels"),
        ({"rle": "-1,5"}, "do not add up to the 4 pixels"),
        ({"rle": "9223372036854775807,1"}, "do not add up to the 4 pixels"),
        ({"rle": "1" + "0" * 5000}, "is not what an image of CVAT has"),
        ({"rle": "x"}, "is not what an image of CVAT has"),
        ({"rle": None}, "lacks 'rle'"),
        ({"left": "4"}, "leaves its image, 4 x 5"),
        ({"top": "-1"}, "leaves its image, 4 x 5"),
        ({"width": "0"}, "leaves its image, 4 x 5"),
        ({"width": "1e9"}, "is not what an image of CVAT has"),
    ],
)
def test_a_hostile_mask_of_cvat_is_named(changes, reason, tmp_path):
    (tmp_path / "x.xml").write_text(cvat_xml(**changes))
    (found,) = FORMATS["cvat-images"].read(tmp_path / "x.xml", NAMES)
    assert found.class_mask is None
    assert reason in found.remarks[0]


def coco(**changes):
    image = {"id": 1, "file_name": "a.png", "height": 2, "width": 3}
    row = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": {"size": [2, 3], "counts": [2, 4]}}
    for key, value in changes.items():
        owner = image if key in image and key != "id" else row
        owner[key] = value
    return {"images": [image], "categories": [{"id": 1, "name": "fur"}], "annotations": [row]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"segmentation": {"size": [2, 3], "counts": [2, 5]}}, "do not add up to the 6 pixels"),
        ({"segmentation": {"size": [2, 3], "counts": [8, -2]}}, "do not add up to the 6 pixels"),
        ({"segmentation": {"size": [2, 3], "counts": []}}, "do not add up to the 6 pixels"),
        ({"segmentation": {"size": [2, 3], "counts": [10**30]}}, "is not what an image of a COCO file has"),
        ({"segmentation": {"size": [2, 3], "counts": {}}}, "is not what an image of a COCO file has"),
        ({"segmentation": {"size": [2, 3], "counts": "2"}}, "do not add up to the 6 pixels"),
        ({"segmentation": {"size": [2, 3], "counts": "P"}}, "end inside a number"),
        ({"segmentation": {"size": [2, 3], "counts": "o" * 40}}, "are damaged at their 1. number"),
        ({"segmentation": {"size": [2, 3], "counts": "é"}}, "are damaged at their 1. number"),
        ({"segmentation": {"size": [3, 2], "counts": [6]}}, "a region is [3, 2], its image is [2, 3]"),
        ({"segmentation": [[0, 0, 1]]}, "is not what an image of a COCO file has"),
        ({"segmentation": [[0, 0, 1e9, 0, 1e9, 1e9]]}, "all near the image"),
        ({"segmentation": [[0, 0, float("nan"), 0, 1, 1]]}, "all near the image"),
        (
            {"segmentation": None},
            "1 of 1 annotations hold no mask (but a box, for instance) and were left out",
        ),
        ({"category_id": 7}, "has category 7, which is not listed"),
        ({"height": 0}, "is not a size of an image"),
        ({"height": 10**9}, "is not a size of an image"),
        ({"height": True}, "is not a side of an image"),
        ({"height": "x"}, "is not a side of an image"),
        ({"width": 1e400}, "is not a side of an image"),
    ],
)
def test_a_hostile_region_of_coco_is_named(changes, reason, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(coco(**changes)))
    (found,) = FORMATS["coco"].read(tmp_path / "x.json", NAMES)
    assert found.class_mask is None
    assert reason in found.remarks[0]


def task(**changes):
    value = {"format": "rle", "rle": [], "brushlabels": ["fur"]}
    result = {
        "type": "brushlabels",
        "original_width": 3,
        "original_height": 2,
        "image_rotation": 0,
        "value": value,
    }
    for key, new in changes.items():
        (value if key in value else result)[key] = new
    return [{"data": {"image": "a.png"}, "annotations": [{"result": [result]}]}]


HEAD = [0, 0, 0, 24]  # 24 values


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rle": []}, "end too early"),
        ({"rle": HEAD}, "end too early"),
        ({"rle": [255] * 40}, "are of 4294967295 values, their image has 24"),
        ({"rle": [*HEAD, 255, 255, 255]}, "have values of 32 bits; 8 are read"),
        (
            {"rle": [*HEAD, 0b00111001, 0b00011011, 0b11111111, 255, 255, 255]},
            "goes past the end of its image",
        ),
        ({"rle": [300]}, "is not what a task of Label Studio has"),
        ({"rle": "xx"}, "are not a list of bytes"),
        ({"rle": 10**12}, "are not a list of bytes"),
        ({"brushlabels": []}, "has 0 labels"),
        ({"brushlabels": ["fur", "net"]}, "has 2 labels"),
        ({"original_width": -3}, "is not a size of an image"),
        ({"image_rotation": 90}, "was turned by 90 degrees"),
    ],
)
def test_a_hostile_stroke_of_label_studio_is_named(changes, reason, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(task(**changes)))
    (found,) = FORMATS["label-studio"].read(tmp_path / "x.json", NAMES)
    assert found.class_mask is None
    assert reason in found.remarks[0]


def test_two_annotations_of_one_task_are_for_a_person_to_choose_from(tmp_path):
    FORMATS["label-studio"].write([Labelled("a", MASK)], tmp_path / "x.json")
    (one,) = json.loads((tmp_path / "x.json").read_text())
    one["annotations"].append(dict(one["annotations"][0]))
    (tmp_path / "x.json").write_text(json.dumps([one]))
    (found,) = FORMATS["label-studio"].read(tmp_path / "x.json", NAMES)
    assert found.remarks == ("has 2 annotations; keep one of them, or import each by itself",)
    one["annotations"][0]["was_cancelled"] = True
    (tmp_path / "x.json").write_text(json.dumps([one]))
    (found,) = FORMATS["label-studio"].read(tmp_path / "x.json", NAMES)
    assert np.array_equal(found.class_mask, MASK)


def cvat_zip(path, mask, labelmap="background:0,0,0::\nfur:128,0,0::\n"):
    return zip_of(path, [("labelmap.txt", labelmap), ("SegmentationClass/a.png", mask)])


def test_colours_that_nobody_declared_are_no_class(tmp_path):
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[0, 0], pixels[0, 1] = (128, 0, 0), (128, 0, 1)
    (found,) = FORMATS["cvat-mask"].read(cvat_zip(tmp_path / "x.zip", png(pixels)), NAMES)
    assert found.class_mask.tolist() == [[2, 255, 255], [255, 255, 255]]
    assert "label 'colour 128,0,1, not in labelmap.txt' is not a class" in found.remarks[0]


def test_a_mask_of_row_numbers_is_read_by_the_label_map(tmp_path):
    grey = np.array([[0, 1, 2]], np.uint8)
    (found,) = FORMATS["cvat-mask"].read(cvat_zip(tmp_path / "x.zip", png(grey)), NAMES)
    assert found.class_mask.tolist() == [[255, 2, 255]]
    assert found.remarks == ("1 pixels hold 2, which has no label",)


@pytest.mark.parametrize(
    ("mask", "labelmap", "reason"),
    [
        (b"", None, "SegmentationClass/a.png: is not an image: the file is empty"),
        (b"\x89PNG\r\n\x1a\n", None, "SegmentationClass/a.png: is (damaged|not an image)"),
        (png(MASK)[:-9], None, "SegmentationClass/a.png: is damaged"),
        (
            png(np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)),
            None,
            "colours; masks have one a label",
        ),
        (png(MASK), "fur\n", "labelmap.txt has"),
        (png(MASK), "fur:1,2::\n", "labelmap.txt has"),
        (png(MASK), "fur:x,y,z::\n", "labelmap.txt has"),
        (png(MASK), "fur:1,2,3::\nnet:1,2,3::\n", "two labels have the colour 1,2,3"),
    ],
)
def test_a_hostile_mask_archive_is_named(mask, labelmap, reason, tmp_path):
    path = cvat_zip(tmp_path / "x.zip", mask, *([labelmap] if labelmap else []))
    with pytest.raises(SimdError, match=reason):
        import_annotations(path, tmp_path / "out", format_="cvat-mask")


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)

    def part(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    bomb = (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")
    )
    (found,) = FORMATS["cvat-mask"].read(cvat_zip(tmp_path / "x.zip", bomb), NAMES)
    assert "is too large" in found.remarks[0] or "more than the limit" in found.remarks[0]


@pytest.mark.parametrize("file_name", ["../../secret.png", "/etc/passwd", 7, None, "link.png"])
def test_a_panoptic_file_reads_nothing_outside_of_its_folder(file_name, tmp_path):
    FORMATS["coco-panoptic"].write([Labelled("a", MASK)], tmp_path / "set")
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(np.zeros((10, 12, 3), np.uint8)))
    (tmp_path / "set" / "panoptic" / "link.png").symlink_to(secret)
    content = json.loads((tmp_path / "set" / "panoptic.json").read_text())
    content["annotations"][0]["file_name"] = file_name
    (tmp_path / "set" / "panoptic.json").write_text(json.dumps(content))
    (found,) = FORMATS["coco-panoptic"].read(tmp_path / "set", NAMES)
    assert found.class_mask is None
    assert (
        "is not the name of a file inside" in found.remarks[0]
        or "links to a file outside" in found.remarks[0]
    )


def test_a_panoptic_segment_that_is_not_listed_is_named(tmp_path):
    FORMATS["coco-panoptic"].write([Labelled("a", MASK)], tmp_path)
    content = json.loads((tmp_path / "panoptic.json").read_text())
    del content["annotations"][0]["segments_info"][0]
    (tmp_path / "panoptic.json").write_text(json.dumps(content))
    (found,) = FORMATS["coco-panoptic"].read(tmp_path, NAMES)
    assert found.remarks == ("its pixels hold segment 1, which segments_info does not list",)


def test_fiftyones_labels_may_not_be_links_out(tmp_path):
    FORMATS["fiftyone"].write([Labelled("a", MASK)], tmp_path / "set")
    (tmp_path / "x.png").write_bytes(png(MASK))
    (tmp_path / "set" / "labels" / "b.png").symlink_to(tmp_path / "x.png")
    good, bad = FORMATS["fiftyone"].read(tmp_path / "set", NAMES)
    assert np.array_equal(good.class_mask, MASK)
    assert "links to a file outside" in bad.remarks[0]


def test_parquet_paths_are_not_followed(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    (tmp_path / "secret.png").write_bytes(png(MASK))
    rows = [
        {"fg_id": "a", "class_mask": {"bytes": None, "path": str(tmp_path / "secret.png")}},
        {"fg_id": "b", "class_mask": {"bytes": b"no image", "path": None}},
        {"fg_id": "c", "class_mask": None},
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "x.parquet")
    found = list(FORMATS["parquet"].read(tmp_path / "x.parquet", NAMES))
    assert [one.class_mask for one in found] == [None] * 3
    assert "paths are not followed" in found[0].remarks[0]
    assert found[1].remarks[0].startswith("its class mask: is not an image")
    parquet.write_table(pa.Table.from_pylist([{"x": 1}]), tmp_path / "y.parquet")
    with pytest.raises(DataError, match="lacks the column class_mask"):
        list(FORMATS["parquet"].read(tmp_path / "y.parquet", NAMES))


def test_a_missing_file_is_named_by_every_format(tmp_path):
    for name in FORMATS:
        with pytest.raises(DataError, match="nothing"):
            import_annotations(tmp_path / "nothing", tmp_path / "out", format_=name)


NONSENSE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"[[[[",
    b'{"images": 3}',
    b"PK\x03\x04",
    b"PAR1PAR1",
    b"\xff\xfe\0",
    b"[" * 99999,
]
NONSENSE += [b'[{"data": 1}]', b'{"images": [{}], "categories": [], "annotations": []}', b"9" * 5000, b"<a/>"]


@pytest.mark.parametrize("name", [name for name in FORMATS if FORMATS[name].place == "file"])
@pytest.mark.parametrize("content", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_an_error_and_not_a_crash(name, content, tmp_path):
    for file in ("x.json", "x.zip"):
        (tmp_path / file).write_bytes(content)
        with pytest.raises(SimdError):
            import_annotations(tmp_path / file, tmp_path / "out", format_=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_byte_is_an_error_or_a_good_mask(name, tmp_path):
    """Change single bytes of good files: whatever comes out is a class mask or a reason."""
    place = tmp_path / ("x.zip" if name == "cvat-mask" else "x")
    FORMATS[name].write([Labelled("a", MASK)], place)
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    chance = random.Random(4)
    for file in files:
        whole = file.read_bytes()
        for _ in range(60):
            where = chance.randrange(len(whole))
            file.write_bytes(whole[:where] + bytes([chance.randrange(256)]) + whole[where + 1 :])
            try:
                found = list(FORMATS[name].read(place, NAMES))
            except DataError:
                continue
            for one in found:
                assert one.class_mask is None or set(np.unique(one.class_mask)) <= {*range(20), 255}
        file.write_bytes(whole)


@pytest.mark.parametrize("name", FORMATS)
def test_the_wrong_kind_of_place_is_an_error(name, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for place in ("file", "folder"):
        with pytest.raises(SimdError):
            import_annotations(tmp_path / place, tmp_path / "out", format_=name)
    assert not (tmp_path / "out").exists()


def good_file(folder):
    """Write a foreground of MASK's size and a COCO file of it; return both places."""
    for kind, pixels in (("fg", np.zeros((*MASK.shape, 3), np.uint8)), ("alpha", MASK)):
        (folder / "sources" / kind).mkdir(parents=True)
        Image.fromarray(pixels).save(folder / "sources" / kind / "fur_a.png")
    FORMATS["coco"].write([Labelled("fur_a", MASK)], folder / "coco.json")
    return folder / "coco.json", str(folder / "sources")


def test_folders_that_cannot_be_read_or_written_are_named(tmp_path):
    file, sources = good_file(tmp_path)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(SimdError, match=r"out: is not a folder; a folder of annotations needs one"):
        import_annotations(file, tmp_path / "out", format_="coco", foregrounds=sources)
    assert (tmp_path / "out").read_text() == "mine"
    with pytest.raises(DataError, match=r"nowhere: no such folder; foregrounds are expected there"):
        import_annotations(file, tmp_path / "new", format_="coco", foregrounds=str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"nowhere: no such folder; annotations are expected there"):
        export_annotations(tmp_path / "nowhere", tmp_path / "x", format_="coco")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: holds no annotation"):
        export_annotations(tmp_path / "empty", tmp_path / "x", format_="coco")


def test_a_file_that_may_not_be_read_is_named(as_nobody):
    file, sources = good_file(as_nobody)
    file.chmod(0)
    with pytest.raises(DataError, match=r"coco\.json: cannot be read \(Permission denied\)"):
        import_annotations(file, as_nobody / "out", format_="coco", foregrounds=sources)


def test_a_damaged_annotation_is_named_and_the_others_go_out(tmp_path):
    file, sources = good_file(tmp_path)
    import_annotations(file, tmp_path / "tags", format_="coco", foregrounds=sources)
    (record,) = (tmp_path / "tags").glob("*.json")
    record.with_suffix(".png").write_bytes(b"")
    with pytest.raises(BatchError, match=r"fur_a: .*\.png: is not an image: the file is empty"):
        export_annotations(tmp_path / "tags", tmp_path / "x.json", format_="coco")


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("pycocotools", "coco", "exchange"), ("datasets", "parquet", "hub"), ("pyarrow", "parquet", "hub")],
)
def test_a_missing_library_is_named_with_its_extra(module, name, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "x").write_text(json.dumps(coco(segmentation=[[0, 0, 2, 0, 2, 1]])))
    with pytest.raises(MissingExtraError, match=rf'install it with: pip install -e "\.\[{extra}\]"'):
        import_annotations(tmp_path / "x", tmp_path / "out", format_=name)


def test_two_images_of_one_foreground_are_not_laid_over_each_other(tmp_path):
    _, sources = good_file(tmp_path)
    FORMATS["coco"].write([Labelled("fur_a", MASK), Labelled("fur_a.png", MASK[::-1])], tmp_path / "two.json")
    with pytest.raises(BatchError, match=r"fur_a\.png: is of foreground 'fur_a', as 'fur_a' is;"):
        import_annotations(tmp_path / "two.json", tmp_path / "out", format_="coco", foregrounds=sources)


def bitmask(url):
    return [
        {
            "data": {"image": "a.png"},
            "annotations": [
                {
                    "result": [
                        {
                            "type": "bitmasklabels",
                            "original_width": 3,
                            "original_height": 2,
                            "value": {"imageDataURL": url, "bitmasklabels": ["fur"]},
                        }
                    ]
                }
            ],
        }
    ]


def data_url(pixels):
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "is not a PNG inside of the file; addresses are not followed"),
        ("http://127.0.0.1/a.png", "is not a PNG inside of the file; addresses are not followed"),
        (None, "is not a PNG inside of the file"),
        (7, "is not a PNG inside of the file"),
        ("data:image/png;base64,%%%", "a bitmask is not base64"),
        ("data:image/png;base64,", "a bitmask: is not an image: the file is empty"),
        (data_url(np.zeros((2, 3, 3), np.uint8)), "a bitmask: has no alpha channel"),
        (data_url(np.zeros((3, 2, 4), np.uint8)), "a bitmask is 3 x 2, its image 2 x 3"),
        (data_url(np.zeros((90, 90, 4), np.uint8)), "a bitmask: "),  # more pixels than its image
    ],
)
def test_a_hostile_bitmask_of_label_studio_is_named(url, reason, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(bitmask(url)))
    (found,) = FORMATS["label-studio"].read(tmp_path / "x.json", NAMES)
    assert found.class_mask is None
    assert reason in found.remarks[0]


def labelme(**changes):
    whole = {"imagePath": "a.png", "imageHeight": 2, "imageWidth": 3}
    inside = base64.b64encode(png(np.ones((2, 2), np.uint8))).decode()
    shape = {"shape_type": "mask", "label": "fur", "points": [[1, 0], [2, 1]], "mask": inside}
    for key, value in changes.items():
        (whole if key in whole else shape)[key] = value
    return whole | {"shapes": [shape]}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"points": [[1, 0], [3, 1]]}, "leaves its image, 2 x 3 (H x W)"),
        ({"points": [[-1, 0], [0, 1]]}, "leaves its image"),
        ({"points": [[2, 1], [1, 0]]}, "leaves its image"),
        ({"points": [[0, 0], [2, 1]]}, "is not a mask of its box, 2 x 3 (H x W)"),
        ({"points": [[0.5, 0], [1.5, 1]]}, "is not in whole pixels"),
        ({"points": [[float("nan"), 0], [1, 1e308]]}, "is not in whole pixels"),
        ({"points": [[1, 0]]}, "is not what a file of labelme has"),
        ({"points": None}, "is not what a file of labelme has"),
        ({"mask": None}, "is not what a file of labelme has"),
        ({"mask": "%%%"}, "a mask shape is not base64"),
        ({"mask": ""}, "a mask shape: is not an image: the file is empty"),
        ({"imageHeight": 10**9}, "is not a size of an image"),
        ({"imageWidth": True}, "is not a side of an image"),
    ],
)
def test_a_hostile_mask_shape_of_labelme_is_named(changes, reason, tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(labelme(**changes)))
    (found,) = FORMATS["labelme"].read(tmp_path / "x.json", NAMES)
    assert found.class_mask is None
    assert reason in found.remarks[0]


def test_the_good_mask_shape_beside_them_is_read(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(labelme()))
    (found,) = FORMATS["labelme"].read(tmp_path / "x.json", NAMES)
    assert found.class_mask.tolist() == [[255, 2, 2], [255, 2, 2]]


@pytest.mark.parametrize("name", FORMATS)
def test_a_pipe_is_not_opened(name, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe: is not a regular file; only those are opened"):
        import_annotations(tmp_path / "pipe", tmp_path / "out", format_=name)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("fiftyone", "labels/a.png"),
        ("fiftyone", "mask_targets.json"),
        ("labelme", "a.json"),
        ("coco-panoptic", "panoptic.json"),
        ("coco-panoptic", "panoptic/000001.png"),
    ],
)
def test_a_pipe_inside_of_a_folder_is_not_opened(name, file, tmp_path):
    FORMATS[name].write([Labelled("a", MASK)], tmp_path / "set")
    (tmp_path / "set" / file).unlink()
    os.mkfifo(tmp_path / "set" / file)
    with pytest.raises(SimdError, match="is not a regular file; only those are opened"):
        import_annotations(tmp_path / "set", tmp_path / "out", format_=name)
