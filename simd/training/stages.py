"""What each stage of Semantic Image Matting trains: its network, what a step computes, what is kept.

``classifier``     patches of composites with their trimap: which of the 20 patterns (section 4.1)
``discriminator``  the same architecture on alphas, alone and beforehand (section 4.3)
``sim``            the matting network, with both of them frozen (sections 4.2, 4.3)

And ``fused``, the network of the method of that name, which is not of the paper; those of Semantic Human
Matting are in :mod:`simd.training.human_stages`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from simd.errors import DataError
from simd.methods.networks import FUSED, build_network
from simd.methods.networks.classifier import PatchClassifier
from simd.methods.networks.fused import FusedNetwork, FusedOutput
from simd.methods.networks.sim import SIM, SimOutput
from simd.methods.weights.folder import WeightsCard, save_weights
from simd.taxonomy import NO_CLASS
from simd.training.human_stages import HUMAN_STAGES, HumanStage
from simd.training.losses import laplacian_loss
from simd.training.objectives import discriminate, frozen, matting_terms
from simd.training.propagation import propagate
from simd.training.recipe import Recipe
from simd.training.run_weights import load_trained, save_trained
from simd.training.tensors import Arrays, fused_batch, matting_batch, patch_batch, placed

Forward = Callable[..., Any]
Total = Callable[[Tensor], Tensor]


class Stage(Protocol):
    """A stage of training."""

    name: str
    """Of its network."""
    network: nn.Module
    """What is trained, on the CPU at first."""
    weights: dict[str, float]
    """The terms of its loss, with their weights."""
    needs: dict[str, str]
    """Digests of other runs' weights that its steps depend on."""

    def to(self, device: torch.device) -> None:
        """Move what is not trained to a device."""

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return the terms of the loss of a batch.

        `forward` calls the network, and `total` makes a sum over all processes' batches, plus 1, over their
        number.
        """
        ...

    def save(self, network: nn.Module, folder: Path, source: str) -> None:
        """Write the weights, and those of frozen networks that a method needs beside them."""


class PatchStage:
    """The classifier, or the discriminator: which class a patch shows."""

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.patches is not None
        self._preset, self._smoothing = recipe.head.preset, recipe.patches.smoothing
        sees = recipe.patches.sees
        self.name = {
            "trimap": "classifier",
            "alpha": "discriminator",
            "colours": "discriminator_colours",
        }[sees]
        self._colours = {"trimap": "image", "alpha": None, "colours": "foreground"}[sees]
        self._matte = "trimap" if sees == "trimap" else "alpha"
        self.network = build_network(self.name, self._preset)
        self.weights: dict[str, float] = {"classes": 1.0}
        self.needs: dict[str, str] = {}

    def to(self, device: torch.device) -> None:
        """Nothing else is needed."""

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return the cross-entropy of the classes."""
        del total
        batch = patch_batch(arrays, device, colours=self._colours, matte=self._matte)
        logits = forward(batch.colours, batch.matte).logits.float()
        return {"classes": functional.cross_entropy(logits, batch.label, label_smoothing=self._smoothing)}

    def classify(self, network: nn.Module, arrays: Arrays, device: torch.device) -> Tensor:
        """Return the class that the network gives each patch, (N,)."""
        batch = patch_batch(arrays, device, colours=self._colours, matte=self._matte)
        answers: Tensor = network(batch.colours, batch.matte).logits.argmax(dim=1)
        return answers

    def save(self, network: nn.Module, folder: Path, source: str) -> None:
        """Write the weights with their card."""
        save_trained(network, folder, self.name, self._preset, source)


class MattingStage:
    """The matting network, which sees what the classifier says and is judged by the discriminator."""

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.network is not None
        assert recipe.losses is not None
        self._losses = recipe.losses
        self.name, self._preset, self._semantics = "sim", recipe.head.preset, recipe.network.semantics
        needed = self._losses.needs_discriminator
        sees = "discriminator_colours" if recipe.losses.form == "release" else "discriminator"
        self._classifier, self._card = _other(recipe, "classifier", needed=self._semantics)
        self._discriminator, card = _other(recipe, "discriminator", needed=needed, network=sees)
        self.needs = {
            name: held.sha256
            for name, held, used in (
                ("classifier", self._card, self._semantics),
                ("discriminator", card, needed),
            )
            if held is not None and used
        }
        self.network = cast(SIM, build_network("sim", self._preset))
        with torch.no_grad():
            if recipe.network.start_inside:
                head = cast(list[nn.Conv2d], self.network.decoder.conv_up4_alpha)
                cast(Tensor, head[2].bias).add_(0.5)
                head[4].weight.abs_()
            if not self._semantics:
                self.network.encoder.conv1_side.weight.zero_()
        self.weights = self._losses.weights

    def to(self, device: torch.device) -> None:
        """Move the frozen networks."""
        for network in (self._classifier, self._discriminator):
            if network is not None:
                placed(network, device)

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return the terms of equation 11 that have a weight."""
        batch = matting_batch(arrays, device)
        semantics = self.semantic_trimaps(batch.image, batch.trimap, batch.unknown)
        parts = forward(batch.image, batch.trimap, batch.clicks, semantics)
        solved = SimOutput(*(part.float() for part in parts))
        answers = None
        if self._losses.needs_discriminator:
            assert self._discriminator is not None
            answers = discriminate(self._discriminator, solved, batch, form=self._losses.form)
        area = total(batch.unknown.sum())
        return matting_terms(self._losses, solved, batch, answers, area=area)

    def solve(self, network: nn.Module, arrays: Arrays, device: torch.device) -> Tensor:
        """Return alpha (N, H, W) in [0, 1] of a batch, known pixels set."""
        batch = matting_batch(arrays, device)
        semantics = self.semantic_trimaps(batch.image, batch.trimap, batch.unknown)
        alpha = network(batch.image, batch.trimap, batch.clicks, semantics, auxiliary=False).alpha.float()
        whole: Tensor = torch.where(batch.unknown == 1, alpha, batch.trimap / 255)[:, 0]
        return whole

    def classes_seen(self, arrays: Arrays, device: torch.device) -> Tensor | None:
        """Return the class that the semantic trimap has most of at each unknown pixel, (N, H, W), else 255.

        None where the matting network is given no semantic trimap.
        """
        if not self._semantics:
            return None
        batch = matting_batch(arrays, device)
        semantics = self.semantic_trimaps(batch.image, batch.trimap, batch.unknown)
        return torch.where(batch.unknown[:, 0] == 1, semantics.argmax(dim=1), NO_CLASS)

    @torch.no_grad()
    def semantic_trimaps(self, image: Tensor, trimap: Tensor, unknown: Tensor) -> Tensor:
        """Return the semantic trimaps (N, 20, H, W) of crops that are one window each.

        As in the method: scaled over all classes and the whole window, 0 where nothing is unknown.
        """
        n, _, h, w = image.shape
        if not self._semantics:
            return image.new_zeros(n, 20, h, w)
        assert self._classifier is not None
        maps = self._classifier(image, trimap / 255).score_maps.float()
        maps = functional.interpolate(maps, (h, w), mode="bilinear", align_corners=False)
        lowest, highest = (extreme(maps, dim=(1, 2, 3), keepdim=True) for extreme in (torch.amin, torch.amax))
        return (maps - lowest) / (highest - lowest).clamp(min=1e-6) * unknown

    def save(self, network: nn.Module, folder: Path, source: str) -> None:
        """Write the weights, and those of the classifier, which the method needs too."""
        save_trained(network, folder, "sim", self._preset, source)
        if self._classifier is not None and self._card is not None:
            save_weights(
                {name: tensor.cpu() for name, tensor in self._classifier.state_dict().items()},
                folder,
                network="classifier",
                preset=self._card.preset,
                source=self._card.source,
                source_sha256=self._card.source_sha256,
                licence=self._card.licence,
                held=True,
            )


class FusedStage:
    """The network of `fused`, over the classical answers that its samples carry."""

    def __init__(self, recipe: Recipe) -> None:
        assert recipe.terms is not None
        self.name, self._preset, self._by_area = FUSED, recipe.head.preset, recipe.terms.by_area
        self.network = cast(FusedNetwork, build_network(FUSED, self._preset))
        named = {name: getattr(recipe.terms, name) for name in ("alpha", "own", "propagated", "laplacian")}
        self.weights: dict[str, float] = {name: weight for name, weight in named.items() if weight}
        self.needs: dict[str, str] = {}

    def to(self, device: torch.device) -> None:
        """Nothing else is needed."""

    def terms(
        self, forward: Forward, arrays: Arrays, device: torch.device, total: Total
    ) -> dict[str, Tensor]:
        """Return the terms of the loss that have a weight."""
        batch = fused_batch(arrays, device)
        solved = FusedOutput(*(part.float() for part in forward(batch.folded)))
        answer = _carried(solved, arrays) if "propagated" in self.weights else solved.alpha
        area = total(batch.unknown.sum())
        computed = {
            "alpha": lambda: self._difference(solved.alpha, batch.alpha, batch.unknown, area),
            "own": lambda: self._difference(solved.own, batch.alpha, batch.unknown, area),
            "propagated": lambda: self._difference(answer, batch.alpha, batch.unknown, area),
            "laplacian": lambda: laplacian_loss(answer, batch.alpha),
        }
        return {name: computed[name]() for name in self.weights}

    def solve(self, network: nn.Module, arrays: Arrays, device: torch.device) -> Tensor:
        """Return alpha (N, H, W) in [0, 1] of a batch, known pixels set."""
        solved = network(fused_batch(arrays, device).folded)
        return _carried(FusedOutput(*(part.float() for part in solved)), arrays)[:, 0].clamp(0, 1)

    def classes_seen(self, arrays: Arrays, device: torch.device) -> Tensor | None:
        """Return None: it sees no classes."""
        del arrays, device
        return None

    def save(self, network: nn.Module, folder: Path, source: str) -> None:
        """Write the weights with their card: factors of convolutions as float16, half the bytes."""
        tensors = {
            name: tensor.detach().cpu().half() if tensor.dim() == 4 else tensor.detach().cpu()
            for name, tensor in network.state_dict().items()
        }
        about: dict[str, Any] = {"network": FUSED, "preset": self._preset, "source": source}
        save_weights(tensors, folder, **about, licence="MIT", held=True)

    def _difference(self, pred: Tensor, truth: Tensor, unknown: Tensor, area: Tensor) -> Tensor:
        """Return the mean absolute difference on unknown pixels: of samples, and of all pixels alike."""
        errors = ((pred - truth).abs() * unknown).sum(dim=(1, 2, 3))
        by_sample = (errors / (unknown.sum(dim=(1, 2, 3)) + 1)).mean()
        return (1 - self._by_area) * by_sample + self._by_area * errors.sum() / area


def _carried(solved: FusedOutput, arrays: Arrays) -> Tensor:
    return propagate(arrays["image"], arrays["trimap"], solved.alpha, solved.confidence)


def make_stage(recipe: Recipe) -> PatchStage | MattingStage | FusedStage | HumanStage:
    """Return the stage of a recipe, its first weights drawn from the recipe's seed, or those of its `start`.

    Raises
    ------
    DataError
        If weights of another run are needed and not named, or are not there, or of another preset.
    """
    torch.manual_seed(recipe.head.seed)
    stage = _stage(recipe)
    if recipe.head.start is not None:
        first = f"simd train RECIPE --out {recipe.head.start}, of the stage {recipe.head.stage}"
        module, card = load_trained(recipe, "start", stage=recipe.head.stage, network=stage.name, first=first)
        stage.network.load_state_dict(module.state_dict())
        stage.needs["start"] = card.sha256
    return stage


def _stage(recipe: Recipe) -> PatchStage | MattingStage | FusedStage | HumanStage:
    if recipe.head.stage in HUMAN_STAGES:
        return HUMAN_STAGES[recipe.head.stage](recipe)
    if recipe.head.stage == "fused":
        return FusedStage(recipe)
    return MattingStage(recipe) if recipe.head.stage == "sim" else PatchStage(recipe)


def _other(
    recipe: Recipe, stage: str, *, needed: bool, network: str | None = None
) -> tuple[PatchClassifier | None, WeightsCard | None]:
    """Load the frozen network of another stage's run; None where it is neither named nor needed."""
    suffix = "-small" if recipe.head.preset == "small" else ""
    sees = " --set sees=colours" if network == "discriminator_colours" else ""
    first = f"simd train sim-{stage}{suffix}{sees} --out RUN"
    if getattr(recipe.head, stage) is None:
        if needed:
            raise DataError(
                f"sim learns with the {stage}, so that comes first: {first}; then --set {stage}=RUN"
            )
        return None, None
    module, card = load_trained(recipe, stage, stage=stage, network=network or stage, first=first)
    return cast(PatchClassifier, frozen(module)), card
