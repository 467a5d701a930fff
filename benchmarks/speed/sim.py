"""Time the method `sim` beside the released code in one process, with results within the tolerances asserted.

    git clone --depth 1 https://github.com/nowsyn/SIM build/peers/SIM
    python benchmarks/speed/sim.py build/peers/SIM     # both, on the CPU, ours by PyTorch and by onnxruntime
    python benchmarks/speed/sim.py                     # ours alone, with its floor
    python benchmarks/speed/sim.py --dtypes --device cuda     # milliseconds and memory at 1080p
    python benchmarks/speed/sim.py --dtypes            # the same on the CPU, at 832 x 1024, without memory
    python benchmarks/speed/sim.py --memory            # peak memory of images on the CPU, a thin ring unknown
    python benchmarks/speed/sim.py --memory --unknown all --size 4000 6000     # a quarter of an hour
    python benchmarks/speed/sim.py --tiles             # what tiles change

Both get the made-up weights of tests/methods/fake_weights.py and the same padded input of 832 x 1024
pixels, a third of them unknown: 34 windows and one pass of the matting network. The released code runs as
it is, in evaluation mode and without gradients, its functions for the semantic trimap taken from its
script; what it imports for training only (kornia, easydict) is replaced by empty modules. Both run in
turns; on a busy machine only the ratio means something.
"""

import argparse
import ast
import importlib
import resource
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "methods"))
from fake_weights import fake_state, load_fake_sim

from simd.methods.runtime.click_maps import click_maps, distances
from simd.methods.runtime.winograd import Winograd
from simd.methods.sim.inputs import pad
from simd.methods.sim.method import SimMethod
from simd.methods.sim.semantic_trimap import semantic_trimap

ALPHA_TOLERANCE, SEMANTICS_TOLERANCE = 2e-5, 1e-5  # as in tests/methods/test_sim_golden.py
RINGS = {"thin": (0.24, 0.26), "ring": (0.24, 0.44), "all": (-1, np.inf)}  # radii, in shorter sides
MEMORY_SIZES = ((832, 1024), (1080, 1920), (2048, 2048), (4000, 6000))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, nargs="?", help="a clone of the released code")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--size", type=int, nargs=2, default=None, metavar=("H", "W"))
    parser.add_argument(
        "--unknown", choices=RINGS, help="the unknown region: a ring, thin for --memory, or all of the image"
    )
    parser.add_argument("--dtypes", action="store_true", help="float32 beside bfloat16")
    parser.add_argument("--device", default="cpu", help="of --dtypes")
    parser.add_argument(
        "--memory", action="store_true", help="peak memory at several sizes, with its estimate"
    )
    parser.add_argument("--tiles", action="store_true", help="difference of tiles of 1024 to the whole")
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory:
        sizes = [tuple(arguments.size)] if arguments.size else MEMORY_SIZES
        measure_memory(sizes, arguments.unknown or "thin")
        return
    with tempfile.TemporaryDirectory() as folder:
        if arguments.dtypes:
            time_dtypes(Path(folder), arguments)
            return
        method = load_fake_sim(Path(folder), "paper", mode="released")
        if arguments.checkout:
            image, trimap = draw(*(arguments.size or (832, 1024)), unknown=arguments.unknown or "ring")
            compare(method, Path(folder), image, trimap, arguments)
            return
    if arguments.tiles:
        compare_tiles(method, arguments)
        return
    image, trimap = draw(*(arguments.size or (832, 1024)), unknown=arguments.unknown or "ring")
    if arguments.peak:
        method.predict(image, trimap)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, method.gigabytes(trimap.size / 1e6))
        return
    show_floor(method, image, trimap, arguments.rounds)


def draw(height: int, width: int, *, unknown: str = "ring") -> tuple[np.ndarray, np.ndarray]:
    """Return a texture with a ring of unknown pixels; few of them mean few windows and tiles."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = [128 + 80 * np.sin(x / 17 + k) * np.cos(y / (23 + k)) for k in range(3)]
    radius = np.hypot(y - height / 2, x - width / 2) / min(height, width)
    inner, outer = RINGS[unknown]
    trimap = np.select([radius < inner, radius < outer], [255, 128], 0).astype(np.uint8)
    return np.stack(waves, axis=2).astype(np.uint8), trimap


def compare(
    method: SimMethod, weights: Path, image: np.ndarray, trimap: np.ndarray, arguments: argparse.Namespace
) -> None:
    """Time the released code and ours in turns and print the best of each part."""
    exported = load_exported(weights, arguments.threads)
    released = load_released(arguments.checkout)
    programs = {
        "released": lambda: run_released(method, released, image, trimap),
        "ours": lambda: run_ours(method, image, trimap),
        "ours, ONNX": lambda: run_ours(exported, image, trimap),
    }
    best: dict[str, np.ndarray] = {}
    results = {}
    for _ in range(arguments.rounds):
        for name, program in programs.items():
            times, *results[name] = program()
            best[name] = np.minimum(best.get(name, times), times)
    print(f"{image.shape[:2]}, {np.mean(trimap == 128):.0%} unknown, {arguments.threads} threads")
    print(f"torch {torch.__version__}, {exported.networks.presets}; best of {arguments.rounds}, seconds\n")
    heads = f"{'CPU: semantics':>16}{'network':>10}{'total':>10}{'ratio':>8}{'wall':>10}{'ratio':>8}"
    print(f"{'':12}{heads}   largest difference: semantic trimap, alpha")
    for name, (semantics, network, total, wall) in best.items():
        ratio, wall_ratio = best["released"][2:] / (total, wall)
        pairs = zip(results["released"], results[name], strict=True)
        differences = [float(np.abs(own - other).max()) for own, other in pairs]
        times = f"{semantics:16.2f}{network:10.2f}{total:10.2f}{ratio:8.2f}{wall:10.2f}{wall_ratio:8.2f}"
        print(f"{name:12}{times}   {differences[0]:.1e}, {differences[1]:.1e}")
        assert differences[0] <= SEMANTICS_TOLERANCE
        assert differences[1] <= ALPHA_TOLERANCE


def load_exported(weights: Path, threads: int) -> SimMethod:
    """Export both networks to ONNX and load them, to run as `simd predict onnx` runs them."""
    from simd.methods.onnx.export import export_onnx
    from simd.methods.onnx.model import load_onnx

    folder = weights / "exported"
    export_onnx(weights, folder)
    return load_onnx(weights=str(folder), threads=threads, mode="released")


class Watch:
    """CPU and wall time since the last look."""

    def __init__(self) -> None:
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def look(self) -> tuple[float, float]:
        cpu, wall = time.process_time() - self.cpu, time.perf_counter() - self.wall
        self.__init__()
        return cpu, wall


def run_ours(method: SimMethod, image: np.ndarray, trimap: np.ndarray):
    """Return seconds (CPU of both parts and in all, wall in all), the semantic trimap and alpha."""
    first = []

    def timed(*arguments, **options):
        semantics = semantic_trimap(*arguments, **options)
        first.append(time.process_time() - watch.cpu)
        return semantics

    with mock.patch("simd.methods.sim.method.semantic_trimap", timed):
        watch = Watch()
        solution = method.solve(image, trimap)
        cpu, wall = watch.look()
    times = np.array([first[0], cpu - first[0], cpu, wall])
    return times, solution.semantic_trimap, finish(solution.alpha, trimap)


def run_released(method: SimMethod, released: types.SimpleNamespace, image: np.ndarray, trimap: np.ndarray):
    image, trimap_padded = pad(image), pad(trimap)
    watch = Watch()
    with torch.no_grad():
        scaled = torch.from_numpy(image).permute(2, 0, 1)[None].contiguous().float() / 255
        levels = torch.from_numpy(trimap_padded)[None, None].float()
        normalized = method.networks.sim.normalize(scaled).contiguous()
        known = torch.cat([levels == 0, levels == 255], dim=1).float()
        clicks = torch.from_numpy(click_maps(distances(trimap_padded), trimap_padded.shape))[None]
        semantics = released.extract(released.settings, released.classifier, normalized, levels)
        first = watch.look()
        alpha = released.sim(scaled, known, normalized, clicks, semantics, is_training=False)["alpha"]
        second = watch.look()
    times = np.array([first[0], second[0], first[0] + second[0], first[1] + second[1]])
    return times, semantics[0].numpy(), finish(alpha[0, 0].numpy(), trimap)


def finish(alpha: np.ndarray, trimap: np.ndarray) -> np.ndarray:
    cropped = alpha[: trimap.shape[0], : trimap.shape[1]].clip(0, 1)
    return np.select([trimap == 0, trimap == 255], [0, 1], cropped)


def load_released(checkout: Path) -> types.SimpleNamespace:
    """Import the released networks and take the functions for the semantic trimap out of its script."""
    script = checkout / "scripts" / "main.py"
    if not script.is_file():
        raise SystemExit(f"{script}: no such file; clone https://github.com/nowsyn/SIM and give its folder")
    sys.path.insert(0, str(checkout))
    for name in ("kornia", "kornia.filters", "kornia.filters.kernels", "easydict"):
        sys.modules[name] = types.ModuleType(name)
    for name in ("get_spatial_gradient_kernel2d", "get_spatial_gradient_kernel3d", "normalize_kernel2d"):
        setattr(sys.modules["kornia.filters.kernels"], name, None)
    stem = importlib.import_module("networks.resnet_bn")
    plain = stem.l_resnet50
    stem.l_resnet50 = lambda **_: plain(pretrained=False)  # its ImageNet file is overwritten anyway
    arch = types.SimpleNamespace(
        encoder="resnet50_BN", n_channel=11, atrous_rates=(12, 24, 36), aspp_channel=256
    )
    sim = importlib.import_module("networks.model").build_model(types.SimpleNamespace(arch=arch))
    classifier = importlib.import_module("networks.resnet").resnet50(4, num_classes=20, pretrained=False)
    sim.load_state_dict(fake_state("sim"))
    classifier.load_state_dict(fake_state("classifier"))
    names = {"torch": torch, "F": torch.nn.functional}
    functions = [
        node
        for node in ast.parse(script.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("extract_semantic_trimap")
    ]
    exec(compile(ast.Module(functions, []), str(script), "exec"), names)
    return types.SimpleNamespace(
        sim=sim.eval(),
        classifier=classifier.eval(),
        extract=names["extract_semantic_trimap_whole"],
        settings=types.SimpleNamespace(load_size=320, num_classes=20),
    )


def show_floor(method: SimMethod, image: np.ndarray, trimap: np.ndarray, rounds: int) -> None:
    """Print how much arithmetic there is, how fast it is done, and how fast a matrix product is.

    Minimal filtering is counted with the arithmetic that it saves.
    """
    work: dict[str, np.ndarray] = {}  # kernel to GFLOP and seconds
    for network in method.networks[:2]:
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d):
                side, spread = module.kernel_size[0], ", dilated" if module.dilation[0] > 1 else ""
                count(module, f"{side} x {side}" + spread * (side > 1), module.in_channels * side**2, work)
            elif isinstance(module, Winograd):
                count(module, "3 x 3, filtered", module.weight.shape[1] * 9, work)
    square, rates, best = torch.randn(2048, 2048), [], np.inf
    for _ in range(rounds):
        for values in work.values():
            values[:] = 0
        watch = Watch()
        method.solve(image, trimap)
        wall = watch.look()[1]
        if wall < best:
            best, found = wall, {name: tuple(values) for name, values in work.items()}
        for _ in range(5):
            watch = Watch()
            torch.mm(square, square)
            rates.append(2 * 2048**3 / watch.look()[1] / 1e9)
    product = max(rates)
    total = sum(gflop for gflop, _ in found.values())
    print(f"\n{'convolutions':18}{'GFLOP':>8}{'seconds':>10}{'GFLOP/s':>10}")
    for name, (gflop, seconds) in sorted(found.items()):
        print(f"{name:18}{gflop:8.0f}{seconds:10.2f}{gflop / seconds:10.0f}")
    rest = best - sum(seconds for _, seconds in found.values())
    print(f"{'all the rest':18}{'':8}{rest:10.2f}")
    print(f"{'together':18}{total:8.0f}{best:10.2f}{total / best:10.0f}")
    print(f"{'matrix product':18}{total:8.0f}{total / product:10.2f}{product:10.0f}")


def count(module: torch.nn.Module, kind: str, taps: int, work: dict[str, np.ndarray]) -> None:
    """Add the arithmetic and the time of each call of a convolution to those of its kind."""
    total = work.setdefault(kind, np.zeros(2))
    watch = Watch()

    def begin(*_) -> None:
        watch.look()

    def end(_, __, out: torch.Tensor) -> None:
        total[:] += 2 * out.numel() * taps / 1e9, watch.look()[1]

    module.register_forward_pre_hook(begin)
    module.register_forward_hook(end)


def compare_tiles(method: SimMethod, arguments: argparse.Namespace) -> None:
    """Print how far a matte by tiles of 1024 is from the whole image's, and the steps that tiles add."""
    image, trimap = draw(*(arguments.size or (1016, 1784)))
    tiled = replace(method, tile=1024).predict(image, trimap)
    whole = method.predict(image, trimap)
    difference = (tiled - whole)[trimap == 128]
    levels = np.abs(np.rint(tiled * 255) - np.rint(whole * 255))[trimap == 128]
    print(f"{image.shape[0]} x {image.shape[1]}, {np.mean(trimap == 128):.0%} unknown, of these pixels:")
    print(f"mean difference {np.abs(difference).mean():.1e}, largest {np.abs(difference).max():.1e}")
    print(f"8-bit levels: {np.mean(levels > 0):.0%} differ, largest {levels.max():.0f}")
    both = (trimap[:, 1:] == 128) & (trimap[:, :-1] == 128)
    added, own = (np.abs(np.diff(matte, axis=1))[both].mean() for matte in (tiled - whole, whole))
    print(f"mean step between columns {own:.1e}, of what tiles change {added:.1e}")


def time_dtypes(folder: Path, arguments: argparse.Namespace) -> None:
    """Print milliseconds, and on a GPU peak memory, in float32 and in bfloat16."""
    on_gpu = torch.device(arguments.device).type == "cuda"
    image, trimap = draw(*(arguments.size or ((1080, 1920) if on_gpu else (832, 1024))))
    device = torch.cuda.get_device_name() if on_gpu else f"CPU, {arguments.threads} threads"
    print(f"{device}, {image.shape[0]} x {image.shape[1]}, torch {torch.__version__}")
    mattes = {}
    for dtype in ("float32", "bfloat16"):
        method = load_fake_sim(folder, "paper", device=arguments.device, dtype=dtype)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        times = []
        for _ in range(arguments.rounds + 2 * on_gpu):  # a GPU's first calls choose their algorithms
            watch = Watch()
            mattes[dtype] = method.predict(image, trimap)  # in the host's memory, so the GPU is done
            times.append(watch.look()[1] * 1000)
        memory = f", {torch.cuda.max_memory_allocated() / 1e9:.2f} GB" if on_gpu else ""
        worst = np.abs(mattes[dtype] - mattes["float32"]).max()
        print(f"{dtype}: {min(times):.0f} ms{memory}, largest difference to float32 {worst:.4f}")


def measure_memory(sizes: Sequence[tuple[int, int]], unknown: str) -> None:
    """Print the peak memory of a process for each size, and what the method estimates before it starts."""
    print(f"{'size':>14}{'megapixels':>12}{'peak GB':>10}{'estimate':>10}")
    for height, width in sizes:
        command = [
            sys.executable,
            __file__,
            "--peak",
            "--size",
            str(height),
            str(width),
            "--unknown",
            unknown,
        ]
        done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
        peak, estimate = map(float, done.stdout.split()[-2:])
        print(f"{height:>7} x {width:<4}{height * width / 1e6:12.2f}{peak:10.2f}{estimate:10.2f}", flush=True)


if __name__ == "__main__":
    main()
