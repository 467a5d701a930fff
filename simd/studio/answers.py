"""What every page's server shares: its files, bodies read up to a limit, our errors as answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from simd.errors import BusyError, DataError, SimdError
from simd.studio.refusals import ReadOnlyError, StaleError, TooLargeError

PATIENCE = 30.0  # seconds between two pieces of a body
MAX_JSON = 2**20
"""Bytes of a step's description (1 MiB) that are accepted."""

Handler = Callable[[Request], Awaitable[Response]]

_PAGE = Path(__file__).with_name("page")
_SHARED = frozenset(file.name for file in _PAGE.iterdir() if file.suffix in (".css", ".js"))
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


_STATUS: Mapping[type[Exception], int] = {ReadOnlyError: 403, StaleError: 409, TooLargeError: 413}


def answered(handler: Handler) -> Handler:
    """Turn our own errors into answers; a real bug stays one, and its traceback in the terminal."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except DataError as error:
            return error_answer(_STATUS.get(type(error), 400), str(error))
        except BusyError as error:
            return error_answer(503, str(error))
        except SimdError as error:  # the disk is full
            return error_answer(507, str(error))
        except ClientDisconnect:
            return error_answer(400, "the request was cut off")

    return answer


def error_answer(status: int, reason: str) -> Response:
    """Return an error as the page reads it."""
    return JSONResponse({"error": reason}, status)


def page_files(start: str) -> Handler:
    """Return what answers with a file of the page: `start` without a name, else a script or style.

    Nothing else is served from disk.
    """

    async def file(request: Request) -> Response:
        asked = request.path_params.get("name")
        name = start if asked is None else asked
        if asked is not None and asked not in _SHARED:
            return error_answer(404, "there is no such file")
        path = _PAGE / name
        return Response(path.read_bytes(), media_type=_KINDS[path.suffix])

    return file


def number_in(request: Request, what: str) -> int:
    """Return the number that a path names something by in a list."""
    text = request.path_params["number"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DataError(f"a {what} is named by its number in the list")
    return int(text)


async def body_of(request: Request, kind: str, most: int) -> bytes:
    """Read what was sent, up to a limit; a page of another site cannot send our kinds unasked.

    Somebody who has begun and sends nothing more is not waited for: others may have to wait for the place.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != kind:
        raise DataError(f"Content-Type must be {kind}")
    body = bytearray()
    pieces = request.stream()
    try:
        while True:
            async with asyncio.timeout(PATIENCE):
                body += await anext(pieces)
            if len(body) > most:
                raise TooLargeError(f"more than {most} bytes are not accepted")
    except StopAsyncIteration:
        return bytes(body)
    except TimeoutError:
        raise DataError(f"nothing more has come for {PATIENCE:g} seconds; send it again") from None


def parsed(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object that was sent (DataError)."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DataError(f"this is not JSON ({str(error)[:100]})") from None
    if not isinstance(values, dict):
        raise DataError("a JSON object is expected")
    return values
