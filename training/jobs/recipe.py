"""Reads a recipe: a training job as a TOML file. It is validated before anything costs money.

The instance types are botocore's own list. Which of them the built-in algorithm supports, and its rules for
hyperparameters, are from Amazon SageMaker AI, "Image Classification - MXNet" and "Image classification
hyperparameters".
"""

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

RECIPES = Path(__file__).parent.parent / "recipes"
BUILT_IN = "image-classification"
# Instance families that each kind of job can use: the built-in algorithm trains on the first two only, PyTorch on any
# that has NVIDIA GPUs.
BUILT_IN_FAMILIES = ("g4dn", "g5")
GPU_FAMILIES = ("g4dn", "g5", "g6", "g6e", "g7e", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200")
# GPU families that no job can use, and why. SageMaker starts jobs on the V100 of ml.p3, and they fail at their first
# convolution: CUDA 13, with which the image's PyTorch is built, begins at compute capability 7.5.
# Source: NVIDIA CUDA 13.0 Release Notes; PyTorch's RELEASE.md, "PyTorch CUDA Support Matrix".
PAST_FAMILIES = {
    "p2": "is retired",
    "p3": "has a GPU of compute capability 7.0, which the training image's PyTorch no longer supports",
    "p3dn": "has GPUs of compute capability 7.0, which the training image's PyTorch no longer supports",
}
# The depths for which the built-in algorithm has pretrained weights, and the input that these weights need.
PRETRAINED_LAYERS = (18, 34, 50, 101, 152, 200)
PRETRAINED_SHAPE = [3, 224, 224]
# The built-in algorithm's defaults.
DEFAULT_SHAPE = "3,224,224"
DEFAULT_LAYERS = 152

Value = str | int | float


@dataclass(frozen=True)
class Compute:
    """The instances of a job, and how long it may use them.

    max_hours: SageMaker ends the job after this time of training.
    spot: use spare capacity, which is cheaper and can be taken away at any time.
    max_wait_hours: for a spot job, the longest time of waiting and training together; None is twice max_hours.
    data_parallel: train with one process per GPU; each process computes its part of every batch.
    """

    instance_type: str
    instance_count: int = 1
    volume_gb: int = 30
    max_hours: float = 24
    spot: bool = False
    max_wait_hours: float | None = None
    data_parallel: bool = False

    @property
    def wait_hours(self) -> float:
        return 2 * self.max_hours if self.max_wait_hours is None else self.max_wait_hours


@dataclass(frozen=True)
class Tuning:
    """The grid of a tuning job. It runs one training job for each combination of `values` and `definitions`.

    objective: the metric to maximize, such as validation:accuracy.
    parallel_jobs: how many training jobs run at the same time.
    values: hyperparameters that the tuning job varies, with the values of each.
    definitions: hyperparameters that a tuning job cannot vary, with the values of each. Every combination of them
        becomes a training job definition of its own.
    """

    objective: str
    parallel_jobs: int = 1
    values: Mapping[str, list[Value]] = field(default_factory=dict)
    definitions: Mapping[str, list[Value]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What a training job runs, without anything that belongs to one AWS account.

    channels: from a channel's name to its path below the data.
    prepare: the options of `python -m training prepare` that make these channels.
    algorithm: BUILT_IN, or None if the job runs a script.
    script: a file of training/container, or None if the job runs the built-in algorithm.
    """

    name: str
    hyperparameters: Mapping[str, Value]
    channels: Mapping[str, str]
    compute: Compute
    prepare: str
    algorithm: str | None = None
    script: str | None = None
    tuning: Tuning | None = None


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


def validate_recipe(recipe: Recipe) -> None:
    """Raises ValueError if SageMaker would refuse the job.

    A job that SageMaker would accept, but that would fail after minutes that cost money, is refused too.
    """
    if (recipe.algorithm is None) == (recipe.script is None):
        raise ValueError("a recipe needs either an algorithm or a script, and not both")
    if recipe.algorithm not in (None, BUILT_IN):
        raise ValueError(f"algorithm {recipe.algorithm!r} is not supported: use {BUILT_IN!r}")
    validate_compute(recipe.compute, BUILT_IN_FAMILIES if recipe.algorithm else GPU_FAMILIES)
    if recipe.algorithm:
        validate_built_in(recipe)


def validate_compute(compute: Compute, families: tuple[str, ...]) -> None:
    """Raises ValueError if the job cannot train on these instances.

    families: the instance families that the job can use.
    """
    usable = [name for name in training_instance_types() if family_of(name) in families]
    if compute.instance_type not in usable:
        reason = PAST_FAMILIES.get(
            family_of(compute.instance_type), "is not a GPU instance type that this job can train on"
        )
        raise ValueError(f"{compute.instance_type} {reason}: use one of {', '.join(usable)}")
    if compute.instance_count < 1:
        raise ValueError(f"instance_count is {compute.instance_count}: it must be 1 or more")
    if compute.spot and compute.wait_hours < compute.max_hours:
        raise ValueError(
            f"max_wait_hours must be at least max_hours, {compute.max_hours}: it includes the time of training"
        )


def family_of(instance_type: str) -> str:
    return instance_type.removeprefix("ml.").partition(".")[0]


def validate_built_in(recipe: Recipe) -> None:
    """Raises ValueError if the built-in algorithm would refuse the recipe's hyperparameters."""
    hyperparameters = recipe.hyperparameters
    for required in ("num_classes", "num_training_samples"):
        if required not in hyperparameters:
            raise ValueError(f"[hyperparameters] {required} is missing: the built-in algorithm requires it")
    shape = [int(side) for side in str(hyperparameters.get("image_shape", DEFAULT_SHAPE)).split(",")]
    longest_side = max(shape[1:])
    reads_images = "train_lst" in recipe.channels
    if reads_images and int(hyperparameters.get("resize", 0)) <= longest_side:
        raise ValueError(
            f"[hyperparameters] resize must be larger than {longest_side}, the side of image_shape, to read images"
        )
    if not reads_images and "resize" in hyperparameters:
        raise ValueError("[hyperparameters] resize is for images only, and these channels are RecordIO: remove it")
    if hyperparameters.get("use_pretrained_model") == 1:
        validate_pretrained(recipe, shape)


def validate_pretrained(recipe: Recipe, shape: list[int]) -> None:
    """Raises ValueError if there are no pretrained weights for the recipe's input shape or depths."""
    if shape != PRETRAINED_SHAPE:
        given = recipe.hyperparameters["image_shape"]
        raise ValueError(f"[hyperparameters] image_shape {given}: pretrained networks require {DEFAULT_SHAPE}")
    depths = [recipe.hyperparameters.get("num_layers", DEFAULT_LAYERS)]
    if recipe.tuning:
        depths = {**recipe.tuning.values, **recipe.tuning.definitions}.get("num_layers", depths)
    for depth in depths:
        if depth not in PRETRAINED_LAYERS:
            available = ", ".join(str(layers) for layers in PRETRAINED_LAYERS)
            raise ValueError(f"num_layers {depth}: pretrained networks have {available} layers")


@cache
def training_instance_types() -> list[str]:
    """Returns all instance types that a training job can use, from botocore's model of SageMaker.

    They are sorted by size within each family.
    """
    from botocore.session import Session

    shape = Session().get_service_model("sagemaker").shape_for("TrainingInstanceType")
    names: list[str] = list(shape.enum)
    return names
