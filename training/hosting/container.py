"""Chooses the container that serves a model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from training.hosting.artifact import BUILT_IN_IMAGE, ModelArtifact
from training.hosting.images import built_in_image, pytorch_image
from training.hosting.options import ContainerKind, Hosting, Serverless, architecture_of
from training.hosting.wheels import validate_wheels

ECR_IMAGE = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/\S+")
# The files that each container reads in an artifact, as patterns. What else is in code/ depends on the version of Mien
# that has packed it.
REQUIRED_FILES: dict[ContainerKind, Sequence[str]] = {
    "stock": ("code/inference.py", "code/requirements.txt", "model.json"),
    "slim": ("model.json",),
    "built-in": ("*-symbol.json", "*.params"),
}


@dataclass(frozen=True)
class Container:
    """The image that serves a model, and its environment variables."""

    kind: ContainerKind
    image: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint_input(self) -> Literal["batch", "image"]:
        """The value that the template's EndpointInput needs for this container."""
        return "image" if self.kind == "built-in" else "batch"


def choose_container(
    kind: ContainerKind | None, image: str | None, artifact: ModelArtifact, hosting: Hosting, region: str
) -> Container:
    """Returns the container that serves the artifact.

    kind: None chooses the kind that fits the artifact and the image.
    image: the URI of an image in Amazon ECR; None uses SageMaker's own image.
    region: the endpoint's region.

    Raises ValueError if the container cannot serve the model, or if SageMaker could not pull the image.
    """
    if kind is None:
        kind = default_kind(image, artifact)
    validate_kind(kind, artifact)
    if artifact.files:
        validate_files(kind, artifact.files)
    if kind == "slim" and artifact.network and not artifact.network.endswith(".onnx"):
        raise ValueError(
            f"--container slim has no PyTorch, and {artifact.network} is TorchScript: use --container stock, or export "
            "the model to ONNX"
        )
    if image:
        validate_image(image, region)
    if kind == "slim":
        if not image:
            raise ValueError(
                "--container slim needs --image URI: build training/container/Dockerfile, push it to a repository of "
                "Amazon ECR, and give its URI"
            )
        return Container(kind, image)
    architecture = architecture_of(hosting)
    if kind == "built-in":
        if architecture == "arm64":
            raise ValueError("the built-in algorithm has no container for Arm: use --instance-type ml.c7i.large")
        return Container(kind, image or artifact.training_image or built_in_image(region))
    validate_wheels(artifact.files, architecture)
    return Container(kind, image or pytorch_image(region, architecture), stock_environment(hosting, region))


def default_kind(image: str | None, artifact: ModelArtifact) -> ContainerKind:
    """Returns the kind of container that fits the image, or the artifact if no image is given."""
    if image:
        return "built-in" if BUILT_IN_IMAGE.search(image) else "slim"
    return "built-in" if artifact.is_built_in else "stock"


def validate_kind(kind: ContainerKind, artifact: ModelArtifact) -> None:
    """Raises ValueError if this kind of container cannot serve a model of this training job."""
    if not artifact.training_image or artifact.is_built_in == (kind == "built-in"):
        return
    if artifact.is_built_in:
        trainer, usable = "SageMaker's built-in image classification", "built-in"
    else:
        trainer, usable = "training/container/train.py", "stock or slim"
    raise ValueError(f"--container {kind} cannot serve a model that {trainer} has trained: use --container {usable}")


def validate_files(kind: ContainerKind, files: Sequence[str]) -> None:
    """Raises ValueError if the artifact lacks a file that the container reads.

    Without this check, the deployment would fail after minutes.
    """
    for pattern in REQUIRED_FILES[kind]:
        if not any(fnmatchcase(file, pattern) and file.count("/") == pattern.count("/") for file in files):
            found = ", ".join(files[:5]) or "no files"
            raise ValueError(
                f"--container {kind} reads {pattern}, which the artifact does not have (it has {found}): unpack it and "
                "deploy the folder, which packs it with the code that serves it"
            )


def validate_image(uri: str, region: str) -> None:
    """Raises ValueError if the image is not in Amazon ECR in the endpoint's region.

    Source: Amazon SageMaker API Reference, "ContainerDefinition".
    """
    match = ECR_IMAGE.fullmatch(uri)
    if not match:
        raise ValueError(
            f"--image {uri!r} is not an image in Amazon ECR, such as "
            f"123456789012.dkr.ecr.{region}.amazonaws.com/REPOSITORY:TAG; SageMaker accepts no other"
        )
    if match["region"] != region:
        raise ValueError(
            f"--image {uri} is in {match['region']}, and the endpoint is in {region}: push the image there too"
        )


def stock_environment(hosting: Hosting, region: str) -> dict[str, str]:
    """Returns the environment variables of SageMaker's PyTorch container."""
    environment = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": region,
    }
    if isinstance(hosting, Serverless):
        # A serverless container gets one call at a time, and a second worker would only use memory (Amazon SageMaker
        # AI Developer Guide, "Deploy models with Amazon SageMaker Serverless Inference", container support).
        environment["SAGEMAKER_MODEL_SERVER_WORKERS"] = "1"
    return environment
