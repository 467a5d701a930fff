"""One contract for every declared layout, on small trees laid out as the real ones.

The pixels are real foregrounds where SIMD_TEST_DATA names a folder with data/real, else the generator's.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import save
from PIL import Image

from simd.errors import DataError
from simd.image import AS_OPENCV, UPRIGHT, read_alpha, read_image
from simd.report.source_table import index as look_through
from simd.sources import (
    TABLES,
    find_kind,
    index_backgrounds,
    index_finished,
    index_foregrounds,
    read_foreground,
)
from simd.sources.coco import largest_instances
from simd.sources.index import files_of
from simd.trimap import trimap_of

OWN = "Adobe-licensed images"
PLAIN = {("backgrounds", "folder"), ("finished", "folder")}  # these take every folder of images, or of pairs
REAL = ("insect_fly", "water_drop_icon", "smoke_puff")
INDEX = {"foregrounds": index_foregrounds, "backgrounds": index_backgrounds, "finished": index_finished}

DRAWN = ("synthetic", "synthetic-mixed", "builtin", "scenes", "open")  # kinds without a folder


@cache
def pixels(i: int) -> dict[str, np.ndarray]:
    """Return the layers of item i."""
    real = Path(os.environ.get("SIMD_TEST_DATA", "/nowhere")) / "data" / "real"
    if real.is_dir():
        name = REAL[i]
        fg, alpha = read_image(next((real / "fg").glob(f"{name}.*"))), read_alpha(real / f"alpha/{name}.png")
        fg, alpha = fg[:180, :180], alpha[:180, :180]
    else:
        from simd.generator import synthetic

        fg, alpha, _ = synthetic(("insect", "water_drop", "smoke_cloud")[i], seed=0, size=96)
    grey = np.uint8(90)
    image = (fg * (alpha[..., None] / 255) + grey * (1 - alpha[..., None] / 255)).astype(np.uint8)
    return {"fg": fg, "alpha": alpha, "image": image, "trimap": trimap_of(alpha, 3)}


class Case(NamedTuple):
    """A small tree of a few items, each with a file of every layer."""

    kind: str
    gives: str
    items: list[dict[str, str]]  # layer to path
    also: dict[str, str] = {}  # noqa: RUF012  other files, as text
    partner: str = "alpha"  # the layer whose file is taken away; "" where nothing would tell
    unnamed: int = 0  # how many more the dataset is known to hold
    called: str = ""  # what its folder has to be called


def items(*names: tuple[str, ...] | str, **layers: str) -> list[dict[str, str]]:
    """Return the paths of items: {0} in a pattern is an item's name, or {0} and {1} its two parts."""
    parts = [(name,) if isinstance(name, str) else name for name in names]
    return [{layer: pattern.format(*part) for layer, pattern in layers.items()} for part in parts]


def csv(*stems: str) -> dict[str, str]:
    return {"classes.csv": "file,class\n" + "".join(f"{stem},insect\n" for stem in stems)}


def coco() -> dict[str, str]:
    images = [
        {"id": i, "file_name": f"{i:012}.jpg", "license": 4, "width": 200, "height": 100} for i in (1, 2)
    ]
    licences = [
        {"id": 4, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"}
    ]
    annotations = [
        {"image_id": 1, "area": 500.0, "bbox": [10, 20, 50, 10]},
        {"image_id": 1, "area": 4000.0, "bbox": [30, 0, 80, 90.5]},
    ]
    content = {"licenses": licences, "images": images, "annotations": annotations}
    return {"annotations/instances_val2017.json": json.dumps(content)}


PHOTOGRAPHS = {"image": "original/{0}.jpg", "alpha": "mask/{0}.png", "trimap": "trimap/{0}.png"}
CASES = [
    Case(
        "folder", "foregrounds", items("insect_1", "net_2", "fur_3", fg="fg/{0}.jpg", alpha="alpha/{0}.png")
    ),
    Case(
        "simd",
        "foregrounds",
        items(
            ("net", "a b"), ("plant_leaf", "m"), ("fur", "m"), fg="{0}/fg/{1}.jpg", alpha="{0}/alpha/{1}.jpg"
        ),
    ),
    Case(
        "adobe",
        "foregrounds",
        items(
            (f"Test_set/{OWN}", "x-1"),
            (f"Training_set/{OWN}", "x-2"),
            ("Training_set/Other", "x-3"),
            fg="{0}/fg/{1}.png",
            alpha="{0}/alpha/{1}.png",
        ),
        csv("x-1", "x-2", "x-3")
        | {f"Training_set/{OWN}/fg/.keep": "", f"Training_set/{OWN}/alpha/.keep": ""},
    ),
    Case(
        "distinctions-646",
        "foregrounds",
        items(("Train", "a 1"), ("Train", "b"), ("Test", "c"), fg="{0}/FG/{1}.jpg", alpha="{0}/GT/{1}.png"),
        csv("a 1", "b", "c"),
        unnamed=643,
    ),
    Case(
        "am-2k",
        "foregrounds",
        items(
            ("train", "m_00a1b2c3"),
            ("validation", "m_ffffffff"),
            fg="{0}/fg/{1}.png",
            alpha="{0}/mask/{1}.png",
        ),
        csv("m_00a1b2c3", "m_ffffffff"),
        unnamed=1998,
    ),
    Case(
        "p3m-10k",
        "foregrounds",
        items(("train", "p_00a1b2c3"), ("train", "p_1"), fg="{0}/fg/{1}.png", alpha="{0}/mask/{1}.png"),
        csv("p_00a1b2c3", "p_1"),
        unnamed=9419,
    ),
    Case(
        "transparent-460",
        "foregrounds",
        items(("Train", "a"), ("Train", "b"), ("Test", "c"), fg="{0}/fg/{1}.jpg", alpha="{0}/alpha/{1}.png"),
        csv("a", "b", "c"),
        unnamed=457,
        called="Transparent-460",
    ),
    Case(
        "videomatte240k",
        "foregrounds",
        items(
            ("train", "0001/00000"),
            ("train", "0002/00000"),
            ("test", "0001/00003"),
            fg="{0}/fgr/{1}.jpg",
            alpha="{0}/pha/{1}.jpg",
        ),
        csv("00000", "00003"),
        called="VideoMatte240K_JPEG_SD",
    ),
    Case(
        "voc",
        "backgrounds",
        items("2007_000027", "2008_1", fg="VOCdevkit/VOC2012/JPEGImages/{0}.jpg"),
        {"VOCdevkit/VOC2012/ImageSets/Main/train.txt": "2007_000027\n2008_1\n"},
        "fg",
    ),
    Case("coco", "backgrounds", items("000000000001", "000000000002", fg="val2017/{0}.jpg"), coco(), "fg"),
    Case(
        "bg-20k", "backgrounds", items(("train", "h_0"), ("testval", "h_1"), fg="{0}/{1}.jpg"), {}, "", 19_998
    ),
    Case("folder", "backgrounds", items("a", "b c", fg="{0}.jpg"), {}, ""),
    Case("aim-500", "finished", items("o_00a1b2c3", "o_1", "o_2", **PHOTOGRAPHS), {}, "trimap", 497),
    Case(
        "am-2k",
        "finished",
        items(("train", "m_0"), image="{0}/original/{1}.jpg", alpha="{0}/mask/{1}.png")
        + items("m_1", "m_2", **{layer: f"validation/{path}" for layer, path in PHOTOGRAPHS.items()}),
        unnamed=1997,
    ),
    *(
        Case(
            "p3m-10k",
            "finished",
            items(
                (f"{above}P3M-500-P/blurred_image", f"{above}P3M-500-P", "p_1"),
                (f"{above}P3M-500-NP/original_image", f"{above}P3M-500-NP", "p_2"),
                image="{0}/{2}.jpg",
                alpha="{1}/mask/{2}.png",
                trimap="{1}/trimap/{2}.png",
            ),
            unnamed=998,
        )
        for above in ("", "validation/")
    ),
    Case(
        "alphamatting",
        "finished",
        items(
            ("lowres", "GT01"),
            ("lowres", "GT27"),
            ("highres", "GT01"),
            image="input_training_{0}/{1}.png",
            alpha="gt_training_{0}/{1}.png",
            trimap="trimap_training_{0}/Trimap1/{1}.png",
        ),
        unnamed=25,
    ),
    Case(
        "ppm-100",
        "finished",
        items("1_a", "2_b", image="image/{0}.jpg", alpha="matte/{0}.jpg"),
        unnamed=98,
        called="PPM-100",
    ),
    Case(
        "rwp-636",
        "finished",
        items("1_input", "2_input", image="image/{0}.jpg", alpha="alpha/{0}.png"),
        unnamed=634,
        called="RealWorldPortrait-636",
    ),
    Case(
        "him2k",
        "finished",
        items(
            ("comp", "1", "00"),
            ("natural", "2", "01"),
            image="images/{0}/{1}.jpg",
            alpha="alphas/{0}/{1}/{2}.png",
        ),
        partner="",
    ),
    Case(
        "refmatte",
        "finished",
        items(("h_1", "0"), ("p_2_x", "1"), image="train/img/{0}.jpg", alpha="train/mask/{0}_{1}.png"),
        {"train/refmatte_train_label.json": "{}"},
        partner="",
    ),
    *(
        Case(
            "composition-1k",
            "finished",
            items(
                "x-1_0",
                "x-1_1",
                "y 2_0",
                image="merged/{0}.png",
                alpha=f"{alphas}/{{0}}.png",
                trimap="trimaps/{0}.png",
            ),
        )
        for alphas in ("alpha_copy", f"{OWN}/alpha_copy")
    ),
    Case(
        "simd-composed",
        "finished",
        items(
            ("net", "a_b_2008_000123"),
            ("plant_leaf", "m_2010_123456"),
            image="{0}/merged/{1}.png",
            alpha="{0}/alpha/{1}.png",
            trimap="{0}/trimap/{1}.png",
        ),
    ),
]
every_layout = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.kind}-{c.gives}")


def write(root: Path, case: Case) -> Path:
    root = root / case.called
    for i, layers in enumerate(case.items):
        for layer, path in layers.items():
            save(root / path, pixels(i)[layer], **({"quality": 95} if path.endswith("jpg") else {}))
    for path, text in case.also.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def decoded(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@every_layout
def test_a_layout_is_recognised_as_itself_and_read_to_the_pixel(tmp_path, case):
    root = write(tmp_path, case)
    recognised = {
        (gives, name)
        for gives, table in TABLES.items()
        for name in table
        if find_kind(gives, name).recognise(str(root))
    }
    assert (case.gives, case.kind) in recognised
    assert {name for _, name in recognised - PLAIN} <= {case.kind}

    index = INDEX[case.gives](str(root))
    assert (index.kind, index.problems, index.extra) == (case.kind, {}, ())
    assert len(index.records) == len(case.items)
    assert (index.expected, index.unnamed) == (len(case.items) + case.unnamed, case.unnamed)
    files = [file for record in index.records for file, _ in files_of(record)]
    assert sorted(files) == sorted(root / path for layers in case.items for path in layers.values())
    for record in index.records:
        for file, matte in files_of(record):
            np.testing.assert_array_equal(read_alpha(file) if matte else read_image(file), decoded(file))
        if case.gives == "foregrounds":
            fg, alpha, _ = read_foreground(record)
            np.testing.assert_array_equal(fg, decoded(record.file))
            np.testing.assert_array_equal(alpha, decoded(record.alpha_file))


@every_layout
def test_a_missing_an_extra_and_a_broken_file_are_named(tmp_path, case):
    root = write(tmp_path, case)
    first, last = root / next(iter(case.items[0].values())), root / next(iter(case.items[-1].values()))
    first.with_name("stray notes.txt").write_text("of no use")
    last.write_bytes(b"no image")
    missing = []
    if case.partner:
        lost = root / case.items[0][case.partner]
        lost.unlink()
        missing = [lost.stem]
    index = INDEX[case.gives](str(root))
    assert [Path(name).name for name in index.extra] == ["stray notes.txt"]
    assert [Path(name).stem for name in index.missing] == missing
    listing = look_through(root, kind=case.kind, decode=True)
    text, problems = str(listing), listing.problems
    assert f"missing {len(missing) + case.unnamed}, extra 1, broken 1" in text
    assert f"{last}: is not an image: its content is not PNG, JPEG, TIFF, WebP" in text
    assert "stray notes.txt: belongs to nothing" in text
    assert problems == len(missing) + case.unnamed + 1


@pytest.mark.parametrize("gives", TABLES)
def test_every_layout_says_whose_it_is_and_what_it_costs(gives):
    for name in TABLES[gives]:
        kind = find_kind(gives, name)
        assert (kind.name, bool(kind.layout), bool(kind.licence)) == (name, True, True)
        assert bool(kind.citation) == (name not in ("folder", "rgba", "parquet", *DRAWN))


# -- counts ----------------------------------------------------------------------------------------------


def test_counts_that_are_only_widely_known_are_a_remark(tmp_path):
    cases = {case.kind: case for case in CASES}
    index = index_foregrounds(str(write(tmp_path, cases["distinctions-646"])))
    assert index.notes[1:] == (
        "Distinctions-646, Train (known to hold 596), here are 2",
        "Distinctions-646, Test (known to hold 50), here are 1",
        "Distinctions-646 holds 646 in all, here are 3",
    )
    for path in tmp_path.glob("Test/*/*"):
        path.unlink()
    for path in [*tmp_path.glob("Test/*"), tmp_path / "Test"]:
        path.rmdir()
    half = index_foregrounds(str(tmp_path))
    assert (half.expected, half.unnamed) == (2, 0)  # how many there are in Train nobody states for sure
    assert "Distinctions-646, Test (known to hold 50) is not here" in half.notes


def test_more_than_declared_is_a_remark(tmp_path):
    for number in range(1, 29):
        for folder in ("input", "gt"):
            (tmp_path / f"{folder}_training_lowres").mkdir(exist_ok=True)
            save(tmp_path / f"{folder}_training_lowres/GT{number:02}.png", np.zeros((4, 4), np.uint8))
    index = index_finished(str(tmp_path))
    assert (index.expected, index.unnamed, len(index.records)) == (28, 0, 28)
    assert "alphamatting.com, training images, lowres (known to hold 27), here are 28" in index.notes
    assert {record.trimap for record in index.records} == {None}


# -- names -----------------------------------------------------------------------------------------------


def test_names_of_another_dataset_are_extra(tmp_path):
    case = next(case for case in CASES if case.kind == "aim-500")
    root = write(tmp_path, case)
    save(root / "original" / "m_00000000.jpg", pixels(0)["image"])
    save(root / "trimap" / "o_9.png", pixels(0)["trimap"])
    save(root / "mask" / "deep" / "o_3.png", pixels(0)["alpha"])
    assert index_finished(str(root)).extra == (
        "mask/deep/o_3.png",
        "original/m_00000000.jpg",
        "trimap/o_9.png",
    )


def test_two_variants_of_one_part_are_told(tmp_path):
    for case in CASES:
        if case.kind == "p3m-10k" and case.gives == "finished":
            write(tmp_path, case)
    index = index_finished(str(tmp_path))
    assert [record.image.parent.parent.parent.name for record in index.records] == ["validation"] * 2
    assert any("P3M-500-P left out: " in note for note in index.notes)


def test_a_folder_without_the_layout_that_is_named_says_the_layout(tmp_path):
    for gives, table in TABLES.items():
        for name in table.keys() - {"folder", "rgba", *DRAWN}:
            with pytest.raises(DataError, match=r"the layout is|its layout is|can be estimated for"):
                INDEX[gives](str(tmp_path), name)


def test_photographs_with_alpha_are_foregrounds_only_for_who_asks(tmp_path):
    case = next(case for case in CASES if case.kind == "aim-500")
    root = write(tmp_path, case)
    with pytest.raises(DataError, match="no known layout of foregrounds"):
        index_foregrounds(str(root))
    with pytest.raises(
        DataError, match="AIM-500 names no classes, and they are never guessed; give --classes"
    ):
        index_foregrounds(str(root), "estimated")
    (root / "classes.csv").write_text("file,class\no_00a1b2c3,insect\no_1,water_drop\n")
    index = index_foregrounds(str(root), "estimated")
    assert [(fg.id, fg.class_) for fg in index.records] == [
        ("aim-500/o_00a1b2c3", "insect"),
        ("aim-500/o_1", "water_drop"),
        ("aim-500/o_2", ""),  # nobody has said one yet
    ]
    for reader in (UPRIGHT, AS_OPENCV):
        fg, alpha, _ = read_foreground(index.records[0], reader)
        image, share = decoded(root / "original/o_00a1b2c3.jpg"), pixels(0)["alpha"][..., None] / 255
        np.testing.assert_array_equal(alpha, pixels(0)["alpha"])
        np.testing.assert_array_equal(fg[alpha == 255], image[alpha == 255])
        assert np.abs(share * fg + (1 - share) * 90 - image).mean() < 4  # over its background it is the image


# -- Composition-1k --------------------------------------------------------------------------------------


@pytest.fixture
def composition(tmp_path):
    """Two foregrounds over two backgrounds each, with one alpha a foreground, as the script leaves them."""
    root = tmp_path / "Combined_Dataset" / "Test_set"
    for i, fg in enumerate(("boy-1_2", "web")):
        save(root / OWN / "alpha" / f"{fg}.png", pixels(i)["alpha"])
        for k in (0, 1):
            save(root / "merged" / f"{fg}_{k}.png", pixels(i)["image"])
            save(root / OWN / "trimaps" / f"{fg}_{k}.png", pixels(i)["trimap"])
    (root / "test_fg_names.txt").write_text("web.png\nboy-1_2.png\n")
    (root / "test_bg_names.txt").write_text("2008_1.jpg\n2008_2.jpg\n2009_1.jpg\n2009_2.jpg\n")
    return root


def test_composition_1k_shares_alphas_and_takes_backgrounds_in_order(composition):
    for place in (composition, composition.parent):
        index = index_finished(str(place))
        assert (index.kind, index.problems, len(index.records)) == ("composition-1k", {}, 4)
        assert (index.expected, index.unnamed) == (1000, 996)
    assert [(r.fg_id, r.bg_id, r.alpha.name) for r in index.records] == [
        ("boy-1_2", "2009_1.jpg", "boy-1_2.png"),
        ("boy-1_2", "2009_2.jpg", "boy-1_2.png"),
        ("web", "2008_1.jpg", "web.png"),
        ("web", "2008_2.jpg", "web.png"),
    ]


def test_what_a_composition_lacks_is_named(composition):
    (composition / "merged" / "web_1.png").unlink()
    (composition / OWN / "alpha" / "boy-1_2.png").unlink()
    (composition / "merged" / "odd.png").write_bytes((composition / "merged" / "web_0.png").read_bytes())
    index = index_finished(str(composition))
    assert [record.id for record in index.records] == ["web_0"]
    assert index.missing == {
        "boy-1_2_0": "merged/boy-1_2_0.png has no alpha, neither boy-1_2_0 nor boy-1_2",
        "boy-1_2_1": "merged/boy-1_2_1.png has no alpha, neither boy-1_2_1 nor boy-1_2",
        "web_1": "is named by the lists, and merged/ has no such image",
    }
    assert "merged/odd.png is not named <foreground>_<k>" in index.broken["odd"]


def test_lists_that_do_not_fit_leave_the_backgrounds_unknown(composition):
    (composition / "test_bg_names.txt").write_text("a.jpg\nb.jpg\nc.jpg\n")
    index = index_finished(str(composition))
    assert {record.bg_id for record in index.records} == {None}
    assert index.notes[0] == "test_bg_names.txt has 3 lines, no multiple of 2: backgrounds unknown"


def test_two_halves_are_two_sets(composition):
    save(composition.parent / "Training_set" / "merged" / "a_0.png", pixels(0)["image"])
    save(composition.parent / "Training_set" / "alpha" / "a.png", pixels(0)["alpha"])
    with pytest.raises(DataError, match="a set is one of them, name it"):
        index_finished(str(composition.parent))


def test_a_composed_release_names_what_nobody_can_say(tmp_path):
    case = next(case for case in CASES if case.kind == "simd-composed")
    root = write(tmp_path, case)
    for folder, name in (("net", "a_room"), ("tarn", "a_2008_000001")):
        for layer in ("merged", "alpha", "trimap"):
            of = "image" if layer == "merged" else layer
            save(root / folder / layer / f"{name}.png", pixels(0)[of])
    index = index_finished(str(root))
    assert [(r.id, r.class_, r.fg_id, r.bg_id) for r in index.records] == [
        ("net/a_b_2008_000123", "net", "net/a_b", "2008_000123"),
        ("plant_leaf/m_2010_123456", "leaf", "plant_leaf/m", "2010_123456"),
    ]
    assert "does not end with that of a VOC or COCO photograph" in index.broken["net/a_room"]
    assert "unknown class 'tarn'" in index.broken["tarn/a_2008_000001"]


# -- COCO ------------------------------------------------------------------------------------------------


def test_the_largest_instance_of_a_photograph_is_known(tmp_path):
    write(tmp_path, next(case for case in CASES if case.kind == "coco"))
    # 200 x 100 pixels; of 500 and 4000 the larger, whose box begins at (30, 0) and is 80 x 90.5
    box = (30 / 200, 0.0, 110 / 200, 90.5 / 100)
    assert largest_instances(tmp_path) == {"val2017/000000000001.jpg": (0.2, box)}
    (record,) = (r for r in index_backgrounds(str(tmp_path)).records if r.id.endswith("001.jpg"))
    assert record.salient == box
    annotations = tmp_path / "annotations" / "instances_val2017.json"
    annotations.write_text(annotations.read_text().replace('"image_id": 1', '"image_id": 7'))
    with pytest.raises(
        DataError, match=r"instances_val2017\.json: is not a COCO instances file \(KeyError\(7\)\)"
    ):
        largest_instances(tmp_path)


# -- what simd index prints --------------------------------------------------------------------------------


def test_remarks_are_counted_with_an_example(run_cli, tmp_path):
    case = next(case for case in CASES if case.kind == "simd")
    root = write(tmp_path, case)
    done = run_cli("index", root)
    assert done.code == 0, done.err
    assert "  JPEG-coded alpha, noisy near 0 and 255: 3, as m.jpg" in done.out


def test_finished_images_need_no_classes_to_be_looked_through(run_cli, tmp_path):
    cases = [case for case in CASES if case.kind == "am-2k"]
    for case in cases:
        write(tmp_path, case._replace(also={}))
    done = run_cli("index", tmp_path)
    assert "image-alpha pairs (am-2k): expected 2000, found" in done.out
    assert "foregrounds: " in done.out
    assert "AM-2k names no classes, and they are never guessed" in done.out
    assert "class not told by the layout" in done.out
    assert "backgrounds" not in done.out
    listed = run_cli("index")
    assert "image-alpha pairs, for simd import:" in listed.out
    assert "aim-500" in listed.out


def test_a_long_list_of_extra_files_is_cut(tmp_path):
    case = next(case for case in CASES if case.kind == "voc")
    root = write(tmp_path, case)
    for number in range(25):
        (root / "VOCdevkit/VOC2012/JPEGImages" / f"{number}.txt").touch()
    listing = look_through(root)
    text, problems = str(listing), listing.problems
    assert "extra 25, broken 0" in text
    assert "  extra: 5 more" in text
    assert problems == 0
