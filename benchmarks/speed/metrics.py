"""Time the four metrics against other Python ports, in one run on one thread: CPU time and memory.

    python benchmarks/speed/metrics.py [--ports DIR] [--rounds N]

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
    ports: Path | None, rounds: int
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Return the median CPU milliseconds and the values of every metric of every peer, taken in turns."""
    inputs = hair_like()
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
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    parser.add_argument("--images", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # peers use what later versions deprecate
    cv2.setNumThreads(1)
    if arguments.memory_of:
        print(_growth(arguments.memory_of, arguments.ports, arguments.images))
        return
    medians, values = measure(arguments.ports, arguments.rounds)
    share = (hair_like()[2] == 128).mean()
    print(f"{WIDTH} x {HEIGHT}, {share:.0%} unknown, one thread, median CPU ms of {arguments.rounds} calls")
    print(f"Python {platform.python_version()}, numpy {np.__version__}, OpenCV {cv2.__version__}\n")
    print(f"{'':12}{'SAD':>9}{'MSE':>9}{'Grad':>9}{'Conn':>9}{'all':>9}{'times ours':>12}{'MiB':>7}")
    for name, m in medians.items():
        row = "".join(f"{m[key]:9.1f}" for key in (*METRICS, "all"))
        memory = extra_memory(name, arguments.ports)
        print(f"{name:12}{row}{m['all'] / medians['simd']['all']:12.1f}{memory:7.0f}")
    print("\nratio to ours, metric by metric, and relative difference of the value")
    for name in [n for n in medians if n != "simd"]:
        ratios = "  ".join(
            f"{key} {medians[name][key] / medians['simd'][key]:.1f}x"
            f" ({values[name][key] / values['simd'][key] - 1:+.1e})"
            for key in METRICS
        )
        print(f"{name:12}  {ratios}")
    print("\nour values: " + ", ".join(f"{key} {values['simd'][key]:.6g}" for key in METRICS))


if __name__ == "__main__":
    main()
