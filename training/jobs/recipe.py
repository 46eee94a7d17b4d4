"""A training job, as a recipe describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONTAINER = Path(__file__).parent.parent / "container"
BUILT_IN = "image-classification"

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
    prepare: the arguments of `python -m training prepare` that make these channels.
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


def recipe_from_record(fields: Mapping[str, Any], source: str) -> Recipe:
    """Makes a recipe of what `dataclasses.asdict` made of one.

    source: the record that it was read from, for errors. Raises ValueError if the record is of another version.
    """
    try:
        compute, tuning = Compute(**fields["compute"]), fields["tuning"] and Tuning(**fields["tuning"])
        return Recipe(**{**fields, "compute": compute, "tuning": tuning})
    except (KeyError, TypeError) as error:
        raise ValueError(f"{source} was not written by this version of Mien: {error}") from None
