"""Finds the model to deploy: the artifact of a training job, an object in S3, or a file on this machine."""

import hashlib
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from training.hosting.request import AwsRequest
from training.s3_uri import parse_s3_uri

FILE_NAME = "model.tar.gz"
# A training job's name (Amazon SageMaker API Reference, "CreateTrainingJob").
JOB_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
BUILT_IN_IMAGE = re.compile(r"/image-classification[:@]")


@dataclass(frozen=True)
class ModelArtifact:
    """A model.tar.gz in S3, or one that will be there once `upload` has been sent.

    uri: its address, s3://BUCKET/KEY/model.tar.gz.
    version: changes with its content.
    training_image: the image of the training job that wrote it; empty if no job is known.
    files: the names of its files; empty if they were not read.
    upload: the request that stores it; None if it is stored already.
    """

    uri: str
    version: str
    training_image: str = ""
    files: Sequence[str] = ()
    upload: AwsRequest | None = None

    @property
    def is_built_in(self) -> bool:
        """Whether SageMaker's own image classification trained the model."""
        return BUILT_IN_IMAGE.search(self.training_image) is not None


def find_artifact(source: str, bucket: str | None, clients: Mapping[str, Any]) -> ModelArtifact:
    """Finds the model to deploy.

    source: a training job's name, s3://BUCKET/KEY/model.tar.gz, or the path of a file.
    bucket: where a file is stored, s3://BUCKET/PREFIX.
    clients: boto3's clients by service; sagemaker and s3 are used.

    Raises ValueError if there is no such model, or if it cannot be read.
    """
    if source.startswith("s3://"):
        etag = object_etag(source, clients["s3"])
        if etag is None:
            raise ValueError(f"there is no object {source}")
        return ModelArtifact(source, etag)
    path = Path(source)
    if path.is_file():
        return artifact_of_file(path, bucket, clients["s3"])
    if "/" in source or source.endswith(".gz"):
        raise ValueError(f"there is no file {source}")
    if not JOB_NAME.fullmatch(source):
        raise ValueError(
            f"{source!r} cannot be deployed: give a training job's name, s3://BUCKET/KEY/{FILE_NAME}, or a file"
        )
    return artifact_of_job(source, clients["sagemaker"], clients["s3"])


def artifact_of_job(name: str, sagemaker: Any, s3: Any) -> ModelArtifact:
    """Returns the artifact of a training job. Raises ValueError if the job has not ended, or has no artifact."""
    try:
        job = sagemaker.describe_training_job(TrainingJobName=name)
    except ClientError as error:
        raise ValueError(f"training job {name}: {error.response['Error'].get('Message')}") from None
    status = job["TrainingJobStatus"]
    if status not in ("Completed", "Stopped"):
        reason = f": {job['FailureReason']}" if job.get("FailureReason") else ""
        raise ValueError(f"training job {name} is {status}, and only Completed or Stopped ones can be deployed{reason}")
    uri = job.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    etag = object_etag(uri, s3) if uri else None
    if etag is None:
        checkpoints = job.get("CheckpointConfig", {}).get("S3Uri")
        raise ValueError(explain_missing_artifact(name, status, uri, checkpoints))
    return ModelArtifact(uri, etag, job.get("AlgorithmSpecification", {}).get("TrainingImage", ""))


def explain_missing_artifact(name: str, status: str, uri: str, checkpoints: str | None) -> str:
    """Returns the text of the error for a job without an artifact.

    uri: where the artifact should be; empty if SageMaker names no place.
    checkpoints: the S3 URI of the job's checkpoints, if it has them.
    """
    if status == "Completed":
        return (
            f"training job {name} is Completed, but its artifact {uri} has been deleted: deploy another job, or a copy "
            "of the artifact"
        )
    if checkpoints:
        advice = f"its checkpoints are stored under {checkpoints}, and a new job with the same CheckpointConfig resumes"
    else:
        advice = "it has no CheckpointConfig, so nothing of it can be used: train again"
    return f"training job {name} was Stopped before it wrote an artifact ({uri or 'no address is given'}): {advice}"


def object_etag(uri: str, s3: Any) -> str | None:
    """Returns an object's ETag, which changes with its content; None if there is no such object.

    Raises ValueError if the URI has no key, or if S3 refuses the request.
    """
    bucket, prefix = parse_s3_uri(uri)
    if not prefix:
        raise ValueError(f"{uri} has no key: write it as s3://BUCKET/KEY/{FILE_NAME}")
    try:
        return str(s3.head_object(Bucket=bucket, Key=prefix.removesuffix("/"))["ETag"]).strip('"')
    except ClientError as error:
        code = error.response["Error"].get("Code")
        if code in ("404", "NoSuchKey", "NoSuchBucket"):
            return None
        # S3 answers 403 for a missing object too, unless the user may list the bucket.
        raise ValueError(
            f"{uri} cannot be read ({code}): check that the object exists, and that you have s3:GetObject for it"
        ) from None


def artifact_of_file(path: Path, bucket: str | None, s3: Any) -> ModelArtifact:
    """Returns the artifact that a file becomes in S3.

    Its key contains a hash of its content, so the same file is stored only once.
    bucket: s3://BUCKET/PREFIX.
    Raises ValueError if `bucket` is None, or if the file is not a tar.gz.
    """
    if bucket is None:
        raise ValueError(f"{path} is a file: add --bucket s3://BUCKET/PREFIX, where it will be stored")
    bucket_name, prefix = parse_s3_uri(bucket)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    files = list_files(path)
    key = f"{prefix}{digest}/{FILE_NAME}"
    uri = f"s3://{bucket_name}/{key}"
    upload = None
    if object_etag(uri, s3) is None:
        upload = AwsRequest("s3", "put_object", {"Bucket": bucket_name, "Key": key, "Body": path})
    return ModelArtifact(uri, digest, files=files, upload=upload)


def list_files(path: Path) -> list[str]:
    """Returns the names of an archive's files. Raises ValueError if it is not a tar.gz."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return [name.removeprefix("./") for name in archive.getnames()]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"{path} is not a tar.gz: {error}") from None
