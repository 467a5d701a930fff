"""Object stores (``s3://``, ``gs://``, ``hf://``, what fsspec knows): a folder goes to one, or comes back.

An object has its final name only when all of its bytes are there. `unfinished.json`, which goes first, says
what a folder will hold; the file that makes the folder what it is goes last. A run that was killed leaves
nothing that could be read as whole, and the same run later sends only what is not there yet.
"""

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from simd.errors import BatchError, DataError, MissingExtraError, SimdError, first_line, first_of
from simd.files import cannot_write, json_text, make_folder, sizes_of
from simd.progress import counting
from simd.temporary import temporary_folder

UNFINISHED = "unfinished.json"
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):(//?)([^/].*)", re.DOTALL)  # a drive has one letter
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)?\.[a-z]+")  # never out of a folder
_LIBRARIES = {
    **dict.fromkeys(("s3", "s3a"), ("s3fs", "s3")),
    **dict.fromkeys(("gs", "gcs"), ("gcsfs", "gs")),
    "hf": ("huggingface_hub", "hf"),
}
_CHUNK = 2**22  # bytes
_WITHOUT_CREDENTIALS = re.compile(r"credential|token|login|anonymous|401|403|access ?denied|forbidden", re.I)


def address_of(path: str | os.PathLike[str]) -> str | None:
    """Return the address of a folder in a store; None for a path on this machine.

    Examples
    --------
    >>> address_of("s3://bucket/a/"), address_of(Path("s3://bucket/a")), address_of("C:/a"), address_of("a/b")
    ('s3://bucket/a', 's3://bucket/a', None, None)
    """
    parts = _ADDRESS.fullmatch(os.fspath(path)) if isinstance(path, str | os.PathLike) else None
    if parts is None:
        return None
    protocol, slashes, rest = parts.groups()
    if slashes == "/" and os.path.lexists(f"{protocol}:"):  # else a Path has made one slash of two
        return None
    return f"{protocol}://{rest.rstrip('/')}"


class Store(NamedTuple):
    """A folder in a store."""

    address: str
    files: Any  # fsspec's file system
    root: str  # as it knows the folder

    def sizes(self) -> dict[str, int]:
        """Return the bytes of each object below the folder, by its name seen from there."""
        with _as_data_error(self.address):
            self.files.invalidate_cache()
            listed = self.files.find(self.root, detail=True)
        start = f"{self.root}/"
        return {
            path.removeprefix(start): int(facts["size"] or 0)
            for path, facts in listed.items()
            if path.startswith(start)
        }

    def send(self, name: str, file: Path) -> None:
        """Send a file; the object is there when all of it is."""
        # leaving `open` commits whatever was written, an exception or not; leaving a transaction does not
        with (
            _as_data_error(f"{self.address}/{name}"),
            file.open("rb") as source,
            self.files.transaction,
            self.files.open(f"{self.root}/{name}", "wb") as target,
        ):
            shutil.copyfileobj(source, target, _CHUNK)

    def send_text(self, name: str, text: str) -> None:
        """Send a small text, in one piece."""
        with _as_data_error(f"{self.address}/{name}"):
            self.files.pipe_file(f"{self.root}/{name}", text.encode())

    def text(self, name: str) -> str:
        """Return a small text."""
        with _as_data_error(f"{self.address}/{name}"):
            return bytes(self.files.cat_file(f"{self.root}/{name}")).decode("utf-8", "replace")

    def take(self, name: str, file: Path, size: int) -> None:
        """Bring an object of `size` bytes into a file; DataError where it has other bytes than listed."""
        with (
            _as_data_error(f"{self.address}/{name}"),
            file.open("wb") as target,
            self.files.open(f"{self.root}/{name}", "rb") as source,
        ):
            shutil.copyfileobj(source, target, _CHUNK)
        (came,) = sizes_of(file)
        if came != size:
            raise DataError(
                f"{self.address}/{name}: {came:,} bytes came of {size:,}; run the same command again"
            )

    def remove(self, name: str) -> None:
        """Remove an object."""
        with _as_data_error(f"{self.address}/{name}"):
            self.files.rm_file(f"{self.root}/{name}")


def open_store(address: str) -> Store:
    """Return a folder in a store; nothing is asked of the store yet.

    Raises
    ------
    MissingExtraError
        If the library of its protocol is not installed.
    DataError
        If nobody knows the protocol.
    """
    protocol = address.partition("://")[0]
    library, extra = _LIBRARIES.get(protocol, ("fsspec", "s3"))
    try:
        from fsspec.core import url_to_fs
        from fsspec.registry import get_filesystem_class, known_implementations, registry
    except ImportError:
        raise MissingExtraError(f"{protocol}://", library, extra) from None
    if protocol not in known_implementations and protocol not in registry:
        raise DataError(
            f"{address}: unknown protocol {protocol!r}; s3, gs and hf are known, and what else fsspec knows"
        )
    try:
        get_filesystem_class(protocol)
    except ImportError as error:
        if protocol in _LIBRARIES:
            raise MissingExtraError(f"{protocol}://", library, extra) from None
        raise DataError(f"{address}: needs a library that is not installed ({first_line(error)})") from None
    with _as_data_error(address):
        # a listing that was kept misses what another process has written
        files, root = url_to_fs(address, use_listings_cache=False)
    return Store(address, files, root.rstrip("/"))


@contextmanager
def _as_data_error(where: str) -> Iterator[None]:
    """Turn whatever a store's library raises into a sentence."""
    try:
        yield
    except SimdError:
        raise
    except Exception as error:  # each library has its own, without a common base
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise cannot_write(Path(error.filename or where), error) from error
        raise DataError(f"{where}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    line = f"{type(error).__name__}: {first_line(error)}"
    if isinstance(error, FileNotFoundError):
        return f"no such bucket, repository or object ({line}); make the bucket first, or mend the address"
    if isinstance(error, PermissionError) or _WITHOUT_CREDENTIALS.search(line):
        return (
            f"the store lets nobody in without credentials, or not with these ({line}); give them as the "
            "store's own tools take them: AWS_ACCESS_KEY_ID or ~/.aws, gcloud auth, or HF_TOKEN"
        )
    if isinstance(error, NotImplementedError):
        return f"this kind of store cannot do that ({line}); name another"
    return (
        f"the store cannot be reached, or failed ({line}); look at the network and at the store's "
        "endpoint (for s3: AWS_ENDPOINT_URL), and run the same command again"
    )


# -- a folder that goes there ----------------------------------------------------------------------------


def check_free(store: Store, last: str) -> None:
    """Refuse a folder in a store that holds anything but an unfinished one (DataError).

    Parameters
    ----------
    store : Store
    last : str
        The file that makes the folder what it is.
    """
    names = store.sizes()
    if last in names and UNFINISHED not in names:
        raise DataError(f"{store.address}: holds an export already; name another address, or remove it")
    if names and UNFINISHED not in names:
        raise DataError(
            f"{store.address}: is not empty ({first_of(sorted(names), 3)}); "
            "an export needs an address of its own"
        )


def send_folder(folder: Path, store: Store, last: str) -> None:
    """Send all files of a folder, `last` at the end; what an earlier run has sent of the same, stays.

    Raises
    ------
    DataError
        If the store holds something else, an unfinished folder of other content too, or fails.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    plan = {file.relative_to(folder).as_posix(): [file.stat().st_size, _sha256(file)] for file in files}
    text = json_text({"files": plan})
    check_free(store, last)
    present = store.sizes()
    if UNFINISHED not in present:
        store.send_text(UNFINISHED, text)
    _check_is_ours(store, text)
    with counting(len(files), "files sent") as advance:
        for name in sorted(plan, key=lambda name: (name == last, name)):
            if name == last:
                _check_is_ours(store, text)
                _check_has_all(store, plan, last)
            if present.get(name) != plan[name][0]:
                store.send(name, folder / name)
            advance(1)
    store.remove(UNFINISHED)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_is_ours(store: Store, text: str) -> None:
    if store.text(UNFINISHED) != text:
        raise DataError(
            f"{store.address}: holds an unfinished export of another set, or with other options; name "
            "another address, or remove what is there"
        )


def _check_has_all(store: Store, plan: Mapping[str, list[Any]], last: str) -> None:
    sizes = store.sizes()
    lacking = [name for name, (size, _) in plan.items() if name != last and sizes.get(name) != size]
    strange = sorted(sizes.keys() - plan.keys() - {UNFINISHED})
    if lacking or strange:
        raise DataError(
            f"{store.address}: another program has changed {first_of(lacking + strange, 3)} meanwhile; "
            "remove it and run the same command again"
        )


# -- a folder that comes from there ----------------------------------------------------------------------


@contextmanager
def fetched(address: str, last: str) -> Iterator[Path]:
    """Bring a folder from a store into a temporary one, which goes when the context is left.

    Messages of what is raised inside name the address, not the temporary folder.

    Parameters
    ----------
    address : str
    last : str
        The file without which the folder is not what it should be.

    Raises
    ------
    DataError
        If the folder is unfinished, lacks `last`, or does not come whole.
    """
    store = open_store(address)
    sizes = store.sizes()
    if UNFINISHED in sizes:
        raise DataError(f"{address}: is an unfinished export; run the simd export that began it again")
    if last not in sizes:
        raise DataError(
            f"{address}: has no {last}, which simd export writes beside the files of a set; other images are "
            "imported from a folder: copy them to this machine first"
        )
    with temporary_folder() as folder:
        wanted = [each for each in sizes if _NAME.fullmatch(each)]
        with counting(len(wanted), "files fetched") as advance:
            for each in wanted:
                make_folder((folder / each).parent)
                store.take(each, folder / each, sizes[each])
                advance(1)
        try:
            yield folder
        except SimdError as error:
            error.args = (str(error).replace(str(folder), address),)
            if isinstance(error, BatchError):
                error.failures = {
                    item: why.replace(str(folder), address) for item, why in error.failures.items()
                }
            raise
