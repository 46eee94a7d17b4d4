"""template.yaml, read and expanded as CloudFormation expands it.

The one place where everything that is local learns what the application is made of.
"""

import json
import logging
import os
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parent.parent
PATH = ROOT / "template.yaml"
# What is made here and can be made again: the package, logs, results.
BUILD = ROOT / "build"
# Amazon API Gateway Developer Guide, "x-amazon-apigateway-gateway-responses object".
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def template() -> dict[str, Any]:
    """The application as it is written, with its intrinsic functions in long form."""
    return yaml_parse(PATH.read_text())


def environment(references: dict[str, str]) -> dict[str, str]:
    """What the functions' variables are, all functions' together, with the template's defaults and what these names of
    parameters and resources refer to. Raises KeyError."""
    of = template()
    defaults = {name: str(p["Default"]) for name, p in of["Parameters"].items() if "Default" in p}
    values = {**defaults, **references}
    functions = [r for r in of["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    environments = [of["Globals"]["Function"], *(function["Properties"] for function in functions)]
    variables = [e["Environment"]["Variables"] for e in environments if "Environment" in e]
    return {name: values[value["Ref"]] for some in variables for name, value in some.items()}


def with_code(bucket: str, key: str) -> dict[str, Any]:
    """The template as `sam package` leaves it: the code is an object in a bucket."""
    packaged = template()
    packaged["Globals"]["Function"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    return packaged


def expanded() -> dict[str, Any]:
    """The plain CloudFormation that SAM makes of the template."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns of features that are not for its users
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # SAM looks one up, and then writes ${AWS::Region}
    return transform(with_code("code", "functions.zip"), {}, NoManagedPolicies())


def gateway_responses() -> dict[str, Any]:
    """What API Gateway answers by itself, by the type of the response."""
    responses: dict[str, Any] = expanded()["Resources"]["Api"]["Properties"]["Body"][GATEWAY_RESPONSES]
    return responses


class NoManagedPolicies:
    """Stands where SAM asks IAM for the ARNs of managed policies; the template names none."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    print(json.dumps(expanded(), indent=2))
