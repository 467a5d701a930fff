import io
import json

import numpy as np
import pytest
from conftest import save
from cutout_page import BOX, HEIGHT, WIDTH, brush, photograph, serving, subject, write_photographs
from PIL import Image

from simd.errors import BusyError
from simd.image import read_alpha, read_image
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.report.source_table import index
from simd.sources import index_foregrounds, read_foreground
from simd.studio.cutout.session import Cutouts

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")


@pytest.fixture
def page(tmp_path):
    with serving(tmp_path / "out", write_photographs(tmp_path / "photos")) as parts:
        yield parts


def overlap(alpha, truth):
    mask = alpha > 127
    return (mask & truth).sum() / (mask | truth).sum()


def test_a_first_guess_stands_there_before_anything_is_drawn(page):
    cutouts, client, _ = page
    assert [row["state"] for row in client.ask("/api/overview").json["pictures"]] == ["new", "new"]
    state = client.row()
    assert (state["first"], state["undo"], state["size"]) == ("rim", 0, [HEIGHT, WIDTH])
    assert overlap(client.plane("alpha"), subject()) > 0.95
    assert sorted(path.name for path in cutouts.out.iterdir()) == [".cutouts.json"]  # looking writes nothing


@pytest.mark.parametrize("step", [BOX, brush("select", (40, 50), (56, 70))], ids=["box", "stroke"])
def test_a_box_or_a_stroke_selects_the_subject(page, step):
    _, client, _ = page
    change = client.take("stroke", stroke=step)
    assert change.state["first"] == ""
    assert overlap(client.plane("alpha"), subject()) > 0.95


def test_a_stroke_is_a_constraint_and_the_answer_is_what_has_changed(page):
    _, client, _ = page
    client.take("stroke", stroke=BOX)
    before, trimap = client.plane("alpha"), client.plane("trimap")
    change = client.take("stroke", stroke=brush("erase", (48, 60), radius=5))
    top, bottom, left, right = change.state["box"]
    mended = before.copy()
    mended[top:bottom, left:right] = change.alpha
    assert np.array_equal(mended, client.plane("alpha"))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    drawn = np.hypot(y - 48, x - 60) <= 5
    assert np.array_equal(client.plane("trimap"), np.where(drawn, 0, trimap))
    assert not client.plane("alpha")[drawn].any()


def test_the_local_answer_is_that_of_a_full_solve(page):
    cutouts, client, _ = page
    client.take("stroke", stroke=BOX)
    for tool, at in (("fine", (48, 33)), ("erase", (30, 40)), ("select", (60, 60)), ("fine", (20, 60))):
        client.take("stroke", stroke=brush(tool, at, (at[0] + 6, at[1] + 8)))
    with cutouts.opened(0) as work:
        whole = np.clip(estimate_alpha_closed_form(work.image, work.trimap), 0, 1)
        assert np.abs(work.solved - whole).max() < 1e-3
        assert np.abs(work.alpha.astype(int) - np.rint(255 * whole).astype(int)).max() <= 1


def test_every_step_is_undone_and_done_again(page):
    _, client, _ = page
    steps = [
        ("stroke", {"stroke": BOX}),
        ("stroke", {"stroke": brush("erase", (40, 50), (50, 60))}),
        ("clean", {"cleanup": {"black": 0.2, "white": 0.7, "shift": 1.5}}),
        ("find", {}),
    ]
    states = [(client.row()["revision"], client.plane("alpha"), client.plane("trimap"))]
    for name, values in steps:
        client.take(name, **values)
        states.append((client.row()["revision"], client.plane("alpha"), client.plane("trimap")))
    for expected in states[-2::-1]:
        client.take("undo")
        assert client.row()["revision"] == expected[0]
        assert np.abs(client.plane("alpha").astype(int) - expected[1]).max() <= 1
        assert np.array_equal(client.plane("trimap"), expected[2])
    for expected in states[1:]:
        client.take("redo")
        assert client.row()["revision"] == expected[0]
        assert np.abs(client.plane("alpha").astype(int) - expected[1]).max() <= 1


def test_a_cleanup_leaves_the_solution_and_what_is_known(page):
    cutouts, client, _ = page
    client.take("stroke", stroke=BOX)
    with cutouts.opened(0) as work:
        solved = work.solved
    client.take("clean", cleanup={"black": 0.3, "white": 0.6, "shift": 0})
    trimap, alpha = client.plane("trimap"), client.plane("alpha")
    expected = np.where(trimap == 128, np.clip((solved - 0.3) / 0.3, 0, 1), solved)
    assert np.abs(alpha - 255 * expected).max() <= 0.5001
    sums = []
    for shift in (-3, -1.5, 0, 1.5, 3):
        client.take("clean", cleanup={"black": 0, "white": 1, "shift": shift})
        moved = client.plane("alpha")
        assert np.array_equal(moved[trimap != 128], trimap[trimap != 128])
        sums.append(int(moved.sum()))
    assert sums == sorted(sums)
    client.take("clean", cleanup={"black": 0, "white": 1, "shift": 0})
    assert np.array_equal(client.plane("alpha"), np.rint(255 * solved).astype(np.uint8))


def test_what_is_saved_is_a_source(page):
    cutouts, client, _ = page
    client.take("stroke", stroke=BOX, seconds=2)
    assert client.send("choose", **{"class": "fur", "done": True}).json["class"] == "fur"
    assert client.post("/api/pictures/0/save", {}).status == 200
    out = cutouts.out
    assert sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()) == [
        *(".cutouts.json", ".history/photo-0.jsonl", "alpha/photo-0.png", "classes.csv", "fg/photo-0.png"),
        *("image/photo-0.png", "strokes/photo-0.json", "trimap/photo-0.png"),
    ]
    assert (out / "image" / "photo-0.png").read_bytes() == (
        out.parent / "photos" / "Photo 0.png"
    ).read_bytes()
    alpha, trimap = read_alpha(out / "alpha" / "photo-0.png"), read_alpha(out / "trimap" / "photo-0.png")
    assert np.array_equal(alpha, client.plane("alpha"))
    assert np.array_equal(trimap, client.plane("trimap"))
    fg, image = read_image(out / "fg" / "photo-0.png"), photograph(0)
    assert np.array_equal(fg[alpha == 255], image[alpha == 255])
    soft = (alpha > 40) & (alpha < 215)
    warm = np.array([210, 120, 60])
    assert np.abs(fg[soft] - warm).mean() < 0.5 * np.abs(image[soft] - warm).mean()
    assert (out / "classes.csv").read_text() == "file,class\nphoto-0.png,fur\n"
    (record,) = index_foregrounds(str(out)).records
    assert record.classes == ("fur",)
    assert np.array_equal(read_foreground(record)[1], alpha)
    assert [each.problems for each in index(str(out))] == [0, 0]


def test_colours_under_alpha_0_and_16_bits_are_a_choice(page):
    cutouts, client, _ = page
    client.take("stroke", stroke=BOX)
    client.send("choose", hidden="zero", bits=16)
    client.post("/api/pictures/0/save", {})
    with Image.open(cutouts.out / "alpha" / "photo-0.png") as picture:
        assert picture.mode == "I;16"
        deep = np.array(picture)
    with cutouts.opened(0) as work:
        assert np.abs(deep / 65535 - work.solved).max() < 1e-5
        hidden = work.alpha == 0
    fg = read_image(cutouts.out / "fg" / "photo-0.png")
    assert not fg[hidden].any()
    sent = Image.open(io.BytesIO(client.ask("/api/pictures/0/cutout.png?hidden=estimate").body))
    assert sent.mode == "RGBA"
    assert np.array(sent)[hidden].any()
    assert np.array_equal(np.array(sent)[..., 3], client.plane("alpha"))
    answer = client.ask("/api/pictures/0/cutout.png?hidden=zero&bits=16")
    assert answer.headers["content-disposition"] == 'attachment; filename="photo-0.png"'
    assert Image.open(io.BytesIO(answer.body)).size == (WIDTH, HEIGHT)


def test_opened_again_it_goes_on(tmp_path):
    photos = write_photographs(tmp_path / "photos")
    with serving(tmp_path / "out", photos) as (_, client, _):
        client.take("stroke", stroke=BOX, seconds=3)
        client.take("stroke", stroke=brush("erase", (40, 50), (50, 60)))
        client.take("clean", cleanup={"black": 0.1, "white": 0.9, "shift": 0})
        state, alpha = client.row(), client.plane("alpha")
    with serving(tmp_path / "out", photos) as (_, client, _):
        assert [row["state"] for row in client.ask("/api/overview").json["pictures"]] == ["work", "new"]
        again = client.row()
        same = ("id", "name", "revision", "strokes", "cleanup", "seconds")
        assert {key: again[key] for key in same} == {key: state[key] for key in same}
        assert np.abs(client.plane("alpha").astype(int) - alpha).max() <= 1
        assert client.take("stroke", stroke=brush("select", (48, 60))).status == 200
    with serving(tmp_path / "out") as (_, client, _):  # the pictures are in the folder by now
        assert client.row()["strokes"] == 3


def test_a_stale_step_is_answered_with_409(page):
    _, client, _ = page
    revision = client.row()["revision"]
    client.take("stroke", stroke=BOX)
    answer = client.post("/api/pictures/0/stroke", {"revision": revision, "stroke": BOX})
    assert answer.status == 409


def test_pictures_are_taken_whatever_they_are_called(page):
    _, client, _ = page
    stream = io.BytesIO()
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(photograph(5)).save(stream, "JPEG", exif=turned)
    row = client.upload("../../etc/Mein Bild.png", stream.getvalue()).json
    assert (row["id"], row["name"], row["state"]) == ("mein-bild", "Mein Bild.png", "new")
    assert client.row(2)["size"] == [WIDTH, HEIGHT]  # upright
    client.take("stroke", 2, stroke=brush("select", (60, 48)))
    assert client.post("/api/pictures/2/save", {}).status == 200


def test_an_uploaded_picture_waits_and_then_lies_with_its_cutout(page):
    cutouts, client, _ = page
    stream = io.BytesIO()
    Image.fromarray(photograph(5)).save(stream, "WEBP", lossless=True)
    client.upload("x.png", stream.getvalue())
    assert (cutouts.out / ".waiting" / "x.webp").read_bytes() == stream.getvalue()
    client.take("stroke", 2, stroke=BOX)
    client.post("/api/pictures/2/save", {})
    assert (cutouts.out / "image" / "x.webp").read_bytes() == stream.getvalue()
    assert not list(cutouts.out.glob(".waiting/*"))


def test_a_picture_is_handed_on_to_the_tagging_page(page):
    _, client, _ = page
    assert client.ask("/tag/").status == 404
    client.take("stroke", stroke=BOX)
    assert client.post("/api/pictures/0/tag", {}).json == {"url": "tag/#0"}
    assert b"simd tag" in client.ask("/tag/").body
    assert client.ask("/tag/page/tag.js").status == 200
    assert client.ask("/tag/api/foregrounds/0").json["id"] == "photo-0"


def test_the_truth_is_shown_where_there_is_one(tmp_path):
    photos = write_photographs(tmp_path / "photos")
    truth = np.where(subject(), np.uint8(255), np.uint8(0))
    save(tmp_path / "truth" / "Photo 0.png", truth)
    with serving(tmp_path / "out", photos, truth=tmp_path / "truth") as (_, client, _):
        assert [client.row(number)["truth"] for number in (0, 1)] == [True, False]
        assert client.ask("/api/pictures/0/truth").body == truth.tobytes()
        assert client.ask("/api/pictures/1/truth").status == 400


def test_one_server_a_folder(page, tmp_path):
    cutouts, _, _ = page
    with pytest.raises(BusyError, match="is writing there"):
        Cutouts(cutouts.out)


def test_classes_of_others_in_the_table_stay(page):
    cutouts, client, _ = page
    (cutouts.out / "classes.csv").write_text("file,class,licence\nother.png,net,CC0-1.0\n")
    client.take("stroke", stroke=BOX)
    client.send("choose", **{"class": "fire"})
    client.post("/api/pictures/0/save", {})
    text = (cutouts.out / "classes.csv").read_text()
    assert text == "file,class,licence\nother.png,net,CC0-1.0\nphoto-0.png,fire,\n"


def test_the_overview_says_nothing_of_this_machine(page):
    cutouts, client, _ = page
    assert str(cutouts.out.parent) not in json.dumps(client.ask("/api/overview").json)
    assert str(cutouts.out.parent) not in json.dumps(client.row())
