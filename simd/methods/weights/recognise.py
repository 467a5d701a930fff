"""Tell which network named tensors are of, and what keeps them from being it."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from simd.errors import DataError, first_of
from simd.methods.networks import NETWORKS, PRESETS, build_network

if TYPE_CHECKING:
    from torch import Tensor

COUNTER = "num_batches_tracked"
"""End of names of norms' counters; inference has no use of them, and old files lack them."""

_LISTED = 6  # names in a message


def recognise_network(tensors: "Mapping[str, Tensor]", file: Path) -> "tuple[str, str, dict[str, Tensor]]":
    """Tell which network and preset named tensors are of, and give them the network's names.

    Leading parts that all names share (``module.``, or whatever a wrapper is called) are removed, numbers are
    turned into float32, and counters that old files lack are filled in.
    """
    best: tuple[int, str, str, dict[str, Tensor]] | None = None
    for candidate in _without_prefixes(dict(tensors)):
        for network in NETWORKS:
            for preset in PRESETS:
                expected = _expected(network, preset)
                matches = sum(_shape(candidate.get(name)) == shape for name, shape in expected.items())
                matches = 2 * matches + sum(name in expected for name in candidate)
                if best is None or matches > best[0]:
                    best = matches, network, preset, candidate
    assert best is not None
    _, network, preset, renamed = best
    check_tensors(renamed, network, preset, file)
    return network, preset, completed(renamed, network, preset)


def check_tensors(tensors: "Mapping[str, Tensor]", network: str, preset: str, file: Path) -> None:
    """Raise DataError that lists what is missing, too much, or of another shape."""
    expected = _expected(network, preset)
    if sum(name in expected for name in tensors) < len(expected) // 3:
        first = ", ".join(list(tensors)[:3])
        raise DataError(
            f"{file}: is none of the networks ({', '.join(NETWORKS)}); its first tensors: {first}"
        )
    missing = [name for name in expected if name not in tensors and not name.endswith(COUNTER)]
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


def completed(tensors: "Mapping[str, Tensor]", network: str, preset: str) -> "dict[str, Tensor]":
    """Return the tensors in the network's order and types, with counters of 0 where the file has none."""
    import torch

    complete = {}
    for name in _expected(network, preset):
        if name.endswith(COUNTER):
            complete[name] = tensors.get(name, torch.zeros(())).to(torch.int64)
        else:
            complete[name] = tensors[name].to(torch.float32)
    return complete


def _without_prefixes(tensors: "dict[str, Tensor]") -> "list[dict[str, Tensor]]":
    """Return the tensors under their names, and without leading parts as long as all share one."""
    candidates = [tensors]
    while len({name.partition(".")[0] for name in tensors}) == 1 and all("." in name for name in tensors):
        tensors = {name.partition(".")[2]: tensor for name, tensor in tensors.items()}
        candidates.append(tensors)
    return candidates


def _expected(network: str, preset: str) -> dict[str, tuple[int, ...]]:
    state = build_network(network, preset, empty=True).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _shape(tensor: "Tensor | None") -> tuple[int, ...] | None:
    return None if tensor is None else tuple(tensor.shape)


def _listed(names: list[str], others: list[str]) -> str:
    """Name the first of them, each with the nearest name on the other side."""
    texts = list(names)
    for index, name in enumerate(names[:_LISTED]):
        if near := get_close_matches(name, others, n=1):
            texts[index] = f"{name} (nearest: {near[0]})"
    return first_of(texts, _LISTED)
