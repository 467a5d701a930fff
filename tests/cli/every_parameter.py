"""Every parameter of every command that takes a text or a path, and a world to try them in.

A parameter that stands in none of the tables fails `test_every_parameter_is_known`: a new one says here what
it is, and is tried with all the others.
"""

import re
import shutil
import signal
from contextlib import contextmanager
from pathlib import Path

import typer
from conftest import save, soft_alpha, write_backgrounds, write_foregrounds

from simd.cli.app import app

OUTPUT_FILES = {
    "browse pull --out": ".jsonl",
    "classes --out": ".png",
    "evaluate --out": "",
    "index --write-classes": ".csv",
    "select --out": ".jsonl",
    "select --page": ".html",
    "tag export --out": ".json",
    "tag fit --out": ".npz",
}
"""What names a file to be written, and the ending it has."""

OUTPUT_FOLDERS = {
    "cutout --out",
    "court --out",
    "explain --out",
    "export --out",
    *("browse open --maps", "browse open --static", "build OUT", "demo --out", "embed --out", "import OUT"),
    *("leaderboard --out", "predict --out", "predict --pictures", "stats --out", "tag agree --pictures"),
    *("bench --out", "entry make --out"),
    *("tag fill FOLDER", "tag import --out", "tag merge --out", "tag open --annotations", "tag open FOLDER"),
    *("tag propose FOLDER", "train --out", "weights export-onnx OUT"),
    "weights import --out",
}
INPUT_FILES = {
    *("cutout --boxes", "cutout --model"),
    "court --classes",
    "export --statements",
    *("licences --against", "licences --record"),
    *("explain SCORES", "explain --against"),
    *("balance --classes", "browse open --scores", "build --background-list", "build --classes"),
    *("build --file-list", "build --foreground-list", "build --review", "build --selection", "build --spec"),
    *("entry check --classes", "entry check --review", "entry make SCORES"),
    *("evaluate --classes", "evaluate --review", "import --classes", "index --classes"),
    *(
        "leaderboard SCORES",
        "ranks SCORES",
        "select --class-list",
        "select --classes",
        "select --review",
        "tag export --classes",
    ),
    *("tag fill --classes", "tag fill --strokes", "tag fit --classes", "tag import --classes"),
    *("tag import FILE", "tag open --classes", "tag open --model", "tag propose --classes"),
    *("tag propose --model", "tag status --classes", "weights import FILE"),
}
INPUT_FOLDERS = {
    "explain DATASET",
    *("cite DATASET", "export DATASET", "licences DATASET"),
    *("court --alpha", "court --trimap", "court DATASET", "court PREDICTIONS"),
    *("cutout --backdrops", "cutout --truth", "cutout PICTURES"),
    "bench DATASET",
    *("entry check --alpha", "entry check --trimap", "entry check DATASET", "entry check FOLDER"),
    *("entry check PREDICTIONS", "entry make --predictions", "leaderboard --entries"),
    *("entry rescore --predictions", "entry rescore --sets", "entry rescore ENTRIES"),
    *("balance --annotations", "balance SOURCE", "browse open --embedding", "browse open --predictions"),
    *("browse open DATASET", "browse pull DATASET", "build --annotations", "build --backgrounds"),
    *("build --foregrounds", "embed DATASET", "evaluate --alpha", "evaluate --trimap", "evaluate DATASET"),
    *("build --alpha-dir", "import --alpha-dir", "index --alpha-dir", "select --alpha-dir"),
    *("evaluate PREDICTIONS", "import SOURCE", "index FOLDER", "predict --answers", "predict --trimap"),
    "predict IMAGES",
    *("select --against", "select --backgrounds", "select FOREGROUNDS", "stats DATASETS", "tag agree ONE"),
    *("tag agree OTHER", "tag export --foregrounds", "tag export FOLDER", "tag fill --foregrounds"),
    *("tag fit --annotations", "tag fit FOREGROUNDS", "tag import --foregrounds", "tag merge FOLDERS"),
    *(
        "tag open --backdrops",
        "tag open --foregrounds",
        "tag propose --foregrounds",
        "tag status --foregrounds",
    ),
    *("tag review FOLDER", "tag status FOLDER", "verify DATASET", "weights export-onnx FOLDER"),
}
WORDS = {
    "cutout --host",
    "court --claim",
    "explain --metric",
    *("export --split", "export --to"),
    *(
        "bench --option",
        "bench METHODS",
        "entry make --fact",
        "leaderboard --reported",
        "leaderboard --format",
        "leaderboard --hub-dataset",
    ),
    *("balance --class", "build --class", "index --class"),
    *("balance --kind", "browse open --name", "browse pull --by", "browse pull --name", "build --kind"),
    *("build --background-kind", "build --background-licence", "build --layout", "build --licence"),
    *("build --name", "build --protocol", "classes --class", "classes --view", "embed --features"),
    *(
        "evaluate --name",
        "evaluate --region",
        "import --class",
        "import --kind",
        "import --name",
        "index --kind",
    ),
    *("build --alpha-suffix", "import --alpha-suffix", "index --alpha-suffix", "select --alpha-suffix"),
    *("predict --device", "predict --option", "predict --weights", "predict METHOD", "select --allow"),
    *("select --kind", "select --only-licence", "tag export --format", "tag export --image-url"),
    *("tag export --kind", "tag fill --kind", "tag fit --kind", "tag import --format", "tag import --kind"),
    *(
        "tag import --rename",
        "tag open --annotator",
        "tag open --host",
        "tag open --kind",
        "tag propose --kind",
    ),
    *("train --device", "train --set", "train --track", "train RECIPE"),
    *("tag status --kind", "weights import --licence", "weights import --origin"),
    "weights import --variant",
    *(
        f"{command} --cluster"
        for command in ("build", "select", "import", "verify", "predict", "evaluate", "stats", "embed")
    ),
}
"""What names neither a file nor a folder, or may name one of several things."""

BASES = {
    "balance": {"SOURCE": "{fgs}"},
    "bench": {"DATASET": "{set}", "METHODS": "trimap", "--out": "{new}"},
    "browse open": {"DATASET": "{set}", "--scores": "{scores}", "--static": "{new}"},
    "browse pull": {"DATASET": "{set}", "--out": "{new}.jsonl"},
    "build": {
        **{"OUT": "{new}", "--foregrounds": "{fgs}", "--backgrounds": "{bgs}"},
        **{"--licence": "mine", "--background-licence": "mine"},
    },
    "cite": {"DATASET": "{set}"},
    "classes": {"--class": "fire", "--size": "32", "--seeds": "1"},
    "court": {"PREDICTIONS": "{mattes}", "DATASET": "{set}", "--out": "{new}"},
    "cutout": {"PICTURES": "{photo}", "--out": "{new}"},
    "demo": {"--out": "{new}"},
    "embed": {"DATASET": "{set}", "--out": "{new}"},
    "entry check": {"FOLDER": "{entry}", "PREDICTIONS": "{mattes}", "DATASET": "{set}"},
    "entry make": {"SCORES": "{scores}", "--out": "{new}"},
    "entry rescore": {"ENTRIES": "{old}", "--predictions": "{mattes}", "--sets": "{sets}"},
    "explain": {"SCORES": "{scores}", "DATASET": "{set}", "--out": "{new}"},
    "export": {"DATASET": "{set}", "--to": "webdataset", "--out": "{new}"},
    "evaluate": {"PREDICTIONS": "{mattes}", "DATASET": "{set}", "--out": "{new}"},
    "import": {"SOURCE": "{aim}", "OUT": "{new}", "--class": "fur"},
    "index": {"FOLDER": "{fgs}"},
    "licences": {"DATASET": "{set}"},
    "leaderboard": {"SCORES": "{scores}", "--out": "{new}"},
    "ranks": {"SCORES": "{scores}"},
    "predict": {"METHOD": "trimap", "IMAGES": "{set}", "--out": "{new}"},
    "select": {"FOREGROUNDS": "{fgs}", "--out": "{new}.jsonl"},
    "stats": {"DATASETS": "{set}", "--out": "{new}"},
    "verify": {"DATASET": "{set}"},
    "tag status": {"FOLDER": "{annotations}"},
    "tag review": {"FOLDER": "{annotations}"},
    "tag fill": {"FOLDER": "{new}", "--foregrounds": "{fgs}"},
    "tag propose": {"FOLDER": "{new}", "--foregrounds": "{fgs}"},
    "tag fit": {"FOREGROUNDS": "{fgs}", "--out": "{new}.npz"},
    "tag agree": {"ONE": "{annotations}", "OTHER": "{annotations}"},
    "tag merge": {"FOLDERS": "{annotations}", "--out": "{new}"},
    "tag export": {"FOLDER": "{annotations}", "--format": "coco", "--out": "{new}.json"},
    "tag import": {"FILE": "{coco}", "--format": "coco", "--out": "{new}", "--foregrounds": "{fgs}"},
    "tag open": {"FOLDER": "{new}", "--foregrounds": "{fgs}"},
    "train": {"RECIPE": "sim-classifier-small", "--out": "{new}", "--steps": "1"},
    "weights import": {"FILE": "{photo}", "--out": "{new}"},
    "weights export-onnx": {"FOLDER": "{bgs}", "OUT": "{new}"},
}
"""A run of each command, by parameter; {new} is a name that is free, the others lie in the world."""

INSTEAD = {
    "browse open --maps": {"--static": None},
    "export --statements": {"--to": "croissant"},
    "build --foreground-list": {"--background-list": "{bglist}"},
    "entry check --alpha": {"DATASET": None, "--trimap": "{set}/trimap"},
    "entry check --trimap": {"DATASET": None, "--alpha": "{set}/alpha"},
    "entry check --classes": {"DATASET": None, "--trimap": "{set}/trimap", "--alpha": "{set}/alpha"},
    "court --alpha": {"DATASET": None, "--trimap": "{set}/trimap"},
    "court --trimap": {"DATASET": None, "--alpha": "{set}/alpha"},
    "court --classes": {"DATASET": None, "--trimap": "{set}/trimap", "--alpha": "{set}/alpha"},
    "evaluate --alpha": {"DATASET": None, "--trimap": "{set}/trimap"},
    "evaluate --trimap": {"DATASET": None, "--alpha": "{set}/alpha"},
    "evaluate --classes": {"DATASET": None, "--trimap": "{set}/trimap", "--alpha": "{set}/alpha"},
    "predict --answers": {"METHOD": "fused"},
    "predict --pictures": {"METHOD": "sim"},
    "predict --trimap": {"IMAGES": "{bgs}"},
    "select --backgrounds": {"FOREGROUNDS": None},
    "tag open --annotations": {"FOLDER": None},
    "tag export --classes": {"--foregrounds": "{fgs}"},
    "tag status --classes": {"--foregrounds": "{fgs}"},
    "browse open --embedding": {"--static": None, "--maps": "{new}"},
}
"""What else of a run has to change where a parameter is given; None leaves one out."""


def leaves():
    """Return the commands by name."""

    def walk(command, path=()):
        for name in getattr(command, "commands", {}):
            yield from walk(command.commands[name], (*path, name))
        if not hasattr(command, "commands"):
            yield " ".join(path), command

    return dict(walk(typer.main.get_command(app)))


LEAVES = leaves()


def name_of(param):
    return param.opts[0] if param.opts[0].startswith("--") else param.name.strip("_").upper()


def is_number(param):
    """Tell whether a parameter is a number or yes and no; typer says so elsewhere since it left click."""
    if hasattr(param, "type_descriptor"):
        return param.type_descriptor.annotation in (bool, int, float)
    return param.type.name.split()[0] in ("boolean", "integer", "float")


def declared():
    """Return all parameters of all commands that take a text or a path."""
    found = set()
    for command, leaf in LEAVES.items():
        for param in leaf.params:
            if not is_number(param):
                found.add(f"{command} {name_of(param)}")
    return found


def words_of(parameter, value, world):
    """Return the words of a command with a parameter at a value, and all else as its base has it."""
    command, _, name = parameter.rpartition(" ")
    given = BASES[command] | INSTEAD.get(parameter, {})
    world = {**world, "new": world["free"]()}
    texts = {key: text.format_map(world) for key, text in given.items() if text is not None} | {
        name: str(value)
    }
    params = [name_of(param) for param in LEAVES[command].params]
    words = [
        *command.split(),
        *(texts.pop(key) for key in params if key in texts and not key.startswith("--")),
    ]
    if "--workers" in params:
        texts["--workers"] = "1"
    return [*words, *(word for key, text in texts.items() for word in (key, text))]


@contextmanager
def within(seconds):
    """Raise TimeoutError in what takes longer, even where it waits for a pipe."""

    def end(*_):
        raise TimeoutError(f"took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def write_world(root: Path):
    """Write a file or folder of every kind that commands read, and return them by name."""
    from simd.composition.build import build
    from simd.dataset.review import Remark, write_review
    from simd.methods.predict import predict
    from simd.metrics.evaluate import evaluate
    from simd.report.entries.files import make_entry
    from simd.report.selection import select
    from simd.sources import index_foregrounds
    from simd.tagging.folders import fill_folder
    from simd.tagging.formats.convert import export_annotations
    from simd.tagging.patch_model import default_model_path

    fgs, bgs = write_foregrounds(root / "fgs"), write_backgrounds(root / "bgs")
    made = build(root / "set", foregrounds=fgs, backgrounds=bgs, any_licence=True)
    predict("trimap", root / "set", root / "mattes")
    for number in range(3):
        save(root / "plain" / f"{number}.png", soft_alpha(seed=number))
        save(root / "aim" / "original" / f"o_{number}.png", soft_alpha(seed=number)[..., None].repeat(3, 2))
        save(root / "aim" / "mask" / f"o_{number}.png", soft_alpha(seed=number))
    cutout = soft_alpha()[..., None].repeat(4, 2)
    save(root / "cutouts" / "fur_1.png", cutout)
    evaluate(root / "mattes", root / "set", out=root / "scores" / "mine")
    make_entry(root / "scores" / "mine", root / "entry")
    shutil.copytree(root / "entry", root / "old")
    for name in ("card.toml", "scores.json"):  # of an earlier version of the metrics
        text = (root / "old" / name).read_text()
        (root / "old" / name).write_text(
            re.sub(r'(metrics_version"?[:=] ?|metrics_version = )2', r"\g<1>1", text)
        )
    (root / "sets").mkdir()
    fill_folder(root / "annotations", index_foregrounds(str(fgs)).records)
    export_annotations(root / "annotations", root / "coco.json", format_="coco")
    select(fgs, out=root / "selection.jsonl")
    write_review(root / "review.jsonl", [Remark(id=made.rows[0].id, tags=("exclude",))])
    shutil.copy(default_model_path(), root / "model.npz")
    (root / "classes.csv").write_text("file,class\nfire_a.png,fire\n")
    (root / "bglist.txt").write_text("hill.jpg\n" * 6)
    (root / "notes.txt").write_text("mine\n")
    (root / "site").mkdir()
    (root / "site" / "index.html").write_text("<!doctype html><title>Mine</title>")
    (root / "site" / "index.csv").write_text("a,b\n")
    (root / "site" / "index.json").write_text("{}")
    shutil.copy(bgs / "hill.jpg", root / "photo.jpg")
    numbers = iter(range(10**6))
    (root / "out").mkdir()
    folders = (
        "fgs",
        "bgs",
        "set",
        "mattes",
        "annotations",
        "aim",
        "cutouts",
        "plain",
        "site",
        "entry",
        "old",
        "sets",
    )
    files = {"coco": "coco.json", "photo": "photo.jpg", "bglist": "bglist.txt", "scores": "scores/mine"}
    return {
        **{name: str(root / name) for name in folders},
        **{name: str(root / file) for name, file in files.items()},
        "free": lambda: str(root / "out" / str(next(numbers))),
    }
