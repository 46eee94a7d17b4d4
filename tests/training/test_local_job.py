"""A recipe runs on this machine as it would on SageMaker: same script, same folders, same variables."""

import dataclasses
import json
import os
import shlex
import signal
import tarfile
from pathlib import Path
from typing import Any

import pytest
from sagemaker.train.container_drivers.scripts import environment as sdk

from training.hosting import source
from training.jobs import local as local_job
from training.jobs import recipe
from training.jobs.metrics import Epochs
from training.jobs.recipe import Recipe

SMALL = {"epochs": 2, "batch-size": 32, "depth": 10, "width": 8, "stem-stride": 2, "flip": 0}


def ours(**hyperparameters: Any) -> Recipe:
    return recipe.changed(recipe.read("resnet"), {**SMALL, **hyperparameters})


def run(one: Recipe, data: Path, root: Path) -> local_job.Job:
    return local_job.run(one, data, root, lambda epochs: None)


def test_a_job_leaves_a_model_that_can_be_deployed(data: Path, tmp_path: Path) -> None:
    told: list[Epochs] = []
    job = local_job.run(ours(), data, tmp_path / "job", told.append)
    assert job.status == "Completed", (tmp_path / "job/log.txt").read_text()
    assert [epoch for epochs in told for epoch in epochs] == [1, 2] == sorted(job.epochs)
    assert job.artifact
    with tarfile.open(job.artifact) as archive:
        names = set(archive.getnames())
    assert names == {
        *("model.onnx", "model.json", "model.pt", "history.csv"),
        *("code/inference.py", "code/requirements.txt"),
    }
    for container in ("stock", "slim"):
        source.check_files(container, source.files_of(Path(job.artifact)))


def test_the_variables_are_those_of_sagemakers_containers(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the program that sets them there, which is in the SDK."""
    one, root = ours(), tmp_path / "job"
    resources = local_job.lay_out(one, data, root)
    here = local_job.environment(one, root, resources)
    monkeypatch.setenv("TRAINING_JOB_NAME", "job")
    configuration = {name: value for name, value in resources.items() if name != "gpus"}
    hyperparameters = {name: str(value) for name, value in one.hyperparameters.items()}
    sdk.set_env(configuration, local_job.channels(one), hyperparameters, str(tmp_path / "there"))
    there = dict(shlex.split(line)[1].split("=", 1) for line in (tmp_path / "there").read_text().splitlines() if line)
    # What the SDK reads from files that only a container has.
    source = {"SM_SOURCE_DIR": "/opt/ml/input/data/code", "SM_ENTRY_SCRIPT": "train.py"}
    expected = {name: value.replace("/opt/ml", str(root)) for name, value in {**there, **source}.items()}
    assert read_json(here) == read_json({"TRAINING_JOB_NAME": "job", **expected})


def read_json(variables: dict[str, str]) -> dict[str, Any]:
    def value(text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    return {name: value(text) for name, text in variables.items()}


def test_a_job_that_is_told_to_stop_keeps_its_model_and_goes_on_later(data: Path, tmp_path: Path) -> None:
    def stop(epochs: Epochs) -> None:
        if 2 in epochs:
            os.kill(os.getpid(), signal.SIGTERM)

    long = ours(epochs=40)
    stopped = local_job.run(long, data, tmp_path / "job", stop)
    assert stopped.status == "Stopped"
    assert 2 <= len(stopped.epochs) < 40
    assert stopped.artifact
    assert Path(stopped.artifact).exists()
    resumed: list[int] = []
    job = local_job.run(long, data, tmp_path / "job", lambda epochs: resumed.extend(epochs))
    assert job.status == "Completed"
    assert resumed == list(range(max(stopped.epochs) + 1, 41))


def test_a_resumed_training_is_the_same_training(data: Path, tmp_path: Path) -> None:
    def stop(epochs: Epochs) -> None:
        if 3 in epochs:
            os.kill(os.getpid(), signal.SIGTERM)

    long = ours(epochs=8, votes=1.0)
    run(long, data, tmp_path / "whole")
    local_job.run(long, data, tmp_path / "parts", stop)
    run(long, data, tmp_path / "parts")
    models = [(tmp_path / name / "model/model.onnx").read_bytes() for name in ("whole", "parts")]
    assert models[0] == models[1]


def test_several_processes_train_one_model(data: Path, tmp_path: Path) -> None:
    one = ours()
    parallel = dataclasses.replace(one, compute=dataclasses.replace(one.compute, data_parallel=True))
    job = run(parallel, data, tmp_path / "job")
    assert job.status == "Completed", (tmp_path / "job/log.txt").read_text()
    assert sorted(job.epochs) == [1, 2]
    assert job.artifact


def test_a_job_that_fails_says_why(data: Path, tmp_path: Path) -> None:
    job = run(ours(depth=11), data, tmp_path / "job")
    assert job.status == "Failed"
    assert "argument --depth: invalid choice" in job.detail
    assert job.artifact is None


def test_the_script_learns_what_can_be_learnt(data: Path, tmp_path: Path) -> None:
    job = run(ours(epochs=30, **{"learning-rate": 0.05, "averaging": 0.9}), data, tmp_path / "job")
    best = max(epoch["validation_accuracy"] for epoch in job.epochs.values())
    assert best > 0.9, job.epochs
