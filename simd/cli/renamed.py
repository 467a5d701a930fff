"""Options and orders of arguments that are no more, refused with those of today."""

from typing import Any

_RENAMED = {
    "--source": "--kind",
    "--background-source": "--background-kind",
}
_OF_COMMANDS = {
    "verify --installation": "simd doctor",
    "weights import --source": "--origin",
    "predict --dtype": "--option dtype=bfloat16",
    "predict --threads": "--option threads=1",
    "predict --tile": "--option tile=1024",
    "predict --mode": "--option mode=released",
    "predict --command": '--option command="python matte.py {image} {trimap} {output}"',
    "predict --name": "--option name=NAME",
    "predict --timeout": "--option timeout=60",
}


def renamed_option(error: Any) -> str:
    """Return what to say of a usage error that comes from a former name, "" for any other."""
    option = str(getattr(error, "option_name", ""))
    words = error.ctx.command_path.split() if getattr(error, "ctx", None) else []
    new = _RENAMED.get(option, "")
    for count in (1, 2):
        new = _OF_COMMANDS.get(" ".join([*words[-count:], option]), new)
    return f"{option} is now {new}" if new else ""
