"""Say which protocols are exact with the installed libraries, by composing a small example."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import PIL

from simd.composition.protocols import PROTOCOLS, load_protocol
from simd.image import UInt8, pixel_digest

_MADE_WITH = {"OpenCV": "4.14.0", "Pillow": "12.3.0"}  # what the digests below were made with
_PACKAGES = {"OpenCV": "opencv-python-headless", "Pillow": "pillow"}
_SIZES = {"enlarged": ((300, 421), (150, 201)), "reduced": ((1000, 2252), (901, 1107))}  # fg, bg; (H, W)

# By the released generator (simd-2021) and by the published script (adobe-2017's images); the rest by us.
_DIGESTS: dict[tuple[str, str], dict[str, str]] = {
    ("exact", "enlarged"): {
        "alpha": "076ff53acb5a915abf0335d10b83fe1aeba384ab7ef59c3b975abdba7ee61aa3",
        "trimap": "73265dddc4379f4c8d06758014c01b16540a8574b764b65a0004b7a21277b4a7",
        "image": "a38a140e4b5ad930a78d3b6b75e7a15655a1289b93bcd0ae3c63241474236553",
    },
    ("exact", "reduced"): {
        "alpha": "8bbe2ad6dd887b63f117615a0e3b120fd122be22dba59725dff21c91d34e4180",
        "trimap": "e1b88d3324e8a81e25b2224fd54e2f22941cf829035d3c2638140d566142ddab",
        "image": "21bd4d080848eaa216a5ed701313b7c03ee589778de11cc3a495c2f7d467d7ee",
    },
    ("simd-2021", "enlarged"): {
        "alpha": "9cd3e47a0734a3b50b9a29caea89447f54cba72bf9dfbf7dd2f2f8d80861652a",
        "trimap": "466ab00dea83ced8918e75a715b02e24b192ad78ee268a08f56ac5ebfa55b6af",
        "image": "339abaa43dc115dcb9db06d983186e81d46a43cdddd87d7a9a01598059381a58",
    },
    ("simd-2021", "reduced"): {
        "alpha": "af8d8e1147a943f7e7b28b68428d20f917031c4766735e5d43fba75c7951a455",
        "trimap": "c25ec4a1ba33a20eda79e9383150d9d319c2020f5636c3a328dc926c7aec95b0",
        "image": "a917b6aa94391048fffceab60a7177d016dadf237c05471b868c3b028dc965ea",
    },
    ("adobe-2017", "enlarged"): {
        "alpha": "076ff53acb5a915abf0335d10b83fe1aeba384ab7ef59c3b975abdba7ee61aa3",
        "trimap": "73265dddc4379f4c8d06758014c01b16540a8574b764b65a0004b7a21277b4a7",
        "image": "410945ced4e5d0045f047c94f2614fc176df0d99842e417780b5b1663e3bdcee",
    },
    ("adobe-2017", "reduced"): {
        "alpha": "97259e01842d3e4b1e050b610e1a7e5abbaf83fca04201aeee2ce441432fb5db",
        "trimap": "a8e1d24d729204b8b9559bb12b7180eb43e82e66605c0af9eac46ab015fcc057",
        "image": "6b8990e4f5c20947469a382e5e1674c46391dde1f78a07dffeeec032f3726e87",
    },
}


class Check(NamedTuple):
    """Whether a protocol gives the pixels that it promises."""

    protocol: str
    wrong: tuple[str, ...]  # "<example>: <layer>" of each that differs

    @property
    def exact(self) -> bool:
        """Nothing differs."""
        return not self.wrong


def check_installation() -> list[Check]:
    """Run each protocol on the stored example."""
    checks = []
    for protocol in PROTOCOLS:
        wrong = []
        for name in _SIZES:
            layers, expected = compose_example(protocol, name), _DIGESTS[protocol, name]
            wrong += [
                f"{name}: {layer}" for layer in layers if pixel_digest(layers[layer]) != expected[layer]
            ]
        checks.append(Check(protocol, tuple(wrong)))
    return checks


def compose_example(protocol: str, name: str) -> dict[str, UInt8]:
    """Return alpha, trimap and image of an example, ``"enlarged"`` or ``"reduced"``."""
    chosen = load_protocol(protocol, max_side=1100 if protocol == "exact" else None)
    fg, alpha, bg = example(name)
    prepared = chosen.prepare(fg, alpha, None)
    height, width = prepared.alpha.shape
    window, _ = chosen.place(bg, (height, width), np.random.default_rng(0))
    return {
        "alpha": prepared.alpha,
        "trimap": chosen.trimap(prepared.alpha),
        "image": chosen.composite(prepared.fg, prepared.alpha, window),
    }


def example(name: str) -> tuple[UInt8, UInt8, UInt8]:
    """Return foreground, alpha and background of an example: integer arithmetic, no picture.

    Examples
    --------
    >>> fg, alpha, bg = example("enlarged")
    >>> fg.shape, alpha.shape, bg.shape, fg[10, 20].tolist(), int(alpha[150, 89])
    ((300, 421, 3), (300, 421), (150, 201, 3), [57, 128, 199], 137)
    """
    fg_size, bg_size = _SIZES[name]
    y, x = np.indices(fg_size)
    far = (2 * y - fg_size[0]) ** 2 + (2 * x - fg_size[1]) ** 2  # squared distance to the centre, times 4
    alpha = np.clip(128 + (fg_size[0] ** 2 * 2 // 3 - far) * 3 // fg_size[0], 0, 255).astype(np.uint8)
    return _waves(fg_size, 3), alpha, _waves(bg_size, 7)


def installed_versions() -> dict[str, tuple[str, str]]:
    """Return the libraries that protocols depend on: their versions here, and those of the digests."""
    installed = {"OpenCV": cv2.__version__, "Pillow": PIL.__version__}
    return {name: (version, _MADE_WITH[name]) for name, version in installed.items()}


def remedy(checks: Sequence[Check]) -> str:
    """Say what to install where a protocol is not exact; "" if all are."""
    if all(check.exact for check in checks):
        return ""
    versions = " ".join(f"'{package}=={_MADE_WITH[name]}.*'" for name, package in _PACKAGES.items())
    return f"sets built here will differ from those of others; install {versions}"


def _waves(size: tuple[int, int], step: int) -> UInt8:
    """Return rings that grow finer from the top left, in three channels."""
    y, x = np.indices(size)
    rings = (step * (y * y + x * x) + 11 * x * y) // 64
    return np.stack([rings % 256, (rings + 71) % 256, (rings + 142) % 256], axis=2).astype(np.uint8)
