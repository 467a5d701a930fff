"""Two processes that share a batch learn what one process learns from the whole."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_runs import Patches, tiny_recipe

from simd.training.checkpoints import load_checkpoint
from simd.training.loop import train
from simd.training.run_folder import read_log

SCRIPT = """
import sys
import torch
from tiny_runs import Patches, tiny_recipe
from torch import nn
from simd.training import stages
from simd.training.loop import train

name, run, *settings = sys.argv[1:]
if name == "sim-small":  # in float64, see below
    torch.Tensor.float = torch.Tensor.double
    built, frozen = stages.build_network, stages.frozen
    stages.frozen = lambda network: frozen(network.double())

    def build(*arguments, **options):
        network = built(*arguments, **options).double()
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0  # each process would leave out others
        return network

    stages.build_network = build
train(tiny_recipe(name, *settings), run, samples=Patches())
"""


def run_processes(world, *arguments, script=SCRIPT):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = []
    for rank in range(world):
        shared = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        ranks = {"RANK": str(rank), "LOCAL_RANK": str(rank)} if world > 1 else {}
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        environment = {**os.environ, **(shared if world > 1 else {}), **ranks, "PYTHONPATH": path}
        command = [sys.executable, "-W", "ignore", "-c", script, *map(str, arguments)]
        processes.append(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        )
    for process in processes:
        out, _ = process.communicate(timeout=300)
        assert process.returncode == 0, out.decode()[-3000:]


def gradient_of(run):
    """Return the gradient of a run of one step: Adam's first moving mean is 0.1 of it."""
    states = load_checkpoint(run / "checkpoints")["optimiser"]["state"].values()
    return torch.cat([state["exp_avg"].flatten() for state in states]) / 0.1


@pytest.mark.slow  # four programs that import torch
@pytest.mark.parametrize("form", ["", "paper", "release"])
def test_two_processes_have_the_gradient_of_one(form, tmp_path):
    settings = ["loop.steps=1", "loop.batch=4", "loop.fixed_norms=1", "optimiser.clip=0"]
    name = "sim-classifier-small"
    if form:
        for stage in ("classifier", "discriminator"):
            sees = ["sees=colours"] if (stage, form) == ("discriminator", "release") else []
            train(tiny_recipe(f"sim-{stage}-small", "steps=1", *sees), tmp_path / stage, samples=Patches())
            settings.append(f"{stage}={tmp_path / stage}")
        name = "sim-small"
        settings += [
            f"losses.form={form}",
            "colour_composition=1",
            "mixed_composition=1",
            "colour_laplacian=1",
        ]
    for world in (1, 2):
        run_processes(world, name, tmp_path / str(world), *settings)
    one, two = (gradient_of(tmp_path / str(world)) for world in (1, 2))
    # sim with its first weights turns a difference of 1e-7 between batches of 4 and of 2 into one of 1e-2,
    # on one process too: what float32 cannot show is compared in float64
    assert float((one - two).norm() / one.norm()) < (1e-10 if form else 1e-5)
    assert float(one.norm()) > 0.1
    start, step, _ = read_log(tmp_path / "2")
    assert start["processes"] == 2
    assert step["loss"] == pytest.approx(read_log(tmp_path / "1")[1]["loss"], rel=1e-5)
