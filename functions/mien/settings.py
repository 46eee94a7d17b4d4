"""The environment variables, parsed once into typed values. template.yaml sets every one of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, cast, get_args

EndpointInput = Literal["batch", "image"]
Faces = Literal["find", "whole"]
# Where Lambda puts the file of the detector's layer. Outside of Lambda, the variable DETECTOR names another file.
DETECTOR = "/opt/detector.onnx"


@dataclass(frozen=True)
class Settings:
    """Settings of all functions that classify.

    endpoint_name: name of the SageMaker endpoint.
    endpoint_input: `batch` if one call carries many faces (our container), `image` if one call carries one face
        (SageMaker's built-in image classification).
    faces: `find` to look for faces, `whole` to take the central square of every image as a face.
    detector: path of the face detector.
    inbox_prefix, results_prefix, rejected_prefix: prefixes of object keys; each ends with a slash.
    """

    endpoint_name: str
    endpoint_input: EndpointInput
    faces: Faces
    detector: str
    inbox_prefix: str
    results_prefix: str
    rejected_prefix: str


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
    values = read_variables(Settings, {"DETECTOR": DETECTOR, **environment})
    endpoint_input = cast(
        EndpointInput, choose("ENDPOINT_INPUT", values.pop("endpoint_input"), get_args(EndpointInput))
    )
    faces = cast(Faces, choose("FACES", values.pop("faces"), get_args(Faces)))
    return Settings(endpoint_input=endpoint_input, faces=faces, **values)


def choose(variable: str, value: str, choices: Sequence[str]) -> str:
    if value not in choices:
        raise ValueError(f"{variable} is {value!r}, not one of {', '.join(choices)}")
    return value


def read_queue_settings(environment: Mapping[str, str] = os.environ) -> QueueSettings:
    """Raises KeyError that names the variable."""
    return QueueSettings(**read_variables(QueueSettings, environment))


def read_bucket_settings(environment: Mapping[str, str] = os.environ) -> BucketSettings:
    """Raises KeyError that names the variable."""
    return BucketSettings(**read_variables(BucketSettings, environment))


def read_cors_origin(environment: Mapping[str, str] = os.environ) -> str:
    """Returns the origin whose pages may call the API, `*` for every origin, or an empty string for no origin."""
    return environment.get("CORS_ORIGIN", "")


def read_variables(target: type[Any], environment: Mapping[str, str]) -> dict[str, str]:
    """Returns a value for each field of the dataclass `target`, from the variable with the field's name in capitals."""
    values = {}
    for field in fields(target):
        variable = field.name.upper()
        values[field.name] = environment.get(variable, "")
        if not values[field.name]:
            raise KeyError(f"the environment variable {variable} is not set; template.yaml sets it")
    return values
