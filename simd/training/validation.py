"""How good a network is on samples that it does not learn from: SAD by class, or the classes it confuses."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from simd.image import UNKNOWN
from simd.metrics.alpha import sad
from simd.taxonomy import CLASSES
from simd.training.human_stages import HumanStage, MNetStage, ShmStage, TNetStage
from simd.training.stages import FusedStage, MattingStage, PatchStage
from simd.training.tensors import Arrays

_TOGETHER = 8  # samples that go through a network at once


class Validation(NamedTuple):
    """The score of a network, lower is better, and what stands behind it."""

    score: float  # the mean over classes: of SAD, or of the share of patches taken for another class
    by_class: dict[str, float]
    facts: dict[str, Any]  # for the log: the confusion of classes, the trimap's own SAD
    strip: Arrays  # the first few samples with what the network makes of them

    def row(self) -> dict[str, Any]:
        """Return it for the log."""
        return {"score": self.score, "by_class": self.by_class, **self.facts}


@torch.no_grad()
def validate(
    stage: PatchStage | MattingStage | FusedStage | HumanStage,
    network: nn.Module,
    samples: Any,
    count: int,
    device: torch.device,
) -> Validation:
    """Score a network, which is left in evaluation mode, on the first `count` samples."""
    network.eval()
    batches = _batches(samples, count)
    if not isinstance(stage, PatchStage):
        return _validate_mattes(stage, network, batches, device)
    return _validate_patches(stage, network, batches, device)


def _validate_mattes(
    stage: MattingStage | FusedStage | HumanStage,
    network: nn.Module,
    batches: Iterator[Arrays],
    device: torch.device,
) -> Validation:
    counts_all = isinstance(stage, TNetStage | MNetStage | ShmStage) and stage.counts_all
    errors: dict[str, list[float]] = {name: [] for name in CLASSES}
    whole: list[float] = []
    grey: list[float] = []
    strip: dict[str, npt.NDArray[Any]] = {}
    for arrays in batches:
        preds = stage.solve(network, arrays, device).cpu().numpy().astype(np.float64)
        for i, pred in enumerate(preds):
            alpha, trimap, classes = (arrays[name][i] for name in ("alpha", "trimap", "classes"))
            counted = (trimap == UNKNOWN) | counts_all
            if counts_all:  # a known pixel has no class but that of its sample
                classes = np.full_like(classes, arrays["label"][i])
            for index in np.unique(classes[counted & (classes < len(CLASSES))]):
                region = counted & (classes == index)
                errors[CLASSES[index]].append(sad(pred.clip(0, 1), alpha, region))
            whole.append(sad(pred.clip(0, 1), alpha, counted))
            grey.append(sad(trimap, alpha, counted))
        if not strip:
            strip = {name: arrays[name] for name in ("image", "trimap", "alpha")}
            strip["pred"] = np.rint(preds.clip(0, 1) * 255).astype(np.uint8)
            if (seen := stage.classes_seen(arrays, device)) is not None:
                strip |= {"seen": seen.cpu().numpy().astype(np.uint8), "classes": arrays["classes"]}
    by_class = {name: float(np.mean(values)) for name, values in errors.items() if values}
    score = float(np.mean(list(by_class.values()))) if by_class else float("inf")
    return Validation(
        score, by_class, {"sad": float(np.mean(whole)), "trimap_sad": float(np.mean(grey))}, strip
    )


def _validate_patches(
    stage: PatchStage, network: nn.Module, batches: Iterator[Arrays], device: torch.device
) -> Validation:
    confusion: npt.NDArray[np.int64] = np.zeros((len(CLASSES), len(CLASSES)), np.int64)  # true, answered
    strip: dict[str, npt.NDArray[Any]] = {}
    for arrays in batches:
        answers = stage.classify(network, arrays, device).cpu().numpy()
        np.add.at(confusion, (np.asarray(arrays["label"], np.int64), answers), 1)
        if not strip:
            strip = {name: arrays[name] for name in ("image", "trimap", "alpha", "label") if name in arrays}
            strip["answer"] = answers
    total = confusion.sum(axis=1)
    by_class = {name: float(1 - confusion[i, i] / total[i]) for i, name in enumerate(CLASSES) if total[i]}
    score = float(np.mean(list(by_class.values()))) if by_class else float("inf")
    return Validation(score, by_class, {"confusion": confusion.tolist()}, strip)


def _batches(samples: Any, count: int) -> Iterator[Arrays]:
    for start in range(0, count, _TOGETHER):
        yield stacked([samples[i] for i in range(start, min(count, start + _TOGETHER))])


def stacked(samples: Sequence[Arrays]) -> Arrays:
    """Stack samples, array by array."""
    return {name: np.stack([np.asarray(sample[name]) for sample in samples]) for name in samples[0]}
