"""Every image has exactly one correct document in the end, whatever fault is injected."""

import time
from collections.abc import Iterator

import pytest

from .application import Application, start
from .logs import leaks, log_lines
from .runs import run
from .trials import TRIALS, Trial, brief

# These trials wait for timeouts or for a minute. Only `python -m tests.faults run` runs them.
LONG = {"endpoint silent", "outage", "frozen"}
IMAGES = 16


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
