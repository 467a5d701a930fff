#!/usr/bin/env bash
# One would guess that a network answers an image the same whatever it answered before. In OpenCV 4.11 a convolution chooses its way (Winograd
# or plain) for the first map that it meets and keeps it: after a map of 8 x 8, one of 64 x 64 has other last bits than in a network that was
# read anew. A matte of a batch then depends on which picture came first. 4.14 chooses for each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 numpy==2.4.6
for version in 4.11.0.86 4.14.0.94; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==$version"
  "$folder/venv/bin/python" - <<'PYTHON'
import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
weight = numpy_helper.from_array(rng.standard_normal((32, 32, 3, 3), np.float32), "w")
node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32, 64, 64]) for name in "xy"]
graph = helper.make_graph([node], "one", ends[:1], ends[1:], [weight])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=7)
data = np.frombuffer(model.SerializeToString(), np.uint8)
small, large = (rng.random((1, 32, side, side), np.float32) for side in (8, 64))

def answers(*maps):
    """Answer maps one after the other; return the last answer."""
    network = cv2.dnn.readNetFromONNX(data)
    for each in maps:
        network.setInput(each)
        answer = network.forward()
    return answer.copy()

off = float(np.abs(answers(small, large) - answers(large)).max())
print(f"OpenCV {cv2.__version__}: after a small map the large one differs by {off:.1e} at most")
assert (off > 0) == cv2.__version__.startswith("4.11"), "it is otherwise now"
PYTHON
done
