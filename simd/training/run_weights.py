"""Weights that a run leaves, and that another run takes up: checked before a step is taken."""

from pathlib import Path

from torch import nn

from simd.errors import DataError
from simd.methods.weights.folder import WeightsCard, load_weights, save_weights
from simd.training.recipe import Recipe
from simd.training.run_folder import read_run_recipe

LICENCE = "yours, within what the licences of the training data allow"


def load_trained(
    recipe: Recipe, key: str, *, stage: str, network: str, first: str
) -> tuple[nn.Module, WeightsCard]:
    """Load the network of another stage's run, in evaluation mode.

    Parameters
    ----------
    recipe : Recipe
        Its key `key` names the run, or a folder of weights; it is of the same preset.
    stage, network : str
        What the run has to be of.
    first : str
        The command that trains it, for messages.

    Raises
    ------
    DataError
        If the run is of another stage, not finished, or of another preset.
    """
    run: str = getattr(recipe.head, key)
    if (Path(run) / "recipe.toml").is_file():
        of = read_run_recipe(run).head
        if of.stage != stage:
            raise DataError(f"--set {key}={run}: is of the stage {of.stage}; train a {stage} first: {first}")
        if not any(Path(run).glob("*.safetensors")):
            raise DataError(f"--set {key}={run}: is not finished; go on with simd train and its recipe")
    try:
        module, card = load_weights(run, network)
    except DataError as error:
        raise DataError(f"--set {key}={run}: {error}; to train one: {first}") from error
    if card.preset != recipe.head.preset:
        raise DataError(
            f"--set {key}={run}: is of the preset {card.preset}, and the recipe of {recipe.head.preset}; "
            f"train one of this: {first}"
        )
    return module, card


def save_trained(network: nn.Module, folder: Path, name: str, preset: str, source: str) -> None:
    """Write a network's weights with their card into the folder of a run, which is held."""
    tensors = {key: tensor.detach().cpu() for key, tensor in network.state_dict().items()}
    save_weights(tensors, folder, network=name, preset=preset, source=source, licence=LICENCE, held=True)
