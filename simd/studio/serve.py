"""The server behind the page: it listens on loopback, and elsewhere only with a token."""

import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from simd.errors import DataError, MissingExtraError
from simd.records import Background
from simd.sources import index_backgrounds
from simd.studio.tagging.session import Tagging

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from uvicorn import Server

    from simd.studio.cutout.session import Cutouts

HOST, PORT = "127.0.0.1", 8350
"""Where the page is if nobody says otherwise; another free port if this one is taken."""

_BACKDROPS = 8  # photographs that the page offers


class _Ready(NamedTuple):
    server: "Server"
    listening: socket.socket
    url: str


def serve(
    session: "Tagging | Cutouts",
    *,
    host: str = HOST,
    port: int | None = None,
    backdrops: str = "builtin",
    browser: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the page until Ctrl-C.

    Parameters
    ----------
    host : str
        Any but loopback asks for a token, which is part of the address that is said.
    port : int, optional
        By default :data:`PORT`, or a free one.
    backdrops : str
        Where the photographs behind the foreground come from, as for :func:`index_backgrounds`.
    browser : bool
        Open the page in the browser of this machine.
    say : callable
        Gets a line for people.

    Raises
    ------
    DataError
        If nothing can listen at that address.
    MissingExtraError
        Without Starlette or uvicorn.
    """
    ready = _prepare(session, host, port, backdrops)
    say(f"the page is at {ready.url} ; Ctrl-C ends it, and every step is on disk already")
    if browser:
        webbrowser.open(ready.url)
    try:
        ready.server.run(sockets=[ready.listening])
    except KeyboardInterrupt:
        say("")


def check_extra() -> None:
    """Say what to install where Starlette or uvicorn is missing (MissingExtraError)."""
    if any(find_spec(name) is None for name in ("starlette", "uvicorn")):
        raise MissingExtraError("the page for tagging", "Starlette and uvicorn", "studio")


@contextmanager
def served(
    session: "Tagging | Cutouts", *, host: str = HOST, port: int = 0, backdrops: str = "builtin"
) -> Iterator[str]:
    """Serve the page beside the program that goes on, by default at a free port; yield its address."""
    ready = _prepare(session, host, port, backdrops)
    thread = threading.Thread(target=ready.server.run, kwargs={"sockets": [ready.listening]}, daemon=True)
    thread.start()
    try:
        yield ready.url
    finally:
        ready.server.should_exit = True
        thread.join()


def _prepare(session: "Tagging | Cutouts", host: str, port: int | None, backdrops: str) -> _Ready:
    check_extra()
    from uvicorn import Config, Server

    from simd.studio.guard import LOOPBACK, Guard

    photographs = index_backgrounds(backdrops).records[:_BACKDROPS] if backdrops else ()
    listening = _listen(host, port)
    at = listening.getsockname()[1]
    token = None if host in LOOPBACK else secrets.token_urlsafe(24)
    app = Guard(_app(session, photographs), host=host, port=at, token=token)
    config = Config(
        app,
        log_config=None,  # its own closes every handler of the process, and absl's would close stderr
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
    )
    name = f"[{host}]" if ":" in host else host
    return _Ready(Server(config), listening, f"http://{name}:{at}/" + (f"?token={token}" if token else ""))


def _app(session: "Tagging | Cutouts", photographs: tuple[Background, ...]) -> "Starlette":
    if isinstance(session, Tagging):
        from simd.studio.tagging.app import make_app as tagging_app

        return tagging_app(session, photographs)
    from simd.studio.cutout.app import make_app as cutout_app

    return cutout_app(session, photographs)


def _listen(host: str, port: int | None) -> socket.socket:
    try:
        return _bound(host, PORT if port is None else port)
    except OSError as error:
        if port is None:
            return _listen(host, 0)
        raise DataError(
            f"nothing can listen at {host}, port {port} ({error.strerror or error}); choose another --port"
        ) from error


def _bound(host: str, port: int) -> socket.socket:
    family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    listening.listen()
    return listening
