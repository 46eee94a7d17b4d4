"""Logs a job to MLflow: hyperparameters, metrics by epoch, what it was trained on, and its files.

A run of MLflow belongs to a job by its tag `mien.job`, so a job that is resumed or followed again goes on in the same
run. MLflow comes with the SageMaker SDK. Its telemetry and its own messages are switched off.
Source: MLflow's MlflowClient; "Usage Tracking" of MLflow's documentation.
"""

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from training.jobs.job import ENDED, Followable, TrainingJob
from training.jobs.local_record import LOG, is_running, read_local_job, read_record

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
# MLflow's own values let a job wait for minutes if the server does not answer. The user's values are kept.
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
# The word that stands for the address in this variable.
FROM_ENVIRONMENT = "env"
SQLITE = "sqlite:///"
URI_VARIABLE = "MLFLOW_TRACKING_URI"
EXPERIMENT_VARIABLE = "MLFLOW_EXPERIMENT_NAME"
EXPERIMENT = "mien"
JOB_TAG = "mien.job"
STATUSES = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}
# Files of a job's folder that are logged when it has ended.
ARTIFACTS = ("history.png", "model/history.csv", "model/model.json", "model/README.md")
# MLflow's limits: characters of a tag's and of a parameter's value.
LONGEST_TAG = 5000
LONGEST_PARAMETER = 6000
# Seconds between two looks at a job on this machine.
LOOK = 2.0


class MlflowLog:
    """The run of one job. Each method can be called again: what is logged already is not logged twice.

        log = MlflowLog("sqlite:///build/mlflow.db", "mien-resnet-20260102030405")
        log.update(job)

    uri: the address of MLflow's server, a folder, or sqlite:///FILE; `env` takes it from MLFLOW_TRACKING_URI.
    Raises ValueError if MLflow is not installed, or if it can't be reached.
    """

    def __init__(self, uri: str, job: str):
        self.uri = resolve_uri(uri)
        # Before MLflow is imported, because it reads them then.
        os.environ.update({**PATIENCE, **os.environ, **QUIET})
        try:
            import mlflow
        except ImportError as error:
            raise ValueError(f"{error.name} is missing: `make install-sagemaker` installs MLflow") from None
        logging.getLogger("alembic").setLevel(logging.ERROR)
        try:
            self.client = mlflow.MlflowClient(tracking_uri=self.uri)
            self.run = self.find_run(job) or self.create_run(job)
        # MLflow lets the errors of databases and connections through.
        except Exception as error:
            raise ValueError(f"MLflow at {self.uri} can't be used: {first_line(error)}") from None
        self.run_id = str(self.run.info.run_id)
        self.logged = set(self.logged_steps())

    def find_run(self, job: str) -> Any:
        experiment = self.client.get_experiment_by_name(experiment_name())
        if experiment is None:
            return None
        runs = self.client.search_runs([experiment.experiment_id], f"tags.`{JOB_TAG}` = '{job}'", max_results=1)
        return runs[0] if runs else None

    def create_run(self, job: str) -> Any:
        name = experiment_name()
        experiment = self.client.get_experiment_by_name(name)
        if experiment:
            identity = experiment.experiment_id
        else:
            identity = self.client.create_experiment(name, artifact_location=artifact_location(self.uri))
        return self.client.create_run(identity, run_name=job, tags={JOB_TAG: job})

    def logged_steps(self) -> Iterator[int]:
        for name in self.run.data.metrics:
            yield from (point.step for point in self.client.get_metric_history(self.run_id, name))

    def update(self, job: TrainingJob) -> None:
        """Logs the hyperparameters and the epochs that are not logged yet, and the job's status."""
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        # A parameter of MLflow can't change. A job that continues for more epochs changes one.
        known = self.client.get_run(self.run_id).data.params
        parameters = [
            Param(name, str(value)[:LONGEST_PARAMETER])
            for name, value in job.hyperparameters.items()
            if name not in known
        ]
        new = [epoch for epoch in sorted(job.epochs) if epoch not in self.logged]
        metrics = [Metric(name, value, now, epoch) for epoch in new for name, value in job.epochs[epoch].items()]
        # MLflow accepts up to 1,000 metrics and 100 parameters at once.
        self.client.log_batch(self.run_id, params=parameters[:100])
        for first in range(0, len(metrics), 1000):
            self.client.log_batch(self.run_id, metrics=metrics[first : first + 1000])
        self.logged.update(new)
        tags = {"mien.status": job.status, "mien.instances": job.instances, "mien.seconds": f"{job.seconds:.0f}"}
        self.set_tags(tags)
        if job.total_epochs and known.get("epochs") not in (None, str(job.total_epochs)):
            self.set_tags({"mien.epochs": str(job.total_epochs)})

    def end(self, job: TrainingJob, folder: Path | None = None) -> None:
        """Logs how a job has ended. folder: of a job on this machine, whose files and data are logged too."""
        self.update(job)
        if job.artifact:
            self.set_tags({"mien.model": job.artifact})
        if folder:
            self.set_tags(data_tags(folder))
            for path in (folder / name for name in ARTIFACTS):
                if path.exists():
                    self.client.log_artifact(self.run_id, str(path))
        self.client.set_terminated(self.run_id, STATUSES.get(job.status, "RUNNING"))

    def set_tags(self, tags: dict[str, str]) -> None:
        for name, value in tags.items():
            self.client.set_tag(self.run_id, name, value[:LONGEST_TAG])


def resolve_uri(uri: str) -> str:
    """Returns the address as MLflow understands it. A folder becomes an SQLite file: MLflow gave up plain folders."""
    if uri == FROM_ENVIRONMENT:
        uri = os.environ.get(URI_VARIABLE, "")
        if not uri:
            raise ValueError(f"--mlflow {FROM_ENVIRONMENT}: {URI_VARIABLE} is not set")
    if ":" in uri:
        return uri
    folder = Path(uri).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return f"{SQLITE}{folder}/mlflow.db"


def artifact_location(uri: str) -> str | None:
    """Returns where the files of a new experiment are stored: beside an SQLite file; None if the server decides."""
    if not uri.startswith(SQLITE):
        return None
    return (Path(uri.removeprefix(SQLITE)).absolute().parent / "artifacts").as_uri()


def experiment_name() -> str:
    return os.environ.get(EXPERIMENT_VARIABLE) or EXPERIMENT


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def data_tags(folder: Path) -> dict[str, str]:
    """Returns what a job on this machine was trained on: the labels, and digests of the data.

    They are in model.json, or, before there is a model, in the data.json that `prepare` wrote.
    """
    model = read_json(folder / "model/model.json")
    data = model.get("data") or read_json(Path(read_record(folder)["data"]) / "data.json")
    digests = data.get("sha256") or {"train": model.get("training", {}).get("faces_sha256", "")}
    labels = model.get("labels") or data.get("labels") or []
    tags = {"mien.labels": ", ".join(labels), **{f"mien.data.{name}.sha256": value for name, value in digests.items()}}
    return {name: value for name, value in tags.items() if value}


def read_json(path: Path) -> dict[str, Any]:
    """Returns the content of a JSON file; nothing if it does not exist."""
    content: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return content


@contextlib.contextmanager
def logging_local_job(uri: str, root: Path, warn: Callable[[str], None]) -> Iterator[None]:
    """Logs a job on this machine while the block runs it, in a thread: a slow server does not delay the training.

    uri: as for MlflowLog; an empty text logs nothing.
    warn: is called with a sentence at the end if MLflow failed while the job ran.
    Raises ValueError before the job starts if MLflow can't be used.
    """
    if not uri:
        yield
        return
    log = MlflowLog(uri, root.name)
    has_ended = threading.Event()
    failures: list[Exception] = []

    def watch() -> None:
        while not has_ended.wait(LOOK):
            if (root / LOG).exists() and is_running(root):
                # Whatever MLflow raises must not end the training.
                try:
                    log.update(read_local_job(root))
                except Exception as error:
                    failures.append(error)
                    return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()
        try:
            log.end(read_local_job(root), root)
            failures.clear()
        except Exception as error:
            failures.append(error)
        for failure in failures[-1:]:
            warn(f"the job was not logged to MLflow at {log.uri}: {first_line(failure)}")


class LoggedJobs:
    """Jobs that are logged while they are followed."""

    def __init__(self, jobs: Followable, uri: str, folder: Path | None):
        """jobs: of this machine or of SageMaker. folder: of a job on this machine; None for one on SageMaker."""
        self.jobs, self.uri, self.folder = jobs, uri, folder

    def follow(self, name: str, *, every: float) -> Iterator[TrainingJob]:
        log = MlflowLog(self.uri, name)
        for job in self.jobs.follow(name, every=every):
            if job.status in ENDED:
                log.end(job, self.folder)
            else:
                log.update(job)
            yield job
