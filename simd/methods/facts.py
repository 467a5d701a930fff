"""What a method says of itself, with defaults for what it leaves out."""

from dataclasses import dataclass
from typing import Any

from simd.errors import DataError

_GIGABYTES_PER_MEGAPIXEL = 1.0  # of a method that does not say what it needs: most classical ones need less


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What run.json and boards say of a method."""

    name: str
    version: str
    checkpoint_digest: str | None
    takes_trimap: bool
    trained_on: tuple[str, ...] | None


def facts_of(method: Any) -> Facts:
    """Return the facts of a method.

    Parameters
    ----------
    method : object
        Anything with ``predict``. It may have `name` (else that of its class, or of the function), `version`
        (else empty), `checkpoint_digest` and `trained_on` (else None) and `takes_trimap` (else True).

    Raises
    ------
    DataError
        If it has no ``predict``, or one of these is not of its type.
    """
    if not callable(getattr(method, "predict", None)):
        raise DataError(
            f"{method!r:.80} has no predict(image, trimap); a method is a name, "
            '"package.module:attribute", or an object with that function'
        )
    default_name = getattr(method, "__name__", None) or type(method).__name__
    version, digest = getattr(method, "version", ""), getattr(method, "checkpoint_digest", None)
    trained_on = getattr(method, "trained_on", None)
    facts = Facts(
        name=_typed(method, "name", str, getattr(method, "name", None) or default_name),
        version=_typed(method, "version", str, version),
        checkpoint_digest=None if digest is None else _typed(method, "checkpoint_digest", str, digest),
        takes_trimap=_typed(method, "takes_trimap", bool, getattr(method, "takes_trimap", True)),
        trained_on=None if trained_on is None else _typed(method, "trained_on", tuple, trained_on),
    )
    if not facts.name.isprintable() or not facts.name.strip():
        raise DataError(f"the name {facts.name!r} of {type(method).__name__} cannot stand on a board")
    return facts


def gigabytes_of(method: Any, megapixels: float) -> float:
    """Return the memory that a method says it needs for an image; 1 GB a megapixel if it does not say."""
    estimate = getattr(method, "gigabytes", None)
    if estimate is None:
        return _GIGABYTES_PER_MEGAPIXEL * megapixels
    needed = estimate(megapixels)
    if type(needed) not in (int, float) and not hasattr(needed, "__float__"):
        name = facts_of(method).name
        raise DataError(f"gigabytes(megapixels) of {name} must return a number, not {needed!r:.60}")
    return float(needed)


def _typed(method: Any, attribute: str, kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise DataError(
            f"the {attribute} of the method {type(method).__name__} must be {kind.__name__}, "
            f"not {value!r:.60}"
        )
    return value
