#!/usr/bin/env bash
# One would guess that the memory of a forward pass of cv2.dnn is given back when the answer is there. A Net keeps the arrays between its
# layers until it is dropped, so a process that holds one holds the memory of its largest part beside all it does next: a matting
# network that solves closed-form's equations before each image has both at once. Seen with OpenCV 4.11 and 4.14, on the CPU.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2
for version in 4.11.0.86 4.14.0.94; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "opencv-python-headless==$version"
  "$folder/venv/bin/python" - <<'PYTHON'
from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

CHANNELS, SIDE = (3, 32, 64, 32, 1), 1000

def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024

nodes, weights = [], []
for number, (before, after) in enumerate(zip(CHANNELS, CHANNELS[1:])):
    kernel = np.full((after, before, 3, 3), 0.01, np.float32)
    weights.append(numpy_helper.from_array(kernel, f"w{number}"))
    names = [f"x{number}", f"w{number}"], [f"x{number + 1}"]
    nodes.append(helper.make_node("Conv", *names, kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, SIDE, SIDE])
        for name, channels in (("x0", 3), (f"x{len(nodes)}", 1))]
graph = helper.make_graph(nodes, "convolutions", ends[:1], ends[1:], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
net = cv2.dnn.readNetFromONNX(np.frombuffer(model.SerializeToString(), np.uint8))
image = np.zeros((1, 3, SIDE, SIDE), np.float32)

before = resident()
net.setInput(image)
answer = net.forward()
kept = resident() - before
del net
left = resident() - before
print(f"OpenCV {cv2.__version__}: one image of 1 megapixel, answer {answer.nbytes / 2**20:.0f} MiB:",
      f"{kept:.0f} MiB kept by the net, {left:.0f} MiB once it is dropped")
assert kept > 200, "a net gives its memory back now"
assert left < 50, "dropping the net no longer helps"
PYTHON
done
