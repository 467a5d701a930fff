import io
import json
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tagging_page import brush, propose_halves, send_mask

import simd.studio
from simd.errors import DiskFullError
from simd.image import encode_png
from simd.tagging.annotation_files import PALETTE
from simd.tagging.fill import unknown_of
from simd.taxonomy import CLASSES

STROKE = "/api/foregrounds/0/stroke"


@pytest.fixture
def page(serve):
    return serve()


def test_planes_are_the_bytes_of_the_arrays(page):
    with page.tagging.opened(0) as work:
        fg, alpha, unknown = work.fg, work.alpha, work.unknown
    ask = page.client.ask
    assert ask("/api/foregrounds/0/unknown").body == unknown.astype(np.uint8).tobytes()
    assert ask("/api/foregrounds/0/mask").body == b"\xff" * alpha.size
    assert ask("/api/foregrounds/0/proposal").body == propose_halves(fg, alpha).class_mask.tobytes()
    cutout = np.array(Image.open(io.BytesIO(ask("/api/foregrounds/0/cutout.png").body)))
    assert np.array_equal(cutout, np.dstack([fg, alpha]))
    trimap = np.array(Image.open(io.BytesIO(ask("/api/foregrounds/0/trimap.png").body)))
    assert np.array_equal(trimap == 128, unknown_of(alpha))
    assert np.array_equal(np.array(Image.open(io.BytesIO(ask("/api/backdrops/0").body))).shape[2:], (3,))


def test_the_overview_names_what_the_page_shows(page):
    overview = page.client.ask("/api/overview").json
    assert [c["name"] for c in overview["classes"]] == list(CLASSES)
    assert [row["id"] for row in overview["foregrounds"]] == [fg.id for fg in page.tagging.foregrounds]
    assert overview["readOnly"] is False
    assert str(page.folder.parent) not in json.dumps(overview)


def test_a_day_of_work(page):
    assert page.client.step("stroke", stroke=brush("fire", (10.0, 40.0))).json["undo"] == 1
    assert page.client.step("stroke", stroke=brush("net", (50.0, 40.0), radius=9)).status == 200
    filled = page.client.step("fill", seconds=3).json
    assert (filled["counts"].get("", 0), filled["seconds"]) == (0, 3)
    assert page.client.step("undo").json["counts"][""] > 0
    accepted = page.client.step("accept").json
    assert accepted["counts"].keys() == {"", "fire", "net", "hair_easy", "sharp"}
    done = page.client.step("review", done=True).json
    assert done["review"] == "reviewed"
    annotation, mask = page.stored()
    assert annotation.review == "reviewed"
    assert mask.tobytes() == page.client.ask("/api/foregrounds/0/mask").body


def test_a_class_mask_is_taken_from_a_file(page):
    with page.tagging.opened(0) as work:
        unknown = work.unknown
    mask = np.full(unknown.shape, 255, np.uint8)
    mask[:30], mask[30:] = 0, 19
    assert send_mask(page, encode_png(mask, PALETTE)).status == 200
    annotation, stored = page.stored()
    assert np.array_equal(stored, np.where(unknown, mask, 255))
    assert (annotation.origin, annotation.strokes) == ("imported", ())


def test_a_page_that_only_shows_changes_nothing(serve):
    page = serve(read_only=True)
    assert page.client.ask("/api/overview").json["readOnly"] is True
    for step in ("stroke", "fill", "accept", "undo", "redo", "review", "anew"):
        answer = page.client.step(step, stroke=brush(), done=True)
        assert answer.status == 403, step
        assert "--read-only" in answer.json["error"]
    assert send_mask(page, encode_png(np.zeros((64, 80), np.uint8), PALETTE)).status == 403
    assert not page.folder.exists()


def test_a_stale_step_is_answered_with_409(page):
    first = page.client.state()["revision"]
    page.client.step("stroke", stroke=brush())
    assert page.client.post(STROKE, {"revision": first, "stroke": brush()}).status == 409


def test_of_steps_meant_for_one_state_one_is_taken(page):
    values = {"revision": page.client.state()["revision"], "stroke": brush()}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: page.client.post(STROKE, values).status, range(16)))
    assert sorted(answers) == [200] + 15 * [409]
    assert len(page.stored()[0].strokes) == 1


def test_a_full_disk_is_said_and_the_step_not_taken(page, monkeypatch):
    page.client.step("stroke", stroke=brush())
    before = page.client.state()

    def full(*_):
        raise DiskFullError("no space left")

    monkeypatch.setattr("simd.studio.tagging.folder.write_annotation", full)
    answer = page.client.step("stroke", stroke=brush("net"))
    assert (answer.status, answer.json["error"]) == (507, "no space left")
    assert page.client.state() == before


def test_only_the_files_of_the_page_are_served(page):
    names = {p.name for p in (Path(simd.studio.__file__).parent / "page").iterdir()}
    assert {"tag.html", "tag.css", "tag.js"} < names
    for name in (name for name in names if not name.endswith(".html")):
        assert page.client.ask(f"/page/{name}").status == 200
    assert page.client.ask("/").headers["content-type"].startswith("text/html")
    for name in ("", "x.js", "server.py", string.ascii_letters):
        assert page.client.ask(f"/page/{name}").status == 404
