"""The types of the fixtures that call the functions and read the dead-letter queue."""

from collections.abc import Callable
from typing import Any, Protocol

Event = dict[str, Any]
Invoke = Callable[[Event], Any]
# Messages as SQS returns them: Body, MessageAttributes and so on.
DeadLetters = Callable[[], list[dict[str, Any]]]


class Handle(Protocol):
    def __call__(self, event: Event, seconds: float = ...) -> Any:
        """seconds: time that is left to the invocation."""


class StartHandler(Protocol):
    def __call__(self, endpoint: str, name: str = ..., **variables: str) -> Handle: ...
