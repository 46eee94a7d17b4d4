"""Reads template.yaml and resolves it as AWS SAM and CloudFormation do.

All local code and the tests read names, limits and variables of the application from the template in this way.
`python -m local.template` prints the CloudFormation template that SAM generates, with the resources of CodeDeploy.
"""

import copy
import json
import logging
import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from local.paths import TEMPLATE

# `${Name}` and `${AWS::Region}` in the text of an Fn::Sub.
REFERENCE = r"\$\{([\w:]+)\}"
# Names of the objects with the functions' code and with the layer.
FUNCTIONS_KEY = "functions.zip"
LAYER_KEY = "layer.zip"
# CloudFormation removes a property that has this value.
NO_VALUE = {"Ref": "AWS::NoValue"}
# How stacks on AWS pass to new versions of the functions. With it, the stack has all its resources.
SHIFT = "Canary10Percent5Minutes"
# Amazon API Gateway Developer Guide, "x-amazon-apigateway-gateway-responses object".
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"


def load_template() -> dict[str, Any]:
    """The SAM template as written, with intrinsic functions in their long form. The caller may change its copy."""
    return copy.deepcopy(parse_template())


@cache
def parse_template() -> dict[str, Any]:
    """The same as load_template, but shared: callers must not change it. Parsing needs 0.1 s, so it is done once."""
    return yaml_parse(TEMPLATE.read_text())


def default_parameters() -> dict[str, str]:
    """Default values of the template's parameters. Parameters without a default are left out."""
    return {
        name: str(parameter["Default"])
        for name, parameter in parse_template()["Parameters"].items()
        if "Default" in parameter
    }


def function_environment(references: Mapping[str, str]) -> dict[str, str]:
    """The environment variables of all functions together, as CloudFormation would set them.

    references: values of the parameters and resources that the variables refer to. Parameters that are missing have
        their defaults.

    Raises KeyError if a reference has no value.
    """
    template = parse_template()
    values = {**default_parameters(), **references}
    functions = [r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Function"]
    configurations = [template["Globals"]["Function"], *(function["Properties"] for function in functions)]
    environment: dict[str, str] = {}
    for configuration in configurations:
        variables = configuration.get("Environment", {}).get("Variables", {})
        environment |= {name: resolve_text(value, values) for name, value in variables.items()}
    return environment


def resolve_text(value: Any, values: Mapping[str, str]) -> str:
    """Replaces the references in a Ref, Fn::Sub or Fn::If; any other value becomes text.

    values: what to insert, by the name of a parameter or resource.

    Raises KeyError if a reference has no value.
    """
    match value:
        case {"Ref": name}:
            return values[name]
        case {"Fn::If": [condition, if_true, if_false]}:
            return resolve_text(if_true if evaluate_condition(condition, values) else if_false, values)
        case {"Fn::Sub": [str(text), {**more}]}:
            own = {str(name): resolve_text(inner, values) for name, inner in more.items()}
            return resolve_text({"Fn::Sub": text}, {**values, **own})
        case {"Fn::Sub": str(text)}:
            return re.sub(REFERENCE, lambda reference: values[reference[1]], text)
    return str(value)


def evaluate_condition(condition: Any, parameters: Mapping[str, str]) -> bool:
    """Whether a condition of the template is true with these parameters.

    condition: name of one of the template's conditions, or an Fn::Equals, Fn::Not, Fn::Or or Condition.

    Raises ValueError for other functions.
    """
    match condition:
        case {"Fn::Equals": [left, right]}:
            return resolve_text(left, parameters) == resolve_text(right, parameters)
        case {"Fn::Not": [inner]}:
            return not evaluate_condition(inner, parameters)
        case {"Fn::Or": conditions}:
            return any(evaluate_condition(inner, parameters) for inner in conditions)
        case {"Condition": str(name)} | str(name):
            return evaluate_condition(parse_template()["Conditions"][name], parameters)
    raise ValueError(f"local/template.py can't evaluate this condition: {condition}")


def resolve(part: Any, parameters: Mapping[str, str]) -> Any:
    """A part of the template with its conditions decided and its references to parameters replaced.

    References to anything else, for example to resources, stay as they are.
    """
    match part:
        case {"Ref": name} if name in parameters:
            return parameters[name]
        case {"Fn::Sub": str(text)} if all(name in parameters for name in re.findall(REFERENCE, text)):
            return resolve_text(part, parameters)
        case {"Fn::If": [condition, if_true, if_false]}:
            return resolve(if_true if evaluate_condition(condition, parameters) else if_false, parameters)
        case {**entries}:
            resolved = {name: resolve(entry, parameters) for name, entry in entries.items()}
            return {name: entry for name, entry in resolved.items() if entry != NO_VALUE}
        case [*items]:
            return [item for item in (resolve(item, parameters) for item in items) if item != NO_VALUE]
    return part


def packaged_template(bucket: str) -> dict[str, Any]:
    """The template as `sam package` writes it: the functions' code and the layer are objects in a bucket."""
    packaged = load_template()
    packaged["Globals"]["Function"]["CodeUri"] = {"Bucket": bucket, "Key": FUNCTIONS_KEY}
    packaged["Resources"]["Layer"]["Properties"]["ContentUri"] = {"Bucket": bucket, "Key": LAYER_KEY}
    return packaged


def expand_template(**parameters: str) -> dict[str, Any]:
    """The plain CloudFormation template that SAM generates from template.yaml.

    parameters: values of template parameters; the others have their defaults. SAM inserts them only in some places.
    """
    # SAM's translator logs warnings about its own internals, which users of the template can't change.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # SAM needs a region to start, although it then writes ${AWS::Region}.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    return transform(packaged_template("code"), parameters, NoManagedPolicies())


def api_definition(**parameters: str) -> dict[str, Any]:
    """The API's OpenAPI definition in the template.

    parameters: values of template parameters; the others have their defaults.
    """
    body = load_template()["Resources"]["Api"]["Properties"]["DefinitionBody"]
    definition: dict[str, Any] = resolve(body, default_parameters() | parameters)
    return definition


def gateway_responses(**parameters: str) -> dict[str, Any]:
    """API Gateway's own responses in the API's definition, by response type.

    parameters: values of template parameters; the others have their defaults.
    """
    responses: dict[str, Any] = api_definition(**parameters)[GATEWAY_RESPONSES]
    return responses


class NoManagedPolicies:
    """Replaces SAM's lookup of the ARNs of managed IAM policies. The template uses no managed policy."""

    def load(self) -> dict[str, str]:
        return {}


if __name__ == "__main__":
    print(json.dumps(expand_template(TrafficShift=SHIFT), indent=2))
