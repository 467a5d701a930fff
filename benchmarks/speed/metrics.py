"""Time the four metrics against other Python ports, in one run on one thread: CPU time and memory.

    python benchmarks/speed/metrics.py [--ports DIR] [--rounds N] [--pictures hair fence snow glitter noise]

DIR holds checkouts of GCA-Matting and PaddleSeg (one or both; any of their files but the metrics may be
missing). mmeval is compared where it can be imported. Peers get their input in the form their own evaluation
passes, made beforehand, so that the conversion is not held against them.
"""

import argparse
import importlib.util
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import scipy.ndimage

from simd.metrics import alpha as ours

Metric = Callable[[], float]
METRICS = ("sad", "mse", "grad", "conn")
HEIGHT, WIDTH = 1280, 1920


def hair_like() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a head of hair: true alpha, a prediction with soft errors, and a trimap, 40 % of it unknown."""
    rng = np.random.default_rng(0)
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    cy, cx, radius = HEIGHT * 0.52, WIDTH / 2, HEIGHT * 0.3
    cv2.circle(drawn, (int(cx), int(cy)), int(radius), 255, -1, cv2.LINE_AA)
    for _ in range(4000):
        t = np.linspace(0, 1, 24)
        turn = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.15) * t + rng.normal(0, 0.2) * t**2
        reach = radius * (0.97 + rng.uniform(0.1, 0.6) * t)
        points = np.stack([cx + reach * np.cos(turn) * 1.25, cy + reach * np.sin(turn)], axis=1)
        strand = np.round(points * 16).astype(np.int32)
        cv2.polylines(drawn, [strand], False, int(rng.integers(60, 256)), 1, cv2.LINE_AA, 4)
    alpha = cv2.GaussianBlur(drawn, (3, 3), 0.6)
    blurred = cv2.GaussianBlur(alpha, (0, 0), 1.2).astype(np.float32)
    noise = 60 * cv2.GaussianBlur(rng.normal(size=alpha.shape).astype(np.float32), (0, 0), 1.5)
    soft = (blurred > 2) & (blurred < 253)
    pred = np.rint(np.clip(blurred + noise * soft, 0, 255)).astype(np.uint8)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot((x - cx) / 1.25, y - cy)
    trimap = np.full(alpha.shape, 128, np.uint8)
    trimap[distance < radius * 0.81] = 255
    trimap[distance > radius * 1.53] = 0
    alpha[trimap != 128] = pred[trimap != 128] = trimap[trimap != 128]
    return pred, alpha, trimap


def fence() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a mesh of wires over all of the image, all of it unknown; the prediction is soft and uneven."""
    rng = np.random.default_rng(1)
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    for offset in range(-HEIGHT, WIDTH + HEIGHT, 22):
        for x in (offset, offset + HEIGHT):
            cv2.line(drawn, (x, 0), (2 * offset + HEIGHT - x, HEIGHT), 255, 3, cv2.LINE_AA)
    return _predicted(rng, drawn)


def snow() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw 60,000 flakes that touch here and there, all of it unknown."""
    rng = np.random.default_rng(2)
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    for x, y, radius in zip(*(rng.integers(0, n, 60_000) for n in (WIDTH, HEIGHT, 4)), strict=True):
        cv2.circle(drawn, (int(x), int(y)), int(radius), int(rng.integers(60, 256)), -1, cv2.LINE_AA)
    return _predicted(rng, drawn)


def glitter() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw single bright pixels on a haze, a third of all, all of it unknown."""
    rng = np.random.default_rng(3)
    haze = 90 + 60 * cv2.GaussianBlur(rng.normal(size=(HEIGHT, WIDTH)), (0, 0), 20) * 40
    bright = rng.uniform(size=haze.shape) < 1 / 3
    drawn = np.where(bright, rng.integers(120, 256, haze.shape), haze)
    return _predicted(rng, np.clip(drawn, 0, 255).astype(np.uint8))


def noise() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two mattes of white noise that know nothing of each other: the worst case for Conn."""
    rng = np.random.default_rng(4)
    pred, alpha = (rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8) for _ in range(2))
    return pred, alpha, np.full(alpha.shape, 128, np.uint8)


def _predicted(rng: np.random.Generator, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    errors = rng.normal(0, 12, alpha.shape)
    pred = np.clip(cv2.GaussianBlur(alpha, (0, 0), 0.7) + errors, 0, 255).astype(np.uint8)
    return pred, alpha, np.full(alpha.shape, 128, np.uint8)


PICTURES = {"hair": hair_like, "fence": fence, "snow": snow, "glitter": glitter, "noise": noise}


def simd_metrics(pred: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> dict[str, Metric]:
    """Time ours one by one; "all" is the one call that an evaluation makes."""
    ours.warm()
    inputs = pred, alpha, trimap == 128
    single = {name: partial(getattr(ours, name), *inputs) for name in METRICS}
    return single | {"all": lambda: ours.errors(*inputs).sad}


def mmeval_metrics(pred: np.ndarray, alpha: np.ndarray, trimap: np.ndarray) -> dict[str, Metric]:
    import mmeval

    p, a = [pred / 255], [alpha / 255]
    return {
        "sad": lambda: mmeval.SumAbsoluteDifferences()(p, a)["sad"],
        "mse": lambda: mmeval.MattingMeanSquaredError()(p, a, [trimap])["matting_mse"],
        "grad": lambda: mmeval.GradientError()(p, a, [trimap])["gradient_error"],
        "conn": lambda: mmeval.ConnectivityError()(p, a, [trimap])["connectivity_error"],
    }


def gca_metrics(
    module: ModuleType, pred: np.ndarray, alpha: np.ndarray, trimap: np.ndarray
) -> dict[str, Metric]:
    p, a = pred.astype(np.float64), alpha.astype(np.float64)
    return {
        "sad": lambda: module.comput_sad_loss(p, a, trimap)[0],
        "mse": lambda: module.compute_mse_loss(p, a, trimap),
        "grad": lambda: module.compute_gradient_loss(p, a, trimap),
        "conn": lambda: module.compute_connectivity_error(p, a, trimap, 0.1),
    }


def paddle_metrics(
    module: ModuleType, pred: np.ndarray, alpha: np.ndarray, trimap: np.ndarray
) -> dict[str, Metric]:
    pred = pred.copy()  # they write into it
    names = {"sad": "SAD", "mse": "MSE", "grad": "Grad", "conn": "Conn"}
    return {key: partial(getattr(module, name)().update, pred, alpha, trimap) for key, name in names.items()}


def peers(ports: Path | None) -> dict[str, Callable[..., dict[str, Metric]]]:
    """Return what can be compared here."""
    found: dict[str, Callable[..., dict[str, Metric]]] = {"simd": simd_metrics}
    if importlib.util.find_spec("mmeval"):
        found["mmeval"] = mmeval_metrics
    if ports is not None:
        files = {
            "PaddleSeg": (paddle_metrics, "PaddleSeg/Matting/ppmatting/metrics/metric.py"),
            "GCA-Matting": (gca_metrics, "GCA-Matting/utils/evaluate.py"),
        }
        for name, (make, file) in files.items():
            if (ports / file).is_file():
                found[name] = partial(make, _load(ports / file))
    return found


def _load(file: Path) -> ModuleType:
    """Import a file as it is; put back the names of numpy and scipy that it was written for."""
    np.int, np.float = int, float  # type: ignore[attr-defined]
    for old in ("filters", "morphology"):
        sys.modules[f"scipy.ndimage.{old}"] = scipy.ndimage
    spec = importlib.util.spec_from_file_location(file.stem + "_port", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(
    picture: str, ports: Path | None, rounds: int
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Return the median CPU milliseconds and the values of every metric of every peer, taken in turns."""
    inputs = PICTURES[picture]()
    calls = {name: make(*inputs) for name, make in peers(ports).items()}
    values = {name: {key: float(call()) for key, call in metrics.items()} for name, metrics in calls.items()}
    times: dict[str, dict[str, list[float]]] = {n: {key: [] for key in m} for n, m in calls.items()}
    for _ in range(rounds):
        for name, metrics in calls.items():
            for key, call in metrics.items():
                start = time.process_time()
                call()
                times[name][key].append(1000 * (time.process_time() - start))
    medians = {n: {key: statistics.median(t) for key, t in m.items()} for n, m in times.items()}
    for m in medians.values():
        m.setdefault("all", sum(m[key] for key in METRICS))
    return medians, values


def extra_memory(peer: str, ports: Path | None) -> float:
    """Return by how many MiB a fresh process grows at most while it computes the metrics of one image."""
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images.npy"
        np.save(images, np.stack(hair_like()))
        command = [sys.executable, __file__, "--memory-of", peer, "--images", str(images)]
        command += ["--ports", str(ports)] if ports else []
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _growth(peer: str, ports: Path | None, images: Path) -> float:
    inputs = np.load(images)
    for key, call in peers(ports)[peer](*inputs[:, 600:632, 600:632].copy()).items():
        if key != "all":
            call()  # loads libraries and compiled code
    metrics = peers(ports)[peer](*inputs)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = _status("VmRSS")
    for call in [metrics["all"]] if "all" in metrics else metrics.values():
        call()
    return (_status("VmHWM") - before) / 1024


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ports", type=Path, help="folder with checkouts of other ports")
    parser.add_argument("--rounds", type=int, default=9, help="each median is over so many calls")
    parser.add_argument("--pictures", choices=PICTURES, nargs="+", default=list(PICTURES))
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    parser.add_argument("--images", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # peers use what later versions deprecate
    cv2.setNumThreads(1)
    if arguments.memory_of:
        print(_growth(arguments.memory_of, arguments.ports, arguments.images))
        return
    print(f"{WIDTH} x {HEIGHT}, one thread, median CPU ms of {arguments.rounds} calls")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, OpenCV {cv2.__version__}")
    for picture in arguments.pictures:
        show(picture, arguments.ports, arguments.rounds)


def show(picture: str, ports: Path | None, rounds: int) -> None:
    medians, values = measure(picture, ports, rounds)
    share = (PICTURES[picture]()[2] == 128).mean()
    head = f"{picture}, {share:.0%} unknown"
    print(f"\n{head:21}{'SAD':>7}{'MSE':>7}{'Grad':>8}{'Conn':>8}{'all':>9}{'MiB':>6}   times ours:")
    for name, m in medians.items():
        row = f"{m['sad']:7.1f}{m['mse']:7.1f}{m['grad']:8.1f}{m['conn']:8.1f}{m['all']:9.1f}"
        memory = f"{extra_memory(name, ports):6.0f}" if picture == "hair" else f"{'':6}"
        ratios = [f"{key} {m[key] / medians['simd'][key]:.1f}" for key in (*METRICS, "all")]
        print(f"{name:21}{row}{memory}   {'' if name == 'simd' else '  '.join(ratios)}")
    for name in [n for n in values if n != "simd"]:
        relative = (f"{key} {values[name][key] / values['simd'][key] - 1:+.1e}" for key in METRICS)
        print(f"  values of {name} less ours: {'  '.join(relative)}")


if __name__ == "__main__":
    main()
