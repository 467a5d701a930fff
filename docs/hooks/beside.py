"""Pages for what docs/ links outside of itself: texts, programs, folders and notebooks of the repository.

Each becomes a page below beside/, under its own path, and links are turned to it: the site needs no
address of the repository.
"""

import ast
import posixpath
import re
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from nbconvert import MarkdownExporter

ROOT = Path(__file__).parents[2]
_BELOW = "beside"
_LINK = re.compile(r"(?<=\]\()([^)\s:#]+)(?=(?:#[^)\s]*)?\))")
_UNSEARCHED = "---\nsearch: {exclude: true}\n---\n\n"
_LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".sh": "bash"}


_paths: dict[str, str] = {}  # of pages: where what they show lies in the repository


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add a page for each file or folder that pages link to, and that these link to in turn."""
    pages = [file for file in files.documentation_pages() if file.inclusion.is_included()]
    _paths.update({file.src_uri: f"docs/{file.src_uri}" for file in pages})
    waiting = [target for file in pages for target in _targets(_paths[file.src_uri], file.content_string)]
    waiting += ["notebooks/README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
    while waiting:
        path = waiting.pop()
        uri = _uri(path)
        if path.startswith("docs/") or uri in _paths:
            continue
        _paths[uri] = path
        text, pictures = _text(ROOT / path)
        files.append(File.generated(config, uri, content=text))
        for name, picture in pictures.items():
            files.append(
                File.generated(config, posixpath.join(posixpath.dirname(uri), name), content=picture)
            )
        waiting += _targets(path, text)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of a page to the pages of what lies outside docs/."""
    uri = page.file.src_uri
    path = _paths.get(uri, "")

    def turned(match: re.Match[str]) -> str:
        target = _target(path, match[1])
        if not target or (path.startswith("docs/") and target.startswith("docs/")):
            return match[1]
        return posixpath.relpath(_uri(target), posixpath.dirname(uri) or ".")

    return _LINK.sub(turned, markdown)


def _targets(path: str, text: str) -> list[str]:
    return [target for link in _LINK.findall(text) if (target := _target(path, link))]


def _target(path: str, link: str) -> str:
    """Return what of the repository a link leads to, a folder's README for the folder; "" if nothing."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
    if target.startswith("..") or not (ROOT / target).exists():
        return ""
    return f"{target}/README.md" if (ROOT / target / "README.md").exists() else target


def _uri(path: str) -> str:
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if (ROOT / path).is_dir():
        return f"{_BELOW}/{path}/README.md"
    return f"{_BELOW}/{path.removesuffix('.ipynb').removesuffix('.md')}.md"


def _text(path: Path) -> tuple[str, dict[str, bytes]]:
    """Return the text of a page, and its pictures by name."""
    name = path.relative_to(ROOT).as_posix()
    if path.suffix == ".ipynb":
        notebook = nbformat.read(path, as_version=4)
        text, resources = MarkdownExporter().from_notebook_node(
            notebook, {"output_files_dir": f"{path.stem}_files"}
        )
        return text, resources["outputs"]
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8"), {}
    if path.is_dir():
        return f"{_UNSEARCHED}# {name}/\n\n{_contents(path)}\n", {}
    language = _LANGUAGES.get(path.suffix, "")
    return f"{_UNSEARCHED}# {name}\n\n``````{language}\n{path.read_text(encoding='utf-8')}\n``````\n", {}


def _contents(folder: Path) -> str:
    """Return what is in a folder: the docstring of a package, else a list of names."""
    package = folder / "__init__.py"
    if package.exists():
        return f"``````text\n{ast.get_docstring(ast.parse(package.read_text(encoding='utf-8')))}\n``````"
    names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in folder.iterdir())
    return "\n".join(f"- `{each}`" for each in names if not each.startswith(("_", ".")))
