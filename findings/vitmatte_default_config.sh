#!/usr/bin/env bash
# A configuration class of transformers with nothing given should describe a network that can be built: its docstring
# does just that for ViTMatte. In transformers 5.23.0 the default channel lists are tuples, the network adds them to a
# list, and building it raises TypeError; the same sizes as lists work, as they come from any config.json.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0 torch==2.13.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import transformers

default = transformers.VitMatteConfig()
lists = transformers.VitMatteConfig(
    convstream_hidden_sizes=list(default.convstream_hidden_sizes),
    fusion_hidden_sizes=list(default.fusion_hidden_sizes),
)
print("transformers", transformers.__version__, default.fusion_hidden_sizes)
complaints = {}
for name, config in (("defaults", default), ("the same as lists", lists)):
    try:
        transformers.VitMatteForImageMatting(config)
    except TypeError as error:
        complaints[name] = str(error)
    print(name, "->", complaints.get(name, "a network"))
sys.exit(0 if list(complaints) == ["defaults"] else 1)
PYTHON
