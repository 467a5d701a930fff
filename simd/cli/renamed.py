"""Options under a former name, refused with that of today."""

from typing import Any

_RENAMED = {
    "--source": "--kind",
    "--background-source": "--background-kind",
}
_OF_COMMANDS = {("weights import", "--source"): "--origin"}


def renamed_option(error: Any) -> str:
    """Return what to say of a usage error that comes from a former name, "" for any other."""
    option = getattr(error, "option_name", "")
    command = error.ctx.command_path.partition(" ")[2] if getattr(error, "ctx", None) else ""
    new = _OF_COMMANDS.get((command, option)) or _RENAMED.get(option)
    return f"{option} is now {new}" if new else ""
