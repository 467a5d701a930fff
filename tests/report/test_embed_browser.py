import io
import shutil

import numpy as np
import pytest
from PIL import Image

from simd.composition.build import build
from simd.dataset.manifest import load_set, write_manifest
from simd.masks import bounding_box
from simd.report.embed.embedding import embed
from simd.report.html.thumbnails import beside
from simd.report.statistics.measure import report_statistics
from simd.taxonomy import CLASSES, TAXONOMY

pytestmark = pytest.mark.browser
NAME = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the folders of a map and of statistics of a set with a hostile name."""
    import msgspec.structs

    folder = tmp_path_factory.mktemp("pages")
    options = {"foregrounds": "synthetic:1@64", "backgrounds": "builtin", "max_side": 64}
    small = build(folder / "set", **options)
    kept = [msgspec.structs.replace(row, fg_id=NAME) if row.class_ == "fur" else row for row in small.rows]
    write_manifest(small.path, kept, name=NAME, protocol="exact", seed=0, sources=[])
    embed(load_set(small.path).path, folder / "map")
    report_statistics([small.path], folder / "statistics")
    return folder


@pytest.fixture
def open_page(browser):
    """Return a function that opens a page; anything said, or asked of outside, fails the test."""
    said, asked, pages = [], [], []

    def call(index, ignored=None, **viewport):
        page = browser.new_page(viewport=viewport or {"width": 1200, "height": 1000})
        page.on("console", lambda message: (ignored and ignored in message.text) or said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(index.as_uri())
        pages.append((page, index.parent.as_uri()))
        return page

    yield call
    folders = tuple(folder for _, folder in pages)
    outside = [url for url in asked if not url.startswith(("data:", *folders))]
    for page, _ in pages:
        page.close()
    assert (said, outside) == ([], [])


def wait_until(page, condition):
    """Wait as Playwright's wait_for_function does, whose second look the page's own policy forbids."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never so: {condition}")


def drawn(page):
    """Wait until the map is drawn, and return it."""
    wait_until(page, "canvas.width > 300 && drawing === 0")
    return page.locator(".map canvas")


def mark_of(page, class_):
    """Return the number of a class's only mark, and where it is in the window."""
    number = page.evaluate(f"points.label.indexOf({CLASSES.index(class_)})")
    x, y = page.evaluate(f"placeOf({number})")
    frame = drawn(page).bounding_box()
    return number, frame["x"] + x, frame["y"] + y


def colour_of(page, class_):
    """Return the colour of the canvas where a class's mark is, RGBA."""
    number, _, _ = mark_of(page, class_)
    return page.evaluate(
        f"(() => {{ const [x, y] = placeOf({number}).map(Math.round);"
        "const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true });"
        "pixel.drawImage(canvas, -x, -y);"
        "return [...pixel.getImageData(0, 0, 1, 1).data]; })()"
    )


def test_a_filter_hides_and_shows_its_class(made, open_page):
    page = open_page(made / "map" / "index.html")
    fur, net = (
        [*bytes.fromhex(TAXONOMY[CLASSES.index(name)].colour.removeprefix("#")), 255]
        for name in ("fur", "net")
    )
    nothing = [0, 0, 0, 0]
    assert (colour_of(page, "fur"), colour_of(page, "net")) == (fur, net)
    label = page.locator(".filters label", has_text="fur")
    label.click()
    assert (colour_of(page, "fur"), colour_of(page, "net")) == (nothing, net)
    page.locator("button", has_text="none").click()
    assert (colour_of(page, "fur"), colour_of(page, "net")) == (nothing, nothing)
    label.locator("input").press("Space")
    assert (colour_of(page, "fur"), colour_of(page, "net")) == (fur, nothing)
    page.locator("button", has_text="all").click()
    assert (colour_of(page, "fur"), colour_of(page, "net")) == (fur, net)


def test_pointing_at_a_mark_shows_its_thumbnail_and_names(made, open_page):
    page = open_page(made / "map" / "index.html")
    tip = page.locator(".tip")
    drawn(page)
    assert not tip.is_visible()
    by_class = {sample.row.class_: sample for sample in load_set(made / "set")}
    for class_ in ("fur", "sharp"):
        number, x, y = mark_of(page, class_)
        page.mouse.move(x, y)
        assert tip.is_visible()
        assert tip.locator("p").inner_text().startswith(f"{class_}\n{by_class[class_].row.id}")
        box, frame = tip.bounding_box(), page.locator(".map").bounding_box()
        assert box["x"] >= frame["x"] - 1
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1
        assert_shows(page, tip.locator(".picture"), by_class[class_], number)
    page.locator("h1").hover()
    assert not tip.is_visible()


def assert_shows(page, picture, sample, number):
    """Check that the pixels on screen are those of the region's image beside its alpha."""
    address = picture.evaluate("node => getComputedStyle(node).backgroundImage.slice(5, -2)")
    page.evaluate(
        "url => { const image = new Image(); image.src = url; return image.decode(); }", address
    )  # it may be on its way
    box = bounding_box(sample.trimap == 128)
    expected = beside(sample.image[box.slices], sample.alpha[box.slices])
    size = page.evaluate(f"[points.width[{number}], points.height[{number}]]")
    assert size == [expected.shape[1], expected.shape[0]]
    with Image.open(io.BytesIO(picture.screenshot())) as shot:
        pixels = np.asarray(shot.convert("RGB").resize(size, Image.Resampling.BOX)).astype(float)
    inner = np.s_[4:-4, 4:-4]  # the corners are round
    assert np.abs(pixels - expected)[inner].mean() < 12
    assert np.corrcoef(pixels[inner].ravel(), expected[inner].ravel())[0, 1] > 0.95


def test_keys_go_from_mark_to_mark_and_zoom(made, open_page):
    page = open_page(made / "map" / "index.html")
    drawn(page).focus()
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(page.evaluate("[chosen, ...placeOf(chosen)]"))
    assert seen[1][1] > seen[0][1]
    assert seen[2][1] < seen[1][1]
    assert seen[3][2] > seen[2][2]
    assert seen[4][2] < seen[3][2]
    assert page.locator(".tip p").inner_text().split("\n")[1] == page.evaluate("points.id[chosen]")
    page.keyboard.press("+")
    assert page.evaluate("view.scale") == 2
    assert page.evaluate("placeOf(chosen)") == pytest.approx(seen[4][1:], abs=1)
    page.keyboard.press("0")
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()
    assert page.evaluate("view.scale") == 1


def test_the_wheel_and_the_pointer_move_the_map(made, open_page):
    page = open_page(made / "map" / "index.html")
    _, x, y = mark_of(page, "fur")
    page.mouse.move(x, y)
    page.mouse.click(x, y)
    page.mouse.wheel(0, -240)
    wait_until(page, "view.scale > 1.5")
    _, wheeled_x, wheeled_y = mark_of(page, "fur")
    assert (wheeled_x, wheeled_y) == pytest.approx((x, y), abs=2)  # unless at the border of the map
    page.mouse.move(600, 500)
    page.mouse.down()
    page.mouse.move(560, 470)
    page.mouse.up()
    _, moved_x, moved_y = mark_of(page, "fur")
    assert (moved_x - wheeled_x, moved_y - wheeled_y) == pytest.approx((-40, -30), abs=2)


def test_a_page_without_its_points_says_so(made, open_page, tmp_path):
    shutil.copy(made / "map" / "index.html", tmp_path)
    page = open_page(tmp_path / "index.html", ignored="ERR_FILE_NOT_FOUND")
    assert "points.js is missing" in page.locator(".map .missing").inner_text()


def test_names_stay_text(made, open_page):
    page = open_page(made / "map" / "index.html")
    assert page.title() == f"Map of {NAME}"
    _, x, y = mark_of(page, "fur")
    page.mouse.move(x, y)
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
