"""Every notebook runs from its first cell to its last, on a machine that has never seen Jupyter."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest
from tools.mongod import running_mongod

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

SHORTENED = {"04_train": ("STEPS = 240", "STEPS = 12")}
"""What would take minutes, and what is run in its place."""

# In a process of its own: warnings of Jupyter's machinery are not ours, and its event loop ends with it.
EXECUTE = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1]).parent))
from store import run, small
notebook = small(run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]), Path(sys.argv[2]))
print(sum(len(cell.get("outputs", [])) for cell in notebook.cells))
"""


def fresh_jupyter(home: Path) -> dict[str, str]:
    """Return an environment whose Jupyter folders are all in `home` and whose kernel is this interpreter."""
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    return os.environ | store().kernel_home(home)


def store():
    """Return the program that stores notebooks."""
    spec = importlib.util.spec_from_file_location("store", FOLDER / "store.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_notebooks():
    assert [path.name for path in NOTEBOOKS][:1] == ["01_classes.ipynb"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_leaves_nothing_beside_it(path, tmp_path):
    assert SHORTENED.get(path.stem, ("", ""))[0] in path.read_text(encoding="utf-8")
    before = {entry: entry.read_bytes() for entry in FOLDER.iterdir() if entry.is_file()}
    work = tmp_path / "work"
    work.mkdir()
    with ExitStack() as server:
        database = {}
        if path.stem == "05_browse" and find_spec("fiftyone") is not None:
            database["FIFTYONE_DATABASE_URI"] = server.enter_context(running_mongod())
        done = subprocess.run(
            [sys.executable, "-c", EXECUTE, str(path), str(work), *SHORTENED.get(path.stem, ())],
            env=fresh_jupyter(tmp_path / "jupyter") | database,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout.split()[-1]) > 0
    assert {entry: entry.read_bytes() for entry in FOLDER.iterdir() if entry.is_file()} == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_with_small_outputs_that_say_nothing_of_where_it_ran(path):
    text = path.read_text(encoding="utf-8")
    cells = json.loads(text)["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    outputs = [output for cell in code for output in cell["outputs"]]
    assert [cell["execution_count"] for cell in code] == list(
        range(1, len(code) + 1)
    )  # run once, from the top
    pictures = [value for o in outputs for kind, value in o.get("data", {}).items() if "image/" in kind]
    assert pictures
    assert sum(map(len, pictures)) < 300_000
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert not re.search(r"/tmp/|/home/|/root/|site-packages|iopub", text)
