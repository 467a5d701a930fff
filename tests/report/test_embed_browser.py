import pytest

from simd.composition.build import build
from simd.dataset.manifest import load_set, write_manifest
from simd.report.embed.embedding import embed
from simd.report.statistics.measure import report_statistics

pytestmark = pytest.mark.browser
NAME = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folders of a map and of statistics of a set with a hostile name."""
    from dataclasses import replace

    folder = tmp_path_factory.mktemp("pages")
    options = {"foregrounds": "synthetic:1@64", "backgrounds": "builtin", "max_side": 64}
    small = build(folder / "set", **options)
    kept = [replace(row, fg_id=NAME) if row.class_ == "fur" else row for row in small.rows]
    write_manifest(small.path, kept, name=NAME, protocol="exact", seed=0, sources=[])
    embed(load_set(small.path).path, folder / "map")
    report_statistics([small.path], folder / "statistics")
    return folder


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page; anything said, or asked of outside, fails the test."""
    said, asked, pages = [], [], []

    def call(index, **viewport):
        page = browser.new_page(viewport=viewport or {"width": 1200, "height": 900})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(index.as_uri())
        pages.append((page, index.as_uri()))
        return page

    yield call
    outside = [url for url in asked if not url.startswith("data:") and url not in [u for _, u in pages]]
    for page, _ in pages:
        page.close()
    assert (said, outside) == ([], [])


def test_a_filter_hides_and_shows_its_class(made, open_page):
    page = open_page(made / "map" / "index.html")
    marks = page.locator(".map svg use")
    assert marks.count() == 20
    fur = page.locator('.map g[data-class="2"]')
    label = page.locator(".filters label", has_text="fur")
    assert fur.is_visible()
    label.click()
    assert not fur.is_visible()
    assert page.locator('.map g[data-class="3"]').is_visible()
    page.locator("button", has_text="none").click()
    assert page.locator(".map g:visible").count() == 0
    label.locator("input").press("Space")
    assert fur.is_visible()
    page.locator("button", has_text="all").click()
    assert page.locator(".map g:visible").count() == 20


def test_pointing_at_a_mark_shows_its_thumbnail_and_names(made, open_page):
    page = open_page(made / "map" / "index.html")
    tip = page.locator(".tip")
    assert not tip.is_visible()
    for index, name in ((2, "fur"), (13, "sharp")):
        page.locator(f'.map g[data-class="{index}"] use').hover()
        assert tip.is_visible()
        assert tip.locator("p").inner_text().startswith(name)
        width = tip.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
        assert 2 <= width <= 128
        frame, box = page.locator(".map").bounding_box(), tip.bounding_box()
        assert box["x"] >= frame["x"] - 1
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
    page.locator("h1").hover()
    assert not tip.is_visible()


def test_names_stay_text(made, open_page):
    page = open_page(made / "map" / "index.html")
    assert page.title() == f"Map of {NAME}"
    page.locator('.map g[data-class="2"] use').hover()
    assert NAME in page.locator(".tip p").inner_text()
    assert NAME in open_page(made / "statistics" / "index.html").locator("h2").inner_text()


@pytest.mark.parametrize("folder", ["map", "statistics"])
def test_the_page_fits_a_narrow_window(made, open_page, folder):
    page = open_page(made / folder / "index.html", width=480, height=800)
    assert page.evaluate("document.documentElement.scrollWidth") == 480


def test_the_statistics_show_the_extreme_images_of_each_class(made, open_page):
    page = open_page(made / "statistics" / "index.html")
    assert page.locator(".extremes .class").count() == 20
    picture = page.locator(".extremes img").first
    picture.scroll_into_view_if_needed()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 128
    plots = page.locator("img.plot").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert len(plots) == 3
    assert min(plots) > 600
