"""Whole inputs of every kind, small, and the commands that read them: what ``fuzz.py`` spoils."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 40
CLASSES = ("fur", "net", "fire")
OWN = "Adobe-licensed images"

# Each layout: the path of a layer with the name in {}, and names. The pixels of all are alike.
LAYOUTS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "adobe": (
        {"fg": "Test_set/" + OWN + "/fg/{}.png", "alpha": "Test_set/" + OWN + "/alpha/{}.png"},
        ("x-1", "x-2"),
    ),
    "simd": ({"fg": "net/fg/{}.jpg", "alpha": "net/alpha/{}.jpg"}, ("a", "b")),
    "distinctions-646": ({"fg": "Train/FG/{}.jpg", "alpha": "Train/GT/{}.png"}, ("a", "b")),
    "am-2k": ({"fg": "train/fg/{}.png", "alpha": "train/mask/{}.png"}, ("m_0a1b2c3d", "m_1")),
    "voc": ({"fg": "VOCdevkit/VOC2012/JPEGImages/{}.jpg"}, ("2007_000027", "2008_1")),
    "coco": ({"fg": "val2017/{}.jpg"}, ("000000000001", "000000000002")),
    "bg-20k": ({"fg": "train/{}.jpg"}, ("h_0", "h_1")),
    "aim-500": (
        {"image": "original/{}.jpg", "alpha": "mask/{}.png", "trimap": "trimap/{}.png"},
        ("o_00a1b2c3", "o_1"),
    ),
    "composition-1k": (
        {"image": "merged/{}.png", "alpha": "alpha_copy/{}.png", "trimap": "trimaps/{}.png"},
        ("x-1_0", "x-1_1"),
    ),
    "simd-composed": (
        {"image": "net/merged/{}.png", "alpha": "net/alpha/{}.png", "trimap": "net/trimap/{}.png"},
        ("a_b_2008_000123", "m_2010_123456"),
    ),
    "alphamatting": (
        {
            "image": "input_training_lowres/{}.png",
            "alpha": "gt_training_lowres/{}.png",
            "trimap": "trimap_training_lowres/Trimap1/{}.png",
        },
        ("GT01", "GT02"),
    ),
}

FORMATS = {
    "coco": "coco.json",
    "coco-panoptic": "panoptic.zip",
    "cvat-mask": "cvat.zip",
    "cvat-images": "cvat.xml",
    "label-studio": "tasks.json",
    "labelme": "labelme",
    "fiftyone": "fo",
    "parquet": "masks.parquet",
}

EXPORTS = ("webdataset", "parquet", "coco", "croissant")
BUILD = "build out --foregrounds fgs --backgrounds bgs --any-licence --workers 1"
TAGGED = "--foregrounds fgs --workers 1"

# Every word that is the name of an input is that input; whatever is written begins with "out".
COMMANDS = (
    "index fgs --decode --workers 1",
    "index fgs --classes classes.csv --json --workers 1",
    "index cutouts --decode --workers 1",
    *(f"index as-{name} --decode --workers 1" for name in LAYOUTS),
    "select fgs --out out.jsonl --workers 1",
    "select fgs --class-list kept.txt --out out.jsonl --workers 1",
    "select fgs --against as-simd --against bgs.txt --review review.jsonl --out out.jsonl --workers 1",
    "select --backgrounds as-coco --max-object 0.5 --out out.jsonl --workers 1",
    "balance fgs --classes classes.csv --annotations annotations",
    "balance set",
    "balance list.txt",
    BUILD,
    BUILD + " --spec spec.toml",
    BUILD + " --selection selection.jsonl --max-side 36 --trimap-radius 3",
    BUILD + " --classes classes.csv --review review.jsonl",
    BUILD + " --annotations annotations --protocol exact --seed 3",
    BUILD + " --background-list bgs.txt --foreground-list fgs.txt",
    "build out --foregrounds as-simd --backgrounds bgs --file-list list.txt --protocol simd-2021 "
    "--any-licence --workers 1",
    "build out --foregrounds cutouts --backgrounds as-voc --any-licence --workers 1",
    *(
        f"import as-{name} out --class fur --map-trimaps --workers 1"
        for name in ("aim-500", "composition-1k")
    ),
    "import as-simd-composed out --workers 1",
    "import as-alphamatting out --class net --workers 1",
    "verify set --workers 1",
    *(f"export set --to {name} --any-licence --out out --workers 1" for name in EXPORTS),
    *(f"import to-{name} out --workers 1" for name in EXPORTS),
    "stats set --out out --workers 1",
    "embed set --features features.npz --perplexity 2 --out out --workers 1",
    "predict trimap set --out out --workers 1",
    "predict trimap pictures --trimap trimaps --out out --workers 1",
    "predict onnx pictures --trimap trimaps --weights onnx/model.toml --out out --workers 1",
    "weights import checkpoint.pth --out out",
    "weights import checkpoint.safetensors --out out",
    "evaluate mattes set --out out --workers 1",
    "evaluate mattes set --review review.jsonl --name mine --json --out out --workers 1",
    "evaluate alphas --alpha alphas --trimap trimaps --classes classes.csv --out out --workers 1",
    "leaderboard scores/a.json scores/b.json --out out",
    "browse set --scores scores/a.json --predictions mattes --static out --workers 1",
    "tag status annotations --foregrounds fgs",
    "tag fill out --strokes strokes.jsonl " + TAGGED,
    "tag propose out --model patches.npz " + TAGGED,
    "tag fit fgs --annotations annotations --out out.npz",
    "tag agree annotations others --pictures out",
    "tag merge annotations others annotations --out out",
    *(f"tag export annotations --format {name} --foregrounds fgs --out out" for name in FORMATS),
    *(f"tag import {file} --format {name} --foregrounds fgs --out out" for name, file in FORMATS.items()),
)


def write_inputs(root: Path) -> None:
    """Write every input that a command names into a folder."""
    write_sources(root)
    with chdir(root):
        _run_everything()
        _write_models(Path())


def write_sources(root: Path) -> None:
    """Write the inputs that no command of the program makes: pictures, tables and lists."""
    root.mkdir(parents=True, exist_ok=True)
    for i, class_ in enumerate(CLASSES):
        layers = _layers(i)
        _save(root / f"fgs/fg/{class_}_{i}.png", layers["fg"])
        _save(root / f"fgs/alpha/{class_}_{i}.png", layers["alpha"])
        _save(root / f"cutouts/{class_}_{i}.png", np.dstack([layers["fg"], layers["alpha"]]))
        _save(root / f"bgs/room{i}.jpg", _layers(i + 5)["image"])
        _save(root / f"pictures/{class_}_{i}.png", layers["image"])
        _save(root / f"trimaps/{class_}_{i}.png", layers["trimap"])
        _save(root / f"alphas/{class_}_{i}.png", layers["alpha"])
    for name, (_, names) in LAYOUTS.items():
        write_layout(root, name, names)
    _write_texts(root)


def write_layout(root: Path, name: str, names: Sequence[str]) -> None:
    """Write the layers of some names as a dataset has them."""
    for i, stem in enumerate(names):
        for layer, path in LAYOUTS[name][0].items():
            _save(root / f"as-{name}" / path.format(stem), _layers(i)[layer])


def commands_of(root: Path, further: Sequence[str] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each command line with the inputs it names, each by the first part of its path."""
    for line in (*COMMANDS, *further):
        named = (word.split("/")[0] for word in line.split())
        yield line, tuple(dict.fromkeys(name for name in named if (root / name).exists()))


def _layers(i: int) -> dict[str, np.ndarray]:
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(y - SIDE / 2 - i % 3, x - SIDE / 2 + i % 2)
    alpha = np.clip((0.3 * SIDE - distance) * 24 + 128, 0, 255).astype(np.uint8)
    noise = np.random.default_rng(i).integers(-25, 25, (SIDE, SIDE, 3))
    fg = np.clip(np.array([70 + 40 * (i % 4), 120, 200 - 30 * i]) + noise, 0, 255).astype(np.uint8)
    trimap = np.where(distance < 0.3 * SIDE - 7, 255, np.where(distance > 0.3 * SIDE + 7, 0, 128))
    bg = np.stack([127 + 100 * np.sin((x + i) / 5), 127 + 90 * np.cos(y / 6), x + y], axis=2)
    image = fg * (alpha[..., None] / 255) + bg * (1 - alpha[..., None] / 255)
    return {"fg": fg, "alpha": alpha, "image": image.astype(np.uint8), "trimap": trimap.astype(np.uint8)}


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _write_texts(root: Path) -> None:
    table = "file,class,licence\nfur_0.png,fur,own\nnet_1.png,net|fur,own\nfire_2.png,fire,own\n"
    names = ("x-1,fur", "x-2,net", "a,fur", "b,net", "m_0a1b2c3d,fur", "m_1,net")
    for path in ("classes.csv", "fgs/classes.csv"):
        (root / path).write_text(table)
    for layout in ("adobe", "distinctions-646", "am-2k"):
        (root / f"as-{layout}" / "classes.csv").write_text("file,class\n" + "\n".join(names) + "\n")
    texts = {
        "list.txt": "net:a.jpg:room0.jpg\nnet:b.jpg:room1.jpg\nnet:b.jpg:room2.jpg\n",
        "bgs.txt": "room0.jpg\nroom1.jpg\nroom2.jpg\n",
        "kept.txt": "fur:fur_0.png\nnet:net_1.png\nfire:fire_2.png\n",
        "fgs.txt": "fur_0.png\nnet_1.png\nfire_2.png\n",
        "spec.toml": 'protocol = "exact"\nseed = 7\nper-foreground = 2\nname = "tiny"\nany-licence = true\n',
        "as-voc/VOCdevkit/VOC2012/ImageSets/Main/train.txt": "2007_000027\n2008_1\n",
        "as-coco/annotations/instances_val2017.json": json.dumps(
            {
                "licenses": [{"id": 4, "name": "Attribution", "url": "http://example.org/by"}],
                "images": [
                    {"id": i, "file_name": f"{i:012}.jpg", "license": 4, "width": SIDE, "height": SIDE}
                    for i in (1, 2)
                ],
                "annotations": [{"image_id": 1, "area": 500.0, "bbox": [10, 20, 20, 10]}],
            }
        ),
    }
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _run_everything() -> None:
    """Make what the program's own commands make: run in the folder of inputs."""
    from simd.composition.build import build
    from simd.composition.export import export
    from simd.dataset.manifest import load_set
    from simd.dataset.review import Remark, write_review
    from simd.methods.predict import predict
    from simd.metrics.evaluate import evaluate
    from simd.report.selection import select
    from simd.sources import index_foregrounds
    from simd.tagging.fit_model import fit_on
    from simd.tagging.folders import fill_folder
    from simd.tagging.formats.convert import export_annotations

    options = {"foregrounds": "fgs", "backgrounds": "bgs", "any_licence": True}
    built = build("set", per_foreground=2, **options)
    for name in EXPORTS:
        export(built, f"to-{name}", to=name, any_licence=True)
    predict("trimap", "set", "mattes")
    for name in ("a", "b"):
        Path("scores").mkdir(exist_ok=True)
        evaluate("mattes", "set", out=f"scores/{name}", name=name)
    rows = load_set(Path("set")).rows
    write_review(
        Path("review.jsonl"),
        [Remark(id=rows[0].id, tags=("exclude",), fg_id=rows[0].fg_id, bg_id=rows[0].bg_id)],
    )
    select("fgs", out="selection.jsonl")
    records = index_foregrounds("fgs").records
    strokes = [
        {"fg_id": fg.id, "kind": "brush", "class": fg.class_, "points": [[5, 5], [30, 30]], "radius": 3.0}
        for fg in records
    ]
    Path("strokes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in strokes))
    for folder in ("annotations", "others"):
        fill_folder(Path(folder), records)
    for format_, file in FORMATS.items():
        export_annotations(Path("annotations"), Path(file), format_=format_, foregrounds="fgs")
    fit_on(["fgs"], Path("patches.npz"), annotations=Path("annotations"))
    ids = [row.id for row in built.rows]
    np.savez("features.npz", ids=np.array(ids), features=np.random.default_rng(0).random((len(ids), 5)))


def _write_models(root: Path) -> None:
    """Write a model for onnxruntime and checkpoints of made-up tensors, where the libraries are installed."""
    writers: tuple[Callable[[Path], None], ...] = (_write_onnx, _write_checkpoints)
    for write in writers:
        try:
            write(root)
        except ImportError as error:
            print(f"left out: {error}")


def _write_onnx(root: Path) -> None:
    import onnx
    from onnx import helper

    (root / "onnx").mkdir()
    kind = onnx.TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("trimap", kind, [1, 1, "h", "w"])]
    outputs = [helper.make_tensor_value_info("alpha", kind, [1, 1, "h", "w"])]
    nodes = [helper.make_node("Identity", ["trimap"], ["alpha"])]
    graph = helper.make_graph(nodes, "matting", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 9
    onnx.save(model, root / "onnx" / "model.onnx")
    (root / "onnx" / "model.toml").write_text('model = "model.onnx"\n[inputs]\ntrimap = ["trimap"]\n')


def _write_checkpoints(root: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from simd.methods.networks import build_network

    network = build_network("classifier")
    state = {key: torch.zeros_like(value) for key, value in network.state_dict().items()}
    small = dict(list(state.items())[:6])  # too few to be a network, and quick to read
    torch.save({"state_dict": small, "epoch": 3}, root / "checkpoint.pth")
    save_file(small, root / "checkpoint.safetensors")


def fresh(folder: Path) -> Path:
    """Return an empty folder of that path."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
