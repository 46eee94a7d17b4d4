"""The CloudFormation template that SAM generates, as the tests of the template read it.

A check is a function that receives such a template and returns its findings, one sentence or name each. To prove that a
check works, its tests apply a Damage to a copy of the template and expect a finding. A module of tests/unit/template
has its checks in CHECKS and their damages in DAMAGES; test_checks.py tests them all.

    Damage(no_bucket_is_public, "Bucket", "OwnershipControls", DELETED, "ACLs").is_found()
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from local import template

Template = dict[str, Any]
Check = Callable[[Template], list[str]]


def with_condition(part: Any, condition: str, is_true: bool) -> Any:
    """A copy of a part of the template in which one condition is decided. Resources that depend on it stay or go."""
    match part:
        case {"Fn::If": [name, if_true, if_false]} if name == condition:
            return with_condition(if_true if is_true else if_false, condition, is_true)
        case {**entries}:
            return {
                name: with_condition(entry, condition, is_true)
                for name, entry in entries.items()
                if is_true or not (isinstance(entry, dict) and entry.get("Condition") == condition)
            }
        case [*items]:
            decided = [(item, with_condition(item, condition, is_true)) for item in items]
            return [after for before, after in decided if after != template.NO_VALUE or before == after]
    return part


# YAML aliases become references to one and the same object. The detour through JSON makes copies of them, because
# damage in one place of the template must not appear in another.
EXPANDED: Template = json.loads(json.dumps(template.expand_template(TrafficShift=template.SHIFT)))
# What the conditions are by default.
DEFAULTS = {
    "BucketIsCreated": True,
    "EventBridgeIsUsed": False,
    "FunctionsAreInVpc": False,
    "KmsKeyIsGiven": False,
    "ResultsAreLines": False,
}


def stack_with(**conditions: bool) -> Template:
    """The template in which the conditions of DEFAULTS are decided. conditions: those that differ from the defaults."""
    decided = EXPANDED
    for name, is_true in (DEFAULTS | conditions).items():
        decided = with_condition(decided, name, is_true)
    return decided


# The stack with a bucket of its own, and with one that exists already.
TEMPLATE = stack_with()
WITH_EXISTING_BUCKET = stack_with(BucketIsCreated=False)
# The same two, if S3's events come through EventBridge.
WITH_EVENTBRIDGE = stack_with(EventBridgeIsUsed=True)
WITH_BOTH = stack_with(EventBridgeIsUsed=True, BucketIsCreated=False)
# The stack that stores results as JSON Lines.
WITH_LINES = stack_with(ResultsAreLines=True)
# The stack whose functions are in a VPC, and whose bucket has a KMS key.
IN_VPC_WITH_KEY = stack_with(KmsKeyIsGiven=True, FunctionsAreInVpc=True)
ALL_TEMPLATES = (TEMPLATE, WITH_EXISTING_BUCKET, WITH_EVENTBRIDGE, WITH_BOTH, WITH_LINES)
# The template spells out the bucket's ARN, because the bucket may exist already, and because a reference to it would
# be a circular dependency in some places.
BUCKET_ARN = "arn:${AWS::Partition}:s3:::${AWS::StackName}-${AWS::AccountId}-${AWS::Region}"
EXISTING_BUCKET_ARN = "arn:${AWS::Partition}:s3:::${ExistingBucket}"
BUCKET_ARNS = "|".join(map(re.escape, (BUCKET_ARN, EXISTING_BUCKET_ARN)))
ENDPOINT_ARN = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/${EndpointName}"
# The value of a Damage that deletes an entry.
DELETED = object()


def properties_of(expanded: Template, resource_type: str) -> dict[str, Any]:
    """The properties of all resources of a type, by their logical IDs."""
    return {name: r.get("Properties", {}) for name, r in expanded["Resources"].items() if r["Type"] == resource_type}


def only_resource(resource_type: str) -> Any:
    """The properties of the only resource of a type. Raises ValueError if there is not exactly one."""
    [properties] = properties_of(TEMPLATE, resource_type).values()
    return properties


def as_list(value: Any) -> list[Any]:
    """IAM policies have single values or lists of values in the same places."""
    return value if isinstance(value, list) else [value]


def as_text(value: Any) -> str:
    """A Ref, Fn::GetAtt or Fn::Sub as the text that Fn::Sub would have for it, for example ${Bucket.Arn}/*."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [*path]}:
            return f"${{{'.'.join(path)}}}"
        case {"Fn::GetAtt": path}:
            return f"${{{path}}}"
        case {"Fn::Sub": [text, {**values}]}:
            for name, inner in values.items():
                text = text.replace(f"${{{name}}}", as_text(inner))
            return str(text)
        case {"Fn::Sub": text}:
            return str(text)
    return str(value)


def permissions(expanded: Template) -> Iterator[tuple[str, str, str]]:
    """Yields each combination of role, action and resource that the roles' policies allow.

    The bucket's ARN is ${Bucket.Arn}, whether or not the bucket existed before the stack.
    """
    for name, role in properties_of(expanded, "AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                for action in as_list(statement.get("Action", "NotAction")):
                    for resource in as_list(statement.get("Resource", "NotResource")):
                        yield name, action, re.sub(BUCKET_ARNS, "${Bucket.Arn}", as_text(resource))


@dataclass(frozen=True)
class Damage:
    """A change of the template that a check must find.

    check: the check that must find it.
    path: words that lead to a mapping in the template. The first is the logical ID of a resource, the others are names
        in its properties. An entry of a list is given by its index, and a policy statement also by its Sid. An empty
        path leads to the resources themselves.
    name: the entry of the mapping that is changed.
    value: its new value, or DELETED.
    finding: words of the expected finding.
    undamaged: the template that is changed.
    """

    check: Check
    path: str
    name: str
    value: Any
    finding: str
    undamaged: Template = field(default_factory=lambda: TEMPLATE)

    def is_found(self) -> bool:
        damaged = copy.deepcopy(self.undamaged)
        mapping = follow(damaged, self.path)
        if self.value is DELETED:
            del mapping[self.name]
        else:
            mapping[self.name] = self.value
        return any(self.finding in finding for finding in self.check(damaged))

    def __str__(self) -> str:
        return f"{self.check.__name__}: {self.path} {self.name}"


def follow(expanded: Template, path: str) -> Any:
    """The mapping that the path of a Damage leads to."""
    found: Any = expanded["Resources"]
    for index, step in enumerate(path.split()):
        if isinstance(found, list):
            found = found[int(step)] if step.isdigit() else next(s for s in found if s["Sid"] == step)
        else:
            found = found[step] if index else found[step]["Properties"]
    return found
