"""Cut photographs out on the page, through Chromium, as a person who knows the true matte; count and score.

    python benchmarks/cutout_photographs.py [--data FOLDER] [--strokes 10] [--only N]

FOLDER is ``$SIMD_TEST_DATA/data/real``: its photographs with mattes (predicted by published networks where
nothing better is there), and drawn glass, a web and a net over a drawn scene; at most a megapixel each. A box
around the subject, then strokes of the mouse where the answer is worst, until nothing is left that a person
would see (simd/studio/cutout/simulate.py). SAD of the whole picture, in thousands: of the first guess, after
the box, at the end; beside it `closed-form` with the set's trimap, which is that of protocol `exact`. Seconds
are wall time without the person's looking.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import sync_playwright
from speed.cutout_page import draw, sad
from speed.matting_cases import case, real_folder

from simd.image import read_alpha, read_image, write_png
from simd.methods.one_image import matte
from simd.studio.cutout.session import Cutouts
from simd.studio.cutout.simulate import box_around, next_stroke
from simd.studio.serve import served
from simd.trimap import default_radius, trimap_of

PHOTOGRAPHS = (
    *("fur_cat_whiskers", "fur_dog_defocus", "fur_lemur", "fur_leopard", "fur_rabbit", "fur_teddy"),
    *("hair_easy_long", "hair_easy_silhouette", "hair_hard_flying", "hair_horse_mane", "sharp_camel_chain"),
)
DRAWN = ("glass_ice", "spider_web", "net")
LARGEST = 1e6  # pixels


def picture(name: str, folder: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return a photograph and its true matte."""
    if name in DRAWN:
        image, _, truth = case(f"drawn {name}", 0.4, None)
        return image, truth
    assert folder is not None
    image = read_image(next((folder / "image").glob(f"{name}.*")))
    truth = read_alpha(folder / "alpha" / f"{name}.png")
    scale = (LARGEST / truth.size) ** 0.5
    if scale >= 1:
        return image, truth
    size = (round(truth.shape[1] * scale), round(truth.shape[0] * scale))
    image, truth = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (image, truth))
    return image, truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="with image/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--strokes", type=int, default=10, help="at most, of each photograph")
    parser.add_argument("--only", type=int, help="the last N photographs")
    given = parser.parse_args()
    folder = real_folder(given.data)
    names = [*(PHOTOGRAPHS if folder else ()), *DRAWN][-(given.only or 100) :]
    print(
        f"{'':24}{'size':>12}{'strokes':>8}{'seconds':>8}{'guess':>8}{'box':>8}{'end':>8}{'closed-form':>13}"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name in names:
            image, truth = picture(name, folder)
            row = cut_out(browser, name, image, truth, given.strokes)
            trimap = trimap_of(truth, default_radius(truth.shape))
            best = sad(255 * matte(image, trimap), truth)
            print(f"{name:24}{row}{best:13.1f}", flush=True)
        browser.close()


def cut_out(browser: Any, name: str, image: np.ndarray, truth: np.ndarray, most: int) -> str:
    """Cut a photograph out on the page; return the figures."""
    with tempfile.TemporaryDirectory() as kept:
        photo = Path(kept) / "photos" / f"{name}.png"
        photo.parent.mkdir()
        write_png(photo, image)
        with Cutouts(Path(kept) / "cutouts", [photo]) as cutouts, served(cutouts) as url:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(url)
            page.locator("body[data-revision]").wait_for(timeout=120_000)

            def shown() -> tuple[np.ndarray, np.ndarray]:
                with cutouts.opened(0) as work:
                    return work.alpha, work.trimap

            guess, begun, strokes = sad(shown()[0], truth), time.perf_counter(), 0
            draw(page, box_around(truth), truth.shape)
            boxed = sad(shown()[0], truth)
            while strokes < most and (row := next_stroke(*shown(), truth)) is not None:
                draw(page, row, truth.shape)
                strokes += 1
            seconds, end = time.perf_counter() - begun, sad(shown()[0], truth)
            page.close()
    size = f"{truth.shape[0]} x {truth.shape[1]}"
    return f"{size:>12}{strokes:8d}{seconds:8.0f}{guess:8.1f}{boxed:8.1f}{end:8.1f}"


if __name__ == "__main__":
    main()
