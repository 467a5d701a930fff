"""Time `simd build` by protocol `exact` beside an earlier version, in one run, with equal files asserted.

    git clone . build/peers/simd && git -C build/peers/simd checkout 4f9f5dc
    python benchmarks/speed/build.py build/peers/simd

Foregrounds are drawn, with a photograph's grain, square and 4 : 3 by turns, as JPEG with PNG alphas, and
backgrounds are JPEGs of 1600 x 1200. Each line is the CPU time of whole commands, start and imports included,
with one worker, the least of some turns.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

import simd
from simd.generator.scenes import SCENES, scene

CLASSES = ("fur", "hair_hard", "tree", "lace", "sharp", "smoke_cloud", "leaf", "net")
SHAPES = ((1, 1), (3, 4))  # height to width
LAYERS = ("image", "alpha", "trimap", "class_mask")


class Case(NamedTuple):
    """A set to build."""

    megapixels: float
    foregrounds: int
    per_foreground: int


CASES = (Case(1, 8, 1), Case(1, 8, 5), Case(16, 4, 1), Case(16, 4, 5))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, help="an earlier version of this project")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--megapixels", type=float, help="of all sets, for a quick look")
    parser.add_argument("--only", type=int, default=len(CASES), help="the first sets")
    arguments = parser.parse_args()
    here = Path(__file__).parent.parent.parent
    print(f"Python {sys.version.split()[0]}, numpy {np.__version__}; CPU seconds of whole commands\n")
    print("megapixels  composites  earlier  now    ratio")
    with tempfile.TemporaryDirectory() as folder:
        for case in CASES[: arguments.only]:
            megapixels = arguments.megapixels or case.megapixels
            case = case._replace(megapixels=megapixels)  # noqa: PLW2901
            sources = Path(folder, f"{case.megapixels:g}")
            if not sources.exists():
                draw(sources, case)
            best: dict[str, float] = {}
            for _ in range(arguments.turns):
                for name, program in (("earlier", arguments.checkout), ("now", here)):
                    shutil.rmtree(Path(folder, name), ignore_errors=True)
                    seconds = build(program, sources, Path(folder, name), case)
                    best[name] = min(best.get(name, seconds), seconds)
            check_equal(Path(folder, "earlier"), Path(folder, "now"))
            earlier, now = best["earlier"], best["now"]
            count = case.foregrounds * case.per_foreground
            print(
                f"{case.megapixels:10g}  {count:10}  {earlier:7.2f}  {now:5.2f}  {earlier / now:5.2f}",
                flush=True,
            )


def draw(folder: Path, case: Case) -> None:
    """Write foregrounds, alphas, classes and backgrounds."""
    rng = np.random.default_rng(0)
    for name in ("fg", "alpha", "bg"):
        (folder / name).mkdir(parents=True)
    rows = ["id,class"]
    for number in range(case.foregrounds):
        class_, shape = CLASSES[number], SHAPES[number % len(SHAPES)]
        fg, alpha = simd.synthetic(class_, number, 768)[:2]
        scale = (case.megapixels * 2**20 / (shape[0] * shape[1])) ** 0.5
        size = round(shape[1] * scale), round(shape[0] * scale)
        Image.fromarray(grain(fg, size, rng)).save(folder / "fg" / f"{class_}.jpg", quality=95)
        Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC).save(folder / "alpha" / f"{class_}.png")
        rows.append(f"{class_},{class_}")
    (folder / "classes.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for number, kind in enumerate(list(SCENES)[:6]):
        pixels = grain(scene(kind, number, 600), (1600, 1200), rng)
        Image.fromarray(pixels).save(folder / "bg" / f"{kind}.jpg", quality=92)


def grain(pixels: np.ndarray, size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Enlarge to (width, height), and add noise."""
    large = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), np.float32)
    return (large + rng.normal(0, 3, large.shape)).clip(0, 255).astype(np.uint8)


def build(program: Path, sources: Path, out: Path, case: Case) -> float:
    """Build a set by a checkout of the project; return its CPU seconds."""
    command = [sys.executable, "-m", "simd", "build", str(out), "--foregrounds", str(sources)]
    command += ["--backgrounds", str(sources / "bg"), "--per-foreground", str(case.per_foreground)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*command, "--any-licence", "--workers", "1"],
        env=environment | {"PYTHONPATH": str(program.resolve()), "PYTHONPYCACHEPREFIX": str(sources / "pyc")},
        cwd=sources,  # the folder that Python would look for the project in first
        capture_output=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check_equal(earlier: Path, now: Path) -> None:
    """Stop unless both sets have the same files, to the byte."""
    for layer in LAYERS:
        names = sorted(path.name for path in (earlier / layer).iterdir())
        assert names == sorted(path.name for path in (now / layer).iterdir())
        for name in names:
            assert (earlier / layer / name).read_bytes() == (now / layer / name).read_bytes(), (layer, name)


if __name__ == "__main__":
    main()
