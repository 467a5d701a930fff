"""The SIMD release and Adobe's set, on small trees in their real layouts."""

import numpy as np
import pytest
from conftest import save, soft_alpha

from simd.errors import DataError
from simd.sources import (
    FOREGROUNDS,
    find_kind,
    index_foregrounds,
    official_trimap,
    read_foreground,
    recognise_kind,
)

OWN = "Adobe-licensed images"


def colour(seed=0, size=(64, 80)):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


@pytest.fixture
def release(tmp_path):
    root = tmp_path / "SIMD"
    for folder, name in (("defocus", "dahlia 1 (2).jpg"), ("plant_leaf", "beach.jpg"), ("net", "beach.jpg")):
        save(root / folder / "fg" / name, colour())
        save(root / folder / "alpha" / name, soft_alpha())
    return root


@pytest.fixture
def adobe(tmp_path):
    root = tmp_path / "Combined_Dataset"
    for part, stem, fg, alpha in (
        (f"Training_set/{OWN}", "cat-123", "jpg", "png"),
        ("Training_set/Other", "leaf-stranger", "jpg", "jpg"),
        (f"Test_set/{OWN}", "girl-1", "png", "png"),
        (f"Test_set/{OWN}", "boy-1", "png", "png"),
    ):
        save(root / part / "fg" / f"{stem}.{fg}", colour())
        save(root / part / "alpha" / f"{stem}.{alpha}", soft_alpha())
    save(root / f"Test_set/{OWN}/trimaps/boy-1_1.png", np.full((64, 80), 128, np.uint8))
    (root / "Training_set" / "training_fg_names.txt").write_text("leaf-stranger.jpg\ncat-123.jpg\n")
    (root / "Test_set" / "test_fg_names.txt").write_text("girl-1.png\nboy-1.png\n")
    (root / "classes.csv").write_text(
        "file,class\ncat-123.jpg,fur\nleaf-stranger,sharp\ngirl-1.png,hair_easy\nboy-1.png,hair_hard\n"
    )
    return root


def test_the_release_is_recognised_and_its_folder_names_are_aliases(release):
    assert recognise_kind(FOREGROUNDS, str(release)) == "simd"
    index = index_foregrounds(str(release))
    assert {fg.id: fg.class_ for fg in index.records if fg.classes} == {
        "defocus/dahlia 1 (2).jpg": "defocus",
        "net/beach.jpg": "net",  # one name in two classes: two foregrounds
        "plant_leaf/beach.jpg": "leaf",
    }
    assert not index.problems
    assert read_foreground(index.records[0]).alpha.shape == (64, 80)


def test_what_is_wrong_with_a_release_is_named(release):
    save(release / "net" / "fg" / "alone.jpg", colour())
    save(release / "net" / "alpha" / "beach.jpg", soft_alpha(32, 40))
    save(release / "tarn" / "fg" / "x.jpg", colour())
    save(release / "tarn" / "alpha" / "x.jpg", soft_alpha())
    save(release / "leaf" / "fg" / "y.jpg", colour())
    save(release / "leaf" / "alpha" / "y.jpg", soft_alpha())
    (release / "notes").mkdir()  # no class and no pairs: nothing to say
    index = index_foregrounds(str(release))
    assert index.expected == 6
    assert [fg.id for fg in index.records] == ["defocus/dahlia 1 (2).jpg", "leaf/y.jpg"]
    assert "has no partner" in index.missing["net/alone.jpg"]
    assert "64 x 80" in index.broken["net/beach.jpg"]
    assert "unknown class 'tarn'" in index.broken["tarn/x.jpg"]
    assert index.broken["plant_leaf/beach.jpg"].startswith("plant_leaf/ and leaf/ are one class")


def test_the_names_of_a_release_are_equal_to_the_extension(release):
    (release / "net" / "alpha" / "beach.jpg").rename(release / "net" / "alpha" / "beach.png")
    assert set(index_foregrounds(str(release)).missing) == {"net/beach.jpg", "net/beach.png"}


def test_licences_of_a_release_come_from_a_csv_file(release):
    (release / "classes.csv").write_text("file,class,licence\nbeach.jpg,net,CC0-1.0\n")
    licences = {fg.id: fg.licence for fg in index_foregrounds(str(release)).records}
    assert licences["net/beach.jpg"] == "CC0-1.0"
    assert licences["defocus/dahlia 1 (2).jpg"] == find_kind("foregrounds", "simd").licence


def test_adobe_is_recognised_whole_or_by_halves(adobe):
    assert [recognise_kind(FOREGROUNDS, str(adobe / half)) for half in ("", "Training_set", "Test_set")] == [
        "adobe"
    ] * 3
    index = index_foregrounds(str(adobe))
    assert [(fg.id, fg.class_) for fg in index.records] == [  # in the order of the lists
        ("Training_set/leaf-stranger", "sharp"),
        ("Training_set/cat-123", "fur"),
        ("Test_set/girl-1", "hair_easy"),
        ("Test_set/boy-1", "hair_hard"),
    ]
    assert index.expected == 4
    half = index_foregrounds(str(adobe / "Test_set"), classes=adobe / "classes.csv")
    assert [fg.id for fg in half.records] == ["Test_set/girl-1", "Test_set/boy-1"]


def test_adobe_without_classes_says_so_and_guesses_none(adobe):
    (adobe / "classes.csv").unlink()
    with pytest.raises(DataError, match="names no classes, and they are never guessed; give --classes FILE"):
        index_foregrounds(str(adobe))


def test_a_name_that_begins_like_a_class_is_no_class(adobe):
    (adobe / "classes.csv").write_text("file,class\ncat-123.jpg,fur\n")
    index = index_foregrounds(str(adobe))
    assert {fg.id: fg.classes for fg in index.records if fg.classes} == {"Training_set/cat-123": ("fur",)}
    assert "Training_set/leaf-stranger" in {fg.id for fg in index.records if not fg.classes}
    assert index.broken == {}


def test_classes_may_come_from_a_list(adobe, tmp_path):
    listed = tmp_path / "classes.txt"
    listed.write_text(
        "plant_leaf:cat-123.jpg:2008_1.jpg\nplant_leaf:cat-123.jpg:2008_2.jpg\nfur:girl-1.png\n"
    )
    index = index_foregrounds(str(adobe), classes=listed)
    assert {fg.id: fg.class_ for fg in index.records if fg.classes} == {
        "Training_set/cat-123": "leaf",
        "Test_set/girl-1": "fur",
    }
    for text, message in {
        "fur": "has the form class:name",
        "furr:a.png": "unknown class 'furr'; did you mean 'fur'",
        "fur:a.png\nnet:a.png": r"classes\.txt:2: gives 'a' another class than .*classes\.txt:1",
    }.items():
        listed.write_text(text)
        with pytest.raises(DataError, match=message):
            index_foregrounds(str(adobe), classes=listed)


def test_a_list_of_classes_may_name_stems_with_dots_and_folders(adobe, tmp_path):
    for layer, pixels in (("fg", colour()), ("alpha", soft_alpha())):
        save(adobe / "Test_set" / OWN / layer / "photo 1.5.png", pixels)
    (adobe / "Test_set" / "test_fg_names.txt").unlink()
    listed = tmp_path / "classes.txt"
    listed.write_text("fur: photo 1.5 :sky.jpg\nnet:Test_set\\fg\\girl-1.png\n")
    index = index_foregrounds(str(adobe / "Test_set"), classes=listed)
    assert {fg.id: fg.class_ for fg in index.records if fg.classes} == {
        "Test_set/photo 1.5": "fur",
        "Test_set/girl-1": "net",
    }
    listed.write_text("\n")
    with pytest.raises(DataError, match=r"classes\.txt: is empty; a list has a line for each name"):
        index_foregrounds(str(adobe), classes=listed)


def test_names_of_a_file_of_classes_that_are_of_no_foreground_are_said(adobe, tmp_path):
    listed = tmp_path / "classes.txt"
    listed.write_text("fur:girl-1.png\nfur:boy-1.png\nnet:stranger.png\n")
    index = index_foregrounds(str(adobe / "Test_set"), classes=listed)
    assert index.notes[0] == f"classes and licences: {listed}"
    assert index.unused == {str(listed): "1 of 3 names are of no file here: stranger"}


def test_what_is_wrong_with_adobe_is_named(adobe):
    test = adobe / "Test_set"
    (test / OWN / "alpha" / "boy-1.png").unlink()
    (test / "test_fg_names.txt").write_text("girl-1.png\nboy-1.png\ngirl-1.png\nnobody.png\n")
    save(test / OWN / "fg" / "extra.png", colour())
    save(adobe / "Training_set" / "Other" / "fg" / "cat-123.png", colour())
    index = index_foregrounds(str(adobe))
    assert [fg.id for fg in index.records] == ["Training_set/leaf-stranger", "Test_set/girl-1"]
    assert index.missing == {
        "Test_set/boy-1": "there is no alpha of this name",
        "Test_set/nobody": "there is no fg and no alpha of this name",
    }
    assert "share one name" in index.broken["Training_set/cat-123"]
    assert any("1 names stand there more than once" in note for note in index.notes)
    assert any("1 foregrounds" in note and "extra" in note for note in index.notes)


def test_without_name_lists_the_order_is_that_of_names_and_a_note_says_so(adobe):
    (adobe / "Test_set" / "test_fg_names.txt").unlink()
    index = index_foregrounds(str(adobe / "Test_set"), classes=adobe / "classes.csv")
    assert [fg.id for fg in index.records] == ["Test_set/boy-1", "Test_set/girl-1"]
    assert any("has no list of names" in note for note in index.notes)


def test_official_trimaps_are_found_by_k(adobe):
    records = {fg.id: fg for fg in index_foregrounds(str(adobe)).records}
    boy = records["Test_set/boy-1"]
    assert official_trimap(boy, 1) == adobe / f"Test_set/{OWN}/trimaps/boy-1_1.png"
    assert official_trimap(boy, 0) is None
    assert official_trimap(records["Training_set/cat-123"], 1) is None
