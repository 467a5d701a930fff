"""Run notebooks and store what they have printed and drawn: python notebooks/store.py [NAME ...].

Each runs in a folder of its own, with this interpreter as its kernel. Stored are small pictures, and nothing
of when and where it ran, so that a notebook changes only where what it shows has changed.
"""

import base64
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parent
LARGEST = 300_000  # bytes of the pictures of a notebook, as they are stored
_KERNEL = "this-python"


def kernel_home(home: Path) -> dict[str, str]:
    """Return the environment of a Jupyter with its folders in `home`, whose kernel is this interpreter."""
    spec = home / "data" / "kernels" / _KERNEL / "kernel.json"
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
    return named | quiet


def run(path: Path, work: Path, replaced: Sequence[str] = ()) -> Any:
    """Return a notebook run in a folder; `replaced` is a text and what is run in its place."""
    notebook = nbformat.read(path, as_version=4)
    sources = [cell.source for cell in notebook.cells]
    for cell in notebook.cells:
        cell.source = cell.source.replace(*replaced) if replaced else cell.source
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name=_KERNEL,
        resources={"metadata": {"path": str(work)}},
        record_timing=False,
    )
    client.execute()
    for cell, source in zip(notebook.cells, sources, strict=True):
        cell.source = source
    return notebook


def small(notebook: Any, work: Path) -> Any:
    """Return a notebook whose pictures are small, and whose texts name no folder of this machine."""
    pictures = [
        o for cell in notebook.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    # what is written to stderr is how far a run is, at which speed
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    for width, quality in ((1000, 80), (900, 70), (800, 60), (700, 50), (600, 40)):
        encoded = [_jpeg(output["data"]["image/png"], width, quality) for output in pictures]
        if sum(map(len, encoded)) < LARGEST:
            break
    for output, text in zip(pictures, encoded if pictures else [], strict=True):
        output["data"] = {"image/jpeg": text} | {
            kind: value for kind, value in output["data"].items() if kind != "image/png"
        }
        output["metadata"] = {}
    text = nbformat.writes(notebook)
    return nbformat.reads(text.replace(str(work.resolve()), ".").replace(str(work), "."), as_version=4)


def _jpeg(png: str, width: int, quality: int) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    if picture.mode != "RGB":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    if picture.width > width:
        picture = picture.resize(
            (width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS
        )
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality, optimize=True)
    return base64.b64encode(stream.getvalue()).decode()


def main() -> None:
    """Run and store the notebooks that are named, or all."""
    for path in sorted(FOLDER.glob("*.ipynb")):
        if sys.argv[1:] and path.stem not in sys.argv[1:]:
            continue
        with TemporaryDirectory() as home:
            os.environ |= kernel_home(Path(home) / "jupyter")
            work = Path(home) / "work"
            work.mkdir()
            notebook = small(run(path, work), work)
        nbformat.write(notebook, path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
