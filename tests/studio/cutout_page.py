"""What tests of the cut-out page share: pictures of a known subject, a client that takes answers apart."""

import json
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from conftest import save
from tagging_page import Answer, Client

HEIGHT, WIDTH = 96, 120
BOX = {"tool": "subject", "kind": "box", "points": [[14, 24], [82, 96]], "radius": 0}


def subject(height=HEIGHT, width=WIDTH):
    """Return where the subject is: a disc."""
    y, x = np.mgrid[:height, :width]
    return np.hypot(y - height / 2, x - width / 2) < 0.3 * height


def photograph(seed=0, height=HEIGHT, width=WIDTH):
    """Return a warm disc with a soft edge on a cool ground, both with some grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    alpha = np.clip((0.3 * height - np.hypot(y - height / 2, x - width / 2)) / 3 + 0.5, 0, 1)[..., None]
    warm, cool = np.array([210, 120, 60]), np.array([40, 90, 140])
    colours = alpha * warm + (1 - alpha) * cool + rng.normal(0, 6, (height, width, 3))
    return np.clip(colours, 0, 255).astype(np.uint8)


def write_photographs(folder, count=2):
    return [save(folder / f"Photo {k}.png", photograph(k)) for k in range(count)]


class Change(NamedTuple):
    """The answer to a step, taken apart."""

    status: int
    state: dict[str, Any]
    alpha: np.ndarray  # in the box
    trimap: np.ndarray


class CutoutClient(Client):
    """A client that knows the steps of the page."""

    def row(self, number=0) -> dict[str, Any]:
        return self.ask(f"/api/pictures/{number}").json

    def plane(self, name, number=0) -> np.ndarray:
        return np.frombuffer(self.ask(f"/api/pictures/{number}/{name}").body, np.uint8).reshape(
            self.row(number)["size"]
        )

    def send(self, name, number=0, **values) -> Answer:
        revision = self.row(number)["revision"]
        return self.post(f"/api/pictures/{number}/{name}", {"revision": revision, **values})

    def take(self, name, number=0, **values) -> Change:
        answer = self.send(name, number, **values)
        if answer.status != 200:
            return Change(answer.status, answer.json, np.empty(0), np.empty(0))
        length = int.from_bytes(answer.body[:4], "little")
        state = json.loads(answer.body[4 : 4 + length])
        top, bottom, left, right = state["box"]
        planes = np.frombuffer(answer.body[4 + length :], np.uint8).reshape(2, bottom - top, right - left)
        return Change(200, state, planes[0], planes[1])

    def upload(self, name: str, content: bytes, upload: str = "") -> Answer:
        from urllib.parse import quote

        return self.post(
            f"/api/pictures?name={quote(name, safe='')}&upload={upload}",
            content,
            Content_Type="application/octet-stream",
        )


@contextmanager
def serving(out, pictures=(), **options):
    """Serve the page of a folder; yield the session, a client, and the address."""
    from simd.studio.cutout.session import Cutouts
    from simd.studio.serve import served

    with Cutouts(out, pictures, **options) as cutouts, served(cutouts) as url:
        yield cutouts, CutoutClient(url), url


def brush(tool, *points, radius=4.0):
    return {"tool": tool, "kind": "brush", "points": [list(point) for point in points], "radius": radius}
