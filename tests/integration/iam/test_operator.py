"""The permissions that docs/operations.md lists are enough to forget a person, and each is needed."""

import os
import re
import subprocess
import sys
import time

import pytest

from local.cloud import REGION, Cloud
from local.paths import ROOT
from mien.logic.lines import deleted, lines_key, serialize_lines
from mien.logic.uploads import Removal
from tests.support.bucket import Bucket
from tests.support.documents import text_of
from tests.support.enforcing import Doors, make_user
from tests.support.messages import message

# A row of the page's table: actions, and what they are allowed on.
ROW = re.compile(r"^\| ((?:`\w+:\w+`(?:, )?)+) \| (.+) \|$", re.MULTILINE)
# MiniStack looks for permissions with the names of the batches, which IAM does not have.
BATCHES = {
    "sqs:ChangeMessageVisibility": ["sqs:ChangeMessageVisibilityBatch"],
    "sqs:DeleteMessage": ["sqs:DeleteMessageBatch"],
}


def permissions() -> list[tuple[str, str]]:
    """The page's actions, each with what it is allowed on."""
    section = text_of("docs/operations.md").partition("\n## Forget a person\n")[2].partition("\n## ")[0]
    rows = ROW.findall(section)
    return [(action, resource) for actions, resource in rows for action in re.findall(r"`(\w+:\w+)`", actions)]


def forget_as_user(cloud: Cloud, name: str, allowed: list[tuple[str, str]]) -> subprocess.CompletedProcess[str]:
    """Forgets the folder `name` as a user who has these permissions and no others."""
    bucket = f"arn:aws:s3:::{cloud.bucket}"
    queue = cloud.outputs["DeadLetterQueueUrl"].rpartition("/")[2]
    resources = {
        "the stack": ["*"],
        "the bucket": [bucket],
        "the dead-letter queue": [f"arn:aws:sqs:{REGION}:*:{queue}"],
    }
    folders = [f"{bucket}/{cloud.prefix(output)}*" for output in ("Inbox", "Results", "Rejected", "Reviews")]
    statements = [
        {"Effect": "Allow", "Action": [action, *BATCHES.get(action, [])], "Resource": resources.get(on, folders)}
        for action, on in allowed
    ]
    user = make_user(cloud, name, *statements)
    environment = {key.upper(): value for key, value in user.items()}
    trust = {"AWS_CA_BUNDLE": os.environ["AWS_CA_BUNDLE"], "PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "-m", "operate", "forget", f"{name}/", "--yes"],
        cwd=ROOT,
        env={**trust, **environment, "AWS_ENDPOINT_URL": cloud.url, "AWS_DEFAULT_REGION": REGION},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def store_something(cloud: Cloud, name: str) -> None:
    """Two images with their documents and copies of those, and a review, a line and a dead letter about one of them.

    Of the versions in one request, MiniStack deletes the first one without asking for DeleteObjectVersion.
    """
    bucket = Bucket.in_cloud(cloud)
    for image in ("1.txt", "2.txt"):
        bucket.upload(f"{name}/{image}", b"no image")
        bucket.await_document(f"{name}/{image}")
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.reviews}{name}/1.txt/1.Ann.json", Body=b"{}")
    lines = serialize_lines(
        deleted(Removal(bucket.name, key, "0A")) for key in (f"{bucket.inbox}{name}/1.txt", "other")
    )
    bucket.s3.put_object(Bucket=bucket.name, Key=lines_key(bucket.results, lines, time.time()), Body=lines)
    body = message(bucket.name, f"{bucket.inbox}{name}/1.txt", "0A")["body"]
    cloud.client("sqs").send_message(QueueUrl=cloud.outputs["DeadLetterQueueUrl"], MessageBody=body)


def test_the_permissions_of_the_page_are_enough(doors: Doors) -> None:
    store_something(doors.cloud, "enough")
    done = forget_as_user(doors.cloud, "enough", permissions())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deleted 2 images, 4 documents and 1 reviews" in done.stdout
    assert "1 dead letters" in done.stdout
    assert "Deleted 1 lines, from 1 objects" in done.stdout


@pytest.mark.parametrize("missing", [action for action, _ in permissions()])
def test_each_of_them_is_needed(doors: Doors, missing: str) -> None:
    name = "without-" + missing.replace(":", "-").lower()
    store_something(doors.cloud, name)
    failed = forget_as_user(doors.cloud, name, [(action, on) for action, on in permissions() if action != missing])
    assert failed.returncode == 1, failed.stdout
    assert "not authorized" in failed.stderr or "AccessDenied" in failed.stdout, failed.stdout + failed.stderr
