"""The model to deploy is found: the artifact of a training job, an object in S3, or a file."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.training.fake_aws import MODEL_BUCKET, ROLE, FakeAws
from tests.training.hosting.archives import create_archive
from tests.training.hosting.deployments import (
    ENDPOINT,
    IMAGE,
    command_error,
    create_artifact,
    list_resources,
    run_command,
)

OPTIONS = ("--role", ROLE, "--image", IMAGE)


def test_a_stopped_job_is_deployed_if_it_left_an_artifact(aws: FakeAws) -> None:
    create_artifact(aws, "faces-1", status="Stopped")
    run_command("faces-1", *OPTIONS)
    assert list_resources(aws)["endpoints"] == [ENDPOINT]


@pytest.mark.parametrize(
    ("more", "advice"),
    [
        (
            {"CheckpointConfig": {"S3Uri": "s3://models/checkpoints/faces-1"}},
            "its checkpoints are stored under s3://models/checkpoints/faces-1, and a new job with the same "
            "CheckpointConfig",
        ),
        ({}, "it has no CheckpointConfig, so nothing of it can be used"),
    ],
)
def test_the_error_for_a_stopped_job_without_an_artifact_names_its_checkpoints(
    more: dict[str, Any], advice: str, aws: FakeAws
) -> None:
    aws.create_training_job("faces-1", status="Stopped", output="s3://models/jobs", **more)
    error = command_error("faces-1", *OPTIONS)
    assert error.startswith("training job faces-1 was Stopped before it wrote an artifact (s3://models/")
    assert advice in error
    assert aws.operations == ["CreateTrainingJob"]


def test_the_error_for_a_running_job_names_its_status(aws: FakeAws) -> None:
    create_artifact(aws, "faces-1", status="InProgress")
    error = command_error("faces-1", "--role", ROLE)
    assert "training job faces-1 is InProgress, and only Completed or Stopped ones can be deployed" in error


def test_a_file_is_stored_once_under_a_key_made_of_its_content(aws: FakeAws, tmp_path: Path) -> None:
    path = create_archive(tmp_path, "model.json", "model.onnx")
    options = (*OPTIONS, "--bucket", "s3://models/served")
    run_command(path, *options)
    uri = aws.parameters("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
    assert re.fullmatch(r"s3://models/served/[0-9a-f]{32}/model\.tar\.gz", uri)
    assert aws.read(uri.removeprefix("s3://models/"), MODEL_BUCKET) == path.read_bytes()
    aws.requests.clear()
    assert "as before" in run_command(path, *options)
    assert aws.operations == ["InvokeEndpoint"]


def test_a_file_needs_a_bucket_and_has_to_contain_a_model(aws: FakeAws, tmp_path: Path) -> None:
    options = (*OPTIONS, "--bucket", "s3://models")
    path = create_archive(tmp_path, "model.json", "model.onnx")
    error = command_error(path, *OPTIONS)
    assert "is a file: add --bucket s3://BUCKET/PREFIX, where it will be stored" in error
    error = command_error(path, *options, "--container", "stock")
    assert "--container stock reads code/inference.py, which the artifact does not have" in error
    path = create_archive(tmp_path, "model/model.json", "model/model.onnx")
    assert "reads model.json, which the artifact does not have" in command_error(path, *options)
    path.write_text("not an archive")
    assert "is not a tar.gz" in command_error(path, *options)
    assert aws.changes == []
