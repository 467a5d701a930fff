"""The folder RUN of a training run: its recipe, its log, and what may be written where.

====================  ======================================================================================
recipe.toml           the resolved recipe; another one is refused
log.jsonl             a line for the start of each session, every logged step, each validation, the end
checkpoints/          the last states
best/                 weights of the best validation, with cards
<network>.json        cards of the finished run's weights, for `simd predict sim --weights RUN`
strip.npz             the first samples of the last validation, with what the network makes of them
index.html            the page that `simd train` draws of all this
not_finite/           the batch of a step whose loss was not finite
====================  ======================================================================================
"""

import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from simd.errors import DataError
from simd.files import as_path, cannot_write, json_lines, make_folder, read_text, read_toml, write_atomically
from simd.sources.outputs import Inputs, begins, check_output_folder, has_file, never
from simd.training.recipe import Recipe, differences, recipe_of, recipe_text

RECIPE_NAME, LOG_NAME, STRIP_NAME = "recipe.toml", "log.jsonl", "strip.npz"
_FIRST = "stage = "  # begins a resolved recipe
_PART = re.compile(rf"\.{RECIPE_NAME}\.\d+\.part")
_DIFFERENCES = 6  # named in a message


class RunFolder:
    """A run on disk.

    Parameters
    ----------
    path : Path
        RUN; made if it is missing, continued if it is of the same recipe.
    recipe : Recipe
    inputs : iterable of path
        What the run reads: RUN may not lie in it.
    writes : bool
        Off for all processes of a run but the first: they read alone.

    Raises
    ------
    DataError
        If the folder holds something else, or a run of another recipe; the message says what differs.
    """

    def __init__(self, path: Path, recipe: Recipe, *, inputs: Inputs = (), writes: bool = True) -> None:
        self.path = check_run_folder(path, inputs)
        self.checkpoints, self.best, self.not_finite = (
            self.path / name for name in ("checkpoints", "best", "not_finite")
        )
        self._log_file = self.path / LOG_NAME
        self._writes = writes
        file = self.path / RECIPE_NAME
        if file.is_file():
            _check_same(self.path, recipe_of(read_toml(file), str(file)), recipe)
        elif writes:
            make_folder(self.path)
            write_atomically(file, recipe_text(recipe))

    def begin_log(self, step: int) -> None:
        """Drop the lines after a step, which will come again, and what a kill has cut."""
        if self._writes:
            kept = [row for row in self.log() if row.get("step", 0) <= step]
            write_atomically(self._log_file, json_lines(kept))

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the log; one that a kill has cut is the last and is left out."""
        return read_log(self.path)

    def keep_strip(self, strip: Mapping[str, npt.NDArray[Any]]) -> None:
        """Keep the samples that a page shows."""
        content = io.BytesIO()
        np.savez_compressed(content, **dict[str, Any](strip))  # allow_pickle=False: an array in NumPy 2.1
        write_atomically(self.path / STRIP_NAME, content.getvalue())

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a line to the log."""
        if not self._writes:
            return
        try:
            with self._log_file.open("a", encoding="utf-8") as stream:
                stream.write(json_lines([row]))
        except OSError as error:
            raise cannot_write(self._log_file, error) from error


def check_run_folder(path: str | Path, inputs: Inputs = ()) -> Path:
    """Return the path of a folder that is a run, or may become one; DataError if something is in the way."""
    folder = as_path(path, "the name of a training run")
    if folder.is_dir() and all(_PART.fullmatch(each.name) for each in folder.iterdir()):
        return check_output_folder(
            folder, "a training run", never, names=(), inputs=inputs
        )  # as good as empty
    is_run = has_file(RECIPE_NAME, begins(_FIRST))
    return check_output_folder(folder, "a training run", is_run, inputs=inputs)


def read_log(run: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log, without a last one that is cut."""
    file = run / LOG_NAME
    if not file.is_file():
        return []
    rows = []
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        try:
            row = json.loads(line)
        except ValueError:
            break
        if not isinstance(row, dict):
            raise DataError(f"{file}:{number}: a JSON object is expected, this is a {type(row).__name__}")
        rows.append(row)
    return rows


def read_run_recipe(run: str | Path) -> Recipe:
    """Return the recipe of an existing run.

    Raises
    ------
    DataError
        If the folder is not a run.
    """
    file = Path(run) / RECIPE_NAME
    if not file.is_file():
        raise DataError(f"{run}: is not the folder of a training run, which simd train makes")
    return recipe_of(read_toml(file), str(file))


def _check_same(path: Path, there: Recipe, here: Recipe) -> None:
    if differing := differences(there, here):
        more = f"\n  and {len(differing) - _DIFFERENCES} more" if len(differing) > _DIFFERENCES else ""
        listed = "".join(f"\n  {line}" for line in differing[:_DIFFERENCES])
        raise DataError(
            f"{path}: is a run of another recipe; name another folder, or take the recipe back. "
            f"What differs:{listed}{more}"
        )
