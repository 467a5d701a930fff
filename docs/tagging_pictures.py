"""Make the pictures of tagging.md: tag two drawn objects in Chromium, as the page describes it.

    python docs/tagging_pictures.py [FOLDER]

needs Playwright and /usr/bin/chromium; FOLDER is docs/images by default.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from simd.sources import index_foregrounds
from simd.studio.serve import served
from simd.studio.tagging.mask_editing import proposer
from simd.studio.tagging.session import Tagging

PLACE, SIDE = "synthetic-mixed:2@640", 640
LAPTOP, TABLET = {"width": 1366, "height": 768}, {"width": 820, "height": 1180}
# [y, x] of the objects' pixels
LOGS = [(528, 398), (498, 462), (503, 489), (592, 489), (592, 384), (556, 384)]
STROKES = {
    "6": [[(150, 212), (330, 208)], [(200, 432), (370, 442)]],  # hair_hard
    "r": [[(450, 112), (600, 90)], [(450, 530), (600, 548)]],  # sharp
}


def main(folder: Path) -> None:
    """Write the six pictures."""
    ids = [fg.id for fg in index_foregrounds(PLACE).records]
    bonfire, portrait = (ids.index(f"synthetic-mixed/{name}@{SIDE}") for name in ("bonfire/1", "portrait/0"))
    with tempfile.TemporaryDirectory() as kept, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        with served(Tagging(PLACE, Path(kept), propose=proposer())) as url:
            page = _open(browser.new_page(viewport=LAPTOP), f"{url}#{bonfire}")
            _save(page, folder / "tagging-proposal.jpg")
            page.keyboard.press("a")
            _saved(page)
            page.keyboard.press("r")
            page.keyboard.press("l")
            _drag(page, LOGS, end=False)
            _save(page, folder / "tagging-lasso.jpg")
            page.mouse.up()
            _saved(page)
            page.select_option("#backdrop", "photograph:5")
            page.wait_for_timeout(500)
            page.locator("#canvas").focus()
            _save(page, folder / "tagging-done.jpg")
            page.keyboard.press("d")

            page = _open(browser.new_page(viewport=LAPTOP), f"{url}#{portrait}")
            page.keyboard.press("s")
            for key, lines in STROKES.items():
                page.keyboard.press(key)
                for line in lines:
                    _drag(page, line)
            _saved(page)
            _save(page, folder / "tagging-strokes.jpg")
            page.keyboard.press("f")
            page.locator("#undo:enabled").wait_for()
            _saved(page)
            _save(page, folder / "tagging-filled.jpg")

            page = _open(browser.new_page(viewport=TABLET), f"{url}#{portrait}")
            page.locator("[data-view=trimap]").click()
            _save(page, folder / "tagging-tablet.jpg")
        browser.close()


def _open(page: Page, url: str) -> Page:
    page.goto(url)
    page.locator("body[data-revision]").wait_for()
    page.wait_for_timeout(2500)  # the proposal is being made
    return page


def _drag(page: Page, points: list[tuple[int, int]], *, end: bool = True) -> None:
    box = page.locator("#canvas").bounding_box()
    assert box
    scale = 0.96 * min(box["width"], box["height"]) / SIDE
    left, top = (box["width"] - SIDE * scale) / 2, (box["height"] - SIDE * scale) / 2
    places = [(box["x"] + left + x * scale, box["y"] + top + y * scale) for y, x in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=12)
    if end:
        page.mouse.up()


def _saved(page: Page) -> None:
    page.wait_for_timeout(300)
    page.locator("#saved[data-state=saved]").wait_for()
    page.wait_for_timeout(300)


def _save(page: Page, path: Path) -> None:
    page.wait_for_timeout(200)
    Image.open(io.BytesIO(page.screenshot())).convert("RGB").save(path, quality=82, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("images"))
