"""Compare our FBA with its authors' code, run from a checkout, and make tests/golden/networks/fba.npz.

    git clone https://github.com/MarcoForte/FBA_Matting build/peers/FBA_Matting
    python benchmarks/fba_reference.py build/peers/FBA_Matting            # differences
    python benchmarks/fba_reference.py build/peers/FBA_Matting --write    # the golden file anew
    python benchmarks/fba_reference.py                                    # ours beside the golden file

Both get the made-up weights of tests/methods/fake_published.py. Of the checkout the modules of the networks
are imported, and of its demo the functions alone are run, on the CPU in place of a GPU. With these weights
float32 is rough: the authors' own network differs by 9e-4 from itself in float64, so networks are compared in
float64, and mattes in float32, as the demo computes them.
"""

import argparse
import ast
import contextlib
import importlib
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "methods"))
from fake_published import GOLDEN, filled

from simd.methods.networks.fba import FBA
from simd.methods.published.protocols import PROTOCOLS
from simd.methods.runtime.click_maps import click_maps, distances

TOLERANCE = 2e-4
STEP = 4  # of the rows and columns that the golden file keeps of colours
CASES = ("aligned", "odd")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkout", type=Path, nargs="?", help="a clone of the authors' code")
    parser.add_argument("--write", action="store_true", help="the golden file")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with np.load(GOLDEN / "inputs.npz") as file:
        inputs = {key: file[key] for key in file.files}
    network = filled(FBA())
    ours = {**forward_ours(network, inputs), **mattes_of(network, inputs)}
    if arguments.checkout:
        expected = run_reference(arguments.checkout, network, inputs)
    else:
        with np.load(GOLDEN / "fba.npz") as file:
            expected = {key: file[key] for key in file.files}
    for key, array in expected.items():
        difference = np.abs(ours[key].astype(float) - array)
        print(f"{key:32} largest difference {difference.max():.1e}, {np.mean(difference > 0):.2%} differ")
        assert difference.max() <= (TOLERANCE if "_forward_" in key else 1)
    if arguments.write:
        np.savez_compressed(GOLDEN / "fba.npz", **expected)


def network_inputs(inputs: Mapping[str, np.ndarray]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return image, known pixels and nearness of the aligned case, in float64."""
    trimap = inputs["aligned_trimap"]
    image = torch.from_numpy(inputs["aligned_image_rgb"]).permute(2, 0, 1)[None].double() / 255
    known = torch.from_numpy(np.stack([trimap == 0, trimap == 255])[None]).double()
    return image, known, torch.from_numpy(click_maps(distances(trimap), trimap.shape))[None].double()


def forward_ours(network: FBA, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        solved = network.double()(*network_inputs(inputs))
    network.float()
    return named(torch.cat(solved, dim=1))


def named(output: torch.Tensor) -> dict[str, np.ndarray]:
    seven = output[0].float().numpy()
    return {
        "aligned_forward_alpha": seven[0],
        "aligned_forward_fg": seven[1:4, ::STEP, ::STEP],
        "aligned_forward_bg": seven[4:7, ::STEP, ::STEP],
    }


def mattes_of(network: FBA, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    protocol = PROTOCOLS["fba"]["released"]
    mattes = {}
    for case in CASES:
        for odd in ("", "odd"):
            trimap = inputs[f"{case}_trimap{odd and '_odd'}"]
            key = f"{case}_pipe_default{odd and '_trimapodd'}"
            mattes[key] = protocol.levels(network, inputs[f"{case}_image_rgb"], trimap)
    return mattes


def run_reference(checkout: Path, network: FBA, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what the authors' code makes of the same inputs."""
    if not (checkout / "networks" / "models.py").is_file():
        raise SystemExit(
            f"{checkout}: has no networks/models.py; clone https://github.com/MarcoForte/FBA_Matting"
        )
    sys.path.insert(0, str(checkout))
    with contextlib.redirect_stdout(io.StringIO()):
        reference = importlib.import_module("networks.models").build_model("default")

    def load() -> None:  # anew each time: switching to evaluation changes its weights
        reference.load_state_dict({name: tensor.clone() for name, tensor in network.state_dict().items()})

    reference.double()
    load()
    reference.eval()
    image, known, clicks = network_inputs(inputs)
    normalize = FBA().normalize.double()
    with torch.no_grad():
        expected = named(reference(image, known, normalize(image), clicks))
    reference.float()
    load()
    reference.eval()
    demo = functions_of(checkout)
    for case in CASES:
        rgb = inputs[f"{case}_image_rgb"] / 255.0
        for odd in ("", "odd"):
            levels = inputs[f"{case}_trimap{odd and '_odd'}"] / 255.0
            trimap = np.stack([levels == 0, levels == 1], axis=2).astype(np.float64)
            alpha = demo["pred"](rgb, trimap, reference)[2]
            written = cv2.imdecode(cv2.imencode(".png", alpha * 255)[1], cv2.IMREAD_UNCHANGED)
            expected[f"{case}_pipe_default{odd and '_trimapodd'}"] = written
    return expected


def functions_of(checkout: Path) -> dict[str, Any]:
    """Return the functions of the demo and of what it transforms by, with the GPU taken out."""
    normalize = FBA().normalize
    names: dict[str, Any] = {"np": np, "cv2": cv2, "torch": torch}
    for file in ("networks/transforms.py", "demo.py"):
        tree = ast.parse((checkout / file).read_text().replace(".cuda()", ""))
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        kept = [function for function in functions if function.name != "normalise_image"]  # on a GPU
        exec(compile(ast.Module(kept, []), file, "exec"), names)
    names["normalise_image"] = normalize
    return names


if __name__ == "__main__":
    main()
