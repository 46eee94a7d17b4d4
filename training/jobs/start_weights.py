"""The file of weights that a job starts from: the hyperparameter start-from, and the channel `weights` on SageMaker."""

import dataclasses
from pathlib import Path

from training.jobs.recipe import Recipe

OPTION = "start-from"
CHANNEL = "weights"


def with_local_weights(recipe: Recipe) -> Recipe:
    """Returns the recipe with the file's whole path, because the script runs in another folder.

    Raises ValueError if there is no such file. A recipe with a channel of weights, or without the option, stays.
    """
    if OPTION not in recipe.hyperparameters or CHANNEL in recipe.channels:
        return recipe
    path = Path(str(recipe.hyperparameters[OPTION])).expanduser()
    if not path.is_file():
        raise ValueError(f"{OPTION}={path}: there is no such file of weights on this machine")
    return dataclasses.replace(recipe, hyperparameters={**recipe.hyperparameters, OPTION: str(path.resolve())})


def require_weights_channel(recipe: Recipe) -> None:
    """Raises ValueError if a job on SageMaker could not find the file."""
    if OPTION in recipe.hyperparameters and CHANNEL not in recipe.channels:
        name = Path(str(recipe.hyperparameters[OPTION])).name
        raise ValueError(
            f"{OPTION}={name}: a job on SageMaker reads weights from a channel. Upload the file to PREFIX/{CHANNEL}/ "
            f'beside the data, and add `{CHANNEL} = "{CHANNEL}/"` to the [channels] of a copy of the recipe'
        )
