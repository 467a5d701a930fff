"""Paths that lead outside, links, hostile JSON and PNG: answered with an error, and no file is changed."""

import io
import json
import random
import re
import socket
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hostile_names import traversals
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tagging_page import brush, send_mask

from simd.image import encode_png
from simd.sources import index_foregrounds
from simd.tagging.annotation_files import PALETTE, annotation_path
from simd.taxonomy import CLASSES

STROKE = "/api/foregrounds/0/stroke"


@pytest.fixture
def page(serve):
    return serve()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- nothing is read or written outside -----------------------------------------------------------------


@pytest.fixture
def outside(page):
    """Return what lies beside the annotations; nothing of it may change."""
    (page.folder.parent / "outside.json").write_text("{}")
    (page.folder.parent / "outside.png").write_bytes(b"mine")
    page.client.step("stroke", stroke=brush())
    return lambda: {
        name: data
        for name, data in snapshot(page.folder.parent).items()
        if not name.startswith(f"{page.folder.name}/")
    }


def test_no_path_leads_out(page, outside):
    before, inside = outside(), sorted(p.name for p in page.folder.iterdir())
    for text in traversals():
        line = re.sub(r"[^!-~]", lambda m: "".join(f"%{b:02x}" for b in m[0].encode()), text)
        for start in ("/", "/page/", "/api/foregrounds/", "/api/foregrounds/0/", "/api/backdrops/"):
            answer = page.client.ask(start + line)
            assert answer.status in (200, 400, 404, 405), start + line
            if (
                answer.status == 200
            ):  # "?x", "#x" and the like end the path: what they leave is the page's own
                assert re.search(r"[?#]|/\.{0,2}$", start + line), start + line
            assert b"root:" not in answer.body
            assert b"mine" not in answer.body
        revision = page.client.state()["revision"]
        for path in (f"/api/foregrounds/{line}/stroke", f"/api/foregrounds/0/{line}"):
            answer = page.client.post(path, {"revision": revision, "stroke": brush()})
            assert answer.status in (400, 404, 405), path
        for values in ({"revision": text}, {"revision": revision, "stroke": brush(text)}):
            assert page.client.post(STROKE, values).status in (400, 409)
    assert outside() == before
    assert sorted(p.name for p in page.folder.iterdir()) == inside


def test_foregrounds_may_be_named_like_paths_outside(serve, tmp_path, monkeypatch):
    """The ids of foregrounds come from files and lists of others: they name no file."""
    index = index_foregrounds(str(tmp_path / "foregrounds"))
    names = [name for name in traversals() if name.isprintable()]
    records = tuple(replace(index.records[0], id=name) for name in names)
    monkeypatch.setattr(
        "simd.studio.tagging.session.index_foregrounds", lambda *_, **__: replace(index, records=records)
    )
    page = serve()
    before = {p for p in tmp_path.rglob("*") if not p.is_relative_to(page.folder)}
    numbers = random.Random(0).sample(range(len(names)), 60)
    for number in numbers:
        assert page.client.step("stroke", number, stroke=brush()).status == 200
        assert page.stored(number)[0].fg_id == names[number]
    assert {p for p in tmp_path.rglob("*") if not p.is_relative_to(page.folder)} == before
    assert len(list(page.folder.iterdir())) == 2 * len(numbers)


def test_a_linked_annotation_is_neither_read_nor_written(page, tmp_path):
    page.client.step("stroke", stroke=brush())
    file = annotation_path(page.folder, page.tagging.foregrounds[1].id)
    target = tmp_path / "target.json"
    target.write_text('{"secret": 1}')
    file.symlink_to(target)
    assert "is a link" in page.client.state(1)["problem"]
    assert "is a link" in page.client.step("stroke", 1, stroke=brush()).json["error"]
    assert "is a link" in page.client.step("anew", 1).json["error"]
    assert target.read_text() == '{"secret": 1}'
    assert b"secret" not in page.client.ask("/api/foregrounds/1").body


# --- hostile bodies -------------------------------------------------------------------------------------

HOSTILE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"text"',
    b"\xff\xfe{}",
    b"[" * 100_000,
    b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    b'{"revision": ' + b"9" * 5000 + b"}",
    b'{"revision": null}',
    b'{"revision": ["x"]}',
    b'{"revision": "REV", "seconds": -1, "stroke": null}',
    b'{"revision": "REV", "seconds": NaN, "stroke": null}',
    b'{"revision": "REV", "seconds": Infinity, "stroke": null}',
    b'{"revision": "REV", "seconds": "1", "stroke": null}',
    b'{"revision": "REV", "seconds": true, "stroke": null}',
    b'{"revision": "REV"}',
    b'{"revision": "REV", "stroke": []}',
    b'{"revision": "REV", "stroke": {"kind": "brush"}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "furr", "points": [[1, 1]], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": 3, "points": [[1, 1]], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "spray", "class": "fur", "points": [[1, 1]], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [[1]], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [[1, 1e308]], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [[NaN, 1]], "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [[1, 1]], "radius": -1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [[1, 1]], "radius": 1e99}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": "xy", "radius": 1}}',
    b'{"revision": "REV", "stroke": {"kind": "brush", "class": "fur", "points": [[1, 1]], "radius": 1, "x": 2}}',  # noqa: E501
]


def test_hostile_json_is_answered_with_an_error(page):
    page.client.step("stroke", stroke=brush())
    before, state = snapshot(page.folder), page.client.state()
    for body in HOSTILE:
        answer = page.client.post(STROKE, body.replace(b"REV", state["revision"].encode()))
        assert answer.status == 400, body[:200]
        assert 10 < len(answer.json["error"]) < 500, body[:200]
        assert (snapshot(page.folder), page.client.state()) == (before, state), body[:200]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(CLASSES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(st.sampled_from(["seconds", "stroke", "done", "x"]), json_values)
    | st.fixed_dictionaries(
        {
            "stroke": st.fixed_dictionaries(
                {"kind": json_values, "class": json_values, "points": json_values, "radius": json_values}
            )
        }
    ),
    step=st.sampled_from(["stroke", "fill", "review", "accept", "undo", "x"]),
)
def test_no_json_makes_the_server_fail(page, values, step):
    revision = page.client.state()["revision"]
    answer = page.client.post(f"/api/foregrounds/0/{step}", {"revision": revision} | values)
    assert answer.status in (200, 400)
    if page.folder.exists():
        page.stored()  # whole, and one belongs to the other


def a_png(**changes) -> bytes:
    """Return an indexed PNG of 64 x 80, with parts of its header changed."""
    mask = np.full((64, 80), 255, np.uint8)
    data = encode_png(mask, PALETTE)
    fields = dict(
        zip(("width", "height", "bits", "colour"), struct.unpack(">IIBB", data[16:26]), strict=True)
    )
    header = struct.pack(">IIBB", *(fields | changes).values()) + data[26:29]
    return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]


def hostile_pngs() -> dict[str, bytes]:
    good = a_png()
    grey16, colour = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.zeros((64, 80), np.uint16)).save(grey16, "PNG")
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(colour, "PNG")
    jpeg = io.BytesIO()
    Image.fromarray(np.zeros((64, 80), np.uint8)).save(jpeg, "JPEG")
    return {
        "empty": b"",
        "text": b"<svg onload=alert(1)>",
        "cut": good[:-20],
        "header only": good[:33],
        "a bit changed": good[:-30] + bytes([good[-30] ^ 1]) + good[-29:],
        "larger than the foreground": a_png(width=81),
        "a bomb": a_png(width=2**31 - 1, height=2**31 - 1),
        "a billion pixels": a_png(width=40_000, height=40_000),
        "no width": a_png(width=0),
        "more pixels than data": a_png(width=64, height=80, bits=8),
        "16 bits": grey16.getvalue(),
        "colour": colour.getvalue(),
        "JPEG": jpeg.getvalue(),
        "GIF": b"GIF89a" + b"\0" * 40,
        "another size": encode_png(np.zeros((80, 64), np.uint8), PALETTE),
        "no class 20": encode_png(np.full((64, 80), 20, np.uint8), PALETTE),
    }


def test_hostile_pictures_are_answered_with_an_error(page):
    page.client.step("stroke", stroke=brush())
    before, state = snapshot(page.folder), page.client.state()
    for name, picture in hostile_pngs().items():
        answer = send_mask(page, picture)
        assert answer.status == 400, name
        assert answer.json["error"].startswith(("the class mask", "a class mask")), name
        assert (snapshot(page.folder), page.client.state()) == (before, state), name


def test_uploads_are_limited_in_pixels_before_they_are_decoded(page):
    for larger in (a_png(width=81), a_png(width=10_000, height=10_000)):
        answer = send_mask(page, larger)
        assert answer.status == 400
        assert "pixels are more than the limit of 5120" in answer.json["error"]


def test_uploads_are_limited_in_bytes(page, monkeypatch):
    page.client.step("stroke", stroke=brush())
    before = snapshot(page.folder)
    assert page.client.post(STROKE, b" " * (2**20 + 1)).status == 413
    monkeypatch.setattr("simd.studio.tagging.app.MAX_PNG", 1000)
    answer = send_mask(page, b"\0" * 1001)
    assert (answer.status, answer.json["error"]) == (413, "more than 1000 bytes are not accepted")
    assert snapshot(page.folder) == before


def test_a_request_that_is_cut_off_takes_no_step(page):
    before = page.client.state()
    body = json.dumps({"revision": before["revision"], "stroke": brush()}).encode()
    head = (
        f"POST {STROKE} HTTP/1.1\r\nHost: 127.0.0.1:{page.client.port}\r\n"
        f"Origin: http://127.0.0.1:{page.client.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((page.client.host, page.client.port)) as connection:
        connection.sendall(head.encode() + body[:-5])
    assert page.client.state() == before
    assert not page.folder.exists()


def test_numbers_that_name_no_foreground_are_refused(page):
    for number in ("6", "-1", "999999999", "9" * 5000, "1e1", "0x0", "%D9%A3", "0%20", "nan"):
        assert page.client.ask(f"/api/foregrounds/{number}").status in (400, 404), number
        assert page.client.ask(f"/api/backdrops/{'9' + number}").status in (400, 404), number


def test_a_foreground_that_cannot_be_read_does_not_stop_the_others(page, foregrounds):
    (foregrounds / "alpha" / "fire_a.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    assert page.client.ask("/api/foregrounds/0").status == 400
    assert "fire_a.png" in page.client.ask("/api/foregrounds/0").json["error"]
    assert page.client.step("stroke", 1, stroke=brush()).status == 200
