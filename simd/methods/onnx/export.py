"""Export SIM to ONNX: both networks with dynamic sizes, compared with PyTorch before they are used.

What lies between the networks stays code of this package: windows of two sizes over the image, their maps
averaged and scaled over the whole image, tiles. A graph would hold loops that no runtime handles well.
The classifier is therefore one model, the matting network the other, which takes the semantic trimap in.
"""

import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import onnxscript  # noqa: F401  PyTorch's exporter asks for it only when it runs
import torch
from torch import Tensor, nn

from simd.errors import DataError
from simd.files import write_atomically
from simd.locks import locked_folder
from simd.methods.networks.classifier import PatchClassifier
from simd.methods.networks.sim import SIM
from simd.methods.onnx.sim import CLASSIFIER_INPUTS, SIM_INPUTS
from simd.methods.runtime.fold_norms import fuse
from simd.methods.sim.inputs import STRIDE
from simd.methods.weights.folder import load_weights
from simd.sources.outputs import begins, check_output_folder, has_file
from simd.version import __version__

CHECKED_SIZES = ((64, 96), (136, 40), (32, 32), (200, 328))
"""(H, W) of the comparison; the first is that of the export, so the others show that sizes are dynamic."""

TOLERANCE = 1e-4
"""Of alpha, and of score maps relative to the largest: float32 sums in another order stay far below."""

_CLICKS = 6


class Exported(NamedTuple):
    """What an export has written, and how far it is from PyTorch."""

    files: tuple[Path, ...]
    differences: Mapping[str, float]  # largest difference by output, see TOLERANCE


class _Alpha(nn.Module):
    def __init__(self, sim: SIM) -> None:
        super().__init__()
        self.sim = sim

    def forward(self, image: Tensor, trimap: Tensor, clicks: Tensor, semantic_trimap: Tensor) -> Tensor:
        solved: Tensor = self.sim(image, trimap, clicks, semantic_trimap, auxiliary=False).alpha
        return solved


class _ScoreMaps(nn.Module):
    def __init__(self, classifier: PatchClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, image: Tensor, trimap: Tensor) -> Tensor:
        maps: Tensor = self.classifier(image, trimap).score_maps
        return maps


def export_onnx(weights: str | Path, out: str | Path) -> Exported:
    """Write sim.onnx, classifier.onnx and their card sim.toml, as the method `onnx` reads them.

    Parameters
    ----------
    weights : path
        Folder of weights of both networks, see :mod:`simd.methods.weights.folder`.
    out : path
        Folder for the three files; those of an earlier export there are replaced.

    Raises
    ------
    DataError
        If there are no weights, or a model does not give what PyTorch gives; then nothing is written.
    BusyError
        If another process writes to `out`.
    """
    is_ours = has_file(_NAMES[0], begins(_CARD[: _CARD.index("{")]))
    folder = check_output_folder(out, "an export", is_ours, names=_NAMES, inputs=[weights])
    (sim, sim_card), (classifier, _) = (load_weights(weights, name) for name in ("sim", "classifier"))
    assert isinstance(sim, SIM)
    assert isinstance(classifier, PatchClassifier)
    height, width = (STRIDE * torch.export.Dim(name, min=1, max=8192) for name in ("h", "w"))
    whole = {2: height, 3: width}
    dims = [torch.export.Dim(name, min=1, max=65536) for name in ("batch", "height", "width")]
    patch = dict(zip((0, 2, 3), dims, strict=True))
    channels = {"image": 3, "trimap": 1, "clicks": _CLICKS, "semantic_trimap": sim.classes}
    models = {
        "sim": (_Alpha(fuse(sim)), SIM_INPUTS, "alpha", whole, 1),
        "classifier": (_ScoreMaps(fuse(classifier)), CLASSIFIER_INPUTS, "score_maps", patch, 2),
    }
    written, differences = {}, {}
    for name, (network, inputs, output, dynamic, batch) in models.items():
        network.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        shapes = [channels[part] for part in inputs]
        data = export_model(network, inputs, output, dynamic, _example(CHECKED_SIZES[0], shapes, batch))
        differences[output] = _compare(network, inputs, data, shapes)
        written[folder / f"{name}.onnx"] = data
    card = _CARD.format(version=__version__, preset=sim_card.preset, licence=_quoted(sim_card.licence))
    with locked_folder(folder):
        write_atomically(folder / _NAMES[0], card)  # first: by it the folder is known as ours
        for file, content in written.items():
            write_atomically(file, content)
    return Exported((*written, folder / _NAMES[0]), differences)


_NAMES = ("sim.toml", "sim.onnx", "classifier.onnx")


_CARD = """\
# Semantic Image Matting ({preset}), written by simd {version} for `simd predict onnx`.
# Licence of the weights: {licence}
kind = "sim"
name = "sim-onnx"
model = "sim.onnx"
classifier = "classifier.onnx"
"""


def export_model(
    network: nn.Module,
    inputs: tuple[str, ...],
    output: str,
    dynamic: Mapping[int, Any],
    example: tuple[Tensor, ...],
) -> bytes:
    """Return a model as bytes, without the places in our source that the exporter notes at each node."""
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            network,
            example,
            dynamo=True,
            verbose=False,
            input_names=list(inputs),
            output_names=[output],
            dynamic_shapes={name: dict(dynamic) for name in inputs},
        )
    assert program is not None
    model = program.model_proto
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    for part in (*model.graph.input, *model.graph.output):
        del part.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what the exporter says of its own future and of libraries that it does not need."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.filterwarnings("ignore", message=r".*LeafSpec.*is deprecated", category=FutureWarning)
        warnings.filterwarnings("ignore", message=r"# The axis name: .* will not be used")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _example(size: tuple[int, int], channels: list[int], batch: int = 1) -> tuple[Tensor, ...]:
    """Return an image, a trimap and maps as noise by a fixed seed."""
    noise = torch.Generator().manual_seed(0)
    parts = [torch.rand((batch, count, *size), generator=noise) for count in channels]
    levels = torch.tensor([0.0, 128.0, 255.0])  # sim takes levels, the classifier fractions
    parts[1] = levels[(parts[1] * 3).long()] / (1 if len(channels) > 2 else 255)
    return tuple(parts)


def _compare(network: nn.Module, inputs: tuple[str, ...], data: bytes, channels: list[int]) -> float:
    """Return the largest difference between PyTorch and onnxruntime over sizes."""
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    largest = 0.0
    for size in CHECKED_SIZES:
        parts = _example(size, channels)
        with torch.no_grad():
            expected = network(*parts).numpy()
        (exported,) = session.run(
            None, {name: part.numpy() for name, part in zip(inputs, parts, strict=True)}
        )
        if exported.shape != expected.shape:
            raise DataError(f"the exported model gives {exported.shape} at {size}, PyTorch {expected.shape}")
        scale = max(1.0, float(np.abs(expected).max()))
        largest = max(largest, float(np.abs(exported - expected).max()) / scale)
    if not largest <= TOLERANCE:
        raise DataError(
            f"the exported model differs from PyTorch by {largest:.2g}, more than {TOLERANCE:g}; nothing is "
            "written: try other versions of torch and onnxscript, constraints.txt names some that work"
        )
    return largest


def _quoted(text: str) -> str:
    """Return a text as one line, fit for a comment."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
