"""The reference, made when the site is built: public functions, commands, file formats, from their homes."""

import ast
import html
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from simd.cli import app
from simd.schema import json_schema

ROOT = Path(__file__).parents[2]
FORMATS = {
    "metadata.jsonl": (
        "simd.records:ROW",
        "of a set: a line a composite, written by `simd build` and `import`",
    ),
    "dataset.json": ("simd.dataset.info:INFO", "of a set: what it was made of, its counts and digests"),
    "selection.jsonl": ("simd.selection.reasons:VERDICT", "a line a foreground, written by `simd select`"),
    "run.json": (
        "simd.dataset.predictions:RUN",
        "beside mattes, by `simd predict` or the program that made them",
    ),
    "scores.json": (
        "simd.metrics.score_files:SUMMARY",
        "written by `simd evaluate`; its rows are beside it as CSV",
    ),
    "review.jsonl": ("simd.dataset.review:LINE", "a line a composite, written by `simd browse pull`"),
}
"""Files that other programs read or write: where their kind stands, and what they are."""
BY_HAND = {
    "card.toml of an entry": "entry-1.schema.json",
    "annotations of regions": "annotation-1.schema.json",
}
"""Files whose JSON Schema the project keeps as a file."""
_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_IMPORT = re.compile(r"^from \.(\S+) import (\w+) as", re.M)


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages of the reference, and the schemas as files."""
    pages = {
        "python": python_page(),
        "results": results_page(),
        "commands": commands_page(),
        "formats": formats_page(),
    }
    for name, text in pages.items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    for name, schema in schemas().items():
        text = json.dumps(schema, indent=2) + "\n"
        files.append(File.generated(config, f"reference/schemas/{name}.schema.json", content=text))


def python_page() -> str:
    """Return the page of the public names, which mkdocstrings fills with their docstrings."""
    homes = dict[str, list[tuple[str, str]]]()
    for home, name in _IMPORT.findall((ROOT / "simd" / "__init__.pyi").read_text(encoding="utf-8")):
        if not name.startswith("__"):
            homes.setdefault(home.split(".")[0], []).append((home, name))
    lines = ["# Python", "", "What `import simd` gives, by the part of the package that it comes from.", ""]
    for room, names in homes.items():
        package = ROOT / "simd" / room / "__init__.py"
        module = package if package.exists() else ROOT / "simd" / f"{room}.py"
        first = (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").split("\n\n")[0]
        lines += [f"## {room.capitalize()}", "", " ".join(first.split()), ""]
        for home, name in names:
            options = {"heading": f"simd.{name}", "toc_label": f"simd.{name}"}
            lines += [f"::: simd.{home}.{name}", "    options:"]
            lines += [f"      {key}: {value}" for key, value in options.items()] + [""]
    return "\n".join(lines)


def results_page() -> str:
    """Return the page of what public functions return: each class with its fields and properties."""
    lines = ["# Results", "", "What the functions of `import simd` return, and what that holds.", ""]
    for result, origin in _results().items():
        hidden = dict.fromkeys(("members", "show_bases", "show_labels"), "false")
        options = {"heading": result.__name__, "toc_label": result.__name__, "heading_level": 2, **hidden}
        lines += [f"::: {result.__module__}.{result.__qualname__}", "    options:"]
        lines += [f"      {key}: {value}" for key, value in options.items()]
        lines += ["", f"From `{origin}`.", ""]
        lines += ["| name | type | what it is |", "|---|---|---|"]
        for key, kind, what in _fields(result):
            plain = _ROLE.sub(r"`\1`", what)
            lines.append(f"| `{key}` | `{kind.replace(' | ', ' or ')}` | {_escaped(plain)} |")
        lines.append("")
    return "\n".join(lines)


def _results() -> dict[type, str]:
    """Return the classes of simd that public functions return, and those in them, with where each is from."""
    results: dict[type, str] = {}
    for home, name in _IMPORT.findall((ROOT / "simd" / "__init__.pyi").read_text(encoding="utf-8")):
        public = getattr(importlib.import_module(f"simd.{home}"), name)
        if callable(public):
            for result in _classes(get_type_hints(inspect.unwrap(public)).get("return")):
                results.setdefault(result, f"simd.{name}()")
    outer = list(results)
    while outer:  # what is in them, and what is in that
        result = outer.pop(0)
        hints = [hint for name, hint in get_type_hints(result).items() if not name.startswith("_")]
        hints += [get_type_hints(function).get("return") for function in _properties(result).values()]
        if iterate := vars(result).get("__iter__"):
            hints.append(get_type_hints(iterate).get("return"))
        for inner in (inner for hint in hints for inner in _classes(hint)):
            if inner not in results:
                results[inner] = result.__name__
                outer.append(inner)
    return results


def _classes(hint: Any) -> Iterator[type]:
    """Yield the classes of simd in a type hint."""
    if isinstance(hint, type) and hint.__module__.startswith("simd."):
        yield hint
    for part in get_args(hint):
        yield from _classes(part)


def _properties(result: type) -> dict[str, Callable[[Any], Any]]:
    """Return the functions of a class's public properties."""
    functions = {
        name: getattr(value, "fget", getattr(value, "func", None)) for name, value in vars(result).items()
    }
    return {name: function for name, function in functions.items() if function and not name.startswith("_")}


def _fields(result: type) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of a class's fields (from their comments), properties and methods."""
    source = inspect.getsource(result)
    lines = source.splitlines()
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            comment = lines[(node.end_lineno or 1) - 1].encode()[node.end_col_offset :].decode()
            if not node.target.id.startswith("_"):
                yield node.target.id, ast.unparse(node.annotation), comment.partition("#")[2].strip()
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns:
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            call = "" if decorators & {"property", "cached_property"} else "()"
            first = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
            yield f"{node.name}{call}", ast.unparse(node.returns).strip("'"), first


def commands_page() -> str:
    """Return the page of all commands, from the application itself."""
    lines = [
        "# Commands",
        "",
        "Each as `--help` has it, in the order of the work. What holds for all of them:",
    ]
    lines += ["[the command line](../commands.md).", ""]
    for context in _commands(typer.Context(typer.main.get_command(app), info_name="simd")):
        lines += [f"## {context.command_path}", "", _escaped(context.command.help or ""), ""]
        lines += ["```text", context.get_usage().removeprefix("Usage: "), "```", ""]
        records = [param.get_help_record(context) for param in context.command.get_params(context)]
        if rows := [record for record in records if record and "--help" not in record[0]]:
            lines += ["| word | what it is |", "|---|---|"]
            lines += [f"| `{names}` | {_escaped(text)} |" for names, text in rows] + [""]
    return "\n".join(lines)


def formats_page() -> str:
    """Return the page of the file formats: a table of keys each, from the kinds that the program checks."""
    lines = [
        "# File formats",
        "",
        "Each key as the program checks it when it reads a file, and the same as JSON Schema.",
    ]
    lines += ["Keys that others have added are passed over. A text file of lines has an object in each.", ""]
    for (name, (_, what)), schema in zip(FORMATS.items(), schemas().values(), strict=True):
        lines += [f"## {name}", "", f"A file {what}. [JSON Schema](schemas/{name}.schema.json)", ""]
        lines += ["| key | | what it holds |", "|---|---|---|"]
        lines += [
            f"| `{key}` | {'' if required else 'optional'} | {_escaped(words)} |"
            for key, required, words in _keys(schema)
        ]
        lines.append("")
    lines += ["## Kept by hand", ""]
    lines += [f"- {what}: [{name}](../../annotations/schema/{name})" for what, name in BY_HAND.items()]
    return "\n".join(lines) + "\n"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each format, from the kind that the program checks it by."""
    made = {}
    for name, (home, what) in FORMATS.items():
        module, constant = home.split(":")
        kind = json_schema(getattr(importlib.import_module(module), constant))
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
        made[name] = head | kind | {"description": f"A file {what}".replace("`", "")}
    return made


def _commands(context: typer.Context) -> Iterator[typer.Context]:
    """Yield the context of each command below one, groups before what is in them."""
    group: Any = context.command
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = typer.Context(command, info_name=name, parent=context)
        yield inner
        if hasattr(command, "list_commands"):
            yield from _commands(inner)


def _keys(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, bool, str]]:
    """Yield the keys of a schema by their path: whether each has to be there, and what it holds."""
    for key, inner in schema.get("properties", {}).items():
        name = f"{path}{key}"
        yield name, key in schema.get("required", ()), inner["description"]
        yield from _keys(inner, f"{name}.")
        yield from _keys(inner.get("items", {}), f"{name}[].")
        if isinstance(rest := inner.get("additionalProperties"), Mapping):
            yield from _keys(rest, f"{name}.<key>.")


def _escaped(text: str) -> str:
    return re.sub(r"([|*_\[\]])", r"\\\1", html.escape(text, quote=False)) if "`" not in text else text
