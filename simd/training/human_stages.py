"""The three stages of Semantic Human Matting (section 4.4): what each trains, computes and keeps.

``shm-tnet``  T-Net alone: background, unknown, foreground
``shm-mnet``  M-Net alone, on true trimaps
``shm``       both together, from the two before: the details teach the semantics
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from simd.errors import DataError
from simd.methods.networks import build_network
from simd.methods.networks.shm import FOREGROUND, SHM, UNKNOWN, cut_windows, fuse
from simd.training.recipe import Recipe
from simd.training.run_weights import load_trained, save_trained
from simd.training.tensors import Arrays, human_batch

_EPS = 1e-12

Forward = Callable[..., Any]
Total = Callable[[Tensor], Tensor]


class _HumanStage:
    """What the three have in common: nothing beside the network that learns, and no classes."""

    name: str
    _preset: str

    def to(self, device: torch.device) -> None:
        """Nothing else is needed."""

    def classes_seen(self, arrays: Arrays, device: torch.device) -> Tensor | None:
        """Return None: it sees no classes."""
        del arrays, device
        return None

    def save(self, network: nn.Module, folder: Path, source: str) -> None:
        """Write the weights, of all the networks that learn, with one card."""
        save_trained(network, folder, self.name, self._preset, source)


class TNetStage(_HumanStage):
    """T-Net: cross-entropy of the trimap."""

    name = "tnet"
    counts_all = True

    def __init__(self, recipe: Recipe) -> None:
        self._preset = recipe.head.preset
        self.network: nn.Module = build_network(self.name, self._preset)
        self.weights: dict[str, float] = {"trimap": 1.0}
        self.needs: dict[str, str] = {}

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return the cross-entropy."""
        del total
        batch = human_batch(arrays, device)
        return {"trimap": functional.cross_entropy(forward(batch.image).float(), batch.trimap)}

    def solve(self, network: nn.Module, arrays: Arrays, device: torch.device) -> Tensor:
        """Return alpha (N, H, W) in [0, 1] of T-Net alone: an unknown pixel counts a half."""
        probabilities = network(human_batch(arrays, device).image).float().softmax(dim=1)
        alpha: Tensor = probabilities[:, FOREGROUND] + probabilities[:, UNKNOWN] / 2
        return alpha


class MNetStage(_HumanStage):
    """M-Net on true trimaps: what L_p says of its own alpha.

    Not of the fused one: with a certain trimap it gives known pixels no gradient, and there the details count
    as soon as T-Net is not certain.
    """

    name = "mnet"
    counts_all = False

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.prediction is not None
        self._preset = recipe.head.preset
        self.network: nn.Module = build_network(self.name, self._preset)
        self.weights: dict[str, float] = recipe.prediction.weights
        self.needs: dict[str, str] = {}

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return both terms of L_p."""
        del total
        batch = human_batch(arrays, device)
        details = forward(batch.image, batch.certain).float()
        return prediction_terms(details, batch.alpha, batch.fg, batch.bg, batch.image)

    def solve(self, network: nn.Module, arrays: Arrays, device: torch.device) -> Tensor:
        """Return alpha (N, H, W) in [0, 1], fused with the true trimap."""
        batch = human_batch(arrays, device)
        details = network(batch.image, batch.certain).float()
        return fuse(batch.certain, details)[:, 0].clamp(0, 1)


class ShmStage(_HumanStage):
    r"""Both networks: :math:`L = L_p + \lambda L_t`, on M-Net's windows and on the whole crop.

    Nothing is detached, so L_p teaches T-Net by both ways on which its probabilities count: as what M-Net
    sees, and as weights of the fusion.
    """

    name = "shm"
    counts_all = True

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.prediction is not None
        assert recipe.end_to_end is not None
        self._preset, self._end_to_end = recipe.head.preset, recipe.end_to_end
        network = cast(SHM, build_network(self.name, self._preset))
        self.needs: dict[str, str] = {}
        for key in ("tnet", "mnet"):
            suffix = "-small" if self._preset == "small" else ""
            first = f"simd train shm-{key}{suffix} --out RUN"
            if getattr(recipe.head, key) is None:
                raise DataError(
                    f"shm begins from both networks, so that {key} comes first: {first}; then --set {key}=RUN"
                )
            module, card = load_trained(recipe, key, stage=f"shm-{key}", network=key, first=first)
            network.get_submodule(key).load_state_dict(module.state_dict())
            self.needs[key] = card.sha256
        self.network: nn.Module = network
        self.weights: dict[str, float] = {**recipe.prediction.weights, "trimap": self._end_to_end.trimap}

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return both terms of L_p, and L_t."""
        del total
        batch = human_batch(arrays, device)
        side = self._end_to_end.side
        windows = torch.from_numpy(arrays["window"]) if self._end_to_end.crops else None
        solved = forward(batch.image, windows, side)
        truth = [batch.alpha, batch.fg, batch.bg, batch.image]
        if windows is not None:
            truth = [cut_windows(each, windows, side) for each in truth]
        logits = solved.logits.float()
        return {
            **prediction_terms(solved.alpha.float(), *truth),
            "trimap": functional.cross_entropy(logits, batch.trimap),
        }

    def solve(self, network: nn.Module, arrays: Arrays, device: torch.device) -> Tensor:
        """Return alpha (N, H, W) in [0, 1]."""
        alpha: Tensor = network(human_batch(arrays, device).image).alpha.float()
        return alpha[:, 0].clamp(0, 1)


HumanStage = TNetStage | MNetStage | ShmStage
HUMAN_STAGES: dict[str, type[HumanStage]] = {"shm-tnet": TNetStage, "shm-mnet": MNetStage, "shm": ShmStage}


def prediction_terms(
    alpha: Tensor, truth: Tensor, fg: Tensor, bg: Tensor, image: Tensor
) -> dict[str, Tensor]:
    r"""Return the terms of L_p, means over all pixels: :math:`|\alpha - \alpha_g|`, :math:`|c_p - c_g|`.

    Parameters
    ----------
    alpha, truth : (N, 1, H, W)
        The predicted alpha, not clamped, for outside [0, 1] a clamp has no gradient; and the true one.
    fg, bg, image : (N, 3, H, W), in [0, 1]
        True colours; the image is c_g.
    """
    composite = alpha * fg + (1 - alpha) * bg
    return {"alpha": _distance(alpha, truth), "composition": _distance(composite, image)}


def _distance(x: Tensor, y: Tensor) -> Tensor:
    """Return the mean of |x - y| with a gradient at 0."""
    return ((x - y).square() + _EPS).sqrt().mean()
