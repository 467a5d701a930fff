"""What is missing, extra, there twice or damaged is named, and the rest is scored."""

import numpy as np
import pytest
from conftest import save, soft_alpha
from truth_by_hand import SHAPE, composition_1k, grey, release, trimap_png

from simd.errors import BatchError, DataError
from simd.image import write_png
from simd.metrics.evaluate import check_complete, check_no_extra, evaluate, find_truths
from simd.metrics.truth_of_folders import find_images, truths_of_folders


def test_what_lacks_its_counterpart_is_named(tmp_path):
    root = composition_1k(tmp_path)
    trimap_png(root / "trimaps" / "stray_0.png")
    with pytest.raises(DataError, match=r"trimaps: 1 of 7 trimaps have no alpha in .*alpha: stray_0$"):
        truths_of_folders(root / "alpha", root / "trimaps")
    (root / "trimaps" / "stray_0.png").unlink()
    for k in range(10):
        grey(root / "alpha" / f"lone{k}.png", 9)
    with pytest.raises(DataError, match=r"10 of 12 alphas have no trimap in .*lone0, .* \(2 more\)$"):
        truths_of_folders(root / "alpha", root / "trimaps")


def test_a_name_that_is_there_twice_is_refused(tmp_path):
    root = composition_1k(tmp_path)
    save(root / "alpha" / "net.jpg", soft_alpha(*SHAPE))
    with pytest.raises(
        DataError, match=r"1 names are there twice; keep one file of each: net.jpg and net.png"
    ):
        truths_of_folders(root / "alpha", root / "trimaps")


def test_folders_named_after_classes_leave_no_room_for_others(tmp_path):
    root = release(tmp_path, images=("fire/a_1", "misc/b_1"))
    with pytest.raises(DataError, match=r"some folders are named after a class, these are not; .*: misc$"):
        truths_of_folders(root, root)


def test_missing_and_extra_predictions_are_named_and_the_rest_is_scored(tmp_path):
    root = composition_1k(tmp_path)
    (root / "pred" / "net_1.png").unlink()
    (root / "pred" / "net_2.png").write_bytes(b"not an image")
    grey(root / "pred" / "nobody_1.png", 0)
    grey(root / "pred" / "dandelion-1_0.tif.png", 0)
    save(root / "pred" / "dandelion-1_1.jpg", soft_alpha(*SHAPE))
    (root / "pred" / ".DS_Store.png").write_bytes(b"")
    truths = truths_of_folders(root / "alpha", root / "trimaps")
    complete = evaluate(composition_1k(tmp_path / "whole") / "pred", truths).scores
    evaluation = evaluate(root / "pred", truths)
    assert {row.id for row in evaluation.scores.rows} == {"dandelion-1_0", "dandelion-1_2", "net_0"}
    missing = evaluation.scores.missing
    assert set(missing) == {"dandelion-1_1", "net_1", "net_2"}
    assert "dandelion-1_1.jpg and dandelion-1_1.png share one name" in missing["dandelion-1_1"]
    assert missing["net_1"].endswith("net_1.png is not there")
    assert "is not an image" in missing["net_2"]
    assert evaluation.extra == ("dandelion-1_0.tif.png", "nobody_1.png")
    with pytest.raises(BatchError, match="3 of 6 predictions failed"):
        check_complete(evaluation)
    with pytest.raises(DataError, match="2 files belong to no image and were not scored: dandelion"):
        check_no_extra(evaluation)
    assert evaluation.scores.set == complete.set  # what is lacking does not change what it was scored on


def test_unreadable_truth_is_named_and_its_scores_stand_apart(tmp_path):
    root = composition_1k(tmp_path)
    truths = truths_of_folders(root / "alpha", root / "trimaps")
    whole = evaluate(root / "pred", truths).scores
    write_png(root / "trimaps" / "net_0.png", np.full((5, 5), 128, np.uint8))
    broken = evaluate(root / "pred", truths).scores
    assert "net_0.png (5, 5) and" in broken.missing["net_0"]
    assert len({row.id for row in broken.rows}) == 5
    assert broken.set["digest"] != whole.set["digest"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\na\n", "lacks a column 'class' or 'classes' or 'class_guess' or 'label'; it has name"),
        ("file,class\na.png,fur\nb.png,\n", r"classes.csv:3: no class is given for 'b'"),
        ("file,class\na.png,fur\n,net\n", r"classes.csv:3: the column 'file' is empty"),
        ("file,class\na.png,hair\n", "classes.csv:2: unknown class 'hair'; did you mean 'hair_easy' or"),
        (
            "file,class\na.png,fur\na.jpg,net\n",
            r"classes.csv:3: says something else of 'a' than .*classes.csv:2; keep one of them",
        ),
        ("file,class\n", "has no rows"),
    ],
)
def test_a_bad_csv_file_is_refused_with_its_line(tmp_path, text, message):
    root = composition_1k(tmp_path)
    (tmp_path / "classes.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        truths_of_folders(root / "alpha", root / "trimaps", classes=tmp_path / "classes.csv")


def test_the_csv_file_is_read_as_the_sources_read_theirs(tmp_path):
    root = composition_1k(tmp_path)
    table = tmp_path / "classes.csv"
    table.write_text("name,class_guess\n NET.png ,net\ndandelion-1.png,flower\ndandelion-1.jpg,flower\n")
    truths = truths_of_folders(root / "alpha", root / "trimaps", classes=table)
    assert {(t.fg_id, t.class_) for t in truths.images} == {("net", "net"), ("dandelion-1", "flower")}
    table.write_text("file,class\nnet.png," + "x" * 200_000 + "\n")
    with pytest.raises(DataError, match=r"classes\.csv:\d: is not CSV \(field larger than field limit"):
        truths_of_folders(root / "alpha", root / "trimaps", classes=table)
    table.write_text("file,class\nNET.png,net\nNet.png,fur\ndandelion-1.png,flower\n")
    with pytest.raises(DataError, match="'net' may be any of 'NET', 'Net'"):
        truths_of_folders(root / "alpha", root / "trimaps", classes=table)


def test_the_csv_file_has_a_row_for_each_image_and_no_other(tmp_path):
    root = composition_1k(tmp_path)
    table = tmp_path / "classes.csv"
    table.write_text("file,class\nnet.png,net\n")
    with pytest.raises(DataError, match=r"classes.csv: 3 of 6 images have no row: dandelion-1_0, "):
        truths_of_folders(root / "alpha", root / "trimaps", classes=table)
    table.write_text("file,class\nnet.png,net\ndandelion-1,flower\nrose,flower\n")
    with pytest.raises(DataError, match=r"classes.csv: 1 rows name no image: rose$"):
        truths_of_folders(root / "alpha", root / "trimaps", classes=table)


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(DataError, match="gone: no such folder"):
        find_images(tmp_path / "gone")
    (tmp_path / "a.txt").write_text("")
    with pytest.raises(DataError, match="holds no image"):
        find_images(tmp_path)


def test_a_folder_inside_that_may_not_be_read_is_named(as_nobody):
    (as_nobody / "a.png").write_bytes(b"")
    (as_nobody / "closed").mkdir(mode=0)
    with pytest.raises(DataError, match=r"closed: cannot be listed \(Permission denied\)"):
        find_images(as_nobody)


def test_a_set_or_folders_but_not_both(tmp_path):
    with pytest.raises(DataError, match="leave out --alpha, --trimap, --classes and --map-trimaps"):
        find_truths(tmp_path, map_trimaps=True)
    with pytest.raises(DataError, match="give a set, or two folders: --alpha DIR --trimap DIR"):
        find_truths(None, alpha=tmp_path)
