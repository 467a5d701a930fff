"""Peak memory and seconds of published networks on the CPU, by size, beside what each method estimates.

    python benchmarks/speed/published.py                             # all of them
    python benchmarks/speed/published.py gca --megapixels 1 4 6

The weights are made up, which changes neither. Each size runs in a process of its own, whose memory is
that of PyTorch, the network and its maps; the seconds are those of one prediction on one thread.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch

from simd.methods import load_method
from simd.methods.networks import PUBLISHED, build_network
from simd.methods.weights.folder import save_weights

PRESETS = {"dim": ("mmagic", "skip")}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(PUBLISHED), metavar="NETWORK")
    parser.add_argument("--megapixels", type=float, nargs="+", default=(0.25, 1, 2, 4))
    parser.add_argument("--small", action="store_true", help="the small preset, to try this program")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.measure:
        network, weights = arguments.measure
        measure(network, weights, arguments.megapixels[0])
        return
    print(f"{'network':>22}{'megapixels':>12}{'peak GB':>10}{'estimate':>10}{'seconds':>10}")
    for network in arguments.networks:
        for preset in ("small",) if arguments.small else PRESETS.get(network, ("paper",)):
            with tempfile.TemporaryDirectory() as folder:
                torch.manual_seed(0)
                tensors = build_network(network, preset).state_dict()
                facts = {"source": "random", "licence": "CC0-1.0"}
                save_weights(tensors, folder, network=network, preset=preset, **facts)
                for megapixels in arguments.megapixels:
                    of = ("--measure", network, folder, "--megapixels", str(megapixels))
                    command = [sys.executable, __file__, *of]
                    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
                    peak, estimate, seconds = map(float, done.stdout.split())
                    numbers = f"{megapixels:12.2f}{peak:10.2f}{estimate:10.2f}{seconds:10.1f}"
                    print(f"{f'{network} ({preset})':>22}{numbers}", flush=True)


def measure(network: str, weights: str, megapixels: float) -> None:
    """Print peak memory in gigabytes, the method's estimate of it, and seconds."""
    height = max(round((megapixels * 1e6 * 2 / 3) ** 0.5), 1)
    width = max(round(1.5 * height), 1)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    radius = np.hypot(*(np.mgrid[:height, :width] - np.array([[[height / 2]], [[width / 2]]]))) / height
    trimap = np.select([radius < 0.24, radius < 0.4], [255, 128], 0).astype(np.uint8)
    trimap[0, 0] = 128
    method = load_method(network, {"weights": weights, "threads": 1})
    start = time.perf_counter()
    method.predict(image, trimap)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(peak, method.gigabytes(megapixels), seconds)


if __name__ == "__main__":
    main()
