"""Spoil inputs and options of every command by chance, and count what the program makes of them.

    python benchmarks/robustness/fuzz.py [--inputs 3000] [--seed 0] [--workers 2] [--faults FILE]

Each trial takes a command with the inputs it names, spoils a file of them or a word of the command, and runs
it in a worker process, in a scratch folder that this program makes and removes. Counted are: refused (exit
code 1 or 2, with a reason); accepted, because nothing changed, because it is said, or because the spoilt
input is a valid one; tracebacks; hangs (more than 10 seconds); inputs touched (their tree differs after).
"""

import argparse
import contextlib
import hashlib
import io
import json
import multiprocessing
import os
import random
import shutil
import stat
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from spoilt_inputs import spoil_tree, spoil_words
from whole_inputs import commands_of, fresh, write_inputs

SECONDS = 10.0
COLUMNS = ("refused", "no change", "said", "valid", "traceback", "hang", "touched")
FAULTS = ("traceback", "hang", "touched")
_WARM = 180.0  # the first run of a command imports its libraries


class Trial(NamedTuple):
    """What came of one spoilt input."""

    number: int
    command: str
    spoilt: str
    verdict: str
    words: str = ""


def run_trials(numbers: Sequence[int], *, seed: int = 0, workers: int = 1) -> Iterator[Trial]:
    """Run trials in worker processes, each with a time limit, and yield what came of them."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        root = Path(scratch).resolve()
        maker = context.Process(target=write_inputs, args=(root / "store",))
        maker.start()
        maker.join()
        if maker.exitcode:
            raise SystemExit("the whole inputs could not be made")
        commands = len(list(commands_of(root / "store")))
        # the numbers of a worker are sorted by command, so that each command is warmed once a worker
        ordered = sorted(numbers, key=lambda number: (number % commands, number))
        lanes = [
            _Lane(
                context,
                root,
                f"lane{i}",
                seed,
                ordered[i * len(ordered) // workers : (i + 1) * len(ordered) // workers],
            )
            for i in range(workers)
        ]
        while any(lane.waiting for lane in lanes):
            for lane in lanes:
                yield from lane.step(0.02)
        for lane in lanes:
            lane.end()


class _Lane:
    """A worker process with the trials it has still to run; it is ended and begun anew where one hangs."""

    def __init__(self, context: Any, root: Path, name: str, seed: int, numbers: Sequence[int]) -> None:
        self.context, self.root, self.name, self.seed = context, root, name, seed
        self.waiting = list(numbers)
        self.process: Any = None
        self.limit = 0.0
        self.stage = ("", "")

    def step(self, seconds: float) -> Iterator[Trial]:
        if not self.waiting:
            return
        if self.process is None:
            self._begin()
        if self.connection.poll(seconds):
            try:
                message = self.connection.recv()
            except EOFError:
                yield self._lost("traceback", f"the process died with {self.process.exitcode}")
                return
            if message[0] == "runs":
                self.stage, self.limit = message[1:], time.monotonic() + SECONDS
                return
            yield Trial(*message[1])
            self._send_next()
        elif time.monotonic() > self.limit:
            yield self._lost("hang", f"more than {SECONDS:.0f} s")

    def _lost(self, verdict: str, words: str) -> Trial:
        number = self.waiting[0]
        self.end()
        self.waiting.pop(0)
        return Trial(number, *self.stage, verdict, words)

    def _begin(self) -> None:
        self.connection, other = self.context.Pipe()
        self.process = self.context.Process(target=_work, args=(other, self.root, self.name, self.seed))
        self.process.start()
        other.close()
        self.limit = time.monotonic() + _WARM
        self.connection.send(self.waiting[0])

    def _send_next(self) -> None:
        self.waiting.pop(0)
        self.limit = time.monotonic() + _WARM
        if self.waiting:
            self.connection.send(self.waiting[0])

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = None


# -- in a worker -----------------------------------------------------------------------------------------


def _work(connection: Connection, root: Path, name: str, seed: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    options = _options_of_commands()
    commands = list(commands_of(root / "store"))
    wholes: dict[str, tuple[int, str, str]] = {}
    while True:
        try:
            number = connection.recv()
        except EOFError:
            return
        line, named = commands[number % len(commands)]
        folder = fresh(root / name / "trial")
        os.chdir(folder)
        if line not in wholes:
            copy_inputs(root / "store", folder, named)
            code, text = run_line(line.split())
            if code is None:
                connection.send(("done", (number, line, "nothing", "traceback", text)))
                continue
            wholes[line] = _result(code, text, folder)
            os.chdir(root)
            os.chdir(fresh(folder))
        chance = random.Random(f"{seed}-{number}")
        copy_inputs(root / "store", folder, named)
        words, of_files = line.split(), chance.random() < 0.75
        if of_files:
            spoilt = spoil_tree(folder, named, chance)
        else:
            words, spoilt = spoil_words(words, options[_name_of(line, options)], chance)
        connection.send(("runs", line, spoilt))
        before = tree_of(folder, named)
        code, text = run_line(words)
        verdict = _verdict(
            code, text, before == tree_of(folder, named), _result(code, text, folder), wholes[line]
        )
        connection.send(("done", (number, line, spoilt, verdict, text)))
        os.chdir(root)
        shutil.rmtree(folder, ignore_errors=True)


def copy_inputs(store: Path, folder: Path, named: Sequence[str]) -> None:
    for name in named:
        if (store / name).is_dir():
            shutil.copytree(store / name, folder / name)
        else:
            shutil.copy(store / name, folder / name)


def run_line(words: Sequence[str]) -> tuple[int | None, str]:
    """Run a command line in this process: its exit code, None where an exception left it, and its text."""
    from simd.cli import main
    from simd.methods import clear_loaded

    clear_loaded()  # a command is a process of its own: no model is left of another
    sys.argv = ["simd", *words]
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code: int | None = main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
            code = None
    return code, text.getvalue()


def _result(code: int | None, text: str, folder: Path) -> tuple[int, str, str]:
    """Return a run's exit code, its text without times, and a digest of what it wrote."""
    shown = [line for line in text.splitlines() if " a second" not in line and " s an image" not in line]
    written = sorted(p.name for p in folder.iterdir() if p.name.startswith("out"))
    tree = {path: facts for path, facts in tree_of(folder, written).items() if not path.endswith("run.json")}
    return -1 if code is None else code, "\n".join(shown), hashlib.sha256(repr(tree).encode()).hexdigest()


def _verdict(
    code: int | None, text: str, untouched: bool, result: tuple[int, str, str], whole: tuple[int, str, str]
) -> str:
    if code is None or "Traceback (most recent call last)" in text or (code and not text.strip()):
        return "traceback"
    if not untouched:
        return "touched"
    if code:
        return "refused"
    if result == whole:
        return "no change"
    return "said" if result[1] != whole[1] else "valid"


def tree_of(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return every path below some inputs with its kind, and a digest of its content where it is a file."""
    facts = {}
    paths = [folder / name for name in names]
    for path in [*paths, *(below for each in paths if each.is_dir() for below in each.rglob("*"))]:
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else ""
        facts[str(path.relative_to(folder))] = f"{stat.S_IFMT(mode)} {content}"
    return facts


def _options_of_commands() -> dict[str, dict[str, bool]]:
    """Return every command's options, and whether each is a flag."""
    import typer

    from simd.cli import app

    found: dict[str, dict[str, bool]] = {}

    def visit(command: Any, name: str) -> None:
        for key, each in getattr(command, "commands", {}).items():
            visit(each, f"{name} {key}".strip())
        found[name] = {
            flag: bool(getattr(parameter, "is_flag", False))
            for parameter in command.params
            for flag in parameter.opts
            if flag.startswith("--")
        }

    visit(typer.main.get_command(app), "")
    found["browse"] = found["browse open"]
    return found


def _name_of(line: str, options: dict[str, dict[str, bool]]) -> str:
    first, second, *_ = line.split()
    return f"{first} {second}" if f"{first} {second}" in options else first


# -- the table -------------------------------------------------------------------------------------------


def table(trials: Sequence[Trial]) -> str:
    """Return the counts by command, and their sums, as text."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        first, second, *_ = trial.command.split()
        counts[f"{first} {second}" if first in ("tag", "weights") else first][trial.verdict] += 1
    counts = {name: counts[name] for name in sorted(counts)} | {"all": sum(counts.values(), Counter())}
    lines = ["| command | inputs | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) + 1)]
    for name, of_command in counts.items():
        cells = (of_command.total(), *(of_command[column] for column in COLUMNS))
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", type=Path, help="write every trial as JSON lines")
    arguments = parser.parse_args()
    numbers = range(arguments.first, arguments.first + arguments.inputs)
    trials = []
    for trial in run_trials(numbers, seed=arguments.seed, workers=arguments.workers):
        trials.append(trial)
        if trial.verdict in FAULTS:
            print(f"{trial.number} {trial.verdict}: {trial.command}", file=sys.stderr)
            print(f"    {trial.spoilt}\n    {trial.words[-400:]}", file=sys.stderr)
    if arguments.faults:
        arguments.faults.write_text("".join(json.dumps(trial._asdict()) + "\n" for trial in trials))
    print(table(trials))
    return 1 if any(trial.verdict in FAULTS for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
