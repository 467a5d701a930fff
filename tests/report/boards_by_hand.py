"""Scores and a set small enough to work out by hand, for the tests of leaderboards."""

from pathlib import Path

import numpy as np

from simd.dataset.manifest import load_set, write_manifest
from simd.image import pixel_digest, write_png
from simd.metrics.score import WHOLE, Score
from simd.metrics.scores import Scores
from simd.records import LAYERS, Composite
from simd.taxonomy import class_index

SIDE, BOX = 48, slice(16, 32)  # the unknown region is the 16 x 16 box: 256 pixels, where alpha is 1


def score(id_, class_, sad, *, fg=None, kind="reference", fallback="", region=WHOLE):
    """Return a score whose MSE is SAD / 100, Grad SAD * 2 and Conn SAD * 3."""
    return Score(
        **{"id": id_, "class_": class_, "fg_id": fg or id_, "region": region, "pixels": 256},
        **{"sad": sad, "mse": sad / 100, "grad": sad * 2, "conn": sad * 3},
        **{"alpha_kind": kind, "fallback": fallback},
    )


def scores(name, rows, *, set_digest="a" * 64, trimaps="b" * 64, paths=None, missing=None, seconds=0.5):
    return Scores(
        name=name,
        version="1",
        set={"name": "tiny", "protocol": "exact", "digest": set_digest, "trimaps_digest": trimaps},
        paths=paths or {"set": "gone/set", "predictions": "gone/predictions"},
        rows=tuple(rows),
        missing=missing or {},
        seconds_per_image=seconds,
    )


def two_methods():
    """Return the scores of two methods on two images of fur, one of fire and one of net.

    ``ours``:  fur 2 and 4, fire 9, net 6: class means 3, 9, 6; class-balanced 6, over images 21 / 4 = 5.25
    ``plain``: fur 1 and 1, fire 18, net 9: class means 1, 18, 9; class-balanced 28 / 3, over images 7.25
    """
    facts = [
        ("fur-1", "fur", {"fg": "cat", "kind": "predicted"}),
        ("fur-2", "fur", {"fg": "cat"}),
        ("fire-1", "fire", {"kind": "game_texture"}),
        ("net-1", "net", {}),
    ]
    ours = [score(id_, c, sad, **f) for (id_, c, f), sad in zip(facts, (2.0, 4.0, 9.0, 6.0), strict=True)]
    plain = [score(id_, c, sad, **f) for (id_, c, f), sad in zip(facts, (1.0, 1.0, 18.0, 9.0), strict=True)]
    ours += [score("net-1", "net", 6.0, region="net"), score("net-1", "net", 1.0, region="unlabelled")]
    plain[3] = score("net-1", "net", 9.0, fallback="out of memory")
    return [scores("ours", ours), scores("plain", plain, seconds=None)]


def write_tiny_set(root: Path, classes=("fur", "net"), fg_id="cat.png", bg_id="sky.jpg"):
    """Write a set with an image of each class: alpha is 1 in a box, which is the unknown region."""
    rows = []
    for name in classes:
        id_ = f"{name.replace('_', '-')}-00000001"
        box = np.zeros((SIDE, SIDE), np.uint8)
        box[BOX, BOX] = 1
        layers = {
            "image": np.repeat(box[..., None] * np.uint8(200), 3, axis=2),
            "alpha": box * np.uint8(255),
            "trimap": box * np.uint8(128),
            "class_mask": np.where(box == 1, class_index(name), 255).astype(np.uint8),
        }
        for layer in LAYERS:
            (root / layer).mkdir(parents=True, exist_ok=True)
            write_png(root / layer / f"{id_}.png", layers[layer])
        rows.append(
            Composite(
                **{"id": id_, "class_": name, "classes": (name,), "fg_id": fg_id, "bg_id": bg_id},
                **{"source": "tiny", "licence": "CC0-1.0", "bg_source": "tiny", "bg_licence": "CC0-1.0"},
                **{"alpha_kind": "reference", "protocol": "exact", "seed": 0},
                recipe={"height": SIDE, "width": SIDE},
                class_mask_from="image",
                **{f"{layer}_sha256": pixel_digest(layers[layer]) for layer in LAYERS},
            )
        )
    write_manifest(root, rows, name="tiny", protocol="exact", seed=0, sources=[])
    return load_set(root)


def predict_a_constant(name, level, tiny, folder: Path):
    """Write mattes of one grey level and return their scores: SAD is 256 px * (255 - level) / 255 / 1000."""
    rows = []
    for sample in tiny:
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / f"{sample.row.id}.png", np.full((SIDE, SIDE), level, np.uint8))
        sad = 0.256 * (255 - level) / 255
        rows.append(score(sample.row.id, sample.row.class_, sad, fg=sample.row.fg_id))
    paths = {"set": str(tiny.path), "predictions": str(folder)}
    return scores(name, rows, set_digest=tiny.digest, trimaps=tiny.trimaps_digest, paths=paths)
