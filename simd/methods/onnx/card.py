"""The TOML file beside an ONNX model, which says what the model takes in and gives out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simd.errors import DataError
from simd.files import read_toml
from simd.methods.runtime.preprocess import RESAMPLINGS, TRIMAPS, Postprocessing, Preprocessing
from simd.taxonomy import suggest

PARTS = ("image", "trimap", "clicks")
FITS = ("zero", "edge", "reflect", "resize")
"""What `fit` may be in a card; see :data:`simd.methods.runtime.preprocess.FITS`."""

_KINDS = ("matting", "sim")
_ORDERS = ("rgb", "bgr")
_MAX_BYTES = 64 * 1024
_MAX_MULTIPLE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxCard:
    """What is known of an ONNX model; fields are the keys of the TOML file, see docs/methods.md."""

    file: Path  # the model
    name: str
    inputs: Mapping[str, tuple[str, ...]]  # the model's input to the parts of its channels
    preprocessing: Preprocessing
    output: str | None  # None: the model's first
    postprocessing: Postprocessing
    gigabytes_per_megapixel: float
    classifier: Path | None  # of SIM, exported by `simd weights export-onnx`

    @property
    def takes_trimap(self) -> bool:
        """Whether anything of the trimap is used: as an input, or for known pixels."""
        parts = {part for parts in self.inputs.values() for part in parts}
        return self.classifier is not None or parts != {"image"} or self.postprocessing.keep_known

    def facts(self) -> list[Any]:
        """Return all that the card says but the file, in an order that the digests of runs depend on."""
        inputs, outputs = self.preprocessing, self.postprocessing
        return [
            *(self.name, self.inputs, inputs.order, inputs.range, inputs.mean, inputs.std, inputs.trimap),
            *(inputs.multiple, inputs.fit, self.output, outputs.channel, outputs.range, outputs.sigmoid),
            *(outputs.keep_known, self.gigabytes_per_megapixel, self.classifier),
            *self._later_facts(),
        ]

    def _later_facts(self) -> list[tuple[str, Any]]:
        """Return what cards can say since later, where it is not the default: older digests stay."""
        default = asdict(Preprocessing())
        later = "max_side rounds_down border resampling trimap_resampling alpha_resampling resizes_levels"
        given = asdict(self.preprocessing)
        facts = [(key, given[key]) for key in later.split() if given[key] != default[key]]
        return facts + ([("stretch", True)] if self.postprocessing.stretch else [])


def read_card(weights: str | Path) -> OnnxCard:
    """Read the card at a path, or the only one in a folder.

    Raises
    ------
    DataError
        If there is none, it is no TOML, or a key is unknown or not what it has to be.
    """
    path = _find(Path(weights))
    if path.stat().st_size > _MAX_BYTES:
        raise DataError(f"{path}: has {path.stat().st_size} bytes; a card of a model has a few hundred")
    content = read_toml(path)
    top = _Table(path, "", content)
    kind = top.choice("kind", _KINDS, "matting")
    inputs, image, trimap = (top.table(key) for key in ("inputs", "image", "trimap"))
    size, output = top.table("size"), top.table("output")
    fit = size.choice("fit", FITS, "zero")
    parts = {} if kind == "sim" else _inputs(inputs)
    sees_trimap = kind == "sim" or any(set(each) != {"image"} for each in parts.values())
    card = OnnxCard(
        file=top.neighbour("model"),
        name=top.text("name", path.stem),
        inputs=parts,
        preprocessing=Preprocessing(
            order=image.choice("order", _ORDERS, "rgb"),
            range=image.number("range", 1.0),
            mean=image.colour("mean", 0.0),
            std=image.colour("std", 1.0),
            trimap=trimap.choice("as", TRIMAPS, "fraction"),
            multiple=int(size.number("multiple", 1)),
            fit=fit,
            **_resampling(size, image, trimap, output)
            if fit == "resize"
            else {"border": size.whole("border")},
        ),
        output=output.text("name", "") or None,
        postprocessing=Postprocessing(
            channel=int(output.number("channel", 0, lowest=0)),
            range=output.number("range", 1.0),
            sigmoid=output.flag("sigmoid", default=False),
            stretch=output.flag("stretch", default=False),
            keep_known=top.flag("keep_known", default=sees_trimap),
        ),
        gigabytes_per_megapixel=top.number("gigabytes_per_megapixel", 2.0),
        classifier=top.neighbour("classifier") if kind == "sim" else None,
    )
    for table in (top, inputs, image, trimap, size, output):
        table.check_all_taken()
    if min(card.preprocessing.std) <= 0 or not 1 <= card.preprocessing.multiple <= _MAX_MULTIPLE:
        raise DataError(f"{path}: std must be above 0, multiple a whole number from 1 to {_MAX_MULTIPLE}")
    return card


def _resampling(size: "_Table", image: "_Table", trimap: "_Table", output: "_Table") -> dict[str, Any]:
    """Return what only a model whose images are resized has."""
    return {
        "max_side": size.whole("max_side"),
        "rounds_down": size.flag("rounds_down", default=False),
        "resizes_levels": size.flag("resizes_levels", default=False),
        "resampling": image.choice("resampling", RESAMPLINGS, "linear"),
        "trimap_resampling": trimap.choice("resampling", RESAMPLINGS, "nearest"),
        "alpha_resampling": output.choice("resampling", RESAMPLINGS, "linear"),
    }


def _find(path: Path) -> Path:
    if path.is_dir():
        files = sorted(path.glob("*.toml"))
        if len(files) != 1:
            raise DataError(f"{path}: holds {len(files)} TOML files; give the one beside the model itself")
        return files[0]
    if path.suffix == ".onnx":
        raise DataError(
            f"{path}: is the model; give the TOML file beside it, which says what the model takes in "
            "(docs/methods.md shows one)"
        )
    if not path.is_file():
        raise DataError(f"{path}: no such file; the method onnx wants the TOML file beside a model")
    return path


def _inputs(table: "_Table") -> dict[str, tuple[str, ...]]:
    parts_of_input: dict[str, tuple[str, ...]] = {}
    for name in list(table.keys()):
        parts = table.take(name, list, [])
        if not parts or not all(isinstance(part, str) and part in PARTS for part in parts):
            raise table.wrong(name, f"a list of {' and '.join(map(repr, PARTS))}, in the order of channels")
        parts_of_input[name] = tuple(parts)
    if not parts_of_input:
        raise table.wrong("", 'the model\'s inputs, such as image = ["image"] and trimap = ["trimap"]')
    return parts_of_input


class _Table:
    """A table of a TOML file whose keys are taken one by one, each checked."""

    def __init__(self, path: Path, section: str, content: dict[str, Any]) -> None:
        self.path, self.section, self.content = path, section, content
        self.taken: set[str] = set()

    def keys(self) -> list[str]:
        return list(self.content)

    def wrong(self, key: str, wanted: str) -> DataError:
        where = ".".join(part for part in (self.section, key) if part)
        present_value = f"not {self.content[key]!r:.60}" if key in self.content else "which is missing"
        return DataError(f"{self.path}: {where} must be {wanted}, {present_value}")

    def take(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        self.taken.add(key)
        value = self.content.get(key, default)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            names = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
            raise self.wrong(key, f"of the type {names}")
        return value

    def table(self, key: str) -> "_Table":
        return _Table(self.path, key, self.take(key, dict, {}))

    def text(self, key: str, default: str) -> str:
        value: str = self.take(key, str, default)
        if not value.isprintable() or len(value) > 200:
            raise self.wrong(key, "a short line of text")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise DataError(f"{self.path}: unknown {self.section or key} {value!r}{suggest(value, choices)}")
        return value

    def number(self, key: str, default: float, *, lowest: float = 1e-9) -> float:
        value = float(self.take(key, (int, float), default))
        if not lowest <= value < 1e9:
            raise self.wrong(key, "a number that is not negative" if not lowest else "a number above 0")
        return value

    def whole(self, key: str) -> int:
        value = self.take(key, int, 0)
        if not 0 <= value <= 65536:
            raise self.wrong(key, "a whole number of pixels from 0 to 65536")
        return int(value)

    def colour(self, key: str, default: float) -> tuple[float, ...]:
        values = self.take(key, list, [default] * 3)
        if len(values) != 3 or not all(type(v) in (int, float) and abs(v) < 1e9 for v in values):
            raise self.wrong(key, "three numbers, in the order of the channels")
        return tuple(map(float, values))

    def flag(self, key: str, *, default: bool) -> bool:
        return bool(self.take(key, bool, default))

    def neighbour(self, key: str) -> Path:
        name = self.text(key, "")
        if not name or Path(name).name != name:
            raise self.wrong(key, "the name of a file beside this one")
        return self.path.parent / name

    def check_all_taken(self) -> None:
        for key in self.content:
            if key not in self.taken:
                section = f" in [{self.section}]" if self.section else ""
                raise DataError(
                    f"{self.path}: unknown key {key!r}{section}{suggest(key, sorted(self.taken))}"
                )
