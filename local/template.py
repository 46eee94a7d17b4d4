"""template.yaml, read and expanded as CloudFormation expands it.

The one place where everything that is local learns what the application is made of.
"""

import copy
import json
import logging
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parent.parent
PATH = ROOT / "template.yaml"
# What is made here and can be made again: the package, logs, results.
BUILD = ROOT / "build"
REFERENCE = r"\$\{([\w:]+)\}"
# What CloudFormation leaves out.
NO_VALUE = {"Ref": "AWS::NoValue"}
# Amazon API Gateway Developer Guide, "x-amazon-apigateway-gateway-responses object".
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def template() -> dict[str, Any]:
    """The application as it is written, with its intrinsic functions in long form."""
    return copy.deepcopy(parsed())


@cache
def parsed() -> dict[str, Any]:
    """Read once, because it takes a tenth of a second. Nobody may change it."""
    return yaml_parse(PATH.read_text())


def environment(references: dict[str, str]) -> dict[str, str]:
    """What the functions' variables are, all functions' together, with the template's defaults and what these names of
    parameters and resources refer to. Raises KeyError."""
    of = template()
    values = {**defaults(), **references}
    functions = [r for r in of["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    environments = [of["Globals"]["Function"], *(function["Properties"] for function in functions)]
    variables = [e["Environment"]["Variables"] for e in environments if "Environment" in e]
    return {name: text(value, values) for some in variables for name, value in some.items()}


def defaults() -> dict[str, str]:
    """What the parameters that have a default are."""
    return {name: str(p["Default"]) for name, p in parsed()["Parameters"].items() if "Default" in p}


def text(value: Any, values: Mapping[str, str]) -> str:
    """A reference, or a text with references in it, as it reads with these values. Raises KeyError."""
    match value:
        case {"Ref": name}:
            return values[name]
        case {"Fn::Sub": str(written)}:
            return re.sub(REFERENCE, lambda found: values[found[1]], written)
    return str(value)


def holds(condition: Any, values: Mapping[str, str]) -> bool:
    """Whether one of the template's conditions holds with these values of parameters."""
    match condition:
        case {"Fn::Equals": [one, other]}:
            return text(one, values) == text(other, values)
        case {"Fn::Not": [inner]}:
            return not holds(inner, values)
        case {"Fn::Or": conditions}:
            return any(holds(inner, values) for inner in conditions)
        case {"Condition": str(name)} | str(name):
            return holds(parsed()["Conditions"][name], values)
    raise ValueError(f"a condition of an unknown kind: {condition}")


def settled(part: Any, values: Mapping[str, str]) -> Any:
    """A part of the template as it is with these values of parameters: its conditions are decided, and what refers to
    them alone is text."""
    match part:
        case {"Ref": name} if name in values:
            return values[name]
        case {"Fn::Sub": str(written)} if all(name in values for name in re.findall(REFERENCE, written)):
            return text(part, values)
        case {"Fn::If": [condition, one, other]}:
            return settled(one if holds(condition, values) else other, values)
        case {**entries}:
            decided = {name: settled(entry, values) for name, entry in entries.items()}
            return {name: entry for name, entry in decided.items() if entry != NO_VALUE}
        case [*items]:
            return [item for item in (settled(item, values) for item in items) if item != NO_VALUE]
    return part


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


def api(**parameters: str) -> dict[str, Any]:
    """The API's body, as it is with these parameters, and the defaults of all others."""
    body: dict[str, Any] = template()["Resources"]["Api"]["Properties"]["DefinitionBody"]
    decided: dict[str, Any] = settled(body, defaults() | parameters)
    return decided


def gateway_responses(**parameters: str) -> dict[str, Any]:
    """What API Gateway answers by itself, by the type of the response."""
    responses: dict[str, Any] = api(**parameters)[GATEWAY_RESPONSES]
    return responses


class NoManagedPolicies:
    """Stands where SAM asks IAM for the ARNs of managed policies; the template names none."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    print(json.dumps(expanded(), indent=2))
