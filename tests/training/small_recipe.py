"""Our recipe with a network that trains within seconds."""

from typing import Any

from training.jobs.recipe import Recipe
from training.jobs.recipe_file import load_recipe, override_recipe

SMALL = {"epochs": 2, "batch-size": 32, "depth": 10, "width": 8, "stem-stride": 2, "flip": 0}


def small_recipe(**hyperparameters: Any) -> Recipe:
    """Returns our recipe with a small network and few epochs."""
    return override_recipe(load_recipe("resnet"), {**SMALL, **hyperparameters})
