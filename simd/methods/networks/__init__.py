"""The reference networks, one a file, and their presets.

============  =============================================================================================
sim           the matting network of Semantic Image Matting
classifier    its patch classifier
fused         the network of the method `fused`
dim           Deep Image Matting, as mmagic and as huochaitiantang have it
indexnet      IndexNet matting
gca           guided contextual attention matting
fba           FBA matting: alpha, F and B
shm           both networks of Semantic Human Matting
layers        blocks that several networks share
============  =============================================================================================
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

NETWORKS = ("sim", "classifier")
"""What the method `sim` needs: names on the command line and in the cards of weights."""

DISCRIMINATORS = ("discriminator", "discriminator_colours")
"""What only its training needs: the classifier on alpha (paper), or on F's colours too (release)."""

FUSED = "fused"
"""The network of the method of that name, whose weights are in the package."""

HUMAN = ("tnet", "mnet", "shm")
"""Those of Semantic Human Matting: its two networks alone, and both trained together."""

_SMALL_TNET = {"width": 12, "depths": (2, 2, 2, 2), "branch": 32, "head": 64}
_SMALL_MNET = {"width": 16}

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "paper": {  # the signatures' own defaults
        "sim": {},
        "classifier": {},
        "discriminator": {"in_channels": 3},
        "discriminator_colours": {},
        "fused": {},
        "tnet": {},
        "mnet": {},
        "shm": {},
    },
    "small": {
        "sim": {
            "width": 16,
            "depths": (2, 3, 4, 2),
            "context": 48,
            "up": (64, 64, 32),
            "head": (32, 16),
        },
        "classifier": {"width": 16, "depths": (2, 3, 4, 3)},
        "discriminator": {"width": 16, "depths": (2, 3, 4, 3), "in_channels": 3},
        "discriminator_colours": {"width": 16, "depths": (2, 3, 4, 3)},
        "fused": {"widths": (8, 8, 16, 16), "dilations": (1,), "tail": (16, 8)},
        "tnet": _SMALL_TNET,
        "mnet": _SMALL_MNET,
        "shm": {"tnet": _SMALL_TNET, "mnet": _SMALL_MNET},
    },
}
"""Hyperparameters by preset and network; `small` is the same code, narrower, for tests and quick training."""


_DIM: Mapping[str, Mapping[str, Any]] = {
    "mmagic": {},
    "mmagic-stage1": {"refines": False},
    **{
        f"{kind}{refined}{old}": {
            "skips": kind == "skip",
            "refines": bool(refined),
            "bottleneck": 1 if old else 3,
        }
        for kind in ("skip", "plain")
        for refined in ("", "-refined")
        for old in ("", "-1x1")
    },
    "small": {"width": 8},
}
PUBLISHED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "dim": _DIM,
    "indexnet": {"paper": {}, "small": {"width": 8, "context": 16}},
    "gca": {"paper": {}, "small": {"width": 8, "encoder": (1, 1, 1, 1), "decoder": (1, 1, 1, 1)}},
    "fba": {
        "paper": {},
        "small": {
            "width": 8,
            "depths": (1, 1, 1, 1),
            "context": 8,
            "up": (8, 8, 8),
            "head": (8, 8),
            "groups": 4,
        },
    },
}
"""Hyperparameters of the networks that others have released, by network and preset.

Of `dim`: mmagic's, and huochaitiantang's with and without added maps; refined: of its stages 2 and 3; 1x1:
from before 2019-09-09. `small` is for tests.
"""


def presets_of(network: str) -> tuple[str, ...]:
    """Return the presets that a network has."""
    return tuple(PUBLISHED.get(network, PRESETS))


def build_network(network: str, preset: str = "paper", *, empty: bool = False) -> "nn.Module":
    """Build a network with random weights; `empty`: with names and shapes alone, to be filled."""
    import torch

    from simd.methods.networks.classifier import PatchClassifier
    from simd.methods.networks.dim import DIM
    from simd.methods.networks.fba import FBA
    from simd.methods.networks.fused import FusedNetwork
    from simd.methods.networks.gca import GCA
    from simd.methods.networks.indexnet import IndexNet
    from simd.methods.networks.shm import SHM, MNet, TNet
    from simd.methods.networks.sim import SIM

    kinds: dict[str, Callable[..., nn.Module]] = {
        "sim": SIM,
        FUSED: FusedNetwork,
        "dim": DIM,
        "gca": GCA,
        "indexnet": IndexNet,
        "fba": FBA,
        "tnet": TNet,
        "mnet": MNet,
        "shm": SHM,
    }
    kind = kinds.get(network, PatchClassifier)
    options = PUBLISHED[network][preset] if network in PUBLISHED else PRESETS[preset][network]
    with torch.device("meta" if empty else "cpu"):
        return kind(**options)
