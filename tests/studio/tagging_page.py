"""What tests of the tagging page share: its server, a client that tidies nothing up, a stroke."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import pytest

from simd.studio.tagging.session import Tagging
from simd.tagging.annotation_files import annotation_path, read_annotation
from simd.tagging.fill import Tagged, unknown_of
from simd.taxonomy import NO_CLASS, class_index


class Answer(NamedTuple):
    """What the server has sent back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Sends requests byte for byte as they are given: nothing is tidied up."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        assert at.hostname
        assert at.port
        self.host, self.port = at.hostname, at.port

    def ask(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        own = f"{self.host}:{self.port}"
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Host": own} | ({} if method == "GET" else {"Origin": f"http://{own}"}) | headers
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            if body is not None:
                connection.send(body)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def post(self, path: str, values: Any, **headers: str) -> Answer:
        body = values if isinstance(values, bytes) else json.dumps(values).encode()
        return self.ask(path, method="POST", body=body, **{"Content_Type": "application/json"} | headers)

    def state(self, number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"/api/foregrounds/{number}").json
        return found

    def step(self, name: str, number: int = 0, **values: Any) -> Answer:
        """Take a step from where the foreground stands."""
        revision = self.state(number)["revision"]
        return self.post(f"/api/foregrounds/{number}/{name}", {"revision": revision, **values})


class Page(NamedTuple):
    """A page that is served, and what is behind it."""

    client: Client
    tagging: Tagging
    folder: Path  # of annotations
    url: str

    def stored(self, number: int = 0) -> tuple[Any, np.ndarray]:
        """Return an annotation and its mask as they lie on disk."""
        return read_annotation(annotation_path(self.folder, self.tagging.foregrounds[number].id))


def propose_halves(_fg: np.ndarray, alpha: np.ndarray, _among: tuple[str, ...] = ()) -> Tagged:
    """Propose hair_easy for the upper half and sharp for the lower one."""
    unknown = unknown_of(alpha)
    mask = np.full(alpha.shape, class_index("sharp"), np.uint8)
    mask[: alpha.shape[0] // 2] = class_index("hair_easy")
    return Tagged(np.where(unknown, mask, NO_CLASS).astype(np.uint8), (0.75 * unknown).astype(np.float32))


def serving(foregrounds: Path, folder: Path) -> Iterator[Callable[..., Page]]:
    """Yield a function that serves the page of a folder of foregrounds, until the test is over."""
    pytest.importorskip("starlette", reason="Starlette is not installed")
    pytest.importorskip("uvicorn", reason="uvicorn is not installed")
    from simd.studio.serve import served

    with ExitStack() as stack:

        def serve(place: str | None = None, **options: Any) -> Page:
            options = {"propose": propose_halves} | options
            tagging = Tagging(place or str(foregrounds), folder, **options)
            url = stack.enter_context(served(tagging))
            return Page(Client(url), tagging, folder, url)

        yield serve


def send_mask(page: Page, body: bytes, number: int = 0) -> Answer:
    """Send a class mask, as the page sends a file."""
    revision = page.client.state(number)["revision"]
    path = f"/api/foregrounds/{number}/mask?revision={revision}"
    return page.client.post(path, body, Content_Type="image/png")


def brush(class_: str | None = "fur", *points: tuple[float, float], radius: float = 3) -> dict[str, Any]:
    """Return a brush stroke as the page sends it."""
    at = [list(point) for point in points or ((32.0, 10.0), (32.0, 70.0))]
    return {"kind": "brush", "class": class_, "points": at, "radius": radius}
