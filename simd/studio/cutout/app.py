"""What the page asks for: pictures and planes of a cut-out, each step that a user takes, files sent in."""

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from simd.errors import DataError
from simd.image import encode_deep_png, encode_png
from simd.methods.classical.editor import Box
from simd.records import Background
from simd.sources import read_background
from simd.studio.answers import MAX_JSON, answered, body_of, error_answer, number_in, page_files, parsed
from simd.studio.cutout.matte import foreground_colours
from simd.studio.cutout.saving import deep
from simd.studio.cutout.session import Change, Cutouts
from simd.studio.cutout.steps import Cleanup, Step
from simd.studio.cutout.uploads import MAX_BYTES
from simd.studio.cutout.work import Work
from simd.studio.tagging.app import make_app as tagging_app
from simd.studio.tagging.folder import default_folder
from simd.studio.tagging.mask_editing import proposer
from simd.studio.tagging.session import Tagging
from simd.taxonomy import CLASSES

AT_ONCE = 2
"""Uploads that are read at a time; others wait on their connections, where they take no memory."""

_RAW = "application/octet-stream"


def make_app(cutouts: Cutouts, backdrops: tuple[Background, ...] = ()) -> Starlette:
    """Return the application; whoever serves it puts a :class:`~simd.studio.guard.Guard` before it."""

    async def overview(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(_overview, cutouts, backdrops))

    async def add(request: Request) -> Response:
        name, upload = (request.query_params.get(key, "") for key in ("name", "upload"))
        async with arrivals:
            content = await body_of(request, _RAW, MAX_BYTES)
            row = await run_in_threadpool(_added, cutouts, name, content, upload)
        return error_answer(400, row) if isinstance(row, str) else JSONResponse(row)

    async def state(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(cutouts.state, _number(request)))

    async def plane(request: Request) -> Response:
        make = _PLANES.get(request.path_params["plane"])
        if make is None:
            return error_answer(404, "there is no such plane")
        content, kind = await run_in_threadpool(make, cutouts, _number(request))
        return Response(content, media_type=kind)

    async def cutout(request: Request) -> Response:
        number, query = _number(request), request.query_params
        content, name = await run_in_threadpool(
            _cutout, cutouts, number, query.get("hidden") == "zero", query.get("bits") == "16"
        )
        encoded = quote(name, errors="replace")  # a header holds ASCII alone, see RFC 6266
        parameter = f'filename="{name}.png"' if encoded == name else f"filename*=UTF-8''{encoded}.png"
        headers = {"content-disposition": f"attachment; {parameter}"}
        return Response(content, media_type="image/png", headers=headers)

    async def backdrop(request: Request) -> Response:
        number = _number(request)
        if number >= len(backdrops):
            return error_answer(404, "there is no such backdrop")
        pixels = await run_in_threadpool(read_background, backdrops[number])
        return Response(encode_png(pixels), media_type="image/png")

    async def tag(request: Request) -> Response:
        return JSONResponse({"url": await run_in_threadpool(handed.on, _number(request))})

    async def step(request: Request) -> Response:
        name, number = request.path_params["step"], _number(request)
        values = parsed(await body_of(request, "application/json", MAX_JSON))
        return await run_in_threadpool(_take, cutouts, number, name, values)

    arrivals = asyncio.Semaphore(AT_ONCE)
    handed = _HandedOn(cutouts, backdrops)
    file = page_files("cutout.html")
    routes = [
        Route("/", file),
        Route("/page/{name}", file),
        Route("/api/overview", answered(overview)),
        Route("/api/backdrops/{number}", answered(backdrop)),
        Route("/api/pictures", answered(add), methods=["POST"]),
        Route("/api/pictures/{number}", answered(state)),
        Route("/api/pictures/{number}/cutout.png", answered(cutout)),
        Route("/api/pictures/{number}/{plane}", answered(plane)),
        Route("/api/pictures/{number}/tag", answered(tag), methods=["POST"]),
        Route("/api/pictures/{number}/{step}", answered(step), methods=["POST"]),
        Mount("/tag", handed),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # a path has one spelling
    return app


class _HandedOn:
    """The tagging page of the folder of cut-outs, made anew whenever a picture is handed on to it."""

    def __init__(self, cutouts: Cutouts, backdrops: tuple[Background, ...]) -> None:
        self._cutouts, self._backdrops = cutouts, backdrops
        self._app: Starlette | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        nothing = error_answer(404, "no picture is handed on yet; press Tag regions on the other page")
        await (self._app or nothing)(scope, receive, send)

    def on(self, number: int) -> str:
        """Write a picture, and return where it is tagged."""
        state = self._cutouts.saved(number)
        id_ = state["id"]
        if state["unsaved"]:
            raise DataError(f"{id_}: cannot be tagged while it is not saved: {state['unsaved']}")
        folder = str(self._cutouts.out)
        tagging = Tagging(folder, default_folder(folder), propose=proposer())
        numbers = {fg.id: at for at, fg in enumerate(tagging.foregrounds)}
        if id_ not in numbers:
            raise DataError(f"{id_}: nothing is cut out yet; draw a box or a stroke first")
        self._app = tagging_app(tagging, self._backdrops)
        return f"tag/#{numbers[id_]}"


def _number(request: Request) -> int:
    return number_in(request, "picture")


def _overview(cutouts: Cutouts, backdrops: tuple[Background, ...]) -> dict[str, Any]:
    return {
        "folder": cutouts.out.name,
        "classes": list(CLASSES),
        "backdrops": [background.id for background in backdrops],
        "maxBytes": MAX_BYTES,
        **cutouts.overview(),
    }


def _added(cutouts: Cutouts, name: str, content: bytes, upload: str) -> dict[str, Any] | str:
    """Take a picture that was sent; return why it is not one as a text.

    An error that leaves the thread is part of a cycle, and its frames hold the bytes until that is found.
    """
    try:
        return cutouts.add(name, content, upload)
    except DataError as error:
        return str(error)


def _image(cutouts: Cutouts, number: int) -> tuple[bytes, str]:
    with cutouts.opened(number) as work:
        image = work.image
    return encode_png(image), "image/png"


def _alpha(cutouts: Cutouts, number: int) -> tuple[bytes, str]:
    with cutouts.opened(number) as work:
        return work.alpha.tobytes(), _RAW


def _trimap(cutouts: Cutouts, number: int) -> tuple[bytes, str]:
    with cutouts.opened(number) as work:
        return work.trimap.tobytes(), _RAW


def _colours(cutouts: Cutouts, number: int) -> tuple[bytes, str]:
    snapshot = cutouts.snapshot(number)
    return encode_png(foreground_colours(snapshot.image, snapshot.alpha, zero_hidden=False)), "image/png"


def _truth(cutouts: Cutouts, number: int) -> tuple[bytes, str]:
    truth = cutouts.truth(number)
    with cutouts.opened(number) as work:
        if truth is None or truth.shape != work.alpha.shape:
            raise DataError("there is no true matte of this picture's size")
    return truth.tobytes(), _RAW


def _thumbnail(cutouts: Cutouts, number: int) -> tuple[bytes, str]:
    return cutouts.thumbnail(number), "image/png"


_PLANES: dict[str, Callable[[Cutouts, int], tuple[bytes, str]]] = {
    "image.png": _image,
    "alpha": _alpha,
    "trimap": _trimap,
    "colours.png": _colours,
    "truth": _truth,
    "thumbnail.png": _thumbnail,
}


def _cutout(cutouts: Cutouts, number: int, zero_hidden: bool, is_deep: bool) -> tuple[bytes, str]:
    """Return the cut-out as a PNG of colour and alpha, and its id."""
    snapshot = cutouts.snapshot(number, 16 if is_deep else 8)
    colours = foreground_colours(snapshot.image, snapshot.alpha, zero_hidden=zero_hidden)
    if not is_deep:
        return encode_png(np.dstack([colours, snapshot.alpha])), snapshot.id
    wide = np.dstack([colours.astype(np.uint16) * 257, deep(snapshot)])
    return encode_deep_png(wide), snapshot.id


def _take(cutouts: Cutouts, number: int, name: str, values: Mapping[str, Any]) -> Response:
    """Take a step that was asked for, and return the state after it."""
    if name == "save":
        return JSONResponse(cutouts.saved(number))
    revision, seconds = values.get("revision"), values.get("seconds", 0)
    if not isinstance(revision, str):
        raise DataError("a step names the revision that it is meant for")
    if type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
        raise DataError("seconds must be a number from 0 on")
    if name == "choose":
        choices = {key: value for key, value in values.items() if key not in ("revision", "seconds")}
        return JSONResponse(cutouts.choose(number, revision, choices, seconds=seconds))
    return _framed(cutouts.change(number, revision, _step(name, values), seconds=seconds))


def _step(name: str, values: Mapping[str, Any]) -> Callable[[Work], Box]:
    if name == "stroke":
        drawn = Step.from_json(values.get("stroke"))
        return lambda work: work.draw(drawn)
    if name == "clean":
        cleanup = Cleanup.from_json(values.get("cleanup"))
        return lambda work: work.clean(cleanup)
    plain = {"find": Work.find, "undo": Work.undo, "redo": Work.redo}
    if name not in plain:
        raise DataError("there is no such step")
    return plain[name]


def _framed(change: Change) -> Response:
    """Return a change as one answer: the length of its JSON in 4 bytes, the JSON, alpha, trimap."""
    head = json.dumps({**change.state, "box": list(change.box)}).encode()
    parts = (len(head).to_bytes(4, "little"), head, change.alpha.tobytes(), change.trimap.tobytes())
    return Response(b"".join(parts), media_type=_RAW)
