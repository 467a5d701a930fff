#!/usr/bin/env bash
# One would guess that a column of an imagefolder's metadata.jsonl has the type of its values. The library takes it from
# the first ten megabytes of the file, so that a column which is null in all of them cannot hold a text later: loading
# fails with a TypeError, though the same rows in another order load. datasets 5.2.0. Sets of this project therefore
# have the rows that lack a class last.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 pillow==12.3.0 numpy==2.4.6
cd "$folder"
HF_HOME="$folder/cache" HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - <<'PYTHON' 2>/dev/null
import json
import sys
from pathlib import Path

import datasets
from PIL import Image

rows = [{"file_name": f"{i}.png", "note": "n" * 4_000_000, "class": None} for i in range(4)]
rows.append({"file_name": "4.png", "note": "", "class": "fur"})
outcomes = {}
for order, listed in (("null first", rows), ("null last", rows[::-1])):
    root = Path(order.replace(" ", "_"))
    root.mkdir()
    for row in listed:
        Image.new("RGB", (8, 8)).save(root / row["file_name"])
    (root / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in listed))
    try:
        loaded = datasets.load_dataset("imagefolder", data_dir=str(root), split="train")
        outcomes[order] = f"loads, {sorted(map(str, loaded['class']))}"
    except Exception as error:
        cause = error.__cause__ or error
        outcomes[order] = f"{type(cause).__name__}: {str(cause).splitlines()[0][:90]}"
print("datasets", datasets.__version__)
for order, outcome in outcomes.items():
    print(f"{order}: {outcome}")
sys.exit(0 if outcomes["null last"].startswith("loads") and not outcomes["null first"].startswith("loads") else 1)
PYTHON
