"""Make the pictures of cutout.md: cut a cup and drawn hair out in Chromium, as the page describes it.

    python docs/cutout_pictures.py [FOLDER]

needs Playwright and /usr/bin/chromium. The cup is "coffee" of scikit-image's package (CC0), the
hair is drawn by simd over a drawn scene; FOLDER is docs/images by default.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from simd.generator import synthetic
from simd.generator.scenes import scene
from simd.studio.cutout.session import Cutouts
from simd.studio.cutout.simulate import box_around, next_stroke
from simd.studio.serve import served

LAPTOP, TABLET = {"width": 1280, "height": 800}, {"width": 820, "height": 1180}
CUP, HAIR = (400, 600), (640, 640)
CUP_BOX = [(6, 66), (394, 530)]
CUP_STROKES = [
    ("s", [(285, 345), (335, 375)]),
    ("t", [(70, 395), (150, 372)]),
    ("e", [(392, 60), (396, 300)]),
]


def main(folder: Path) -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as kept, sync_playwright() as playwright:
        photos = Path(kept) / "photos"
        photos.mkdir()
        Image.fromarray(skimage.data.coffee()).save(photos / "cup.png")
        image, truth = _hair()
        Image.fromarray(image).save(photos / "hair.png")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        names = [photos / "cup.png", photos / "hair.png"]
        with Cutouts(Path(kept) / "cutouts", names) as cutouts, served(cutouts) as url:
            page = _open(browser, url, LAPTOP)
            _save(page, folder / "cutout-first.jpg")
            page.keyboard.press("b")
            _drag(page, CUP_BOX, CUP, end=False)
            _save(page, folder / "cutout-box.jpg")
            _end(page)
            for tool, points in CUP_STROKES:
                page.keyboard.press(tool)
                _drag(page, points, CUP)
            page.wait_for_timeout(4000)  # the subject's colours come
            page.locator("[data-view=white]").click()
            page.locator("#veil").fill("0")
            page.keyboard.press("m")
            page.mouse.move(*_at(page, 75, 392, CUP))
            page.wait_for_timeout(400)
            _save(page, folder / "cutout-loupe.jpg")
            page.close()
            page = _open(browser, f"{url}#1", LAPTOP)
            _drag_row(page, box_around(truth), HAIR)
            for _ in range(6):
                with cutouts.opened(1) as work:
                    row = next_stroke(work.alpha, work.trimap, truth)
                if row is not None:
                    _drag_row(page, row, HAIR)
            page.wait_for_timeout(4000)
            page.locator("[data-view=trimap]").click()
            page.locator("#veil").fill("45")
            page.wait_for_timeout(400)
            _save(page, folder / "cutout-trimap.jpg")
            page.set_viewport_size(TABLET)
            page.locator("[data-view=colour]").click()
            page.locator("#veil").fill("0")
            page.wait_for_timeout(600)
            _save(page, folder / "cutout-tablet.jpg")
        browser.close()


def _hair() -> tuple[np.ndarray, np.ndarray]:
    """Return drawn hair over a drawn scene, and its matte."""
    drawn = synthetic("hair_hard", 0, HAIR[0])
    weight = drawn.alpha[..., None].astype(int)
    ground = np.array(Image.fromarray(scene("woods", 0, HAIR[0])).resize(HAIR[::-1])).astype(int)
    image = (weight * drawn.fg + (255 - weight) * ground + 127) // 255
    return image.astype(np.uint8), drawn.alpha


def _open(browser: Browser, url: str, viewport: ViewportSize) -> Page:
    page = browser.new_page(viewport=viewport)
    page.goto(url)
    page.locator("body[data-revision]").wait_for(timeout=120_000)
    page.wait_for_timeout(4000)
    return page


def _drag_row(page: Page, row: dict[str, Any], size: tuple[int, int]) -> None:
    page.keyboard.press({"subject": "b", "select": "s", "erase": "e", "fine": "t"}[row["tool"]])
    across = np.log(max(1.0, 2 * row["radius"])) / np.log(400)
    page.locator("#radius").fill(str(round(200 * across) / 2))
    _drag(page, [tuple(point) for point in row["points"]], size)


def _at(page: Page, y: float, x: float, size: tuple[int, int]) -> tuple[float, float]:
    box = page.locator("#canvas").bounding_box()
    assert box
    height, width = size
    scale = min(box["width"] / width, box["height"] / height, 8) * 0.96
    left, top = (box["width"] - width * scale) / 2, (box["height"] - height * scale) / 2
    return box["x"] + left + (x + 0.5) * scale, box["y"] + top + (y + 0.5) * scale


def _drag(page: Page, points: list[tuple[float, float]], size: tuple[int, int], *, end: bool = True) -> None:
    page.mouse.move(*_at(page, *points[0], size))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*_at(page, *point, size), steps=8)
    if end:
        _end(page)


def _end(page: Page) -> None:
    page.evaluate("delete document.body.dataset.took")
    page.mouse.up()
    page.locator("body[data-took]").wait_for(state="attached", timeout=60_000)


def _save(page: Page, file: Path) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(file, quality=80, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("images"))
