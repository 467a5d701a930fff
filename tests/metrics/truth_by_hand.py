"""Folders of alphas, trimaps and predictions, small enough to score by hand."""

import numpy as np
from conftest import save, soft_alpha

from simd.image import write_png

SHAPE = 24, 32


def trimap_png(path, values=(0, 128, 255)):
    """Write a trimap of three equal stripes, 8 rows of 32 pixels each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(path, np.repeat(np.array(values, np.uint8), 8)[:, None].repeat(32, axis=1))


def grey(path, level):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(path, np.full(SHAPE, level, np.uint8))


def composition_1k(root, foregrounds=("dandelion-1", "net"), composites=3):
    """Write an alpha a foreground, and a trimap and a prediction a composite."""
    for level, fg in enumerate(foregrounds):
        grey(root / "alpha" / f"{fg}.png", 100 + level)
        for k in range(composites):
            trimap_png(root / "trimaps" / f"{fg}_{k}.png")
            grey(root / "pred" / f"{fg}_{k}.png", 100 + level + 51)
    return root


def release(root, images=("fire/flame_2008_000123", "fire/flame_2009_000001", "plant_leaf/fern_2007_000032")):
    """Write the output of the generator of the SIMD release: a folder a class with merged, trimap, alpha."""
    for image in images:
        class_, name = image.split("/")
        save(root / class_ / "alpha" / f"{name}.png", soft_alpha(*SHAPE))
        save(root / class_ / "merged" / f"{name}.png", np.zeros((*SHAPE, 3), np.uint8))
        trimap_png(root / class_ / "trimap" / f"{name}.png")
    return root


def ids(truths):
    return [image.id for image in truths.images]


def facts(truths, *names):
    return {image.id: tuple(getattr(image, name) for name in names) for image in truths.images}
