"""Time the page for cutting out: how soon after a stroke its matte is there, on the server and in Chromium.

    python benchmarks/speed/cutout.py [--megapixels 1] [--strokes 6] [--only 10] [--browser]

The first pictures of ``matting_cases.py``: a box around each subject, then the strokes of a simulated person
who knows the true matte and draws where the answer is worst (simd/studio/cutout/simulate.py). "first" and
"box" are the CPU seconds of the first answer and of the box, "solve" the CPU time of the matting problem
after a stroke, "step" that until the step is on disk and its answer ready: one thread. "page" is the
wall time in Chromium from the end of the stroke to the frame that shows its matte. The error is the largest
difference from solving the last trimap as a whole, anywhere (nan for large pictures, which are solved
smaller); SAD is that after the box, and at the end.
"""

import argparse
import platform
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numba
import numpy as np
from cutout_page import draw, sad
from matting_cases import case, names, real_folder
from threadpoolctl import threadpool_limits

from simd.image import write_png
from simd.methods.classical.closed_form import estimate_alpha_closed_form
from simd.studio.cutout.first_answer import first_answer
from simd.studio.cutout.session import Cutouts
from simd.studio.cutout.simulate import box_around, next_stroke
from simd.studio.cutout.solving import WHOLE
from simd.studio.cutout.steps import Step
from simd.studio.cutout.work import Work
from simd.studio.serve import served


class Timed(NamedTuple):
    first: float  # seconds
    box: float
    solves: list[float]
    steps: list[float]
    error: float
    sad: tuple[float, float]  # after the box, at the end
    strokes: list[dict[str, Any]]


def drawn(image: np.ndarray, truth: np.ndarray, count: int, folder: Path) -> Timed:
    """Cut a picture out by some strokes, on the server alone."""
    photo = folder / "photos" / "picture.png"
    photo.parent.mkdir(exist_ok=True)
    write_png(photo, image)
    start = time.process_time()
    Work(image, first_answer(image))
    first = time.process_time() - start
    solves, steps, strokes = [], [], []
    with Cutouts(folder / "out", [photo]) as cutouts:

        def take(row: dict[str, Any]) -> tuple[float, float]:
            step, solve = Step.from_json(row), [0.0]

            def change(work: Work) -> Any:
                begun = time.process_time()
                box = work.draw(step)
                solve[0] = time.process_time() - begun
                return box

            revision, begun = cutouts.state(0)["revision"], time.thread_time()
            cutouts.change(0, revision, change)
            return solve[0], time.thread_time() - begun

        box, _ = take(box_around(truth))
        with cutouts.opened(0) as work:
            after_box = sad(work.alpha, truth)
        for _ in range(count):
            with cutouts.opened(0) as work:
                row = next_stroke(work.alpha, work.trimap, truth)
            if row is None:
                break
            solve, step = take(row)
            solves.append(solve)
            steps.append(step)
            strokes.append(row)
            cutouts.saved(0)  # a person takes a moment to look; layers are written then
        with cutouts.opened(0) as work:
            error, last = float("nan"), sad(work.alpha, truth)
            if truth.size <= WHOLE:
                whole = np.clip(estimate_alpha_closed_form(image, work.trimap), 0, 1)
                error = float(np.abs(work.solved - whole).max())
    return Timed(first, box, solves, steps, error, (after_box, last), strokes)


def in_browser(
    page: Any, image: np.ndarray, truth: np.ndarray, strokes: list[dict[str, Any]], folder: Path
) -> list[float]:
    """Draw a box and strokes with the mouse; return the seconds from the end of each stroke to its matte."""
    photo = folder / "photos" / "picture.png"
    photo.parent.mkdir(exist_ok=True)
    write_png(photo, image)
    seconds = []
    with Cutouts(folder / "page", [photo]) as cutouts, served(cutouts) as url:
        page.goto(url)
        page.locator("body[data-revision]").wait_for(timeout=120_000)
        for row in [box_around(truth), *strokes]:
            took = draw(page, row, truth.shape)
            if row["tool"] != "subject":
                seconds.append(took)
            page.wait_for_timeout(1200)  # a person looks; the colours come
    return seconds


def row_of(seconds: list[float]) -> str:
    """Return median, 95 % and largest in milliseconds."""
    if not seconds:
        return f"{'-':>6}" * 3
    milliseconds = 1000 * np.array(seconds)
    figures = (np.median(milliseconds), np.percentile(milliseconds, 95), milliseconds.max())
    return "".join(f"{figure:6.0f}" for figure in figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foregrounds", type=Path, help="with fg/ and alpha/; $SIMD_TEST_DATA/data/real")
    parser.add_argument("--megapixels", type=float, default=1)
    parser.add_argument("--strokes", type=int, default=6, help="of each picture")
    parser.add_argument("--only", type=int, default=10, help="the first N pictures")
    parser.add_argument("--browser", action="store_true", help="in Chromium, too, driven by Playwright")
    given = parser.parse_args()
    folder = real_folder(given.foregrounds)
    threadpool_limits(1)
    numba.set_num_threads(1)
    cv2.setNumThreads(1)
    with ExitStack() as stack:
        page = _page(stack) if given.browser else None
        with tempfile.TemporaryDirectory() as warm:
            drawn(*_two(case("drawn fur", 0.03, None)), 2, Path(warm))  # compiles
        versions = f"Python {platform.python_version()}, numpy {np.__version__}"
        print(f"{versions}; {given.megapixels:g} MP, one thread; milliseconds: median, 95 %, largest")
        print(f"{'':24}{'first':>6}{'box':>6}{'solve':>20}{'step':>20}{'page':>20}  error   SAD")
        solves, steps, pages = [], [], []
        for name in names(folder)[: given.only]:
            image, truth = _two(case(name, given.megapixels, folder))
            with tempfile.TemporaryDirectory() as work:
                timed = drawn(image, truth, given.strokes, Path(work))
                seconds = in_browser(page, image, truth, timed.strokes, Path(work)) if page else []
            solves, steps, pages = solves + timed.solves, steps + timed.steps, pages + seconds
            row = "  ".join(row_of(times) for times in (timed.solves, timed.steps, seconds))
            sads = f"{timed.sad[0]:6.1f}{timed.sad[1]:6.1f}"
            print(f"{name:24}{timed.first:6.2f}{timed.box:6.2f}  {row}  {timed.error:5.0e}{sads}", flush=True)
        print(f"{f'all {len(solves)} strokes':36}  {row_of(solves)}  {row_of(steps)}  {row_of(pages)}")


def _two(three: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    return three[0], three[2]


def _page(stack: ExitStack) -> Any:
    from playwright.sync_api import sync_playwright

    browser = stack.enter_context(sync_playwright()).chromium.launch(
        executable_path="/usr/bin/chromium", args=["--no-sandbox"]
    )
    stack.callback(browser.close)
    return browser.new_page(viewport={"width": 1280, "height": 800})


if __name__ == "__main__":
    main()
