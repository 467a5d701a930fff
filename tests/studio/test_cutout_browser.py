"""The whole way in a real browser: pictures in, box, strokes, views, undo, saved, opened again."""

import base64
import io
import json
import re

import numpy as np
import pytest
from conftest import save
from cutout_page import HEIGHT, WIDTH, photograph, serving, subject, write_photographs
from PIL import Image

from simd.image import read_alpha

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")

pytestmark = pytest.mark.browser
LAPTOP, TABLET = {"width": 1280, "height": 800}, {"width": 820, "height": 1180}


class Screen:
    """A page in Chromium, spoken of in pixels of the picture."""

    def __init__(self, page, cutouts):
        self.page, self.cutouts = page, cutouts

    def at(self, y, x, height=HEIGHT, width=WIDTH):
        box = self.page.locator("#canvas").bounding_box()
        scale = min(box["width"] / width, box["height"] / height, 8) * 0.96
        left, top = (box["width"] - width * scale) / 2, (box["height"] - height * scale) / 2
        return box["x"] + left + (x + 0.5) * scale, box["y"] + top + (y + 0.5) * scale

    def drag(self, *points, steps=4):
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=steps)
        self.page.mouse.up()
        self.settled()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settled()

    def settled(self):
        self.page.locator("#saved[data-state=saved]").wait_for()
        self.page.locator("#busy").wait_for(state="hidden")

    def work(self, number=0):
        with self.cutouts.opened(number) as work:
            return work

    def pixels(self, y, x):
        """Return the colours (n, 3) that can be seen in the middle of some pixels of the picture."""
        self.page.mouse.move(2, 2)  # the cursor goes
        self.page.wait_for_timeout(80)  # some frames
        shot = np.array(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))
        across, down = self.at(np.asarray(y), np.asarray(x))
        return shot[down.astype(int), across.astype(int)].astype(int)


@pytest.fixture
def show(browser, tmp_path):
    """Return a function that opens a page; anything said, or asked of others, fails the test."""
    from contextlib import ExitStack

    said, asked, own = [], [], []
    with ExitStack() as stack:

        def call(pictures=(), viewport=LAPTOP, **options):
            cutouts, _, url = stack.enter_context(serving(tmp_path / "out", pictures, **options))
            own.append(url)
            page = browser.new_page(viewport=viewport, accept_downloads=True)
            page.set_default_timeout(120_000)  # the first picture waits for whatever else the machine does
            stack.callback(page.close)
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            page.goto(url)
            page.locator("body[data-ready]").wait_for()
            if pictures:
                page.locator("body[data-revision]").wait_for()
            return Screen(page, cutouts)

        yield call
    assert said == []
    assert [url for url in asked if not url.startswith((*own, "data:", "blob:"))] == []


def overlap(alpha):
    mask = alpha > 127
    return (mask & subject()).sum() / (mask | subject()).sum()


def test_the_whole_way(show):
    screen = show()
    page, stream = screen.page, io.BytesIO()
    Image.fromarray(photograph()).save(stream, "PNG")
    assert page.locator("#empty").is_visible()
    page.evaluate(
        """content => {
          const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "My disc.png", { type: "image/png" }));
          data.items.add(new File(["text"], "notes.txt", { type: "text/plain" }));
          const options = { dataTransfer: data, bubbles: true, cancelable: true };
          document.body.dispatchEvent(new DragEvent("drop", options));
        }""",
        base64.b64encode(stream.getvalue()).decode(),
    )
    page.locator("body[data-revision]").wait_for()
    assert page.locator("#title").text_content() == "My disc.png"
    assert page.locator("#message").text_content() == "Only pictures are taken."
    assert page.locator("#list [data-state=new] img").count() == 1
    screen.press("b")
    screen.drag((14, 24), (82, 96))
    assert overlap(screen.work().alpha) > 0.95
    assert page.locator("[data-tool=select][aria-pressed=true]").count() == 1  # strokes follow a box
    screen.press("e")
    screen.drag((48, 50), (48, 70))
    work = screen.work()
    assert [step.tool for step in work.facts.steps] == ["subject", "erase"]
    assert not work.alpha[48, 52:69].any()
    screen.press("z")
    assert screen.work().alpha[48, 60] == 255
    screen.press("Z")
    assert screen.work().alpha[48, 60] == 0
    page.locator("#class").select_option("fur")
    screen.press("d")
    page.locator("#list [data-state=done]").wait_for()
    with page.expect_download() as started:
        page.locator("#download").click()
    sent = np.array(Image.open(started.value.path()))
    assert started.value.suggested_filename == "my-disc.png"
    assert np.array_equal(sent[..., 3], screen.work().alpha)
    screen.cutouts.saved(0)
    out = screen.cutouts.out
    assert np.array_equal(read_alpha(out / "alpha" / "my-disc.png"), screen.work().alpha)
    assert (out / "image" / "my-disc.png").read_bytes() == stream.getvalue()
    assert (out / "classes.csv").read_text() == "file,class\nmy-disc.png,fur\n"
    assert json.loads((out / "strokes" / "my-disc.json").read_text())["done"] is True
    revision = page.locator("body").get_attribute("data-revision")
    page.reload()
    page.locator(f"body[data-revision='{revision}']").wait_for()
    assert page.locator("#class").input_value() == "fur"
    page.locator("#tag").click()
    page.locator("#palette button").first.wait_for()
    page.locator("#title", has_text="my-disc").wait_for()
    page.locator("#definition", has_text="fur: ").wait_for()


@pytest.mark.slow
def test_each_view_shows_what_it_says(show, tmp_path):
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    truth[:, : WIDTH // 2] = 255  # wrong on purpose
    save(tmp_path / "truth" / "Photo 0.png", truth)
    screen = show(write_photographs(tmp_path / "photos", 1), truth=tmp_path / "truth")
    page = screen.page
    screen.press("b")
    screen.drag((14, 24), (82, 96))
    page.locator("#veil").fill("0")
    alpha, image = screen.work().alpha, photograph()
    inside, outside = ([40, 56, 48], [52, 60, 70]), ([5, 90, 48], [10, 110, 6])
    assert (alpha[inside] == 255).all()
    assert not alpha[outside].any()
    seen = {}
    for _ in range(8):
        view = page.locator("[data-view][aria-pressed=true]").get_attribute("data-view")
        seen[view] = screen.pixels(*inside), screen.pixels(*outside)
        screen.press("f")
    assert list(seen) == ["checker", "black", "white", "colour", "photograph", "alpha", "trimap", "error"]
    for view in ("checker", "black", "white", "colour", "photograph"):
        assert np.abs(seen[view][0] - image[inside]).max() <= 2, view
    assert not seen["black"][1].any()
    assert (seen["white"][1] == 255).all()
    assert (seen["colour"][1] == (47, 158, 91)).all()
    assert {tuple(colour) for colour in seen["checker"][1]} <= {(255, 255, 255), (212, 215, 221)}
    assert (seen["alpha"][0] == 255).all()
    assert not seen["alpha"][1].any()
    assert (seen["trimap"][0] == 255).all()
    assert seen["error"][0][0].tolist() == [0, 0, 0]  # column 52 is right
    assert seen["error"][0][2].tolist() == [255, 127, 0]  # column 70: too much
    assert seen["error"][1][0].tolist() == [0, 127, 255]  # column 10: too little
    page.keyboard.down("o")
    before = screen.pixels(*outside)
    page.keyboard.up("o")
    assert np.abs(before - image[outside]).max() <= 2
    page.locator("#veil").fill("100")
    assert np.abs(screen.pixels(*outside) - image[outside]).max() <= 2
    page.set_input_files("#own", {"name": "x.png", "mimeType": "image/png", "buffer": red_picture()})
    page.locator("#veil").fill("0")
    page.locator("[data-view=photograph]").click()
    page.wait_for_timeout(100)
    assert (screen.pixels(*outside) == (200, 10, 20)).all()


def red_picture():
    stream = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), (200, 10, 20), np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.slow
def test_brushes_of_all_sizes_and_straight_strokes(show, tmp_path):
    screen = show(write_photographs(tmp_path / "photos", 1))
    page = screen.page
    screen.press("e")
    for _ in range(60):
        page.keyboard.press("[")
    assert page.locator("#size").text_content() == "1 px"
    before = screen.work().trimap
    screen.drag((48, 60), (48, 60))
    changed = np.argwhere(screen.work().trimap != before)
    assert changed.tolist() == [[48, 60]]
    page.mouse.move(*screen.at(48, 60))
    page.keyboard.down("Alt")
    for _ in range(6):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Alt")
    assert 1 < float(page.locator("#size").text_content().split()[0]) < 10
    page.locator("#radius").fill("100")
    assert page.locator("#size").text_content() == "400 px"
    page.locator("#radius").fill("25")
    screen.drag((30, 40), (30, 41))
    page.keyboard.down("Shift")
    screen.drag((66, 80), (66, 80))
    page.keyboard.up("Shift")
    step = screen.work().facts.steps[-1]
    assert len(step.stroke.points) == 2  # from where the last one has ended
    assert np.allclose(step.stroke.points, [(30, 41), (66, 80)], atol=0.6)
    screen.press("l")
    screen.drag((20, 20), (20, 40), (40, 40), (40, 20))
    assert screen.work().facts.steps[-1].stroke.kind == "polygon"
    assert not screen.work().trimap[24:38, 24:38].any()


@pytest.mark.slow
def test_by_keyboard_alone(show, tmp_path):
    screen = show(write_photographs(tmp_path / "photos", 2))
    page = screen.page
    screen.press("b", "ArrowUp")  # from the middle: a box by the cursor
    for key, times in (("Control+ArrowUp", 30), ("Control+ArrowLeft", 34)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press(".")
    for key, times in (("Control+ArrowDown", 66), ("Control+ArrowRight", 70)):
        for _ in range(times):
            page.keyboard.press(key)
    screen.press(".")
    assert overlap(screen.work().alpha) > 0.9
    screen.press("d")
    page.locator("#title", has_text="Photo 1.png").wait_for()
    screen.press("k")
    page.locator("#title", has_text="Photo 0.png").wait_for()
    screen.press("m")
    assert page.locator("#loupe[aria-pressed=true]").count() == 1
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")


@pytest.mark.slow
@pytest.mark.parametrize("viewport", [LAPTOP, TABLET], ids=["1280", "820"])
def test_it_fits_and_can_be_used_by_everybody(browser, axe, tmp_path, viewport):
    with serving(tmp_path / "out", write_photographs(tmp_path / "photos", 2)) as (_, _, url):
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.set_default_timeout(120_000)
            try:
                page.goto(url)
                page.locator("body[data-revision]").wait_for()
                page.evaluate(axe)
                found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
                grave = [each["id"] for each in found if each["impact"] in ("serious", "critical")]
                assert grave == [], scheme
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
                assert page.evaluate("document.documentElement.scrollHeight") <= viewport["height"]
                assert page.locator("#canvas").bounding_box()["height"] > 300
            finally:
                page.close()


@pytest.mark.parametrize("viewport", [LAPTOP, TABLET], ids=["1280", "820"])
def test_a_long_name_leaves_the_other_pictures_in_sight(show, tmp_path, viewport):
    photos = write_photographs(tmp_path / "photos", 3)
    photos[0] = photos[0].rename(tmp_path / "photos" / f"{'a picture of a long name ' * 6}.png")
    screen = show(photos, viewport=viewport)
    for k in range(3):
        box = screen.page.locator("#list button").nth(k).bounding_box()
        assert box["x"] + box["width"] <= viewport["width"], k


@pytest.fixture
def broken_first(tmp_path):
    """Serve a folder whose first picture cannot be opened."""
    write_photographs(tmp_path / "photos", 2)
    (tmp_path / "photos" / "A broken one.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    with serving(tmp_path / "out", [tmp_path / "photos"]) as parts:
        yield parts


@pytest.mark.slow
def test_a_picture_that_cannot_be_opened_leaves_the_keys_alive(broken_first, browser):
    _, _, url = broken_first
    page, errors = browser.new_page(viewport=LAPTOP), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(f"{url}#0")
        page.locator("#problem", has_text="A broken one.png").wait_for()
        assert page.locator("#title").text_content() == "A broken one.png"
        assert page.locator("#download").get_attribute("href") is None
        for key in (*"bsetlgzZfFmdco+-. [", "ArrowUp", "Control+ArrowLeft", "Escape"):
            page.keyboard.press(key)
        page.locator("#fit").click()
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.locator("#title", has_text="Photo 0.png").wait_for()
        page.keyboard.press("k")
        page.locator("#problem", has_text="A broken one.png").wait_for()
        assert page.locator("#undo").is_disabled()
        assert page.locator("#position").text_content() == "1 of 3"
        assert errors == []
    finally:
        page.close()


def test_a_late_failure_leaves_the_picture_that_was_opened_since(broken_first, browser):
    _, _, url = broken_first
    page, held = browser.new_page(viewport=LAPTOP), []

    def hold(route):
        held.append(route)

    try:
        page.goto(f"{url}#1")
        page.locator("body[data-revision]").wait_for()
        page.route("**/api/pictures/0", hold)
        page.locator("#list button").first.click()
        page.wait_for_timeout(200)
        page.locator("#list button").nth(2).click()
        page.locator("#title", has_text="Photo 1.png").wait_for()
        assert len(held) == 1
        held[0].continue_()
        page.locator("#list [data-state=broken]").wait_for()
        assert page.locator("#problem").is_hidden()
        assert page.locator("#title").text_content() == "Photo 1.png"
        assert not page.locator("#find").is_disabled()
        page.keyboard.press("b")
        screen = Screen(page, broken_first[0])
        screen.drag((14, 24), (82, 96))
        assert overlap(screen.work(2).alpha) > 0.95
    finally:
        page.close()


def test_an_upload_whose_answer_is_lost_appears_once(browser, tmp_path):
    stream, tries = io.BytesIO(), []
    Image.fromarray(photograph()).save(stream, "PNG")

    def lose(route):
        tries.append(route.request.url)
        if len(tries) > 1:
            route.continue_()
        else:
            route.fetch()  # the server takes it, and its answer is lost
            route.abort()

    with serving(tmp_path / "out") as (cutouts, _, url):
        page = browser.new_page(viewport=LAPTOP)
        page.route(re.compile(r"/api/pictures\?"), lose)  # in globs, "?" was any letter before
        page.goto(url)
        page.locator("body[data-ready]").wait_for()
        page.set_input_files("#file", {"name": "x.png", "mimeType": "image/png", "buffer": stream.getvalue()})
        page.locator("body[data-revision]").wait_for()
        assert tries == [tries[0]] * 2
        assert page.locator("#list button").count() == len(cutouts.pictures) == 1
        page.close()


def test_a_box_without_a_subject_is_said(show, tmp_path):
    screen = show(write_photographs(tmp_path / "photos", 1))
    screen.press("b")
    screen.drag((44, 56), (52, 64))
    assert screen.page.locator("#message").text_content().startswith("Nothing in the box differs")
    screen.press("z")
    assert screen.page.locator("#message").is_hidden()
