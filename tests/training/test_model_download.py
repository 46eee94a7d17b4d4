"""A model in an AWS account is found by the name of its training job, or by its address in S3."""

import tarfile
from pathlib import Path

import pytest

from tests.training.fake_aws import DATA_BUCKET, FakeAws
from training.model_archive import NoModel
from training.model_source import find_model


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A model.tar.gz with a network and its description."""
    (tmp_path / "model.json").write_text("{}")
    (tmp_path / "model.onnx").write_text("network")
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as file:
        for name in ("model.json", "model.onnx"):
            file.add(tmp_path / name, name)
    return tmp_path / "model.tar.gz"


@pytest.fixture(autouse=True)
def _with_a_region(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", aws.session.region_name)


def reason(source: str) -> str:
    with pytest.raises(NoModel) as error, find_model(source):
        pass
    return str(error.value)


def test_the_model_of_a_training_job_and_an_object_in_s3_are_downloaded(aws: FakeAws, archive: Path) -> None:
    uri = aws.create_training_job("job-1")
    aws.client("s3").upload_file(str(archive), DATA_BUCKET, uri.removeprefix(f"s3://{DATA_BUCKET}/"))
    for source in ("job-1", uri):
        with find_model(source) as folder:
            assert (folder / "model.onnx").read_text() == "network"
        assert not folder.exists()


def test_a_job_that_runs_has_not_written_a_model(aws: FakeAws) -> None:
    aws.create_training_job("job-1", status="InProgress")
    assert "training job job-1 is InProgress and has not written a model" in reason("job-1")


def test_what_aws_does_not_have_is_one_sentence_with_all_that_was_tried() -> None:
    text = reason("no-job")
    assert text.startswith("there is no file or folder no-job, and no job build/jobs/no-job; SageMaker answered")
    assert reason(f"s3://{DATA_BUCKET}/absent.tar.gz").startswith(f"S3 answered for s3://{DATA_BUCKET}/absent.tar.gz")
    assert "has no key" in reason(f"s3://{DATA_BUCKET}")
    assert "is not an S3 URI" in reason("s3:///model.tar.gz")
