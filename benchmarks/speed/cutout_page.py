"""What the programs that draw on the cut-out page share: a mouse, and the error of a matte."""

from typing import Any

import numpy as np

_KEYS = {"subject": "b", "select": "s", "erase": "e", "fine": "t"}


def draw(page: Any, row: dict[str, Any], size: tuple[int, ...]) -> float:
    """Draw a stroke or a box with the mouse; return the seconds from its end to its matte."""
    box = page.locator("#canvas").bounding_box()
    height, width = size
    scale = min(box["width"] / width, box["height"] / height, 8) * 0.96
    left = box["x"] + (box["width"] - width * scale) / 2
    top = box["y"] + (box["height"] - height * scale) / 2
    at = [(left + (x + 0.5) * scale, top + (y + 0.5) * scale) for y, x in row["points"]]
    page.keyboard.press(_KEYS[row["tool"]])
    across = np.log(max(1.0, 2 * row["radius"])) / np.log(400)
    page.locator("#radius").fill(f"{round(200 * across) / 2:g}")
    page.evaluate("delete document.body.dataset.took")
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[-1], steps=8)
    page.mouse.up()
    page.locator("body[data-took]").wait_for(state="attached", timeout=120_000)
    return int(page.evaluate("document.body.dataset.took")) / 1000


def sad(alpha: np.ndarray, truth: np.ndarray) -> float:
    """Return the SAD of a whole picture, in thousands."""
    return float(np.abs(alpha.astype(float) - truth).sum() / 255 / 1000)
