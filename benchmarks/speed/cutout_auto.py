"""Memory and time of `simd cutout --auto`, for each picture in a process of its own.

    python benchmarks/speed/cutout_auto.py [1 3 12 24] [--whole]

Megapixels of drawn fur; beside them the most memory that a worker has held, in 10⁶ bytes, the CPU seconds,
and the SAD in thousands. Pictures above 3 megapixels are solved at 1.5; --whole solves them as they are.
"""

import argparse
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from cutout_page import sad
from matting_cases import case

from simd.image import read_alpha, write_png
from simd.parallel import peak_megabytes, start_worker
from simd.studio.cutout import batch


def measure(folder: Path, photo: Path, is_whole: bool) -> tuple[int | None, float]:
    """Cut a picture out; return the peak of memory and the CPU seconds."""
    if is_whole:
        batch.WHOLE = 2**40
    begun = time.process_time()
    batch.cut_out_all(folder / "out", [photo])
    return peak_megabytes(), time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("megapixels", nargs="*", type=float, default=[1, 3, 12, 24])
    parser.add_argument("--whole", action="store_true", help="solve large pictures at their own size")
    given = parser.parse_args()
    print(f"{'megapixels':>10}{'size':>14}{'MB':>7}{'seconds':>9}{'SAD':>8}")
    for megapixels in given.megapixels:
        image, _, truth = case("drawn fur", megapixels, None)
        with tempfile.TemporaryDirectory() as kept:
            photo = Path(kept) / "photos" / "picture.png"
            photo.parent.mkdir()
            write_png(photo, image)
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, mp_context=context, initializer=start_worker) as pool:
                peak, seconds = pool.submit(measure, Path(kept), photo, given.whole).result()
            error = sad(read_alpha(Path(kept) / "out" / "alpha" / "picture.png"), np.asarray(truth))
        size = "{} x {}".format(*truth.shape)
        print(f"{megapixels:10g}{size:>14}{peak or 0:7d}{seconds:9.1f}{error:8.1f}", flush=True)


if __name__ == "__main__":
    main()
