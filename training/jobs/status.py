"""Looks up training jobs and tuning jobs on SageMaker, follows them and stops them.

Source: Amazon SageMaker API Reference, DescribeTrainingJob, StopTrainingJob, DescribeHyperParameterTuningJob; Amazon
SageMaker Developer Guide, "CloudWatch Logs for Amazon SageMaker AI".
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from training.jobs import prices
from training.jobs.job import ENDED, TrainingJob
from training.jobs.metrics import EpochProgress, MetricsByEpoch, parse_metrics, parse_progress

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingJobs:
    """The training jobs of one account and region.

    Prices and positions in logs are remembered, so following a job reads each line of its log only once.

        jobs = TrainingJobs(boto3.Session(region_name="eu-central-1"))
        print(jobs.describe("mien-resnet-20260102030405").status)
    """

    def __init__(self, session: boto3.Session, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self.session = session
        self.now = now
        self.sagemaker = session.client("sagemaker")
        self.logs = session.client("logs")
        self.prices: dict[str, float | None] = {}
        # By job: the token from which its log goes on, and the metrics of what was read before it.
        self.positions: dict[str, tuple[str | None, MetricsByEpoch]] = {}
        self.progress: dict[str, EpochProgress] = {}

    def describe(self, name: str) -> TrainingJob:
        """Returns the job as it is now. Raises ValueError if no training job has this name."""
        description = self.read_description(name)
        price = self.price_per_hour(description["ResourceConfig"])
        job = parse_description(description, self.read_metrics(name), price, self.now())
        return dataclasses.replace(job, progress=self.progress.get(name))

    def read_description(self, name: str) -> dict[str, Any]:
        """Returns the answer of DescribeTrainingJob. Raises ValueError if no training job has this name."""
        try:
            description: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        except ClientError as error:
            if is_unknown_job(error):
                raise ValueError(f"there is no training job {name} in {self.session.region_name}") from None
            raise
        return description

    def price_per_hour(self, resources: Mapping[str, Any]) -> float | None:
        """Returns the price of one instance of a ResourceConfig, in US dollars per hour, or None."""
        instance_type = resources.get("InstanceType", "")
        if instance_type not in self.prices:
            self.prices[instance_type] = prices.price_per_hour(instance_type, self.session.region_name, self.session)
        return self.prices[instance_type]

    def read_metrics(self, name: str) -> MetricsByEpoch:
        """Returns the job's metrics so far. Only the lines that are new since the last call are read."""
        token, epochs = self.positions.get(name, (None, {}))
        stream = self.find_log_stream(name)
        while stream:
            position = {"nextToken": token} if token else {"startFromHead": True}
            page = self.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, **position)
            lines = [event["message"] for event in page["events"]]
            parse_metrics(lines, epochs)
            for progress in filter(None, map(parse_progress, lines)):
                self.progress[name] = progress
            # CloudWatch returns the same token again at the end of a stream.
            if page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
        self.positions[name] = token, epochs
        return epochs

    def find_log_stream(self, name: str) -> str | None:
        """Returns the log stream of the job's first instance, which writes the metrics; None before it has started."""
        try:
            found = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/algo-1")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        return next((str(stream["logStreamName"]) for stream in found["logStreams"]), None)

    def follow(self, name: str, wait: Callable[[float], None] = time.sleep, every: float = 15) -> Iterator[TrainingJob]:
        """Yields the job as it is now, and again after every pause, until it has ended.

        every: seconds between two looks.
        Raises ValueError if no training job has this name.
        """
        while True:
            job = self.describe(name)
            yield job
            if job.status in ENDED:
                return
            wait(every)

    def stop(self, name: str) -> None:
        """Requests that a job ends. SageMaker keeps what the job has written to its model folder as its model."""
        self.sagemaker.stop_training_job(TrainingJobName=name)

    def list_tuning_job(self, name: str) -> list[str]:
        """Returns the names of a tuning job's training jobs, oldest first.

        The list is empty if no tuning job has this name.
        """
        try:
            self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        except ClientError as error:
            if is_unknown_job(error):
                return []
            raise
        pages = self.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending"
        )
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    def best_hyperparameters(self, name: str) -> dict[str, str]:
        """Returns the hyperparameters of a tuning job's best training job, as far as the jobs differ in them.

        Those are the hyperparameters that the tuning job varies, and those in which its definitions differ.
        Raises ValueError if no training job of it has completed yet.
        """
        tuning_job = self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        best = tuning_job.get("BestTrainingJob")
        if not best:
            raise ValueError(
                f"{name} is {tuning_job['HyperParameterTuningJobStatus']} and has no best training job yet"
            )
        definitions = tuning_job.get("TrainingJobDefinitions") or [tuning_job["TrainingJobDefinition"]]
        differing = {
            key
            for definition in definitions
            for key, value in definition["StaticHyperParameters"].items()
            if any(other["StaticHyperParameters"].get(key) != value for other in definitions)
        }
        best_definition = next(
            definition
            for definition in definitions
            if definition.get("DefinitionName") in (best.get("TrainingJobDefinitionName"), None)
        )
        static = best_definition["StaticHyperParameters"]
        return {
            **{key: value for key, value in static.items() if key in differing},
            **best["TunedHyperParameters"],
        }


def is_unknown_job(error: ClientError) -> bool:
    return error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound")


def parse_description(
    description: Mapping[str, Any], epochs: MetricsByEpoch, price: float | None, now: datetime
) -> TrainingJob:
    """Makes a TrainingJob of the answer of DescribeTrainingJob.

    price: US dollars per hour and instance, or None.
    now: the end of a job that still runs.
    """
    resources = description["ResourceConfig"]
    seconds = training_seconds(description, now)
    spot = " spot" if description.get("EnableManagedSpotTraining") else ""
    return TrainingJob(
        name=description["TrainingJobName"],
        status=description["TrainingJobStatus"],
        detail=description.get("FailureReason") or description.get("SecondaryStatus", ""),
        hyperparameters=description.get("HyperParameters", {}),
        epochs=epochs,
        instances=f"{resources['InstanceCount']} x {resources.get('InstanceType', '?')}{spot}",
        instance_count=resources["InstanceCount"],
        seconds=seconds,
        billable_seconds=description.get("BillableTimeInSeconds") or seconds,
        price=price,
        artifact=description.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        checkpoints=description.get("CheckpointConfig", {}).get("S3Uri"),
    )


def training_seconds(description: Mapping[str, Any], now: datetime) -> float:
    """Returns how long a job has trained; 0 while it waits for its instances. now: the end of a job that still runs."""
    if seconds := description.get("TrainingTimeInSeconds"):
        return float(seconds)
    start = description.get("TrainingStartTime")
    if start is None:
        return 0.0
    return float(((description.get("TrainingEndTime") or now) - start).total_seconds())
