"""Score weights of `fused` on the examples that a run of its training validates with.

    python benchmarks/fused_held_back.py RUN                                   # of simd train fused
    python benchmarks/fused_held_back.py RUN --weights runs/fused RUN
    python benchmarks/fused_held_back.py RUN --plain 512 --count 112   # as sets have them, at 512 pixels

No run has learned from them, as they have a seed of their own: by these figures weights may be chosen, by
those of a test set they may not. The ratio is the mean SAD over the smaller of closed-form's and shared's own
on the same examples; below 1 is better. *fallbacks* are the examples to which at least one of the two has no
answer of its own, *hardly known* those of which more than nine pixels in ten are unknown.

With --plain the examples have the shares of a set and not those of the recipe: whole objects of the training
split, all classes alike, with the trimaps of the protocol `exact`, a tenth and a half of them over
photographs. They are kept in RUN, too.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from simd.generator.objects import MIXED
from simd.image import UNKNOWN
from simd.methods import Answer
from simd.methods.fused.method import WEIGHTS, FusedMethod, load_fused
from simd.metrics import sad
from simd.training.fused_examples import (
    ALPHA,
    ANSWERS,
    FALLBACKS,
    IMAGE,
    TRIMAP,
    ExampleOptions,
    Examples,
    Shelf,
)
from simd.training.recipe import read_recipe
from simd.trimap import default_radius

HARDLY = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="its recipe.toml, and the examples kept in it")
    parser.add_argument("--weights", nargs="+", default=[str(WEIGHTS)], help="folders; else the package's")
    parser.add_argument("--plain", type=int, metavar="SIDE", help="as sets have them, of SIDE pixels")
    parser.add_argument("--count", type=int, help="of examples; as many as the run validates with")
    parser.add_argument("--seed", type=int, help="of examples; the run's seed of validation")
    given = parser.parse_args()
    recipe = read_recipe(str(given.run / "recipe.toml"))
    if recipe.examples is None:
        parser.error(f"{given.run}: is not a run of the stage fused")
    seed = recipe.validation.seed if given.seed is None else given.seed
    count = recipe.validation.samples if given.count is None else given.count
    options, folder = recipe.examples, "examples"
    if given.plain is not None:
        options, folder = as_sets_have_them(options, given.plain), f"plain-{given.plain}"
    shelf = Shelf(Examples(options, seed), given.run / folder / str(seed))
    print(f"{count} examples of seed {seed}, ratio to the smaller of closed-form's and shared's SAD\n")
    print(f"{'':44}{'all':>8}{'solved':>8}{'fallbacks':>11}{'hardly known':>14}")
    for folder in given.weights:
        method = load_fused(weights=folder)
        rows = np.array([row(method, shelf[number]) for number in range(count)])
        fallback, hardly = rows[:, 3] > 0, rows[:, 4] > HARDLY
        parts = (np.full(count, True), ~fallback, fallback, hardly)
        ratios = [ratio(rows[part]) for part in parts]
        print("{:44}{:8.3f}{:8.3f}{:11.3f}{:14.3f}".format(folder[-43:], *ratios), flush=True)


def as_sets_have_them(options: ExampleOptions, side: int) -> ExampleOptions:
    """Return options for whole objects of `side` pixels over scenes and photographs, all classes alike."""
    return replace(
        options,
        side=side,
        drawn=(side,),
        crop=64,
        late_crop=64,
        radii=(default_radius((side, side)),),
        shares=tuple(f"{kind}=0" for kind in MIXED),
        plain=(1.0, 1.0),
        plain_photographs=(0.15, 0.15),
    )


def row(method: FusedMethod, example: np.ndarray) -> tuple[float, ...]:
    """Return the SADs of closed-form, shared and fused, whether one is a fallback, the unknown share."""
    trimap, alpha = (np.ascontiguousarray(example[..., at]) for at in (TRIMAP, ALPHA))
    unknown, fallbacks = trimap == UNKNOWN, int(example[0, 0, FALLBACKS])
    mattes = [np.ascontiguousarray(example[..., ANSWERS.start + which]) for which in range(2)]
    answers = [Answer(matte, bool(fallbacks >> which & 1)) for which, matte in enumerate(mattes)]
    mattes.append(method.weigh(np.ascontiguousarray(example[..., IMAGE]), trimap, answers))
    return *(float(sad(matte, alpha, unknown)) for matte in mattes), fallbacks, unknown.mean()


def ratio(rows: np.ndarray) -> float:
    if not len(rows):
        return np.nan
    closed_form, shared, fused = rows[:, :3].mean(axis=0)
    return float(fused / min(closed_form, shared))


if __name__ == "__main__":
    main()
