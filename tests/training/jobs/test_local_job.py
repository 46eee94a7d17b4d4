"""A recipe runs on this machine as it would on SageMaker: the same script, folders and variables."""

import dataclasses
import json
import os
import shutil
import signal
import tarfile
from pathlib import Path

import pytest

from contract import CODE_FILES
from tests.training.small_recipe import small_recipe
from training.hosting.artifact import list_files
from training.hosting.container import validate_files
from training.jobs.continuation import continued_recipe
from training.jobs.job import TrainingJob
from training.jobs.local_job import run_local_job
from training.jobs.metrics import MetricsByEpoch
from training.jobs.recipe import Recipe

# Epochs of a job that learns the small data set.
LONG = 20


def run(recipe: Recipe, data: Path, root: Path, stop_after: int | None = None) -> tuple[TrainingJob, list[int]]:
    """Runs a job, and returns it with the epochs that it reported, in order.

    stop_after: the epoch after which the job gets SIGTERM.
    """
    reported: list[int] = []

    def on_epoch(epochs: MetricsByEpoch) -> None:
        reported.extend(epochs)
        if stop_after in epochs:
            os.kill(os.getpid(), signal.SIGTERM)

    return run_local_job(recipe, data, root, on_epoch), reported


@pytest.fixture(scope="module")
def long_recipe() -> Recipe:
    """Enough epochs to learn the small data set, and to be stopped in time."""
    return small_recipe(epochs=LONG, votes=1.0, **{"learning-rate": 0.05, "averaging": 0.9})


@pytest.fixture(scope="module")
def long_job(long_recipe: Recipe, prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingJob:
    """A job that trained without interruption."""
    root = tmp_path_factory.mktemp("jobs") / "long"
    job, reported = run(long_recipe, prepared_data, root)
    assert job.status == "Completed", (root / "log.txt").read_text()
    assert reported == sorted(job.epochs) == list(range(1, LONG + 1))
    return job


@pytest.fixture(scope="module")
def stopped_job(long_recipe: Recipe, prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingJob:
    """A job that was stopped after its third epoch. It resumes in the same folder."""
    job, _ = run(long_recipe, prepared_data, tmp_path_factory.mktemp("jobs") / "stopped", stop_after=3)
    return job


@pytest.fixture(scope="module")
def resumed_job(long_recipe: Recipe, prepared_data: Path, stopped_job: TrainingJob) -> TrainingJob:
    """The stopped job, after it has resumed and completed."""
    job, reported = run(long_recipe, prepared_data, folder_of(stopped_job))
    assert reported == list(range(max(stopped_job.epochs) + 1, LONG + 1))
    return job


def folder_of(job: TrainingJob) -> Path:
    assert job.checkpoints
    return Path(job.checkpoints).parent


def test_a_job_leaves_a_model_that_can_be_deployed(long_job: TrainingJob) -> None:
    assert long_job.artifact
    with tarfile.open(long_job.artifact) as archive:
        names = set(archive.getnames())
    assert names == {
        *("model.onnx", "model.json", "model.pt", "history.csv"),
        *(f"code/{name}" for name in CODE_FILES),
    }
    for container in ("stock", "slim"):
        validate_files(container, list_files(Path(long_job.artifact)))


def test_a_stopped_job_has_a_model(stopped_job: TrainingJob) -> None:
    assert stopped_job.status == "Stopped"
    assert 3 <= len(stopped_job.epochs) < LONG
    assert stopped_job.artifact
    assert Path(stopped_job.artifact).exists()


def test_a_stopped_job_resumes_after_its_last_epoch(resumed_job: TrainingJob) -> None:
    assert resumed_job.status == "Completed"
    assert sorted(resumed_job.epochs) == list(range(1, LONG + 1))


def test_a_resumed_training_gives_the_same_model_to_the_byte(long_job: TrainingJob, resumed_job: TrainingJob) -> None:
    models = [(folder_of(job) / "model/model.onnx").read_bytes() for job in (long_job, resumed_job)]
    assert models[0] == models[1]


def test_the_script_learns_what_can_be_learnt(long_job: TrainingJob) -> None:
    assert max(epoch["validation_accuracy"] for epoch in long_job.epochs.values()) > 0.9, long_job.epochs


def test_several_processes_train_one_model(prepared_data: Path, tmp_path: Path) -> None:
    recipe = small_recipe()
    parallel = dataclasses.replace(recipe, compute=dataclasses.replace(recipe.compute, data_parallel=True))
    job, _ = run(parallel, prepared_data, tmp_path / "job")
    assert job.status == "Completed", (tmp_path / "job/log.txt").read_text()
    assert sorted(job.epochs) == [1, 2]
    assert job.artifact


def test_a_failed_job_shows_the_reason(prepared_data: Path, tmp_path: Path) -> None:
    job, _ = run(small_recipe(**{"batch-size": 1000}), prepared_data, tmp_path / "job")
    assert job.status == "Failed"
    assert "--batch-size 1000 is more than the 140 images of " in job.detail
    assert job.artifact is None


def test_a_completed_job_continues_for_more_epochs_and_keeps_its_best_model(
    prepared_data: Path, tmp_path: Path
) -> None:
    root = tmp_path / "job"
    first, _ = run(small_recipe(epochs=3), prepared_data, root)
    recipe = continued_recipe(small_recipe(epochs=3), first, {"epochs": 5})
    job, reported = run(recipe, prepared_data, root)
    assert job.status == "Completed", (root / "log.txt").read_text()
    assert reported == [4, 5]
    assert sorted(job.epochs) == [1, 2, 3, 4, 5]
    assert job.hyperparameters["epochs"] == "5"
    training = json.loads((root / "model/model.json").read_text())["training"]
    assert training["validation_accuracy"] == max(epoch["validation_accuracy"] for epoch in job.epochs.values())


def test_a_resume_with_data_that_has_changed_is_refused_and_leaves_the_record(
    prepared_data: Path, tmp_path: Path
) -> None:
    data, root = tmp_path / "data", tmp_path / "job"
    shutil.copytree(prepared_data, data)
    run(small_recipe(), data, root)
    record = (root / "job.json").read_bytes()
    shutil.copy(data / "validation/faces.npz", data / "train/faces.npz")
    job, reported = run(small_recipe(epochs=3), data, root)
    assert (job.status, reported) == ("Failed", [])
    assert "belongs to a training with other data" in job.detail
    assert (root / "job.json").read_bytes() == record
