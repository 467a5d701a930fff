"""A recipe of training: a TOML file that holds every number, read, changed by `--set` and written out."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any

from simd.errors import DataError
from simd.files import read_toml
from simd.methods.networks import PRESETS
from simd.options import Asked, options_of, read_options
from simd.taxonomy import suggest
from simd.training.fused_examples import ExampleOptions
from simd.training.objectives import LossOptions
from simd.training.optimisers import OptimiserOptions
from simd.training.sample_options import SampleOptions
from simd.training.schedules import ScheduleOptions

STAGES = ("classifier", "discriminator", "sim", "fused", "shm-tnet", "shm-mnet", "shm")
SEES = {"classifier": ("trimap",), "discriminator": ("alpha", "colours")}
FOLDER = Path(__file__).parent / "recipes"
"""Where the recipes are that `simd train --list` names."""

_DRAWN_BY_STAGE = ("stage", "part")  # of the samples' options: the recipe's stage says them
_MATTING = ("sim", "shm-tnet", "shm-mnet", "shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOptions:
    """What stands above the tables."""

    stage: Annotated[str, Asked(help="What is trained.", choices=STAGES)]
    preset: Annotated[str, Asked(help="The network's size.", choices=tuple(PRESETS))]
    seed: Annotated[int, Asked(help="Of first weights, samples and dropout.", at_least=0)]
    classifier: Annotated[str | None, Asked(help="sim: RUN of the classifier.", path=True)] = None
    discriminator: Annotated[str | None, Asked(help="sim: RUN of the discriminator.", path=True)] = None
    tnet: Annotated[str | None, Asked(help="shm: RUN of shm-tnet.", path=True)] = None
    mnet: Annotated[str | None, Asked(help="shm: RUN of shm-mnet.", path=True)] = None
    start: Annotated[str | None, Asked(help="RUN or weights to begin with.", path=True)] = None
    start_share: Annotated[
        float | None, Asked(help="Of the weights begun with, in those written.", at_least=0, at_most=1)
    ] = None

    def __post_init__(self) -> None:
        if self.start_share and self.start is None:
            raise DataError(f"start_share {self.start_share:g}: no weights to begin with; name start")

    @property
    def runs(self) -> tuple[str, ...]:
        """The folders of other runs that this one takes weights from."""
        named = (self.classifier, self.discriminator, self.tnet, self.mnet, self.start)
        return tuple(each for each in named if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """The table [network] of the stage sim."""

    semantics: Annotated[bool, Asked(help="Whether it sees the semantic trimap (Table 5: without is basic).")]
    start_inside: Annotated[
        bool, Asked(help="Begin with alphas inside 0..1, where the cut to 0..1 lets gradients through.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchOptions:
    """The table [patches] of classifier and discriminator."""

    sees: Annotated[str, Asked(help="trimap: with the image; alpha: alone; colours: alpha with F.")]
    smoothing: Annotated[
        float, Asked(help="Share of a label spread over all classes.", at_least=0, at_most=1)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedTerms:
    """The table [terms] of the stage fused: what its loss is made of."""

    alpha: Annotated[float, Asked(help="L1 of alpha on unknown pixels.", at_least=0)]
    own: Annotated[float, Asked(help="The same of the alpha of its own.", at_least=0)]
    propagated: Annotated[
        float, Asked(help="The same of the alpha that colours carry on, the answer.", at_least=0)
    ]
    laplacian: Annotated[
        float, Asked(help="Differences of Laplacian pyramids: of the answer, if it counts.", at_least=0)
    ]
    by_area: Annotated[
        float, Asked(help="Share of L1 that counts pixels alike, not samples.", at_least=0, at_most=1)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionOptions:
    """The table [prediction] of the stages shm-mnet and shm: the loss L_p, over all pixels."""

    gamma: Annotated[float, Asked(help="Alpha's share; the composite has the rest.", at_least=0, at_most=1)]

    @property
    def weights(self) -> dict[str, float]:
        """The terms of L_p with their weights."""
        return {"alpha": self.gamma, "composition": 1 - self.gamma}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEndOptions:
    """The table [end_to_end] of the stage shm."""

    trimap: Annotated[float, Asked(help="Lambda, the weight of L_t beside L_p.", at_least=0)]
    crops: Annotated[
        tuple[int, ...],
        Asked(help="Sides of M-Net's windows in T-Net's crop; none: it sees all of it.", at_least=16),
    ]
    side: Annotated[int, Asked(help="To which a window is resized, a multiple of 16.", at_least=16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOptions:
    """The table [loop] of a recipe."""

    steps: Annotated[int, Asked(help="Steps of the whole run.", at_least=1)]
    batch: Annotated[int, Asked(help="Samples a step, over all processes.", at_least=1)]
    accumulate: Annotated[int, Asked(help="Parts in which a process takes its share.", at_least=1)]
    precision: Annotated[
        str, Asked(help="Of the networks; losses are float32.", choices=("float32", "bfloat16", "float16"))
    ]
    ema: Annotated[float, Asked(help="Kept of the averaged weights, a step; 0: none.", at_least=0, at_most=1)]
    fixed_norms: Annotated[
        float, Asked(help="Last share of the steps, norms in evaluation mode.", at_least=0, at_most=1)
    ]
    log_every: Annotated[int, Asked(help="Steps between two lines of the log.", at_least=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationOptions:
    """The table [validation] of a recipe: never a test set."""

    every: Annotated[int, Asked(help="Steps between two; 0: none.", at_least=0)]
    samples: Annotated[int, Asked(help="Samples of each.", at_least=1)]
    seed: Annotated[int, Asked(help="Of these samples.", at_least=0)]
    foregrounds: Annotated[
        tuple[str, ...],
        Asked(help="Places of their own; none: what [data] holds out of its places.", path=True),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointOptions:
    """The table [checkpoints] of a recipe."""

    every: Annotated[int, Asked(help="Steps between two.", at_least=1)]
    keep: Annotated[int, Asked(help="The last of them that stay.", at_least=1)]
    final: Annotated[str, Asked(help="Whose weights the run ends with.", choices=("last", "best"))]


_TABLES: dict[str, type] = {
    "data": SampleOptions,
    "examples": ExampleOptions,
    "terms": FusedTerms,
    "prediction": PredictionOptions,
    "end_to_end": EndToEndOptions,
    "network": NetworkOptions,
    "patches": PatchOptions,
    "losses": LossOptions,
    "optimiser": OptimiserOptions,
    "schedule": ScheduleOptions,
    "loop": LoopOptions,
    "validation": ValidationOptions,
    "checkpoints": CheckpointOptions,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that a run depends on."""

    head: HeadOptions
    optimiser: OptimiserOptions
    schedule: ScheduleOptions
    loop: LoopOptions
    validation: ValidationOptions
    checkpoints: CheckpointOptions
    data: SampleOptions | None = field(default=None)  # of all but the stage fused
    examples: ExampleOptions | None = field(default=None)  # of the stage fused
    terms: FusedTerms | None = field(default=None)
    network: NetworkOptions | None = field(default=None)  # of the stage sim
    losses: LossOptions | None = field(default=None)
    patches: PatchOptions | None = field(default=None)  # of classifier and discriminator
    prediction: PredictionOptions | None = field(default=None)  # of the stages shm-mnet and shm
    end_to_end: EndToEndOptions | None = field(default=None)  # of the stage shm

    @property
    def values(self) -> dict[str, Any]:
        """The recipe as a TOML file has it, without what is None."""
        tables: dict[str, Any] = {}
        for each in fields(self):
            table = getattr(self, each.name)
            if table is None:
                continue
            values = {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(table).items()
                if value is not None and not (each.name == "data" and name in _DRAWN_BY_STAGE)
            }
            tables |= values if each.name == "head" else {each.name: values}
        return tables


def shipped_recipes() -> dict[str, str]:
    """Return the recipes of this package, each with the sentence at its top."""
    listing = {}
    for path in sorted(FOLDER.glob("*.toml")):
        listing[path.stem] = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return listing


def read_recipe(name: str | Path, settings: Iterable[str] = ()) -> Recipe:
    """Read a recipe of the package by its name, or a file; `settings` are of the form key=value.

    Raises
    ------
    DataError
        If there is no such recipe, a key is unknown or missing, or a value is out of its range.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
        if str(name) not in shipped_recipes():
            raise DataError(
                f"unknown recipe {str(name)!r}{suggest(str(name), shipped_recipes())}; "
                "a recipe of your own is a file that ends in .toml"
            )
    values = read_toml(path)
    for setting in settings:
        _set(values, setting)
    return recipe_of(values, str(name))


def recipe_of(values: Mapping[str, Any], origin: str) -> Recipe:
    """Check the values of a recipe; `origin` is for messages."""
    head_values = {name: value for name, value in values.items() if not isinstance(value, dict)}
    tables = {name: value for name, value in values.items() if isinstance(value, dict)}
    head = _read(HeadOptions, head_values, f"{origin}:")
    ours = [name for name in _TABLES if name in Recipe.__dataclass_fields__ and _belongs(name, head.stage)]
    for name in tables:
        if name not in ours:
            raise DataError(
                f"{origin}: unknown table [{name}] for the stage {head.stage}{suggest(name, ours)}"
            )
    if missing := [name for name in ours if name not in tables]:
        raise DataError(f"{origin}: the table [{missing[0]}] is missing; a recipe holds every number")
    read = {name: _read_table(name, tables[name], head, origin) for name in ours}
    recipe = Recipe(head=head, **read)
    _check(recipe, origin)
    return recipe


def recipe_text(recipe: Recipe) -> str:
    """Return a recipe as TOML."""
    lines: list[str] = []
    for name, value in recipe.values.items():
        if isinstance(value, dict):
            lines += ["", f"[{name}]", *(f"{key} = {_toml(each)}" for key, each in value.items())]
        else:
            lines.append(f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def differences(there: Recipe, here: Recipe) -> list[str]:
    """Name what differs between two recipes: ``loop.steps: 100 there, 200 here``."""
    old, new = _flat(there.values), _flat(here.values)
    names = [*old, *(name for name in new if name not in old)]
    return [
        f"{name}: {_toml(old[name]) if name in old else 'nothing'} there, "
        f"{_toml(new[name]) if name in new else 'nothing'} here"
        for name in names
        if old.get(name) != new.get(name)
    ]


def _read_table(name: str, values: dict[str, Any], head: HeadOptions, origin: str) -> Any:
    where = f"{origin}: [{name}]"
    if name != "data":
        return _read(_TABLES[name], values, where)
    for key in _DRAWN_BY_STAGE:
        if key in values:
            raise DataError(f"{where} {key} is not for a recipe; its stage says it")
    known = options_of(SampleOptions)
    for key in values:  # before what is missing: a key may be misspelt
        if key not in known:
            raise DataError(f"{where} unknown option {key!r}{suggest(key, known)}")
    wanted = [key for key, option in known.items() if not option.optional and key not in _DRAWN_BY_STAGE]
    if missing := [key for key in wanted if key not in values]:
        raise DataError(f"{where} missing: {', '.join(missing)}; a recipe holds every number")
    stage = "matting" if head.stage in _MATTING else head.stage
    return _read(SampleOptions, {**values, "stage": stage}, where)


def _read(listed: type, values: Mapping[str, Any], where: str) -> Any:
    try:
        return read_options(listed, values, renamed={})
    except DataError as error:
        hint = "; a recipe holds every number" if str(error).startswith("missing: ") else ""
        raise DataError(f"{where} {error}{hint}") from error


def _belongs(table: str, stage: str) -> bool:
    of_stage = {
        **dict.fromkeys(("network", "losses"), ("sim",)),
        **dict.fromkeys(("examples", "terms"), ("fused",)),
        "patches": ("classifier", "discriminator"),
        "prediction": ("shm-mnet", "shm"),
        "end_to_end": ("shm",),
        "data": tuple(each for each in STAGES if each != "fused"),
    }
    return stage in of_stage.get(table, STAGES)


def _check(recipe: Recipe, origin: str) -> None:
    stage, loop = recipe.head.stage, recipe.loop
    if loop.batch % loop.accumulate:
        raise DataError(
            f"{origin}: [loop] a batch of {loop.batch} does not fall into {loop.accumulate} equal parts; "
            "change batch or accumulate"
        )
    if recipe.patches is not None and recipe.patches.sees not in SEES[stage]:
        choices = " or ".join(SEES[stage])
        raise DataError(
            f"{origin}: [patches] sees must be {choices} for the stage {stage}, not {recipe.patches.sees!r}"
        )
    if recipe.data is None:
        _check_fused(recipe, origin)
        return
    if stage == "sim" and recipe.data.side % 8:
        raise DataError(f"{origin}: [data] side must be a multiple of 8 for sim, not {recipe.data.side}")
    _check_human(recipe, origin)
    if recipe.data.shards is not None:
        _check_shards(recipe, recipe.data, origin)
    validation = recipe.validation
    if recipe.checkpoints.final == "best" and not validation.every:
        raise DataError(f"{origin}: [checkpoints] final is best, which needs validation.every")
    if validation.every and not validation.foregrounds and not recipe.data.held_out:
        raise DataError(
            f"{origin}: [validation] has no foregrounds; set data.held_out to the share that is kept for it, "
            "or name validation.foregrounds, or set validation.every=0"
        )
    if validation.foregrounds and recipe.data.held_out:
        raise DataError(
            f"{origin}: [validation] names foregrounds, and data.held_out keeps some for nothing; "
            "set data.held_out=0"
        )


def _check_human(recipe: Recipe, origin: str) -> None:
    """Check the sides of what M-Net takes: its stride is 16."""
    stage, data, windows = recipe.head.stage, recipe.data, recipe.end_to_end
    assert data is not None
    if stage in ("shm-mnet", "shm") and data.side % 16:
        raise DataError(f"{origin}: [data] side must be a multiple of 16 for {stage}, not {data.side}")
    if windows is None:
        return
    if windows.side % 16:
        raise DataError(f"{origin}: [end_to_end] side must be a multiple of 16, not {windows.side}")
    if windows.crops and max(windows.crops) > data.side:
        raise DataError(
            f"{origin}: [end_to_end] crops {list(windows.crops)}: a window is cut out of the crop of T-Net, "
            f"whose side is data.side={data.side}"
        )


def _check_shards(recipe: Recipe, data: SampleOptions, origin: str) -> None:
    """Refuse what composites out of shards cannot give: true F and B, and another order than an epoch's."""
    where, losses = f"{origin}: [data] shards hold composites, which have no F and B", recipe.losses
    if recipe.prediction is not None:
        raise DataError(f"{where}; the loss L_p of {recipe.head.stage} is made of them: train on foregrounds")
    if recipe.patches is not None and recipe.patches.sees == "colours":
        raise DataError(f"{where}; a discriminator that sees colours is shown F: set patches.sees=alpha")
    if losses is not None and (asking := [name for name in losses.needs_colours if losses.weights.get(name)]):
        settings = " ".join(f"--set losses.{name}=0" for name in asking)
        raise DataError(f"{where}; these terms of the loss are made of them, leave them out: {settings}")
    for name in ("shares", "kind", "classes", "annotations", "selection"):
        if getattr(data, name):
            raise DataError(
                f"{origin}: [data] {name} is not for shards, whose composites have their classes and come "
                "once an epoch each; leave it out, or build another set"
            )
    if recipe.validation.foregrounds:
        raise DataError(
            f"{origin}: [validation] foregrounds are not for shards; set data.held_out to the share of the "
            "shards' foregrounds that is kept for it"
        )


def _check_fused(recipe: Recipe, origin: str) -> None:
    validation = recipe.validation
    if recipe.checkpoints.final == "best" and not validation.every:
        raise DataError(f"{origin}: [checkpoints] final is best, which needs validation.every")
    if validation.foregrounds:
        raise DataError(f"{origin}: [validation] names foregrounds; the stage fused draws its own")
    if validation.every and validation.seed == recipe.head.seed:
        raise DataError(
            f"{origin}: [validation] has the seed of the training, {validation.seed}; take another"
        )


def _set(values: dict[str, Any], setting: str) -> None:
    """Put ``loop.steps=5``, or ``steps=5`` where one table alone has such a key, into the values."""
    key, equals, text = setting.partition("=")
    key = key.strip()
    if not equals or not key:
        raise DataError(f"--set {setting!r} must be key=value, as in --set loop.steps=1000")
    table, _, name = key.rpartition(".")
    if not table and name not in options_of(HeadOptions):
        holders = [each for each, listed in _TABLES.items() if each in values and name in options_of(listed)]
        if len(holders) > 1:
            raise DataError(f"--set {key}: could be " + " or ".join(f"{each}.{name}" for each in holders))
        if not holders:
            every = [
                f"{each}.{n}"
                for each, listed in _TABLES.items()
                if each in values
                for n in options_of(listed)
            ]
            bare = {each.rpartition(".")[2] for each in every} | set(options_of(HeadOptions))
            raise DataError(f"--set {setting}: unknown option {key!r}{suggest(key, sorted(bare))}")
        table = holders[0]
    if table and not isinstance(values.get(table), dict):
        tables = [each for each in _TABLES if each in values]
        raise DataError(f"--set {setting}: the recipe has no table [{table}]{suggest(table, tables)}")
    (values[table] if table else values)[name] = _value(text.strip())


def _value(text: str) -> Any:
    """Read a value as TOML; what is not TOML is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in values.items() if not isinstance(value, dict)}
    for table, held in values.items():
        if isinstance(held, dict):
            flat |= {f"{table}.{name}": value for name, value in held.items()}
    return flat


def _toml(value: Any) -> str:
    """Return a text, number, truth value or list of such as TOML, which is JSON there."""
    return json.dumps(value, ensure_ascii=False)
