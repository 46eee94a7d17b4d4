"""The model to deploy is found: the artifact of a training job, an object in S3, or a file."""

import io
import json
import os
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.onnx_files import color_contract
from tests.training.fake_aws import MODEL_BUCKET, REGION, ROLE, FakeAws
from tests.training.hosting.archives import ALL_FILES, MODEL_FILES, archive_bytes, create_archive, write_model
from tests.training.hosting.deployments import (
    ENDPOINT,
    IMAGE,
    SERVERLESS,
    command_error,
    create_artifact,
    list_resources,
    run_command,
)
from training.hosting.artifact import ModelArtifact, list_files
from training.hosting.container import choose_container
from training.hosting.packing import pack_model

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


def test_an_archive_is_stored_once_under_a_key_made_of_its_content(aws: FakeAws, tmp_path: Path) -> None:
    path = create_archive(tmp_path, *ALL_FILES)
    options = (*OPTIONS, "--bucket", "s3://models/served")
    run_command(path, *options)
    uri = aws.parameters("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
    assert re.fullmatch(r"s3://models/served/[0-9a-f]{32}/model\.tar\.gz", uri)
    assert aws.read(uri.removeprefix("s3://models/"), MODEL_BUCKET) == path.read_bytes()
    aws.requests.clear()
    assert "as before" in run_command(path, *options)
    assert aws.operations == ["InvokeEndpoint", "InvokeEndpoint"]


def test_a_folder_is_packed_with_the_code_that_serves_it(aws: FakeAws, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "notes.txt").write_text("not part of the model")
    output = run_command(folder, "--role", ROLE, "--bucket", "s3://models", "--no-wheels")
    assert "model test-1 classifies whole images, as gray-16, with 3 labels: red, green, blue" in output
    uri = aws.parameters("CreateModel")["PrimaryContainer"]["ModelDataUrl"]
    packed = aws.read(uri.removeprefix("s3://models/"), MODEL_BUCKET)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert archive.getnames() == sorted(ALL_FILES)
    assert aws.operations[:2] == ["PutObject", "CreateModel"]


def test_the_same_model_is_the_same_object_however_it_is_named(aws: FakeAws, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    options = (*OPTIONS, "--bucket", "s3://models")
    run_command(folder, *options)
    os.utime(folder / "model.onnx", (0, 0))
    (folder / "model.onnx").chmod(0o600)
    aws.requests.clear()
    for word in (folder / "model.onnx", folder / "model.json"):
        assert "as before" in run_command(word, *options)
    assert "PutObject" not in aws.operations
    write_model(folder, remark="another model")
    assert "as before" not in run_command(folder, *options)


def test_the_weights_beside_a_large_model_are_packed(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.onnx.data").write_bytes(b"weights")
    pack_model(folder, tmp_path / "model.tar.gz")
    assert "model.onnx.data" in list_files(tmp_path / "model.tar.gz")


def test_a_model_that_is_not_as_described_is_refused_before_anything_is_sent(aws: FakeAws, tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    options = (*OPTIONS, "--bucket", "s3://models")
    document = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**document, "labels": ["red", "green"]}))
    assert "the model has 3 outputs, and model.json has 2 labels" in command_error(folder, *options)
    (folder / "model.json").write_text(json.dumps({**document, "faces": "yes"}))
    assert f'{folder}/model.json: "faces" is "yes", not "find" or "whole"' in command_error(folder, *options)
    (folder / "model.json").unlink()
    assert "model.onnx has no model.json beside it" in command_error(folder, *options)
    assert aws.changes == []


def test_the_model_of_a_job_is_checked_too(aws: FakeAws) -> None:
    create_artifact(aws, "faces-1")
    document = json.dumps(color_contract(16, "NHW", "uint8", labels=["a", "b"])).encode()
    body = archive_bytes(*ALL_FILES, contents={"model.json": document})
    aws.client("s3").put_object(Bucket=MODEL_BUCKET, Key="jobs/faces-1/output/model.tar.gz", Body=body)
    aws.requests.clear()
    assert "the model has 3 outputs, and model.json has 2 labels" in command_error("faces-1", *OPTIONS)
    assert aws.changes == []


def test_a_model_of_this_machine_needs_a_bucket_and_has_to_be_complete(aws: FakeAws, tmp_path: Path) -> None:
    options = (*OPTIONS, "--bucket", "s3://models")
    path = create_archive(tmp_path, *MODEL_FILES)
    error = command_error(path, *OPTIONS)
    assert "is on this machine: add --bucket s3://BUCKET/PREFIX, where it will be stored" in error
    error = command_error(path, *options, "--container", "stock")
    assert "--container stock reads code/inference.py, which the artifact does not have" in error
    assert "deploy the folder, which packs it" in error
    path = create_archive(tmp_path, "model/model.json", "model/model.onnx")
    assert "has its model.json in the folder model, and SageMaker reads it at the top" in command_error(path, *options)
    path.write_text("not an archive")
    assert "is not a tar.gz" in command_error(path, *options)
    assert aws.changes == []


def test_a_torchscript_model_needs_the_container_that_has_pytorch(aws: FakeAws, tmp_path: Path) -> None:
    artifact = ModelArtifact("s3://models/m.tar.gz", "etag", network="colors.pt")
    with pytest.raises(ValueError, match=r"--container slim has no PyTorch, and colors\.pt is TorchScript"):
        choose_container("slim", IMAGE, artifact, SERVERLESS, REGION)
