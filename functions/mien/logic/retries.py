"""Decides what happens to a message whose images could not be classified: when it is retried, or why it is not.

SQS counts receives, and an outage of an hour would use them up for images that are good. Therefore a message that may
succeed later is sent again as a new message, with a delay, its number of attempts and the time of its first message,
and the old one is deleted. So the receive count only counts invocations that never finished: a message that crashes its
function shows up there. A message that can't succeed goes to the dead-letter queue at once, with its reason.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mien.errors import NeedsOperator, TryAgain
from mien.logic.messages import Message
from mien.logic.uploads import Delivery

# Seconds. The longest delay is SQS's own limit. It is also the longest time between the end of an outage and the last
# retry.
FIRST_DELAY = 10
LONGEST_DELAY = 900
# Seconds: three days, which cover a weekend and one more day. Outages should be shorter, and SQS keeps a message for
# two weeks.
MAX_RETRY_SECONDS = 3 * 24 * 3600
# The queue's maxReceiveCount is the same number. It covers messages that are never re-sent.
MAX_CRASHES = 5
# Seconds. Postponed messages get a random delay of up to this, so that they do not arrive in one batch again.
MAX_POSTPONE_SECONDS = 20
# Characters of a reason. SQS limits a message with its attributes to 256 KiB; a reason needs no more than a few lines.
MAX_REASON_LENGTH = 500


@dataclass(frozen=True)
class Retry:
    """Send the message again. delay: whole seconds."""

    delay: int


@dataclass(frozen=True)
class DeadLetter:
    """Send the message to the dead-letter queue.

    reason: a sentence for the person who looks into that queue. It may contain an object key.
    """

    reason: str


@dataclass(frozen=True)
class Isolation:
    """A batch, split so that a message that crashes the function takes no other message with it.

    together: deliveries that never saw a crash. They are handled first, as one batch.
    postponed: messages that saw a crash. Another invocation handles each of them.
    alone: one delivery that saw a crash, or None. It is handled last, when all others are safe.
    """

    together: list[Delivery]
    postponed: list[Message]
    alone: Delivery | None


def isolate_crashes(deliveries: Sequence[Delivery]) -> Isolation:
    """Splits a batch by what the receive counts say.

    If an invocation never finished, one of its messages may be the cause. The one that saw the fewest crashes is the
    most likely to be innocent, so it is the one that this invocation still handles.
    """
    crashed = [d for d in deliveries if d.message and d.message.crashes]
    if not crashed:
        return Isolation(list(deliveries), [], None)
    alone = min(crashed, key=lambda delivery: delivery.message.crashes if delivery.message else 0)
    together = [d for d in deliveries if d not in crashed]
    return Isolation(together, [d.message for d in crashed if d.message and d is not alone], alone)


def decide_retry(
    message: Message,
    failures: Sequence[Exception],
    now: float,
    jitter: float | None = None,
) -> Retry | DeadLetter:
    """Decides what happens to a message after its uploads failed.

    The delay doubles with each attempt. Half of it is random, so that messages that failed together do not return
    together.

    failures: the errors of its uploads; at least one.
    now: seconds since 1970.
    jitter: from 0 to 1; by default a random number.
    """
    retryable = [failure for failure in failures if isinstance(failure, TryAgain)]
    if not retryable:
        return DeadLetter(describe(failures[0]))
    age = now - message.since
    if age > MAX_RETRY_SECONDS:
        return DeadLetter(f"retried for {age / 3600:.0f} hours; the last error: {describe(retryable[0])}")
    # 20 doublings are far beyond the longest delay, and keep the number small.
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(message.attempt, 20))
    return Retry(round(longest * (1 + random_or(jitter)) / 2))


def postpone(jitter: float | None = None) -> Retry:
    """Returns a short random delay, for a message that another invocation must handle. jitter: as in decide_retry."""
    return Retry(1 + round(MAX_POSTPONE_SECONDS * random_or(jitter)))


def check_crashes(message: Message) -> DeadLetter | None:
    """Returns why a message is not handled again after too many crashes, or None if it may be handled."""
    if message.crashes < MAX_CRASHES:
        return None
    return DeadLetter(
        f"{message.crashes} invocations that received this message crashed, timed out or ran out of memory"
    )


def random_or(jitter: float | None) -> float:
    return random.random() if jitter is None else jitter


def describe(failure: Exception) -> str:
    """Returns a failure's text for the dead-letter queue. A bug's text alone says little, so its class is named too."""
    is_expected = isinstance(failure, (TryAgain, NeedsOperator))
    text = str(failure) if is_expected else f"{type(failure).__name__}: {failure}"
    # SQS refuses control characters.
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_REASON_LENGTH]
