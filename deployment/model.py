"""Puts a model into the bucket of artifacts, where hosting.yaml's endpoint reads it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deployment.artifacts import MODELS, models_uri, upload_model
from deployment.names import Names
from deployment.progress import show, show_bytes
from mien.logic.contract import Contract
from training.hosting.artifact import FILE_NAME, ModelArtifact, Source, find_artifact
from training.hosting.container import Container, choose_container, default_kind
from training.hosting.deploy import expected_contract
from training.hosting.inventory import Clients
from training.hosting.options import ContainerKind, Hosting
from training.hosting.wheels import choose_wheels
from training.s3_uri import parse_s3_uri

# The model of this repository.
DEFAULT_MODEL = "models"


@dataclass(frozen=True)
class ModelOptions:
    """Which model is deployed, and how it is served.

    word: a folder, a file, a job or an object in S3, as training.model_source describes it. None keeps what is
        deployed, and takes the model of this repository at first.
    container, image: None chooses what fits the model.
    labels: of a model of SageMaker's built-in algorithm.
    """

    word: str | None
    container: ContainerKind | None = None
    image: str | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PreparedModel:
    """A model that was checked, and that can be stored in the bucket of artifacts.

    key: of the object in the bucket. It contains a hash of the content.
    contract: what the model reads, and its labels.
    store: stores it, if it is not there already.
    """

    key: str
    container: Container
    contract: Contract
    store: Callable[[], None]


def prepare_model(
    word: str,
    options: ModelOptions,
    names: Names,
    hosting: Hosting,
    clients: Clients,
    scratch: Path,
    is_offline: bool = False,
) -> PreparedModel:
    """Finds a model, runs it once, and packs it. Nothing is sent but questions.

    word: as ModelOptions.word.
    scratch: an empty folder, which has to exist until the model has been stored.
    is_offline: the bucket does not exist yet, so nobody asks what is stored.

    Raises ValueError if there is no such model, if it is not as its model.json describes it, or if the container can't
    serve it.
    """
    source = Source(word, models_uri(names), options.container == "built-in", is_offline)
    artifact = find_packed(source, options, hosting, clients, scratch)
    container = choose_container(options.container, options.image, artifact, hosting, names.region)
    contract = expected_contract(artifact, container, options.labels)
    bucket, prefix = parse_s3_uri(artifact.uri)
    key = prefix.removesuffix("/")
    if bucket == names.artifacts_bucket:
        return PreparedModel(key, container, contract, lambda: upload(artifact, clients["s3"]))
    # An artifact that is stored elsewhere and served as it is: hosting.yaml's role may read this bucket only.
    copy = f"{MODELS}/{artifact.version.replace('-', '')}/{FILE_NAME}"
    source_object = {"Bucket": bucket, "Key": key}
    return PreparedModel(
        copy, container, contract, lambda: clients["s3"].copy(source_object, names.artifacts_bucket, copy)
    )


def find_packed(
    source: Source, options: ModelOptions, hosting: Hosting, clients: Clients, scratch: Path
) -> ModelArtifact:
    """Returns the artifact, with the wheels of its code if SageMaker's PyTorch container serves it."""
    with show(f"checking the model {source.word}") as remark:
        wheels = choose_wheels(None, options.container, options.image, True, hosting)
        if not source.is_local and wheels:
            found = find_artifact(source, clients, folder(scratch, "found"))
            if default_kind(options.image, found) == "built-in":
                return found
        if wheels:
            remark("with the packages that its container installs")
        return find_artifact(replace(source, wheels=wheels), clients, folder(scratch, "packed"))


def folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir()
    return path


def upload(artifact: ModelArtifact, s3: Any) -> None:
    """Sends the artifact's upload with a bar, if it is not stored already."""
    if artifact.upload is None:
        return
    parameters = artifact.upload.parameters
    archive: Path = parameters["Body"]
    with show_bytes("uploading the model", archive.stat().st_size) as on_sent:
        upload_model(s3, archive, parameters["Bucket"], parameters["Key"], on_sent)
