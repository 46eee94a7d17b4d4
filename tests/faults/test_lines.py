"""The newest line of every image is correct in the end, whatever fault is injected."""

import json
import time
from collections.abc import Iterator

import pytest

from mien.logic.lines import deleted, serialize_lines
from mien.logic.uploads import Removal

from .application import Application, start
from .invariants_of_lines import lines_of
from .logs import leaks, log_lines
from .runs import run
from .trials import TRIALS_OF_LINES, Trial, brief

# The faults that are particular to lines, and some that disturb other steps. `python -m tests.faults run --lines` runs
# all of them.
NAMES = {
    "row missing",
    "read 404",
    "write 503",
    "write answer lost",
    "write silent",
    "killed at writing",
    "killed after writing",
    "look 503",
    "versions deleted",
    "all at once",
}
IMAGES = 16


@pytest.fixture(scope="module")
def deployed() -> Iterator[Application]:
    with start(visibility_timeout=8, lines=True) as running:
        yield running


@pytest.mark.parametrize("trial", [t for t in TRIALS_OF_LINES if t.name in NAMES], ids=lambda trial: trial.name)
def test_the_newest_line_of_every_image_is_correct_after_the_trial(trial: Trial, deployed: Application) -> None:
    began = time.time()
    findings = run(deployed, brief(trial), IMAGES, seed=1).findings
    assert findings.images == IMAGES
    assert findings.clean(), findings
    assert leaks(deployed, log_lines(deployed, began)) == []


def test_the_judge_finds_lost_wrong_kept_stray_and_repeated_lines_and_changed_objects() -> None:
    """Without this, the trials above would prove nothing."""
    # In an application of its own, because objects that are changed stay changed.
    with start(lines=True) as deployed:
        s3, bucket = deployed.s3, deployed.bucket
        inbox, results, rejected = deployed.prefixes
        where = f"{inbox}judged/"
        for name in ("wrong", "fine", "deleted", "kept", "gone"):
            s3.put_object(Bucket=bucket, Key=where + name, Body=deployed.contents["happy/1.png"])
        deployed.wait_until_idle()
        deployed.remove("judged/", ["deleted", "kept"])
        deployed.wait_until_idle()
        assert deployed.judge("judged/").clean()
        assert deployed.judge("judged/").repeated == 0

        def line(name: str, **fields: str) -> bytes:
            """The line of an image, with other fields, and a sequencer that is larger than S3's."""
            found = json.loads(lines_of(s3, bucket, results, where + "fine")[0])
            image = {**found["image"], "key": where + name, "sequencer": "FF"}
            return serialize_lines([{**found, **fields, "image": image}])

        def put(name: str, data: bytes, place: str = results) -> None:
            s3.put_object(Bucket=bucket, Key=f"{place}{name}.jsonl", Body=data)

        put("wrong", line("wrong", label="angry"))
        put("kept", line("kept"))
        put("gone", serialize_lines([deleted(Removal(bucket, where + "gone", "FF"))]))
        put("stray", line("stray"))
        put("again", lines_of(s3, bucket, results, where + "fine")[0])
        put("stray", line("stray"))
        put("copy", b"{}", rejected)
        # Nothing tells the application of an image that is uploaded while its notifications are switched off.
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
        s3.put_object(Bucket=bucket, Key=where + "lost", Body=deployed.contents["happy/1.png"])
        findings = deployed.judge("judged/")
    assert findings.lost == [where + "lost"]
    assert sorted(findings.wrong) == [where + "gone", where + "kept", where + "wrong"]
    assert findings.repeated == 1
    assert findings.changed == [f"{results}stray.jsonl"]
    assert findings.strays == [
        f"a line without an image: {where}stray",
        f"an object beside the lines: {rejected}copy.jsonl",
    ]
