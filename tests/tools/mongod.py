"""Start private MongoDB servers for tests, also where OpenSSL 1.1, which FiftyOne's server needs, is gone.

A tool of the tests, which alone may download something; ``simd`` itself downloads nothing.

The server that comes with ``fiftyone-db`` 0.4 needs libssl and libcrypto 1.1, which current distributions
have no more. Both lie in an old wheel on the package index. They are taken from it once, checked by hash,
kept in the user's cache folder, and handed to the server alone. OpenSSL 1.1 is past its end: such a server
belongs on loopback, as here; for anything shared, set FIFTYONE_DATABASE_URI.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

_WHEEL = "psycopg2-binary==2.9.6"
_WHEEL_SHA256 = "ae102a98c547ee2288637af07393dd33f440c25e5cd79556b04e3fca13325e5f"
_WHEEL_TAGS = ("--platform", "manylinux_2_17_x86_64", "--python-version", "3.10", "--implementation", "cp")
_LIBRARIES = ("libcrypto", "libssl")
_SECONDS_TO_START, _SECONDS_TO_STOP = 60.0, 30.0
_INSTEAD = "or set FIFTYONE_DATABASE_URI to a MongoDB of your own"


def find_mongod() -> Path:
    """Return the server that came with FiftyOne, else the one on PATH."""
    with contextlib.suppress(PackageNotFoundError):
        # looked up in the list of files: importing the package would start it
        for file in distribution("fiftyone-db").files or []:
            if file.name == "mongod":
                mongod = Path(str(file.locate()))
                if not os.access(mongod, os.X_OK):
                    mongod.chmod(0o755)
                return mongod
    if found := shutil.which("mongod"):
        return Path(found)
    raise RuntimeError(f"no mongod: install fiftyone-db==0.4.5, {_INSTEAD}")


@contextlib.contextmanager
def running_mongod() -> Iterator[str]:
    """Start a private server on a free port of loopback; it and its data go at the end.

    Yields
    ------
    str
        Its URI, for FIFTYONE_DATABASE_URI.
    """
    mongod = find_mongod()
    environment = os.environ | _prepare(mongod)
    folder = Path(tempfile.mkdtemp(prefix="simd-mongod-"))
    process = None
    try:
        process, port = _start(mongod, environment, folder)
        yield f"mongodb://127.0.0.1:{port}"
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def cache_folder() -> Path:
    """Return the folder that the libraries are kept in."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "simd" / "openssl-1.1"


def _prepare(mongod: Path) -> dict[str, str]:
    if not (said := _complaint(mongod, {})):
        return {}
    if "1.1" not in said:
        raise RuntimeError(f"{mongod}: does not run; mend that, {_INSTEAD}:\n{said}")
    libraries = _libraries()
    path = os.pathsep.join(filter(None, [str(libraries), os.environ.get("LD_LIBRARY_PATH")]))
    if said := _complaint(mongod, {"LD_LIBRARY_PATH": path}):
        raise RuntimeError(f"{mongod}: does not run, even with OpenSSL 1.1; mend that, {_INSTEAD}:\n{said}")
    return {"LD_LIBRARY_PATH": path}


def _complaint(mongod: Path, environment: dict[str, str]) -> str:
    """Return what the server says when it cannot be run; "" if it can."""
    try:
        done = subprocess.run(
            [mongod, "--version"],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout + done.stderr).strip() or "it says nothing" if done.returncode else ""


def _libraries() -> Path:
    """Return the folder of OpenSSL 1.1, filled on first use, by one process at a time."""
    target = cache_folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".openssl.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                wheel = _download(Path(scratch))
                _extract(wheel, Path(scratch) / "libraries").rename(target)
    return target


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", *_WHEEL_TAGS, "--dest", str(folder), _WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        raise RuntimeError(
            f"FiftyOne's database server needs OpenSSL 1.1, and {_WHEEL}, which holds it, cannot be "
            f"downloaded; install OpenSSL 1.1, {_INSTEAD}:\n{done.stderr.strip()}"
        )
    if (digest := hashlib.sha256(wheel.read_bytes()).hexdigest()) != _WHEEL_SHA256:
        raise RuntimeError(f"{wheel.name}: has the SHA-256 {digest}, not the known one; it is not used")
    return wheel


def _extract(wheel: Path, folder: Path) -> Path:
    """Take the two libraries out of the wheel, under the names that the server asks for."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for library in _LIBRARIES:
            # named libssl-<hash>.so.1.1, and libssl finds libcrypto under its name with the hash
            member = next(n for n in archive.namelist() if n.rpartition("/")[2].startswith(f"{library}-"))
            name = member.rpartition("/")[2]
            (folder / name).write_bytes(archive.read(member))
            (folder / f"{library}.so.1.1").symlink_to(name)
    return folder


def _start(mongod: Path, environment: dict[str, str], folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    log = folder / "mongod.log"
    for _ in range(3):  # another program may take the port before the server does
        port = _free_port()
        command = [str(mongod), "--dbpath", str(folder), "--logpath", str(log), "--bind_ip", "127.0.0.1"]
        command += ["--port", str(port), "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"]
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            start_new_session=True,  # Ctrl-C is ours to handle: it stops the server at the end
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if _serves(process, log):
                return process, port
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    raise RuntimeError(f"{mongod}: a private server did not start, {_INSTEAD}:\n{_end_of(log)}")


def _serves(process: subprocess.Popen[bytes], log: Path) -> bool:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end and process.poll() is None:
        if "Waiting for connections" in _end_of(log):
            return True
        time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # a clean shutdown
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_of(log: Path) -> str:
    return log.read_bytes()[-4000:].decode(errors="replace") if log.is_file() else ""
