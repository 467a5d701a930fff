"""Recipes of a few steps on patches of 64 pixels, for tests."""

import numpy as np

from simd.training.recipe import read_recipe

TINY = (
    *("data.side=64", "data.crops=[64]", "data.patch_sides=[48, 64]", "loop.batch=2", "loop.log_every=1"),
    *(
        "schedule.warm_up=2",
        "checkpoints.every=2",
        "checkpoints.keep=2",
        "validation.every=0",
        "data.held_out=0",
    ),
    "checkpoints.final=last",
)


class Patches:
    """Sample i is drawn from i alone: a disc of one of three classes over noise."""

    def __init__(self, *, side=64, broken=None, label=None):
        self.side, self.broken, self.label, self.asked = side, broken, label, []

    def __getitem__(self, i):
        self.asked.append(i)
        if i == self.broken:
            raise KeyboardInterrupt
        rng = np.random.default_rng(i)
        y, x = np.mgrid[: self.side, : self.side]
        middle = rng.uniform(0.3, 0.7, 2) * self.side
        distance = np.hypot(y - middle[0], x - middle[1])
        alpha = np.clip(128 + 12 * (self.side / 4 - distance), 0, 255).astype(np.uint8)
        trimap = np.select([alpha == 0, alpha == 255], [0, 255], 128).astype(np.uint8)
        fg, bg = (rng.integers(0, 256, (self.side, self.side, 3), np.uint8) for _ in range(2))
        share = alpha[..., None] / 255
        label = i % 3 if self.label is None else self.label
        return {
            "image": np.rint(share * fg + (1 - share) * bg).astype(np.uint8),
            **{"foreground": fg, "background": bg, "alpha": alpha, "trimap": trimap},
            "classes": np.where(trimap == 128, label, 255).astype(np.uint8),
            "label": np.int64(label),
        }


def tiny_recipe(name, *settings):
    return read_recipe(name, [*TINY, *settings])
