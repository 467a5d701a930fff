"""Every notebook runs from its first cell to its last, on a machine that has never seen Jupyter."""

import json
import os
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
import nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
for cell in notebook.cells:
    cell.source = cell.source.replace(*sys.argv[3:5])
where = {"metadata": {"path": sys.argv[2]}}
NotebookClient(notebook, timeout=300, kernel_name="this-python", resources=where).execute()
print(sum(len(cell.get("outputs", [])) for cell in notebook.cells))
"""


def fresh_jupyter(home: Path) -> dict[str, str]:
    """Return an environment whose Jupyter folders are all in `home` and whose kernel is this interpreter."""
    spec = home / "data" / "kernels" / "this-python" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "this Python", "language": "python"}))
    folders = {
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    named = {name: str(home / folder) for name, folder in folders.items()}
    quiet = {"JUPYTER_PLATFORM_DIRS": "1", "PYTHONWARNINGS": "default", "PYTHONDONTWRITEBYTECODE": "1"}
    return os.environ | named | quiet


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
            [sys.executable, "-c", EXECUTE, str(path), str(work), *SHORTENED.get(path.stem, ("", ""))],
            env=fresh_jupyter(tmp_path / "jupyter") | database,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout.split()[-1]) > 0
    assert {entry: entry.read_bytes() for entry in FOLDER.iterdir() if entry.is_file()} == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
