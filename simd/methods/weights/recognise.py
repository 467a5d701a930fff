"""Tell which network named tensors are of, and what keeps them from being it."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from simd.errors import DataError, first_of
from simd.methods.networks import NETWORKS, PUBLISHED, build_network, presets_of

if TYPE_CHECKING:
    from torch import Tensor

COUNTER = "num_batches_tracked"
"""End of names of norms' counters; inference has no use of them, and old files lack them."""

_LISTED = 6  # names in a message
_HINTS = {"skip": "skip", "sad_54.4": "plain"}  # in names of huochaitiantang's files, to what they say


def recognise_network(
    tensors: "Mapping[str, Tensor]", file: Path, variant: str | None = None
) -> "tuple[str, str, dict[str, Tensor]]":
    """Tell which network and preset named tensors are of, and give them the network's names.

    Leading parts that all names share (``module.``, or whatever a wrapper is called) are removed, numbers are
    turned into float32, and counters that old files lack are filled in.

    Raises
    ------
    DataError
        If they are of no network, or a number among them is not finite; if two presets have the same tensors,
        and neither the variant nor the file's name says which of them these are of.
    """
    best: tuple[int, str, str, dict[str, Tensor]] | None = None
    for candidate in _without_prefixes(dict(tensors)):
        for network in (*NETWORKS, *PUBLISHED):
            for preset in presets_of(network):
                expected = _released(network, preset)
                matches = sum(_shape(candidate.get(name)) == shape for name, shape in expected.items())
                matches = 2 * matches + sum(name in expected for name in candidate)
                matches -= sum(name not in candidate for name in expected)
                if best is None or matches > best[0]:
                    best = matches, network, preset, candidate
    assert best is not None
    _, network, preset, renamed = best
    _check(renamed, _released(network, preset), f"the network {network!r} ({preset})", file)
    _check_finite(renamed, file)
    preset = _decided(network, preset, variant, file)
    names = _released_names(network, preset)
    ours = {name: renamed[released] for name, released in names.items() if released in renamed}
    return network, preset, completed(ours, network, preset)


def check_tensors(tensors: "Mapping[str, Tensor]", network: str, preset: str, file: Path) -> None:
    """Raise DataError that lists what is missing, too much, or of another shape."""
    _check(tensors, _expected(network, preset), f"the network {network!r} ({preset})", file)


def _check(
    tensors: "Mapping[str, Tensor]", expected: Mapping[str, tuple[int, ...]], what: str, file: Path
) -> None:
    if sum(name in expected for name in tensors) < len(expected) // 3:
        first = ", ".join(list(tensors)[:3])
        known = ", ".join((*NETWORKS, *PUBLISHED))
        raise DataError(f"{file}: is none of the networks ({known}); its first tensors: {first}")
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
        raise DataError(f"{file}: is not {what}; of its tensors\n  " + "\n  ".join(problems))


def _check_finite(tensors: "Mapping[str, Tensor]", file: Path) -> None:
    broken = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if broken:
        raise DataError(
            f"{file}: {len(broken)} of its tensors hold values that are not finite (nan or inf): "
            f"{first_of(broken, _LISTED)}; take the weights of a training that did not fail"
        )


def _decided(network: str, preset: str, variant: str | None, file: Path) -> str:
    """Return which of the presets that have the same tensors these are of."""
    names = _released(network, preset)
    alike = [other for other in presets_of(network) if _released(network, other) == names]
    if variant is not None:
        chosen = [other for other in alike if variant in (other, other.partition("-")[0])]
        if not chosen:
            raise DataError(f"{file}: its tensors are those of {' or '.join(alike)}, not of {variant!r}")
        return chosen[0]
    if len(alike) == 1:
        return preset
    for hint, kind in _HINTS.items():
        if hint in file.name.lower():
            return next(other for other in alike if other.startswith(kind))
    raise DataError(
        f"{file}: holds huochaitiantang's DIM, whose tensors are the same whether its decoder adds the "
        "encoder's maps or not, so that the file does not say which it is; say it with --variant skip (its "
        "release 1.5, stage1_skip_sad_52.9.pth) or --variant plain (its release 1.4, stage1_sad_54.4.pth)"
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


@cache
def _expected(network: str, preset: str) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of a network's tensors."""
    state = build_network(network, preset, empty=True).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


@cache
def _released(network: str, preset: str) -> dict[str, tuple[int, ...]]:
    """Return them under the names of the released file."""
    names = _released_names(network, preset)
    return {names[name]: shape for name, shape in _expected(network, preset).items()}


def _released_names(network: str, preset: str) -> dict[str, str]:
    from simd.methods.networks.dim import released_name

    renames = network == "dim" and not preset.startswith(("skip", "plain"))
    return {name: released_name(name) if renames else name for name in _expected(network, preset)}


def _shape(tensor: "Tensor | None") -> tuple[int, ...] | None:
    return None if tensor is None else tuple(tensor.shape)


def _listed(names: list[str], others: list[str]) -> str:
    """Name the first of them, each with the nearest name on the other side."""
    texts = list(names)
    for index, name in enumerate(names[:_LISTED]):
        if near := get_close_matches(name, others, n=1):
            texts[index] = f"{name} (nearest: {near[0]})"
    return first_of(texts, _LISTED)
