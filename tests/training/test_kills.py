"""SIGKILL at any step: the same command ends with the weights, bit for bit, of a run that was left alone."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from tiny_runs import TINY, Patches, tiny_recipe

from simd.files import read_json
from simd.training.loop import train
from simd.training.recipe import read_recipe
from simd.training.run_folder import read_log

STEPS = 6


@pytest.fixture
def settings(foregrounds, backgrounds, tmp_path):
    """Return what makes a recipe of a few steps on files, and what a stage needs."""
    shares = [f'"{name}=1"' for name in ("fire", "fur", "hair_easy", "leaf", "net", "tree")]
    common = [*TINY, f"loop.steps={STEPS}", f"data.shares=[{', '.join(shares)}]"]
    common += [f'data.foregrounds=["{foregrounds}"]', f'data.backgrounds=["{backgrounds}"]']

    def of_stage(stage):
        if stage != "sim":
            return [f"sim-{stage}-small", *common]
        for other in ("classifier", "discriminator"):
            train(tiny_recipe(f"sim-{other}-small", "loop.steps=1"), tmp_path / other, samples=Patches())
        needed = [f"{other}={tmp_path / other}" for other in ("classifier", "discriminator")]
        return ["sim-small", *common, *needed]

    return of_stage


def steps_of(run):
    return [row["step"] for row in read_log(run) if row["kind"] == "step"]


def check_killed(name, changed, card, folder, *, workers, killed):
    """Kill a program that trains once it has taken a step, go on here, and compare with a run left alone."""
    command = [sys.executable, "-m", "simd", "train", name, "--out", folder / "cut", "--workers", workers]
    command += [word for setting in changed for word in ("--set", setting)]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(torch.get_num_threads()),
    }  # numba may have changed it here
    process = subprocess.Popen(
        list(map(str, command)), env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + 300
    while killed not in steps_of(folder / "cut"):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list((folder / "cut").glob("*.safetensors"))
    recipe = read_recipe(name, changed)
    trained = train(recipe, folder / "cut", workers=workers)
    assert 0 <= trained.resumed_from <= STEPS
    train(recipe, folder / "whole")
    digests = [read_json(folder / run / card)["sha256"] for run in ("cut", "whole")]
    assert digests[0] == digests[1]
    assert steps_of(folder / "cut") == steps_of(folder / "whole") == list(range(1, STEPS + 1))


@pytest.mark.slow  # a program that imports torch, and its workers, for each case
@pytest.mark.parametrize(
    ("stage", "workers", "killed"), [("classifier", 1, 5), ("classifier", 2, 1), ("sim", 1, 3), ("sim", 2, 4)]
)
def test_a_killed_run_ends_with_the_same_weights(settings, tmp_path, stage, workers, killed):
    name, *changed = settings(stage)
    check_killed(name, changed, f"{stage}.json", tmp_path, workers=workers, killed=killed)
