"""Make the entries of benchmarks/leaderboard: methods that ship, on sets that ship; go on where it stopped.

    python benchmarks/leaderboard.py WORK                                # all that is out of date
    python benchmarks/leaderboard.py WORK --sets simd-open --methods fused
    simd leaderboard --entries benchmarks/leaderboard                    # the boards

WORK gets the sets, mattes and scores of what has to be made. An entry is made again where the set's published
digest, the method's version, its weights or the version of the metrics is another than its card says; others
are left alone, and nothing is built or predicted for them. The program says which, and how long each took.
"""

import argparse
import hashlib
import platform
import time
from pathlib import Path
from typing import Any

from simd.citations import METHOD_PAPERS
from simd.composition.build import build
from simd.dataset.published_digests import published
from simd.files import read_json
from simd.methods import load_method
from simd.methods.facts import Facts, facts_of
from simd.methods.fused.method import WEIGHTS
from simd.methods.predict import predict
from simd.metrics.evaluate import evaluate
from simd.metrics.score import METRICS_VERSION
from simd.report.entries.card import NONE, read_card
from simd.report.entries.files import is_entry, make_entry

ENTRIES = Path(__file__).parent / "leaderboard"
CLASSICAL = (
    "closed-form",
    "information-flow",
    "knn",
    "large-kernel",
    "learning-based",
    "random-walk",
    "shared",
)
SETS = ("simd-open-mini", "simd-open")
METHODS = ("trimap", *CLASSICAL, "fused")
"""The methods that need no weights of others."""
WITHOUT_PAPER = {
    "trimap": "none: 0.5 on the unknown region",
    "fused": f"none; after {METHOD_PAPERS['fused']}",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--methods", nargs="+", help="in place of all")
    parser.add_argument("--entries", type=Path, default=ENTRIES, help="where they lie")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    for name in given.sets:
        for method in METHODS:
            if given.methods is not None and method not in given.methods:
                continue
            folder, began = given.entries / name / method, time.perf_counter()
            if reason := out_of_date(folder, name, facts_of(load_method(method))):
                renew(given.work, folder, name, method, given.workers)
                took = f"{time.perf_counter() - began:.0f} s"
                print(f"{name} {method}: made, {reason} ({took})", flush=True)
            else:
                print(f"{name} {method}: as it is", flush=True)


def out_of_date(folder: Path, set_name: str, facts: Facts) -> str:
    """Say why an entry has to be made; "" where it still holds."""
    if not is_entry(folder):
        return "it was not there"
    card = read_card(folder / "card.toml")
    current = {
        "set_digest": published()[set_name]["set"],  # of all layers, so other trimaps change it, too
        "version": facts.version,
        "weights_sha256": facts.checkpoint_digest or NONE,
        "metrics_version": METRICS_VERSION,
    }
    changed = [key for key, value in current.items() if getattr(card, key) != value]
    return f"its {' and '.join(changed)} changed" if changed else ""


def renew(work: Path, folder: Path, set_name: str, method: str, workers: int) -> None:
    """Build, predict and score what is not there yet, and make the entry."""
    matting_set, mattes = work / "sets" / set_name, work / "mattes" / set_name / of_version(method)
    if not (matting_set / "dataset.json").is_file():
        build(matting_set, spec=set_name, workers=workers)
    predict(method, matting_set, mattes, workers=workers)
    scores = work / "scores" / set_name / method
    evaluate(mattes, matting_set, out=scores, workers=workers)
    make_entry(scores, folder, predictions=mattes, facts=stated(method))


def of_version(method: str) -> str:
    """Name a folder after a method, its version and its weights, so that it holds the mattes of one alone."""
    facts = facts_of(load_method(method))
    digest = hashlib.sha256(f"{facts.version} {facts.checkpoint_digest}".encode()).hexdigest()
    return f"{method}-{digest[:8]}"


def stated(method: str) -> dict[str, Any]:
    """Return what the card of a method of this package says."""
    weights: dict[str, Any] = {"trained_on": []}
    if method == "fused":
        card = read_json(WEIGHTS / "fused.json")
        weights = {
            "trained_on": ["drawn objects and photographs of the training split (docs/methods.md)"],
            "weights_licence": card["licence"],
        }
    return {
        "paper": WITHOUT_PAPER.get(method) or METHOD_PAPERS[method],
        "code": "simd.methods of this package, MIT",
        "bibtex": "none",
        "hardware": f"one core of a shared {platform.machine()} machine",
        **weights,
    }


if __name__ == "__main__":
    main()
