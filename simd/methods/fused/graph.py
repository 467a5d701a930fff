"""The network of `fused` as an ONNX model made from its tensors, which OpenCV runs: no PyTorch is needed.

Norms are folded into the convolutions before them. What folds and unfolds squares of 2 × 2 pixels stays
outside, so that a model takes images of any size.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from simd.methods.fused.inputs import NEAR_PLANES

Tensors = Mapping[str, npt.NDArray[np.floating]]
Float32 = npt.NDArray[np.float32]

_EPSILON = 1e-5  # of the norms
_IR_VERSION, _OPSET = 7, 12
_LOGITS = 20  # of 2 × 2 pixels: weights of both answers and of its own alpha, that alpha, the confidence
STRIDE = 16
"""Sides of an image are multiples of it."""

_FLOAT, _INT, _INTS, _TEXT = 1, 2, 7, 3  # types of tensors' elements, and of attributes
_KINDS: dict[type, int] = {np.float32: _FLOAT, np.int64: 7}


def network_model(tensors: Tensors) -> bytes:
    """Return the network: "folded" (1, 96, H/2, W/2) in [0, 1] to "logits" (1, 20, H/2, W/2), folded too.

    Raises
    ------
    KeyError, ValueError
        If the tensors are not those of the network.
    """
    graph = _Graph(tensors)
    maps = ["folded"]
    for level in ("down1", "down2", "down3", "down4"):
        x, block = maps[-1], 0
        while f"{level}.{block}.0.weight" in tensors or f"{level}.{block}.first.0.weight" in tensors:
            name = f"{level}.{block}"
            if f"{name}.0.weight" in tensors:
                stride = 2 if block == 0 and level != "down1" else 1
                x = graph.norm_conv(x, name, stride=stride)
            else:
                x = _residual(graph, x, name, dilation=2 ** (block - 1) if level == "down4" else 1)
            block += 1
        maps.append(x)
    x = maps[-1]
    for level, beside in zip(("up3", "up2", "up1"), maps[-2:0:-1], strict=True):
        x = graph.norm_conv(graph.add("Concat", [graph.twice(x), beside], axis=1), f"{level}.0")
        if f"{level}.1.first.0.weight" in tensors:
            x = _residual(graph, x, f"{level}.1", dilation=1)
    near = graph.first("folded", 4 * NEAR_PLANES)
    x = graph.norm_conv(graph.add("Concat", [x, near], axis=1), "fine")
    weight, bias = (np.asarray(tensors[f"head.{part}"]) for part in ("weight", "bias"))
    if len(bias) != _LOGITS:
        raise ValueError(f"its last layer has {len(bias)} channels, not {_LOGITS}")
    x = graph.conv(x, weight, bias)
    return graph.model(("folded", len(tensors["down1.0.0.weight"][0])), x, "logits")


def _residual(graph: "_Graph", x: str, name: str, *, dilation: int) -> str:
    y = graph.norm_conv(x, f"{name}.first")
    y = graph.norm_conv(y, f"{name}.second", dilation=dilation, relu=False)
    return graph.add("Relu", [graph.add("Add", [x, y])])


class _Graph:
    """A graph that grows by nodes; each is known by the name of what comes out of it."""

    def __init__(self, tensors: Tensors) -> None:
        self._tensors = tensors
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def norm_conv(self, x: str, name: str, *, stride: int = 1, dilation: int = 1, relu: bool = True) -> str:
        """Add a convolution of 3 × 3 with the norm behind it folded in, and a ReLU."""
        gain, shift, mean, variance = (
            np.asarray(self._tensors[f"{name}.1.{part}"], np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = gain / np.sqrt(variance + _EPSILON)
        weight = np.asarray(self._tensors[f"{name}.0.weight"], np.float64) * scale[:, None, None, None]
        y = self.conv(x, weight, shift - mean * scale, stride=stride, dilation=dilation)
        return self.add("Relu", [y]) if relu else y

    def conv(
        self,
        x: str,
        weight: npt.NDArray[np.floating],
        bias: npt.NDArray[np.floating],
        *,
        stride: int = 1,
        dilation: int = 1,
    ) -> str:
        """Add a convolution of 3 × 3 that keeps the sides, or halves them."""
        inputs = [x, self._constant(weight), self._constant(bias)]
        shape = {"kernel_shape": [3, 3], "pads": 4 * [dilation], "strides": 2 * [stride]}
        return self.add("Conv", inputs, **shape, dilations=2 * [dilation])

    def first(self, x: str, count: int) -> str:
        """Add a choice of the first channels."""
        bounds = [self._constant(np.array([number]), np.int64) for number in (0, count, 1)]
        return self.add("Slice", [x, *bounds])

    def twice(self, x: str) -> str:
        """Add an enlargement to twice the sides, pixel by pixel."""
        scales = self._constant(np.array([1, 1, 2, 2]))
        modes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.add("Resize", [x, "", scales], **modes)

    def add(self, operator: str, inputs: Iterable[str], **attributes: int | str | list[int]) -> str:
        """Add a node; return the name of what it gives."""
        output = f"{operator}{len(self._nodes)}"
        fields = [_text(1, name) for name in inputs]
        fields += [_text(2, output), _text(3, output), _text(4, operator)]
        fields += [_message(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(b"".join(fields))
        return output

    def model(self, source: tuple[str, int], result: str, name: str) -> bytes:
        """Return the model: `source` is the name and the channels of what goes in, `name` what comes out."""
        self._nodes.append(b"".join([_text(1, result), _text(2, name), _text(3, name), _text(4, "Identity")]))
        fields = [_message(1, node) for node in self._nodes] + [_text(2, "fused")]
        fields += [_message(5, constant) for constant in self._constants]
        graph = b"".join([*fields, _message(11, _value(*source)), _message(12, _value(name))])
        opset = _text(1, "") + _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _message(7, graph) + _message(8, opset)

    def _constant(self, values: npt.NDArray[np.generic], kind: type = np.float32) -> str:
        name = f"constant{len(self._constants)}"
        data = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
        dims = b"".join(_number(1, length) for length in data.shape)
        described = dims + _number(2, _KINDS[kind]) + _text(8, name)
        self._constants.append(described + _message(9, data.tobytes()))
        return name


def _attribute(name: str, value: int | str | list[int]) -> bytes:
    if isinstance(value, list):
        return _text(1, name) + b"".join(_number(8, each) for each in value) + _number(20, _INTS)
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _TEXT)
    return _text(1, name) + _number(3, value) + _number(20, _INT)


def _value(name: str, channels: int = 0) -> bytes:
    """Return the description of an input, or of an output, whose shape is not said."""
    sides = [1, channels, 2 * STRIDE, 2 * STRIDE]  # an example: a model takes other heights and widths, too
    dims = b"".join(_message(1, _number(1, side)) for side in sides) if channels else b""
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, dims)))


# Fields of protocol buffers: a key of number and kind, then a number of 7 bits a byte, or a length and bytes.


def _number(field: int, value: int) -> bytes:
    return _digits(field << 3) + _digits(value)


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _message(field: int, content: bytes) -> bytes:
    return _digits(field << 3 | 2) + _digits(len(content)) + content


def _digits(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    digits.append(value)
    return bytes(digits)
