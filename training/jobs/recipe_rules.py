"""Finds out whether SageMaker, or the script, would refuse a recipe.

The instance types are botocore's own list. Which of them the built-in algorithm supports, and its rules for
hyperparameters, are from Amazon SageMaker AI, "Image Classification - MXNet" and "Image classification
hyperparameters".
"""

import difflib
import importlib.util
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from training.jobs.recipe import BUILT_IN, CONTAINER, Compute, Recipe, Value

OUR_SCRIPT = "train.py"
# The options that the script requires. Nothing is read from these folders here.
FOLDERS = ("--train", ".", "--validation", ".", "--model-dir", ".")
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
# SageMaker ends each training job after 28 days (Amazon SageMaker API Reference, StoppingCondition).
LONGEST_HOURS = 28 * 24
# The built-in algorithm's hyperparameters that are whole numbers, and all others.
BUILT_IN_WHOLE_NUMBERS = (
    *("num_classes", "num_training_samples", "checkpoint_frequency", "early_stopping_min_epochs"),
    *("early_stopping_patience", "epochs", "mini_batch_size", "multi_label", "num_layers", "resize", "top_k"),
    *("use_pretrained_model", "use_weighted_loss"),
)
BUILT_IN_NAMES = (
    *BUILT_IN_WHOLE_NUMBERS,
    *("augmentation_type", "beta_1", "beta_2", "early_stopping", "early_stopping_tolerance", "eps", "gamma"),
    *("image_shape", "kv_store", "learning_rate", "lr_scheduler_factor", "lr_scheduler_step", "momentum", "optimizer"),
    *("precision_dtype", "weight_decay"),
)
# The depths for which the built-in algorithm has pretrained weights, and the input that these weights need.
PRETRAINED_LAYERS = (18, 34, 50, 101, 152, 200)
PRETRAINED_SHAPE = [3, 224, 224]
# The built-in algorithm's defaults.
DEFAULT_SHAPE = "3,224,224"
DEFAULT_LAYERS = 152


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
    else:
        validate_script(recipe)


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
    if not 0 < compute.max_hours <= LONGEST_HOURS:
        raise ValueError(
            f"max_hours is {compute.max_hours:g}: SageMaker accepts up to {LONGEST_HOURS}, which is 28 days"
        )
    if compute.spot and compute.wait_hours < compute.max_hours:
        raise ValueError(
            f"max_wait_hours must be at least max_hours, {compute.max_hours}: it includes the time of training"
        )


def family_of(instance_type: str) -> str:
    return instance_type.removeprefix("ml.").partition(".")[0]


def validate_script(recipe: Recipe) -> None:
    """Raises ValueError if the recipe's script would refuse its options, or train the same on each instance."""
    if recipe.compute.instance_count > 1 and not recipe.compute.data_parallel:
        raise ValueError(
            f"instance_count is {recipe.compute.instance_count}, but each instance would train the same network alone: "
            "set data_parallel = true in [compute], or use one instance"
        )
    if recipe.script != OUR_SCRIPT:
        return
    parser = script_parser()
    choices: dict[str, list[Value]] = {name: [value] for name, value in recipe.hyperparameters.items()}
    if recipe.tuning:
        choices |= {**recipe.tuning.values, **recipe.tuning.definitions}
    for name, values in choices.items():
        for value in values:
            try:
                # An option and its value in one word, because a value that begins with a dash would be an option.
                parser.parse_arguments([*FOLDERS, f"--{name}={value}"])
            except parser.InvalidOptions as error:
                raise ValueError(f"[hyperparameters] {explain_option(name, str(error))}") from None


def explain_option(name: str, error: str) -> str:
    """Returns one sentence about a hyperparameter that the script's parser refuses. error: the text of argparse."""
    if error.startswith("unrecognized arguments"):
        return f"{name} is not a hyperparameter of {OUR_SCRIPT}{suggestion(name, script_hyperparameters())}"
    text = error.removeprefix(f"argument --{name}: ")
    if choices := re.fullmatch(r"invalid choice: (.+) \(choose from (.+)\)", text):
        return f"{name}: {choices[1]} is not possible: choose one of {choices[2]}"
    return f"{name}: {text}"


def script_hyperparameters() -> list[str]:
    """Returns the names of the script's options, without its folders."""
    options = vars(script_parser().parse_arguments(FOLDERS))
    return [name.replace("_", "-") for name, value in options.items() if not isinstance(value, Path)]


def suggestion(name: str, known: Collection[str]) -> str:
    """Returns the end of a sentence about an unknown name: the name that was meant, or all of them."""
    if close := difflib.get_close_matches(name, known, 1):
        return f": did you mean {close[0]}?"
    return f": use one of {', '.join(sorted(known))}"


@cache
def script_parser() -> Any:
    """Returns the module with the parser of OUR_SCRIPT, which is no part of a package: the container runs it."""
    path = CONTAINER / "arguments.py"
    spec = importlib.util.spec_from_file_location("train_py_arguments", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def validate_built_in(recipe: Recipe) -> None:
    """Raises ValueError if the built-in algorithm would refuse the recipe's hyperparameters."""
    hyperparameters = recipe.hyperparameters
    for required in ("num_classes", "num_training_samples"):
        if required not in hyperparameters:
            raise ValueError(f"[hyperparameters] {required} is missing: the built-in algorithm requires it")
    for name, value in hyperparameters.items():
        if name not in BUILT_IN_NAMES:
            meant = suggestion(name, BUILT_IN_NAMES)
            raise ValueError(f"[hyperparameters] {name} is not a hyperparameter of the built-in algorithm{meant}")
        if name in BUILT_IN_WHOLE_NUMBERS and not str(value).isdecimal():
            raise ValueError(f"[hyperparameters] {name}: {value!r} is not a whole number of 0 or more")
    given_shape = str(hyperparameters.get("image_shape", DEFAULT_SHAPE))
    if not re.fullmatch(r"\d+,\d+,\d+", given_shape):
        raise ValueError(
            f"[hyperparameters] image_shape: {given_shape!r} is not CHANNELS,HEIGHT,WIDTH, such as 3,224,224"
        )
    shape = [int(side) for side in given_shape.split(",")]
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
