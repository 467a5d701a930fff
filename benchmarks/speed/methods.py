"""Peak memory and seconds of every method on one core, by size, beside the memory that each estimates.

    python benchmarks/speed/methods.py                                  # all of them, at 1 and 4 megapixels
    python benchmarks/speed/methods.py closed-form gca --megapixels 0.25 1 2

One drawn picture of fur, 15 % of it unknown. Networks get made-up weights, which change neither figure (those
of ViTMatte have the sizes of its small model). Each size runs in a process of its own: the memory is that of
the whole process, the seconds are CPU time of one prediction after one of a small picture.
`external` and `onnx` are not here: they take what the program or the model takes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simd.methods import METHODS, load_method
from simd.methods.facts import facts_of, gigabytes_of
from simd.parallel import free_gigabytes, peak_megabytes

LEFT_OUT = ("external", "onnx")
MEGAPIXELS = (1.0, 4.0)
WEIGHTS_OF = {
    "sim": ("sim", "classifier"),
    **{name: (name,) for name in ("dim", "indexnet", "gca", "fba", "shm")},
}
PRESETS = {"dim": ("mmagic", "skip")}  # the others: paper
HEADER = (
    f"{'method':>20} {'megapixels':>11} {'peak GB':>8} {'estimate':>9} {'seconds':>8} {'a megapixel':>12}"
)


class Measured(NamedTuple):
    """One prediction."""

    gigabytes: float
    estimate: float
    seconds: float


def main() -> None:
    summary = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=summary)
    choices = [name for name in METHODS if name not in LEFT_OUT]
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="in place of all")
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS)
    parser.add_argument("--small", action="store_true", help="small networks, to try this program")
    parser.add_argument("--measure", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := [name for name in given.methods if name not in choices]:
        parser.error(f"{', '.join(unknown)}: not among {', '.join(choices)}")
    if given.measure:
        print(*measure(given.methods[0], *given.measure))
        return
    print(HEADER)
    for method in given.methods or choices:
        for preset in presets_of(method, small=given.small):
            label = f"{method} ({preset})" if method in PRESETS else method
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_weights(method, preset, folder / "weights")
                for megapixels in given.megapixels:
                    write_picture(megapixels, folder / "picture.npz")
                    print(
                        f"{label:>20} {megapixels:11.2f} {in_words(method, megapixels, folder)}", flush=True
                    )


def presets_of(method: str, *, small: bool) -> tuple[str, ...]:
    """Return the presets of its network to measure, one whatever it is where it has none."""
    return ("small",) if small else PRESETS.get(method, ("paper",))


def in_words(method: str, megapixels: float, folder: Path) -> str:
    """Measure in a process of its own; return the figures of a line of the table, or why there are none."""
    paths = [str(folder / "picture.npz"), str(folder / "weights")]
    command = [sys.executable, __file__, method, "--measure", *paths]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    done = subprocess.run(command, text=True, capture_output=True, env=os.environ | threads, check=False)
    if done.returncode:
        return f"none: {(done.stderr.strip().splitlines() or ['killed'])[-1]:.80}"
    measured = Measured(*map(float, done.stdout.split()[-3:]))
    figures = f"{measured.gigabytes:8.2f} {measured.estimate:9.2f} {measured.seconds:8.1f}"
    return f"{figures} {measured.seconds / megapixels:12.2f}"


def measure(method_name: str, picture: Path, weights: Path) -> Measured:
    """Predict a small part of the picture, then all of it."""
    arrays = np.load(picture)
    image, trimap = arrays["image"], arrays["trimap"]
    megapixels = trimap.size / 1e6
    method = load_method(method_name, options_of(weights))
    if (estimate := gigabytes_of(method, megapixels)) > free_gigabytes():
        sys.exit(f"needs {estimate:.0f} GB by its own estimate, {free_gigabytes():.0f} GB are free")
    takes_trimap = facts_of(method).takes_trimap
    part = tuple(slice(None, None, max(1, side // 64)) for side in trimap.shape)
    seconds = 0.0
    for inputs in ((image[part], trimap[part]), (image, trimap)):
        begin = time.process_time()
        method.predict(*map(np.ascontiguousarray, inputs if takes_trimap else inputs[:1]))
        seconds = time.process_time() - begin
    peak = peak_megabytes()
    return Measured(float("nan") if peak is None else peak / 1000, estimate, seconds)


def options_of(weights: Path) -> Mapping[str, Any]:
    """Return the options of a method: with one that has weights, these and one thread."""
    return {"weights": str(weights), "threads": 1} if weights.exists() else {}


def write_picture(megapixels: float, path: Path) -> None:
    """Draw the picture; drawing takes memory of its own, so it is not done where memory is measured."""
    from matting_cases import picture

    image, trimap = picture("drawn fur", megapixels, None)
    np.savez(path, image=image, trimap=trimap)


def write_weights(method: str, preset: str, folder: Path) -> None:
    """Write made-up weights for a method that takes some."""
    if method == "vitmatte":
        write_vitmatte(folder, small=preset == "small")
        return
    for network, tensors in made_up(method, preset):
        from simd.methods.weights.folder import save_weights

        save_weights(tensors, folder, network=network, preset=preset, source="random", licence="CC0-1.0")


def made_up(method: str, preset: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a method's networks by name, with random weights."""
    if method not in WEIGHTS_OF:
        return
    import torch

    from simd.methods.networks import build_network

    torch.manual_seed(0)
    for network in WEIGHTS_OF[method]:
        yield network, build_network(network, preset).state_dict()


def write_vitmatte(folder: Path, *, small: bool) -> None:
    """Write a ViTMatte of the sizes of its small model (Composition-1k), or a tiny one."""
    import torch
    import transformers

    torch.manual_seed(0)
    width, layers, heads = (48, 2, 3) if small else (384, 12, 6)
    whole = [layer for layer in range(layers) if layer % 3 == 2 or layer == layers - 1]
    backbone = transformers.VitDetConfig(
        num_channels=4,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        image_size=512,
        pretrain_image_size=224,
        patch_size=16,
        window_size=14,
        window_block_indices=[layer for layer in range(layers) if layer not in whole],
        residual_block_indices=whole,
        use_relative_position_embeddings=True,
        out_features=[f"stage{layers}"],
    )
    config = transformers.VitMatteConfig(
        hidden_size=width,
        convstream_hidden_sizes=[48, 96, 192],
        fusion_hidden_sizes=[256, 128, 64, 32],
        backbone_config=backbone,
    )
    transformers.utils.logging.disable_progress_bar()
    transformers.VitMatteForImageMatting(config).save_pretrained(folder)
    transformers.VitMatteImageProcessorPil().save_pretrained(folder)


if __name__ == "__main__":
    main()
