"""A training job as a TOML file → what is to be run, checked before anything is paid for.

The instance types are botocore's own list; which of them the built-in algorithm takes, and its rules, are from Amazon
SageMaker AI, "Image Classification - MXNet" and "Image classification hyperparameters".
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
# What each kind of job can use: the built-in algorithm trains on these families alone, PyTorch on any with CUDA.
BUILT_IN_FAMILIES = ("g4dn", "g5")
GPU_FAMILIES = ("g4dn", "g5", "g6", "g6e", "g7e", "p3", "p4d", "p4de", "p5", "p5e", "p5en", "p6-b200")
RETIRED_FAMILIES = ("p2",)
# Of a network that begins with pretrained weights.
PRETRAINED_LAYERS = (18, 34, 50, 101, 152, 200)

Value = str | int | float


@dataclass(frozen=True)
class Compute:
    """spot: on spare capacity, which may be taken away; max_wait_hours: of such a job, with the waiting for capacity
    (without it, twice max_hours). data_parallel: a process a GPU, each with its part of every batch."""

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
    """A job for each combination of `values`, which the tuning job varies, and `definitions`, which it can't."""

    objective: str
    parallel_jobs: int = 1
    values: Mapping[str, list[Value]] = field(default_factory=dict)
    definitions: Mapping[str, list[Value]] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """channels: from a channel's name to its place below the data's. prepare: `prepare`'s options that make them.
    Either algorithm is BUILT_IN, or script is a file of training/container."""

    name: str
    hyperparameters: Mapping[str, Value]
    channels: Mapping[str, str]
    compute: Compute
    prepare: str
    algorithm: str | None = None
    script: str | None = None
    tuning: Tuning | None = None


def names() -> list[str]:
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read(name: str) -> Recipe:
    """A recipe of ours by its name, or a TOML file by its path. Raises ValueError with the file and what is wrong."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        raise ValueError(f"there is no recipe {name!r}; there are {', '.join(names())}, or a TOML file of your own")
    try:
        table = tomllib.loads(path.read_text())
        parts = {"compute": Compute, "tuning": Tuning}
        for part, kind in parts.items():
            if part in table:
                table[part] = made(kind, table[part], f"[{part}] ")
        recipe: Recipe = made(Recipe, {"name": path.stem, **table}, "")
        check(recipe)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return recipe


def made(kind: type[Any], table: Mapping[str, Any], where: str) -> Any:
    known = {field.name: field for field in dataclasses.fields(kind)}
    for key in table:
        if key not in known:
            raise ValueError(f"{where}{key} is not known; known are {', '.join(known)}")
    for key, of in known.items():
        needed = of.default is dataclasses.MISSING and of.default_factory is dataclasses.MISSING
        if needed and key not in table:
            raise ValueError(f"{where}{key} is missing")
    return kind(**table)


def changed(recipe: Recipe, hyperparameters: Mapping[str, Value], **compute: Any) -> Recipe:
    """The recipe with other values; of `compute`, those that aren't None. Raises ValueError where they don't fit."""
    given = {name: value for name, value in compute.items() if value is not None}
    changed = dataclasses.replace(
        recipe,
        hyperparameters={**recipe.hyperparameters, **hyperparameters},
        compute=dataclasses.replace(recipe.compute, **given),
    )
    check(changed)
    return changed


def value_of(text: str) -> Value:
    """A value as the command line gives it: a number where it is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def check(recipe: Recipe) -> None:
    """Raises ValueError where SageMaker would refuse the job, or take it and fail after minutes that cost money."""
    if (recipe.algorithm is None) == (recipe.script is None):
        raise ValueError("name either an algorithm or a script")
    if recipe.algorithm not in (None, BUILT_IN):
        raise ValueError(f"algorithm {recipe.algorithm!r} is not {BUILT_IN!r}")
    check_compute(recipe.compute, BUILT_IN_FAMILIES if recipe.algorithm else GPU_FAMILIES)
    if recipe.algorithm:
        check_built_in(recipe)


def check_compute(compute: Compute, families: tuple[str, ...]) -> None:
    kind = compute.instance_type
    family = kind.removeprefix("ml.").partition(".")[0]
    usable = [known for known in instance_types() if known.removeprefix("ml.").partition(".")[0] in families]
    if kind not in usable:
        why = "is retired" if family in RETIRED_FAMILIES else "is no GPU instance that this job can train on"
        raise ValueError(f"{kind} {why}; take one of {', '.join(usable)}")
    if compute.instance_count < 1:
        raise ValueError(f"instance_count is {compute.instance_count}, and must be 1 or more")
    if compute.spot and compute.wait_hours < compute.max_hours:
        raise ValueError(f"max_wait_hours must be at least max_hours, {compute.max_hours}: it holds the training too")


def check_built_in(recipe: Recipe) -> None:
    given = dict(recipe.hyperparameters)
    varied = {**recipe.tuning.values, **recipe.tuning.definitions} if recipe.tuning else {}
    for needed in ("num_classes", "num_training_samples"):
        if needed not in given:
            raise ValueError(f"[hyperparameters] {needed} is missing, and the algorithm needs it")
    shape = [int(side) for side in str(given.get("image_shape", "3,224,224")).split(",")]
    if "train_lst" in recipe.channels and int(given.get("resize", 0)) <= max(shape[1:]):
        raise ValueError(f"[hyperparameters] resize must be over {max(shape[1:])}, image_shape's side, to read images")
    if "train_lst" not in recipe.channels and "resize" in given:
        raise ValueError("[hyperparameters] resize is only for images, and these channels are RecordIO")
    if given.get("use_pretrained_model") == 1:
        if shape != [3, 224, 224]:
            raise ValueError(f"[hyperparameters] image_shape {given['image_shape']}: pretrained networks see 3,224,224")
        for layers in varied.get("num_layers", [given.get("num_layers", 152)]):
            if layers not in PRETRAINED_LAYERS:
                raise ValueError(f"num_layers {layers}: pretrained networks have {PRETRAINED_LAYERS}")


@cache
def instance_types() -> list[str]:
    """All that a training job can name, by size within a family, from botocore's model of SageMaker."""
    from botocore.session import Session

    shape = Session().get_service_model("sagemaker").shape_for("TrainingInstanceType")
    known: list[str] = list(shape.enum)
    return known
