"""Put one fault at a time into clean sets and sources, and count how often it is named.

    python benchmarks/robustness/faults.py [--faults 2000] [--first 0] [--seed 0] [--details]

Each trial copies a clean tree, runs the command that checks it (`simd verify` of a set; of a source `simd
index --decode`, `select`, `build` or `import`), puts one fault of a drawn kind into the copy, and runs the
command again. *Named*: it ends with exit code 1, or says something that it did not say of the clean tree, and
what is new in its words names each file or id that was hurt. *Unnamed* is the rest, tracebacks included. A
*false alarm* is another exit code than 0 on the clean tree.

What nobody can know is no fault and is not put in: other pixels in a picture of a source, which has no
redundancy (of a JPEG, any byte in its middle); two mattes of a source exchanged; a photograph lost from a
folder of which there is no list; a file with other bytes and the same pixels; two layers exchanged whose
pixels are equal; texts in dataset.json of which the rows say nothing (name, version, citation, program); rows
in another order; what others have added outside the layers' folders; a set changed together with its digests.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from forked import Ended, import_simd, in_a_process, run_forked
from fuzz import copy_inputs
from picture_faults import ANY_PICTURE, NO_FILE, Fault, Way
from set_faults import OF_A_SET
from source_faults import (
    OF_ALPHA,
    OF_ANNOTATION,
    OF_TABLE,
    OF_TRIMAP,
    PAIRED,
    a_list_cut,
    a_listed_photograph_lost,
    an_empty_alpha,
    an_image_of_nobody,
)
from whole_inputs import write_layout, write_sources

NAMES = {
    "adobe": ("shawl-1", "shawl-2"),
    "simd": ("veil-1", "veil-2"),
    "distinctions-646": ("mesh-1", "mesh-2"),
    "am-2k": ("m_0a1b2c3d", "m_1f2e3d4c"),
}
PAIRS = ("aim-500", "composition-1k", "simd-composed", "alphamatting")
SETS = {
    "exact": "--foregrounds fgs --backgrounds bgs --per-foreground 2",
    "tagged": "--foregrounds fgs --backgrounds bgs --annotations annotations --proposals --trimap-radius 5",
    "simd-2021": "--foregrounds as-simd --backgrounds as-voc --protocol simd-2021",
    "adobe-2017": "--foregrounds as-adobe --backgrounds as-coco --protocol adobe-2017",
    "resized": "--foregrounds cutouts --backgrounds as-bg-20k --max-side 36 --seed 3",
}
IMPORTS = {"pairs": "as-aim-500 --class fur", "released": "as-simd-composed"}


class Tree(NamedTuple):
    """A clean tree, the inputs that it consists of, the command that checks it, and ways to hurt it."""

    name: str
    inputs: tuple[str, ...]
    command: str
    ways: tuple[Way, ...]


class Trial(NamedTuple):
    """What came of one fault."""

    number: int
    tree: str
    kind: str
    what: str
    verdict: str
    words: str = ""


def trees() -> list[Tree]:
    """Return every clean tree with the ways to hurt it."""
    sets = [
        Tree(f"set {name}", (f"set-{name}",), f"verify set-{name}", OF_A_SET) for name in (*SETS, *IMPORTS)
    ]
    foregrounds = [
        Tree(name, (name,), f"index {name} --decode", (*ANY_PICTURE, *NO_FILE, *PAIRED, *OF_ALPHA, *table))
        for name, table in (
            ("fgs", OF_TABLE),
            ("as-adobe", OF_TABLE),
            ("as-distinctions-646", OF_TABLE),
            ("as-am-2k", OF_TABLE),
            ("as-simd", ()),
        )
    ]
    photographs = [
        Tree("cutouts", ("cutouts",), "index cutouts --decode", (*ANY_PICTURE, *NO_FILE)),
        Tree("bgs", ("bgs",), "index bgs --decode", (*ANY_PICTURE, *NO_FILE)),
        Tree("as-bg-20k", ("as-bg-20k",), "index as-bg-20k --decode", (*ANY_PICTURE, *NO_FILE)),
        Tree(
            "as-coco",
            ("as-coco",),
            "index as-coco --decode",
            (*ANY_PICTURE, *NO_FILE, a_listed_photograph_lost, a_list_cut, an_image_of_nobody),
        ),
        Tree("as-voc", ("as-voc",), "index as-voc --decode", (*ANY_PICTURE, *NO_FILE)),
    ]
    pairs = [
        Tree(
            f"as-{name}",
            (f"as-{name}",),
            f"import as-{name} out {'--class fur' if name != 'simd-composed' else ''}".strip(),
            (*ANY_PICTURE, *NO_FILE, *PAIRED, *OF_ALPHA, *OF_TRIMAP, *OF_TRIMAP),
        )
        for name in PAIRS
    ]
    tagged = Tree(
        "annotations",
        ("fgs", "bgs", "annotations"),
        "build out --foregrounds fgs --backgrounds bgs --annotations annotations --proposals --any-licence",
        OF_ANNOTATION,
    )
    chosen = Tree(
        "selection", ("fgs",), "select fgs --out out.jsonl", (an_empty_alpha, *OF_ALPHA, *ANY_PICTURE)
    )
    return [*sets, *foregrounds, *photographs, *pairs, tagged, chosen]


def write_trees(root: Path) -> None:
    """Write the clean trees into a folder."""
    from contextlib import chdir

    from simd.sources import index_foregrounds
    from simd.tagging.folders import fill_folder

    write_sources(root)
    for name, stems in NAMES.items():
        shutil.rmtree(root / f"as-{name}")
        write_layout(root, name, stems)
        rows = "".join(f"{stem},{class_}\n" for stem, class_ in zip(stems, ("fur", "net"), strict=True))
        if name != "simd":
            (root / f"as-{name}" / "classes.csv").write_text("file,class\n" + rows)
    (root / "as-simd" / "classes.csv").unlink(missing_ok=True)
    with chdir(root):
        fill_folder(Path("annotations"), index_foregrounds("fgs").records)
        for name, words in SETS.items():
            _make(f"build set-{name} {words} --any-licence --workers 1")
        for name, words in IMPORTS.items():
            source, *options = words.split()
            _make(f"import {source} set-{name} {' '.join(options)} --workers 1")


def _make(line: str) -> None:
    from fuzz import run_line

    code, text = run_line(line.split())
    if code:
        raise SystemExit(f"{line}\n{text}")


def run_trials(root: Path, numbers: Sequence[int], *, seed: int = 0) -> Iterator[Trial]:
    """Hurt copies of the clean trees in a folder, and yield what the commands say."""
    all_trees, log = trees(), root / "log.txt"
    folder = root / "trial"
    for number in numbers:
        chance = random.Random(f"{seed}-{number}")
        tree = all_trees[number % len(all_trees)]
        _lay_out(root, folder, tree)
        clean = run_forked(f"{tree.command} --workers 1", folder, log)
        fault = None
        while fault is None:  # not every way fits every file
            _lay_out(root, folder, tree)
            way = chance.choice(tree.ways)
            fault = way(folder, chance)
        kind = way.__name__.replace("_", " ")
        if clean.code:
            yield Trial(number, tree.name, kind, "nothing", "false alarm", clean.text)
            continue
        hurt = run_forked(f"{tree.command} --workers 1", folder, log)
        yield Trial(number, tree.name, kind, fault.what, _verdict(hurt, clean, fault), hurt.text)


def _lay_out(root: Path, folder: Path, tree: Tree) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    copy_inputs(root / "clean", folder, tree.inputs)


def _verdict(hurt: Ended, clean: Ended, fault: Fault) -> str:
    if hurt.code is None or hurt.code not in (0, 1) or "Traceback (most recent call last)" in hurt.text:
        return "unnamed"
    new = set(hurt.text.splitlines()) - set(clean.text.splitlines())
    words = "\n".join(new)
    named = all(any(name in words for name in names) for names in fault.hurt)
    return "named" if named else "unnamed"


def table(trials: Sequence[Trial]) -> str:
    """Return the counts by tree, and their sums, as text."""
    columns = ("named", "unnamed", "false alarm")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        counts[trial.tree][trial.verdict] += 1
    counts = dict(counts) | {"all": sum(counts.values(), Counter())}
    lines = ["| tree | clean runs | faults | " + " | ".join(columns) + " |", "|---|" + "---:|" * 5]
    for name, of_tree in counts.items():
        cells = (of_tree.total(), of_tree.total() - of_tree["false alarm"], *(of_tree[c] for c in columns))
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first fault")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--details", action="store_true", help="print what is said of every fault")
    arguments = parser.parse_args()
    trials = []
    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        root = Path(scratch).resolve()
        in_a_process(lambda: write_trees(root / "clean"))
        import_simd(without=("simd.training", "simd.studio", "simd.methods", "simd.cluster"))
        numbers = range(arguments.first, arguments.first + arguments.faults)
        for trial in run_trials(root, numbers, seed=arguments.seed):
            trials.append(trial)
            if arguments.details or trial.verdict != "named":
                print(f"{trial.number} {trial.verdict}, {trial.tree}: {trial.what}\n    {trial.words[-600:]}")
                sys.stdout.flush()
    kinds = len({trial.kind for trial in trials})
    print(f"{len(trials)} faults of {kinds} kinds in {len({trial.tree for trial in trials})} trees")
    print(table(trials))
    return 1 if any(trial.verdict != "named" for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
