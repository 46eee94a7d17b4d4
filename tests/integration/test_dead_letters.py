"""Operators see the messages in the dead-letter queue with their reasons, and send them back with one command."""

import json

from local.cloud import STACK
from operate.dead_letters import REASON_OF_SQS
from tests.support.bucket import Bucket
from tests.support.messages import message, removal_message
from tests.support.operating import Operate, SendDeadLetter
from tests.support.waiting import eventually

FIXED_CAUSE = "the model refused the image, until an operator fixed the model"


def event(bucket: Bucket, name: str) -> str:
    return str(message(bucket.name, bucket.inbox + name, "0A")["body"])


def test_a_dead_letter_is_shown_with_its_reason_and_stays_in_the_queue(
    bucket: Bucket, send_dead_letter: SendDeadLetter, operate: Operate
) -> None:
    send_dead_letter(event(bucket, "Jürgen 1.png"), "this message is read and stays")
    for _ in range(2):
        shown = operate("dead-letters", "--reason", "is read and")
        assert shown.returncode == 0, shown.stderr
        assert "inbox/Jürgen 1.png" in shown.stdout
        assert "1  this message is read and stays" in shown.stdout
        assert f"python -m operate redrive --stack {STACK}" in shown.stdout


def test_a_dead_letter_about_a_removal_is_shown_and_redriven_like_all_others(
    bucket: Bucket, send_dead_letter: SendDeadLetter, operate: Operate
) -> None:
    key = f"{bucket.results}not yet deleted.png.json"
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"{}")
    removal = removal_message(bucket.name, f"{bucket.inbox}not yet deleted.png")
    send_dead_letter(str(removal["body"]), "deleting the document of a removed image: AccessDenied")
    assert "inbox/not yet deleted.png" in operate("dead-letters", "--reason", "of a removed").stdout
    assert operate("redrive", "--reason", "of a removed").returncode == 0
    assert eventually(lambda: bucket.keys(key) == [])


def test_a_dead_letter_without_a_reason_was_moved_by_sqs(send_dead_letter: SendDeadLetter, operate: Operate) -> None:
    send_dead_letter('{"no": "event"}', None)
    lines = [json.loads(line) for line in operate("dead-letters", "--json").stdout.splitlines()]
    [found] = [line for line in lines if line["body"] == '{"no": "event"}']
    assert (found["reason"], found["images"]) == (REASON_OF_SQS, [])


def test_when_the_cause_is_fixed_one_command_classifies_the_images(
    bucket: Bucket, sample: bytes, send_dead_letter: SendDeadLetter, operate: Operate
) -> None:
    names = [f"redriven {n}.png" for n in range(25)]
    for name in names:
        bucket.upload_without_event(name, sample)
        send_dead_letter(event(bucket, name), FIXED_CAUSE)
    send_dead_letter(event(bucket, "not fixed.png"), "something else")
    done = operate("redrive", "--reason", FIXED_CAUSE)
    assert done.returncode == 0, done.stderr
    assert "Sent 25 of about" in done.stdout
    assert {bucket.await_document(name)["label"] for name in names} == {"happy"}
    assert "but no reason contains" in operate("dead-letters", "--reason", FIXED_CAUSE).stdout
    assert "not fixed.png" in operate("dead-letters", "--reason", "something else").stdout
    assert "Sent 0 of about" in operate("redrive", "--reason", FIXED_CAUSE).stdout


def test_after_a_limited_look_the_rest_of_the_batch_is_visible_at_once(
    bucket: Bucket, send_dead_letter: SendDeadLetter, operate: Operate
) -> None:
    for n in range(5):
        send_dead_letter(event(bucket, f"limited {n}.png"), "shown one at a time")
    one = operate("dead-letters", "--reason", "one at a time", "--limit", "1", "--json")
    assert len(one.stdout.splitlines()) == 1
    rest = operate("dead-letters", "--reason", "one at a time", "--json")
    assert len(rest.stdout.splitlines()) == 5


def test_a_stack_that_does_not_exist_is_one_clear_line(operate: Operate) -> None:
    failed = operate("dead-letters", "--stack", "nosuch")
    assert failed.returncode == 1
    assert failed.stderr.startswith("stack nosuch: ")
    assert len(failed.stderr.splitlines()) == 1


def test_the_version_is_shown(operate: Operate) -> None:
    assert operate("--version").stdout == "mien 0.2.0\n"
