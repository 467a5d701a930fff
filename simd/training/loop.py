"""Train a stage by a recipe: step after step, stopped and resumed anywhere with the same result to the bit.

Position is the state. A step's samples, learning rate and dropout follow from the recipe and the step's
number alone; weights, optimiser, averages and the best score so far come from the last checkpoint. So nothing
here counts, shuffles or draws by itself, and accelerate wraps network and optimiser only: its loaders would
shard the samples again, and its schedulers step once for each process.
"""

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from simd.errors import DataError, MissingExtraError
from simd.files import make_folder
from simd.locks import locked_folder
from simd.methods.runtime.devices import check_device, out_of_memory
from simd.progress import track
from simd.training.checkpoints import load_checkpoint, save_checkpoint
from simd.training.human_stages import HumanStage
from simd.training.optimisers import Clipping, make_optimiser, set_rate
from simd.training.recipe import SEES, Recipe
from simd.training.run_folder import RunFolder, check_run_folder
from simd.training.run_samples import make_samples
from simd.training.schedules import rate_at
from simd.training.stages import FusedStage, MattingStage, PatchStage, make_stage
from simd.training.tensors import Arrays, placed
from simd.training.validation import validate

if TYPE_CHECKING:
    from accelerate import Accelerator

_LOG = logging.getLogger(__name__)
_PRECISION = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}
TRACKERS = ("tensorboard",)


class Trained(NamedTuple):
    """What a run has come to."""

    run: Path
    steps: int
    resumed_from: int
    score: float | None  # of the last validation
    best: float | None


def train(
    recipe: Recipe,
    run: str | Path,
    *,
    device: str = "cpu",
    workers: int = 0,
    check: bool = False,
    track_with: str | None = None,
    samples: Any = None,
    validation_samples: Any = None,
    show: Callable[[Path], object] | None = None,
) -> Trained:
    """Train by a recipe into a folder, or go on where an earlier call was stopped.

    Parameters
    ----------
    recipe : Recipe
        :func:`simd.training.recipe.read_recipe`.
    run : path
        The folder RUN, see :mod:`simd.training.run_folder`.
    device : str
        cpu, cuda or mps; under ``accelerate launch`` each process takes its own GPU.
    workers : int
        Processes that make samples, for each process that trains; 0: this one. No result depends on it.
    check : bool
        Read every foreground and background before the first step.
    track_with : str, optional
        A tracker of accelerate: tensorboard.
    samples, validation_samples : optional
        In place of those of the recipe's table [data]: ``samples[i]`` is a dict of uint8 arrays.
    show : callable, optional
        Called with RUN after each validation and at the end.

    Raises
    ------
    BatchError
        If `check` finds pictures that cannot be used; each is named.
    DataError
        If the recipe does not fit what is there, the folder is of another recipe, a loss is not finite, or
        memory does not suffice; the message says what to do.
    DiskFullError
        If a checkpoint cannot be written; the one before is untouched.
    """
    check_device(device, recipe.loop.precision, _PRECISION)
    if track_with is not None and track_with not in TRACKERS:
        raise DataError(f"unknown tracker {track_with!r}; known are {', '.join(TRACKERS)}")
    inputs: list[str] = [*recipe.head.runs]
    if samples is None:
        inputs += [*recipe.validation.foregrounds]
        if recipe.data is not None:
            inputs += [*recipe.data.foregrounds, *recipe.data.backgrounds]
            inputs += [recipe.data.shards] if recipe.data.shards else []
    run = check_run_folder(run, inputs)
    stage = make_stage(recipe)
    accelerator = _accelerator(recipe, device, run, track_with)
    try:
        _check_share(recipe, accelerator.num_processes)
        if samples is None:  # before anything is written
            samples, validation_samples = make_samples(recipe, run)
            if check and accelerator.is_main_process:
                samples.check(besides=validation_samples, workers=max(1, workers))
        with locked_folder(run) if accelerator.is_main_process else contextlib.nullcontext():
            with accelerator.main_process_first():
                folder = RunFolder(run, recipe, inputs=inputs, writes=accelerator.is_main_process)
            if track_with:
                accelerator.init_trackers("simd")
            return _Run(
                accelerator, recipe, stage, folder, samples, validation_samples, workers, show
            ).train()
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        side = f"data.side ({recipe.data.side})" if recipe.data else "examples.crop"
        raise DataError(
            f"a step ran out of memory on {accelerator.device}; raise loop.accumulate (now "
            f"{recipe.loop.accumulate}) or lower loop.batch ({recipe.loop.batch}) or {side}, "
            f"or take loop.precision=bfloat16, and another --out"
        ) from error
    finally:
        _release(accelerator)


class _Run:
    """One session of a run."""

    def __init__(
        self,
        accelerator: "Accelerator",
        recipe: Recipe,
        stage: PatchStage | MattingStage | FusedStage | HumanStage,
        folder: RunFolder,
        samples: Any,
        validation_samples: Any,
        workers: int,
        show: Callable[[Path], object] | None,
    ) -> None:
        self._accelerator, self._recipe, self._stage, self._folder = accelerator, recipe, stage, folder
        self._samples, self._validation_samples, self._workers = samples, validation_samples, workers
        self._show = show or (lambda _: None)
        self._world, self._rank = accelerator.num_processes, accelerator.process_index
        self._stage.to(accelerator.device)
        network = placed(self._stage.network, accelerator.device)
        self._begun = _copied(network) if recipe.head.start_share else None
        self._average = (
            AveragedModel(network, multi_avg_fn=_averaging(recipe.loop.ema), use_buffers=True)
            if recipe.loop.ema
            else None
        )
        self._optimiser: Any
        self._network: Any
        optimiser = make_optimiser(recipe.optimiser, network)
        self._network, self._optimiser = accelerator.prepare(network, optimiser)
        self._clipping = Clipping(recipe.optimiser)
        self._best = math.inf
        self._last_score: float | None = None

    def train(self) -> Trained:
        """Take the steps that are left, then write the weights."""
        steps = self._recipe.loop.steps
        start = self._resume()
        self._folder.begin_log(start)
        done = next((row for row in self._folder.log() if row["kind"] == "end"), None)
        if done is None or start < steps:
            self._folder.add(self._session(start))
            for step, parts in track(self._batches(start), steps, "steps", done=start):
                self._take(step, parts)
                self._keep(step + 1)
            self._finish()
        best = None if math.isinf(self._best) else self._best
        return Trained(self._folder.path, steps, start, self._last_score, best)

    # -- a step ------------------------------------------------------------------------------------------

    def _take(self, step: int, parts: list[Arrays]) -> None:
        recipe, began = self._recipe, time.monotonic()
        torch.manual_seed((recipe.head.seed * 1_000_003 + step) * 4096 + self._rank)  # dropout
        self._set_mode(step)
        rate = rate_at(recipe.schedule, recipe.optimiser.rate, step, recipe.loop.steps)
        set_rate(self._optimiser, rate)
        self._optimiser.zero_grad()
        sums: dict[str, Tensor] = {}
        for number, arrays in enumerate(parts):
            last = number == len(parts) - 1
            with contextlib.nullcontext() if last else self._accelerator.no_sync(self._network):
                terms = self._stage.terms(self._network, arrays, self._accelerator.device, self._total)
                loss = torch.stack([self._stage.weights[name] * term for name, term in terms.items()]).sum()
                self._check_finite(step, number, arrays, terms, loss)
                self._accelerator.backward(loss / len(parts))
            for name, term in terms.items():
                sums[name] = sums.get(name, 0) + term.detach() / len(parts)
        self._accelerator.unscale_gradients(self._optimiser)
        norm = self._clipping(self._network.parameters())
        if not math.isfinite(norm) and self._accelerator.scaler is None:
            self._stop(step, parts, "the gradient is not finite though the loss is")
        self._optimiser.step()
        if self._average is not None:
            self._average.update_parameters(self._accelerator.unwrap_model(self._network))
        if step == 0 or (step + 1) % recipe.loop.log_every == 0 or step + 1 == recipe.loop.steps:
            self._log_step(step, sums, rate, norm, time.monotonic() - began)

    def _total(self, value: Tensor) -> Tensor:
        """Return a sum over all processes' batches, plus 1, over their number."""
        whole: Any = self._accelerator.reduce(value, "sum") if self._world > 1 else value
        total: Tensor = (whole + 1) / self._world
        return total

    def _set_mode(self, step: int) -> None:
        """Set training mode; in the last part of a run norms keep the statistics that they have."""
        self._network.train()
        loop = self._recipe.loop
        if step >= (1 - loop.fixed_norms) * loop.steps:
            for module in self._network.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()

    def _check_finite(
        self, step: int, part: int, arrays: Arrays, terms: dict[str, Tensor], loss: Tensor
    ) -> None:
        everywhere: Any = loss.detach()
        if self._world > 1:  # all stop together
            everywhere = self._accelerator.reduce(everywhere, "sum")
        if math.isfinite(float(everywhere)):
            return
        size = len(next(iter(arrays.values())))
        named = ", ".join(f"{name} {float(term.detach()):.4g}" for name, term in terms.items())
        self._stop(step, [arrays], f"the loss is not finite ({named})", skipped=part * size)

    def _stop(self, step: int, parts: list[Arrays], reason: str, *, skipped: int = 0) -> None:
        """Keep a batch for inspection, and raise."""
        batch = self._recipe.loop.batch
        first = step * batch + self._rank * batch // self._world + skipped
        last = first + sum(len(next(iter(arrays.values()))) for arrays in parts) - 1
        make_folder(self._folder.not_finite)
        file = self._folder.not_finite / f"step-{step + 1}-process-{self._rank}.npz"
        stacked: dict[str, Any] = {
            name: np.concatenate([arrays[name] for arrays in parts]) for name in parts[0]
        }
        np.savez_compressed(file, **stacked)
        raise DataError(
            f"step {step + 1}: {reason}; its samples, numbers {first} to {last}, lie in {file}. "
            "Look at them; a lower optimiser.rate, a longer schedule.warm_up or "
            "optimiser.clip often help. The last checkpoint is whole"
        )

    # -- what is kept ------------------------------------------------------------------------------------

    def _keep(self, done: int) -> None:
        recipe, loop = self._recipe, self._recipe.loop
        every = recipe.validation.every
        if every and (done % every == 0 or done == loop.steps):
            self._validate(done)
        if done % recipe.checkpoints.every == 0 or done == loop.steps:
            self._accelerator.wait_for_everyone()
            if self._accelerator.is_main_process:
                save_checkpoint(
                    self._folder.checkpoints, done, self._state(done), keep=recipe.checkpoints.keep
                )

    def _validate(self, done: int) -> None:
        """Score the network from the first process, whose norms' statistics are those that are saved."""
        if self._accelerator.is_main_process:
            network = self._trained()
            device = self._accelerator.device
            result = validate(
                self._stage, network, self._validation_samples, self._recipe.validation.samples, device
            )
            self._folder.add({"kind": "validation", "step": done, **result.row()})
            self._folder.keep_strip(result.strip)
            if self._accelerator.trackers:
                self._accelerator.log({"validation": result.score}, step=done)
            self._last_score = result.score
            if result.score < self._best or math.isinf(self._best):
                self._best = result.score
                make_folder(self._folder.best)
                self._stage.save(network, self._folder.best, self._source(done))
            self._show(self._folder.path)
        self._accelerator.wait_for_everyone()

    def _finish(self) -> None:
        if self._accelerator.is_main_process:
            network = self._trained()
            if self._recipe.checkpoints.final == "best":
                from simd.methods.weights.folder import load_weights

                network, _ = load_weights(self._folder.best, self._stage.name)
            steps = self._recipe.loop.steps
            self._stage.save(network, self._folder.path, self._source(steps))
            self._show(self._folder.path)
            self._folder.add({"kind": "end", "step": steps})  # last: a run that has it is never gone on with
        self._accelerator.wait_for_everyone()

    def _state(self, done: int) -> dict[str, Any]:
        scaler = self._accelerator.scaler
        return {
            "step": done,
            "network": self._accelerator.unwrap_model(self._network).state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
            "clipping": self._clipping.mean,
            "best": self._best,
            "score": self._last_score,
            "needs": dict(self._stage.needs),
            "set": getattr(self._samples, "digest", None),
            "threads": torch.get_num_threads(),
            "world": self._world,
        }

    def _resume(self) -> int:
        """Take up the newest checkpoint; return the steps that are done."""
        state = load_checkpoint(self._folder.checkpoints)
        if state is None:
            return 0
        run = self._folder.path
        for name, digest in state["needs"].items():
            if self._stage.needs.get(name) != digest:
                raise DataError(
                    f"{run}: was begun with other weights of the {name} than those that lie in "
                    f"{getattr(self._recipe.head, name)} now; bring those back, or name another folder"
                )
        digest = getattr(self._samples, "digest", None)
        if state.get("set") != digest:  # a run from before has none
            raise DataError(
                f"{run}: was begun with shards of another set than lie in data.shards now (digests "
                f"{str(state.get('set'))[:12]}, {str(digest)[:12]}); bring those back, or name another folder"
            )
        for what, then, now in (
            ("threads", state["threads"], torch.get_num_threads()),
            ("processes", state["world"], self._world),
        ):
            if then != now:
                _LOG.warning(
                    "%s: was run with %d %s and goes on with %d: as good, but not the same to the last bit",
                    *(run, then, what, now),
                )
        self._accelerator.unwrap_model(self._network).load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        if self._accelerator.scaler is not None:
            self._accelerator.scaler.load_state_dict(state["scaler"])
        self._clipping.mean, self._best, self._last_score = state["clipping"], state["best"], state["score"]
        return int(state["step"])

    def _trained(self) -> nn.Module:
        """Return the network whose weights count, in evaluation mode: the averaged one where there is one.

        A share of the weights that the run began with goes into it ("Robust fine-tuning of zero-shot models",
        CVPR 2022): what was learned before is kept beside what the new samples teach.
        """
        network: nn.Module = self._accelerator.unwrap_model(self._network)
        if self._average is not None:
            network = self._average.module
        if self._begun is not None:
            share, network = self._recipe.head.start_share or 0.0, deepcopy(network)
            state = network.state_dict()
            for name, first in self._begun.items():
                if first.is_floating_point():
                    state[name].lerp_(first, share)
        return network.eval()

    # -- samples and log ---------------------------------------------------------------------------------

    def _batches(self, start: int) -> Iterator[tuple[int, list[Arrays]]]:
        """Yield each step with the parts of this process's share of its batch."""
        from simd.training.loading import batches

        loop = self._recipe.loop
        made: Iterable[Arrays] = batches(
            self._samples,
            loop.batch,
            start,
            self._workers,
            stop=loop.steps,
            rank=self._rank,
            world=self._world,
        )
        for step, arrays in enumerate(made, start=start):
            size = loop.batch // self._world // loop.accumulate
            cuts = range(0, size * loop.accumulate, size)
            yield step, [{name: array[cut : cut + size] for name, array in arrays.items()} for cut in cuts]

    def _session(self, start: int) -> dict[str, Any]:
        from simd.version import __version__

        return {
            "kind": "start",
            "step": start,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S"),
            "device": str(self._accelerator.device),
            "processes": self._world,
            "threads": torch.get_num_threads(),
            "workers": self._workers,
            "torch": torch.__version__,
            "simd": __version__,
        }

    def _log_step(self, step: int, sums: dict[str, Tensor], rate: float, norm: float, seconds: float) -> None:
        values: dict[str, float] = {}
        for name, value in sums.items():
            whole: Any = self._accelerator.reduce(value, "mean") if self._world > 1 else value
            values[name] = float(whole)
        weights = self._stage.weights
        loss = sum(weights[name] * value for name, value in values.items())
        losses = {name: {"value": value, "weight": weights[name]} for name, value in values.items()}
        self._folder.add(
            {
                **{"kind": "step", "step": step + 1, "loss": loss, "losses": losses, "rate": rate},
                **{"norm": norm if math.isfinite(norm) else None, "seconds": round(seconds, 4)},
            }
        )
        if self._accelerator.trackers:
            tracked = {"loss": loss, "rate": rate, **{f"losses/{name}": v for name, v in values.items()}}
            self._accelerator.log(tracked, step=step + 1)

    def _source(self, done: int) -> str:
        head = self._recipe.head
        return f"simd train, stage {head.stage}, preset {head.preset}, seed {head.seed}, step {done}"


def _copied(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _averaging(kept: float) -> Any:
    return get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]


def _check_share(recipe: Recipe, world: int) -> None:
    loop = recipe.loop
    if loop.batch % (world * loop.accumulate):
        raise DataError(
            f"a batch of {loop.batch} does not fall into {world} processes of {loop.accumulate} parts each; "
            "change loop.batch or loop.accumulate"
        )
    alone = loop.batch == world * loop.accumulate
    if alone and recipe.head.stage not in SEES and loop.fixed_norms < 1:
        raise DataError(
            f"{recipe.head.stage}'s norms learn their statistics from at least two samples at a time, and "
            f"this is one: raise loop.batch (now {loop.batch}) or lower loop.accumulate "
            f"({loop.accumulate}), or take fewer "
            "processes, or loop.fixed_norms=1"
        )


def _accelerator(recipe: Recipe, device: str, run: Path, track_with: str | None) -> "Accelerator":
    try:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs
    except ImportError as error:
        raise MissingExtraError("training", "accelerate", "train") from error
    handlers = []
    if recipe.losses is not None and not recipe.losses.all_heads:
        handlers = [DistributedDataParallelKwargs(find_unused_parameters=True)]
    try:
        accelerator = Accelerator(
            cpu=device == "cpu",
            mixed_precision=_PRECISION[recipe.loop.precision],
            kwargs_handlers=handlers,
            log_with=track_with,
            project_dir=run / "tracking" if track_with else None,
        )
    except (ImportError, ValueError) as error:
        if track_with is None:
            raise
        raise MissingExtraError(f"tracking with {track_with}", track_with, "train") from error
    return accelerator


def _release(accelerator: "Accelerator") -> None:
    """End trackers, and forget the process-wide state that accelerate keeps: the next run has its own."""
    from accelerate.state import AcceleratorState

    accelerator.end_training()
    AcceleratorState._reset_state(reset_partial_state=True)
