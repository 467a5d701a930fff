#!/usr/bin/env bash
# One would guess that starting a web server leaves the streams of a notebook or a test run alone. Importing mlcroissant imports absl,
# whose log handler keeps what sys.stderr was at that moment; uvicorn 0.54 configures logging by dictConfig, which shuts every handler of the
# process down, and absl's closes that stream if sys.stderr is another one by then. Whoever captures stderr (pytest's capsys, contextlib) loses it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mlcroissant==1.1.1 absl-py==2.5.1 uvicorn==0.54.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys
from contextlib import redirect_stderr
from importlib.metadata import version

captured = io.StringIO()
with redirect_stderr(captured):
    import mlcroissant
import uvicorn

print(*(f"{name} {version(name)}" for name in ("mlcroissant", "absl-py", "uvicorn")), sep=", ")
states = {}
for name, config in (("log_config=None", None), ("by default", uvicorn.config.LOGGING_CONFIG)):
    uvicorn.Config(lambda scope: None, log_config=config)
    states[name] = captured.closed
    print(f"{name}: the stream that was stderr at the import is {'closed' if captured.closed else 'open'}")
sys.exit(states != {"log_config=None": False, "by default": True})
PYTHON
