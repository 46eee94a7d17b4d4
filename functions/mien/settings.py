"""The environment, parsed once, typed. The template sets every one of these variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

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


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Raises KeyError or ValueError that names the variable."""
    values = {}
    for name in Settings.__dataclass_fields__:
        value = environment.get(name.upper(), "")
        if not value:
            raise KeyError(f"the environment variable {name.upper()} is not set; template.yaml sets it")
        values[name] = value
    kind = values.pop("endpoint_input")
    if kind not in get_args(EndpointInput):
        raise ValueError(f"ENDPOINT_INPUT is {kind!r}, not one of {', '.join(get_args(EndpointInput))}")
    return Settings(endpoint_input=cast(EndpointInput, kind), **values)
