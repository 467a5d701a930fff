"""The site: built without a warning, whole without a network, read by everyone, found by its search."""

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SEEN = [
    "index.html",
    "guides/score.html",
    "concepts/intervals.html",
    "reference/python.html",
    "reference/results.html",
    "reference/commands.html",
    "reference/formats.html",
    "metrics.html",
    "failed.html",
    "beside/notebooks/01_classes.html",
    "beside/simd/tagging/fill.py.html",
]
"""Pages of each kind, to look at in the browser."""

pytestmark = pytest.mark.skipif(find_spec("mkdocs") is None, reason="MkDocs is not installed")


class Addresses(HTMLParser):
    """The ids of a page, what it leads to, and what it is made of."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.parts = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids.update(values[key] for key in ("id", "name") if values.get(key))
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        elif values.get("src"):
            self.parts.append(values["src"])
        elif tag == "link" and values.get("rel") in ("stylesheet", "icon", "preconnect", "preload"):
            self.parts.append(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site as `make docs` does; a warning ends that."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "WARNING" not in done.stderr
    return out


@pytest.fixture(scope="module")
def pages(site):
    return {
        path.relative_to(site).as_posix(): Addresses(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
    }


@pytest.mark.slow
def test_links_lead_to_pages_and_their_headings(pages, site):
    for name, page in pages.items():
        for link in page.links + page.parts:
            address = urlsplit(link)
            if address.scheme or name == "404.html":  # which is shown at any address
                continue
            target = (site / name).parent / unquote(address.path) if address.path else site / name
            file = target.resolve()
            assert file.is_file(), f"{name}: {link}"
            if address.fragment and file.suffix == ".html":
                ids = pages[file.relative_to(site.resolve()).as_posix()].ids
                assert unquote(address.fragment) in ids or address.fragment == "__skip", f"{name}: {link}"


@pytest.mark.slow
def test_pages_are_made_of_what_the_site_holds(pages):
    for name, page in pages.items():
        assert not [part for part in page.parts if urlsplit(part).scheme not in ("", "data")], name


@pytest.mark.slow
def test_every_page_of_the_repository_and_no_program_of_it_is_published(site):
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), page
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        page = site / "beside" / "notebooks" / f"{notebook.stem}.html"
        assert page.read_text(encoding="utf-8").count("<img") >= 1
    assert not list(site.rglob("*.py"))
    assert not (site / "hooks").exists()


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("served", [False, True], ids=["from disk", "served"])
def test_nothing_is_asked_of_other_hosts_and_the_search_finds(site, served, browser):
    handler = functools.partial(Quiet, directory=site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    start = f"http://127.0.0.1:{server.server_port}" if served else site.as_uri()
    asked, errors = [], []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.route(lambda url: not url.startswith((start, "data:", "blob:")), lambda route: route.abort())
        for name in SEEN:
            page.goto(f"{start}/{name}")
        page.goto(f"{start}/index.html")
        page.locator(".md-search__input").click()
        page.locator(".md-search__input").press_sequentially("court")
        first = page.locator(".md-search-result__link").first
        first.wait_for(timeout=120_000)
        assert "court" in first.inner_text().lower()
        first.click()
        page.wait_for_url(lambda url: "court" in url, timeout=120_000)
    finally:
        page.close()
        server.shutdown()
        server.server_close()
    assert [url for url in asked if not url.startswith((start, "data:", "blob:", "about:"))] == []
    assert errors == []


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *_):
        pass


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", SEEN)
def test_pages_in_two_widths(site, name, browser, axe):
    for width, scheme in ((1280, "light"), (1280, "dark"), (480, "light")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        try:
            page.goto((site / name).as_uri())
            page.locator("h1").first.wait_for()
            page.evaluate(axe)
            violations = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            grave = [
                (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
                for each in violations
                if each["impact"] in ("serious", "critical")
            ]
            assert grave == [], f"{width} px, {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        finally:
            page.close()


@pytest.fixture(scope="module")
def reference():
    """Return the program that makes the reference."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("reference", ROOT / "docs" / "hooks" / "reference.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_has_every_public_name_and_every_command(reference):
    import simd

    python = reference.python_page()
    for name in simd.__all__:
        assert name.startswith("__") or f"heading: simd.{name}\n" in python, name
    results = reference.results_page()
    for line in (
        "heading: Evaluation\n",
        "| `scores` | `Scores` |",
        "From `Evaluation`.",
        "| `save()` | `tuple[",
        "heading: Sample\n",
        "| `trimap` | `UInt8` | The trimap, uint8 (H, W) of 0, 128, 255. |",
        "| `image_sha256` | `str` | of decoded pixels",
    ):
        assert line in results, line
    sys.path.insert(0, str(ROOT / "tests" / "cli"))
    from every_parameter import LEAVES

    commands = reference.commands_page()
    for name, leaf in LEAVES.items():
        assert f"\n## simd {name}\n" in commands
        for param in leaf.params:
            assert (param.metavar or param.opts[0]).strip(".") in commands, (name, param.name)


def test_files_of_ours_are_as_their_schemas_say(reference, tiny_set, tmp_path, run_cli):
    jsonschema = pytest.importorskip("jsonschema")
    from simd.methods.predict import predict
    from simd.metrics.evaluate import evaluate

    predict("trimap", tiny_set.path, tmp_path / "mattes")
    evaluate(tmp_path / "mattes", tiny_set.path, out=tmp_path / "scores" / "trimap")
    run_cli("select", tmp_path / "foregrounds", "--out", tmp_path / "kept.jsonl")
    files = {
        "metadata.jsonl": tiny_set.path / "metadata.jsonl",
        "dataset.json": tiny_set.path / "dataset.json",
        "run.json": tmp_path / "mattes" / "run.json",
        "scores.json": tmp_path / "scores" / "trimap.json",
        "selection.jsonl": tmp_path / "kept.jsonl",
    }
    for name, schema in reference.schemas().items():
        check = jsonschema.Draft202012Validator
        check.check_schema(schema)
        assert list(check(schema).iter_errors(["not an object"]))
        if name in files:
            text = files[name].read_text(encoding="utf-8")
            for row in map(json.loads, text.splitlines() if name.endswith("l") else [text]):
                assert list(check(schema).iter_errors(row)) == [], name
                for key in schema["required"]:
                    assert list(check(schema).iter_errors({k: v for k, v in row.items() if k != key})), key
