#!/usr/bin/env bash
# One would guess that bfloat16 on a CPU is either as fast as float32 or said not to be there. On a processor with AVX-512 alone
# oneDNN computes it by float32 with conversions, and a training step of convolutions takes more than twice float32's time, without a
# word, while PyTorch's own question whether oneDNN supports bfloat16 is answered True. The public torch.cpu.get_capabilities()
# tells the two kinds of processor apart. PyTorch 2.13.0 (oneDNN's guide to data types has the limits of hardware); here the limit on
# instructions makes newer processors such a one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cd "$folder"
ONEDNN_MAX_CPU_ISA=AVX512_CORE "$folder/venv/bin/python" - <<'PYTHON'
import sys
import time

import torch
from torch import nn

able = torch.cpu.get_capabilities()
if not able.get("avx512_bw"):
    sys.exit("this processor has no AVX-512: nothing can be seen here")
torch.set_num_threads(1)
torch.manual_seed(0)
layers = [layer for _ in range(4) for layer in (nn.Conv2d(64, 64, 3, padding=1), nn.ReLU())]
network = nn.Sequential(*layers).to(memory_format=torch.channels_last)
image = torch.randn(4, 64, 64, 64).to(memory_format=torch.channels_last)


def step(bfloat16):
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        loss = network(image).float().square().mean()
    loss.backward()


def taken(bfloat16):
    step(bfloat16)
    start = time.process_time()
    for _ in range(8):
        step(bfloat16)
    return time.process_time() - start


said = torch.ops.mkldnn._is_mkldnn_bf16_supported()
ratio = taken(True) / taken(False)
print(f"torch {torch.__version__}: supported by oneDNN: {said}; this processor: avx512_bf16 {able['avx512_bf16']}, amx_bf16 {able['amx_bf16']}")
print(f"a step in bfloat16 with AVX-512 alone takes {ratio:.1f} times float32's CPU time")
sys.exit(0 if said and ratio > 1.5 else 1)
PYTHON
