"""Let the disk fill at any write of every command that writes, and count what is left of its output.

    python benchmarks/robustness/disk_full.py [--sizes 12] [--only TEXT ...] [--details]

Each command runs once on a small disk of its own (a tmpfs, which Linux lets everybody mount in a namespace of
their own) with room enough: so much it needs. Then it runs again and again with less room, in even steps from
none to one page less than it needs, with its temporary files on that disk, too. What may come of it:

enough      it ends as with room enough: nothing was written at the moment when most was
refused     exit code 1 and a message that names the place and says how much is free or missing; what lies
            there is whole files of the final ones, or the state of an unfinished run; nothing counts as
            finished; the inputs are as they were. With room again the same command ends with the same bytes

and everything else is a fault: *unsaid* (another message, or a traceback), *half-written* (a file that is
none of the final ones, or a set, export, scores or page that look finished), *touched* (inputs), *not the
same* (afterwards), *hang*. A trial more has room, but allows no more files. At last the finished output is
there, the disk is full, and the same command runs once more: the output has to stay as it is.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from forked import Ended, import_simd, in_a_process, run_forked
from fuzz import copy_inputs, tree_of
from training_kills import SETTINGS
from whole_inputs import commands_of, fresh, write_inputs

PAGE = os.sysconf("SC_PAGE_SIZE")
COLUMNS = ("enough", "refused", "unsaid", "half-written", "touched", "not the same", "hang")
FAULTS = COLUMNS[2:]
MOUNTED = "--mounted"
_TRAINED = " ".join(f"--set {setting.replace(' ', '')}" for setting in SETTINGS)
EXPLAIN = "explain scores-of-many/trimap.json many --out out --workers 1"
# what else writes; whole_inputs.py has the commands that read files of others
FURTHER = (
    "index fgs --write-classes out.csv --workers 1",
    "select fgs --page out.html --out out.jsonl --workers 1",
    "court mattes set --out out --workers 1",
    EXPLAIN,
    "bench set trimap --out out --workers 1",
    "entry make scores/a.json --out out",
    "cutout pictures --out out --auto --workers 1",
    "classes --class fire --size 32 --seeds 1 --out out.png",
    "leaderboard scores/a.json scores/b.json --format latex --out out",
    "tag agree annotations others --pictures out",
    f"train sim-classifier-small --steps 4 --workers 0 --out out {_TRAINED}",
)
DEMO = "demo --out out --workers 1"  # minutes a trial: only if it is named
# what changes a folder in place, and what lies there before
RESCORE = "entry rescore out --predictions mattes-of-entries --sets sets --workers 1"
IN_PLACE = {"tag review out": "not-reviewed", RESCORE: "earlier-entries"}
# the last file of a finished output: where it is, all others are
LAST = {
    *(f"out/{name}" for name in ("dataset.json", "export.json", "run.json", "index.html", "scores.json")),
    "out.json",
}
# the documented states of unfinished runs, from which the same command goes on
STATE = re.compile(
    r"(^|/)(\.build|\.predict|\.statistics|\.embed|\.[^/]*\.partial|checkpoints|recipe\.toml|log\.jsonl)(/|$)"
    r"|^out/classes\.csv$"
)
_CHECKPOINTS = re.compile("out/checkpoints/.")  # of equal weights, in other bytes where a run has gone on
_BENCH = re.compile(r"\.(json|html|md|csv)$")  # says how long a method takes, sometimes in equal digits
_WRITES = re.compile(r"\bout\b")
_REFUSED = "weights import"  # the made-up checkpoints are of no network: nothing is written
_ROOM = re.compile(r"\d (bytes|[kMG]B) (are )?free|\d (bytes|[kMG]B) are missing")


class Trial(NamedTuple):
    """What came of one run on a disk that is full."""

    command: str
    room: str
    verdict: str
    words: str = ""


class Disk:
    """A tmpfs whose size follows what is on it."""

    def __init__(self, path: Path) -> None:
        self.path = fresh(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", self.path], check=True)

    def held(self) -> int:
        """Return the bytes that are taken."""
        status = os.statvfs(self.path)
        return (status.f_blocks - status.f_bfree) * status.f_frsize

    def leave(self, room: int | None, files: int = 0) -> None:
        """Leave so many bytes, None for a gigabyte, and so many files, 0 for as many as one likes."""
        status = os.statvfs(self.path)
        size = 2**30 if room is None else max(self.held() + room, PAGE)
        inodes = status.f_files - status.f_ffree + files if files else 10**6
        options = f"remount,size={size},nr_inodes={inodes}"
        subprocess.run(["mount", "-o", options, self.path], check=True)

    def clear(self) -> None:
        """Remove everything."""
        self.leave(None)
        for each in self.path.iterdir():
            shutil.rmtree(each)


class Bench:
    """The disk, the whole inputs beside it, and the trials of one command after the other."""

    def __init__(self, root: Path) -> None:
        self.root, self.log = root, root / "log.txt"
        self.disk = Disk(root / "disk")
        self.peak, self.code = 0, 0  # of the last run, and of that with room enough
        self.begun: dict[str, str] = {}  # what lay where the output goes before the last run
        self.timed: set[str] = set()  # outputs that tell the time: they differ between two runs

    def lay_out(self, line: str, named: Sequence[str]) -> Path:
        """Clear the disk and copy the inputs to it; return the folder to run in."""
        self.disk.clear()
        (self.disk.path / "tmp").mkdir()
        folder = fresh(self.disk.path / "work")
        copy_inputs(self.root / "store", folder, named)
        if line in IN_PLACE:
            shutil.copytree(self.root / "store" / IN_PLACE[line], folder / "out")
        self.begun = self.outputs()
        return folder

    def run(self, line: str, seconds: float = 900.0) -> Ended:
        """Run a command in the folder; note the most bytes that it holds.

        The time is ample: killed on the way, a first run that compiles would pass for the whole.
        """
        self.peak = 0

        def watch() -> None:
            self.peak = max(self.peak, self.disk.held())

        return run_forked(
            line,
            self.disk.path / "work",
            self.log,
            temporary=self.disk.path / "tmp",
            watch=watch,
            seconds=seconds,
        )

    def outputs(self) -> dict[str, str]:
        """Return what lies on the disk beside the inputs, with digests of the files."""
        work = self.disk.path / "work"
        names = [path.name for path in work.iterdir() if path.name.lstrip(".").startswith("out")]
        return tree_of(work, sorted(names)) | {
            f"tmp/{path.name}": "" for path in (self.disk.path / "tmp").iterdir()
        }

    def trials(self, line: str, named: Sequence[str], sizes: int) -> Iterator[Trial]:
        """Run a command with room enough, and then with less."""
        whole, need = self._whole(line, named)
        if not whole:
            yield Trial(line, "enough", "unsaid" if self.code else "hang", self.log.read_text())
            return
        rooms = sorted({need * i // sizes // PAGE * PAGE for i in range(sizes)} | {max(need - PAGE, 0)})
        for room in rooms:
            folder = self.lay_out(line, named)
            inputs = tree_of(folder, named)
            self.disk.leave(room)
            yield self._trial(line, f"{room} of {need} bytes", folder, named, inputs, whole)
        folder = self.lay_out(line, named)
        inputs = tree_of(folder, named)
        self.disk.leave(None, files=1)
        yield self._trial(line, "1 file", folder, named, inputs, whole)
        yield self._once_more(line)

    def _whole(self, line: str, named: Sequence[str]) -> tuple[dict[str, str], int]:
        """Return the output of a run with room enough, without what differs between two, and its need.

        Without output the command has refused its inputs, or hung.
        """
        trees, need = [], 0
        for _ in range(2):
            self.lay_out(line, named)
            before = self.disk.held()
            ended = self.run(line)
            self.code = ended.code or 0
            if ended.code is None:
                return {}, 0
            trees.append(self.outputs())
            need = max(need, self.peak - before, self.disk.held() - before)
        self.timed = {
            name
            for name in trees[0]
            if trees[0][name] != trees[1].get(name) or (line.startswith("bench") and _BENCH.search(name))
        }
        return {
            name: facts
            for name, facts in trees[0].items()
            if name not in self.timed and not _CHECKPOINTS.search(name)
        }, need

    def _trial(
        self,
        line: str,
        room: str,
        folder: Path,
        named: Sequence[str],
        inputs: dict[str, str],
        whole: dict[str, str],
    ) -> Trial:
        ended = self.run(line)
        verdict, words = self._verdict(ended, folder, named, inputs, whole)
        if verdict != "refused":
            return Trial(line, room, verdict, words)
        self.disk.leave(None)
        again = self.run(line)
        differing = self._differing(self.outputs(), whole)
        if again.code != self.code or differing:
            return Trial(line, room, "not the same", f"{ended.text}\n{again.text}\n{differing[:6]}")
        return Trial(line, room, "refused", words)

    def _verdict(
        self,
        ended: Ended,
        folder: Path,
        named: Sequence[str],
        inputs: dict[str, str],
        whole: dict[str, str],
    ) -> tuple[str, str]:
        outputs = self.outputs()
        differing = self._differing(outputs, whole)
        if ended.code is None:
            return "hang", ""
        if tree_of(folder, named) != inputs:
            return "touched", ended.text
        if ended.code == self.code and not differing:
            return "enough", ""
        if ended.code == 0:
            return "half-written", f"{ended.text}\n{differing[:6]}"
        text = " ".join(ended.text.split())
        place = re.search(rf"(\bout|{re.escape(str(self.disk.path))})[^:]*: ", text)
        if ended.code != 1 or "Traceback" in text or not place or not _ROOM.search(text):
            return "unsaid", ended.text
        parts = [
            name
            for name, facts in outputs.items()
            if not STATE.search(name)
            and name not in self.timed
            and not _is_folder(facts)
            and facts not in (whole.get(name), self.begun.get(name))
        ]
        parts += [name for name in outputs if name.startswith("tmp/") or name.endswith(".part")]
        finished = [name for name in outputs if name in LAST]
        if parts or (finished and differing):
            return "half-written", f"{ended.text}\n{parts[:6]} {finished} {differing[:6]}"
        return "refused", ended.text

    def _differing(self, outputs: dict[str, str], whole: dict[str, str]) -> list[str]:
        """Return the paths that are not as in a whole output, but for those that tell the time."""
        names = [name for name in whole if outputs.get(name) != whole[name]]
        more = outputs.keys() - whole.keys() - self.timed
        return sorted(names + [name for name in more if not _CHECKPOINTS.search(name)])

    def _once_more(self, line: str) -> Trial:
        """Run the command again where its finished output lies, and the disk is full."""
        before = self.outputs()
        self.disk.leave(0)
        ended = self.run(line)
        outputs = self.outputs()
        changed = [name for name in before.keys() | outputs.keys() if before.get(name) != outputs.get(name)]
        changed = [name for name in changed if not STATE.search(name) and name not in self.timed]
        text = ended.text
        if ended.code is None:
            return Trial(line, "once more", "hang")
        if changed:
            return Trial(line, "once more", "half-written", f"{text}\n{changed[:6]}")
        if "Traceback" in text or ended.code not in (0, 1):
            return Trial(line, "once more", "unsaid", text)
        return Trial(line, "once more", "refused" if ended.code else "enough", text)


def _is_folder(facts: str) -> bool:
    return facts.startswith("16384 ")


def table(trials: Sequence[Trial]) -> str:
    """Return the counts by command, and their sums, as text."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        first, second, *_ = trial.command.split()
        named = f"{first} {second}" if first in ("tag", "weights", "entry") else first
        counts[named][trial.verdict] += 1
    counts = {name: counts[name] for name in sorted(counts)} | {"all": sum(counts.values(), Counter())}
    lines = ["| command | trials | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) + 1)]
    for name, of_command in counts.items():
        cells = (of_command.total(), *(of_command[column] for column in COLUMNS))
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def write_explained(root: Path) -> None:
    """Write a set of as many foregrounds as `explain` asks for, and a method's scores on it."""
    from simd.composition.build import build
    from simd.methods.predict import predict
    from simd.metrics.evaluate import evaluate

    with chdir(root):
        build("many", foregrounds="synthetic:2@32", backgrounds="bgs", any_licence=True)
        predict("trimap", "many", "mattes-of-many")
        Path("scores-of-many").mkdir()
        evaluate("mattes-of-many", "many", out="scores-of-many/trimap")


def write_begun(root: Path) -> None:
    """Write regions that nobody has reviewed, and an entry of an earlier version of the metrics."""
    from simd.report.entries.files import make_entry

    with chdir(root):
        shutil.copytree("annotations", "not-reviewed")
        for file in Path("not-reviewed").glob("*.json"):
            _replace(file, '"review": "proposed"', '"review": "started"')
        shutil.copytree("mattes", "mattes-of-entries/mine")
        shutil.copytree("set", "sets/set")
        entry = make_entry("scores/a.json", "earlier-entries/mine")
        _replace(entry.folder / "card.toml", "metrics_version = 2", "metrics_version = 1")
        _replace(entry.folder / "scores.json", '"metrics_version": 2', '"metrics_version": 1')


def _replace(file: Path, former: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert former in text, f"{file} lacks {former}"
    file.write_text(text.replace(former, new), encoding="utf-8")


def can_mount() -> bool:
    """Tell whether a process of this user may mount a disk in a namespace of its own."""
    try:
        words = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def main() -> int:
    if MOUNTED not in sys.argv:
        if not can_mount():
            print("no disk can be mounted here: that takes Linux with namespaces of users, and unshare")
            return 2
        return subprocess.run(
            ["unshare", "-rm", sys.executable, __file__, MOUNTED, *sys.argv[1:]], check=False
        ).returncode
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, default=12, help="runs of each command")
    parser.add_argument("--only", nargs="+", default=[""], help="commands that hold one of these texts")
    parser.add_argument("--details", action="store_true", help="print every message")
    parser.add_argument(MOUNTED, action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    trials = []
    with tempfile.TemporaryDirectory(prefix="full-") as scratch:
        root = Path(scratch).resolve()
        in_a_process(lambda: write_inputs(root / "store"))
        in_a_process(lambda: write_begun(root / "store"))
        if any(text in EXPLAIN for text in arguments.only):
            in_a_process(lambda: write_explained(root / "store"))
        bench = Bench(root)
        import_simd(
            "pyarrow.parquet", "datasets", "torch", "onnxruntime", "matplotlib.pyplot", "sklearn.manifold"
        )
        for line, named in commands_of(root / "store", further=(*FURTHER, *IN_PLACE, DEMO)):
            if not any(text in line for text in arguments.only) or (line == DEMO and "" in arguments.only):
                continue
            if not _WRITES.search(line) or line.startswith(_REFUSED):
                continue
            for trial in bench.trials(line, named, arguments.sizes):
                trials.append(trial)
                if arguments.details or trial.verdict in FAULTS:
                    print(f"{trial.verdict}, {trial.room}: {trial.command}\n    {trial.words[-700:]}")
                    sys.stdout.flush()
        bench.disk.clear()
        subprocess.run(["umount", bench.disk.path], check=True)
    print(table(trials))
    return 1 if any(trial.verdict in FAULTS for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
