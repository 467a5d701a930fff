"""A convolution of the network, computed by OpenCV block by block.

OpenCV transforms a whole map before it multiplies (Winograd, squares of 6 × 6 pixels): a map that does not
fit a core's cache takes about twice the time (findings/opencv_convolution_by_strips.sh). Blocks that begin
on those squares have the same result, to the bit where a map has at least 12 pixels a side.
"""

import cv2
import numpy as np
import numpy.typing as npt

from simd.methods.fused.onnx_convolution import convolution_model

Float32 = npt.NDArray[np.float32]

_SQUARE = 6  # pixels a side that are transformed together
_LEAST = 12  # rows and columns of a block: OpenCV takes the slow way with fewer
_COLUMNS = 256  # of a block, at most
_BYTES = 1.2e6  # of what goes into a block and comes out of it, a thread: a core's second cache holds it
_WHOLE_BYTES = 2.5e6  # a thread; a map so small is one block


class Convolution:
    """A convolution of 3 × 3 that keeps the sides, or halves them; beyond its maps everything is 0.

    Parameters
    ----------
    weight : float, shape (outputs, inputs, 3, 3)
    bias : float, shape (outputs,)
    stride, dilation : int
        1 each, or one of them more.
    relu : bool
        Whether what is below 0 becomes 0.

    Raises
    ------
    cv2.error
        If the shapes do not fit each other.
    """

    def __init__(
        self,
        weight: npt.NDArray[np.floating],
        bias: npt.NDArray[np.floating],
        *,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = True,
    ) -> None:
        self.outputs, self.inputs = weight.shape[:2]
        self.stride, self.dilation = stride, dilation
        model = convolution_model(weight, bias, stride=stride, dilation=dilation, relu=relu)
        self._model = np.frombuffer(model, np.uint8)
        self._networks = {False: cv2.dnn.readNetFromONNX(self._model)}

    def __call__(self, *maps: Float32, beside: Float32 | None = None) -> Float32:
        """Convolve maps that stand one behind the other, (channels, H, W) each, to (outputs, H, W).

        Parameters
        ----------
        maps : float32
            One that has half the sides of the last is enlarged, pixel by pixel.
        beside : float32, (outputs, H, W), optional
            Added to what comes out, before another ReLU.
        """
        height, width = (side // self.stride for side in maps[-1].shape[1:])
        result = np.empty((self.outputs, height, width), np.float32)
        rows, columns = self._block(height, width)
        margin = 2 * self.dilation
        sides = ((length - 1) * self.stride + 1 + margin for length in (rows, columns))
        block = np.empty((1, self.inputs, *sides), np.float32)
        network = self._network(min(block.shape[2:]) < _LEAST)
        for top in range(0, height, rows):
            for left in range(0, width, columns):
                first = (place * self.stride - self.dilation for place in (top, left))
                _fill(block[0], maps, *first)
                network.setInput(block)
                here = (slice(None), slice(top, top + rows), slice(left, left + columns))
                solved = network.forward()[0][:, : height - top, : width - left]
                if beside is not None:
                    solved = np.maximum(np.add(solved, beside[here], out=solved), 0, out=solved)
                result[here] = solved
        return result

    def _network(self, is_small: bool) -> cv2.dnn.Net:
        """Return a network for small blocks, or for others: OpenCV 4.11 stays with the way it took first."""
        if is_small not in self._networks:
            self._networks[is_small] = cv2.dnn.readNetFromONNX(self._model)
        return self._networks[is_small]

    def _block(self, height: int, width: int) -> tuple[int, int]:
        """Return the rows and columns of the blocks of a result."""
        a_pixel = 4 * (self.inputs * self.stride**2 + self.outputs)
        threads = cv2.getNumThreads()
        if a_pixel * height * width <= _WHOLE_BYTES * threads:
            return height, width
        columns = _part(width, _COLUMNS)
        return _part(height, max(int(_BYTES * threads / (a_pixel * columns)), _LEAST)), columns


def _part(length: int, most: int) -> int:
    """Return the length of the parts that a length falls into: whole squares, with little read twice."""
    if length <= most:
        return length
    parts = range(most // _SQUARE * _SQUARE, _LEAST - 1, -_SQUARE)
    return min(parts, key=lambda part: -(-length // part) * (part + 2))


def _fill(block: Float32, maps: tuple[Float32, ...], top: int, left: int) -> None:
    """Write what maps have at a place into a block (channels, rows, columns), and 0 beyond them."""
    height, width = maps[-1].shape[1:]
    rows, columns = block.shape[1:]
    start, stop = (max(top, 0), max(left, 0)), (min(top + rows, height), min(left + columns, width))
    within = (slice(start[0] - top, stop[0] - top), slice(start[1] - left, stop[1] - left))
    block[:, : within[0].start], block[:, within[0].stop :] = 0, 0
    block[..., : within[1].start], block[..., within[1].stop :] = 0, 0
    inside = block[:, *within]
    channel = 0
    for each in maps:
        part = inside[channel : channel + len(each)]
        channel += len(each)
        if each.shape[1] == height:
            part[:] = each[:, start[0] : stop[0], start[1] : stop[1]]
            continue
        for row in range(2):
            for column in range(2):
                (into_rows, of_rows), (into_columns, of_columns) = (
                    (slice((odd - begin) % 2, None, 2), slice((begin - odd + 1) // 2, (end - odd + 1) // 2))
                    for odd, begin, end in zip((row, column), start, stop, strict=True)
                )
                part[:, into_rows, into_columns] = each[:, of_rows, of_columns]
