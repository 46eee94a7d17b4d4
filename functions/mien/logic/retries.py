"""What becomes of a message whose images could not be classified: when it comes again, or why it can't.

The queue counts receives, and counts too many: an outage of an hour would use them up for images that are good. So a
message that may succeed later is sent anew, with a delay, its number of attempts and the time of its first, and the old
one is done with. What the queue still counts is how often a function ended before it had answered, which is what a
message does that kills it. What can't succeed goes to the dead-letter queue at once, with its reason.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mien.errors import Hopeless, TryAgain

# Attributes of a message. SQS hands them on with it.
ATTEMPT, ENDED, SINCE, REASON = "Attempt", "Ended", "Since", "Reason"
# Seconds. The longest is SQS's own limit; so it is also how much later than the fault the last image is done.
FIRST_DELAY, LONGEST_DELAY = 10, 900
# Seconds: three days, a weekend and a day. Longer than any outage should be, and far from the two weeks after which SQS
# drops a message.
PATIENCE = 3 * 24 * 3600
# Functions that may end over a message; the queue's maxReceiveCount is the same, for messages that are never sent anew.
MAX_ENDED = 5
# Seconds, by chance up to so many: what is put aside shall not come again together.
ASIDE = 20
MAX_REASON = 500


@dataclass(frozen=True)
class Message:
    """A message of the queue, as it arrived. attempt: how often it was sent anew; ended: how many functions that had it
    ended before they had answered; since: when it first came into the queue, in seconds since 1970."""

    id: str
    receipt: str
    body: str
    attempt: int
    ended: int
    since: float


@dataclass(frozen=True)
class Again:
    """delay: whole seconds."""

    delay: int


@dataclass(frozen=True)
class Dead:
    """reason: a sentence, for whoever looks into the dead-letter queue. It may hold an object's key."""

    reason: str


def messages(event: dict[str, Any], now: float) -> dict[str, Message]:
    """A queue's event → its messages, by id. An event that is of no queue has none."""
    records = event.get("Records") or []
    return {r["messageId"]: message(r, now) for r in records if "messageId" in r}


def message(record: dict[str, Any], now: float) -> Message:
    """Whoever may send to the queue may send any attributes: those that can't be read count as missing."""
    system, own = record.get("attributes") or {}, record.get("messageAttributes") or {}
    sent = number(system.get("SentTimestamp"), now * 1000) / 1000
    return Message(
        id=record["messageId"],
        receipt=record.get("receiptHandle", ""),
        body=record.get("body", ""),
        attempt=int(number(value(own, ATTEMPT), 0)),
        # Whoever has answered has deleted it, or it was sent anew.
        ended=int(number(system.get("ApproximateReceiveCount"), 1)) - 1 + int(number(value(own, ENDED), 0)),
        since=min(sent, number(value(own, SINCE), sent)),
    )


def value(attributes: dict[str, Any], name: str) -> Any:
    found = attributes.get(name)
    return found.get("stringValue") if isinstance(found, dict) else None


def number(text: Any, otherwise: float) -> float:
    """A number from 0 to 10^15, which no time in milliseconds exceeds."""
    try:
        found = float(text)
    except (TypeError, ValueError):
        return otherwise
    return found if 0 <= found <= 1e15 else otherwise


def verdict(of: Message, failures: Sequence[Exception], now: float, chance: float | None = None) -> Again | Dead:
    """failures: what its uploads failed with, at least one. chance: from 0 to 1, by default drawn.

    The delay is doubled with each attempt. Half of it is by chance: those that failed together must not come together.
    """
    waiting = [failure for failure in failures if isinstance(failure, TryAgain)]
    if not waiting:
        return Dead(reason(failures[0]))
    if now - of.since > PATIENCE:
        return Dead(f"it was tried for {(now - of.since) / 3600:.0f} hours, the last time: {reason(waiting[0])}")
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(of.attempt, 20))
    return Again(round(longest * (1 + (random.random() if chance is None else chance)) / 2))


def aside(chance: float | None = None) -> Again:
    """For what must not be handled beside something that may end the function."""
    return Again(1 + round(ASIDE * (random.random() if chance is None else chance)))


def given_up(of: Message) -> Dead | None:
    if of.ended < MAX_ENDED:
        return None
    return Dead(f"{of.ended} functions that had it ended before they had answered: crashed, or out of memory or time")


def reason(failure: Exception) -> str:
    """Bugs are named by their class too: their words alone say little."""
    text = str(failure) if isinstance(failure, (TryAgain, Hopeless)) else f"{type(failure).__name__}: {failure}"
    # SQS takes no control characters.
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_REASON]
