"""What the page asks for: pictures and planes of a foreground, and each step that a user takes."""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simd.errors import BusyError, DataError, SimdError
from simd.image import UNKNOWN, decode_indices, encode_png
from simd.records import Background
from simd.sources import read_background
from simd.studio.tagging.folder import StaleError
from simd.studio.tagging.mask_editing import Work
from simd.studio.tagging.session import ReadOnlyError, Tagging
from simd.tagging.annotation import Stroke
from simd.taxonomy import TAXONOMY

MAX_JSON, MAX_PNG = 2**20, 2**25
"""Bytes of a step's description (1 MiB) and of a class mask (32 MiB) that are accepted."""

_PAGE = Path(__file__).with_name("page")
_FILES = {  # all that is served from disk, by the name it is asked for
    "": ("tag.html", "text/html"),
    "tag.css": ("tag.css", "text/css"),
    "tag.js": ("tag.js", "text/javascript"),
    "pointer.js": ("pointer.js", "text/javascript"),
    "api.js": ("api.js", "text/javascript"),
    "display.js": ("display.js", "text/javascript"),
    "view.js": ("view.js", "text/javascript"),
    "paint.js": ("paint.js", "text/javascript"),
    "panel.js": ("panel.js", "text/javascript"),
}
_STATUS = {ReadOnlyError: 403, StaleError: 409}
Handler = Callable[[Request], Awaitable[Response]]


class _TooLargeError(DataError):
    """More bytes were sent than are accepted."""


def make_app(tagging: Tagging, backdrops: tuple[Background, ...] = ()) -> Starlette:
    """Return the application; whoever serves it puts a :class:`~simd.studio.guard.Guard` before it."""

    async def overview(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(_overview, tagging, backdrops))

    async def state(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(tagging.state, _number(request)))

    async def plane(request: Request) -> Response:
        make = _PLANES.get(request.path_params["plane"])
        if make is None:
            return _error(404, "there is no such plane")
        content, kind = await run_in_threadpool(make, tagging, _number(request))
        return Response(content, media_type=kind)

    async def backdrop(request: Request) -> Response:
        number = _number(request)
        if number >= len(backdrops):
            return _error(404, "there is no such backdrop")
        pixels = await run_in_threadpool(read_background, backdrops[number])
        return Response(encode_png(pixels), media_type="image/png")

    async def step(request: Request) -> Response:
        name, number = request.path_params["step"], _number(request)
        if name == "mask":
            body = await _body(request, "image/png", MAX_PNG)
            values: Mapping[str, Any] = {"revision": request.query_params.get("revision"), "png": body}
        else:
            values = _parsed(await _body(request, "application/json", MAX_JSON))
        return JSONResponse(await run_in_threadpool(_take, tagging, number, name, values))

    routes = [
        Route("/", _file),
        Route("/page/{name}", _file),
        Route("/api/overview", _answered(overview)),
        Route("/api/backdrops/{number}", _answered(backdrop)),
        Route("/api/foregrounds/{number}", _answered(state)),
        Route("/api/foregrounds/{number}/{plane}", _answered(plane)),
        Route("/api/foregrounds/{number}/{step}", _answered(step), methods=["POST"]),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # a path has one spelling
    return app


def _answered(handler: Handler) -> Handler:
    """Turn our own errors into answers; a real bug stays one, and its traceback in the terminal."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except _TooLargeError as error:
            return _error(413, str(error))
        except DataError as error:
            return _error(_STATUS.get(type(error), 400), str(error))
        except BusyError as error:
            return _error(503, str(error))
        except SimdError as error:  # the disk is full
            return _error(507, str(error))
        except ClientDisconnect:
            return _error(400, "the request was cut off")

    return answered


def _error(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status)


async def _file(request: Request) -> Response:
    file = _FILES.get(request.path_params.get("name", ""))
    if file is None:
        return _error(404, "there is no such file")
    return Response((_PAGE / file[0]).read_bytes(), media_type=file[1])


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


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DataError("a foreground is named by its number in the list")
    return int(text)


async def _body(request: Request, kind: str, most: int) -> bytes:
    """Read what was sent, up to a limit; a page of another site cannot send these two kinds unasked."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != kind:
        raise DataError(f"Content-Type must be {kind}")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise _TooLargeError(f"more than {most} bytes are not accepted")
    return bytes(body)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DataError(f"this is not JSON ({str(error)[:100]})") from None
    if not isinstance(values, dict):
        raise DataError("a JSON object is expected")
    return values
