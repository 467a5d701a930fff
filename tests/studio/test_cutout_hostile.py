"""Uploads that are not pictures, names that are paths, requests of other sites: answered, nothing changed."""

import gc
import http.client
import io
import json
import re
import struct
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cutout_page import BOX, brush, photograph, serving, write_photographs
from hostile_names import traversals
from PIL import Image

from simd.studio.cutout.session import Cutouts
from simd.studio.cutout.steps import Step

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")


@pytest.fixture
def page(tmp_path):
    with serving(tmp_path / "out", write_photographs(tmp_path / "photos", 1)) as parts:
        yield parts


def encoded(kind, pixels=None, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(photograph(1, 24, 32) if pixels is None else pixels).save(stream, kind, **options)
    return stream.getvalue()


def resized(data: bytes, width: int, height: int) -> bytes:
    """Return a PNG whose header states another size."""
    header = struct.pack(">II", width, height) + data[24:29]
    return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]


def hostile_uploads() -> dict[str, bytes]:
    """Return 100 and more contents that are not a photograph that can be cut out."""
    good = {kind: encoded(kind) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP")}
    uploads = {
        f"{kind} cut to {share} %": data[: len(data) * share // 100]
        for kind, data in good.items()
        for share in (1, 5, 20, 35, 50, 65, 80, 90, 95)
        if kind != "TIFF" or share < 95
    }
    png = good["PNG"]
    for at in range(8, len(png), max(1, len(png) // 34)):  # every part of it has a checksum
        uploads[f"PNG with a bit changed at {at}"] = png[:at] + bytes([png[at] ^ 4]) + png[at + 1 :]
    for width, height in ((2**31 - 1, 2**31 - 1), (40_000, 40_000), (0, 5), (5, 0), (2**26, 1), (1, 2**26)):
        uploads[f"PNG of {width} x {height}"] = resized(png, width, height)
    see_through = np.dstack([photograph(1, 24, 32), np.full((24, 32), 90, np.uint8)])
    return uploads | {
        "nothing": b"",
        "text": b"a picture",
        "page": b"<!doctype html><script>alert(1)</script>",
        "drawing": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "entities": b'<!DOCTYPE x [<!ENTITY a "aa">]><svg>&a;</svg>',
        "GIF": encoded("GIF"),
        "PDF": b"%PDF-1.7\n1 0 obj<</JS(app.alert(1))>>endobj",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file",
        "zip": b"PK\3\4" + b"\0" * 60,
        "pickle": b"\x80\x04cos\nsystem\n(S'id'\ntR.",
        "Photoshop": b"8BPS\0\1" + b"\0" * 60,
        "OpenEXR": b"v/1\x01" + b"\0" * 60,
        "ICO": encoded("ICO"),
        "PPM": encoded("PPM"),
        "one pixel": encoded("PNG", np.zeros((1, 1, 3), np.uint8)),
        "seven rows": encoded("PNG", np.zeros((7, 40, 3), np.uint8)),
        "a cut-out": encoded("PNG", see_through),
        "zeros": b"\0" * 5000,
        "a signature": b"\x89PNG\r\n\x1a\n",
        "JPEG's start": b"\xff\xd8\xff\xe0",
    }


def test_a_hundred_hostile_uploads_are_answered_with_an_error(page):
    cutouts, client, _ = page
    uploads = hostile_uploads()
    assert len(uploads) >= 100
    before = sorted(cutouts.out.rglob("*"))
    for name, content in uploads.items():
        answer = client.upload(f"{name}.png", content)
        assert answer.status == 400, (name, answer.body[:200])
        reason = answer.json["error"]
        assert 10 < len(reason) < 500, name
        assert str(cutouts.out) not in reason, name  # paths of this machine are nobody's affair
        assert ".waiting" not in reason, name
    assert len(client.ask("/api/overview").json["pictures"]) == 1
    left = [path for path in cutouts.out.rglob("*") if path not in before]
    assert [path for path in left if path.is_file()] == []


def test_names_never_become_paths(page, tmp_path):
    cutouts, client, _ = page
    content = encoded("PNG", photograph(2, 8, 9))
    outside = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    names = traversals()
    assert len(names) >= 200
    ids = set()
    for name in names:
        row = client.upload(name, content).json
        assert re.fullmatch(r"[a-z0-9_][a-z0-9_-]*", row["id"]), name
        assert not set("/\\\0\n") & set(row["name"]), name
        ids.add(row["id"])
    assert len(ids) == len(names)
    assert {path.name for path in (cutouts.out / ".waiting").iterdir()} == {f"{id_}.png" for id_ in ids}
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - outside.keys()
    assert all(path.parent == cutouts.out / ".waiting" for path in new)
    assert all(path.read_bytes() == data for path, data in outside.items())


def test_uploads_are_limited_in_bytes(page, monkeypatch):
    _, client, _ = page
    monkeypatch.setattr("simd.studio.cutout.app.MAX_BYTES", 1000)
    answer = client.upload("large.png", b"\0" * 1001)
    assert (answer.status, answer.json["error"]) == (413, "more than 1000 bytes are not accepted")


def begin_upload(client, content, share=0.5):
    """Send the head of an upload, and a part of it; return the connection."""
    connection = http.client.HTTPConnection(client.host, client.port, timeout=30)
    connection.putrequest("POST", "/api/pictures?name=x.png")
    connection.putheader("Origin", f"http://{client.host}:{client.port}")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(len(content)))
    connection.endheaders()
    connection.send(content[: int(share * len(content))])
    return connection


def test_two_uploads_are_read_at_a_time_and_one_that_stalls_is_not_waited_for(page, monkeypatch):
    _, client, _ = page
    content = encoded("PNG", photograph(2, 24, 32))
    stalled = [begin_upload(client, content) for _ in range(2)]
    third = begin_upload(client, content, share=1)
    third.sock.settimeout(0.7)
    with pytest.raises(TimeoutError):
        third.sock.recv(1)
    third.sock.settimeout(30)
    assert len(client.ask("/api/overview").json["pictures"]) == 1  # steps and pages are answered meanwhile
    stalled[0].send(content[len(content) // 2 :])
    assert stalled[0].getresponse().status == third.getresponse().status == 200
    monkeypatch.setattr("simd.studio.answers.PATIENCE", 0.3)
    begun = [begin_upload(client, content) for _ in range(3)]
    for connection in begun[:1]:
        connection.close()  # gone in the middle
    stalled[1].send(content[len(content) // 2 :])
    assert stalled[1].getresponse().status == 200
    for connection in begun[1:]:
        answer = connection.getresponse()
        reason = "nothing more has come for 0.3 seconds; send it again"
        assert (answer.status, json.loads(answer.read())["error"]) == (400, reason)
    assert client.upload("after.png", content).status == 200
    for connection in (*stalled, *begun, third):
        connection.close()


def test_the_bytes_of_refused_uploads_are_let_go_of(page):
    _, client, _ = page
    content = bytes(2**23)
    gc.collect()
    gc.disable()  # nothing waits for it
    tracemalloc.start()
    try:
        for _ in range(5):
            assert client.upload("zeros.png", content).status == 400
        for _ in range(100):  # the answer may be here before the server has left the last request
            if (held := tracemalloc.get_traced_memory()[0]) < len(content):
                break
            time.sleep(0.1)
        assert held < len(content)
    finally:
        tracemalloc.stop()
        gc.enable()


def test_an_upload_that_is_sent_again_is_one_picture(tmp_path):
    first, second = encoded("PNG", photograph(2, 24, 32)), encoded("PNG", photograph(3, 24, 32))
    out, ids = tmp_path / "out", ("aaaaaaaa0", "aaaaaaaa1", "aaaaaaaa2")
    with serving(out) as (_, client, _):
        rows = [client.upload("a.png", first, ids[0]).json for _ in range(3)]
        assert rows == [rows[0]] * 3
        assert client.upload("a.png", first, ids[1]).json["number"] == 1  # somebody wants it twice
        assert client.upload("b.png", second, ids[2]).json["number"] == 2
        assert client.upload("b.png", b"no picture", "aaaaaaaa3").status == 400
        assert client.upload("b.png", second, "aaaaaaaa3").json["number"] == 3  # that one has become nothing
        for wrong in ("short", "a" * 65, "../../../../x", "a%00aaaaaaaa"):
            assert client.upload("c.png", second, wrong).status == 400
        assert len(client.ask("/api/overview").json["pictures"]) == 4
    with serving(out) as (_, client, _):  # killed before it has answered
        again = client.upload("b.png", second, ids[2]).json
        assert again["id"] in ("b", "b-2")
        assert client.upload("b.png", second, ids[2]).json == again
        assert len(client.ask("/api/overview").json["pictures"]) == 4


def test_the_same_upload_sent_twice_at_once_is_one_picture(page):
    _, client, _ = page
    content = encoded("PNG", photograph(2, 24, 32))
    with ThreadPoolExecutor(6) as pool:
        rows = list(pool.map(lambda _: client.upload("a.png", content, "aaaaaaaa0").json, range(6)))
    assert rows == [rows[0]] * 6
    assert len(client.ask("/api/overview").json["pictures"]) == 2


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_what_other_sites_can_send_is_refused(page, kind):
    _, client, _ = page
    content = encoded("PNG")
    assert client.post("/api/pictures?name=x", content, Content_Type=kind).status == 400
    assert client.post("/api/pictures?name=x", content, Origin="http://evil.example").status == 403
    assert client.ask("/api/overview", Host="evil.example").status == 421


def test_steps_that_cannot_be_taken_change_nothing(page):
    _, client, _ = page
    client.take("stroke", stroke=BOX)
    before = client.row()
    wrong = [
        *({}, {"stroke": None}, {"stroke": []}, {"stroke": {"tool": "select"}}),
        *({"stroke": BOX | {"tool": "paint"}}, {"stroke": BOX | {"kind": "brush", "radius": 1}}),
        *({"stroke": BOX | {"points": [[0, 0], [1e9, 5]]}}, {"stroke": BOX | {"points": [[5, 5], [5, 5]]}}),
        *({"stroke": BOX | {"points": [[900, 900], [999, 999]]}}, {"stroke": BOX | {"extra": 1}}),
        {"stroke": BOX | {"points": [[30, 30], [32, 33]]}},
        *({"stroke": brush("erase", (1, 2), radius=-1)}, {"stroke": brush("erase")}),
        *({"stroke": brush("erase", (1, 2)) | {"tool": ["erase"]}}, {"stroke": "x" * 1000}),
    ]
    for values in wrong:
        assert client.take("stroke", **values).status == 400, values
    for cleanup in (
        None,
        {},
        {"black": 0.9, "white": 0.2, "shift": 0},
        {"black": 0, "white": 1, "shift": 1e9},
    ):
        if cleanup != {}:
            assert client.take("clean", cleanup=cleanup).status == 400, cleanup
    for choice in ({"bits": 7}, {"hidden": "x"}, {"class": "furr"}, {"class": 5}, {"done": 1}, {"steps": []}):
        assert client.send("choose", **choice).status == 400, choice
    assert client.take("nothing").status == 400
    assert client.take("find", seconds=-1).status == 400
    assert client.ask("/api/pictures/7").status == 400
    assert client.ask("/api/pictures/x").status == 400
    assert client.ask("/api/pictures/0/nothing").status == 404
    assert client.row() | {"written": 0} == before | {"written": 0}


def test_memory_is_bounded_for_many_open_pictures(tmp_path):
    photos = write_photographs(tmp_path / "photos", 4)
    with serving(tmp_path / "out", photos, memory=1) as (cutouts, client, _):
        client.row(0)
        alone = cutouts.nbytes
        for number in (1, 2, 3):
            client.row(number)
            assert cutouts.nbytes < 1.5 * alone
        client.take("stroke", 3, stroke=BOX)
        client.row(0)
        assert client.row(3)["strokes"] == 1  # read again from disk


def test_a_picture_that_cannot_be_read_does_not_stop_the_others(tmp_path):
    write_photographs(tmp_path / "photos")
    (tmp_path / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    with serving(tmp_path / "out", [tmp_path / "photos"]) as (_, client, _):
        rows = client.ask("/api/overview").json["pictures"]
        assert [row["state"] for row in rows] == ["new", "new", "broken"]
        assert client.ask("/api/pictures/2").json["error"].startswith("broken.png: ")
        assert client.take("stroke", 0, stroke=BOX).status == 200


def test_a_link_in_the_folder_is_not_written_through(page, tmp_path):
    cutouts, client, _ = page
    mine = tmp_path / "mine.png"
    mine.write_bytes(b"mine")
    (cutouts.out / "fg").mkdir()
    (cutouts.out / "fg" / "photo-0.png").symlink_to(mine)
    client.take("stroke", stroke=BOX)
    client.post("/api/pictures/0/save", {})
    assert mine.read_bytes() == b"mine"
    state = client.post("/api/pictures/0/save", {}).json
    assert "is a link" in state["unsaved"]
    assert state["written"] is False
    refused = client.post("/api/pictures/0/tag", {})
    assert (refused.status, "cannot be tagged while it is not saved" in refused.json["error"]) == (400, True)
    (cutouts.out / "fg" / "photo-0.png").unlink()
    state = client.post("/api/pictures/0/save", {}).json
    assert (state["unsaved"], state["written"]) == ("", True)


def test_closing_says_what_is_not_saved(tmp_path, caplog):
    with Cutouts(tmp_path / "out", write_photographs(tmp_path / "photos", 1)) as cutouts:
        (cutouts.out / "fg").mkdir()
        (cutouts.out / "fg" / "photo-0.png").symlink_to(tmp_path / "mine.png")
        revision = cutouts.state(0)["revision"]
        cutouts.change(0, revision, lambda work: work.draw(Step.from_json(BOX)))
    assert "Photo 0.png: its layers are not written" in caplog.text


def test_an_id_of_other_letters_can_be_downloaded_and_a_tagging_tab_is_of_one_picture(tmp_path):
    photos = write_photographs(tmp_path / "photos")
    with serving(tmp_path / "out", photos) as (cutouts, client, _):
        client.take("stroke", 1, stroke=BOX)
        assert client.post("/api/pictures/1/tag", {}).status == 200
        older = client.ask("/tag/api/foregrounds/0").json
        cutouts.pictures[0].id = "an-earlier-one"
        client.take("stroke", 0, stroke=BOX)
        assert client.post("/api/pictures/0/tag", {}).status == 200
        newer = client.ask("/tag/api/foregrounds/0").json
        assert (older["size"], older["strokes"]) == (newer["size"], newer["strokes"])
        assert older["id"] != newer["id"]
        assert older["revision"] != newer["revision"]
        cutouts.pictures[0].id = "写真"
        answer = client.ask("/api/pictures/0/cutout.png?bits=16")
        disposition = answer.headers["content-disposition"]
        assert (answer.status, disposition) == (200, "attachment; filename*=UTF-8''%E5%86%99%E7%9C%9F.png")
