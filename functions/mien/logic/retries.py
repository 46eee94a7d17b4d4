"""Decides what happens to a message whose changes could not be handled: when it is retried, or why it is not.

SQS counts receives, and an outage of an hour would use them up for images that are good. Therefore a message that may
succeed later is sent again as a new message, with a delay, its number of attempts and the time of its first message,
and the old one is deleted. So a message with a high receive count was received and never finished. Its image may have
crashed the function. But SQS also counts receives that reached no function: Lambda receives messages even while the
function is throttled, and people receive them in the console. Therefore the count alone decides nothing: it makes the
functions separate the message from others, step by step (isolate_crashes). A message that can't succeed goes to the
dead-letter queue at once, with its reason.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mien.errors import NeedsOperator, Starting, TryAgain
from mien.logic.messages import Message
from mien.logic.uploads import Delivery

# Seconds. The longest delay is SQS's own limit. It is also the longest time between the end of an outage and the last
# retry.
FIRST_DELAY = 10
LONGEST_DELAY = 900
# Seconds. A message that is younger waits for a starting model with the first delay, and this does not count as an
# attempt. The limit is for models that never finish their start.
MAX_START_SECONDS = 300
# Seconds: three days, which cover a weekend and one more day. Outages should be shorter, and SQS keeps a message for
# two weeks.
MAX_RETRY_SECONDS = 3 * 24 * 3600
# How often a message is handled in a whole batch, before it is separated from others. One unfinished receive is weak
# evidence, and separation costs requests.
UNSEPARATED_RECEIVES = 2
# Messages that are handled together at each level of isolation, from 1. With 6, a batch of 32 takes six invocations.
GROUP_SIZES = {1: 6, 2: 1, 3: 1}
LAST_ISOLATION = max(GROUP_SIZES)
# A message is given up after this number of receives that did not finish. In the last of them it was alone.
MAX_CRASHES = UNSEPARATED_RECEIVES + len(GROUP_SIZES)
# Seconds. Postponed messages get a random delay of up to this, so that they do not arrive in one batch again.
MAX_POSTPONE_SECONDS = 20
# Characters of a reason. SQS limits a message with its attributes to 256 KiB; a reason needs no more than a few lines.
MAX_REASON_LENGTH = 500


@dataclass(frozen=True)
class Retry:
    """Send the message again.

    delay: whole seconds.
    attempt, isolation: what the new message says about itself (messages.Message).
    """

    delay: int
    attempt: int
    isolation: int


@dataclass(frozen=True)
class DeadLetter:
    """Send the message to the dead-letter queue.

    reason: a sentence for the person who looks into that queue. It may contain an object key.
    """

    reason: str


@dataclass(frozen=True)
class Isolation:
    """A batch, split so that a message that crashes the function takes few other messages with it, or none.

    together: deliveries without a suspicion. They are handled first, as one batch.
    postponed: messages that are sent again, each with a short delay. Other invocations handle them.
    apart: suspicious deliveries that this invocation handles, last, when all others are safe.
    """

    together: list[Delivery]
    postponed: dict[Message, Retry]
    apart: list[Delivery]


def isolate_crashes(deliveries: Sequence[Delivery], jitter: float | None = None) -> Isolation:
    """Splits a batch by how often its messages were received and not finished.

    A message that was received too often for its level of isolation is sent again with the next level, as a new
    message. So each level begins with a new receive count, and only a function can raise the level. At level 1 a
    message is handled with a few others, and at levels 2 and 3 alone: then even the unsuspicious messages of its batch
    are sent again. If they were handled first and one of them crashed the function, it would look like the suspicious
    message's crash.

    jitter: as in decide_retry.
    """
    together: list[Delivery] = []
    suspects: list[tuple[int, Delivery]] = []
    postponed: dict[Message, Retry] = {}
    for delivery in deliveries:
        message = delivery.message
        if message is None or is_unsuspicious(message) or check_crashes(message):
            together.append(delivery)
        elif message.receives > receives_at(message.isolation):
            postponed[message] = postpone(message, message.isolation + 1, jitter)
        else:
            suspects.append((min(message.isolation, LAST_ISOLATION), delivery))
    level = min((level for level, _ in suspects), default=LAST_ISOLATION)
    apart = [delivery for its_level, delivery in suspects if its_level == level][: GROUP_SIZES[level]]
    for its_level, delivery in suspects:
        if delivery.message and delivery not in apart:
            postponed[delivery.message] = postpone(delivery.message, its_level, jitter)
    if apart and GROUP_SIZES[level] == 1:
        others = [d.message for d in together if d.message and is_unsuspicious(d.message)]
        postponed |= {message: postpone(message, 0, jitter) for message in others}
        together = [delivery for delivery in together if delivery.message not in postponed]
    return Isolation(together, postponed, apart)


def is_unsuspicious(message: Message) -> bool:
    return message.isolation == 0 and message.receives <= UNSEPARATED_RECEIVES


def receives_at(isolation: int) -> int:
    """Returns how often a message is handled at a level of isolation."""
    return 1 if isolation else UNSEPARATED_RECEIVES


def decide_retry(
    message: Message,
    failures: Sequence[Exception],
    now: float,
    jitter: float | None = None,
) -> Retry | DeadLetter:
    """Decides what happens to a message after its changes failed.

    The delay doubles with each attempt. Half of it is random, so that messages that failed together do not return
    together. A starting model is no failure, so waiting for it is no attempt.

    failures: the errors of its changes; at least one.
    now: seconds since 1970.
    jitter: from 0 to 1; by default a random number.
    """
    retryable = [failure for failure in failures if isinstance(failure, TryAgain)]
    if not retryable:
        return DeadLetter(describe(failures[0]))
    age = now - message.since
    if age > MAX_RETRY_SECONDS:
        return DeadLetter(f"retried for {age / 3600:.0f} hours; the last error: {describe(retryable[0])}")
    if age < MAX_START_SECONDS and all(isinstance(failure, Starting) for failure in retryable):
        return Retry(round(FIRST_DELAY * (1 + random_or(jitter)) / 2), attempt=message.attempt, isolation=0)
    # 20 doublings are far beyond the longest delay, and keep the number small.
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(message.attempt, 20))
    # This invocation has finished with the message, so the message does not crash functions.
    return Retry(round(longest * (1 + random_or(jitter)) / 2), attempt=message.attempt + 1, isolation=0)


def postpone(message: Message, isolation: int, jitter: float | None = None) -> Retry:
    """Returns a short random delay, for a message that another invocation must handle. jitter: as in decide_retry."""
    return Retry(1 + round(MAX_POSTPONE_SECONDS * random_or(jitter)), message.attempt, isolation)


def check_crashes(message: Message) -> DeadLetter | None:
    """Returns why a message is given up that was handled alone and never finished, or None if it may be handled."""
    if message.isolation < LAST_ISOLATION or message.receives == 1:
        return None
    alone = sum(size == 1 for size in GROUP_SIZES.values())
    return DeadLetter(
        f"received at least {MAX_CRASHES} times and never finished, the last {alone} times alone in an invocation: "
        "the function crashed, timed out or ran out of memory, or it was throttled for a long time"
    )


def random_or(jitter: float | None) -> float:
    return random.random() if jitter is None else jitter


def describe(failure: Exception) -> str:
    """Returns a failure's text for the dead-letter queue. A bug's text alone says little, so its class is named too."""
    is_expected = isinstance(failure, (TryAgain, NeedsOperator))
    text = str(failure) if is_expected else f"{type(failure).__name__}: {failure}"
    # SQS refuses control characters.
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_REASON_LENGTH]
