"""SIM by its two exported networks: they run in onnxruntime, windows, maps and tiles are those of `sim`."""

from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from simd.errors import DataError
from simd.methods.networks.classifier import Classified
from simd.methods.networks.sim import SimOutput
from simd.methods.onnx.session import Session
from simd.methods.runtime.tiling import tiles
from simd.methods.sim.method import SimMethod
from simd.methods.sim.semantic_trimap import check_mode
from simd.methods.weights.folder import Networks

SIM_INPUTS = ("image", "trimap", "clicks", "semantic_trimap")
CLASSIFIER_INPUTS = ("image", "trimap")


class ExportedSim(nn.Module):
    """The matting network in onnxruntime: alpha alone."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.classes = _check_ports(session, SIM_INPUTS, "alpha")["semantic_trimap"][1]

    def forward(self, *inputs: Tensor, auxiliary: bool = True) -> SimOutput:
        """Solve a batch as :class:`simd.methods.networks.sim.SIM` does."""
        if auxiliary:
            raise DataError("the exported network gives alpha alone; draw pictures with the method sim")
        return SimOutput(_run(self.session, "alpha", SIM_INPUTS, inputs))


class ExportedClassifier(nn.Module):
    """The patch classifier in onnxruntime: score maps alone."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        _check_ports(session, CLASSIFIER_INPUTS, "score_maps")
        self.classes = next(port.shape[1] for port in session.outputs if port.name == "score_maps")

    def forward(self, image: Tensor, trimap: Tensor) -> Classified:
        """Classify a batch as :class:`simd.methods.networks.classifier.PatchClassifier` does."""
        score_maps = _run(self.session, "score_maps", CLASSIFIER_INPUTS, (image, trimap))
        return Classified(torch.empty(0), score_maps, ())


def sim_of_sessions(
    sim: Session, classifier: Session, *, name: str, tile: int | None, mode: str
) -> SimMethod:
    """Return the method `sim` with both networks in onnxruntime."""
    check_mode(mode)
    if tile:
        tiles((8, 8), tile)  # raises if it is not a tile
    networks: Any = ExportedSim(sim), ExportedClassifier(classifier)
    if networks[0].classes != networks[1].classes:
        raise DataError(
            f"{classifier.file}: tells {networks[1].classes} classes apart, {sim.file.name} takes "
            f"{networks[0].classes}; export both from one folder of weights"
        )
    ready = Networks(
        sim=networks[0],
        classifier=networks[1],
        digest=f"{sim.digest}+{classifier.digest}",
        presets=f"onnxruntime {onnxruntime.__version__}",
    )
    # tensors stay with the CPU; where the networks run is the sessions' affair
    return SimMethod(ready, mode=mode, device=torch.device("cpu"), dtype="float32", tile=tile, name=name)


def _run(session: Session, output: str, names: tuple[str, ...], inputs: tuple[Tensor, ...]) -> Tensor:
    arrays = {
        name: np.ascontiguousarray(part.numpy(), dtype=np.float32)
        for name, part in zip(names, inputs, strict=True)
    }
    return torch.from_numpy(session.run(output, arrays))


def _check_ports(session: Session, names: tuple[str, ...], output: str) -> dict[str, tuple[int | None, ...]]:
    shapes = {port.name: port.shape for port in session.inputs}
    if tuple(shapes) != names or output not in [port.name for port in session.outputs]:
        raise DataError(
            f"{session.file}: is not what `simd weights export-onnx` writes: it takes {', '.join(shapes)}, "
            f"not {', '.join(names)}"
        )
    return shapes
