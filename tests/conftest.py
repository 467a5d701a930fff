"""Fixtures that several tests share: tiny folders of foregrounds and backgrounds, and the command line."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from msgspec.structs import replace
from PIL import Image

# A busy machine is no fault of the code: neither a slow first example nor a slow draw ends a test.
settings.register_profile("simd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("simd")

HEIGHT, WIDTH = 64, 80
FOREGROUNDS = ("fire_a.png", "fur_cat.png", "hair_easy_x.jpg", "leaf 2.jpg", "net-1.png", "plant_tree3.png")
BACKGROUNDS = {"hill.jpg": (100, 120), "room.jpeg": (50, 60), "sky.JPG": (90, 90)}  # (H, W)
NOBODY = 65534
CHROMIUM = Path("/usr/bin/chromium")
PAPER = 1047  # CSS pixels of an A4 page across, without 10 mm on either side
CUT_OFF = """
[...document.querySelectorAll("main, table, td, th, .scroll, .tiles, .label, img")]
  .filter(each => each.checkVisibility())
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1
    || (getComputedStyle(each).overflowX !== "visible" && each.scrollWidth > each.clientWidth + 1))
  .map(each => each.outerHTML.slice(0, 120))
"""


class Finished(NamedTuple):
    """What a command has come to."""

    code: int
    out: str
    err: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files with slow tests begin first: at the end they would leave the other processors idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)  # stable: files and tests keep their order else


def soft_alpha(height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    """Return a matte of a disc with a soft edge: 255 inside, 0 outside, every level between."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2 - seed % 3, x - width / 2 + seed % 5)
    return np.clip((0.4 * height - distance) * 32 + 128, 0, 255).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def restated(dataset):
    """Write the digests of the layers that now lie in a set into its metadata; return the set anew."""
    from simd.dataset.manifest import load_set, write_manifest
    from simd.records import LAYERS, file_name

    rows = []
    for row in dataset.rows:
        digests = {}
        for layer in LAYERS:
            with Image.open(dataset.path / file_name(row.id, layer)) as image:
                digests[f"{layer}_sha256"] = hashlib.sha256(np.array(image).tobytes()).hexdigest()
        rows.append(replace(row, **digests))
    facts = {key: dataset.info[key] for key in ("name", "protocol", "seed", "sources")}
    write_manifest(dataset.path, rows, **facts)
    return load_set(dataset.path)


def write_foregrounds(root: Path) -> Path:
    """Write fg/ and alpha/ pairs of six classes, the colours as PNG and JPEG."""
    for seed, name in enumerate(FOREGROUNDS):
        rng = np.random.default_rng(seed)
        colour = rng.integers(0, 256, 3) + rng.integers(-30, 30, (HEIGHT, WIDTH, 3))
        save(root / "fg" / name, np.clip(colour, 0, 255).astype(np.uint8))
        save(root / "alpha" / f"{Path(name).stem}.png", soft_alpha(seed=seed))
    return root


def write_backgrounds(root: Path) -> Path:
    """Write three photographs of different sizes."""
    for seed, (name, size) in enumerate(BACKGROUNDS.items()):
        y, x = np.mgrid[: size[0], : size[1]]
        waves = [127 + 120 * np.sin((seed + 1) * (y * a + x * b) / 9) for a, b in ((1, 0), (0, 1), (1, 1))]
        save(root / name, np.stack(waves, axis=2).astype(np.uint8), format="JPEG")
    return root


@pytest.fixture(scope="module")
def browser():
    """Yield Chromium, driven by Playwright; a test is skipped where one of them is not installed."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


def check_printed(page):
    """Check that nothing of a page in the browser is cut off on A4 paper."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": 720})
    assert page.evaluate(CUT_OFF) == [], "cut off on paper"


@pytest.fixture(scope="module")
def axe():
    """Return the program of axe-core, which a package of the tests carries."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def check_page(browser, axe):
    """Return a function that looks at a page, of which it is given the address and what must be on it."""

    def call(url, shown):
        for width, scheme in ((1280, "light"), (1280, "dark"), (480, "light")):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            try:
                page.goto(url)
                page.locator(shown).first.wait_for()
                page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
                page.evaluate(axe)
                found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
                grave = [
                    (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
                    for each in found
                    if each["impact"] in ("serious", "critical")
                ]
                assert grave == [], f"{width} px, {scheme}"
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                if (width, scheme) == (1280, "light"):
                    check_printed(page)
            finally:
                page.close()

    return call


@pytest.fixture
def foregrounds(tmp_path: Path) -> Path:
    return write_foregrounds(tmp_path / "foregrounds")


@pytest.fixture
def serve(foregrounds, tmp_path):
    """Yield a function that serves the tagging page, see tests/studio/tagging_page.py."""
    from tagging_page import serving

    yield from serving(foregrounds, tmp_path / "annotations")


@pytest.fixture
def backgrounds(tmp_path: Path) -> Path:
    return write_backgrounds(tmp_path / "backgrounds")


@pytest.fixture
def tiny_set(tmp_path: Path, foregrounds: Path, backgrounds: Path):
    """Return a set of six composites of 64 x 80."""
    from simd.composition.build import build

    return build(
        tmp_path / "set", foregrounds=str(foregrounds), backgrounds=str(backgrounds), any_licence=True
    )


@pytest.fixture
def run_cli(capsys, monkeypatch) -> Callable[..., Finished]:
    """Return a function that runs a command in this process."""
    from simd.cli import main

    def call(*args: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["simd", *map(str, args)])
        capsys.readouterr()
        code = main()
        printed = capsys.readouterr()
        return Finished(code, printed.out, printed.err)

    return call


@pytest.fixture
def test_data() -> Path:
    """Return the folder of real data outside the repository."""
    if not (place := os.environ.get("SIMD_TEST_DATA")):
        pytest.skip("SIMD_TEST_DATA names no folder of real data")
    return Path(place).resolve()


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """Run the test without root's rights to read everything, and return a folder for files it may not read.

    Everything the test calls must be imported before, since the interpreter itself may be out of reach.
    """
    folder = Path(tempfile.mkdtemp())
    user = os.geteuid()
    if user == 0:
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
    if not os.access(__file__, os.R_OK, effective_ids=True):
        os.seteuid(user)
        folder.rmdir()
        pytest.skip("this checkout lies in a folder that only root may read")
    yield folder
    os.seteuid(user)
    for path in sorted(folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)
