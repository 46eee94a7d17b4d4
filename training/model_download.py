"""Downloads the model of a SageMaker training job, or a model.tar.gz from S3."""

import os
import re
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from training.model_archive import MAX_BYTES, NoModel
from training.s3_uri import parse_s3_uri

# A training job's name (Amazon SageMaker API Reference, "CreateTrainingJob").
JOB_NAME = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")


def download_artifact(source: str, target: Path, tried: str = "") -> Path:
    """Downloads a model.tar.gz, and returns its path, which is `target`.

    source: s3://BUCKET/KEY, or the name of a training job.
    tried: what was looked for on this machine before; it begins the sentence of an error.

    Raises NoModel if there is none, or if AWS can't be reached or refuses.
    """
    begin = f"{tried}; " if tried else ""
    is_uri = source.startswith("s3://")
    if not is_uri and not JOB_NAME.fullmatch(source):
        raise NoModel(f"{begin}a SageMaker training job cannot have this name")
    # boto3 itself reads only AWS_DEFAULT_REGION.
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    if not is_uri and not session.region_name:
        raise NoModel(f"{begin}SageMaker was not asked for a training job {source}, because AWS_REGION is not set")
    try:
        uri = source if is_uri else artifact_uri(source, session)
        return download_object(uri, target, session.client("s3"))
    except ClientError as error:
        answer = error.response["Error"]
        asked = f"S3 answered for {source}" if is_uri else f"SageMaker answered for training job {source}"
        raise NoModel(f"{begin}{asked}: {answer.get('Message') or answer.get('Code')}") from None
    except (BotoCoreError, Boto3Error) as error:
        raise NoModel(f"{begin}AWS gave no answer about {source}: {str(error).rstrip('.')}") from None


def artifact_uri(job: str, session: boto3.Session) -> str:
    """Where a training job has stored its model. Raises NoModel if it has none yet."""
    described: dict[str, Any] = session.client("sagemaker").describe_training_job(TrainingJobName=job)
    uri = described.get("ModelArtifacts", {}).get("S3ModelArtifacts")
    status = described["TrainingJobStatus"]
    if not uri or status not in ("Completed", "Stopped"):
        raise NoModel(f"training job {job} is {status} and has not written a model")
    return str(uri)


def download_object(uri: str, target: Path, s3: Any) -> Path:
    """Downloads a model.tar.gz, and returns its path, which is `target`.

    s3: boto3's client.

    Raises NoModel if the URI has no key or the object is too large, and botocore's errors.
    """
    try:
        bucket, prefix = parse_s3_uri(uri)
    except ValueError as error:
        raise NoModel(str(error)) from None
    key = prefix.removesuffix("/")
    if not key:
        raise NoModel(f"{uri} has no key: write it as s3://BUCKET/KEY/model.tar.gz")
    size = int(s3.head_object(Bucket=bucket, Key=key)["ContentLength"])
    if size > MAX_BYTES:
        raise NoModel(f"{uri} is not a model: it has {size / 1e9:.1f} GB, and the limit is {MAX_BYTES / 1e9:g} GB")
    s3.download_file(bucket, key, str(target))
    return target
