"""What IAM knows of an action, and what CloudFormation calls for a resource, from the data of the pinned cfn-lint.

Sources, as cfn-lint has collected them: AWS Service Authorization Reference; the handlers in CloudFormation's schemas
of resource types.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"


def handler_permissions(resource_type: str) -> Iterator[tuple[str, str]]:
    """Each handler of a resource type (create, read, update, delete), with an action that it calls for its user."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource_type).schema["handlers"]
    for handler in ("create", "read", "update", "delete"):
        yield from ((handler, action) for action in handlers.get(handler, {}).get("permissions", []))


@cache
def services() -> dict[str, Any]:
    content = files("cfnlint").joinpath("data/AdditionalSpecs/Policies.json").read_text()
    loaded: dict[str, Any] = json.loads(content)
    return loaded


def action_exists(action: str) -> bool:
    service, _, name = action.partition(":")
    return name.lower() in services()[service]["Actions"]


def arn_patterns(action: str) -> list[str]:
    """Regular expressions for the ARNs of what an action can be limited to; none if it can't be limited."""
    service, _, name = action.partition(":")
    kinds = services()[service]["Actions"][name.lower()].get("Resources", [])
    formats = (arn for kind in kinds for arn in services()[service]["Resources"][kind.lower()]["ARNFormats"])
    return [re.sub(r"\$\{\w+\}", "[^:]*", arn) for arn in formats]
