"""Which operation of which service an HTTP request to AWS is, and with which parameters.

botocore's descriptions of the services name the operations that have no name of their own in the request.
"""

import json
import re
from dataclasses import dataclass, field
from email.message import Message
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.session
from botocore.model import OperationModel, ServiceModel

# The services whose requests are signed with another name than their client's in boto3.
SIGNING_NAMES = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}
CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
INVOCATION = re.compile(r"/endpoints/[^/]+/(async-)?invocations.*")


@dataclass(frozen=True)
class AwsCall:
    """One request to AWS.

    service: the client's name in boto3.
    operation: as the API reference names it; empty if the service's description has none for this request.
    parameters: without the content of objects, images and other bodies that are not JSON. Query APIs number the
        entries of lists, as in Parameters.member.1.ParameterKey.
    """

    service: str
    operation: str
    parameters: dict[str, Any] = field(default_factory=dict)


def read_call(method: str, path: str, headers: Message, body: bytes) -> AwsCall | None:
    """Returns what a request asks for; None if it has no AWS signature, such as a call of the deployed API."""
    place = urlsplit(path)
    query = dict(parse_qsl(place.query, keep_blank_values=True))
    scope = query.get("X-Amz-Credential", "")
    signed = CREDENTIAL_SCOPE.search(headers.get("Authorization", "") or f"Credential={scope}")
    if not signed:
        return None
    service = SIGNING_NAMES.get(signed["service"], signed["service"])
    if service == "sagemaker" and INVOCATION.fullmatch(place.path):
        service = "sagemaker-runtime"
    if target := headers.get("X-Amz-Target"):
        return AwsCall(service, target.rpartition(".")[2], as_json(body))
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if operation := form.pop("Action", ""):
            return AwsCall(service, operation, form)
    return read_rest_call(service, method, place.path, query, headers, body)


def read_rest_call(
    service: str, method: str, path: str, query: dict[str, str], headers: Message, body: bytes
) -> AwsCall:
    """Finds the operation whose method, path, query and headers fit. Of several, it is the one that needs most."""
    found: tuple[int, AwsCall] = (-1, AwsCall(service, ""))
    for operation in rest_operations(service):
        uri = urlsplit(str(operation.http["requestUri"]))
        fixed = dict(parse_qsl(uri.query, keep_blank_values=True))
        labels = path_pattern(uri.path).fullmatch(path)
        if operation.http["method"] != method or not labels or not fixed.items() <= query.items():
            continue
        needed = {location: required_names(operation, location) for location in ("querystring", "header")}
        if not needed["querystring"] <= query.keys() or not all(name in headers for name in needed["header"]):
            continue
        need = len(fixed) + sum(map(len, needed.values()))
        if need > found[0]:
            values = {name: unquote(value) for name, value in labels.groupdict().items()}
            free = {name: value for name, value in query.items() if name not in fixed and not name.startswith("X-Amz-")}
            found = need, AwsCall(service, operation.name, {**values, **free, **as_json(body)})
    return found[1]


def required_names(operation: OperationModel, location: str) -> set[str]:
    """The names that a request of this operation needs in its query or its headers."""
    shape = operation.input_shape
    members = [shape.members[name] for name in shape.required_members] if shape else []
    return {m.serialization["name"] for m in members if m.serialization.get("location") == location}


@cache
def rest_operations(service: str) -> tuple[OperationModel, ...]:
    session = botocore.session.Session()
    if service not in session.get_available_services():
        return ()
    model: ServiceModel = session.get_service_model(service)
    operations = (model.operation_model(name) for name in model.operation_names)
    # S3 has some operations twice, under an old and a new name.
    return tuple(operation for operation in operations if not operation.deprecated)


@cache
def path_pattern(uri: str) -> re.Pattern[str]:
    """A pattern of the paths of an operation: {Bucket} is one part of the path, {Key+} can have several."""
    fixed_and_labels = re.split(r"\{(\w+)(\+?)\}", uri)
    pattern = re.escape(fixed_and_labels[0])
    for label, plus, fixed in zip(*(fixed_and_labels[start::3] for start in (1, 2, 3)), strict=True):
        pattern += f"(?P<{label}>{'.+' if plus else '[^/]+'}){re.escape(fixed)}"
    return re.compile(f"{pattern}/?")


def as_json(body: bytes) -> dict[str, Any]:
    """A body's JSON object; empty if the body is anything else."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
