"""A training job as a plain value, whether it ran on SageMaker or on this machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from training.jobs.metrics import EpochProgress, MetricsByEpoch

ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class TrainingJob:
    """One training job, as it is at the moment.

    status: SageMaker's TrainingJobStatus, such as InProgress or Completed.
    epochs: metrics by epoch, counted from 1.
    detail: why it failed, or which step it is in.
    instances: their number and type, for people.
    seconds: how long it has trained.
    billable_seconds: what AWS charges for each instance. For a spot job it is less than `seconds`.
    price: US dollars per hour and instance, on demand; None if it is not known.
    artifact: where its model.tar.gz is, an S3 URI or a path; None if it has not written one.
    checkpoints: where its checkpoints are, an S3 URI or a path.
    progress: how far its epoch is, if its log says so.
    """

    name: str
    status: str
    hyperparameters: Mapping[str, str]
    epochs: MetricsByEpoch = field(default_factory=dict)
    detail: str = ""
    instances: str = "this machine"
    instance_count: int = 1
    seconds: float = 0.0
    billable_seconds: float = 0.0
    price: float | None = None
    artifact: str | None = None
    checkpoints: str | None = None
    progress: EpochProgress | None = None

    @property
    def best_by(self) -> str:
        """What the job's model is the best by: a metric of the validation images, without that word."""
        return self.hyperparameters.get("best-by", "accuracy").strip('"')

    @property
    def cost(self) -> float | None:
        """US dollars so far; None if the price is not known.

        The cost of a running spot job is too high: its discount is known only when the job has ended.
        """
        if self.price is None:
            return None
        return self.price * self.instance_count * self.billable_seconds / 3600

    @property
    def total_epochs(self) -> int | None:
        """How many epochs the job trains; None if its hyperparameters do not say it."""
        return int(self.hyperparameters["epochs"]) if "epochs" in self.hyperparameters else None


class Followable(Protocol):
    """Jobs that can be followed: those of SageMaker, or one of this machine."""

    def follow(self, name: str, *, every: float) -> Iterator[TrainingJob]:
        """Yields the job as it is now, and again every so many seconds, until it has ended."""
