"""The method `onnx`: any matting model as an ONNX file, with a TOML file that says what it takes in."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from simd.errors import DataError
from simd.image import UNKNOWN, UInt8
from simd.methods import Method
from simd.methods.onnx.card import OnnxCard, read_card
from simd.methods.onnx.session import Port, Session
from simd.methods.runtime.check_inputs import Float32, check_arrays, check_image
from simd.methods.runtime.click_maps import CLICK_SIGMAS
from simd.taxonomy import suggest

_GIGABYTES = 0.3  # the runtime
_COPIES = 3  # of the weights: as read, as parsed, as laid out for the processor


@dataclass(frozen=True)
class OnnxModel:
    """A matting model and its card; made by :func:`load_onnx`."""

    session: Session
    card: OnnxCard
    device: str

    @property
    def name(self) -> str:
        """The name on boards, of the card."""
        return self.card.name

    @property
    def version(self) -> str:
        """What the result depends on besides model and card."""
        return f"onnxruntime {onnxruntime.__version__} on {self.device}"

    @property
    def checkpoint_digest(self) -> str:
        """Digest of the model and of what its card says."""
        facts = repr(self.card.facts())
        return f"{self.session.digest}+{hashlib.sha256(facts.encode()).hexdigest()}"

    def gigabytes(self, megapixels: float) -> float:
        """Estimate the peak memory of a prediction, by what the card says."""
        weights = _COPIES * self.session.bytes / 1e9
        return _GIGABYTES + weights + self.card.gigabytes_per_megapixel * megapixels

    @property
    def takes_trimap(self) -> bool:
        """Whether the card uses a trimap."""
        return self.card.takes_trimap

    def predict(self, image: UInt8, trimap: UInt8 | None = None) -> Float32:
        """Predict the matte, float32 (H, W) in [0, 1]; without a trimap where the card uses none.

        Raises
        ------
        DataError
            If the arrays do not fit each other, or the model does not give what its card says.
        """
        if trimap is None:
            if self.takes_trimap:
                raise DataError(f"the method {self.name} needs a trimap: 0, 128 unknown, 255")
            check_image(image)
            trimap = np.full(image.shape[:2], UNKNOWN, np.uint8)  # of which nothing is used
        check_arrays(image, trimap)
        height, width = trimap.shape
        taken, size = self.card.preprocessing, self._size((height, width))
        parts = taken.parts(image, trimap, size)
        if any("clicks" in names for names in self.card.inputs.values()):
            parts["clicks"] = taken.clicks(trimap, size)
        inputs = {
            port.name: _cast(np.concatenate([parts[p] for p in self.card.inputs[port.name]])[None], port)
            for port in self.session.inputs
        }
        output = self.card.output or self.session.outputs[0].name
        raw = self._channel(self.session.run(output, inputs), size)
        try:
            return self.card.postprocessing.alpha(raw, taken, trimap)
        except DataError as error:
            raise DataError(f"{self.session.file}: {error}") from error

    def _size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the size at which the model runs: its own, or the next multiple."""
        height, width = self.card.preprocessing.size(size)
        fixed = self.session.inputs[0].shape[2:]
        return fixed[0] or height, fixed[1] or width

    def _channel(self, result: npt.NDArray[Any], size: tuple[int, ...]) -> Float32:
        """Return one channel (H, W) of a result (1, C, H, W) or (1, H, W)."""
        maps = result[0] if result.ndim == 4 else result
        channel = self.card.postprocessing.channel
        if result.ndim not in (3, 4) or maps.shape[1:] != size or channel >= len(maps):
            raise DataError(
                f"{self.session.file}: its output is {result.shape}, the card says channel "
                f"{channel} of (1, C, {size[0]}, {size[1]})"
            )
        return np.asarray(maps[channel], dtype=np.float32)


def load_onnx(
    *,
    weights: str | None = None,
    device: str = "cpu",
    threads: int | None = None,
    tile: int | None = None,
    mode: str | None = None,
) -> Method:
    """Load the method `onnx`.

    Parameters
    ----------
    weights : str
        The TOML file beside the model, or a folder with one such file.
    device : str
        "cpu", or "cuda" where the installed onnxruntime has it.
    threads : int, optional
        Threads of the runtime.
    tile, mode
        Of SIM alone, as exported by ``simd weights export-onnx``: see
        :func:`simd.methods.sim.method.load_sim`.

    Raises
    ------
    DataError
        If card and model do not fit each other.
    """
    if weights is None:
        raise DataError(
            "the method onnx needs a model: give --weights FILE.toml, which names an ONNX file beside it and "
            "says what the model takes in (docs/methods.md shows one)"
        )
    card = read_card(weights)
    session = Session(card.file, device=device, threads=threads)
    if card.classifier is not None:
        from simd.methods.onnx.sim import sim_of_sessions

        classifier = Session(card.classifier, device=device, threads=threads)
        return sim_of_sessions(session, classifier, name=card.name, tile=tile, mode=mode or "robust")
    if tile is not None or mode is not None:
        raise DataError(f"{weights}: is not SIM; tile and mode are options of SIM alone")
    _check_fit(card, session)
    return OnnxModel(session, card, device)


def _check_fit(card: OnnxCard, session: Session) -> None:
    """Compare the card with what the model says of its own inputs and outputs."""
    names = [port.name for port in session.inputs]
    for name in card.inputs:
        if name not in names:
            raise DataError(
                f"{card.file}: has no input {name!r}{suggest(name, names)} (all: {_listed(names)})"
            )
    for port in session.inputs:
        if port.name not in card.inputs:
            raise DataError(
                f"{card.file}: its input {port.name!r} is not in the card's [inputs]; "
                f"the model takes {_listed(names)}"
            )
        channels = sum(_channels(part, card) for part in card.inputs[port.name])
        if len(port.shape) == 4 and port.shape[3] == channels and port.shape[1] != channels:
            raise DataError(
                f"{card.file}: its input {port.name!r} is {_shape(port)}, with channels last, as TensorFlow "
                f"has them; simd gives (1, {channels}, H, W): convert it again with the channels first "
                f"(tf2onnx: --inputs-as-nchw {port.name} --outputs-as-nchw for its output)"
            )
        if len(port.shape) != 4 or port.shape[0] not in (1, None) or port.shape[1] not in (channels, None):
            raise DataError(
                f"{card.file}: its input {port.name!r} is {_shape(port)}, the card makes "
                f"(1, {channels}, H, W) of {' and '.join(card.inputs[port.name])}"
            )
        if any(port.shape[2:]) and not card.preprocessing.resizes:
            raise DataError(
                f'{card.file}: takes {_shape(port)} alone; set fit = "resize" in the card\'s [size]'
            )
    outputs = [port.name for port in session.outputs]
    if card.output is not None and card.output not in outputs:
        raise DataError(
            f"{card.file}: has no output {card.output!r}{suggest(card.output, outputs)} "
            f"(all: {_listed(outputs)})"
        )


def _channels(part: str, card: OnnxCard) -> int:
    return {"image": 3, "trimap": card.preprocessing.trimap_channels, "clicks": 2 * len(CLICK_SIGMAS)}[part]


def _cast(array: Float32, port: Port) -> npt.NDArray[Any]:
    whole = np.issubdtype(port.dtype, np.integer)
    return np.ascontiguousarray((np.rint(array) if whole else array).astype(port.dtype))


def _shape(port: Port) -> str:
    return "(" + ", ".join("any" if n is None else str(n) for n in port.shape) + ")"


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
