"""Messages of the inbox's queue: what Lambda hands over → typed values, and the attributes that a message carries."""

from dataclasses import dataclass
from typing import Any

# Names of message attributes. SQS stores them with the message and delivers them again.
ATTEMPT = "Attempt"
ISOLATION = "Isolation"
SINCE = "Since"
REASON = "Reason"
# Messages per request to SQS. Source: Amazon SQS Developer Guide, "Message quotas".
MAX_BATCH = 10
# Larger numbers in attributes are ignored. No time in milliseconds exceeds this one.
MAX_NUMBER = 1e15


@dataclass(frozen=True)
class Message:
    """One message, as it was received.

    id, receipt: SQS's message id and receipt handle.
    attempt: how often the message was re-sent after a failure that may pass.
    receives: how often SQS has handed out this message, this time included.
    isolation: how far the message is separated from others, because earlier receives were not finished; 0 for not at
        all (retries.isolate_crashes).
    since: when the image's first message was sent, in seconds since 1970.
    """

    id: str
    receipt: str
    body: str
    attempt: int
    receives: int
    isolation: int
    since: float


def parse_message(record: dict[str, Any], now: float) -> Message:
    """Returns the message of one record of an SQS event.

    Clients that may send to the queue can set any attributes: an attribute that can't be parsed counts as missing.

    A message with a reason was a dead letter, and somebody has moved it back with its attributes, as the SQS console
    does. It counts as new, or its old attempts would make it a dead letter again before it is tried.

    now: seconds since 1970; used if SQS's own time is missing.
    """
    system = dict_or_empty(record.get("attributes"))
    attributes = dict_or_empty(record.get("messageAttributes"))
    if REASON in attributes:
        attributes = {}
    body = record.get("body")
    sent = parse_number(system.get("SentTimestamp"), now * 1000) / 1000
    return Message(
        id=record["messageId"],
        receipt=record.get("receiptHandle", ""),
        body=body if isinstance(body, str) else "",
        attempt=int(parse_number(string_value(attributes, ATTEMPT), 0)),
        receives=max(1, int(parse_number(system.get("ApproximateReceiveCount"), 1))),
        isolation=int(parse_number(string_value(attributes, ISOLATION), 0)),
        # A message can't claim to be newer than SQS says, or it would be retried for ever.
        since=min(sent, parse_number(string_value(attributes, SINCE), sent)),
    )


def dict_or_empty(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def string_value(attributes: dict[str, Any], name: str) -> Any:
    attribute = attributes.get(name)
    return attribute.get("stringValue") if isinstance(attribute, dict) else None


def parse_number(text: Any, default: float) -> float:
    """Returns the number, or `default` if the text is not a number from 0 to MAX_NUMBER."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return default
    return number if 0 <= number <= MAX_NUMBER else default
