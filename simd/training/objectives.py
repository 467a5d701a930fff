"""What the matting network is trained for: the terms of equation 11, as the paper or as the release has them.

====================  ======================================  ============================================
term                  paper                                   release
====================  ======================================  ============================================
alpha                 L1 in U                                 the same
composition           the true F and B under the predicted    the same
                      alpha, L1 to the image in U
laplacian             pyramid, known pixels taken as known    pyramid of the whole image
colours               L1 of F over F + U, of B over B + U     of F everywhere
features              five levels of the discriminator        the same
classes               soft cross-entropy (equation 6)         binary cross-entropy of sigmoids
gradient              components, λ₁ and λ₂ (equation 9)      magnitudes, three free maps
exclusion             in U (equation 10)                      everywhere; its line cannot run there
colour_composition    none                                    predicted F and B under the true alpha
mixed_composition     none                                    mean over predicted F, predicted B, and all
colour_laplacian      none                                    pyramid of F and of B, mean
====================  ======================================  ============================================

The paper's weights are 1 for the first three, 0.2 for the next two and for gradient and exclusion, 0.1 for
classes; the release's defaults are all 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, NamedTuple

import torch
from torch import Tensor, nn

from simd.methods.networks.classifier import Classified, PatchClassifier
from simd.methods.networks.sim import SimOutput
from simd.options import Asked
from simd.training import losses
from simd.training.tensors import MattingBatch

FORMS = ("paper", "release")


@dataclass(frozen=True, slots=True, kw_only=True)
class LossOptions:
    """The table [losses] of a recipe: a form, and the weight of each term; 0 leaves a term out."""

    form: Annotated[str, Asked(help="Whose terms.", choices=FORMS)]
    alpha: Annotated[float, Asked(help="Weight.", at_least=0)]
    composition: Annotated[float, Asked(help="Weight.", at_least=0)]
    laplacian: Annotated[float, Asked(help="Weight.", at_least=0)]
    colours: Annotated[float, Asked(help="Weight.", at_least=0)]
    features: Annotated[float, Asked(help="Weight.", at_least=0)]
    classes: Annotated[float, Asked(help="Weight.", at_least=0)]
    gradient: Annotated[float, Asked(help="Weight.", at_least=0)]
    exclusion: Annotated[float, Asked(help="Weight.", at_least=0)]
    colour_composition: Annotated[float, Asked(help="Weight.", at_least=0)]
    mixed_composition: Annotated[float, Asked(help="Weight.", at_least=0)]
    colour_laplacian: Annotated[float, Asked(help="Weight.", at_least=0)]

    @property
    def weights(self) -> dict[str, float]:
        """The terms that count, with their weights."""
        named = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "form"}
        return {name: weight for name, weight in named.items() if weight}

    @property
    def needs_discriminator(self) -> bool:
        """Whether a term asks it."""
        return bool(self.features or self.classes)

    @property
    def needs_colours(self) -> tuple[str, ...]:
        """The terms that are made of the true F or B; the release's discriminator sees F."""
        of_discriminator = ("features", "classes") if self.form == "release" else ()
        return ("composition", "colours", *of_discriminator, "mixed_composition", "colour_laplacian")

    @property
    def all_heads(self) -> bool:
        """Whether F, B and the weight maps have a part: else some parameters never have a gradient."""
        return bool(self.gradient)


class Answers(NamedTuple):
    """What the discriminator says of the predicted and of the true matte."""

    pred: Classified
    truth: Classified


def frozen(network: nn.Module) -> nn.Module:
    """Return a network whose weights and norms stay as they are; gradients still pass through it."""
    return network.eval().requires_grad_(requires_grad=False)


def discriminate(
    discriminator: PatchClassifier, solved: SimOutput, batch: MattingBatch, *, form: str
) -> Answers:
    """Show both mattes to the frozen discriminator; gradients reach the predicted alpha.

    One of three input channels sees alpha alone, one of four the colours of F too: the predicted ones beside
    the predicted alpha.
    """
    alone = discriminator.conv1.in_channels == 3
    pred = _whole(solved.alpha, batch, form)
    with torch.no_grad():
        truth: Classified = discriminator(None if alone else batch.fg, batch.alpha)
    return Answers(discriminator(None if alone else solved.fg, pred), truth)


def matting_terms(
    options: LossOptions,
    solved: SimOutput,
    batch: MattingBatch,
    answers: Answers | None = None,
    *,
    area: Tensor | None = None,
) -> dict[str, Tensor]:
    """Compute the terms that have a weight, before it.

    Parameters
    ----------
    options : LossOptions
    solved : SimOutput
        Float32, with F, B and the maps.
    batch : MattingBatch
    answers : Answers, optional
        Needed for the terms features and classes.
    area : scalar, optional
        For processes that share a batch, see :func:`simd.training.losses.gradient_loss`.
    """
    alpha, fg, bg, maps = solved
    assert fg is not None
    assert bg is not None
    assert maps is not None
    image, unknown, paper = batch.image, batch.unknown, options.form == "paper"

    def composition(fg: Tensor, bg: Tensor, alpha: Tensor) -> Tensor:
        return losses.composition_loss(fg, bg, alpha, image, unknown)

    def colours() -> Tensor:
        known_bg, known_fg = (batch.trimap == 0).float(), (batch.trimap == 255).float()
        fg_region = 1 - known_bg if paper else torch.ones_like(unknown)
        return losses.colour_loss(fg, batch.fg, bg, batch.bg, fg_region, 1 - known_fg)

    def gradient() -> Tensor:
        if paper:
            return losses.component_gradient_loss(alpha, fg, bg, maps, image, unknown)
        return losses.gradient_loss(alpha, fg, bg, maps, image, unknown, area=area)

    def mixed() -> Tensor:
        mixes = (fg, batch.bg, batch.alpha), (batch.fg, bg, batch.alpha), (fg, bg, alpha)
        return torch.stack([composition(*mix) for mix in mixes]).mean()

    def colour_laplacian() -> Tensor:
        return (losses.laplacian_loss(fg, batch.fg) + losses.laplacian_loss(bg, batch.bg)) / 2

    def classes() -> Tensor:
        assert answers is not None
        compare = losses.class_loss if paper else losses.sigmoid_class_loss
        return compare(answers.pred.logits, answers.truth.logits)

    def features() -> Tensor:
        assert answers is not None
        return losses.feature_loss(answers.pred.features, answers.truth.features)

    def exclusion() -> Tensor:
        return losses.exclusion_loss(alpha, fg, bg, unknown if paper else torch.ones_like(unknown))

    computed: dict[str, Callable[[], Tensor]] = {
        "alpha": lambda: losses.alpha_loss(alpha, batch.alpha, unknown),
        "composition": lambda: composition(batch.fg, batch.bg, alpha),
        "laplacian": lambda: losses.laplacian_loss(_whole(alpha, batch, options.form), batch.alpha),
        "colours": colours,
        "features": features,
        "classes": classes,
        "gradient": gradient,
        "exclusion": exclusion,
        "colour_composition": lambda: composition(fg, bg, batch.alpha),
        "mixed_composition": mixed,
        "colour_laplacian": colour_laplacian,
    }
    return {name: computed[name]() for name in options.weights}


def _whole(alpha: Tensor, batch: MattingBatch, form: str) -> Tensor:
    """Return the matte as it leaves the method, its known pixels set; the release takes the raw one."""
    return torch.where(batch.unknown == 1, alpha, batch.alpha) if form == "paper" else alpha
