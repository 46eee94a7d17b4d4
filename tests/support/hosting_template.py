"""hosting.yaml as CloudFormation resolves it, for tests that look at its resources without creating any."""

import json
import re
from collections.abc import Mapping
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.cloud import ACCOUNT, REGION
from tests.support.hosting_stack import REQUIRED, TEMPLATE_TEXT
from tests.support.stack import Template

# The template as written, with intrinsic functions in their long form.
WRITTEN: Template = json.loads(json.dumps(yaml_parse(TEMPLATE_TEXT)))
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()
# Parameters of an endpoint with everything that the template can add to it.
FULL = {
    "InstanceType": "ml.c7i.large",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd",
    "PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "SubnetIds": "subnet-12345678,subnet-87654321",
    "SecurityGroupIds": "sg-12345678",
}


def render(**parameters: Any) -> Template:
    """The template's resources and outputs with these parameters.

    Parameters that are not given have their defaults, or the values in REQUIRED. A reference to a resource is the text
    that Fn::Sub has for it, such as ${Model.ModelName}.
    """
    defaults = {name: str(p["Default"]) for name, p in WRITTEN["Parameters"].items() if "Default" in p}
    values = {**PSEUDO_PARAMETERS, **defaults, **REQUIRED, **{name: str(value) for name, value in parameters.items()}}
    resources = {
        name: resolve({key: part for key, part in resource.items() if key not in ("Condition", "Metadata")}, values)
        for name, resource in WRITTEN["Resources"].items()
        if "Condition" not in resource or is_true(resource["Condition"], values)
    }
    return {"Resources": resources, "Outputs": resolve(WRITTEN["Outputs"], values)}


def properties(template: Template, name: str) -> Any:
    return template["Resources"][name]["Properties"]


def is_true(condition: Any, values: Mapping[str, str]) -> bool:
    match condition:
        case str(name) | {"Condition": str(name)}:
            return is_true(WRITTEN["Conditions"][name], values)
        case {"Fn::Equals": [left, right]}:
            return str(resolve(left, values)) == str(resolve(right, values))
        case {"Fn::Not": [inner]}:
            return not is_true(inner, values)
        case {"Fn::And": conditions}:
            return all(is_true(inner, values) for inner in conditions)
        case {"Fn::Or": conditions}:
            return any(is_true(inner, values) for inner in conditions)
    raise ValueError(f"this condition can't be evaluated: {condition}")


def resolve(part: Any, values: Mapping[str, str]) -> Any:
    match part:
        case {"Ref": "AWS::NoValue"}:
            return NO_VALUE
        case {"Ref": str(name)}:
            return values.get(name, f"${{{name}}}")
        case {"Fn::GetAtt": [*path]}:
            return f"${{{'.'.join(path)}}}"
        case {"Fn::Sub": [str(text), {**own}]}:
            resolved_own = {str(name): resolve(inner, values) for name, inner in own.items()}
            return resolve({"Fn::Sub": text}, {**values, **resolved_own})
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda reference: values.get(reference[1], reference[0]), text)
        case {"Fn::If": [condition, if_true, if_false]}:
            return resolve(if_true if is_true(condition, values) else if_false, values)
        case {"Fn::Split": [str(delimiter), text]}:
            return resolve(text, values).split(delimiter)
        case {"Fn::Select": [index, items]}:
            return resolve(items, values)[int(index)]
        case {**entries}:
            resolved = {name: resolve(entry, values) for name, entry in entries.items()}
            return {name: entry for name, entry in resolved.items() if entry is not NO_VALUE}
        case [*items]:
            return [item for item in (resolve(item, values) for item in items) if item is not NO_VALUE]
    return part
