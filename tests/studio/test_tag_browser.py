import io
from contextlib import ExitStack
from urllib.parse import urlsplit

import numpy as np
import pytest
from conftest import soft_alpha, write_foregrounds
from PIL import Image
from tagging_page import propose_halves

from simd.image import encode_png
from simd.studio.tagging.session import Tagging
from simd.tagging.annotation_files import PALETTE, annotation_path, read_annotation
from simd.tagging.fill import fill
from simd.tagging.paint import blank, paint
from simd.taxonomy import CLASSES, TAXONOMY, class_index

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

pytestmark = pytest.mark.browser
HEIGHT, WIDTH = 64, 80  # of the foregrounds: the page shows each of their pixels as a square of several
KEY = dict(zip(CLASSES, "1234567890qwertyuiop", strict=True))
LAPTOP, TABLET = {"width": 1366, "height": 768}, {"width": 820, "height": 1180}


class Screen:
    """A page in Chromium, spoken of in pixels of the foreground."""

    def __init__(self, page, served):
        self.page, self.served = page, served

    def at(self, y, x):
        """Return where the centre of a pixel is in the window, when the whole picture is shown."""
        box = self.page.locator("#canvas").bounding_box()
        scale = min(box["width"] / WIDTH, box["height"] / HEIGHT, 8) * 0.96
        left, top = (box["width"] - WIDTH * scale) / 2, (box["height"] - HEIGHT * scale) / 2
        return box["x"] + left + (x + 0.5) * scale, box["y"] + top + (y + 0.5) * scale

    def drag(self, *points, button="left"):
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down(button=button)
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=4)
        self.page.mouse.up(button=button)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def settled(self):
        self.page.locator("#saved[data-state=saved]").wait_for()
        return self.served.stored(self.number())

    def number(self):
        return int(urlsplit(self.page.url).fragment)

    def shown(self):
        """Return the class mask as it can be seen: the colour in the middle of each pixel, 255 for others."""
        self.page.locator("[data-view=trimap]").click()
        self.page.locator("#fit").click()
        self.page.locator("#opacity").fill("100")
        if self.page.locator("#propose[aria-pressed=true]:enabled").count():
            self.page.locator("#propose").click()
        self.page.mouse.move(*self.at(1, 1))  # the cursor of the keys goes when the mouse comes, and leaves
        self.page.mouse.move(2, 2)
        self.page.wait_for_timeout(60)  # some frames
        picture = np.array(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))
        x, y = self.at(*np.mgrid[:HEIGHT, :WIDTH])
        pixels = picture[y.astype(int), x.astype(int)]
        mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
        for c in TAXONOMY:
            mask[(pixels == list(bytes.fromhex(c.colour[1:]))).all(axis=2)] = c.index
        return mask

    def shows(self, mask):
        """Wait until the page shows this class mask."""
        for _ in range(40):
            if np.array_equal(self.shown(), mask):
                return True
            self.page.wait_for_timeout(100)
        return False


@pytest.fixture
def show(browser, serve):
    """Return a function that opens a page; anything said, or asked of others, fails the test."""
    said, asked, own = [], [], []
    with ExitStack() as stack:

        def call(served=None, viewport=LAPTOP, **options):
            served = served or serve(**options)
            own.append(served.url)
            page = browser.new_page(viewport=viewport)
            page.set_default_timeout(120_000)  # the first picture waits for whatever else the machine does
            stack.callback(page.close)
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.goto(served.url)
            page.locator("body[data-revision]").wait_for()
            page.locator("#list li").first.wait_for()
            return Screen(page, served)

        yield call
    assert said == []
    assert [url for url in asked if not url.startswith((*own, "data:", "blob:"))] == []


def test_a_picture_without_a_class_is_tagged(show, tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    (tmp_path / "own").mkdir()
    Image.fromarray(np.dstack([rgb, soft_alpha(HEIGHT, WIDTH)])).save(tmp_path / "own" / "IMG_1000.png")
    screen = show(place=str(tmp_path / "own"))
    (foreground,) = screen.served.tagging.foregrounds
    assert foreground.classes == ()
    screen.press(KEY["fur"], "g")
    annotation, mask = screen.settled()
    unknown = mask != 255
    assert unknown.any()
    assert (mask[unknown] == class_index("fur")).all()
    assert annotation.fg_id == "IMG_1000"
    assert screen.shows(mask)


@pytest.mark.slow
def test_the_file_is_what_was_drawn(show):
    screen = show()
    read_again = []
    screen.page.on("request", lambda request: read_again.append(request.url.endswith("/mask")))
    screen.press(KEY["fur"])
    screen.drag((10, 40), (30, 62))
    screen.press(KEY["net"], "]", "]")
    screen.drag((52, 30), (52, 50))
    annotation, mask = screen.settled()
    first, second = annotation.strokes
    assert [first.class_, second.class_] == ["fur", "net"]
    assert np.allclose([first.points[0], first.points[-1]], [(10, 40), (30, 62)], atol=0.6)
    assert second.radius > first.radius
    with screen.served.tagging.opened(0) as work:
        unknown = work.unknown
    assert np.array_equal(mask, np.where(unknown, paint(annotation.strokes, blank((HEIGHT, WIDTH))), 255))
    assert set(np.unique(mask)) == {class_index("fur"), class_index("net"), 255}
    assert screen.shows(mask)
    assert not any(read_again)  # the page has painted exactly what the server wrote
    screen.page.reload()
    screen.page.locator("body[data-revision]").wait_for()
    assert screen.shows(mask)


@pytest.mark.slow
def test_fill_accept_undo_and_done(show):
    screen = show()
    screen.press(KEY["fur"])
    screen.drag((10, 30), (10, 50))
    screen.press(KEY["net"])
    screen.drag((52, 30), (52, 50))
    strokes = screen.settled()[0].strokes
    screen.press("f")
    filled = screen.settled()[1]
    with screen.served.tagging.opened(0) as work:
        fg, alpha = work.fg, work.alpha
    assert np.array_equal(filled, fill(fg, alpha, paint(strokes, blank(alpha.shape))).class_mask)
    assert screen.shows(filled)
    screen.press("z", "a")
    annotation, accepted = screen.settled()
    assert annotation.origin == "proposal"
    painted = paint(strokes, blank(alpha.shape))
    proposed = propose_halves(fg, alpha).class_mask
    expected = np.where(proposed == 255, 255, np.where(painted != 255, painted, proposed))
    assert np.array_equal(accepted, expected)
    assert screen.shows(accepted)
    screen.press("z", "z")
    screen.settled()
    screen.press("Shift+Z", "Control+y")
    assert np.array_equal(screen.settled()[1], accepted)
    assert screen.shows(accepted)
    screen.press("d")
    screen.page.locator("#title", has_text="fur_cat").wait_for()
    assert screen.served.stored(0)[0].review == "reviewed"
    assert screen.page.locator("#reviewed").inner_text() == "1 of 6 reviewed"
    assert screen.number() == 1
    screen.press("k")
    screen.page.locator("#title", has_text="fire_a").wait_for()
    assert screen.shows(accepted)


@pytest.mark.slow
def test_done_asks_where_most_of_the_unknown_region_is_open(show):
    screen = show()
    screen.press(KEY["fur"])
    screen.drag((10, 30), (10, 50))
    strokes = screen.settled()[0].strokes
    asked = screen.page.locator("#unfilled")
    screen.press("d")
    asked.wait_for()
    assert "of the unknown region has no class" in asked.inner_text()
    assert screen.served.stored(0)[0].review == "started"
    screen.press("Escape")
    assert not asked.is_visible()
    screen.press("d")
    screen.page.locator("#unfilled-fill").click()
    with screen.served.tagging.opened(0) as work:
        fg, alpha = work.fg, work.alpha
    filled = fill(fg, alpha, paint(strokes, blank(alpha.shape))).class_mask
    assert screen.shows(filled)
    annotation, stored = screen.settled()
    assert np.array_equal(stored, filled)
    assert annotation.review == "started"  # to be looked at
    screen.press("d")
    screen.page.locator("#title", has_text="fur_cat").wait_for()
    assert screen.served.stored(0)[0].review == "reviewed"
    screen.drag((10, 30), (10, 50))
    screen.settled()
    screen.press("d")
    screen.page.locator("#unfilled-done").click()
    screen.page.locator("#title", has_not_text="fur_cat").wait_for()
    assert screen.served.stored(1)[0].review == "reviewed"


@pytest.mark.slow
def test_the_keyboard_is_enough(show):
    screen = show()
    screen.press(KEY["leaf"], "[", "[")
    for _ in range(60):
        screen.press("Control+ArrowUp")  # one pixel; 60 of them end at the edge
    screen.page.keyboard.down("Space")
    for _ in range(12):
        screen.press("Control+ArrowDown")
    screen.page.keyboard.up("Space")
    (stroke,) = screen.settled()[0].strokes
    assert stroke.class_ == "leaf"
    assert stroke.points[0] == (0, WIDTH / 2)
    assert stroke.points[-1][0] == 12
    screen.press(KEY["tree"], "ArrowDown", "Shift+ArrowRight", ".", "ArrowDown", "ArrowDown", ".")
    strokes = screen.settled()[0].strokes
    assert [stroke.class_ for stroke in strokes] == ["leaf", "tree"]
    assert strokes[1].points[0][1] > WIDTH / 2
    screen.press("x", ".", "ArrowDown", "Escape")  # given up
    screen.press(".", ".")
    assert [stroke.class_ for stroke in screen.settled()[0].strokes] == ["leaf", "tree", None]
    screen.press("f", "d")
    screen.page.locator("#title", has_text="fur_cat").wait_for()
    annotation, mask = screen.served.stored(0)
    assert annotation.review == "reviewed"
    screen.press("?")
    assert screen.page.locator("#keys").is_visible()
    screen.press("Escape", "k")
    screen.page.locator("#title", has_text="fire_a").wait_for()
    assert screen.shows(mask)


@pytest.mark.slow
def test_lasso_whole_and_erase(show):
    screen = show()
    screen.press(KEY["silk"], "g")
    _, whole = screen.settled()
    assert set(np.unique(whole)) == {class_index("silk"), 255}
    screen.press(KEY["lace"], "l")
    screen.drag((2, 2), (2, 78), (30, 78), (30, 2))
    annotation, mask = screen.settled()
    assert annotation.strokes[-1].kind == "polygon"
    assert set(np.unique(mask[3:29][whole[3:29] != 255])) == {class_index("lace")}
    assert set(np.unique(mask[33:])) == {class_index("silk"), 255}
    assert screen.shows(mask)
    screen.press("x")
    screen.drag((2, 2), (2, 40), (62, 40), (62, 2))
    _, erased = screen.settled()
    assert (erased[3:61, 3:39] == 255).all()
    assert np.array_equal(erased[:, 43:], mask[:, 43:])
    assert screen.shows(erased)
    screen.press("Shift+X")
    assert (screen.settled()[1] == 255).all()


def test_strokes_land_where_the_picture_was_moved_to(show):
    screen = show()
    x, y = screen.at(12, 40)
    screen.page.mouse.move(x, y)
    screen.page.mouse.wheel(0, -600)
    screen.page.mouse.move(x, y)
    screen.page.mouse.down(button="right")
    screen.page.mouse.move(x + 90, y + 40, steps=3)
    screen.page.mouse.up(button="right")
    screen.page.mouse.click(x + 90, y + 40)
    (stroke,) = screen.settled()[0].strokes
    assert np.allclose(stroke.points[0], (12, 40), atol=0.5)


@pytest.mark.slow
def test_one_finger_draws_and_two_move(show):
    screen = show(viewport=TABLET)
    session = screen.page.context.new_cdp_session(screen.page)

    def touch(kind, *points):
        places = [screen.at(*point) for point in points]
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    touch("touchStart", (10, 30))
    for x in range(32, 51, 2):
        touch("touchMove", (10, x))
    touch("touchEnd")
    (stroke,) = screen.settled()[0].strokes
    assert np.allclose([stroke.points[0], stroke.points[-1]], [(10, 30), (10, 50)], atol=0.6)
    touch("touchStart", (30, 30))
    touch("touchStart", (30, 30), (30, 50))
    for spread in range(1, 12):
        touch("touchMove", (30, 30 - spread), (30, 50 + spread))
    touch("touchEnd")
    _, mask = screen.settled()
    assert len(screen.served.stored()[0].strokes) == 1
    before = screen.page.locator("#canvas").screenshot()
    screen.page.locator("#fit").click()
    screen.page.wait_for_timeout(80)
    assert screen.page.locator("#canvas").screenshot() != before  # it had been enlarged
    assert screen.shows(mask)


def test_a_class_mask_from_a_file(show):
    screen = show()
    mask = np.full((HEIGHT, WIDTH), class_index("defocus"), np.uint8)
    mask[20:] = class_index("water_spray")
    screen.page.set_input_files(
        "#file", {"name": "mask.png", "mimeType": "image/png", "buffer": encode_png(mask, PALETTE)}
    )
    screen.page.locator("#list [data-review=started]").wait_for()
    annotation, stored = screen.settled()
    assert annotation.origin == "imported"
    assert screen.shows(stored)


def test_what_is_drawn_while_the_server_is_away_is_sent_when_it_is_back(browser, foregrounds, tmp_path):
    from simd.studio.serve import served

    folder = tmp_path / "annotations"
    page = browser.new_page(viewport=LAPTOP)
    with served(Tagging(str(foregrounds), folder), backdrops="") as url:
        page.goto(url)
        page.locator("body[data-revision]").wait_for()
        page.keyboard.press(KEY["fur"])
        page.keyboard.press("g")
        page.locator("#saved[data-state=saved]").wait_for()
    page.keyboard.press(KEY["net"])
    page.keyboard.press("g")
    page.locator("#saved[data-state=away]").wait_for()
    assert "does not answer" in page.locator("#message").inner_text()
    page.keyboard.press(KEY["fire"])
    page.keyboard.press(".")
    page.keyboard.press(".")
    with served(Tagging(str(foregrounds), folder), port=urlsplit(url).port, backdrops=""):
        page.locator("#saved[data-state=saved]").wait_for()
        annotation, _ = read_annotation(annotation_path(folder, "fire_a"))
    assert [stroke.class_ for stroke in annotation.strokes] == ["fur", "net", "fire"]
    page.close()


@pytest.mark.slow
def test_a_page_that_only_shows(show, serve):
    screen = show()
    screen.press(KEY["fur"], "g")
    _, mask = screen.settled()
    shown = show(serve(read_only=True))
    assert shown.page.locator("#saved").inner_text() == "read only"
    assert not shown.page.locator(".tools").is_visible()
    assert not shown.page.locator("#done").is_visible()
    before = {p: p.read_bytes() for p in shown.served.folder.iterdir()}
    shown.press(KEY["net"], "g", "f", "a", "z", "d", ".", ".")
    shown.drag((10, 30), (10, 50))
    assert shown.shows(mask)
    assert {p: p.read_bytes() for p in shown.served.folder.iterdir()} == before
    shown.press("j")
    shown.page.locator("#title", has_text="fur_cat").wait_for()


def test_a_foreground_that_has_changed_says_so(show, foregrounds, serve):
    screen = show()
    screen.press(KEY["fur"], "g")
    screen.settled()
    Image.fromarray(soft_alpha(seed=7)).save(foregrounds / "alpha" / "fire_a.png")
    again = show(serve())
    again.page.locator("#list button").first.click()
    problem = again.page.locator("#problem")
    again.page.locator("#list button", has_text="fire_a").click()
    assert "has changed since it was annotated" in problem.inner_text()
    again.press("g")  # passed over
    problem.get_by_role("button", name="Put an empty annotation in its place").click()
    problem.wait_for(state="hidden")
    assert again.settled()[0].strokes == ()


def test_an_annotation_that_was_mended_is_read_again(show, serve):
    screen = show()
    screen.press(KEY["fur"], "g")
    _, mask = screen.settled()
    file = annotation_path(screen.served.folder, screen.served.tagging.foregrounds[0].id)
    whole = file.read_bytes()
    file.write_text("{")  # as another program leaves it that is cut off
    screen.page.locator("#list button", has_text="fire_a").click()
    problem = screen.page.locator("#problem")
    problem.wait_for()
    assert "is not JSON" in problem.inner_text()
    assert screen.page.locator("#list button[data-review=broken]").all_inner_texts()[0].endswith("fire_a")
    again = problem.get_by_role("button", name="Read it again from disk")
    again.click()
    screen.page.locator("text=It was read again and is as it was.").wait_for()
    assert again.is_visible()
    file.write_bytes(whole)
    again.click()
    problem.wait_for(state="hidden")
    assert screen.page.locator("#list button[data-review=broken]").count() == 0
    assert screen.shows(mask)
    screen.press(KEY["net"], "g")  # work goes on
    assert [stroke.class_ for stroke in screen.settled()[0].strokes] == ["fur", "net"]


def test_a_page_that_only_shows_reads_again_too(show, serve):
    screen = show()
    screen.press(KEY["fur"], "g")
    _, mask = screen.settled()
    picture = annotation_path(screen.served.folder, screen.served.tagging.foregrounds[0].id).with_suffix(
        ".png"
    )
    whole = picture.read_bytes()
    picture.unlink()
    shown = show(serve(read_only=True))
    shown.page.locator("#list button", has_text="fire_a").click()
    problem = shown.page.locator("#problem")
    problem.wait_for()
    assert problem.locator("button").all_inner_texts() == ["Read it again from disk"]
    picture.write_bytes(whole)
    problem.locator("button").click()
    problem.wait_for(state="hidden")
    assert shown.page.locator("#saved").inner_text() == "read only"
    assert shown.shows(mask)


@pytest.mark.parametrize("viewport", [LAPTOP, TABLET, {"width": 480, "height": 800}], ids=str)
def test_the_page_fits_its_window(show, viewport):
    screen = show(viewport=viewport)
    size = screen.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size[0] == viewport["width"]
    if viewport["width"] > 640:
        assert size[1] == viewport["height"]
        for part in ("#done", "#fill", "#accept", "#undo", "#help", "#palette button >> nth=19"):
            assert screen.page.locator(part).is_visible()
            box = screen.page.locator(part).bounding_box()
            assert box["x"] + box["width"] <= viewport["width"]
            assert box["y"] + box["height"] <= viewport["height"]
    assert screen.page.locator("#canvas").bounding_box()["height"] > 300


def test_views_backdrops_and_hidden_classes(show):
    screen = show()
    screen.press(KEY["fire"], "g")
    screen.settled()
    canvas = screen.page.locator("#canvas")
    screen.page.mouse.move(2, 2)
    seen = [canvas.screenshot()]
    for key in ("h", "m", "m", "m", "n", "n"):
        screen.press(key)
        screen.page.wait_for_timeout(80)
        seen.append(canvas.screenshot())
    assert seen[4] == seen[1]  # three views, and round
    assert len(set(seen)) == len(seen) - 1
    screen.page.select_option("#backdrop", "photograph:1")
    screen.page.wait_for_timeout(300)
    assert canvas.screenshot() not in seen


def test_names_stay_text(browser, show, serve, tmp_path):
    name = "fur_<img src=x onerror=alert(1)>"
    hostile = write_foregrounds(tmp_path / "hostile")
    for folder, suffix in (("fg", ".png"), ("alpha", ".png")):
        (hostile / folder / f"fur_cat{suffix}").rename(hostile / folder / f"{name}{suffix}")
    screen = show(serve(str(hostile)))
    screen.page.locator("#list button", has_text="onerror").click()
    screen.page.locator("#title", has_text="onerror").wait_for()
    assert screen.page.locator("#title").inner_text() == name
    assert screen.page.locator("img").count() == 0


@pytest.mark.slow
def test_the_page_has_no_grave_finding_and_nothing_overlaps_in_a_narrow_window(check_page, browser, serve):
    url = serve().url
    check_page(url, "#list button")
    page = browser.new_page(viewport={"width": 480, "height": 900})
    page.goto(url)
    page.locator("#list button").first.wait_for()
    paper, palette, listed = (page.locator(name).bounding_box() for name in (".paper", "#palette", "#list"))
    assert paper["y"] + paper["height"] <= palette["y"]
    assert palette["y"] + palette["height"] <= listed["y"]
    assert page.evaluate("scrollY") == 0
    page.close()
