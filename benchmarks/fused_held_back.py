"""Score weights of `fused` on the examples that a run of its training validates with.

    python benchmarks/fused_held_back.py RUN                                   # of simd train fused
    python benchmarks/fused_held_back.py RUN --weights runs/fused RUN
    python benchmarks/fused_held_back.py RUN --plain 512 --count 112   # as sets have them, at 512 pixels
    python benchmarks/fused_held_back.py RUN --hardly-known 320 --seed 12 --count 256

No run has learned from them, as they have a seed of their own: by these figures weights may be chosen, by
those of a test set they may not. The ratio is the mean SAD over the smaller of closed-form's and shared's own
on the same examples; below 1 is better. *fallbacks* are the examples to which at least one of the two has no
answer of its own, *hardly known* those of which more than nine pixels in ten are unknown.

With --plain the examples have the shares of a set and not those of the recipe: whole objects of the training
split, all classes alike, with the trimaps of the protocol `exact`, a tenth and a half of them over
photographs. They are kept in RUN, too. With --hardly-known they are changed as the recipe's are, and only a
few discs of their trimaps are known, mostly: of those that know background alone the network's SAD is printed
beside that of alpha 0, by the share of the image that is known.
"""

import argparse
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from simd.generator.objects import MIXED
from simd.image import BACKGROUND, FOREGROUND, UNKNOWN
from simd.methods import Answer, Fallback
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
KNOWN = (0, 0.001, 0.003, 0.01, 0.03, 1)  # shares of the image


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="its recipe.toml, and the examples kept in it")
    parser.add_argument("--weights", nargs="+", default=[str(WEIGHTS)], help="folders; else the package's")
    parser.add_argument("--plain", type=int, metavar="SIDE", help="as sets have them, of SIDE pixels")
    parser.add_argument("--hardly-known", type=int, metavar="SIDE", help="a few discs of the trimap known")
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
    elif given.hardly_known is not None:
        options, folder = hardly_known(options, given.hardly_known), f"hardly-known-{given.hardly_known}"
    shelf = Shelf(Examples(options, seed), given.run / folder / str(seed))
    if given.hardly_known is not None:
        for weights in given.weights:
            beside_nothing(load_fused(weights=weights), shelf, count)
        return
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


def hardly_known(options: ExampleOptions, side: int) -> ExampleOptions:
    """Return options for objects of `side` pixels of whose trimaps a few discs are left."""
    changed = replace(options, plain=(0.0, 0.0), nearly_unknown=1.0, one_sided=0.0, unknown=0.0, haze=0.0)
    return replace(as_sets_have_them(changed, side), plain=(0.0, 0.0))


def beside_nothing(method: FusedMethod, shelf: Shelf, count: int) -> None:
    """Print the SAD of the network and of alpha 0 where background alone is known, by how much of it is."""
    rows = []
    for number in range(count):
        image, trimap, alpha, answers, unknown = parts(shelf[number])
        if (trimap == BACKGROUND).any() and not (trimap == FOREGROUND).any():
            matte = method.by_network(image, trimap, answers)
            rows.append((1 - unknown.mean(), *(float(sad(a, alpha, unknown)) for a in (0 * matte, matte))))
    print(f"{count} examples of which {len(rows)} know background alone\n")
    if not rows:
        return
    print(f"{'known, of the image':24}{'examples':>9}{'alpha 0':>9}{'network':>9}{'better':>8}")
    table = np.array(rows)
    for low, high in pairwise(KNOWN):
        known, nothing, network = table[(table[:, 0] > low) & (table[:, 0] <= high)].T
        if len(known):
            better = (network < nothing).mean()
            head = f"{100 * low:g} to {100 * high:g} %"
            print(f"{head:24}{len(known):9}{nothing.mean():9.2f}{network.mean():9.2f}{better:8.2f}")


def row(method: FusedMethod, example: np.ndarray) -> tuple[float, ...]:
    """Return the SADs of closed-form, shared and fused, whether one is a fallback, the unknown share."""
    image, trimap, alpha, answers, unknown = parts(example)
    fused = method.weigh(image, trimap, answers)
    mattes = [*(answer.alpha for answer in answers), fused.alpha if isinstance(fused, Fallback) else fused]
    is_fallback = any(answer.is_fallback for answer in answers)
    return *(float(sad(matte, alpha, unknown)) for matte in mattes), is_fallback, unknown.mean()


def parts(example: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Answer], np.ndarray]:
    """Return image, trimap, alpha, the classical answers, and where a trimap is unknown."""
    image, trimap, alpha = (np.ascontiguousarray(example[..., at]) for at in (IMAGE, TRIMAP, ALPHA))
    bits = int(example[0, 0, FALLBACKS])
    mattes = [np.ascontiguousarray(example[..., ANSWERS.start + which]) for which in range(2)]
    answers = [Answer(matte, bool(bits >> which & 1)) for which, matte in enumerate(mattes)]
    return image, trimap, alpha, answers, trimap == UNKNOWN


def ratio(rows: np.ndarray) -> float:
    if not len(rows):
        return np.nan
    closed_form, shared, fused = rows[:, :3].mean(axis=0)
    return float(fused / min(closed_form, shared))


if __name__ == "__main__":
    main()
