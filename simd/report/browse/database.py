"""FiftyOne and its database, ready to use, or a sentence that says what to do."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from importlib import import_module
from types import ModuleType
from typing import Any

from simd.errors import DataError, MissingExtraError

_SECONDS = 5  # for a database to answer


def connect() -> ModuleType:
    """Import FiftyOne and open its database: that of FIFTYONE_DATABASE_URI, else FiftyOne's own server.

    FiftyOne reports on its use unless FIFTYONE_DO_NOT_TRACK says no, so here it says no unless it is set.

    Raises
    ------
    MissingExtraError
        If FiftyOne is not installed.
    DataError
        If the database cannot be reached, or is too old.
    """
    silent = os.environ.setdefault("FIFTYONE_DO_NOT_TRACK", "true").lower() in ("true", "1")
    try:
        with missing_metadata_is_none():
            import fiftyone as fo
    except ImportError as error:
        if error.name is not None and error.name.split(".")[0] != "fiftyone":
            raise
        raise MissingExtraError("browsing", "FiftyOne", "browse") from error
    if silent:
        fo.config.do_not_track = True  # it may have been imported before
    uri = fo.config.database_uri
    if uri is not None:
        check_database(uri)
    fo.config.database_validation = False  # done here, and without a remark on versions at every start
    from fiftyone.core.service import ServiceException

    try:
        fo.list_datasets()
    except (ConnectionError, RuntimeError, OSError, ServiceException) as error:
        raise DataError(
            f"FiftyOne's database cannot be opened ({str(error) or type(error).__name__}); its server may "
            "need libraries that are not here, such as OpenSSL 1.1: install them, or set "
            "FIFTYONE_DATABASE_URI to a MongoDB of your own"
        ) from error
    module: ModuleType = fo
    return module


@contextmanager
def missing_metadata_is_none() -> Iterator[None]:
    """Let FiftyOne be imported after Dask.

    FiftyOne's library eta 0.17 asks for an author that its package does not state, and takes None for an
    answer. importlib_metadata, which Dask loads, answers in the standard library's place by a KeyError.
    """
    if "importlib_metadata" not in sys.modules:
        yield
        return
    backport = import_module("importlib_metadata._adapters")
    strict = backport.Message.__getitem__
    backport.Message.__getitem__ = Message.__getitem__
    try:
        yield
    finally:
        backport.Message.__getitem__ = strict


def check_database(uri: str) -> None:
    """Refuse a database that does not answer within seconds, or is older than FiftyOne asks (DataError)."""
    import pymongo
    from fiftyone.constants import MONGODB_MIN_VERSION
    from packaging.version import Version
    from pymongo.errors import ConfigurationError, PyMongoError

    advice = "check FIFTYONE_DATABASE_URI, or unset it to use FiftyOne's own server"
    try:
        client: Any
        with pymongo.MongoClient(uri, serverSelectionTimeoutMS=1000 * _SECONDS) as client:
            version = Version(client.server_info()["version"])
    except ConfigurationError as error:  # what drivers say of a server they no longer speak with, too
        raise DataError(f"the database {_shown(uri)} cannot be used: {error}; {advice}") from error
    except PyMongoError as error:
        raise DataError(f"the database {_shown(uri)} does not answer; start it, or {advice}") from error
    if version < MONGODB_MIN_VERSION:
        raise DataError(
            f"the database {_shown(uri)} is MongoDB {version}, FiftyOne needs {MONGODB_MIN_VERSION} or "
            f"later; update it, or {advice}"
        )


def _shown(uri: str) -> str:
    """Return the address without name and password."""
    return uri.rpartition("@")[2].removeprefix("mongodb://")
