"""Jobs are logged to a real MLflow store in a folder of the test."""

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests.training.small_recipe import small_recipe
from training.jobs.job import TrainingJob
from training.jobs.local_record import write_job
from training.jobs.mlflow_log import LoggedJobs, MlflowLog, logging_local_job

EPOCHS = {epoch: {"train_loss": 1.0 / epoch, "validation_accuracy": 0.1 * epoch} for epoch in (1, 2, 3)}
JOB = TrainingJob("job", "InProgress", {"epochs": "3", "width": "8"}, {1: EPOCHS[1]})
ENDED = dataclasses.replace(JOB, status="Completed", epochs=EPOCHS, artifact="output/model.tar.gz")


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database without an experiment. Each test has a copy, because MLflow makes a new one in 7 seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").get_experiment_by_name("none")
    return path


@pytest.fixture
def uri(empty_store: Path, tmp_path: Path) -> str:
    shutil.copy(empty_store, tmp_path)
    return f"sqlite:///{tmp_path}/mlflow.db"


def only_run(uri: str) -> Run:
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("mien")
    assert experiment
    [run] = client.search_runs([experiment.experiment_id])
    found: Run = run
    return found


def history(uri: str, metric: str) -> list[tuple[int, float]]:
    run_id = only_run(uri).info.run_id
    points = MlflowClient(tracking_uri=uri).get_metric_history(run_id, metric)
    return [(point.step, point.value) for point in points]


class Looks:
    def __init__(self, *looks: TrainingJob):
        self.looks = looks

    def follow(self, name: str, *, every: float) -> Iterator[TrainingJob]:
        yield from self.looks


def test_a_followed_job_is_logged_epoch_by_epoch_and_once(uri: str) -> None:
    for _ in range(2):
        seen = list(LoggedJobs(Looks(JOB, ENDED), uri, None).follow("job", every=1))
        assert seen == [JOB, ENDED]
    run = only_run(uri)
    assert run.info.run_name == "job"
    assert run.info.status == "FINISHED"
    assert run.data.params == {"epochs": "3", "width": "8"}
    assert history(uri, "validation_accuracy") == [(epoch, EPOCHS[epoch]["validation_accuracy"]) for epoch in EPOCHS]
    assert run.data.tags["mien.model"] == "output/model.tar.gz"


def test_a_job_that_continues_for_more_epochs_goes_on_in_the_same_run(uri: str) -> None:
    MlflowLog(uri, "job").end(ENDED)
    more = dataclasses.replace(
        ENDED, hyperparameters={"epochs": "4", "width": "8"}, epochs={**EPOCHS, 4: {"validation_accuracy": 0.5}}
    )
    MlflowLog(uri, "job").end(more)
    assert [step for step, _ in history(uri, "validation_accuracy")] == [1, 2, 3, 4]
    assert only_run(uri).data.tags["mien.epochs"] == "4"


def test_a_job_of_this_machine_is_logged_with_its_data_and_its_files(uri: str, tmp_path: Path) -> None:
    root, data = tmp_path / "job", tmp_path / "data"
    warnings: list[str] = []
    (root / "model").mkdir(parents=True)
    data.mkdir()
    (data / "data.json").write_text(json.dumps({"labels": ["a", "b"], "sha256": {"train": "1f", "validation": "2e"}}))
    with logging_local_job(uri, root, warnings.append):
        (root / "log.txt").write_text("epoch=1; validation_accuracy=0.6;\n")
        (root / "history.png").write_bytes(b"picture")
        write_job(small_recipe(), data, "Completed", 1, root)
    run = only_run(uri)
    assert warnings == []
    assert run.data.tags["mien.labels"] == "a, b"
    assert run.data.tags["mien.data.validation.sha256"] == "2e"
    assert history(uri, "validation_accuracy") == [(1, 0.6)]
    artifacts = MlflowClient(tracking_uri=uri).list_artifacts(run.info.run_id)
    assert [artifact.path for artifact in artifacts] == ["history.png"]


def test_a_folder_becomes_a_store_of_mlflow(uri: str, tmp_path: Path) -> None:
    MlflowLog(str(tmp_path), "job").end(ENDED)
    assert only_run(uri).info.status == "FINISHED"


def test_a_job_is_trained_even_if_its_log_fails_at_the_end(uri: str, tmp_path: Path) -> None:
    warnings: list[str] = []
    with logging_local_job(uri, tmp_path / "nothing", warnings.append):
        pass
    assert "the job was not logged to MLflow at sqlite:" in warnings[0]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("env", "--mlflow env: MLFLOW_TRACKING_URI is not set"),
        ("gopher://host", "MLflow at gopher://host can't be used: "),
        ("http://127.0.0.1:9", "MLflow at http://127.0.0.1:9 can't be used: "),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_the_job_starts(
    uri: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ValueError, match=reason) as refused:
        MlflowLog(uri, "job")
    assert "\n" not in str(refused.value)
