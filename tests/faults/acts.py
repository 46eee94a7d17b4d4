"""What a fault does to a request: each act decides the reply, or lets the request through and changes the reply."""

import json
import random
import time
from collections.abc import Callable
from typing import Any, Protocol

from tests.support.proxy import Caller, Exchange, Forward, Reply

# Seconds. No client of the functions waits this long.
LONGER_THAN_ANY_TIMEOUT = 30


class World(Protocol):
    """What an act can do to the application, apart from the reply."""

    def kill(self, caller: Caller) -> None:
        """Ends the process that sent the request."""

    def kill_later(self, caller: Caller, seconds: float) -> None:
        """Ends that process after so many seconds."""

    def freeze(self, caller: Caller) -> None:
        """Stops that process. Only its timeout ends it."""

    def overwrite(self, key: str) -> None:
        """Stores another image under an object's key."""

    def remove(self, key: str) -> None:
        """Deletes an object."""


# None closes the connection without a reply.
Act = Callable[[Exchange, Forward, World], Reply | None]


def endpoint_error(status: int, name: str, **fields: Any) -> Act:
    """The error of SageMaker's runtime with this name. fields: further fields of its body."""
    body = json.dumps({"Message": "injected", **fields}).encode()
    headers = {"x-amzn-ErrorType": name, "Content-Type": "application/json"}
    return lambda exchange, forward, world: Reply(status, body, headers)


def s3_error(status: int, code: str) -> Act:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    return lambda exchange, forward, world: Reply(status, body.encode(), {"Content-Type": "application/xml"})


def empty_error(status: int) -> Act:
    """An error without a body, as every error of a HEAD request is."""
    return lambda exchange, forward, world: Reply(status)


def never_answer(exchange: Exchange, forward: Forward, world: World) -> None:
    time.sleep(LONGER_THAN_ANY_TIMEOUT)


def answer_late(exchange: Exchange, forward: Forward, world: World) -> Reply:
    time.sleep(random.Random(exchange.ordinal).uniform(1, 4))
    return forward()


def close_before_request(exchange: Exchange, forward: Forward, world: World) -> None:
    """Closes the connection. The request is not carried out."""


def close_after_request(exchange: Exchange, forward: Forward, world: World) -> None:
    """Carries out the request, and closes the connection without an answer."""
    forward()


def store_silently(exchange: Exchange, forward: Forward, world: World) -> None:
    """Carries out the request. Its sender waits in vain for an answer."""
    forward()
    time.sleep(LONGER_THAN_ANY_TIMEOUT)


def cut_answer(exchange: Exchange, forward: Forward, world: World) -> Reply:
    return forward().cut_off()


def change_rows(change: Callable[[list[Any]], list[Any]]) -> Act:
    """Changes the rows of a successful answer. The description of a model has none, and is passed on as it is."""

    def act(exchange: Exchange, forward: Forward, world: World) -> Reply:
        reply = forward()
        answer = json.loads(reply.body) if reply.status == 200 else {}
        if not isinstance(answer.get("faces"), list):
            return reply
        changed = {**answer, "faces": change(answer["faces"])}
        return Reply(reply.status, json.dumps(changed).encode(), reply.headers)

    return act


def with_nan(rows: list[Any]) -> list[Any]:
    row = rows[len(rows) // 2]
    row["probabilities"] = [float("nan")] * len(row["probabilities"])
    return rows


def html_page(exchange: Exchange, forward: Forward, world: World) -> Reply:
    return Reply(200, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})


def kill(exchange: Exchange, forward: Forward, world: World) -> None:
    """Carries out the request, and kills its sender before the answer."""
    forward()
    world.kill(exchange.caller)


def kill_before(exchange: Exchange, forward: Forward, world: World) -> None:
    """Kills the sender of a request that is not carried out."""
    world.kill(exchange.caller)


def kill_within_a_second(exchange: Exchange, forward: Forward, world: World) -> Reply:
    world.kill_later(exchange.caller, random.Random(exchange.key + str(exchange.ordinal)).uniform(0, 1))
    return forward()


def freeze(exchange: Exchange, forward: Forward, world: World) -> Reply:
    world.freeze(exchange.caller)
    return forward()


def overwrite_after(exchange: Exchange, forward: Forward, world: World) -> Reply:
    reply = forward()
    world.overwrite(exchange.key)
    return reply


def remove_after(exchange: Exchange, forward: Forward, world: World) -> Reply:
    reply = forward()
    world.remove(exchange.key)
    return reply


def remove_before(exchange: Exchange, forward: Forward, world: World) -> Reply:
    world.remove(exchange.key)
    return forward()
