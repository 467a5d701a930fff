"""The options of a build: one list, for :func:`simd.build`, a TOML file, and the command line."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from simd.errors import DataError
from simd.options import Asked, read_options

RENAMED = {"source": "kind", "background_source": "background_kind"}
"""Former names; spec files with them are still read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a set is built from; the names are those of the command line and of a spec file."""

    foregrounds: Annotated[str, Asked(help="A folder, or synthetic:PER_CLASS@SIZE:SPLIT.", path=True)] = (
        "synthetic"
    )
    backgrounds: Annotated[str, Asked(help="A folder, builtin, or open:PER_KIND@SIZE:SPLIT.", path=True)] = (
        "builtin"
    )
    kind: Annotated[str | None, Asked(help="The kind of the foregrounds' layout.", default="recognised")] = (
        None
    )
    alpha_dir: Annotated[
        str | None, Asked(help="The folder of the foregrounds' mattes, in theirs.", default="recognised")
    ] = None
    alpha_suffix: Annotated[
        str | None,
        Asked(help="What ends a matte's name: _a for cat_a.png of cat.jpg.", default="recognised"),
    ] = None
    background_kind: Annotated[
        str | None, Asked(help="The kind of the backgrounds' layout.", default="recognised")
    ] = None
    classes: Annotated[str | None, Asked(help="CSV file with the columns file and class.", path=True)] = None
    class_: Annotated[
        str | None, Asked(help="The class of the foregrounds whose class nothing else says.")
    ] = None
    unlabelled: Annotated[bool, Asked(help="Build foregrounds without a class, too.")] = False
    licence: Annotated[
        str | None, Asked(help="The licence of the foregrounds that no file states one for.")
    ] = None
    background_licence: Annotated[
        str | None, Asked(help="The licence of the backgrounds that no file states one for.")
    ] = None
    any_licence: Annotated[bool, Asked(help="Build where licences are unknown.")] = False
    unpremultiply: Annotated[
        bool, Asked(help="Divide colours by alpha: for cut-outs that hold them multiplied, as rembg's.")
    ] = False
    selection: Annotated[str | None, Asked(help="A selection, as simd select writes it.", path=True)] = None
    file_list: Annotated[
        str | None, Asked(help="Exactly these composites: lines class:foreground:background.", path=True)
    ] = None
    background_list: Annotated[
        str | None,
        Asked(help="Names in order, --per-foreground of them for each foreground.", path=True),
    ] = None
    foreground_list: Annotated[
        str | None,
        Asked(help="Names in order, for --background-list.", default="the source's order", path=True),
    ] = None
    per_foreground: Annotated[int, Asked(help="Backgrounds for each foreground.", at_least=1)] = 1
    per_class: Annotated[
        int | None,
        Asked(help="Foregrounds for each class: the same number.", default="all", at_least=1),
    ] = None
    max_side: Annotated[int | None, Asked(help="Longest side in pixels.", default="as it is")] = None
    protocol: Annotated[str, Asked(help="exact, simd-2021 or adobe-2017.")] = "exact"
    trimap_radius: Annotated[
        int | None, Asked(help="Dilation of the unknown region.", default="1 % of the short side")
    ] = None
    seed: Annotated[
        int, Asked(help="Decides which foreground meets which background, and the crops.", at_least=0)
    ] = 0
    name: Annotated[str | None, Asked(help="The set's name.", default="<protocol>-<seed>")] = None
    layout: Annotated[
        str | None,
        Asked(
            help="simd-2021: write the release's folders and names too, in OUT-released.",
            choices=("simd-2021",),
        ),
    ] = None
    review: Annotated[
        str | None,
        Asked(help="A review, as simd browse pull writes it: excluded composites are not made.", path=True),
    ] = None
    annotations: Annotated[
        str | None, Asked(help="Tagged regions of the foregrounds: those that are reviewed.", path=True)
    ] = None
    proposals: Annotated[bool, Asked(help="Use annotations that nobody has reviewed, too.")] = False

    def __post_init__(self) -> None:
        if self.file_list is not None and self.background_list is not None:
            raise DataError("--file-list and --background-list both say what goes on what; leave one out")
        if self.per_class is not None and (self.file_list or self.background_list):
            raise DataError("--per-class chooses foregrounds, a list has chosen them already; leave one out")
        if self.foreground_list is not None and self.background_list is None:
            raise DataError("--foreground-list is the order for a --background-list; give that too")
        if self.unlabelled and (self.per_class is not None or self.layout is not None):
            option = "--per-class" if self.per_class is not None else f"--layout {self.layout}"
            raise DataError(f"{option} needs the class of every foreground; leave --unlabelled out")
        if self.proposals and self.annotations is None:
            raise DataError("--proposals says which annotations to use; give them with --annotations")


def build_options(values: Mapping[str, Any]) -> BuildOptions:
    """Check the options of a build; DataError for an unknown name, a wrong type or a value out of range."""
    from simd.sources import with_names  # the command line lists the options and reads no source

    values = {"class_" if name == "class" else name: value for name, value in values.items()}
    chosen = read_options(BuildOptions, values, renamed=RENAMED)
    kind = with_names(chosen.kind, chosen.alpha_dir, chosen.alpha_suffix)
    return replace(chosen, kind=kind, alpha_dir=None, alpha_suffix=None)
