"""From a record of SQS to a message with its history."""

import pytest

from mien.logic.messages import Message, parse_message


def test_a_messages_history_is_read_from_its_attributes() -> None:
    record = {
        "messageId": "m",
        "receiptHandle": "r",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "2000000"},
        "messageAttributes": {
            "Attempt": {"stringValue": "4"},
            "Isolation": {"stringValue": "1"},
            "Since": {"stringValue": "1000.5"},
        },
        "eventSource": "aws:sqs",
    }
    assert parse_message(record, 9.0) == Message("m", "r", "{}", attempt=4, receives=3, isolation=1, since=1000.5)


@pytest.mark.parametrize("value", ["", "soon", "nan", "-1", "1e300", None, [], {"stringValue": "x"}])
def test_invalid_attributes_count_as_missing(value: object) -> None:
    record = {
        "messageId": "m",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": value, "SentTimestamp": value},
        "messageAttributes": {
            "Attempt": {"stringValue": value},
            "Isolation": {"stringValue": value},
            "Since": value,
        },
    }
    assert parse_message(record, 5.0) == Message("m", "", "{}", attempt=0, receives=1, isolation=0, since=5.0)


def test_a_message_cannot_claim_to_be_younger_than_it_is() -> None:
    """Otherwise it would be retried forever."""
    record = {"messageId": "m", "body": "", "attributes": {"SentTimestamp": "5000"}}
    assert parse_message({**record, "messageAttributes": {"Since": {"stringValue": "9999"}}}, 0).since == 5.0


def test_a_dead_letter_that_the_console_moves_back_counts_as_new() -> None:
    """The console keeps all attributes. With them, the message would be a dead letter again before it is tried."""
    attributes = {
        "Attempt": {"stringValue": "300"},
        "Isolation": {"stringValue": "3"},
        "Since": {"stringValue": "1000"},
        "Reason": {"stringValue": "retried for 72 hours; the last error: 503", "dataType": "String"},
    }
    record = {"messageId": "m", "body": "{}", "attributes": {"SentTimestamp": "900000000"}}
    read = parse_message({**record, "messageAttributes": attributes}, 0)
    assert read == Message("m", "", "{}", attempt=0, receives=1, isolation=0, since=900_000.0)
