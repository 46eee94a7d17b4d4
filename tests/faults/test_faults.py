"""Every image has exactly one correct document in the end, whatever fault is injected."""

import base64
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from .application import Application, start
from .catalogue import Fault
from .runs import run
from .trials import TRIALS, Trial

# These trials wait for timeouts or for a minute. Only `python -m tests.faults run` runs them.
LONG = {"endpoint silent", "outage", "frozen"}
IMAGES = 16


def brief(trial: Trial) -> Trial:
    """The trial with at most three hits of each fault. A fault that hits one image again and again costs minutes.

    Among so few images only a few documents are deleted, and the endpoint is called only a few times. So a larger share
    of these requests is hit. Where messages must become dead letters, the fault must hit them every time, so they have
    no limit.
    """
    if trial.dead:
        return trial
    return replace(trial, faults=tuple(brief_fault(fault) for fault in trial.faults))


def brief_fault(fault: Fault) -> Fault:
    share = max(fault.share, 0.7) if fault.operation in ("delete", "invoke") else fault.share
    return replace(fault, most=min(3, fault.most or 3), share=share)


@pytest.fixture(scope="module")
def deployed() -> Iterator[Application]:
    with start(visibility_timeout=8) as running:
        yield running


@pytest.mark.parametrize("trial", [t for t in TRIALS if t.name not in LONG], ids=lambda trial: trial.name)
def test_every_image_has_one_correct_document_after_the_trial(trial: Trial, deployed: Application) -> None:
    began = time.time()
    findings = run(deployed, brief(trial), IMAGES, seed=1).findings
    assert findings.images == IMAGES
    assert findings.clean(), findings
    assert leaks(deployed, log_lines(deployed, began)) == []


def test_the_judge_finds_lost_wrong_doubled_older_kept_and_stray_documents(deployed: Application) -> None:
    """Without this, the trials above would prove nothing."""
    s3, bucket = deployed.s3, deployed.bucket
    inbox, results, rejected = deployed.prefixes
    where = "judged/"
    for name in ("lost", "wrong", "doubled", "older", "fine", "deleted", "kept"):
        s3.put_object(Bucket=bucket, Key=f"{inbox}{where}{name}", Body=deployed.contents["happy/1.png"])
    deployed.wait_until_idle()
    deployed.remove(where, ["deleted", "kept"])
    deployed.wait_until_idle()
    assert deployed.judge(where).clean()

    def body(name: str) -> bytes:
        data: bytes = s3.get_object(Bucket=bucket, Key=f"{results}{where}{name}.json")["Body"].read()
        return data

    def put(place: str, name: str, data: bytes, sequencer: str) -> None:
        s3.put_object(Bucket=bucket, Key=f"{place}{where}{name}.json", Body=data, Metadata={"sequencer": sequencer})

    s3.delete_object(Bucket=bucket, Key=f"{results}{where}lost.json")
    put(results, "wrong", body("wrong").replace(b"happy", b"angry"), "FF")
    put(rejected, "doubled", b"{}", "FF")
    put(results, "older", body("older"), "00")
    put(results, "stray", b"{}", "FF")
    put(results, "kept", body("fine"), "FF")
    findings = deployed.judge(where)
    assert findings.lost == [f"{inbox}{where}lost"]
    assert sorted(findings.wrong) == [f"{inbox}{where}kept", f"{inbox}{where}wrong"]
    assert findings.doubled == [f"{inbox}{where}doubled"]
    assert findings.older == [f"{results}{where}older.json"]
    assert findings.strays == [f"a document without an image: {where}stray.json"]


def test_a_run_that_fails_in_many_ways_logs_neither_keys_nor_pixels(deployed: Application) -> None:
    """Object keys can contain names of people. Each trial above checks its own log lines in the same way."""
    began = time.time()
    trials = {trial.name: trial for trial in TRIALS}
    for name in ("foreign messages", "read 403"):
        run(deployed, brief(trials[name]), IMAGES, seed=2)
    lines = log_lines(deployed, began)
    assert any('"level":"WARNING"' in line for line in lines)
    assert any("sent to the dead-letter queue" in line for line in lines)
    assert leaks(deployed, lines) == []
    assert leaks(deployed, ["inbox/a.png"]) == ["inbox/a.png"]


def log_lines(deployed: Application, since: float) -> list[str]:
    """The lines that all functions have logged since a moment, in seconds since 1970."""
    logs = deployed.cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = logs.get_paginator("filter_log_events")
    return [
        event["message"]
        for group in groups
        for page in pages.paginate(logGroupName=group, startTime=int(since * 1000))
        for event in page["events"]
    ]


def leaks(deployed: Application, lines: list[str]) -> list[str]:
    """The lines that contain a part of an object key, of a message or of an image."""
    secrets = ["inbox/", ".png", "deadly", "stranger"]
    secrets += [base64.b64encode(data[:30]).decode() for data in deployed.contents.values() if data]
    secrets += [repr(data[:12])[2:-1] for data in deployed.contents.values() if data]
    return [line for line in lines if any(secret in line for secret in secrets)]
