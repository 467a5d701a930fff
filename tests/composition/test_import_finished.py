"""Finished images become sets that every later command works on."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.composition.import_finished import import_set
from simd.dataset.manifest import load_set
from simd.dataset.verify import verify
from simd.errors import BatchError, DataError
from simd.image import read_alpha, read_image
from simd.taxonomy import class_index
from simd.trimap import trimap_of

SIZE = (60, 70)


def image(seed=0, size=SIZE):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def add(root, stem, seed=0, *, trimap=True, values=(0, 128, 255), folders=("original", "mask", "trimap")):
    """Add an image to a tree in the layout of AIM-500; its official trimap is wider than ours would be."""
    alpha = soft_alpha(*SIZE, seed=seed)
    save(root / folders[0] / f"{stem}.jpg", image(seed), quality=95)
    save(root / folders[1] / f"{stem}.png", alpha)
    if trimap:
        ternary = trimap_of(alpha, 9)
        official = np.select([ternary == 0, ternary == 255], [values[0], values[2]], values[1])
        save(root / folders[2] / f"{stem}.png", official.astype(np.uint8))


@pytest.fixture
def aim(tmp_path):
    root = tmp_path / "AIM-500"
    for seed, stem in enumerate(("o_0000000a", "o_0000000b", "o_0000000c")):
        add(root, stem, seed)
    return root


@pytest.fixture
def release(tmp_path):
    """Two foregrounds over two photographs each, as the SIMD generator writes them."""
    root = tmp_path / "SIMD"
    for i, (folder, fg) in enumerate((("plant_leaf", "beach"), ("net", "beach"))):
        for k, bg in enumerate(("2008_000001", "2010_000002")):
            alpha = soft_alpha(*SIZE, seed=i)
            save(root / folder / "merged" / f"{fg}_{bg}.png", image(10 * i + k))
            save(root / folder / "alpha" / f"{fg}_{bg}.png", alpha)
            save(root / folder / "trimap" / f"{fg}_{bg}.png", trimap_of(alpha, 5))
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# -- what a set of them holds ----------------------------------------------------------------------------


def test_photographs_keep_their_pixels_and_their_official_trimaps(aim, tmp_path):
    made = import_set(aim, tmp_path / "set", class_="fur")
    assert (made.name, made.info["protocol"], len(made)) == ("aim-500", "imported", 3)
    assert made.info["counts"] == {
        "composites": 3,
        "foregrounds": 3,
        "backgrounds": 0,
        "classes": {"fur": {"composites": 3, "foregrounds": 3}},
    }
    assert [s["kind"] for s in made.info["sources"]] == ["aim-500"]
    assert "AIM-500: its MIT agreement" in (tmp_path / "set" / "ATTRIBUTION.md").read_text()
    for sample, stem in zip(made, ("o_0000000a", "o_0000000b", "o_0000000c"), strict=True):
        row = sample.row
        assert (row.fg_id, row.bg_id, row.bg_source, row.source) == (stem, None, None, "aim-500")
        assert row.recipe == {"height": 60, "width": 70, "trimap": "official"}
        assert row.id.startswith("fur-")
        np.testing.assert_array_equal(sample.image, read_image(aim / "original" / f"{stem}.jpg"))
        np.testing.assert_array_equal(sample.alpha, read_alpha(aim / "mask" / f"{stem}.png"))
        np.testing.assert_array_equal(sample.trimap, read_alpha(aim / "trimap" / f"{stem}.png"))
        unknown = sample.trimap == 128
        assert (sample.class_mask == np.where(unknown, class_index("fur"), 255)).all()
    verify(made)


def test_without_official_trimaps_they_are_those_of_protocol_exact(aim, tmp_path):
    for file in (aim / "trimap").iterdir():
        file.unlink()
    (aim / "trimap").rmdir()
    made = import_set(aim, tmp_path / "set", class_="fur")
    # max(3, round(0.01 * 60)) = 3
    assert made.rows[0].recipe == {"height": 60, "width": 70, "trimap": "made", "trimap_radius": 3}
    np.testing.assert_array_equal(made[0].trimap, trimap_of(made[0].alpha, 3))


def test_a_composed_release_brings_classes_foregrounds_and_backgrounds(release, tmp_path):
    made = import_set(release, tmp_path / "set", name="simd-test")
    assert [(r.class_, r.fg_id, r.bg_id) for r in made.rows] == [
        ("net", "net/beach", "2008_000001"),
        ("net", "net/beach", "2010_000002"),
        ("leaf", "plant_leaf/beach", "2008_000001"),
        ("leaf", "plant_leaf/beach", "2010_000002"),
    ]
    assert made.name == "simd-test"
    assert made.info["counts"]["foregrounds"] == 2


def test_composition_1k_shares_its_alphas(tmp_path):
    root = tmp_path / "Test_set"
    save(root / "alpha" / "web.png", soft_alpha(*SIZE))
    for k in (0, 1):
        save(root / "merged" / f"web_{k}.png", image(k))
        save(root / "trimaps" / f"web_{k}.png", trimap_of(soft_alpha(*SIZE), 4 + k))
    (tmp_path / "classes.csv").write_text("file,class,licence\nweb.png,spider_web|net,CC0-1.0\n")
    made = import_set(root, tmp_path / "set", classes=tmp_path / "classes.csv")
    assert [(r.fg_id, r.class_, r.classes, r.licence) for r in made.rows] == [
        ("web", "spider_web", ("net", "spider_web"), "CC0-1.0")
    ] * 2
    assert "### CC0-1.0" in (tmp_path / "set" / "ATTRIBUTION.md").read_text()
    assert made.rows[0].alpha_sha256 == made.rows[1].alpha_sha256
    assert made.rows[0].trimap_sha256 != made.rows[1].trimap_sha256


# -- the same bytes, however -----------------------------------------------------------------------------


def test_workers_and_interruptions_change_no_byte(release, tmp_path, monkeypatch):
    import simd.composition.import_finished as importing

    import_set(release, tmp_path / "one")
    import_set(release, tmp_path / "two", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    write, count = importing.write_layers, 0

    def stop_after_two(*args):
        nonlocal count
        count += 1
        if count > 2:
            raise KeyboardInterrupt
        write(*args)

    monkeypatch.setattr(importing, "write_layers", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        import_set(release, tmp_path / "three")
    assert not (tmp_path / "three" / "dataset.json").exists()
    monkeypatch.setattr(importing, "write_layers", write)
    with pytest.raises(DataError, match="unfinished run with other settings"):
        import_set(release, tmp_path / "three", name="other")
    import_set(release, tmp_path / "three")
    assert contents(tmp_path / "one") == contents(tmp_path / "three")
    import_set(release, tmp_path / "three")  # is this set already
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


# -- classes ---------------------------------------------------------------------------------------------


def test_a_class_is_never_guessed(aim, tmp_path):
    with pytest.raises(BatchError, match="3 of 3 images failed") as caught:
        import_set(aim, tmp_path / "set")
    assert "no class is stated for it: give --classes FILE" in caught.value.failures["o_0000000a"]
    assert not (tmp_path / "set").exists()
    with pytest.raises(DataError, match="unknown class 'hair'; did you mean 'hair_easy'"):
        import_set(aim, tmp_path / "set", class_="hair")


def test_the_csv_file_speaks_first_and_the_class_is_for_the_others(aim, tmp_path):
    (aim / "classes.csv").write_text("file,class,alpha_kind\no_0000000b.jpg,plant_leaf,reference\n")
    made = import_set(aim, tmp_path / "set", class_="sharp")
    assert [r.class_ for r in made.rows] == ["sharp", "leaf", "sharp"]
    assert made.rows[1].alpha_kind == "reference"


def composition(root, *foregrounds):
    for fg in foregrounds:
        save(root / "merged" / f"{fg}_0.png", image())
        save(root / "alpha" / f"{fg}.png", soft_alpha(*SIZE))
    return root


def test_names_count_where_all_begin_with_a_class(tmp_path):
    made = import_set(composition(tmp_path / "a", "fur_1", "plant_leaf-2"), tmp_path / "set")
    assert [r.class_ for r in made.rows] == ["fur", "leaf"]
    root = composition(tmp_path / "b", "leaf-1335575", "boy-1")
    with pytest.raises(BatchError, match="2 of 2"):
        import_set(root, tmp_path / "none")
    with pytest.raises(
        DataError, match=r"names of 1 of 2 .* 'leaf-1335575_0', and --class says .* hair_hard"
    ):
        import_set(root, tmp_path / "none", class_="hair_hard")


def test_a_folder_and_a_csv_file_may_not_contradict_each_other(release, tmp_path):
    table = tmp_path / "c.csv"
    table.write_text("file,class\nbeach,leaf|tree\n")  # both foregrounds have this name
    with pytest.raises(BatchError) as caught:
        import_set(release, tmp_path / "set", classes=table)
    assert sorted(caught.value.failures) == ["net/beach_2008_000001", "net/beach_2010_000002"]
    assert "c.csv:2 says leaf, its folder says net; keep one of them" in str(caught.value)
    assert [row.classes for row in load_set(tmp_path / "set").rows] == [("leaf", "tree")] * 2


# -- trimaps of others -----------------------------------------------------------------------------------


def test_other_values_are_an_error_with_the_thresholds_and_mapped_when_asked(aim, tmp_path):
    add(aim, "o_0000000d", 3, values=(3, 102, 246))
    with pytest.raises(BatchError, match=r"1 of 4 images failed") as caught:
        import_set(aim, tmp_path / "set", class_="fur")
    text = str(caught.value)
    assert "o_0000000d.png: a trimap holds 0, 128 (unknown) and 255 only" in text
    assert "--map-trimaps would take values below 85 for background, from 170 on for foreground" in text
    assert len(load_set(tmp_path / "set")) == 3
    made = import_set(aim, tmp_path / "mapped", class_="fur", map_trimaps=True)
    assert made.rows[0].recipe["trimap"] == "official"
    assert made.rows[3].recipe == {
        "height": 60,
        "width": 70,
        "trimap": "official",
        "trimap_pixels_mapped": 60 * 70,  # none of the three values is one of ours
        "unknown_from": 85,
        "foreground_from": 170,
    }
    np.testing.assert_array_equal(made[3].trimap, trimap_of(made[3].alpha, 9))


# -- what is wrong ---------------------------------------------------------------------------------------


def test_bad_images_are_named_and_the_others_finished(aim, tmp_path):
    (aim / "mask" / "o_0000000a.png").unlink()
    path = aim / "original" / "o_0000000b.jpg"
    path.write_bytes(path.read_bytes()[:-500])
    add(aim, "o_0000000e", 4)
    save(aim / "mask" / "o_0000000e.png", np.zeros(SIZE, np.uint8))
    save(aim / "trimap" / "o_0000000e.png", np.zeros(SIZE, np.uint8))
    with pytest.raises(BatchError, match=r"3 of 4 images failed \(1 are done\)") as caught:
        import_set(aim, tmp_path / "set", class_="fur")
    text = str(caught.value)
    assert "o_0000000a: original/o_0000000a.jpg has no partner in mask/" in text
    assert "o_0000000b.jpg: is damaged" in text
    assert "o_0000000e: its alpha is 0 everywhere" in text
    add(aim, "o_0000000a", 0)
    add(aim, "o_0000000b", 1)
    add(aim, "o_0000000e", 4)
    made = import_set(aim, tmp_path / "set", class_="fur")  # the failed ones are tried again
    assert len(made) == 4
    verify(made)


def test_a_folder_that_is_none_of_them_says_the_layouts(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(DataError, match="x: no known layout of image-alpha pairs; known are"):
        import_set(tmp_path / "x", tmp_path / "set")
    with pytest.raises(DataError, match="unknown kind of image-alpha pairs 'aim'; did you mean 'aim-500'"):
        import_set(tmp_path / "x", tmp_path / "set", kind="aim")
    with pytest.raises(DataError, match="x: is not AIM-500; its layout is"):
        import_set(tmp_path / "x", tmp_path / "set", kind="aim-500")


# -- the command -----------------------------------------------------------------------------------------


def test_later_commands_work_on_an_imported_set(run_cli, release, tmp_path):
    out = tmp_path / "set"
    done = run_cli("import", release, out, "--workers", 2)
    assert (done.code, done.out.splitlines()[0]) == (0, f"4 images in 2 classes: {out}")
    for command in (
        ("verify", out),
        ("stats", out, "--out", tmp_path / "stats"),
        ("predict", "trimap", out, "--out", tmp_path / "trimap"),
        ("evaluate", tmp_path / "trimap", out, "--out", tmp_path / "trimap-scores"),
        ("leaderboard", tmp_path / "trimap-scores.json", "--out", tmp_path / "board"),
    ):
        done = run_cli(*command)
        assert done.code == 0, done.err
    summary = json.loads((tmp_path / "trimap-scores.json").read_text())
    assert summary["set"]["protocol"] == "imported"
    assert (tmp_path / "board" / "index.html").is_file()


def test_the_class_is_an_option_of_the_command(run_cli, aim, tmp_path):
    done = run_cli("import", aim, tmp_path / "set", "--kind", "aim-500", "--class", "glass_ice")
    assert done.code == 0, done.err
    assert {row.class_ for row in load_set(tmp_path / "set").rows} == {"glass_ice"}


def test_what_has_no_class_yet_is_imported_where_asked(run_cli, aim, tmp_path):
    (aim / "classes.csv").write_text(
        "file,class,licence\no_0000000a.jpg,,CC0-1.0\no_0000000b.jpg,net,CC0-1.0\n"
    )
    done = run_cli("import", aim, tmp_path / "set")
    assert done.code == 1
    assert "classes.csv:2: no class is given for 'o_0000000a'" in done.err
    assert "--unlabelled" in done.err
    done = run_cli("import", aim, tmp_path / "set", "--unlabelled")  # it goes on
    assert done.code == 0, done.err
    assert "3 images in 1 classes (2 without a class)" in done.out
    rows = [json.loads(line) for line in (tmp_path / "set" / "metadata.jsonl").read_text().splitlines()]
    assert [(row["fg_id"], row["class"], row["classes"], row["licence"]) for row in rows] == [
        ("o_0000000b", "net", ["net"], "CC0-1.0"),
        ("o_0000000a", None, [], "CC0-1.0"),
        ("o_0000000c", None, [], rows[2]["licence"]),
    ]
    assert all(re.fullmatch("unlabelled-[0-9a-f]{8}", row["id"]) for row in rows[1:])
    for row in rows[1:]:
        assert (read_alpha(tmp_path / "set" / row["class_mask_file_name"]) == 255).all()
    verify(load_set(tmp_path / "set"))
    again = run_cli("import", aim, tmp_path / "set", "--unlabelled")
    assert again.code == 0, again.err
    done = run_cli("import", aim, tmp_path / "all", "--unlabelled", "--class", "fur")
    assert done.code == 0, done.err
    assert {row.fg_id: row.class_ for row in load_set(tmp_path / "all").rows} == {
        "o_0000000a": "fur",
        "o_0000000b": "net",
        "o_0000000c": "fur",
    }
