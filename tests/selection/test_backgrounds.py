import json

import cv2
import numpy as np
import pytest
from conftest import save

from simd.selection.backgrounds import select_backgrounds


def photograph(seed, height=120, width=160):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def photographs(tmp_path):
    root = tmp_path / "photographs"
    for seed in range(4):
        save(root / f"p{seed}.jpg", photograph(seed), quality=92)
    return root


def reasons(selection):
    return {v.id: v.reason for v in selection.verdicts}


def test_different_photographs_are_kept(photographs):
    assert set(reasons(select_backgrounds(str(photographs))).values()) == {""}


def test_small_broken_and_repeated_ones_are_dropped(photographs):
    save(photographs / "q_small.png", photograph(10, 60, 80))
    save(photographs / "q_flipped.jpg", photograph(1)[:, ::-1], quality=60)
    save(photographs / "q_larger.jpg", cv2.resize(photograph(2), (240, 180)), quality=80)
    cut = photographs / "q_cut.jpg"
    cut.write_bytes((photographs / "p3.jpg").read_bytes()[:-900])
    selection = select_backgrounds(str(photographs), longest_side=160)
    dropped = {v.id: (v.reason, v.findings[0].like) for v in selection.verdicts if not v.keep}
    assert dropped == {
        "q_cut.jpg": ("broken", ""),
        "q_flipped.jpg": ("duplicate", "p1.jpg"),
        "q_larger.jpg": ("duplicate", "p2.jpg"),
        "q_small.png": ("small", ""),
    }
    small = next(v for v in selection.verdicts if v.reason == "small")
    assert small.detail == "60 x 80 pixels, the longest side must reach 160"
    kept = select_backgrounds(str(photographs), allow=["duplicate"])
    assert reasons(kept)["q_flipped.jpg"] == ""


def test_the_shorter_side_counts_on_request(photographs):
    assert set(reasons(select_backgrounds(str(photographs), min_side=121)).values()) == {"small"}


def test_an_annotated_object_that_is_large_drops_its_photograph(tmp_path):
    root = tmp_path / "coco"
    for number in range(3):
        save(root / "val2017" / f"{number:012}.jpg", photograph(number))
    shares = {0: [0.1, 0.12], 1: [0.05, 0.3], 2: []}
    content = {
        "licenses": [{"id": 4, "name": "Attribution License", "url": "http://example.org/by"}],
        "images": [
            {"id": n, "file_name": f"{n:012}.jpg", "width": 160, "height": 120, "license": 4} for n in shares
        ],
        "annotations": [
            {"image_id": n, "area": share * 160 * 120, "bbox": [0, 0, 10, 10], "iscrowd": 0}
            for n, of in shares.items()
            for share in of
        ],
    }
    (root / "annotations").mkdir()
    (root / "annotations" / "instances_val2017.json").write_text(json.dumps(content))
    selection = select_backgrounds(str(root))
    verdict = selection.verdicts[1]
    assert [v.reason for v in selection.verdicts] == ["", "object", ""]
    assert verdict.detail == "an annotated object covers 30%, the limit is 25%"
    assert verdict.findings[0].figure == pytest.approx(0.3)
    assert set(reasons(select_backgrounds(str(root), max_object=0.35)).values()) == {""}
    assert reasons(select_backgrounds(str(root), max_object=0.11))["val2017/000000000000.jpg"] == "object"
    licensed = select_backgrounds(str(root), licences=["*share-alike*"])
    assert set(reasons(licensed).values()) == {"licence"}


def test_the_command_selects_backgrounds(photographs, tmp_path, run_cli):
    save(photographs / "again.png", photograph(0))
    out = tmp_path / "bg.jsonl"
    done = run_cli("select", "--backgrounds", photographs, "--out", out)
    assert done.code == 0, done.err
    assert "duplicate p0.jpg: again.png shows it too" in done.out
    assert done.out.splitlines()[-1] == f"4 of 5 backgrounds kept: {out}, shown in {tmp_path / 'bg.html'}"
    assert "Selection of backgrounds" in (tmp_path / "bg.html").read_text()
