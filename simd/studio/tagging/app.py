"""What the page asks for: pictures and planes of a foreground, and each step that a user takes."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simd.errors import DataError
from simd.image import UNKNOWN, decode_indices, encode_png
from simd.records import Background
from simd.sources import read_background
from simd.studio.answers import MAX_JSON, answered, body_of, error_answer, number_in, page_files, parsed
from simd.studio.tagging.mask_editing import Work
from simd.studio.tagging.session import Tagging
from simd.tagging.annotation import Stroke
from simd.taxonomy import TAXONOMY

MAX_PNG = 2**25
"""Bytes of a class mask (32 MiB) that are accepted."""


def make_app(tagging: Tagging, backdrops: tuple[Background, ...] = ()) -> Starlette:
    """Return the application; whoever serves it puts a :class:`~simd.studio.guard.Guard` before it."""

    async def overview(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(_overview, tagging, backdrops))

    async def state(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(tagging.state, number_in(request, "foreground")))

    async def plane(request: Request) -> Response:
        make = _PLANES.get(request.path_params["plane"])
        if make is None:
            return error_answer(404, "there is no such plane")
        content, kind = await run_in_threadpool(make, tagging, number_in(request, "foreground"))
        return Response(content, media_type=kind)

    async def backdrop(request: Request) -> Response:
        number = number_in(request, "foreground")
        if number >= len(backdrops):
            return error_answer(404, "there is no such backdrop")
        pixels = await run_in_threadpool(read_background, backdrops[number])
        return Response(encode_png(pixels), media_type="image/png")

    async def step(request: Request) -> Response:
        name, number = request.path_params["step"], number_in(request, "foreground")
        if name == "mask":
            body = await body_of(request, "image/png", MAX_PNG)
            values: Mapping[str, Any] = {"revision": request.query_params.get("revision"), "png": body}
        else:
            values = parsed(await body_of(request, "application/json", MAX_JSON))
        return JSONResponse(await run_in_threadpool(_take, tagging, number, name, values))

    file = page_files("tag.html")
    routes = [
        Route("/", file),
        Route("/page/{name}", file),
        Route("/api/overview", answered(overview)),
        Route("/api/backdrops/{number}", answered(backdrop)),
        Route("/api/foregrounds/{number}", answered(state)),
        Route("/api/foregrounds/{number}/{plane}", answered(plane)),
        Route("/api/foregrounds/{number}/{step}", answered(step), methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # a path has one spelling
    return app


def _overview(tagging: Tagging, backdrops: tuple[Background, ...]) -> dict[str, Any]:
    return {
        "place": Path(tagging.place).name or tagging.place,
        "readOnly": tagging.read_only,
        "classes": [{"name": c.name, "colour": c.colour, "definition": c.definition} for c in TAXONOMY],
        "backdrops": [background.id for background in backdrops],
        "problems": len(tagging.problems),
        **tagging.overview(),
    }


def _cutout(tagging: Tagging, number: int) -> tuple[bytes, str]:
    with tagging.opened(number) as work:
        return encode_png(np.dstack([work.fg, work.alpha])), "image/png"


def _alpha(tagging: Tagging, number: int) -> tuple[bytes, str]:
    with tagging.opened(number) as work:
        return encode_png(work.alpha), "image/png"


def _trimap(tagging: Tagging, number: int) -> tuple[bytes, str]:
    with tagging.opened(number) as work:
        return encode_png(np.where(work.unknown, UNKNOWN, work.alpha).astype(np.uint8)), "image/png"


def _unknown(tagging: Tagging, number: int) -> tuple[bytes, str]:
    with tagging.opened(number) as work:
        return work.unknown.astype(np.uint8).tobytes(), "application/octet-stream"


def _mask(tagging: Tagging, number: int) -> tuple[bytes, str]:
    with tagging.opened(number) as work:
        return work.class_mask.tobytes(), "application/octet-stream"


def _proposal(tagging: Tagging, number: int) -> tuple[bytes, str]:
    """Return the class of each pixel as proposed; nothing if nothing is."""
    proposed = tagging.proposal(number)
    return proposed.class_mask.tobytes() if proposed else b"", "application/octet-stream"


_PLANES: dict[str, Callable[[Tagging, int], tuple[bytes, str]]] = {
    "cutout.png": _cutout,
    "alpha.png": _alpha,
    "trimap.png": _trimap,
    "unknown": _unknown,
    "mask": _mask,
    "proposal": _proposal,
}


def _take(tagging: Tagging, number: int, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Take a step that was asked for, and return the state after it."""
    if name == "reload":
        return tagging.reload(number)
    if name == "anew":
        return tagging.begin_anew(number)
    revision, seconds = values.get("revision"), values.get("seconds", 0)
    if not isinstance(revision, str):
        raise DataError("a step names the revision that it is meant for")
    if type(seconds) not in (int, float) or not 0 <= seconds < math.inf:
        raise DataError("seconds must be a number from 0 on")
    if name == "review":
        return tagging.review(number, revision, values.get("done") is True, seconds=seconds)
    return tagging.change(number, revision, _step(tagging, number, name, values), seconds=seconds)


def _step(tagging: Tagging, number: int, name: str, values: Mapping[str, Any]) -> Callable[[Work], None]:
    if name == "stroke":
        stroke = Stroke.from_json(values.get("stroke"))
        return lambda work: work.draw(stroke)
    if name == "accept":
        proposal = tagging.proposal(number)
        if proposal is None:
            raise DataError("there is no proposal for this foreground")
        return lambda work: work.accept(proposal)
    if name == "mask":
        return lambda work: work.replace(
            decode_indices("the class mask", values["png"], max_pixels=work.alpha.size)
        )
    if name not in _PLAIN_STEPS:
        raise DataError("there is no such step")
    return _PLAIN_STEPS[name]


_PLAIN_STEPS: dict[str, Callable[[Work], None]] = {"fill": Work.fill, "undo": Work.undo, "redo": Work.redo}
