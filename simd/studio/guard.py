"""Who may ask the server: this machine's own page, and with a token those of other machines.

A page of some other site that is open in the same browser can send requests to a server on loopback, too. It
cannot choose the headers Host, Origin and Sec-Fetch-Site, so these three tell who asks.
"""

import ipaddress
import secrets
import socket

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ANYWHERE = ("0.0.0.0", "::")
_PLAIN = ("GET", "HEAD")
_ANSWER = {
    # scripts, styles and pictures of this server only; the page cannot be framed
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


class Guard:
    """Passes on the requests of the page that this server has sent; others are answered with why not.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    host, port : str, int
        Where the server listens. Host must name that address; where the server listens on every address, it
        must be a number or this machine's name, since rebinding needs a name of the attacker's own.
    token : str, optional
        What a browser has to show once, as ``/?token=...``; it is remembered in a cookie. Needed at any
        address but loopback.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int, token: str | None = None) -> None:
        assert token or host in LOOPBACK, host
        self._app, self._host, self._port, self._token = app, host, port, token
        self._cookie = f"simd-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_ANSWER)
            await send(message)

        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, answer)

    def _refusal(self, request: Request) -> Response | None:
        headers = request.headers
        if not self._is_ours(headers.get("host", "")):
            return _no(421, "Host: this is not an address of this server")
        if not _from_own_page(request.method, headers):
            return _no(403, "Origin: only the page of this server may ask this")
        return self._unknown(request) if self._token else None

    def _is_ours(self, host: str) -> bool:
        name, port = _split(host.lower())
        if port != self._port:
            return False
        if self._host in LOOPBACK:
            return name in LOOPBACK
        if self._host in _ANYWHERE:
            return _is_number(name) or name in ("localhost", socket.gethostname().lower())
        return name == self._host.lower()

    def _unknown(self, request: Request) -> Response | None:
        """Answer a browser that has not shown the token; one that shows it gets the cookie."""
        assert self._token
        if _same(request.cookies.get(self._cookie, ""), self._token):
            return None
        if request.url.path == "/" and _same(request.query_params.get("token", ""), self._token):
            welcome = RedirectResponse("/", 303)
            welcome.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return welcome
        return _no(401, "token: open the address with the token that simd tag has printed")


def _from_own_page(method: str, headers: Headers) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None or method not in _PLAIN:
        return origin == f"http://{headers.get('host')}"
    # typed, a bookmark, or the page itself; a link of another site may open the page, and nothing else
    return site in (None, "none", "same-origin") or headers.get("sec-fetch-mode") == "navigate"


def _split(host: str) -> tuple[str, int]:
    """Return name and port of a Host header; port -1 where it has none that is a number."""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, "80"
    return name.strip("[]"), int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same(shown: str, token: str) -> bool:
    return secrets.compare_digest(shown.encode(), token.encode())


def _no(status: int, reason: str) -> Response:
    return PlainTextResponse(f"{reason}\n", status)
