"""The environment, parsed once, typed. The template sets every one of these variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast, get_args

EndpointInput = Literal["batch", "image"]


@dataclass(frozen=True)
class Settings:
    """endpoint_input: `batch`, one call for many faces, as our own container takes; `image`, one call for each, as
    SageMaker's built-in image classification takes. Prefixes end with a slash."""

    endpoint_name: str
    endpoint_input: EndpointInput
    inbox_prefix: str
    results_prefix: str
    rejected_prefix: str


@dataclass(frozen=True)
class Queues:
    """Of the function behind the inbox alone."""

    queue_url: str
    dead_letter_queue_url: str


@dataclass(frozen=True)
class Store:
    """Of the function behind the API alone: where the images and the documents lie."""

    bucket: str


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises KeyError or ValueError that names the variable."""
    values = variables(Settings, environment)
    kind = values.pop("endpoint_input")
    if kind not in get_args(EndpointInput):
        raise ValueError(f"ENDPOINT_INPUT is {kind!r}, not one of {', '.join(get_args(EndpointInput))}")
    return Settings(endpoint_input=cast(EndpointInput, kind), **values)


def queues(environment: Mapping[str, str] = os.environ) -> Queues:
    """Raises KeyError that names the variable."""
    return Queues(**variables(Queues, environment))


def store(environment: Mapping[str, str] = os.environ) -> Store:
    """Raises KeyError that names the variable."""
    return Store(**variables(Store, environment))


def cors_origin(environment: Mapping[str, str] = os.environ) -> str:
    """The one origin whose pages may call the API, or `*`; empty: none may."""
    return environment.get("CORS_ORIGIN", "")


def variables(of: type[Any], environment: Mapping[str, str]) -> dict[str, str]:
    values = {}
    for field in fields(of):
        variable = field.name.upper()
        values[field.name] = environment.get(variable, "")
        if not values[field.name]:
            raise KeyError(f"the environment variable {variable} is not set; template.yaml sets it")
    return values
