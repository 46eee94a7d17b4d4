"""What `deploy` is given → what is to be served: a model's artifact in S3, and the container that reads it."""

import hashlib
import re
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from training.hosting.options import Hosting, Instances, Kind, Serverless, arm
from training.hosting.request import Request
from training.s3_uri import parse_s3_uri

ARTIFACT = "model.tar.gz"
# A training job's name (Amazon SageMaker API Reference, "CreateTrainingJob").
JOB = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
BUILT_IN = re.compile(r"/image-classification[:@]")
ECR = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/\S+")
# What each container looks for in an artifact.
READ: dict[Kind, Sequence[str]] = {
    "stock": ("code/inference.py", "model.json", "model.onnx"),
    "slim": ("model.json", "model.onnx"),
    "built-in": ("*-symbol.json", "*.params"),
}
# The PyTorch container whose Python is new enough for the pinned ONNX Runtime. PyTorch itself is not used in it.
PYTORCH, PYTHON = "2.6.0", "py312"
# Any instance without a GPU stands for the container's build for processors: ONNX Runtime computes on those.
PROCESSOR = "ml.c5.large"
INSTALL = "make .venv-training/sagemaker"


@dataclass(frozen=True)
class Source:
    """uri: s3://.../model.tar.gz; version: changes with the artifact's content; trained_in: the image of the training
    job, or empty if none is known; files: what the artifact holds, or empty if it was not looked into; upload: the
    request that brings the artifact to its place, if it is not there."""

    uri: str
    version: str
    trained_in: str = ""
    files: Sequence[str] = ()
    upload: Request | None = None

    @property
    def built_in(self) -> bool:
        """Whether SageMaker's own image classification trained it."""
        return BUILT_IN.search(self.trained_in) is not None


@dataclass(frozen=True)
class Container:
    kind: Kind
    image: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes(self) -> Literal["batch", "image"]:
        """What the template's EndpointInput must be."""
        return "image" if self.kind == "built-in" else "batch"


def source(given: str, bucket: str | None, clients: Mapping[str, Any]) -> Source:
    """given: a training job's name, s3://.../model.tar.gz, or a file. Raises ValueError."""
    if given.startswith("s3://"):
        etag = etag_of(given, clients["s3"])
        if etag is None:
            raise ValueError(f"there is no object {given}")
        return Source(given, etag)
    path = Path(given)
    if path.is_file():
        return of_file(path, bucket, clients["s3"])
    if "/" in given or given.endswith(".gz"):
        raise ValueError(f"there is no file {given}")
    if not JOB.fullmatch(given):
        raise ValueError(f"{given!r} is no training job's name, no s3://BUCKET/KEY, and no file")
    return of_job(given, clients["sagemaker"], clients["s3"])


def of_job(name: str, sagemaker: Any, s3: Any) -> Source:
    try:
        job = sagemaker.describe_training_job(TrainingJobName=name)
    except ClientError as error:
        raise ValueError(f"training job {name}: {error.response['Error'].get('Message')}") from None
    status = job["TrainingJobStatus"]
    if status not in ("Completed", "Stopped"):
        reason = job.get("FailureReason")
        raise ValueError(
            f"training job {name} is {status}, not Completed or Stopped" + (f": {reason}" if reason else "")
        )
    uri = job.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    etag = etag_of(uri, s3) if uri else None
    if etag is None:
        raise ValueError(missing_artifact(name, status, uri, job.get("CheckpointConfig", {}).get("S3Uri")))
    return Source(uri, etag, job.get("AlgorithmSpecification", {}).get("TrainingImage", ""))


def missing_artifact(name: str, status: str, uri: str, checkpoints: str | None) -> str:
    if status == "Completed":
        return f"training job {name} is Completed, but its artifact {uri} is gone: give another job, or a copy of it"
    rest = (
        f"its checkpoints lie under {checkpoints}, and a new job with the same CheckpointConfig goes on from there"
        if checkpoints
        else "it had no CheckpointConfig either, so that nothing is left of it: train again"
    )
    return f"training job {name} was Stopped before it wrote an artifact ({uri or 'none is named'}): {rest}"


def etag_of(uri: str, s3: Any) -> str | None:
    """An object's ETag, which changes with its content, or None if there is no such object. Raises ValueError."""
    bucket, prefix = parse_s3_uri(uri)
    if not prefix:
        raise ValueError(f"{uri} names no object: s3://BUCKET/KEY/{ARTIFACT}")
    try:
        return str(s3.head_object(Bucket=bucket, Key=prefix.removesuffix("/"))["ETag"]).strip('"')
    except ClientError as error:
        code = error.response["Error"].get("Code")
        if code in ("404", "NoSuchKey", "NoSuchBucket"):
            return None
        # S3 answers 403 for what is not there too, unless one may list the bucket.
        raise ValueError(f"{uri} can't be read ({code}): is it there, and have you s3:GetObject for it?") from None


def of_file(path: Path, bucket: str | None, s3: Any) -> Source:
    """The key is made of the content, so that what lies there already is not sent again."""
    if bucket is None:
        raise ValueError(f"{path} is a file: --bucket s3://BUCKET/PREFIX says where it is to lie")
    place, prefix = parse_s3_uri(bucket)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:32]
    files = files_of(path)
    key = f"{prefix}{digest}/{ARTIFACT}"
    uri = f"s3://{place}/{key}"
    upload = None if etag_of(uri, s3) else Request("s3", "put_object", {"Bucket": place, "Key": key, "Body": path})
    return Source(uri, digest, files=files, upload=upload)


def files_of(path: Path) -> list[str]:
    """Raises ValueError if it is no tar.gz."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return [name.removeprefix("./") for name in archive.getnames()]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"{path} is no tar.gz: {error}") from None


def check_files(kind: Kind, files: Sequence[str]) -> None:
    """Raises ValueError if what the container reads is not where it looks, which would show only after minutes."""
    for name in READ[kind]:
        if not any(fnmatchcase(file, name) and file.count("/") == name.count("/") for file in files):
            raise ValueError(
                f"--container {kind} reads {name} in the artifact, which has no such file, but "
                f"{', '.join(files[:5]) or 'none'}: make it inside the model's folder, with tar -czf {ARTIFACT} *"
            )


def container(kind: Kind | None, image: str | None, of: Source, hosting: Hosting, region: str) -> Container:
    """kind, image: as asked for; None takes what fits the source. Raises ValueError."""
    built_in = BUILT_IN.search(image) is not None if image else of.built_in
    kind = kind or ("built-in" if built_in else "slim" if image else "stock")
    if of.trained_in and of.built_in != (kind == "built-in"):
        theirs, ours = "SageMaker's built-in image classification", "training/container/train.py"
        made, serves = (theirs, "built-in") if of.built_in else (ours, "stock or slim")
        raise ValueError(f"--container {kind} can't serve what {made} has trained: take --container {serves}")
    if of.files:
        check_files(kind, of.files)
    if image:
        check_image(image, region)
    on_arm = isinstance(hosting, Instances) and arm(hosting.type)
    if kind == "slim":
        if not image:
            raise ValueError(
                "--container slim needs --image URI: build training/container/Dockerfile, push it to a repository of "
                "Amazon ECR, and give its URI"
            )
        return Container(kind, image)
    if kind == "built-in":
        if on_arm:
            raise ValueError("the built-in algorithm has no container for Arm: take --instance-type ml.c7i.large")
        return Container(kind, image or of.trained_in or image_uri("image-classification", region))
    instance_type = hosting.type if isinstance(hosting, Instances) and on_arm else PROCESSOR
    environment = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": region,
    }
    if isinstance(hosting, Serverless):
        # A serverless container has one call at a time, and a second worker would only take memory (Amazon SageMaker
        # AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", container support).
        environment["SAGEMAKER_MODEL_SERVER_WORKERS"] = "1"
    return Container(kind, image or image_uri("pytorch", region, instance_type), environment)


def check_image(uri: str, region: str) -> None:
    """Amazon SageMaker API Reference, "ContainerDefinition": the image is in ECR, in the endpoint's region."""
    found = ECR.fullmatch(uri)
    if not found:
        raise ValueError(
            f"--image {uri!r} is no image in Amazon ECR, as in "
            f"123456789012.dkr.ecr.{region}.amazonaws.com/REPOSITORY:TAG; SageMaker takes no other"
        )
    if found["region"] != region:
        raise ValueError(f"--image {uri} is in {found['region']}, and the endpoint in {region}: push it there too")


def image_uri(framework: str, region: str, instance_type: str | None = None) -> str:
    """Which registry holds SageMaker's own containers differs by region, and only the SDK knows."""
    try:
        from sagemaker.core import image_uris
    except ImportError:
        raise ValueError(
            f"the container's URI comes from the SageMaker SDK, which is not installed: {INSTALL} does that; or give "
            "the URI of an image as --image"
        ) from None
    if framework != "pytorch":
        return str(image_uris.retrieve(framework, region))
    return str(
        image_uris.retrieve(
            framework, region, PYTORCH, py_version=PYTHON, instance_type=instance_type, image_scope="inference"
        )
    )
