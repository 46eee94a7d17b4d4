"""Reading the dead-letter queue and sending its messages back, over a queue that is a model of SQS."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from operate.dead_letters import VISIBILITY_TIMEOUT, parse_message, read_dead_letters, redrive
from tests.support.messages import removal_message

# Bytes. Source: Amazon SQS Developer Guide, "Message quotas".
MAX_REQUEST_BYTES = 262_144


def sent_message(name: str, body: str = "{}", **attributes: str) -> dict[str, Any]:
    return {
        "MessageId": name,
        "ReceiptHandle": name,
        "Body": body,
        "Attributes": {"SentTimestamp": "5000"},
        "MessageAttributes": {key: {"StringValue": value} for key, value in attributes.items()},
    }


class Queues:
    """The dead-letter queue, and the queue to which messages are sent back.

    seconds_per_receive: how long each request takes. A message that was received is invisible for 120 s.
    arrivals: whether each request finds a message that was sent just before it.
    """

    def __init__(self, dead: list[dict[str, Any]], seconds_per_receive: float, arrivals: bool = False) -> None:
        self.dead = {message["MessageId"]: message for message in dead}
        self.visible_at = dict.fromkeys(self.dead, 0.0)
        self.sent: list[str] = []
        self.now = 0.0
        self.seconds_per_receive = seconds_per_receive
        self.arrivals = arrivals
        self.receives = 0

    def receive_message(self, **request: Any) -> dict[str, Any]:
        self.receives += 1
        assert self.receives < 10_000, "the reading does not end"
        self.now += self.seconds_per_receive
        if self.arrivals:
            new = sent_message(f"new {self.receives}", Reason="new")
            new["Attributes"]["SentTimestamp"] = str(round((time.time() + 3600) * 1000))
            self.dead[new["MessageId"]] = new
            self.visible_at[new["MessageId"]] = 0.0
        visible = [name for name in self.dead if self.visible_at[name] <= self.now]
        visible.sort(key=lambda name: self.visible_at[name])
        received = visible[: request["MaxNumberOfMessages"]]
        for name in received:
            self.visible_at[name] = self.now + VISIBILITY_TIMEOUT
        return {"Messages": [self.dead[name] for name in received]}

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        if sum(len(entry["MessageBody"].encode()) for entry in request["Entries"]) > MAX_REQUEST_BYTES:
            code = "AWS.SimpleQueueService.BatchRequestTooLong"
            raise ClientError({"Error": {"Code": code}}, "SendMessageBatch")
        self.sent += [entry["MessageBody"] for entry in request["Entries"]]
        return {"Successful": [{"Id": entry["Id"]} for entry in request["Entries"]]}

    def delete_message_batch(self, **request: Any) -> None:
        for entry in request["Entries"]:
            del self.dead[entry["ReceiptHandle"]]

    def change_message_visibility_batch(self, **request: Any) -> None:
        for entry in request["Entries"]:
            self.visible_at[entry["ReceiptHandle"]] = 0


def redrive_fixed(queues: Queues) -> int:
    """Sends back the messages with the reason `fixed`."""
    return redrive(queues, "dead", "queue", lambda letter: letter.reason == "fixed", lambda count: None)


@pytest.mark.parametrize("arrivals", [False, True])
def test_a_redrive_ends_in_a_queue_that_takes_longer_to_read_than_messages_are_invisible(arrivals: bool) -> None:
    dead = [sent_message(str(n), Reason="fixed" if n % 500 == 499 else "other") for n in range(5000)]
    queues = Queues(dead, seconds_per_receive=1, arrivals=arrivals)
    assert redrive_fixed(queues) == 10
    assert len(queues.sent) == 10
    assert not [letter for letter in queues.dead.values() if letter["MessageAttributes"]["Reason"] == "fixed"]


def test_a_reader_sees_each_message_of_a_large_queue_once_and_ends() -> None:
    queues = Queues([sent_message(str(n)) for n in range(5000)], seconds_per_receive=1)
    with read_dead_letters(queues, "dead") as letters:
        assert sorted(int(letter.id) for letter in letters) == list(range(5000))
    assert set(queues.visible_at.values()) == {0}


def test_large_bodies_are_sent_back_in_as_many_requests_as_they_need() -> None:
    bodies = [str(n) + "x" * 200_000 for n in range(10)]
    dead = [sent_message(body[0], body, Reason="fixed") for body in bodies]
    queues = Queues(dead, seconds_per_receive=0.01)
    assert redrive_fixed(queues) == 10
    assert sorted(queues.sent) == bodies
    assert queues.dead == {}


@pytest.mark.parametrize("value", ["abc", "1e999", "nan", "-1", ""])
def test_attributes_that_strangers_wrote_count_as_missing(value: str) -> None:
    letter = parse_message(sent_message("m", Attempt=value, Since=value))
    assert (letter.attempts, letter.since) == (1, 5.0)


@pytest.mark.parametrize("body", ["[" * 5000 + "]" * 5000, "no JSON", "1" * 5000, '{"Records": [{}]}'])
def test_a_body_that_is_not_an_event_has_no_images(body: str) -> None:
    assert parse_message(sent_message("m", body)).images == []


def test_a_dead_letter_about_a_removal_names_the_removed_image() -> None:
    body = str(removal_message("faces", "inbox/a b.png", "LifecycleExpiration:Delete")["body"])
    assert parse_message(sent_message("m", body)).images == ["inbox/a b.png"]
