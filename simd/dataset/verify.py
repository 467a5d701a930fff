"""Check that a set on disk still is what its manifest says, pixel for pixel."""

from pathlib import Path

from simd.arguments import checked
from simd.dataset.layers import decode_layer, layer_problem
from simd.dataset.manifest import MattingSet, Sample, load_set
from simd.errors import BatchError, SimdError
from simd.parallel import run
from simd.progress import track
from simd.records import LAYERS


@checked
def verify(dataset: MattingSet | str | Path, *, workers: int = 1) -> MattingSet:
    """Decode and hash every image of a set, given itself or by its folder, and return it.

    Raises
    ------
    BatchError
        With every file that is missing, unreadable, changed, or not part of the set.
    """
    matting_set = dataset if isinstance(dataset, MattingSet) else load_set(dataset)
    problems: dict[str, str] = {}
    samples = list(matting_set)
    outcomes = run(_verify_sample, samples, workers=workers)
    of_samples = {
        outcome.item.row.id: outcome.value
        if outcome.value is not None
        else {outcome.item.row.id: outcome.reason or ""}
        for outcome in track(outcomes, len(samples), "composites")
    }
    for sample in samples:  # in their order, however the processes came along
        problems |= of_samples[sample.row.id]
    for layer in LAYERS:
        wanted = {sample.path(layer) for sample in samples}
        folder = matting_set.path / layer
        for file in sorted(folder.iterdir()) if folder.is_dir() else ():
            if file not in wanted:
                problems[f"{layer}/{file.name}"] = "is not part of the set"
    if problems:
        raise BatchError(problems, "files", len(LAYERS) * len(samples))
    return matting_set


def _verify_sample(sample: Sample) -> dict[str, str]:
    problems = {}
    try:
        size = sample.size
    except SimdError as error:
        return {sample.path("image").relative_to(sample.root).as_posix(): str(error)}
    for layer in LAYERS:
        name = sample.path(layer).relative_to(sample.root).as_posix()
        try:
            pixels = decode_layer(sample.path(layer), layer)
        except SimdError as error:
            problems[name] = str(error)
            continue
        if problem := layer_problem(sample.row, layer, pixels, size):
            problems[name] = problem
    return problems
