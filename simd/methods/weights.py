"""Weights of the reference networks: recognise a checkpoint, keep it as safetensors with a card, load it.

A folder of weights holds for each network a card, ``sim.json`` and ``classifier.json``, and the tensors'
file that the card names. The file's name carries its digest and the card is written last, so a save that
fails leaves the previous weights in place.
"""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simd import __version__
from simd.errors import DataError, MissingExtraError
from simd.files import json_text, make_folder, read_json, write_atomically
from simd.methods.networks import NETWORKS, PRESETS, build_network

if TYPE_CHECKING:
    from torch import Tensor, nn

    from simd.methods.networks.classifier import PatchClassifier
    from simd.methods.networks.sim import SIM

UNKNOWN_LICENCE = (
    "not stated; the released code of Semantic Image Matting carries no licence file, "
    "so ask its authors before you pass the weights on or use them in a product"
)

_LISTED = 6  # names in a message
_COUNTER = "num_batches_tracked"  # of norms; inference has no use of it, and old files lack it


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of a file of weights."""

    network: str  # "sim" or "classifier"
    preset: str
    file: str  # beside the card
    sha256: str  # of that file
    parameters: int
    source: str
    source_sha256: str | None  # of the imported file
    licence: str
    simd_version: str

    def __post_init__(self) -> None:
        if self.network not in NETWORKS or self.preset not in PRESETS:
            raise DataError(f"no network {self.network!r} in the preset {self.preset!r}")
        if Path(self.file).name != self.file or not self.file.endswith(".safetensors"):
            raise DataError(f"{self.file!r} is not the name of a safetensors file beside the card")


class Networks(NamedTuple):
    """Both networks of the method, and the digest of their weights."""

    sim: "SIM"
    classifier: "PatchClassifier"
    digest: str
    presets: str


def import_weights(
    file: str | Path, out: str | Path, *, source: str | None = None, licence: str | None = None
) -> Card:
    """Turn a checkpoint into a file of weights with a card.

    Parameters
    ----------
    file : path
        A file of `torch.save` (nothing in it is run) or a safetensors file.
    out : path
        Folder of weights; the other network's files there stay.
    source, licence : str
        For the card: where the file is from, and what its makers allow.

    Raises
    ------
    DataError
        If the file is hostile or damaged, or is not one of the networks, which then says what is missing,
        too much, or of another shape.
    """
    from simd.methods.checkpoint_files import read_tensors

    _need_torch()
    file = Path(file)
    tensors = read_tensors(file)
    network, preset, named = recognise(tensors, file)
    return save_weights(
        named,
        out,
        network=network,
        preset=preset,
        source=source or file.name,
        source_sha256=_digest(file.read_bytes()),
        licence=licence or UNKNOWN_LICENCE,
    )


def recognise(tensors: "Mapping[str, Tensor]", file: Path) -> "tuple[str, str, dict[str, Tensor]]":
    """Tell which network and preset named tensors are of, and give them the network's names.

    Leading parts that all names share (``module.``, or whatever a wrapper is called) are removed, numbers are
    turned into float32, and counters that old files lack are filled in.
    """
    best: tuple[int, str, str, dict[str, Tensor]] | None = None
    for candidate in _without_prefixes(dict(tensors)):
        for network in NETWORKS:
            for preset in PRESETS:
                expected = _expected(network, preset)
                alike = sum(_shape(candidate.get(name)) == shape for name, shape in expected.items())
                alike = 2 * alike + sum(name in expected for name in candidate)
                if best is None or alike > best[0]:
                    best = alike, network, preset, candidate
    assert best is not None
    _, network, preset, found = best
    _check_names(found, network, preset, file)
    return network, preset, _completed(found, network, preset)


def save_weights(
    tensors: "Mapping[str, Tensor]",
    out: str | Path,
    *,
    network: str,
    preset: str,
    source: str,
    licence: str,
    source_sha256: str | None = None,
) -> Card:
    """Write a network's state dict and its card into a folder; a failure leaves what was there.

    Raises
    ------
    DiskFullError
        If there is no room; the folder's previous weights are untouched.
    """
    from safetensors.torch import save

    folder = Path(out)
    make_folder(folder)
    data = save({name: tensor.contiguous() for name, tensor in sorted(tensors.items())})
    digest = _digest(data)
    card = Card(
        network=network,
        preset=preset,
        file=f"{network}-{digest[:12]}.safetensors",
        sha256=digest,
        parameters=sum(tensors[name].numel() for name in tensors if not _is_state(name)),
        source=source,
        source_sha256=source_sha256,
        licence=licence,
        simd_version=__version__,
    )
    write_atomically(folder / card.file, data)
    write_atomically(folder / f"{network}.json", json_text(asdict(card)))
    for other in folder.glob(f"{network}-*.safetensors"):  # from now on no card names them
        if other.name != card.file:
            with contextlib.suppress(OSError):
                other.unlink()
    return card


def load_weights(folder: str | Path, network: str) -> "tuple[nn.Module, Card]":
    """Load one network of a folder of weights, in evaluation mode on the CPU.

    Raises
    ------
    DataError
        If there are no such weights, or they are not what their card says.
    """
    _need_torch()
    from safetensors.torch import load

    card = _read_card(Path(folder), network)
    file = Path(folder) / card.file
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}); import the weights again") from error
    if _digest(data) != card.sha256:
        raise DataError(f"{file}: is damaged, its digest is not that of its card; import the weights again")
    tensors = load(data)
    _check_names(tensors, network, card.preset, file)
    module = build_network(network, card.preset, empty=True)
    module.load_state_dict(_completed(tensors, network, card.preset), assign=True)
    return module.eval(), card


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


def _read_card(folder: Path, network: str) -> Card:
    file = folder / f"{network}.json"
    if not file.is_file():
        there = [name for name in NETWORKS if (folder / f"{name}.json").is_file()]
        also = f"; it has those of {there[0]}" if there else ""
        raise DataError(
            f"{folder}: has no weights of the network {network!r}{also}; "
            f"import them: simd weights import FILE --out {folder}"
        )
    try:
        return Card(**read_json(file))
    except (TypeError, DataError) as error:
        raise DataError(f"{file}: is not a card of weights ({error}); import them again") from error


def _need_torch() -> None:
    try:
        import safetensors
        import torch
    except ImportError as error:
        raise MissingExtraError("a network", "PyTorch", "torch") from error
    del safetensors, torch


def _without_prefixes(tensors: "dict[str, Tensor]") -> "list[dict[str, Tensor]]":
    """Return the tensors under their names, and without leading parts as long as all share one."""
    found = [tensors]
    while len({name.partition(".")[0] for name in tensors}) == 1 and all("." in name for name in tensors):
        tensors = {name.partition(".")[2]: tensor for name, tensor in tensors.items()}
        found.append(tensors)
    return found


def _expected(network: str, preset: str) -> dict[str, tuple[int, ...]]:
    state = build_network(network, preset, empty=True).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _shape(tensor: "Tensor | None") -> tuple[int, ...] | None:
    return None if tensor is None else tuple(tensor.shape)


def _check_names(tensors: "Mapping[str, Tensor]", network: str, preset: str, file: Path) -> None:
    """Raise DataError that lists what is missing, too much, or of another shape."""
    expected = _expected(network, preset)
    if sum(name in expected for name in tensors) < len(expected) // 3:
        first = ", ".join(list(tensors)[:3])
        raise DataError(
            f"{file}: is none of the networks ({', '.join(NETWORKS)}); its first tensors: {first}"
        )
    missing = [name for name in expected if name not in tensors and not name.endswith(_COUNTER)]
    extra = [name for name in tensors if name not in expected]
    shapes = [
        f"{name} is {_shape(tensor)} in place of {expected[name]}"
        for name, tensor in tensors.items()
        if name in expected and _shape(tensor) != expected[name]
    ]
    problems = [
        *(f"{len(missing)} are missing: {_listed(missing, extra)}" for _ in missing[:1]),
        *(f"{len(extra)} are too many: {_listed(extra, missing)}" for _ in extra[:1]),
        *(f"{len(shapes)} have another shape: {_listed(shapes, [])}" for _ in shapes[:1]),
    ]
    if problems:
        raise DataError(
            f"{file}: is not the network {network!r} ({preset}); of its tensors\n  " + "\n  ".join(problems)
        )


def _listed(names: list[str], others: list[str]) -> str:
    """Name the first of them, each with the nearest name on the other side."""
    told = []
    for name in names[:_LISTED]:
        near = get_close_matches(name, others, n=1)
        told.append(f"{name} (nearest: {near[0]})" if near else name)
    return ", ".join(told) + (", ..." if len(names) > _LISTED else "")


def _completed(tensors: "Mapping[str, Tensor]", network: str, preset: str) -> "dict[str, Tensor]":
    """Return the tensors in the network's order and types, with counters of 0 where the file has none."""
    import torch

    complete = {}
    for name in _expected(network, preset):
        if name.endswith(_COUNTER):
            complete[name] = tensors.get(name, torch.zeros(())).to(torch.int64)
        else:
            complete[name] = tensors[name].to(torch.float32)
    return complete


def _is_state(name: str) -> bool:
    return name.rpartition(".")[2] in ("running_mean", "running_var", _COUNTER)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
