"""Time the training samples beside GCA-Matting's loader: the same files, the same augmentations, 512 pixels.

    git clone --depth 1 https://github.com/Yaoyi-Li/GCA-Matting build/peers/GCA-Matting
    python benchmarks/speed/loader.py build/peers/GCA-Matting
    python benchmarks/speed/loader.py --alone            # ours alone, with the recipe `sim` at 320 pixels

Both make batches of 8 in the process that takes them (one worker), kept to one thread, in turns. CPU time
counts, and with it the conversion to the tensors that GCA's training step takes: image, F and B normalised,
alpha, and the trimap's three planes. GCA's loader makes them itself; ours hands over uint8, converted here.

The checkout is used as it is. What it imports and its loader does not need (a logger, torchvision beyond
`Compose`) is stood in for, and `np.int`, gone from NumPy, is given back.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

SIZES = ((1080, 1440), (1200, 1600), (1500, 1000), (1080, 1920), (1600, 1200))  # (H, W)
BATCH = 8
MEAN, STD = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
SCALE, SHIFT = [1 / (255 * s) for s in STD], [m / s for m, s in zip(MEAN, STD, strict=True)]
GCA = {
    **{"side": 512, "crops": (512,), "rotation": 30.0, "rotation_from": 1024, "scale": (0.8, 1.25)},
    **{"shear": 10.0, "flip": 0.5, "flip_vertical": 0.5, "merge": 0.5, "squeeze": 0.25, "jitter": 1.0},
    **{"kernels": (1, 29), "iterations": (1, 1), "background": "stretch", "background_flip": 0.0},
}
PROGRAMS = {
    "GCA-Matting": 0,
    "simd, all cached": 2048,
    "simd, no backgrounds cached": -2048,
    "simd, no cache": 0,
}
"""Program to the megabytes of its cache; negative: of foregrounds alone."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, nargs="?", help="a clone of GCA-Matting")
    parser.add_argument("--alone", action="store_true", help="ours alone, with the recipe sim")
    parser.add_argument("--foregrounds", type=int, default=20)
    parser.add_argument("--backgrounds", type=int, default=60)
    parser.add_argument("--samples", type=int, default=160, help="timed samples of each program and round")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many counts")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--interpolation", default="", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.checkout is None and not arguments.alone:
        parser.error("give a clone of GCA-Matting, or --alone")
    if arguments.run:
        print(json.dumps(run_one(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        draw_inputs(work, arguments.foregrounds, arguments.backgrounds)
        pixels = sum(h * w for h, w in (SIZES[n % len(SIZES)] for n in range(arguments.foregrounds)))
        print(
            f"{arguments.foregrounds} foregrounds of {pixels / arguments.foregrounds / 1e6:.1f} MP, "
            f"{arguments.backgrounds} backgrounds of 640 x 480, JPEG; one thread, CPU time, "
            f"best of {arguments.rounds}"
        )
        print(f"Python {sys.version.split()[0]}, numpy {np.__version__}, OpenCV {cv2.__version__}")
        if arguments.alone:
            compare_with_recipe(arguments, work)
        else:
            for interpolation in ("drawn", "nearest"):
                compare(arguments, work, interpolation)


def compare(arguments: argparse.Namespace, work: Path, interpolation: str) -> None:
    """Print samples a second of every program, its interpolation drawn among four or as GCA's file has it."""
    best: dict[str, float] = {}
    for _ in range(arguments.rounds):
        for name in PROGRAMS:
            cost = timed(arguments, work, name, interpolation)["sample"]
            best[name] = min(best.get(name, cost), cost)
    print(f"\n512 pixels, interpolation {interpolation}:{'samples a second':>30}{'ms':>8}{'ratio':>8}")
    for name, cost in best.items():
        print(f"  {name:30}{1 / cost:28.1f}{1e3 * cost:8.1f}{best['GCA-Matting'] / cost:8.1f}")


def compare_with_recipe(arguments: argparse.Namespace, work: Path) -> None:
    """Print samples a second of the recipe `sim` at 320 pixels."""
    print(f"\n320 pixels, recipe sim:{'samples a second':>33}{'with conversion':>17}")
    for name in list(PROGRAMS)[1:]:
        runs = [timed(arguments, work, name, "linear") for _ in range(arguments.rounds)]
        made, both = (min(run[key] for run in runs) for key in ("made", "sample"))
        print(f"  {name:30}{1 / made:24.1f}{1 / both:17.1f}")


def timed(arguments: argparse.Namespace, work: Path, name: str, interpolation: str) -> dict[str, float]:
    """Run one program in a process of its own, on one core."""
    command = [sys.executable, __file__, str(arguments.checkout or "."), "--run", name, "--work", str(work)]
    command += ["--samples", str(arguments.samples), "--interpolation", interpolation]
    command += ["--alone"] if arguments.alone else []
    core = sorted(os.sched_getaffinity(0))[:1]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, core),
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def run_one(arguments: argparse.Namespace) -> dict[str, float]:
    """Take batches from one program; return its CPU seconds a sample, and those without the conversion."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if arguments.run == "GCA-Matting":
        stream, convert = gca_batches(arguments), lambda batch: batch
    else:
        stream, convert = our_batches(arguments), gca_tensors
    made = converted = 0.0
    for _ in range(arguments.samples // BATCH):
        start = time.process_time()
        batch = next(stream)
        middle = time.process_time()
        tensors = convert(batch)
        made, converted = made + middle - start, converted + time.process_time() - middle
    assert tensors["image"].dtype == torch.float32
    count = arguments.samples // BATCH * BATCH
    return {"made": made / count, "sample": (made + converted) / count}


def our_batches(arguments: argparse.Namespace):
    """Return our batches; where there is a cache it is filled first."""
    from simd.training.loading import batches
    from simd.training.samples import SampleOptions, Samples

    root = arguments.work
    options = SampleOptions(
        foregrounds=(str(root / "cutouts"),),
        backgrounds=(str(root / "scenery"),),
        classes=str(root / "classes.csv"),
        **({} if arguments.alone else GCA | {"interpolation": arguments.interpolation}),
    )
    cache_mb = PROGRAMS[arguments.run]
    samples = Samples(options, seed=0, cache_mb=abs(cache_mb), cache_backgrounds=cache_mb > 0)
    warm = 400 if cache_mb else BATCH
    for number in range(warm):
        samples[2**30 + number]
    return batches(samples, BATCH)


def gca_tensors(batch: dict) -> dict:
    """Turn a batch into the tensors that GCA's training step takes."""
    scale, shift = (torch.tensor(each).view(3, 1, 1) for each in (SCALE, SHIFT))
    tensors = {
        ours: torch.from_numpy(batch[name]).permute(0, 3, 1, 2).contiguous().float().mul_(scale).sub_(shift)
        for ours, name in (("image", "image"), ("fg", "foreground"), ("bg", "background"))
    }
    tensors["alpha"] = torch.from_numpy(batch["alpha"])[:, None].float().div_(255)
    trimap = torch.from_numpy(batch["trimap"])
    tensors["trimap"] = torch.stack([trimap == level for level in (0, 128, 255)], dim=1).float()
    return tensors


def gca_batches(arguments: argparse.Namespace):
    """Return the batches of GCA's loader, which is loaded from its checkout as it is."""
    if not (arguments.checkout / "dataloader" / "data_generator.py").is_file():
        raise SystemExit(f"{arguments.checkout}: not a clone of https://github.com/Yaoyi-Li/GCA-Matting")
    stand_in_for_imports()
    sys.path.insert(0, str(arguments.checkout))
    from dataloader.data_generator import DataGenerator
    from dataloader.image_file import ImageFileTrain
    from utils import CONFIG

    CONFIG.data.random_interp = arguments.interpolation == "drawn"
    root = arguments.work
    files = ImageFileTrain(
        alpha_dir=str(root / "cutouts" / "alpha"),
        fg_dir=str(root / "cutouts" / "fg"),
        bg_dir=str(root / "scenery" / "train2017"),
    )
    dataset = DataGenerator(files, phase="train")
    np.random.seed(0)
    loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, shuffle=True, drop_last=True)
    stream = (batch for _ in range(10**6) for batch in loader)
    next(stream)
    return stream


def stand_in_for_imports() -> None:
    """Give GCA's loader what it imports beyond NumPy, OpenCV and PyTorch, as far as it uses it."""

    class EasyDict(dict):
        def __getattr__(self, name):
            return self[name]

        def __setattr__(self, name, value):
            self[name] = value

    class Compose:
        def __init__(self, steps):
            self.steps = steps

        def __call__(self, sample):
            for step in self.steps:
                sample = step(sample)
            return sample

    np.int = int
    contents = {
        "easydict": {"EasyDict": EasyDict},
        "torchvision": {"transforms": types.SimpleNamespace(Compose=Compose)},
        "tensorboardX": {"SummaryWriter": None},
    }
    for name, values in contents.items():
        module = types.ModuleType(name)
        module.__dict__.update(values)
        sys.modules[name] = module


def draw_inputs(work: Path, foregrounds: int, backgrounds: int) -> None:
    """Write foregrounds and backgrounds as JPEG, and the classes of the foregrounds."""
    from simd.generator import synthetic
    from simd.image import read_image
    from simd.sources import index_backgrounds
    from simd.taxonomy import CLASSES

    rng = np.random.default_rng(0)
    lines = ["file,class"]
    for number in range(foregrounds):
        class_, (height, width) = CLASSES[number % len(CLASSES)], SIZES[number % len(SIZES)]
        fg, alpha, _ = synthetic(class_, seed=number, size=512)
        fg, alpha = (cv2.resize(a, (width, height), interpolation=cv2.INTER_CUBIC) for a in (fg, alpha))
        fg = np.clip(fg + rng.normal(0, 3, fg.shape[:2])[..., None], 0, 255).astype(np.uint8)
        write(work / "cutouts" / "fg" / f"f{number}.jpg", fg)
        write(work / "cutouts" / "alpha" / f"f{number}.jpg", alpha)
        lines.append(f"f{number},{class_}")
    (work / "classes.csv").write_text("\n".join(lines) + "\n")
    photographs = [read_image(record.file) for record in index_backgrounds("builtin").records]
    for number in range(backgrounds):
        photograph = photographs[number % len(photographs)]
        height, width = photograph.shape[:2]
        h = int(min(height, width * 0.75) * rng.uniform(0.6, 1))
        top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - int(h / 0.75) + 1))
        piece = photograph[top : top + h, left : left + int(h / 0.75)]
        write(work / "scenery" / "train2017" / f"{number:012}.jpg", cv2.resize(piece, (640, 480)))


def write(path: Path, pixels: np.ndarray) -> None:
    """Write a JPEG of the quality that cameras and COCO have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=92)


if __name__ == "__main__":
    main()
