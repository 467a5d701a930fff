"""What runs on the workers of a cluster: the work, and whether a worker can do what this process does."""

import contextlib
import functools
import importlib.metadata
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from simd.landmarks import Landmark, not_seen
from simd.parallel import call, one_thread

_LIBRARIES = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pillow",
    "numba",
    "scikit-image",
    "pymatting",
    "isal",
)
_STARTED = time.time()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What every task of a run is told, so that it does what it would do in this process."""

    run: str  # a run forgets what earlier ones have kept in memory: files may have changed
    folder: str  # that relative paths start from
    versions: tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """What has come of the items of one task: a value or a reason of each, and how long it took."""

    outcomes: list[tuple[Any, str | None]]
    seconds: float


def work_on(settings: RunSettings, function: Callable[[Any], Any], items: Sequence[Any]) -> Answer:
    """Apply the function to the items of a task on a worker."""
    began = time.perf_counter()
    if reason := _prepared(settings):
        return Answer([(None, reason)] * len(items), 0)
    os.chdir(settings.folder)  # another run may have gone elsewhere meanwhile
    outcomes = []
    with one_thread():
        for item in items:
            outcome = call(function, item)
            outcomes.append((outcome.value, outcome.reason))
    return Answer(outcomes, time.perf_counter() - began)


def problem_of(settings: RunSettings, landmarks: Sequence[Landmark]) -> str:
    """Return why this worker cannot take part, "" where it can."""
    if reason := _prepared(settings):
        return reason
    missing = not_seen(landmarks)
    if not missing:
        return ""
    more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f"does not see {missing[0]}{more} as it is here; all workers need the same folders mounted"


def dask_setting(key: str) -> Any:
    """Return a setting of Dask as it is in this process."""
    import dask

    return dask.config.get(key)


@functools.lru_cache(maxsize=64)
def _prepared(settings: RunSettings) -> str:
    """Make this worker ready for a run, once; return why it cannot, "" where it can."""
    versions = installed_versions()
    others = [
        f"{name} {versions.get(name, 'is missing')}, here {version}"
        for name, version in settings.versions
        if versions.get(name) != version
    ]
    if others:
        return f"has other versions ({'; '.join(others)}); install the same there"
    if changed := _changed_since_start():
        return f"has loaded {changed} before it was changed; restart the worker"
    try:
        os.chdir(settings.folder)
    except OSError as error:
        return f"does not see {settings.folder} ({error.strerror})"
    _forget()
    import cv2

    cv2.setNumThreads(1)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
    return ""


def installed_versions() -> dict[str, str]:
    """Return the versions of what pixels go through."""
    from simd.version import __version__

    versions = {"simd": __version__, "python": ".".join(platform.python_version_tuple()[:2])}
    for name in _LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def _changed_since_start() -> str:
    """Return a loaded module of simd, or of the user's own, whose file is newer than this process."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is None or "site-packages" in file or file.startswith(sys.base_prefix):
            continue
        with contextlib.suppress(OSError):
            if Path(file).stat().st_mtime > _STARTED:
                return name
    return ""


def _forget() -> None:
    """Empty what functions of simd keep in memory: files that it was read from may have changed since."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "simd":
            for value in list(vars(module).values()):
                if value is not _prepared and callable(clear := getattr(value, "cache_clear", None)):
                    clear()
