"""The faults: what each is, and what it does to a request."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tests.support.proxy import Exchange, Forward, Reply


class World(Protocol):
    """What a fault can do beside answering."""

    def kill(self, caller: int) -> None:
        """Ends the process that a connection came from."""

    def freeze(self, caller: int) -> None:
        """Stops that process; it is ended only by its timeout."""

    def kill_soon(self, caller: int, seconds: float) -> None: ...

    def overwrite(self, key: str) -> None:
        """Stores another image under an object's key."""

    def remove(self, key: str) -> None: ...


Act = Callable[[Exchange, Forward, World], Reply | None]


@dataclass(frozen=True)
class Fault:
    """share: of the requests that it is for. most: how often it happens at most. first: only an object's first such
    request is disturbed. under: only keys with these words. lasting: seconds of a run. dead: words of the reason with
    which messages end in the dead-letter queue, where they are to."""

    name: str
    how: str
    operation: str
    act: Act
    share: float = 0.3
    most: int | None = None
    first: bool = False
    under: str = ""
    lasting: float | None = None
    dead: str | None = None

    def hits(self, exchange: Exchange, seed: int) -> bool:
        """The same for the same request of a run with the same seed."""
        if exchange.operation != self.operation or self.under not in exchange.key:
            return False
        if self.first and exchange.ordinal:
            return False
        return random.Random(f"{seed} {self.name} {exchange.key} {exchange.ordinal}").random() < self.share


def error(status: int, kind: str, **fields: Any) -> Act:
    """As SageMaker's runtime says it."""
    body = json.dumps({"Message": "injected", **fields}).encode()
    headers = {"x-amzn-ErrorType": kind, "Content-Type": "application/json"}
    return lambda exchange, forward, world: Reply(status, body, headers)


def s3_error(status: int, code: str) -> Act:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    return lambda exchange, forward, world: Reply(status, body.encode(), {"Content-Type": "application/xml"})


def silence(exchange: Exchange, forward: Forward, world: World) -> None:
    """For longer than any client waits."""
    time.sleep(30)


def slow(exchange: Exchange, forward: Forward, world: World) -> Reply:
    time.sleep(random.Random(exchange.ordinal).uniform(1, 4))
    return forward()


def broken(exchange: Exchange, forward: Forward, world: World) -> None:
    """Before an answer."""


def cut(exchange: Exchange, forward: Forward, world: World) -> Reply:
    return forward().cut_off()


def lost(exchange: Exchange, forward: Forward, world: World) -> None:
    """What was asked is done, but the answer never comes."""
    forward()


def changed(change: Callable[[list[Any]], Any]) -> Act:
    """An answer with its rows changed."""

    def act(exchange: Exchange, forward: Forward, world: World) -> Reply:
        reply = forward()
        rows = json.loads(reply.body) if reply.status == 200 else None
        return Reply(reply.status, json.dumps(change(rows)).encode(), reply.headers) if rows else reply

    return act


def with_nan(rows: list[Any]) -> list[Any]:
    row = rows[len(rows) // 2]
    row["probabilities"] = [float("nan")] * len(row["probabilities"])
    return rows


def no_json(exchange: Exchange, forward: Forward, world: World) -> Reply:
    return Reply(200, b"<html>Bad gateway</html>", {"Content-Type": "text/html"})


def killed(exchange: Exchange, forward: Forward, world: World) -> None:
    """After what it asked for was done."""
    forward()
    world.kill(exchange.caller)


def killed_anywhere(exchange: Exchange, forward: Forward, world: World) -> Reply:
    world.kill_soon(exchange.caller, random.Random(exchange.key + str(exchange.ordinal)).uniform(0, 1))
    return forward()


def frozen(exchange: Exchange, forward: Forward, world: World) -> Reply:
    world.freeze(exchange.caller)
    return forward()


def overwritten(exchange: Exchange, forward: Forward, world: World) -> Reply:
    reply = forward()
    world.overwrite(exchange.key)
    return reply


def removed(exchange: Exchange, forward: Forward, world: World) -> Reply:
    reply = forward()
    world.remove(exchange.key)
    return reply


def removed_before(exchange: Exchange, forward: Forward, world: World) -> Reply:
    world.remove(exchange.key)
    return forward()


POISON = "deadly"

FAULTS = [
    Fault("throttled", "ThrottlingException, 400", "invoke", error(400, "ThrottlingException")),
    Fault("throttled, nameless", "400 with an empty message", "invoke", lambda *_: Reply(400)),
    Fault("model not ready", "ModelNotReadyException, 429", "invoke", error(429, "ModelNotReadyException")),
    Fault("service unavailable", "ServiceUnavailable, 503", "invoke", error(503, "ServiceUnavailable")),
    Fault("dependency failed", "InternalDependencyException, 530", "invoke", error(530, "InternalDependencyException")),
    Fault("internal failure", "InternalFailure, 500", "invoke", error(500, "InternalFailure")),
    Fault("model failed", "ModelError, originally 500", "invoke", error(424, "ModelError", OriginalStatusCode=500)),
    Fault(
        "model refuses",
        "ModelError, originally 400, to every call until it is mended; then redriven",
        "invoke",
        error(424, "ModelError", OriginalStatusCode=400),
        share=1,
        dead="refused the request with status 400",
    ),
    Fault(
        "outage",
        "ServiceUnavailable, 503, to every call for a minute",
        "invoke",
        error(503, "ServiceUnavailable"),
        share=1,
        lasting=60,
    ),
    Fault("endpoint silent", "no answer within the function's 20 s", "invoke", silence, share=0.5, most=3),
    Fault("endpoint slow", "an answer 1 to 4 s late", "invoke", slow),
    Fault("endpoint breaks off", "connection closed without an answer", "invoke", broken),
    Fault("answer cut", "connection closed in the middle of an answer", "invoke", cut),
    Fault("no JSON", "an HTML page with status 200", "invoke", no_json),
    Fault("row missing", "one row too few", "invoke", changed(lambda rows: rows[:-1])),
    Fault("NaN", "NaN in one row", "invoke", changed(with_nan)),
    Fault("rows reversed", "rows in the opposite order", "invoke", changed(lambda rows: rows[::-1]), share=0.7),
    Fault("read 500", "InternalError on reading an image", "read", s3_error(500, "InternalError")),
    Fault("read 503", "SlowDown on reading an image", "read", s3_error(503, "SlowDown")),
    Fault("read 403", "AccessDenied on reading an image", "read", s3_error(403, "AccessDenied")),
    Fault("read 404", "NoSuchKey on reading an image that is there", "read", s3_error(404, "NoSuchKey")),
    Fault("read cut", "connection closed in the middle of an image", "read", cut),
    Fault("write 500", "InternalError on writing a document", "write", s3_error(500, "InternalError")),
    Fault("write 503", "SlowDown on writing a document", "write", s3_error(503, "SlowDown")),
    Fault("write 403", "AccessDenied on writing a document", "write", s3_error(403, "AccessDenied")),
    Fault("write 404", "NoSuchBucket on writing a document", "write", s3_error(404, "NoSuchBucket")),
    Fault("write answer lost", "document written, connection closed without an answer", "write", lost),
    Fault("killed after reading", "SIGKILL once an image has been read", "read", killed, first=True, most=2),
    Fault("killed before writing", "SIGKILL between the endpoint's answer and the writing", "invoke", killed, most=2),
    Fault(
        "killed after writing",
        "SIGKILL between a write and the function's answer",
        "write",
        killed,
        first=True,
        most=2,
    ),
    Fault("killed at any moment", "SIGKILL 0 to 1 s after a read", "read", killed_anywhere, first=True, most=2),
    Fault("frozen", "SIGSTOP, so that the function runs into its timeout", "read", frozen, share=0.5, most=2),
    Fault(
        "poison",
        "SIGKILL whenever one of three images has been read; no other may become a dead letter",
        "read",
        killed,
        share=1,
        under=POISON,
        dead="that had it ended before",
    ),
    Fault("overwritten", "the key is overwritten while its image is classified", "read", overwritten, first=True),
    Fault("deleted after reading", "the key is deleted while its image is classified", "read", removed, first=True),
    Fault("deleted before reading", "the key is deleted before its image is read", "read", removed_before, first=True),
]


@dataclass(frozen=True)
class Relay:
    """What happens to notifications on their way. copies: of each; late: seconds by which each is late, at most."""

    copies: int = 1
    late: float = 0.0


@dataclass(frozen=True)
class Trial:
    """What a run is disturbed with. foreign: messages that are no events, of each of two kinds; overwrites: of images,
    as a share of all, while they are being classified."""

    name: str
    how: str
    faults: tuple[Fault, ...] = ()
    relay: Relay | None = None
    foreign: int = 0
    overwrites: float = 0.0
    dead: str | None = None
    under: str = ""

    def may_die(self, key: str, reason: str) -> bool:
        """Whether an image's message may be a dead letter, for a reason."""
        return self.dead is not None and self.dead in reason and self.under in key


def mixed(share: float) -> tuple[Fault, ...]:
    """All that may pass, at once: of the requests of each kind, the share is disturbed."""
    passing = [fault for fault in FAULTS if not fault.dead and fault.lasting is None]
    alike = Counter(fault.operation for fault in passing)
    return tuple(replace(fault, share=share / alike[fault.operation]) for fault in passing)


TRIALS = [
    Trial("nothing", "undisturbed, for comparison"),
    *(Trial(fault.name, fault.how, (fault,), dead=fault.dead, under=fault.under) for fault in FAULTS),
    Trial("duplicates", "each notification three times, within 3 s", relay=Relay(3, 3)),
    Trial("disorder", "each key overwritten, notifications up to 15 s late", relay=Relay(1, 15), overwrites=1.0),
    Trial("foreign messages", "S3's test event, JSON that is no event, no JSON at all", foreign=4),
    Trial(
        "all at once",
        "a tenth of all requests disturbed by all of the above that may pass, duplicates, disorder, overwriting",
        mixed(0.1),
        Relay(2, 10),
        foreign=2,
        overwrites=0.5,
    ),
]
