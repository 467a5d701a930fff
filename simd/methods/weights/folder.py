"""Weights of the reference networks: recognise a checkpoint, keep it as safetensors with a card, load it.

A folder of weights holds for each network a card, ``sim.json`` and ``classifier.json``, and the tensors'
file that the card names. The file's name carries its digest and the card is written last, so a save that
fails leaves the previous weights in place.
"""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simd.errors import DataError, MissingExtraError
from simd.files import check_regular, json_text, read_json, write_atomically
from simd.locks import locked_folder
from simd.methods.networks import DISCRIMINATORS, FUSED, HUMAN, NETWORKS, PUBLISHED, build_network, presets_of
from simd.methods.weights.published import published
from simd.methods.weights.recognise import COUNTER, check_tensors, completed, recognise_network
from simd.schema import COUNT, DIGEST, PATH, TEXT, Kind, checked, choice, list_of, or_null, problem, record
from simd.sources.outputs import Inputs, check_output_folder
from simd.version import __version__

if TYPE_CHECKING:
    from torch import Tensor, nn

    from simd.methods.networks.classifier import PatchClassifier
    from simd.methods.networks.sim import SIM

_ALL = (*NETWORKS, *DISCRIMINATORS, *PUBLISHED, FUSED, *HUMAN)
_CARD = {
    "network": choice(*_ALL),
    "preset": choice(*dict.fromkeys(preset for network in _ALL for preset in presets_of(network))),
    "file": Kind(
        "the name of a safetensors file beside the card",
        lambda value: PATH.fits(value) and Path(value).name == value and value.endswith(".safetensors"),
    ),
    "sha256": DIGEST,
    "parameters": COUNT,
    "source": TEXT,
    "source_sha256": or_null(DIGEST),
    "licence": TEXT,
    "simd_version": TEXT,
}
_PUBLISHED_CARD = {
    "code_licence": TEXT,
    "trained_on": list_of(TEXT),
}  # of published weights
UNKNOWN_LICENCE = (
    "not stated; the released code of Semantic Image Matting carries no licence file, "
    "so ask its authors before you pass the weights on or use them in a product"
)
_UNKNOWN_FILE = (
    "not stated, and the file has the name of none that is known; ask its makers before you pass the weights "
    "on or use them in a product"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsCard:
    """What is known of a file of weights."""

    network: str  # "sim", "classifier" or, of a training run, one of the discriminators
    preset: str
    file: str  # beside the card
    sha256: str  # of that file
    parameters: int
    source: str
    source_sha256: str | None  # of the imported file
    licence: str  # of the weights
    simd_version: str
    code_licence: str | None = None  # of published weights; None where nothing is known
    trained_on: tuple[str, ...] | None = None  # of published weights, see annotations/published_weights.json

    def __post_init__(self) -> None:
        if reason := problem({key: getattr(self, key) for key in _CARD}, record(_CARD)):
            raise DataError(f"a card of weights: {reason}")

    def to_json(self) -> dict[str, Any]:
        """Return the content of the card's file; what is not known is left out."""
        content = asdict(self)
        return {key: value for key, value in content.items() if key in _CARD or value is not None}


class Networks(NamedTuple):
    """Both networks of the method, and the digest of their weights."""

    sim: "SIM"
    classifier: "PatchClassifier"
    digest: str
    presets: str


def import_weights(
    file: str | Path,
    out: str | Path,
    *,
    source: str | None = None,
    licence: str | None = None,
    variant: str | None = None,
) -> WeightsCard:
    """Turn a checkpoint into a file of weights with a card.

    Parameters
    ----------
    file : path
        A file of `torch.save` (nothing in it is run) or a safetensors file.
    out : path
        Folder of weights; the other network's files there stay.
    source, licence : str
        For the card: where the file is from, and what its makers allow. Of published weights both are known.
    variant : str
        "skip" or "plain" for huochaitiantang's DIM, where the file's name does not say it.

    Raises
    ------
    DataError
        If the file is hostile or damaged, or is not one of the networks, which then says what is missing,
        too much, or of another shape; if its numbers are not finite, or its variant is not known.
    """
    file, out = Path(file), _check_folder(out, inputs=[file])
    from simd.methods.weights.untrusted_checkpoints import read_tensors

    _need_torch()
    tensors = read_tensors(file)
    network, preset, named = recognise_network(tensors, file, variant)
    known = published(file.name, network, preset)
    unknown_licence = _UNKNOWN_FILE if network in PUBLISHED else UNKNOWN_LICENCE
    return save_weights(
        named,
        out,
        network=network,
        preset=preset,
        source=source or (f"{file.name} of {known.source}" if known else file.name),
        source_sha256=_digest(file.read_bytes()),
        licence=licence or (known.licence if known else unknown_licence),
        code_licence=known.code_licence if known else None,
        trained_on=known.trained_on if known else None,
    )


def save_weights(
    tensors: "Mapping[str, Tensor]",
    out: str | Path,
    *,
    network: str,
    preset: str,
    source: str,
    licence: str,
    source_sha256: str | None = None,
    code_licence: str | None = None,
    trained_on: tuple[str, ...] | None = None,
    held: bool = False,
) -> WeightsCard:
    """Write a network's state dict and its card into a folder; a failure leaves what was there.

    `held`: whoever calls holds the folder already, as a training run does.

    Raises
    ------
    DiskFullError
        If there is no room; the folder's previous weights are untouched.
    BusyError
        If another process writes weights there.
    """
    from safetensors.torch import save

    folder = _check_folder(out)
    data = save({name: tensor.contiguous() for name, tensor in sorted(tensors.items())})
    digest = _digest(data)
    card = WeightsCard(
        network=network,
        preset=preset,
        file=f"{network}-{digest[:12]}.safetensors",
        sha256=digest,
        parameters=sum(tensors[name].numel() for name in tensors if not _is_state(name)),
        source=source,
        source_sha256=source_sha256,
        licence=licence,
        simd_version=__version__,
        code_licence=code_licence,
        trained_on=trained_on,
    )
    with contextlib.nullcontext() if held else locked_folder(folder):
        write_atomically(folder / card.file, data)
        write_atomically(_card_file(folder, network), json_text(card.to_json()))
        # from now on no card names the others
        for other in folder.glob(f"{network}-{'[0-9a-f]' * 12}.safetensors"):
            if other.name != card.file:
                with contextlib.suppress(OSError):
                    other.unlink()
    return card


def load_weights(folder: str | Path, network: str) -> "tuple[nn.Module, WeightsCard]":
    """Load one network of a folder of weights, in evaluation mode on the CPU.

    Raises
    ------
    DataError
        If there are no such weights, or they are not what their card says.
    """
    _need_torch()
    from safetensors.torch import load

    data, card = read_weights(folder, network)
    tensors = load(data)
    check_tensors(tensors, network, card.preset, Path(folder) / card.file)
    module = build_network(network, card.preset, empty=True)
    module.load_state_dict(completed(tensors, network, card.preset), assign=True)
    return module.eval(), card


def read_weights(
    folder: str | Path, network: str, *, remedy: str = "import the weights again"
) -> tuple[bytes, WeightsCard]:
    """Return the file of tensors of one network of a folder of weights, and its card; PyTorch is not needed.

    Raises
    ------
    DataError
        If there are no such weights, or they are not what their card says; the message ends with `remedy`.
    """
    card = _read_card(Path(folder), network, remedy)
    file = Path(folder) / card.file
    check_regular(file)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); {remedy}") from error
    if _digest(data) != card.sha256:
        raise DataError(f"{file}: is damaged, its digest is not that of its card; {remedy}")
    return data, card


def load_networks(folder: str | Path) -> Networks:
    """Load SIM and its classifier from a folder of weights."""
    if Path(folder).is_file():
        raise DataError(
            f"{folder}: is a file; weights are a folder with sim.json and classifier.json, which "
            f"`simd weights import {folder} --out weights` makes or completes"
        )
    loaded: list[Any] = [load_weights(folder, network) for network in NETWORKS]
    (sim, sim_card), (classifier, classifier_card) = loaded
    presets = {sim_card.preset, classifier_card.preset}
    return Networks(sim, classifier, f"{sim_card.sha256}+{classifier_card.sha256}", "+".join(sorted(presets)))


def missing_networks(folder: str | Path) -> list[str]:
    """Name the networks of which a folder of weights has no card."""
    return [name for name in NETWORKS if not _card_file(folder, name).is_file()]


def _check_folder(out: str | Path, *, inputs: Inputs = ()) -> Path:
    names = [_card_file("", network).name for network in _ALL]
    return check_output_folder(out, "a folder of weights", _has_cards, names=names, inputs=inputs)


def _has_cards(folder: Path) -> bool:
    cards = [n for n in _ALL if _card_file(folder, n).exists()]
    return bool(cards) and all(_read_card(folder, network) for network in cards)


def _card_file(folder: str | Path, network: str) -> Path:
    return Path(folder) / f"{network}.json"


def _read_card(folder: Path, network: str, remedy: str = "import the weights again") -> WeightsCard:
    file = _card_file(folder, network)
    if not file.is_file():
        missing = missing_networks(folder)
        if network == FUSED:
            raise DataError(f"{folder}: has no weights of the network {network!r}; {remedy}")
        present = [name for name in _ALL if name not in missing and _card_file(folder, name).is_file()]
        also = f"; it has those of {' and '.join(present)}" if present else ""
        how = f"import them: simd weights import FILE --out {folder}"
        if network in HUMAN:  # nobody has released any
            how = f"train them: simd train {'shm' if network == 'shm' else f'shm-{network}'} --out RUN"
        raise DataError(f"{folder}: has no weights of the network {network!r}{also}; {how}")
    of_network = {"network": choice(network), "preset": choice(*presets_of(network))}
    kind = record({**_CARD, **of_network}, _PUBLISHED_CARD)
    card: dict[str, Any] = checked(read_json(file), kind, file, remedy)
    card["trained_on"] = tuple(card["trained_on"]) if "trained_on" in card else None
    return WeightsCard(**{key: card[key] for key in (*_CARD, *_PUBLISHED_CARD) if key in card})


def _need_torch() -> None:
    try:
        import safetensors
        import torch
    except ImportError as error:
        raise MissingExtraError("a network", "PyTorch", "torch") from error
    del safetensors, torch


def _is_state(name: str) -> bool:
    return name.rpartition(".")[2] in ("running_mean", "running_var", "weight_u", "weight_v", COUNTER)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
