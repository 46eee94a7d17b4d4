"""What lies in the dead-letter queue is shown with its reason, and goes back with one command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from local.cloud import CREDENTIALS, STACK, Cloud
from local.paths import ROOT
from operate.dead_letters import ENDED
from tests.support.messages import message

Operate = Callable[..., subprocess.CompletedProcess[str]]
MENDED = "the model refused it, until somebody mended it"


@pytest.fixture
def operate(cloud: Cloud) -> Operate:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "operate", *words],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "COLUMNS": "200", "AWS_ENDPOINT_URL": cloud.url, **CREDENTIALS},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return command


@pytest.fixture
def bury(cloud: Cloud) -> Callable[..., None]:
    def bury(body: str, reason: str | None) -> None:
        attributes = {"Reason": {"DataType": "String", "StringValue": reason}} if reason else {}
        url = cloud.outputs["DeadLetterQueueUrl"]
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)

    return bury


def event(bucket: Any, name: str) -> str:
    return str(message(bucket.name, bucket.inbox + name, "0A")["body"])


def test_what_lies_there_is_shown_with_its_reason_and_stays(bucket: Any, bury: Any, operate: Operate) -> None:
    bury(event(bucket, "Jürgen 1.png"), "it was looked at, and stays")
    for _ in range(2):
        shown = operate("dead-letters", "--reason", "looked at, and")
        assert shown.returncode == 0, shown.stderr
        assert "inbox/Jürgen 1.png" in shown.stdout
        assert "1  it was looked at, and stays" in shown.stdout
        assert f"python -m operate redrive --stack {STACK}" in shown.stdout


def test_what_has_no_reason_was_put_there_by_the_queue(bury: Any, operate: Operate) -> None:
    bury('{"no": "event"}', None)
    lines = [json.loads(line) for line in operate("dead-letters", "--json").stdout.splitlines()]
    [found] = [line for line in lines if line["body"] == '{"no": "event"}']
    assert (found["reason"], found["images"]) == (ENDED, [])


def test_once_the_cause_is_mended_one_command_brings_the_images_back(
    bucket: Any, sample: bytes, bury: Any, operate: Operate
) -> None:
    names = [f"redriven {n}.png" for n in range(25)]
    for name in names:
        bucket.put_aside(name, sample)
        bury(event(bucket, name), MENDED)
    bury(event(bucket, "not mended.png"), "something else")
    done = operate("redrive", "--reason", MENDED)
    assert done.returncode == 0, done.stderr
    assert "25 of about" in done.stdout
    assert {bucket.await_document(name)["label"] for name in names} == {"happy"}
    assert "none of about" in operate("dead-letters", "--reason", MENDED).stdout
    assert "not mended.png" in operate("dead-letters", "--reason", "something else").stdout
    assert "0 of about" in operate("redrive", "--reason", MENDED).stdout


def test_a_stack_that_is_not_there_is_one_clear_line(operate: Operate) -> None:
    failed = operate("dead-letters", "--stack", "nosuch")
    assert failed.returncode == 1
    assert failed.stderr.startswith("stack nosuch: ")
    assert len(failed.stderr.splitlines()) == 1
