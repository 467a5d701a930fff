"""A convolution of 3 × 3 in the format of ONNX, which OpenCV reads: no library of that format is needed."""

import numpy as np
import numpy.typing as npt

_IR_VERSION, _OPSET = 7, 12
_FLOAT, _INTS = 1, 7  # types of tensors' elements, and of attributes
_SIDE = 32  # of the example that a model has to name; it takes other heights and widths, too


def convolution_model(
    weight: npt.NDArray[np.floating],
    bias: npt.NDArray[np.floating],
    *,
    stride: int = 1,
    dilation: int = 1,
    relu: bool = True,
) -> bytes:
    """Return a model, "x" to "y", that computes pixels whose surroundings are all there: it pads nothing.

    Parameters
    ----------
    weight : float, shape (outputs, inputs, 3, 3)
    bias : float, shape (outputs,)
    stride, dilation : int
        1 each, or one of them more.
    relu : bool
        Whether what is below 0 becomes 0.
    """
    ends = ["convolved", "y"] if relu else ["y"]
    attributes = {"kernel_shape": [3, 3], "strides": 2 * [stride], "dilations": 2 * [dilation]}
    nodes = [_node("Conv", ["x", "weight", "bias"], ends[0], **attributes)]
    if relu:
        nodes.append(_node("Relu", ends[:1], ends[1]))
    constants = [_constant("weight", weight), _constant("bias", bias)]
    inputs = _value("x", [1, weight.shape[1], _SIDE, _SIDE])
    fields = [_message(1, node) for node in nodes] + [_text(2, "convolution")]
    fields += [_message(5, constant) for constant in constants]
    graph = b"".join([*fields, _message(11, inputs), _message(12, _value("y", []))])
    return _number(1, _IR_VERSION) + _message(7, graph) + _message(8, _text(1, "") + _number(2, _OPSET))


def _node(operator: str, inputs: list[str], output: str, **attributes: list[int]) -> bytes:
    fields = [_text(1, name) for name in inputs]
    fields += [_text(2, output), _text(3, output), _text(4, operator)]
    for name, values in attributes.items():
        numbers = b"".join(_number(8, value) for value in values)
        fields.append(_message(5, _text(1, name) + numbers + _number(20, _INTS)))
    return b"".join(fields)


def _constant(name: str, values: npt.NDArray[np.floating]) -> bytes:
    data = np.ascontiguousarray(values, dtype="<f4")
    dims = b"".join(_number(1, length) for length in data.shape)
    return dims + _number(2, _FLOAT) + _text(8, name) + _message(9, data.tobytes())


def _value(name: str, sides: list[int]) -> bytes:
    """Return the description of an input, or of an output, whose shape is not said."""
    dims = b"".join(_message(1, _number(1, side)) for side in sides)
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
