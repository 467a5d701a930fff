"""Folders as people have them: everyday names are understood, and what is not is answered."""

import json

import numpy as np
import pytest
from conftest import save, soft_alpha
from PIL import Image

from simd.dataset.manifest import load_set
from simd.image import read_alpha, read_image

NAMES = ("fur_a", "net_b", "fire_c")


def photograph(seed):
    """Return colours that change slowly, uint8 (64, 80, 3)."""
    y, x = np.mgrid[:64, :80]
    waves = [127 + 120 * np.sin((seed + 1) * (y * a + x * b) / 9) for a, b in ((1, 0), (0, 1), (1, 1))]
    return np.stack(waves, axis=2).astype(np.uint8)


def trimap(seed):
    alpha = soft_alpha(seed=seed)
    return np.where(alpha == 0, 0, np.where(alpha == 255, 255, 128)).astype(np.uint8)


def write(root, colour, alpha, trimaps="", names=NAMES):
    """Write pictures and mattes; {} in a pattern is a name. Endings in capitals are no format of Pillow's."""
    for seed, name in enumerate(names):
        layers = {colour: photograph(seed), alpha: soft_alpha(seed=seed)}
        if trimaps:
            layers[trimaps] = trimap(seed)
        for pattern, pixels in layers.items():
            save(root / pattern.format(name), pixels)
    return root


def listed(run_cli, *words):
    """Return what `simd index --json` lists, by what it gives; its exit code must be 0."""
    done = run_cli("index", *words, "--json")
    assert done.code == 0, (done.out, done.err)
    return {contents["what"]: contents for contents in json.loads(done.out)}


# -- understood -------------------------------------------------------------------------------------------

FOREGROUND_FOLDERS = [
    ("fg/{}.jpg", "gt/{}.png"),
    ("fg/{}.JPG", "matte/{}.PNG"),
    ("fg/{}.png", "Mattes/{}.png"),
    ("FG/{}.png", "MASK/{}.png"),
    ("fg/{}.png", "masks/{}.png"),
    ("fgr/{}.png", "pha/{}.png"),
    ("foregrounds/{}.png", "ground-truth/{}.png"),
    ("fg/{}.png", "alpha/{}_alpha.png"),
    ("fg/{}.png", "alpha/{}-matte.png"),
    ("fg/{}.png", "alpha/{}.mask.PNG"),
    ("fg/{}_fg.png", "alpha/{}_alpha.png"),
    ("fg/animals/{}.png", "matte/animals/{}.png"),
]


@pytest.mark.parametrize(("colour", "alpha"), FOREGROUND_FOLDERS)
def test_foregrounds_and_mattes_are_understood(tmp_path, run_cli, colour, alpha):
    contents = listed(run_cli, write(tmp_path, colour, alpha))
    assert list(contents) == ["foregrounds"]
    assert (contents["foregrounds"]["expected"], contents["foregrounds"]["found"]) == (3, 3)
    assert contents["foregrounds"]["classes"] == {"fire": 1, "fur": 1, "net": 1}


PHOTOGRAPH_FOLDERS = [
    ("image/{}.jpg", "alpha/{}.png"),
    ("images/{}.jpg", "masks/{}.png"),
    ("Images/{}.JPG", "GT/{}.PNG"),
    ("photos/a/{}.jpg", "mattes/a/{}_matte.png"),
    ("rgb/{}.png", "alpha/{}.png"),
]


@pytest.mark.parametrize(("colour", "alpha"), PHOTOGRAPH_FOLDERS)
def test_photographs_and_mattes_are_understood(tmp_path, run_cli, colour, alpha):
    contents = listed(run_cli, write(tmp_path, colour, alpha))
    assert list(contents) == ["image-alpha pairs"]
    assert contents["image-alpha pairs"]["found"] == 3


@pytest.mark.parametrize("alpha", ["{}_alpha.png", "{}-matte.png", "{}.mask.png", "{} pha.PNG"])
@pytest.mark.parametrize("folder", ["", "inside/"])
def test_files_side_by_side_may_be_both(tmp_path, run_cli, folder, alpha):
    contents = listed(run_cli, write(tmp_path, folder + "{}.jpg", folder + alpha))
    assert {what: each["found"] for what, each in contents.items()} == {
        "foregrounds": 3,
        "image-alpha pairs": 3,
    }
    assert any("of photographs, which show their background" in n for n in contents["foregrounds"]["notes"])


def test_equal_names_in_nested_folders_are_told_apart_by_their_paths(tmp_path, run_cli):
    for folder in ("x", "y"):
        write(tmp_path, f"fg/{folder}/{{}}.png", f"alpha/{folder}/{{}}.png", names=("fur_a",))
    write(tmp_path, "fg/x/{}.png", "alpha/x/{}.png", names=("net_b",))
    done = run_cli("index", tmp_path)
    assert "expected 3, found 3" in done.out
    from simd.sources import index_foregrounds

    records = {record.id: record for record in index_foregrounds(str(tmp_path)).records}
    assert list(records) == ["net_b", "x/fur_a", "y/fur_a"]
    assert records["y/fur_a"].alpha_file == tmp_path / "alpha" / "y" / "fur_a.png"


def test_masks_beside_mattes_are_left_out_and_named(tmp_path, run_cli):
    write(tmp_path, "fg/{}.png", "alpha/{}.png")
    write(tmp_path, "fg/{}.png", "masks/{}.png")
    contents = listed(run_cli, tmp_path)
    assert "left out: masks/" in contents["foregrounds"]["notes"]


def test_masks_of_segmentation_are_named(tmp_path, run_cli):
    write(tmp_path, "images/{}.png", "masks/{}.png")
    for name in NAMES:
        save(tmp_path / "masks" / f"{name}.png", np.where(soft_alpha() > 127, 255, 0).astype(np.uint8))
    (note,) = [n for n in listed(run_cli, tmp_path)["image-alpha pairs"]["notes"] if "segmentation" in n]
    assert note.startswith("the mattes hold 0 and 255 alone, as segmentations do (masks/fire_c.png, ")


def test_own_trimaps_beside_foregrounds_are_named(tmp_path, run_cli):
    write(tmp_path / "in", "fg/{}.png", "matte/{}.png", "trimap/{}.png")
    unused = "3 trimaps in trimap/ are not used: a composite's trimap is that of its protocol"
    assert unused in run_cli("index", tmp_path / "in").out
    words = ("--foregrounds", tmp_path / "in", "--backgrounds", "builtin", "--any-licence", "--workers", "1")
    done = run_cli("build", tmp_path / "out", *words)
    assert (done.code, unused in done.err) == (0, True)


# -- answered -----------------------------------------------------------------------------------------------


def test_a_folder_of_mattes_that_may_be_two_is_asked_about(tmp_path, run_cli):
    write(tmp_path, "fg/{}.png", "pha/{}.png")
    write(tmp_path, "fg/{}.png", "mattes/{}.png")
    done = run_cli("index", tmp_path)
    assert done.code == 1
    assert "pha/ and mattes/ may each be its folder of mattes; name the one of the mattes: --alpha-dir" in (
        done.err
    )
    assert listed(run_cli, tmp_path, "--alpha-dir", "pha")["foregrounds"]["found"] == 3


def test_photographs_are_no_foregrounds_and_foregrounds_no_photographs_unasked(tmp_path, run_cli):
    photos = write(tmp_path / "p", "images/{}.jpg", "masks/{}.png")
    fgs = write(tmp_path / "f", "fg/{}.jpg", "masks/{}.png")
    words = ("--backgrounds", "builtin", "--any-licence", "--workers", "1")
    done = run_cli("build", tmp_path / "out", "--foregrounds", photos, *words)
    assert done.code == 1
    assert "it holds image-alpha pairs (folder), photographs with their mattes: simd import makes" in done.err
    done = run_cli("import", fgs, tmp_path / "out")
    assert done.code == 1
    assert "it holds foregrounds (folder): simd build places them on backgrounds; if they are" in done.err
    done = run_cli("build", tmp_path / "out", "--foregrounds", photos, "--kind", "folder", *words)
    assert done.code == 0, done.err
    assert "foregrounds: their colours are taken as they are" in done.err
    assert run_cli("import", fgs, tmp_path / "out2", "--kind", "folder", "--workers", "1").code == 0


def test_what_looks_like_foregrounds_and_mattes_is_never_backgrounds(tmp_path, run_cli):
    write(tmp_path, "shots/{}.jpg", "drawn/{}.png")
    done = run_cli("index", tmp_path)
    assert done.code == 1
    assert "backgrounds" not in done.out
    assert "say which holds the mattes (--alpha-dir NAME; --kind 'folder?alpha-dir=NAME' where" in done.err
    write(tmp_path / "b", "fg/{}.JPG", "gt/{}-matte.PNG")
    done = run_cli("index", tmp_path / "b" / "fg")
    assert (done.code, done.out) == (1, "")
    assert "gt/ beside it holds grey pictures of the same names and sizes" in done.err


def test_layers_without_a_common_name_are_told(tmp_path, run_cli):
    for seed in range(3):
        save(tmp_path / "in" / "fg" / f"IMG_{seed}.jpg", photograph(seed))
        save(tmp_path / "in" / "gt" / f"{seed}.png", photograph(seed)[..., 1] // 3 + 60)  # as soft as smoke
    for command in (("index",), ("select", "--out", tmp_path / "x.jsonl")):
        done = run_cli(*command, tmp_path / "in")
        assert done.code == 1
        assert "foregrounds in fg/, mattes in gt/, and no name is in both: there are fg/IMG_0.jpg" in done.err


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        (".", ", AM-2k in "),
        ("data/am/train", "is a part of AM-2k; name the whole, "),
        ("data/SIMD/plant_leaf", "is a part of SIMD, the release of 2021; name the whole, "),
        ("data/am/train/original", "is a part of AM-2k; name the whole, "),
        ("data/mine/fg", "mattes/ beside it holds grey pictures"),
    ],
)
def test_a_dataset_named_one_level_too_high_or_too_low_is_named(tmp_path, run_cli, folder, message):
    write(tmp_path, "data/am/train/original/m_{}.jpg", "data/am/train/mask/m_{}.png")
    write(tmp_path, "data/SIMD/plant_leaf/fg/{}.jpg", "data/SIMD/plant_leaf/alpha/{}.jpg")
    write(tmp_path, "data/mine/fg/{}.jpg", "data/mine/mattes/{}.png")
    done = run_cli("index", tmp_path / folder)
    assert (done.code, message in done.err) == (1, True), done.err


def test_a_level_of_foregrounds_and_pairs_is_named_by_those_who_want_them(tmp_path, run_cli):
    mine = write(tmp_path / "data" / "mine", "fg/{}.jpg", "mattes/{}.png")
    out = ("--out", tmp_path / "x.jsonl")
    whole = f"it holds foregrounds and their mattes in {mine}: name that folder"
    assert whole in run_cli("select", tmp_path / "data", *out).err
    layer = f"it is a layer of {mine} (foregrounds in fg/, mattes in mattes/): name that folder"
    assert layer in run_cli("select", mine / "fg", *out).err


def test_a_part_of_a_dataset_of_backgrounds_is_used_and_named(tmp_path, run_cli):
    for part in ("train", "testval"):
        save(tmp_path / "BG" / part / "h_1.jpg", photograph(0))
    contents = listed(run_cli, tmp_path / "BG" / "train")
    assert f"is a part of BG-20k; name the whole, {tmp_path / 'BG'}" in contents["backgrounds"]["notes"][0]
    assert "holds BG-20k in" in listed(run_cli, tmp_path)["backgrounds"]["notes"][0]


# -- the rest is named --------------------------------------------------------------------------------------


def test_the_folder_of_mattes_is_named(tmp_path, run_cli):
    write(tmp_path, "shots/{}.jpg", "drawn/{}.png")
    contents = listed(run_cli, tmp_path / "shots", "--alpha-dir", "../drawn")
    assert {what: each["found"] for what, each in contents.items()} == {
        "foregrounds": 3,
        "image-alpha pairs": 3,
    }
    done = run_cli("index", tmp_path / "shots", "--alpha-dir", "gone")
    assert (done.code, "gone: no such folder; --alpha-dir names the folder of mattes" in done.err) == (
        1,
        True,
    )


@pytest.mark.parametrize(("colour", "alpha"), [("{}.jpg", "{}_a.png"), ("fg/{}.jpg", "alpha/{}_a.png")])
def test_the_suffix_of_mattes_is_named(tmp_path, run_cli, colour, alpha):
    write(tmp_path, colour, alpha)
    assert listed(run_cli, tmp_path, "--alpha-suffix", "_a")["foregrounds"]["found"] == 3
    assert listed(run_cli, tmp_path, "--kind", "folder?alpha-suffix=_a")["foregrounds"]["found"] == 3


def test_named_mattes_go_through_build_select_and_import(tmp_path, run_cli):
    root = write(tmp_path / "in", "{}.jpg", "drawn/{}_a.png")
    named = ("--alpha-dir", "drawn", "--alpha-suffix", "_a")
    words = ("--backgrounds", "builtin", "--any-licence", "--workers", "1")
    done = run_cli("build", tmp_path / "set", "--foregrounds", root, *named, *words)
    assert done.code == 0, done.err
    assert sorted(row.fg_id for row in load_set(tmp_path / "set").rows) == ["fire_c", "fur_a", "net_b"]
    assert run_cli("select", root, *named, "--out", tmp_path / "s.jsonl", "--workers", "1").code == 0
    done = run_cli("import", root, tmp_path / "own", *named, "--workers", "1")
    assert done.code == 0, done.err
    done = run_cli("build", tmp_path / "new", "--foregrounds", root, "--kind", "estimated", *named, *words)
    assert done.code == 0, done.err


def test_commands_without_the_options_take_them_in_the_kind(tmp_path, run_cli):
    root = write(tmp_path / "in", "shots/{}.jpg", "drawn/{}_a.png")
    kind = ("--kind", "folder?alpha-dir=../drawn&alpha-suffix=_a")
    done = run_cli("balance", root / "shots", *kind, "--json")
    assert done.code == 0, done.err
    counts = json.loads(done.out)["foregrounds"]
    assert {name: count for name, count in counts.items() if count} == {"fire": 1, "fur": 1, "net": 1}
    done = run_cli("tag", "fill", tmp_path / "tags", "--foregrounds", root / "shots", *kind)
    assert done.code == 0, done.err


def test_names_of_mattes_are_for_plain_folders(tmp_path, run_cli):
    root = write(tmp_path, "fg/{}.png", "alpha/{}.png")
    done = run_cli("index", root, "--kind", "adobe", "--alpha-dir", "alpha")
    assert (done.code, "mattes are named in plain folders (kind folder), not in adobe" in done.err) == (
        1,
        True,
    )
    done = run_cli("index", root, "--kind", "folder?alpha=x")
    assert (done.code, "behind a kind stand alpha-dir and alpha-suffix" in done.err) == (1, True)


@pytest.mark.parametrize("heading", ["file;class", "filename,label"])
def test_classes_come_from_a_table_of_a_spreadsheet(tmp_path, run_cli, heading):
    names = ("IMG_1", "IMG_2", "IMG_3")
    write(tmp_path, "fg/{}.JPG", "gt/{}.png", names=names)
    mark = ";" if ";" in heading else ","
    rows = [f"{name}.JPG{mark}{class_}" for name, class_ in zip(names, ("fur", "fur", "net"), strict=True)]
    (tmp_path / "classes.csv").write_text("\n".join([heading, *rows]) + "\n")
    assert listed(run_cli, tmp_path)["foregrounds"]["classes"] == {"fur": 2, "net": 1}


# -- simd import ------------------------------------------------------------------------------------------


def test_photographs_of_ones_own_become_a_set(tmp_path, run_cli):
    root = write(tmp_path / "in", "images/{}.png", "mattes/{}.png")
    done = run_cli("import", root, tmp_path / "out", "--workers", "1")
    assert done.code == 0, done.err
    assert load_set(tmp_path / "out").name == "out"  # "folder" would be every such set's
    rows = {row.fg_id: row for row in load_set(tmp_path / "out").rows}
    assert {name: row.class_ for name, row in rows.items()} == {
        "fur_a": "fur",
        "net_b": "net",
        "fire_c": "fire",
    }
    for seed, name in enumerate(NAMES):
        row = rows[name]
        np.testing.assert_array_equal(
            read_image(tmp_path / "out" / "image" / f"{row.id}.png"), photograph(seed)
        )
        np.testing.assert_array_equal(
            read_alpha(tmp_path / "out" / "alpha" / f"{row.id}.png"), soft_alpha(seed=seed)
        )
        # the disc of 3 pixels is the least that protocol "exact" has
        assert (row.recipe["trimap"], row.recipe["trimap_radius"], row.bg_id) == ("made", 3, None)


def test_own_trimaps_of_photographs_are_kept(tmp_path, run_cli):
    root = write(tmp_path / "in", "image/{}.png", "alpha/{}.png", "trimaps/{}_trimap.png")
    assert run_cli("import", root, tmp_path / "out", "--workers", "1").code == 0
    for row in load_set(tmp_path / "out").rows:
        assert row.recipe["trimap"] == "official"
        written = read_alpha(tmp_path / "out" / "trimap" / f"{row.id}.png")
        np.testing.assert_array_equal(written, trimap(NAMES.index(row.fg_id)))


def test_a_file_of_classes_says_them_of_pairs_and_of_foregrounds(tmp_path, run_cli):
    for name in ("a", "b", "c"):
        save(tmp_path / "in" / "alpha" / f"{name}.png", soft_alpha())
        for folder in ("fg", "image"):
            save(tmp_path / "in" / folder / f"{name}.jpg", photograph(0))
    (tmp_path / "classes.csv").write_text("file,class,licence\na.jpg,fur,CC0-1.0\nb.jpg,net,\nc.jpg,,\n")
    contents = listed(run_cli, tmp_path / "in", "--classes", tmp_path / "classes.csv")
    for what in ("image-alpha pairs", "foregrounds"):
        facts = contents[what]
        assert (facts["classes"], facts["unclassed"]) == ({"fur": 1, "net": 1}, 1), what
        assert facts["licences"] == {"unknown": 2, "CC0-1.0": 1}, what
    contents = listed(run_cli, tmp_path / "in", "--classes", tmp_path / "classes.csv", "--class", "leaf")
    assert contents["image-alpha pairs"]["classes"] == contents["foregrounds"]["classes"]
    assert contents["image-alpha pairs"]["unclassed"] == 0
    (tmp_path / "in" / "classes.csv").write_text("file,class\na.jpg,furr\n")  # import would refuse it
    pairs = listed(run_cli, tmp_path / "in")["image-alpha pairs"]
    assert pairs["found"] == 3
    assert any("unknown class 'furr'" in note for note in pairs["notes"])


def test_a_trimap_that_is_missing_beside_others_is_named_and_made(tmp_path, run_cli):
    root = write(tmp_path / "in", "image/{}.png", "alpha/{}.png", "trimap/{}.png")
    (root / "trimap" / "net_b.png").unlink()
    done = run_cli("import", root, tmp_path / "out", "--workers", "1")
    assert done.code == 0, done.err
    assert "1 of 3 photographs have no trimap, and the others have one: net_b; simd import makes" in done.err
    recipes = {row.fg_id: row.recipe["trimap"] for row in load_set(tmp_path / "out").rows}
    assert recipes == {"fur_a": "official", "net_b": "made", "fire_c": "official"}


def test_foregrounds_and_photographs_may_share_a_folder_of_mattes(tmp_path, run_cli):
    write(tmp_path, "fg/{}.png", "alpha/{}.png")
    save(tmp_path / "image" / "net_b.jpg", photograph(0))
    save(tmp_path / "alpha" / "stray.png", soft_alpha())
    done = run_cli("index", tmp_path)
    assert "image-alpha pairs (folder): expected 2, found 1, missing 1, extra 0, broken 0" in done.out
    assert "missing image/stray: alpha/stray has no partner in image/" in done.out
    (tmp_path / "alpha" / "stray.png").unlink()
    assert {what: each["found"] for what, each in listed(run_cli, tmp_path).items()} == {
        "image-alpha pairs": 1,
        "foregrounds": 3,
    }


@pytest.mark.parametrize(
    ("image", "cutout", "kind"),
    [
        ("images/{}.png", "rgba/{}.png", None),
        ("images/{}.png", "cutouts/{}.png", None),
        ("photos/{}.png", "fg/{}.png", None),
        ("{}.png", "{}_cutout.png", None),
        ("{}.png", "{}-nobg.webp", None),
        ("", "{}.png", "rgba"),
    ],
)
def test_cut_outs_over_their_own_photographs_become_a_set(tmp_path, run_cli, image, cutout, kind):
    for seed, name in enumerate(NAMES):
        pixels = np.dstack([photograph(seed), soft_alpha(seed=seed)])
        if image:
            save(tmp_path / "in" / image.format(name), photograph(seed))
            pixels[pixels[..., 3] == 0] = 0
        options = {"lossless": True, "exact": True} if cutout.endswith("webp") else {}
        save(tmp_path / "in" / cutout.format(name), pixels, **options)
    words = ("--workers", "1", *(("--kind", kind) if kind else ()))
    done = run_cli("import", tmp_path / "in", tmp_path / "out", *words)
    assert done.code == 0, done.err
    for row in load_set(tmp_path / "out").rows:
        seed = NAMES.index(row.fg_id)
        written = read_alpha(tmp_path / "out" / "alpha" / f"{row.id}.png")
        np.testing.assert_array_equal(written, soft_alpha(seed=seed))
        np.testing.assert_array_equal(
            read_image(tmp_path / "out" / "image" / f"{row.id}.png"), photograph(seed)
        )


def test_a_cut_out_without_its_photograph_is_not_one_with_it(tmp_path, run_cli):
    pixels = np.dstack([photograph(0), soft_alpha()])
    save(tmp_path / "in" / "fur_a.png", pixels)
    pixels[pixels[..., 3] == 0] = (255, 255, 255, 0)
    save(tmp_path / "in" / "net_b.png", pixels)
    done = run_cli("import", tmp_path / "in", tmp_path / "out", "--kind", "rgba", "--workers", "1")
    assert done.code == 1
    assert "net_b.png: has one colour wherever its alpha is 0, so it is a cut-out without its" in done.err
    assert "1 are done" in done.err
    done = run_cli("import", tmp_path / "in", tmp_path / "other")
    assert (done.code, "it holds foregrounds (rgba): simd build places them" in done.err) == (1, True)


def test_a_cut_out_of_another_photograph_is_named(tmp_path, run_cli):
    for seed, name in enumerate(NAMES):
        save(tmp_path / "in" / "images" / f"{name}.png", photograph(seed))
        cutout = np.dstack([photograph(seed + (name == "net_b")), soft_alpha(seed=seed)])
        save(tmp_path / "in" / "rgba" / f"{name}.png", cutout)
    done = run_cli("import", tmp_path / "in", tmp_path / "out", "--workers", "1")
    assert done.code == 1
    assert "net_b.png: its opaque pixels differ from " in done.err
    assert "2 are done" in done.err


def test_photographs_with_transparency_are_no_photographs(tmp_path, run_cli):
    root = write(tmp_path / "in", "image/{}.png", "alpha/{}.png", names=("fur_a",))
    with Image.open(root / "image" / "fur_a.png") as image:
        image.putalpha(128)
        image.save(root / "image" / "fur_a.png")
    done = run_cli("import", root, tmp_path / "out", "--workers", "1")
    assert (done.code, "transparen" in done.err) == (1, True)


def test_a_set_is_not_imported_as_a_folder_of_ones_own(tiny_set, tmp_path, run_cli):
    done = run_cli("import", tiny_set.path, tmp_path / "out")
    assert (done.code, "it is a set already" in done.err) == (1, True)
