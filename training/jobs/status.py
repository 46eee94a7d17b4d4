"""Jobs that were launched: what SageMaker knows of them, as plain values, and what can be done to them.

Source: Amazon SageMaker API Reference, DescribeTrainingJob, StopTrainingJob, DescribeHyperParameterTuningJob; Amazon
SageMaker Developer Guide, "CloudWatch Logs for Amazon SageMaker AI".
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from training.jobs import metrics, prices
from training.jobs.metrics import Epochs

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Job:
    """One training job.

    seconds: since it began to train, or how long it did. billable_seconds: what is charged for, of each instance; of a
    spot job it is less. price: US dollars an hour and instance, on demand; None where nobody can say.
    """

    name: str
    status: str
    hyperparameters: Mapping[str, str]
    epochs: Epochs = field(default_factory=dict)
    detail: str = ""
    instances: str = "this machine"
    instance_count: int = 1
    seconds: float = 0.0
    billable_seconds: float = 0.0
    price: float | None = None
    artifact: str | None = None
    checkpoints: str | None = None

    @property
    def cost(self) -> float | None:
        """US dollars so far. Spot's discount is in the billable seconds only once the job has ended."""
        if self.price is None:
            return None
        return self.price * self.instance_count * self.billable_seconds / 3600

    @property
    def total_epochs(self) -> int | None:
        return int(self.hyperparameters["epochs"]) if "epochs" in self.hyperparameters else None


class Jobs:
    """A session's training jobs. Prices and logs' positions are remembered, so that looking again asks little."""

    def __init__(self, session: boto3.Session, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self.session, self.now = session, now
        self.sagemaker, self.logs = session.client("sagemaker"), session.client("logs")
        self.prices: dict[str, float | None] = {}
        self.read: dict[str, tuple[str | None, Epochs]] = {}

    def job(self, name: str) -> Job:
        """Raises ValueError where there is none of that name."""
        try:
            known = self.sagemaker.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
                raise ValueError(f"there is no training job {name} in {self.session.region_name}") from None
            raise
        return job_of(known, self.epochs(name), self.price(known["ResourceConfig"]), self.now())

    def price(self, resources: Mapping[str, Any]) -> float | None:
        kind = resources.get("InstanceType", "")
        if kind not in self.prices:
            self.prices[kind] = prices.per_hour(kind, self.session.region_name, self.session)
        return self.prices[kind]

    def epochs(self, name: str) -> Epochs:
        """The job's metrics so far, from what it wrote since last time."""
        token, epochs = self.read.get(name, (None, {}))
        for stream in self.streams(name):
            while True:
                after = {"nextToken": token} if token else {"startFromHead": True}
                page = self.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, **after)
                metrics.read((event["message"] for event in page["events"]), epochs)
                # The end of a stream is where the token stays the same.
                if page["nextForwardToken"] == token:
                    break
                token = page["nextForwardToken"]
        self.read[name] = token, epochs
        return epochs

    def streams(self, name: str) -> list[str]:
        """The log of the job's first machine, which is the one that reports; none before the job has started."""
        try:
            found = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/algo-1")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return []
            raise
        return [stream["logStreamName"] for stream in found["logStreams"]][:1]

    def follow(self, name: str, wait: Callable[[float], None] = time.sleep, every: float = 15) -> Iterator[Job]:
        """The job as it is now and again `every` so many seconds, until it has ended."""
        while True:
            job = self.job(name)
            yield job
            if job.status in ENDED:
                return
            wait(every)

    def stop(self, name: str) -> None:
        """Asks a job to end. What it has written to its model's folder becomes its model."""
        self.sagemaker.stop_training_job(TrainingJobName=name)

    def of_tuning(self, name: str) -> list[str]:
        """The names of a tuning job's training jobs, the first first; none, if it is no tuning job's name."""
        try:
            self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
                return []
            raise
        pages = self.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending"
        )
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    def best_of(self, name: str) -> dict[str, str]:
        """The hyperparameters that did best in a tuning job: what it varied, and what its definitions differ in."""
        known = self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        best = known.get("BestTrainingJob")
        if not best:
            raise ValueError(f"{name} is {known['HyperParameterTuningJobStatus']}, and has no best training job yet")
        parts = known.get("TrainingJobDefinitions") or [known["TrainingJobDefinition"]]
        varied = {
            key
            for part in parts
            for key, value in part["StaticHyperParameters"].items()
            if any(other["StaticHyperParameters"].get(key) != value for other in parts)
        }
        winner = next(
            part for part in parts if part.get("DefinitionName") in (best.get("TrainingJobDefinitionName"), None)
        )
        fixed = {key: value for key, value in winner["StaticHyperParameters"].items() if key in varied}
        return {**fixed, **best["TunedHyperParameters"]}


def job_of(known: Mapping[str, Any], epochs: Epochs, price: float | None, now: datetime) -> Job:
    """DescribeTrainingJob's answer as a Job."""
    resources = known["ResourceConfig"]
    began, ended = known.get("TrainingStartTime"), known.get("TrainingEndTime")
    seconds = known.get("TrainingTimeInSeconds") or (((ended or now) - began).total_seconds() if began else 0.0)
    spot = " spot" if known.get("EnableManagedSpotTraining") else ""
    return Job(
        name=known["TrainingJobName"],
        status=known["TrainingJobStatus"],
        detail=known.get("FailureReason") or known.get("SecondaryStatus", ""),
        hyperparameters=known.get("HyperParameters", {}),
        epochs=epochs,
        instances=f"{resources['InstanceCount']} x {resources.get('InstanceType', '?')}{spot}",
        instance_count=resources["InstanceCount"],
        seconds=seconds,
        billable_seconds=known.get("BillableTimeInSeconds") or seconds,
        price=price,
        artifact=known.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        checkpoints=known.get("CheckpointConfig", {}).get("S3Uri"),
    )
