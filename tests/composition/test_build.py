"""Building a set: the same bytes however it is run, and nothing half-written."""

import filecmp
import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from simd.composition.build import build
from simd.composition.spec import read_spec
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.errors import BatchError, DataError
from simd.image import pixel_digest, read_image, write_png
from simd.records import LAYERS
from simd.taxonomy import CLASSES


def soft_disc(size, radius):
    y, x = np.mgrid[: size[0], : size[1]]
    distance = np.hypot(y - size[0] / 2, x - size[1] / 2)
    return np.clip(255 * (radius - distance) / 8 + 128, 0, 255).astype(np.uint8)


@pytest.fixture
def sources(tmp_path):
    rng = np.random.default_rng(0)
    root = tmp_path / "sources"
    for name in ("fg", "alpha", "bg"):
        (root / name).mkdir(parents=True)
    for number, class_ in enumerate(("fur", "hair_easy", "leaf", "sharp", "smoke_cloud")):
        size = (60 + 7 * number, 70)
        write_png(root / "fg" / f"{class_}_{number}.png", rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        write_png(root / "alpha" / f"{class_}_{number}.png", soft_disc(size, 20))
    for number in range(4):
        pixels = rng.integers(0, 256, (50 + 20 * number, 90, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "bg" / f"COCO_train2014_{number:012d}.jpg")
    return root


def options(sources, **more):
    places = {"foregrounds": str(sources), "backgrounds": str(sources / "bg")}
    return {**places, "per_foreground": 3, "any_licence": True, **more}


def assert_same_folder(a, b):
    names = sorted(p.relative_to(a).as_posix() for p in a.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(b).as_posix() for p in b.rglob("*") if p.is_file())
    assert len(names) > 4
    _, different, unreadable = filecmp.cmpfiles(a, b, names, shallow=False)
    assert (different, unreadable) == ([], [])


def test_a_set_is_what_its_files_say(sources, tmp_path):
    built = build(tmp_path / "set", **options(sources, seed=5))
    verify(built)
    assert len(built) == 15
    assert built.info["name"] == "exact-5"  # dataset.json holds no folder
    assert built.name == "set"
    assert build(tmp_path / "named", **options(sources, seed=5, name="mine")).name == "mine"
    assert built.info["counts"]["classes"]["fur"] == {"composites": 3, "foregrounds": 1}
    assert built.info["sources"][0]["licences"] == {"unknown": 5}
    for sample in built:
        # the digests are of the pixels, as any other reader decodes them
        decoded = np.asarray(Image.open(sample.path("image")))
        assert pixel_digest(decoded) == sample.row.image_sha256
        unknown = sample.trimap == 128
        assert set(np.unique(sample.class_mask[unknown])) == {CLASSES.index(sample.row.class_)}
        assert (sample.class_mask[~unknown] == 255).all()
        assert sample.alpha.shape == (sample.row.recipe["height"], sample.row.recipe["width"])


def test_every_composite_can_be_made_again_from_its_row(sources, tmp_path):
    for sample in build(tmp_path / "set", **options(sources)):
        fg = read_image(sources / "fg" / f"{sample.row.fg_id}.png")
        bg = Image.open(sources / "bg" / sample.row.bg_id)
        recipe = sample.row.recipe
        bg = np.asarray(bg.resize((recipe["bg_width"], recipe["bg_height"]), Image.Resampling.LANCZOS))
        top, left = recipe["crop_top"], recipe["crop_left"]
        window = bg[top : top + recipe["height"], left : left + recipe["width"]].astype(int)
        a = sample.alpha[..., None].astype(int)
        assert (sample.image == (a * fg + (255 - a) * window + 127) // 255).all()


def test_workers_change_nothing(sources, tmp_path):
    one = build(tmp_path / "one", **options(sources))
    three = build(tmp_path / "three", workers=3, **options(sources))
    assert one.digest == three.digest
    assert_same_folder(tmp_path / "one", tmp_path / "three")


def test_the_digest_is_of_content_only(sources, tmp_path):
    first = build(tmp_path / "a", **options(sources))
    moved = sources.rename(tmp_path / "elsewhere")
    second = build(tmp_path / "b", **options(moved, name="another"))
    assert first.digest == second.digest
    text = (tmp_path / "a" / "dataset.json").read_text() + (tmp_path / "a" / "metadata.jsonl").read_text()
    assert str(tmp_path) not in text
    assert build(tmp_path / "c", **options(moved, seed=1)).digest != first.digest


def test_another_trimap_shares_the_image_digest(sources, tmp_path):
    narrow = build(tmp_path / "a", **options(sources, trimap_radius=1))
    wide = build(tmp_path / "b", **options(sources, trimap_radius=9))
    assert narrow.digest != wide.digest
    assert narrow.trimaps_digest != wide.trimaps_digest
    assert narrow.info["digests"]["images"] == wide.info["digests"]["images"]


def test_a_killed_build_goes_on_to_the_same_bytes(sources, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    build(whole, **options(sources, per_foreground=100))
    command = [sys.executable, "-m", "simd", "build", str(killed), "--workers", "2"]
    command += ["--per-foreground", "100"]
    command += ["--foregrounds", str(sources), "--backgrounds", str(sources / "bg"), "--any-licence"]
    kills = 0
    for enough in (1, 40, 90, 150, 220):
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            if len(list(killed.glob("image/*.png"))) >= enough:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        if (killed / ".build").exists():
            assert not (killed / "dataset.json").exists()
    assert kills >= 4  # a busy machine may let one build slip through
    subprocess.run(command, check=False, capture_output=True)  # refused where the last run had finished
    assert_same_folder(whole, killed)
    verify(load_set(killed))


def test_a_cut_journal_line_costs_one_composite(sources, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    build(whole, **options(sources))
    broken = sources / "bg" / "COCO_train2014_000000000001.jpg"
    good = broken.read_bytes()
    broken.write_bytes(good[:200])
    with pytest.raises(BatchError):
        build(cut, **options(sources))
    broken.write_bytes(good)
    journal = cut / ".build" / "rows.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30])
    build(cut, **options(sources))
    assert_same_folder(whole, cut)


@pytest.mark.parametrize("layer", ["image", "alpha", "trimap", "class_mask"])
def test_a_file_that_a_power_cut_has_emptied_is_made_again(sources, tmp_path, layer):
    broken = sources / "bg" / "COCO_train2014_000000000001.jpg"
    good = broken.read_bytes()
    broken.write_bytes(good[: len(good) // 2])
    with pytest.raises(BatchError, match="is damaged"):
        build(tmp_path / "set", **options(sources))
    broken.write_bytes(good)
    sorted((tmp_path / "set" / layer).iterdir())[0].write_bytes(b"")
    build(tmp_path / "set", **options(sources))
    build(tmp_path / "fresh", **options(sources))
    assert_same_folder(tmp_path / "set", tmp_path / "fresh")


def test_a_changed_foreground_is_made_again(sources, tmp_path):
    broken = sources / "bg" / "COCO_train2014_000000000001.jpg"
    good = broken.read_bytes()
    broken.write_bytes(good[: len(good) // 2])
    with pytest.raises(BatchError, match="is damaged"):
        build(tmp_path / "set", **options(sources))
    broken.write_bytes(good)
    write_png(sources / "alpha" / "fur_0.png", soft_disc((60, 70), 12))
    resumed = build(tmp_path / "set", **options(sources))
    assert resumed.digest == build(tmp_path / "fresh", **options(sources)).digest
    assert_same_folder(tmp_path / "set", tmp_path / "fresh")


def test_one_bad_background_costs_only_its_composites(sources, tmp_path):
    (sources / "bg" / "COCO_train2014_000000000002.jpg").write_bytes(b"text")
    with pytest.raises(BatchError, match=r"COCO_train2014_000000000002.jpg: is not an image"):
        build(tmp_path / "set", **options(sources))
    assert len(load_set(tmp_path / "set")) == 15


def test_a_build_with_other_settings_is_not_continued(sources, tmp_path):
    (sources / "fg" / "leaf_2.png").unlink()
    with pytest.raises(BatchError, match=r"fg/leaf_2: alpha/leaf_2 has no partner in fg/"):
        build(tmp_path / "set", **options(sources))
    with pytest.raises(DataError, match=r"unfinished run with other settings \(seed: 0 is now 1"):
        build(tmp_path / "set", **options(sources, seed=1))


@pytest.mark.parametrize("content", ["dataset.json", "holiday.txt"])
def test_a_folder_with_something_in_it_is_left_alone(sources, tmp_path, content):
    (tmp_path / content).write_text("{}")
    with pytest.raises(
        DataError, match="key 'name' is missing" if content == "dataset.json" else "not an empty"
    ):
        build(tmp_path, **options(sources))
    assert (tmp_path / content).read_text() == "{}"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"per_foreground": 0}, "per-foreground must be at least 1"),
        ({"max_side": 8}, "max-side must be at least 32"),
        ({"trimap_radius": -1}, "trimap-radius must be in 0..200"),
        ({"protocol": "exakt"}, "unknown protocol 'exakt'; did you mean 'exact'"),
        ({"kind": "foldr"}, "unknown kind of foregrounds 'foldr'; did you mean 'folder'"),
    ],
)
def test_wrong_options_are_named(sources, tmp_path, more, message):
    with pytest.raises(DataError, match=message):
        build(tmp_path / "set", **options(sources, **more))
    assert not (tmp_path / "set").exists()


def test_a_selection_keeps_what_it_says(sources, tmp_path):
    chosen = tmp_path / "selection.jsonl"
    rows = [{"id": "fur_0", "keep": True}, {"id": "leaf_2", "keep": False}]
    chosen.write_text("".join(json.dumps(row) + "\n" for row in rows))
    built = build(tmp_path / "set", **options(sources, selection=str(chosen)))
    assert {row.fg_id for row in built.rows} == {"fur_0"}


def test_a_spec_file_is_the_flags(sources, tmp_path):
    spec = tmp_path / "set.toml"
    spec.write_text(
        f'foregrounds = "{sources}"\nbackgrounds = "{sources / "bg"}"\nper-foreground = 3\nmax_side = 48\n'
        "any-licence = true\n"
    )
    built = build(tmp_path / "set", **read_spec(spec))
    assert built.digest == build(tmp_path / "flags", **options(sources, max_side=48)).digest
    assert max(max(s.alpha.shape) for s in built) == 48


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("per-foregrund = 2", "unknown option 'per_foregrund'; did you mean 'per_foreground'"),
        ('seed = "one"', "seed must be int, not 'one'"),
        ("seed = ", "is not TOML"),
    ],
)
def test_a_wrong_spec_is_named(tmp_path, text, message):
    spec = tmp_path / "set.toml"
    spec.write_text(text)
    with pytest.raises(DataError, match=message):
        read_spec(spec)


def test_generated_regions_reach_the_class_mask(tmp_path):
    built = build(tmp_path / "set", foregrounds="synthetic:1@64", workers=2)
    assert len(built) == 20
    assert {row.class_mask_from for row in built.rows} == {"regions"}
    assert [row.class_ for row in built.rows] == list(CLASSES)


def test_the_folder_loads_with_the_hub_library(sources, tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    for folder in ("fg", "alpha"):  # a name with a split word, blanks, brackets and a dot
        source = sources / folder / "fur_0.png"
        shutil.copy(source, sources / folder / "fur cat test (1).val.png")
    built = build(tmp_path / "set", **options(sources))
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(built.path), cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert len(loaded) == len(built) == 18
    with_card = {name: str(feature) for name, feature in loaded.features.items()}
    (built.path / "README.md").rename(tmp_path / "card.md")
    before = datasets.load_dataset(
        "imagefolder", data_dir=str(built.path), cache_dir=str(tmp_path / "cache2"), split="train"
    )
    assert with_card == {name: str(feature) for name, feature in before.features.items()}
    by_id = {row["id"]: row for row in loaded}
    for sample in built:
        row = by_id[sample.row.id]
        assert (row["fg_id"], row["bg_id"], row["class"]) == (
            sample.row.fg_id,
            sample.row.bg_id,
            sample.row.class_,
        )
        for layer in LAYERS:
            assert (np.asarray(row[layer]) == sample.read(layer)).all()
    assert "fur cat test (1).val" in {row["fg_id"] for row in loaded}
    assert all(row["bg_id"].startswith("COCO_train2014_") for row in loaded)


def write_veils(source, **levels):
    """Write foregrounds whose alpha rises from one level to another, flat where it is 0 and 255."""
    for name, (lowest, highest) in levels.items():
        alpha = np.tile(np.linspace(lowest, highest, 120).astype(np.uint8), (100, 1))
        if lowest == 0:
            alpha[:, :40] = 0
        if highest == 255:
            alpha[:, 80:] = 255
        for layer, pixels in {"fg": np.full((100, 120, 3), 90, np.uint8), "alpha": alpha}.items():
            (source / layer).mkdir(parents=True, exist_ok=True)
            write_png(source / layer / f"{name}.png", pixels)


def test_foregrounds_that_leave_one_side_unknown_are_counted_once(tmp_path, run_cli):
    source = tmp_path / "veils"
    write_veils(source, silk_thin=(0, 200))
    options = ("--foregrounds", source, "--backgrounds", "open:5@128:test", "--any-licence")
    done = run_cli("build", tmp_path / "set", *options, "--per-foreground", 21)
    assert "foregrounds that leave no known foreground in their trimaps: 1, as" in " ".join(done.err.split())
    assert "left to make" not in done.err


def test_a_resumed_build_says_which_foregrounds_it_has_looked_at(tmp_path, run_cli, backgrounds):
    source = tmp_path / "veils"
    write_veils(source, silk_thin=(0, 200), IMG_1000=(0, 200))
    options = ("--foregrounds", source, "--backgrounds", backgrounds, "--per-foreground", 1, "--any-licence")
    assert run_cli("build", tmp_path / "set", *options).code == 1  # IMG_1000 has no class
    done = run_cli("build", tmp_path / "set", *options, "--class", "silk")
    assert done.code == 0, done.err
    words = " ".join(done.err.split())
    assert (
        "of the foregrounds of the 1 of 2 composites that were left to make: foregrounds that leave no"
        in words
    )


def test_foregrounds_that_leave_one_side_unknown_are_named(tmp_path, run_cli, backgrounds):
    source = tmp_path / "veils"
    write_veils(source, silk_thin=(0, 200), silk_wide=(40, 255), silk_good=(0, 255))
    options = ("--foregrounds", source, "--backgrounds", backgrounds, "--per-foreground", 1, "--any-licence")
    done = run_cli("build", tmp_path / "set", *options)
    assert done.code == 0, done.err
    words = " ".join(done.err.split())
    assert "foregrounds that leave no known foreground in their trimaps: 1, as silk_thin; methods" in words
    assert "foregrounds that leave no known background in their trimaps: 1, as silk_wide; methods" in words
    done = run_cli("predict", "closed-form", tmp_path / "set", "--out", tmp_path / "mattes")
    assert (
        "2 fallbacks (the trimap has no known background: 1; the trimap has no known foreground: 1): "
        in done.out
        or "2 fallbacks (the trimap has no known foreground: 1; the trimap has no known background: 1): "
        in done.out
    )
