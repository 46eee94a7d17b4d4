"""Reads recipes: TOML files, each with one training job. They are checked before anything costs money."""

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from training.jobs.recipe import Compute, Recipe, Tuning, Value
from training.jobs.recipe_rules import validate_recipe

RECIPES = Path(__file__).parent.parent / "recipes"


def recipe_names() -> list[str]:
    """Returns the names of the recipes in training/recipes, sorted."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """Reads a recipe of training/recipes by its name, or another TOML file by its path.

    `load_recipe("resnet")` and `load_recipe("my.toml")` both work.
    Raises ValueError with the file and what is wrong with it.
    """
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        raise ValueError(
            f"there is no recipe {name!r}: choose one of {', '.join(recipe_names())}, or give the path of a TOML file"
        )
    try:
        table = tomllib.loads(path.read_text())
        for section, section_class in (("compute", Compute), ("tuning", Tuning)):
            if section in table:
                table[section] = from_table(section_class, table[section], f"[{section}] ")
        recipe: Recipe = from_table(Recipe, {"name": path.stem, **table})
        validate_recipe(recipe)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return recipe


def from_table(dataclass_type: type[Any], table: Mapping[str, Any], prefix: str = "") -> Any:
    """Makes a dataclass of a TOML table.

    prefix: begins the text of errors, such as "[compute] ".
    Raises ValueError if a key is not known, or if one is missing.
    """
    fields = {spec.name: spec for spec in dataclasses.fields(dataclass_type)}
    for key in table:
        if key not in fields:
            raise ValueError(f"{prefix}{key} is not a known key: use {', '.join(fields)}")
    for key, spec in fields.items():
        required = spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING
        if required and key not in table:
            raise ValueError(f"{prefix}{key} is missing")
    return dataclass_type(**table)


def override_recipe(recipe: Recipe, hyperparameters: Mapping[str, Value], **compute: Any) -> Recipe:
    """Returns the recipe with other values.

    hyperparameters: added to the recipe's, or replacing them.
    compute: fields of Compute. Those that are None keep the recipe's value.
    Raises ValueError if SageMaker would not run the result.

    `override_recipe(recipe, {"epochs": 5}, instance_type="ml.g5.xlarge")`
    """
    given = {name: value for name, value in compute.items() if value is not None}
    result = dataclasses.replace(
        recipe,
        hyperparameters={**recipe.hyperparameters, **hyperparameters},
        compute=dataclasses.replace(recipe.compute, **given),
    )
    validate_recipe(result)
    return result


def parse_value(text: str) -> Value:
    """Returns the value of a hyperparameter from the command line: an int or a float if it reads as one, else text."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
