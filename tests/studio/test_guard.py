import re
from itertools import product

import pytest
from tagging_page import Client, brush

from simd.errors import DataError, MissingExtraError

PLACES = ["/", "/page/tag.js", "/api/overview", "/api/foregrounds/0", "/api/foregrounds/0/mask"]


HOSTS = (
    "evil.example:{port}",
    "127.0.0.1.evil.example:{port}",
    "localhost.evil.example:{port}",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.0.0.1:{port}0",
    "192.168.1.7:{port}",
    "127.0.0.1:{port}@evil.example",
    "127.0.0.1:x",
    "",
)
ORIGINS = (
    "http://evil.example",
    "null",
    "http://127.0.0.1",
    "https://127.0.0.1:{port}",
    "http://localhost:{port}",
    "http://127.0.0.1:{port}.evil.example",
    "",
)


@pytest.fixture
def page(serve):
    return serve()


def test_a_name_that_was_bound_to_this_machine_gets_nothing(page):
    for host, path in product(HOSTS, PLACES):
        answer = page.client.ask(path, Host=host.format(port=page.client.port))
        assert answer.status in (400, 421), (host, path)
        assert b"simd tag" not in answer.body


def test_all_names_of_loopback_are_answered(page):
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        assert page.client.ask("/", Host=f"{name}:{page.client.port}").status == 200


def test_a_page_of_another_site_can_change_nothing(page):
    values = {"revision": page.client.state()["revision"], "stroke": brush()}
    for origin in ORIGINS:
        sent = origin.format(port=page.client.port)
        assert page.client.post("/api/foregrounds/0/stroke", values, Origin=sent).status == 403, origin
    assert not page.folder.exists()


def test_a_page_of_another_site_can_read_nothing(page):
    for path, site, mode in product(
        PLACES[1:], ("cross-site", "same-site"), ("no-cors", "cors", "same-origin")
    ):
        assert page.client.ask(path, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode).status == 403
    for path in PLACES:
        assert page.client.ask(path, Origin="http://evil.example").status == 403


def test_a_form_of_another_site_is_refused_for_its_kind_alone(page):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = page.client.post("/api/foregrounds/0/fill", {"revision": ""}, Content_Type=kind)
        assert answer.status == 400
        assert "Content-Type must be application/json" in answer.json["error"]


def test_answers_forbid_framing_and_anything_from_outside(page):
    for path in (*PLACES, "/nothing"):
        headers = page.client.ask(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


@pytest.fixture
def anywhere(foregrounds, tmp_path):
    """Return the address, with its token, of a page that listens on all addresses."""
    from simd.studio.serve import served
    from simd.studio.tagging.session import Tagging

    with served(Tagging(str(foregrounds), tmp_path / "annotations"), host="0.0.0.0", backdrops="") as url:
        yield url


def test_another_address_asks_for_the_token(anywhere):
    token = re.fullmatch(r"http://0\.0\.0\.0:\d+/\?token=([\w-]{32})", anywhere)[1]
    client = Client(anywhere)
    for path in (*PLACES, "/?token=", f"/?token={token[:-1]}", f"/page/tag.js?token={token}", "/?token=%ff"):
        answer = client.ask(path)
        assert answer.status == 401, path
        assert token.encode() not in answer.body
    welcome = client.ask(f"/?token={token}")
    assert (welcome.status, welcome.headers["location"]) == (303, "/")
    cookie = welcome.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert client.ask("/api/overview", Cookie=cookie.split(";")[0]).status == 200
    assert client.ask("/api/overview", Cookie=f"simd-{client.port}={token}x").status == 401
    assert client.ask("/api/overview", Cookie=f"simd-{client.port}=\xe9").status == 401
    assert client.ask("/", Host=f"evil.example:{client.port}", Cookie=cookie.split(";")[0]).status == 421


def test_another_address_without_a_token_is_never_served():
    from simd.studio.guard import Guard

    with pytest.raises(AssertionError):
        Guard(None, host="0.0.0.0", port=8350)


def test_a_port_that_is_taken_is_said(page, foregrounds, tmp_path):
    from simd.studio.serve import serve

    with pytest.raises(DataError, match=rf"nothing can listen at 127.0.0.1, port {page.client.port}"):
        serve(page.tagging, port=page.client.port, backdrops="")


def test_without_the_extra_the_command_says_what_to_install(foregrounds, monkeypatch, run_cli):
    from simd.studio import serve as module

    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "uvicorn" else object())
    with pytest.raises(MissingExtraError, match=r"Starlette and uvicorn.*\[studio\]"):
        module.check_extra()
    done = run_cli("tag", foregrounds)
    assert done.code == 1
    assert 'pip install -e ".[studio]"' in done.err
