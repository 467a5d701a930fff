"""Train the small preset of `sim` on generated images, for the pictures of sim.md.

    python docs/sim_training.py WEIGHTS [--minutes 15 45]

writes a folder of weights for `simd predict sim --weights`: first the classifier, then the matting network,
which learns with its maps. Both learn from objects that `simd.stream` draws, on one core; nothing is
downloaded. It is no recipe of the paper: no discriminator, small crops, few steps. The weights know
drawn objects and no photographs.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import joblib
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import simd
from simd.composition.arithmetic import composite
from simd.composition.stream import Example
from simd.generator.objects import MIXED
from simd.image import UNKNOWN, UInt8
from simd.methods.networks import build_network
from simd.methods.networks.classifier import PatchClassifier
from simd.methods.networks.sim import SIM
from simd.methods.runtime.click_maps import click_maps, distances
from simd.methods.weights.folder import save_weights
from simd.taxonomy import NO_CLASS
from simd.training.losses import (
    alpha_loss,
    colour_loss,
    composition_loss,
    gradient_loss,
    laplacian_loss,
)
from simd.trimap import trimap_of

SIZE, SEED = 512, 0


def main() -> None:
    """Draw the objects, then train the classifier, then the matting network on what it says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--minutes", type=float, nargs=2, default=(15, 45), metavar=("CLASSIFIER", "SIM"))
    parser.add_argument("--objects", type=int, default=620, help="20 of each class and kind of mixed object")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)
    examples = simd.stream([*simd.CLASSES, *MIXED], size=SIZE, seed=SEED)
    pool = joblib.Parallel(n_jobs=2)(
        joblib.delayed(examples.__getitem__)(i) for i in range(arguments.objects)
    )
    crops = Crops(pool)
    classifier, sim = (build_network(name, "small") for name in ("classifier", "sim"))
    for network in (classifier, sim):
        network.to(memory_format=torch.channels_last)
    with torch.no_grad():  # alpha begins inside [0, 1], where its clamp lets gradients through
        sim.decoder.conv_up4_alpha[2].bias += 0.5
        sim.decoder.conv_up4_alpha[4].weight.abs_()

    def learn_classes() -> Tensor:
        batch = crops.batch(12, side=320)
        with torch.autocast("cpu", torch.bfloat16):
            logits = classifier(batch.image, batch.trimap / 255).logits
        return functional.cross_entropy(logits.float(), batch.label, label_smoothing=0.05)

    def learn_mattes() -> Tensor:
        return matting_loss(sim, classifier, crops.batch(12, side=160))

    train(classifier, learn_classes, 60 * arguments.minutes[0])
    classifier.requires_grad_(requires_grad=False)
    save(classifier, "classifier", arguments.weights)
    train(sim, learn_mattes, 60 * arguments.minutes[1])
    save(sim, "sim", arguments.weights)
    print(f"wrote {arguments.weights}")


def save(network: nn.Module, name: str, folder: Path) -> None:
    """Keep a network's weights where `simd predict sim` finds them."""
    made = {"source": "docs/sim_training.py, on objects drawn by simd", "licence": "CC0"}
    save_weights(network.state_dict(), folder, network=name, preset="small", **made)


def train(network: nn.Module, loss_of_a_batch: Callable[[], Tensor], seconds: float) -> None:
    """Take as many steps as the time allows, at a rate that rises, then falls to 0 along a cosine."""
    network.train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-3)
    start, said, recent = time.monotonic(), 0.0, []
    for step in count():
        done = (time.monotonic() - start) / seconds
        if done >= 1:
            break
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1, (step + 1) / 100) * (1 + math.cos(math.pi * done)) / 2
        loss = loss_of_a_batch()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if done - said >= 0.05:
            print(f"{done:4.0%}  step {step}  loss {np.mean(recent):.3f}", flush=True)
            said, recent = done, []
    network.eval()


class Batch:
    """Crops as the networks take them: (N, C, side, side), colours in [0, 1]."""

    def __init__(self, crops: list[tuple[UInt8, UInt8, UInt8, UInt8, UInt8, int]]) -> None:
        image, fg, bg, alpha, trimap, label = zip(*crops, strict=True)
        self.image, self.fg, self.bg = (_tensor(part) / 255 for part in (image, fg, bg))
        self.alpha, self.trimap = _tensor(alpha) / 255, _tensor(trimap)
        self.clicks = torch.from_numpy(np.stack([click_maps(distances(t), t.shape) for t in trimap]))
        self.label = torch.tensor(label)
        self.unknown = (self.trimap == UNKNOWN).float()


class Crops:
    """Random crops of drawn foregrounds over drawn backgrounds."""

    def __init__(self, pool: list[Example]) -> None:
        self.pool, self.rng = pool, np.random.default_rng(SEED)
        self._order: Iterator[int] = iter(())

    def batch(self, number: int, *, side: int) -> Batch:
        """Cut new crops, each with an unknown pixel in its middle."""
        return Batch([self._crop(side) for _ in range(number)])

    def _next(self) -> Example:
        index = next(self._order, None)
        if index is None:
            self._order = iter(self.rng.permutation(len(self.pool)).tolist())
            index = next(self._order)
        return self.pool[index]

    def _crop(self, side: int) -> tuple[UInt8, UInt8, UInt8, UInt8, UInt8, int]:
        rng, example = self.rng, self._next()
        while not (example.trimap == UNKNOWN).any():
            example = self._next()
        bg = self.pool[rng.integers(len(self.pool))].bg
        places = np.argwhere(example.trimap == UNKNOWN)
        corner = (places[rng.integers(len(places))] - side // 2).clip(0, SIZE - side)
        cut = tuple(slice(start, start + side) for start in corner)
        turn = slice(None, None, -1 if rng.random() < 0.5 else 1)
        fg, alpha, mask, bg = (
            part[cut][:, turn] for part in (example.fg, example.alpha, example.class_mask, bg)
        )
        exposure = rng.uniform(0.75, 1.25)
        fg, bg = (np.clip(part * exposure, 0, 255).astype(np.uint8) for part in (fg, bg))
        alpha = np.ascontiguousarray(alpha)
        image, trimap = composite(fg, alpha, bg), trimap_of(alpha, int(rng.integers(2, 16)))
        label = int(np.bincount(mask[mask != NO_CLASS], minlength=len(simd.CLASSES)).argmax())
        return image, fg, bg, alpha, trimap, label


def matting_loss(sim: SIM, classifier: PatchClassifier, batch: Batch) -> Tensor:
    """Add up the paper's losses on alpha, F, B and the weight maps, without its discriminator."""
    semantics = crop_semantics(classifier, batch)
    with torch.autocast("cpu", torch.bfloat16):
        solved = sim(batch.image, batch.trimap, batch.clicks, semantics)
    alpha, fg, bg, weights = (part.float() for part in solved)
    unknown, may_be_fg, may_be_bg = batch.unknown, (batch.trimap > 0).float(), (batch.trimap < 255).float()
    whole = torch.where(unknown == 1, alpha, batch.alpha)
    return (
        alpha_loss(alpha, batch.alpha, unknown)
        + composition_loss(batch.fg, batch.bg, alpha, batch.image, unknown)
        + 2 * laplacian_loss(whole, batch.alpha)
        + 0.3 * colour_loss(fg, batch.fg, bg, batch.bg, may_be_fg, may_be_bg)
        + 0.3 * composition_loss(fg, bg, batch.alpha, batch.image, unknown)
        + 0.2 * gradient_loss(alpha, fg, bg, weights, batch.image, unknown)
    )


@torch.no_grad()
def crop_semantics(classifier: PatchClassifier, batch: Batch) -> Tensor:
    """Return the semantic trimaps (N, 20, side, side) of crops that are one window each."""
    with torch.autocast("cpu", torch.bfloat16):
        maps = classifier(batch.image, batch.trimap / 255).score_maps.float()
    maps = functional.interpolate(maps, batch.image.shape[2:], mode="bilinear", align_corners=False)
    lowest, highest = maps.amin(dim=(1, 2, 3), keepdim=True), maps.amax(dim=(1, 2, 3), keepdim=True)
    return (maps - lowest) / (highest - lowest).clamp(min=1e-6) * batch.unknown


def _tensor(arrays: tuple[UInt8, ...]) -> Tensor:
    """Stack (H, W) or (H, W, 3) to float (N, C, H, W)."""
    stacked = torch.from_numpy(np.stack(arrays)).float()
    return stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2).contiguous()


if __name__ == "__main__":
    main()
