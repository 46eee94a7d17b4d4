"""Finds the model to deploy, checks it, and packs it if it is a folder or a file on this machine."""

import hashlib
import json
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from mien.logic.contract import Contract, parse_contract
from training.hosting.options import ANY_BUCKET, Architecture
from training.hosting.packing import check_model, pack_model
from training.hosting.request import AwsRequest
from training.hosting.wheels import download_wheels
from training.model_download import download_object
from training.model_source import JOBS, find_model
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
    contract: what its model.json says to the functions; None for a model of SageMaker's own image classification.
    network: name of the model's file; empty if there is no contract.
    training_image: the image of the training job that wrote it; empty if no job is known.
    files: the names of its files; empty if they were not read.
    upload: the request that stores it; None if it is stored already.
    """

    uri: str
    version: str
    contract: Contract | None = None
    network: str = ""
    training_image: str = ""
    files: Sequence[str] = ()
    upload: AwsRequest | None = None

    @property
    def is_built_in(self) -> bool:
        """Whether SageMaker's own image classification trained the model."""
        return BUILT_IN_IMAGE.search(self.training_image) is not None


@dataclass(frozen=True)
class Source:
    """Where the model to deploy is, and where it is stored.

    word: a folder, a file, a job or s3://BUCKET/KEY/model.tar.gz, as training.model_source describes it.
    bucket: where a model of this machine is stored, s3://BUCKET/PREFIX.
    is_built_in: the model is known to be one of SageMaker's own image classification, which has no model.json.
    is_offline: there is no account, so the model is taken to be not stored yet.
    wheels: the model is packed, again if it is an archive, with the packages that its code needs on these processors.
    """

    word: str
    bucket: str | None
    is_built_in: bool = False
    is_offline: bool = False
    wheels: Architecture | None = None

    @property
    def is_local(self) -> bool:
        """Whether the model is on this machine."""
        if not self.word:
            return False
        return Path(self.word).exists() or ("/" not in self.word and (JOBS / self.word).is_dir())

    @property
    def is_packed(self) -> bool:
        """Whether the model is packed in any case: it is on this machine, and not an archive already."""
        return self.is_local and not (Path(self.word).is_file() and self.word.endswith((".tar.gz", ".tgz")))


def find_artifact(source: Source, clients: Mapping[str, Any], scratch: Path) -> ModelArtifact:
    """Finds the model to deploy, and checks it by running it once.

    clients: boto3's clients by service; sagemaker and s3 are used.
    scratch: an empty folder, which has to exist until the artifact's `upload` has been sent.

    Raises ValueError if there is no such model, if it cannot be read, or if it is not as its model.json describes it.
    """
    s3, word = clients["s3"], source.word
    if source.is_local:
        return artifact_of_path(Path(word), source, s3, scratch)
    if word.startswith("s3://"):
        etag = object_etag(word, s3)
        if etag is None:
            raise ValueError(f"there is no object {word}")
        artifact = ModelArtifact(word, etag)
    elif "/" in word or word.endswith((".gz", ".onnx")):
        raise ValueError(f"there is no file or folder {word}")
    elif not JOB_NAME.fullmatch(word):
        raise ValueError(
            f"{word!r} cannot be deployed: give a training job's name, s3://BUCKET/KEY/{FILE_NAME}, a folder or a file"
        )
    else:
        artifact = artifact_of_job(word, clients["sagemaker"], s3)
    if source.is_built_in or artifact.is_built_in:
        if source.wheels:
            raise ValueError(
                "--wheels is for SageMaker's PyTorch container, and another one serves this model: leave it out"
            )
        return artifact
    if source.wheels and source.bucket is None:
        raise ValueError("--wheels packs the model again: add --bucket s3://BUCKET/PREFIX, where it will be stored")
    archive = download_object(artifact.uri, scratch / f"downloaded-{FILE_NAME}", s3)
    if source.wheels:
        return replace(artifact_of_path(archive, source, s3, scratch), training_image=artifact.training_image)
    return checked(artifact, archive, word)


def artifact_of_path(path: Path, source: Source, s3: Any, scratch: Path) -> ModelArtifact:
    """Returns the artifact that a model of this machine becomes in S3.

    path: of `source`, or where it was downloaded.

    Its key contains a hash of its content, so the same model is stored only once.
    Raises ValueError if `source.bucket` is None.
    """
    if source.bucket is None:
        raise ValueError(f"{path} is on this machine: add --bucket s3://BUCKET/PREFIX, where it will be stored")
    bucket_name, prefix = parse_s3_uri(source.bucket)
    is_packed = source.is_packed or source.wheels is not None
    archive = scratch / FILE_NAME if is_packed else path
    if is_packed:
        with find_model(path) as folder:
            pack_model(folder, archive, download_wheels(scratch / "wheels", source.wheels) if source.wheels else {})
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    key = f"{prefix}{digest}/{FILE_NAME}"
    uri = f"s3://{bucket_name}/{key}"
    upload = AwsRequest("s3", "put_object", {"Bucket": bucket_name, "Key": key, "Body": archive})
    is_known = not source.is_offline and source.bucket != ANY_BUCKET
    is_stored = is_known and object_etag(uri, s3) is not None
    artifact = ModelArtifact(uri, digest, upload=None if is_stored else upload)
    if source.is_built_in:
        return replace(artifact, files=list_files(archive))
    return checked(artifact, archive, source.word)


def checked(artifact: ModelArtifact, archive: Path, word: str) -> ModelArtifact:
    """Returns the artifact with what its archive says of the model.

    word: the model's name in errors.
    Raises ValueError if the model can't be served.
    """
    files = list_files(archive)
    with find_model(archive) as folder:
        try:
            described = check_model(folder)
        except ValueError as error:
            raise ValueError(str(error).replace(str(folder), word)) from None
    contract = parse_contract(json.dumps(described.description).encode())
    return replace(artifact, contract=contract, network=described.file, files=files)


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
    image = job.get("AlgorithmSpecification", {}).get("TrainingImage", "")
    return ModelArtifact(uri, etag, training_image=image)


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


def list_files(path: Path) -> list[str]:
    """Returns the names of an archive's files. Raises ValueError if it is not a tar.gz."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return [name.removeprefix("./") for name in archive.getnames()]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"{path} is not a tar.gz: {error}") from None
