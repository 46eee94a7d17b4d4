"""Calls the deployed functions, and the types of the fixtures that do so and that read the dead-letter queue."""

import json
from collections.abc import Callable
from typing import Any, Protocol

from local.cloud import Cloud

Event = dict[str, Any]
Invoke = Callable[[Event], Any]
# Messages as SQS returns them: Body, MessageAttributes and so on.
DeadLetters = Callable[[], list[dict[str, Any]]]
# The template's AutoPublishAlias, through which the queue and the API call the functions.
ALIAS = "live"


class Handle(Protocol):
    def __call__(self, event: Event, seconds: float = ...) -> Any:
        """seconds: time that is left to the invocation."""


class StartHandler(Protocol):
    def __call__(self, endpoint: str, name: str = ..., **variables: str) -> Handle: ...


def invoking(cloud: Cloud, function: str) -> Invoke:
    """function: `Inbox`, `Api` or `Page`."""
    client = cloud.client("lambda")
    [name] = [f["FunctionName"] for f in client.list_functions()["Functions"] if function in f["FunctionName"]]

    def invoke(event: Event) -> Any:
        answer = client.invoke(FunctionName=name, Qualifier=ALIAS, Payload=json.dumps(event).encode())
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    return invoke
