"""Truth as it lies on disk: Composition-1k, AIM-500, the SIMD release."""

import csv
import json

import numpy as np
import pytest
from conftest import save, soft_alpha
from truth_by_hand import SHAPE, composition_1k, facts, grey, ids, release, trimap_png

from simd.errors import DataError
from simd.metrics.evaluate import evaluate
from simd.metrics.scores import load_scores
from simd.metrics.truth_of_folders import truths_of_folders
from simd.metrics.truth_of_set import truths_of_set


def test_composition_1k_has_one_alpha_for_many_trimaps(tmp_path):
    root = composition_1k(tmp_path)
    truths = truths_of_folders(root / "alpha", root / "trimaps")
    assert facts(truths, "fg_id", "alpha") == {
        f"{fg}_{k}": (fg, root / "alpha" / f"{fg}.png") for fg in ("dandelion-1", "net") for k in range(3)
    }
    evaluation = evaluate(root / "pred", truths)
    # |51| / 255 over 8 * 32 unknown pixels, in thousands
    assert [row.sad for row in evaluation.scores.rows] == pytest.approx([0.2 * 256 / 1000] * 12)
    assert {row.class_ for row in evaluation.scores.rows} == {""}
    assert {row.region for row in evaluation.scores.rows} == {"unknown", "unlabelled"}
    assert evaluation.extra == ()
    assert not evaluation.scores.missing


def test_composition_1k_with_copied_alphas_has_the_same_foregrounds_and_scores(tmp_path):
    root = composition_1k(tmp_path)
    for fg in ("dandelion-1", "net"):
        for k in range(3):
            copy = root / "alpha_copy" / f"{fg}_{k}.png"
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes((root / "alpha" / f"{fg}.png").read_bytes())
    once = evaluate(root / "pred", truths_of_folders(root / "alpha", root / "trimaps")).scores
    copied = evaluate(root / "pred", truths_of_folders(root / "alpha_copy", root / "trimaps")).scores
    assert once.rows == copied.rows
    assert once.set["digest"] == copied.set["digest"]


def test_natural_images_are_foregrounds_of_their_own(tmp_path):
    for name in ("o_12345678", "o_1a2b3c4d"):  # AIM-500
        save(tmp_path / "mask" / f"{name}.png", soft_alpha(*SHAPE))
        trimap_png(tmp_path / "trimap" / f"{name}.png")
    for level, name in enumerate(("portrait_1", "portrait_2")):
        save(tmp_path / "mask" / f"{name}.png", soft_alpha(*SHAPE, seed=level))
        trimap_png(tmp_path / "trimap" / f"{name}.png")
    (tmp_path / "mask" / "portrait_2.png").write_bytes(
        (tmp_path / "mask" / "portrait_2.png").read_bytes() + b" "  # another size: another alpha
    )
    truths = truths_of_folders(tmp_path / "mask", tmp_path / "trimap")
    assert facts(truths, "fg_id") == {id_: (id_,) for id_ in ids(truths)}


def test_the_release_of_simd_is_scored_by_class_folder(tmp_path):
    root = release(tmp_path / "simd")
    truths = truths_of_folders(root, root)
    assert facts(truths, "class_", "fg_id") == {
        "fire/flame_2008_000123": ("fire", "fire/flame"),
        "fire/flame_2009_000001": ("fire", "fire/flame"),
        "plant_leaf/fern_2007_000032": ("leaf", "plant_leaf/fern"),
    }
    flat, nested = tmp_path / "flat", tmp_path / "nested"
    for id_ in ids(truths):
        grey(flat / f"{id_.replace('/', '_')}.png", 0)  # as the released code writes them
        grey(nested / f"{id_}.png", 0)
    one, other = evaluate(flat, truths).scores, evaluate(nested, truths, workers=2).scores
    assert one.rows == other.rows
    assert {row.region for row in one.rows} == {"unknown", "fire", "leaf"}
    assert one.summary().classes["leaf"].images == 1


def test_a_set_and_its_folders_give_the_same_scores(tiny_set, tmp_path):
    for sample in tiny_set:
        grey_like = np.full(sample.alpha.shape, 77, np.uint8)
        save(tmp_path / "pred" / f"{sample.row.id}.png", grey_like)
    table = tmp_path / "classes.csv"
    rows = [f"{s.row.id}.png,{s.row.class_},{s.row.fg_id}" for s in tiny_set]
    table.write_text("\n".join(["file,class,fg", *rows]))
    place = tiny_set.path
    of_set = evaluate(tmp_path / "pred", place).scores
    truths = truths_of_folders(place / "alpha", place / "trimap", classes=table)
    of_folders = evaluate(tmp_path / "pred", truths).scores
    for key in ("image_mean", "class_mean", "intervals"):
        assert of_set.summary().to_json()[key] == of_folders.summary().to_json()[key]
    assert of_folders.set["trimaps_digest"] == of_set.set["trimaps_digest"]
    assert facts(truths_of_set(tiny_set), "class_", "fg_id") == facts(truths, "class_", "fg_id")


def test_the_digest_is_that_of_pixels_and_classes(tmp_path):
    root = composition_1k(tmp_path)
    truths = truths_of_folders(root / "alpha", root / "trimaps")
    first = evaluate(root / "pred", truths).scores.set
    save(root / "alpha" / "net.png", np.full(SHAPE, 101, np.uint8), compress_level=0)  # the same pixels
    assert evaluate(root / "pred", truths).scores.set == first
    save(root / "alpha" / "net.png", np.full(SHAPE, 102, np.uint8))
    other = evaluate(root / "pred", truths).scores.set
    assert other["digest"] != first["digest"]
    assert other["trimaps_digest"] == first["trimaps_digest"]


def test_an_alpha_of_16_bits_keeps_its_levels(tmp_path):
    root = composition_1k(tmp_path, foregrounds=("net",), composites=1)
    save(root / "alpha" / "net.png", np.full(SHAPE, 30000, np.uint16))
    row = evaluate(root / "pred", truths_of_folders(root / "alpha", root / "trimaps")).scores.rows[0]
    assert row.sad == pytest.approx((151 / 255 - 30000 / 65535) * 256 / 1000, rel=1e-6)  # not 117 / 255


def test_a_name_gives_a_class_only_if_all_names_do(tmp_path):
    root = composition_1k(tmp_path / "some")
    some = truths_of_folders(root / "alpha", root / "trimaps")
    assert {image.class_ for image in some.images} == {""}
    assert "the names of only 3 of 6 begin with a class" in some.remarks[0]
    root = composition_1k(tmp_path / "all", foregrounds=("net-1", "hair_easy_a"))
    truths = truths_of_folders(root / "alpha", root / "trimaps")
    assert {image.class_ for image in truths.images} == {"net", "hair_easy"}
    assert truths.remarks == ()


def test_without_classes_there_is_an_image_mean_only_and_it_is_said(tmp_path):
    root = composition_1k(tmp_path, foregrounds=("a", "b", "c", "d", "e"))
    scores = evaluate(root / "pred", truths_of_folders(root / "alpha", root / "trimaps")).scores
    summary = scores.summary().to_json()
    assert summary["image_mean"]["sad"] == pytest.approx(0.0512)
    assert summary["intervals"]["image_mean"]["sad"] == pytest.approx([0.0512, 0.0512])
    assert summary["class_mean"] == dict.fromkeys(("sad", "mse", "grad", "conn"))
    assert summary["intervals"]["class_mean"]["reason"] == "the images have no classes"
    assert summary["remarks"][0].startswith("The classes of the images are unknown: neither a CSV file")
    scores.save(tmp_path / "scores")
    assert load_scores(tmp_path / "scores") == scores


def test_the_csv_file_names_images_or_alphas(tmp_path):
    root = composition_1k(tmp_path)
    table = tmp_path / "classes.csv"
    table.write_text(
        "file,class,fg_id\ndandelion-1.png,plant_flower|leaf,weed\nnet.png,net,\nnet_2.png,lace,x\n"
    )
    truths = truths_of_folders(root / "alpha", root / "trimaps", classes=table)
    assert facts(truths, "class_", "fg_id") == {
        **{f"dandelion-1_{k}": ("flower", "weed") for k in range(3)},
        **{f"net_{k}": ("net", "net") for k in range(2)},
        "net_2": ("lace", "x"),
    }


def test_the_command_scores_folders_goes_on_where_it_stopped_and_reports(tmp_path, run_cli):
    root = composition_1k(tmp_path)
    folders = ["--alpha", root / "alpha", "--trimap", root / "trimaps", "--out", tmp_path / "scores"]
    done = run_cli("evaluate", root / "pred", *folders)
    assert done.code == 0
    assert "There is only the image mean." in done.out
    with (tmp_path / "scores.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 12
    assert json.loads((tmp_path / "scores.json").read_text())["paths"] == {
        "alpha": "alpha",
        "trimap": "trimaps",
        "predictions": "pred",
    }
    assert not (tmp_path / ".scores.partial").exists()
    grey(root / "pred" / "nobody.png", 0)
    extra = run_cli("evaluate", root / "pred", *folders)
    assert extra.code == 1
    assert "1 files belong to no image and were not scored: nobody.png" in extra.err
    page = run_cli(
        "leaderboard", tmp_path / "scores.json", tmp_path / "scores.csv", "--out", tmp_path / "board"
    )
    assert page.code == 0
    table = (tmp_path / "board" / "leaderboard.csv").read_text()
    assert table.count("overall,image_mean") == 1  # named twice, shown once
    assert "which hold no images" in (tmp_path / "board" / "index.html").read_text()


def test_an_interrupted_evaluation_goes_on_and_scores_again_what_has_changed(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO", logger="simd")
    root = composition_1k(tmp_path)
    truths = truths_of_folders(root / "alpha", root / "trimaps")
    whole = evaluate(root / "pred", truths).scores
    from simd import journal

    def stop_after_four(outcomes, total, what, done=0):
        for count, outcome in enumerate(outcomes):
            if count == 4:
                raise KeyboardInterrupt
            yield outcome

    with monkeypatch.context() as patch:
        patch.setattr(journal, "track", stop_after_four)
        with pytest.raises(KeyboardInterrupt):
            evaluate(root / "pred", truths, state=tmp_path / "state")
    other = truths_of_folders(root / "alpha", root / "trimaps", map_trimaps=True)
    with pytest.raises(DataError, match="an unfinished evaluation of other mattes or of another set"):
        evaluate(root / "pred", other, state=tmp_path / "state")
    assert evaluate(root / "pred", truths, state=tmp_path / "state").scores == whole
    assert "4 of 6 were already done" in caplog.text
    assert not (tmp_path / "state").exists()
