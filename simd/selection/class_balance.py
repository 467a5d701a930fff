"""Choose foregrounds so that classes come out equal: a plain count, or an integer program over regions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simd.errors import DataError
from simd.hashing import text_digest
from simd.records import Foreground
from simd.tagging.annotated_foregrounds import counted_classes
from simd.taxonomy import CLASSES

_SECONDS = 30.0  # 815 foregrounds need less than a tenth of one


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualChoice:
    """Foregrounds with regions of several classes, so chosen that the classes are as equal as they can be."""

    ids: frozenset[str]
    per_class: int  # what every class present has at least
    regions: Mapping[str, int]  # of each class present, among the chosen
    material: Mapping[str, int]  # the same, among all
    gap: float  # how far the largest class may be from the least possible, as a share; 0 is proven

    @property
    def largest(self) -> str:
        """The class that others bring along most often; the program makes its number the least possible."""
        return max(self.regions, key=lambda name: self.regions[name])

    @property
    def bottleneck(self) -> str:
        """The class with the fewest regions in the material: no larger number can be had of all classes."""
        return min(self.material, key=lambda name: self.material[name])

    def __str__(self) -> str:
        proof = "proven" if self.gap == 0 else f"gap {self.gap:.1%}"
        return (
            f"{self.per_class} of each of {len(self.regions)} classes from {len(self.ids)} foregrounds; "
            f"largest {self.largest} with {self.regions[self.largest]} (least possible: {proof}); "
            f"bottleneck {self.bottleneck} with {self.material[self.bottleneck]} in all"
        )


def choose_equal(
    regions: Mapping[str, Sequence[str]],
    per_class: int | None = None,
    *,
    seed: int = 0,
    seconds: float = _SECONDS,
) -> EqualChoice:
    r"""Choose foregrounds by their regions: each class at least K times, and the largest class least often.

    With :math:`a_{ic} = 1` where foreground i has a region of class c, the program is

    .. math:: \min_{x \in \{0, 1\}^n, U} U \quad \text{with} \quad K \le \sum_i a_{ic} x_i \le U
       \quad \text{for each class } c,

    and then, with that U, :math:`\min \sum_{ic} a_{ic} x_i`: no region more than it takes. Where several
    choices are as good, a hash of the seed and the names decides.

    Parameters
    ----------
    regions : mapping
        Id of each foreground to the classes in its mask.
    per_class : int, optional
        K; by default the most that can be had: the number of the class with the fewest.
    seed : int
        Another seed takes others among equally good choices.
    seconds : float
        For each of the two programs; when they are over, the best found so far stands, and `gap` says what is
        not proven.

    Raises
    ------
    DataError
        With each class that has too few; or if the time was too short for any choice.

    Examples
    --------
    >>> material = {"a": ["fur", "net"], "b": ["fur", "sharp"], "c": ["net", "sharp"], "d": ["sharp"]}
    >>> choice = choose_equal(material)
    >>> sorted(choice.ids), choice.regions, choice.gap
    (['a', 'b', 'c'], {'fur': 2, 'net': 2, 'sharp': 2}, 0.0)
    """
    if per_class is not None and per_class < 1:
        raise DataError(f"per-class must be at least 1, not {per_class}")
    material = {name: sum(name in names for names in regions.values()) for name in CLASSES}
    present = {name: count for name, count in material.items() if count}
    if not present:
        raise DataError("no foreground has a region of a class; tag them first: simd tag FOLDER")
    wanted = min(present.values()) if per_class is None else per_class
    if per_class is not None:
        _refuse_short(material, per_class, "regions")
    chosen, gap = _solve(regions, tuple(present), wanted, seed, seconds)
    counts = {name: sum(name in regions[id_] for id_ in chosen) for name in present}
    return EqualChoice(ids=chosen, per_class=wanted, regions=counts, material=present, gap=gap)


def equal_numbers(
    foregrounds: Sequence[Foreground],
    per_class: int,
    *,
    seed: int,
    tell: Callable[[EqualChoice], None] = lambda _: None,
) -> list[Foreground]:
    """Choose the same number of foregrounds for each class.

    Where no foreground counts for several classes that is so many of each, by a hash of the seed and their
    names; else it is the integer program of :func:`choose_equal`, and `tell` is handed its outcome.

    Raises
    ------
    DataError
        With each class that has too few, and how many it has.
    """
    if per_class < 1:
        raise DataError(f"per-class must be at least 1, not {per_class}")
    regions = {fg.id: counted_classes(fg) for fg in foregrounds}
    if any(len(names) > 1 for names in regions.values()):
        choice = choose_equal(regions, per_class, seed=seed)
        tell(choice)
        return [fg for fg in foregrounds if fg.id in choice.ids]
    by_class = {name: [fg.id for fg in foregrounds if fg.class_ == name] for name in CLASSES}
    _refuse_short({name: len(ids) for name, ids in by_class.items()}, per_class, "foregrounds")
    by_hash = {
        name: sorted(ids, key=lambda id_: text_digest(str(seed), id_)) for name, ids in by_class.items()
    }
    wanted = {id_ for ids in by_hash.values() for id_ in ids[:per_class]}
    return [fg for fg in foregrounds if fg.id in wanted]


def _refuse_short(counts: Mapping[str, int], per_class: int, what: str) -> None:
    short = [f"{name} has {count}" for name, count in counts.items() if count < per_class]
    if short:
        raise DataError(
            f"{per_class} {what} for each class cannot be had: {', '.join(short)}; "
            "simd balance shows what is missing"
        )


def _solve(
    regions: Mapping[str, Sequence[str]], names: tuple[str, ...], wanted: int, seed: int, seconds: float
) -> tuple[frozenset[str], float]:
    """Return the chosen ids and the gap of the largest class."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, hstack, vstack

    ids = sorted(regions)  # the choice does not depend on the order in which a folder was listed
    has = csr_array([[float(name in regions[id_]) for id_ in ids] for name in names])  # (classes, n)
    level = csr_array(np.ones((len(names), 1)))
    options = {"time_limit": seconds, "mip_rel_gap": 0.0}
    rows = vstack([hstack([has, 0 * level]), hstack([has, -level])])
    low = np.repeat([wanted, -np.inf], len(names))
    high = np.repeat([np.inf, 0], len(names))
    least = milp(
        np.append(np.zeros(len(ids)), 1),
        integrality=1,
        bounds=Bounds(0, np.append(np.ones(len(ids)), np.inf)),
        constraints=LinearConstraint(rows, low, high),
        options=options,
    )
    if least.x is None:
        raise DataError(f"no choice was found in {seconds:g} seconds ({least.message})")
    # less than 1 together: the hash decides between choices of equally many regions, and nothing else
    ties = np.array([int(text_digest(str(seed), id_)[:6], 16) / 2**24 for id_ in ids]) / len(ids)
    fewest = milp(
        has.sum(axis=0) + ties,
        integrality=1,
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(has, wanted, round(least.fun)),
        options=options,
    )
    taken = least.x[: len(ids)] if fewest.x is None else fewest.x
    return frozenset(id_ for id_, x in zip(ids, taken, strict=True) if x > 0.5), float(least.mip_gap)
