"""The environment variables, parsed once into typed values. template.yaml sets every one of them."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from mien.logic.labels import find_fault

EndpointInput = Literal["batch", "image"]
FacesSetting = Literal["model", "find", "whole"]
ResultFormat = Literal["documents", "lines"]


@dataclass(frozen=True)
class Settings:
    """Settings of all functions that classify.

    endpoint_name: name of the SageMaker endpoint.
    endpoint_input: `batch` if one call carries many faces (our container), `image` if one call carries one face
        (SageMaker's built-in image classification).
    labels: of SageMaker's built-in image classification, in the order of its outputs. Our container names its own.
    faces: `find` to look for faces, `whole` to take the central square of every image, `model` for what the model says.
    result_format: `documents` for an object per image, `lines` for an object of JSON Lines per batch.
    inbox_prefix, results_prefix, rejected_prefix, reviews_prefix: prefixes of object keys; each ends with a slash.
    """

    endpoint_name: str
    endpoint_input: EndpointInput
    labels: tuple[str, ...]
    faces: FacesSetting
    result_format: ResultFormat
    inbox_prefix: str
    results_prefix: str
    rejected_prefix: str
    reviews_prefix: str


@dataclass(frozen=True)
class QueueSettings:
    """URLs of the queues. Only the inbox function has them."""

    queue_url: str
    dead_letter_queue_url: str


@dataclass(frozen=True)
class BucketSettings:
    """The bucket with images and documents. The inbox function accepts no message about another bucket."""

    bucket: str


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises KeyError or ValueError that names the variable."""
    values: dict[str, Any] = dict(read_variables(Settings, environment))
    check_choice("ENDPOINT_INPUT", values["endpoint_input"], get_args(EndpointInput))
    check_choice("FACES", values["faces"], get_args(FacesSetting))
    check_choice("RESULT_FORMAT", values["result_format"], get_args(ResultFormat))
    values["labels"] = tuple(values["labels"].split(","))
    if fault := find_fault(values["labels"]):
        raise ValueError(f"LABELS, which has the template's parameter Labels: {fault}")
    return Settings(**values)


def check_choice(variable: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{variable} is {value!r}, not one of {', '.join(choices)}")


def read_queue_settings(environment: Mapping[str, str] = os.environ) -> QueueSettings:
    """Raises KeyError that names the variable."""
    return QueueSettings(**read_variables(QueueSettings, environment))


def read_bucket_settings(environment: Mapping[str, str] = os.environ) -> BucketSettings:
    """Raises KeyError that names the variable."""
    return BucketSettings(**read_variables(BucketSettings, environment))


def read_cors_origin(environment: Mapping[str, str] = os.environ) -> str:
    """Returns the origin whose pages may call the API, `*` for every origin, or an empty string for no origin."""
    return environment.get("CORS_ORIGIN", "")


def find_detector(environment: Mapping[str, str] = os.environ, path: Sequence[str] = sys.path) -> Path:
    """Returns the face detector's file, an ONNX model.

    The variable DETECTOR names it: relative to a folder on Python's path, or absolutely. The layer is there:
    Lambda unpacks it into /opt, and /opt/python is on the path.

    path: folders, searched in their order.

    Raises KeyError if the variable is not set, and FileNotFoundError if there is no such file.
    """
    name = read_variable("DETECTOR", environment)
    for folder in path:
        file = Path(folder, name)
        if file.is_file():
            return file
    raise FileNotFoundError(f"{name} is in no folder of Python's path; the layer in template.yaml has it")


def read_variables(target: type[Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Returns a value for each field of the dataclass `target`, from the variable with the field's name in capitals."""
    return {field.name: read_variable(field.name.upper(), environment) for field in fields(target)}


def read_variable(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise KeyError(f"the environment variable {name} is not set; template.yaml sets it")
    return value
