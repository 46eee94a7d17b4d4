"""`operate forget` erases images for good: all versions, their documents, and the dead letters about them."""

import hashlib
import json
import re
import time
from pathlib import Path

import pytest

from local.cloud import Cloud
from mien.logic.lines import deleted, lines_key, serialize_lines
from mien.logic.results import document_key
from mien.logic.review_keys import review_key
from mien.logic.uploads import Removal
from operate.dead_letters import count_messages
from tests.support.bucket import Bucket
from tests.support.messages import message, removal_message
from tests.support.operating import Operate, SendDeadLetter, operate_at_terminal
from tests.support.waiting import eventually

# Longer than what fits into a document's key together with `.json`.
LONG_NAME = "n" * 1010 + ".png"


def versions(bucket: Bucket, prefix: str) -> list[str]:
    """The keys of all versions and delete markers below a prefix, with repetitions."""
    keys = []
    for page in bucket.s3.get_paginator("list_object_versions").paginate(Bucket=bucket.name, Prefix=prefix):
        keys += [entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in page.get(kind, [])]
    return keys


def traces(bucket: Bucket, name: str) -> list[str]:
    """All that the bucket has about names that begin like this."""
    folders = (bucket.inbox, bucket.results, bucket.rejected, bucket.reviews)
    return [key for folder in folders for key in versions(bucket, folder + name)]


def put(bucket: Bucket, key: str, body: bytes = b"{}") -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=body)


def put_lines(bucket: Bucket, *names: str) -> str:
    """Stores an object with a line about each of these images, and returns its key."""
    lines = serialize_lines(deleted(Removal(bucket.name, bucket.inbox + name, "0A")) for name in names)
    key = lines_key(bucket.results, lines, time.time())
    put(bucket, key, lines)
    return key


def names_in_lines(bucket: Bucket, keys: list[str]) -> list[str]:
    bodies = [bucket.s3.get_object(Bucket=bucket.name, Key=key)["Body"].read() for key in keys]
    lines = [json.loads(line) for body in bodies for line in body.splitlines()]
    return sorted(line["image"]["key"].removeprefix(bucket.inbox) for line in lines)


def event(bucket: Bucket, name: str) -> str:
    return str(message(bucket.name, bucket.inbox + name, "0A")["body"])


def test_a_folder_is_forgotten_and_its_neighbours_stay(
    bucket: Bucket, sample: bytes, operate: Operate, send_dead_letter: SendDeadLetter, tmp_path: Path
) -> None:
    long = "ann/" + LONG_NAME[4:]
    for name in ("ann/1.png", "ann/1.png", "ann/deeper/2.png", "ann/no image.txt", long, "anna/1.png", "ann.png"):
        stored = bucket.upload(name, b"no image" if name.endswith(".txt") else sample)
        if name != long:
            bucket.await_document(name, stored["VersionId"])
    # An image that somebody deleted before: its version can still be read.
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + "ann/deeper/2.png")
    # An image that is gone for good, and left its document.
    put(bucket, f"{bucket.results}ann/expired.png.json")
    for name in ("ann/1.png", "ann/1.png", long, "ann.png"):
        put(bucket, review_key(bucket.inbox + name, 1, "Ben", bucket.inbox, bucket.reviews))
    cut = document_key(bucket.inbox + long, bucket.inbox, bucket.results)
    bucket.s3.get_waiter("object_exists").wait(Bucket=bucket.name, Key=cut, WaiterConfig={"Delay": 1})
    for name in ("ann/1.png", "anna/1.png"):
        send_dead_letter(event(bucket, name), "the model refused this face")

    report = tmp_path / "report.json"
    done = operate("forget", "ann/", "--yes", "--report", str(report))
    assert done.returncode == 0, done.stderr
    assert traces(bucket, "ann/") == []
    assert bucket.await_document("anna/1.png")["label"] == "happy"
    assert bucket.await_document("ann.png")["label"] == "happy"
    assert versions(bucket, bucket.reviews + "ann.png") == [f"{bucket.reviews}ann.png/1.Ben.json"]
    left = operate("dead-letters", "--reason", "refused this face").stdout
    assert "inbox/anna/1.png" in left
    assert "inbox/ann/1.png" not in left

    evidence = json.loads(report.read_text())
    assert evidence["complete"] is True
    assert evidence["found"]["images"]["objects"] == evidence["deleted"]["images"]["objects"] == 4
    assert evidence["deleted"]["images"]["versions"] == 5
    assert evidence["deleted"]["images"]["delete_markers"] >= 1
    assert evidence["deleted"]["images"]["size"] == 4 * len(sample) + len(b"no image")
    # Of four images, of one that is gone, and the copy of a rejection.
    assert evidence["deleted"]["documents"]["objects"] == 6
    assert (evidence["deleted"]["reviews"]["objects"], evidence["deleted"]["reviews"]["versions"]) == (2, 3)
    assert evidence["deleted"]["dead_letters"] == 1
    assert evidence["left"]["images"]["versions"] == evidence["left"]["documents"]["versions"] == 0
    assert evidence["operator"].startswith("arn:aws:")
    # The report has no names, but people who know the name can recognize it.
    assert evidence["selection"] == {"kind": "folder", "sha256": hashlib.sha256(b"ann/").hexdigest()}
    assert "ann" not in report.read_text().replace(evidence["selection"]["sha256"], "")

    again = operate("forget", "ann/", "--yes")
    assert again.returncode == 0, again.stderr
    assert "There is nothing about it" in again.stdout


def test_one_image_is_forgotten_and_not_those_whose_names_begin_like_it(
    bucket: Bucket, sample: bytes, operate: Operate
) -> None:
    for name in ("bob.png", "bob.png.old", "bob.png/1.png"):
        bucket.upload(name, sample)
        bucket.await_document(name)
        put(bucket, f"{bucket.reviews}{name}/1.Ben.json")
    assert operate("forget", "bob.png", "--yes").returncode == 0
    assert sorted(set(traces(bucket, "bob.png"))) == [
        "inbox/bob.png.old",
        "inbox/bob.png/1.png",
        "results/bob.png.old.json",
        "results/bob.png/1.png.json",
        "reviews/bob.png.old/1.Ben.json",
        "reviews/bob.png/1.png/1.Ben.json",
    ]


def test_a_very_long_name_is_forgotten_with_the_document_whose_name_was_cut(
    bucket: Bucket, sample: bytes, operate: Operate
) -> None:
    name = "c" + LONG_NAME[1:]
    bucket.upload(name, sample)
    cut = document_key(bucket.inbox + name, bucket.inbox, bucket.results)
    assert not cut.startswith(bucket.results + name)
    bucket.s3.get_waiter("object_exists").wait(Bucket=bucket.name, Key=cut, WaiterConfig={"Delay": 1})
    assert operate("forget", name, "--yes").returncode == 0
    assert versions(bucket, cut) == []
    assert versions(bucket, bucket.inbox + name) == []


def test_a_folder_whose_name_is_longer_than_what_documents_keep_of_it_is_forgotten(
    bucket: Bucket, sample: bytes, operate: Operate
) -> None:
    folder = "d" * 1000
    names = {f"{folder}{ending}/{'e' * 8}.png": ending for ending in ("one", "two")}
    keys = {ending: document_key(bucket.inbox + name, bucket.inbox, bucket.results) for name, ending in names.items()}
    reviews = {e: review_key(bucket.inbox + name, 1, "Ben", bucket.inbox, bucket.reviews) for name, e in names.items()}
    for name, ending in names.items():
        put(bucket, reviews[ending], json.dumps({"image": {"key": bucket.inbox + name}}).encode())
        bucket.upload(name, sample)
        bucket.s3.get_waiter("object_exists").wait(Bucket=bucket.name, Key=keys[ending], WaiterConfig={"Delay": 1})
    left = {bucket.inbox + f"{folder}two/{'e' * 8}.png", keys["two"], reviews["two"]}
    # The function that handles a removal can still leave a version. The command says so, and to run it again.
    assert eventually(
        lambda: operate("forget", folder + "one/", "--yes").returncode == 0 and set(traces(bucket, "d" * 700)) == left
    )


@pytest.mark.parametrize("name", ["space and+plus.png", "per%20cent.png", "tab\there.png", "line\nfeed.png", "Zoë.png"])
def test_every_name_can_be_forgotten(bucket: Bucket, operate: Operate, name: str) -> None:
    put(bucket, f"{bucket.results}names/{name}.json")
    put(bucket, f"{bucket.results}names/other.json")
    assert operate("forget", f"names/{name}", "--yes").returncode == 0
    assert traces(bucket, "names/" + name) == []
    assert traces(bucket, "names/other")


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("l/ann/", ["l/ann/1.png", "l/ann/deep/2.png"]),
        ("l/ann", ["l/ann"]),
        ("l/Zoë \n+%20.png", ["l/Zoë \n+%20.png"]),
        ("l/", None),
    ],
    ids=ascii,
)
def test_lines_are_forgotten_and_those_of_other_images_stay(
    bucket: Bucket, operate: Operate, name: str, gone: list[str] | None
) -> None:
    names = ["l/ann/1.png", "l/ann/deep/2.png", "l/ann", "l/anna/1.png", "l/Zoë \n+%20.png"]
    put_lines(bucket, "neighbour.png")
    put_lines(bucket, *names)
    put_lines(bucket, *names[:2])
    done = operate("forget", name, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    keys = list(set(versions(bucket, f"{bucket.results}date=")))
    left = ["neighbour.png", *(other for other in names if gone is not None and other not in gone)]
    assert set(names_in_lines(bucket, keys)) == set(left)
    for key in keys:
        body = bucket.s3.get_object(Bucket=bucket.name, Key=key)["Body"].read()
        assert lines_key(bucket.results, body, time.time()).rpartition("/")[2] == key.rpartition("/")[2]
    assert operate("forget", "l/", "--yes").returncode == 0
    assert set(names_in_lines(bucket, versions(bucket, f"{bucket.results}date="))) == {"neighbour.png"}


def test_objects_of_lines_are_counted_before_they_are_read(bucket: Bucket, operate: Operate) -> None:
    keys = [put_lines(bucket, f"counted/{n}.png", "neighbour.png") for n in range(3)]
    shown = operate("forget", "counted/", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"Reading \d+ objects, because each can have lines", shown.stdout)
    assert re.search(r"lines, in objects +│ +3 │ +3 │", shown.stdout), shown.stdout
    assert set(keys) <= set(versions(bucket, bucket.results))
    done = operate("forget", "counted/", "--yes")
    assert "Deleted 3 lines, from 3 objects." in done.stdout


def test_thousands_of_versions_are_forgotten(bucket: Bucket, operate: Operate) -> None:
    for n in range(1050):
        put(bucket, f"{bucket.results}many/{n}.png.json")
    done = operate("forget", "many/", "--yes")
    assert "Deleted 0 images, 1,050 documents and 0 reviews" in done.stdout, done.stdout + done.stderr
    assert traces(bucket, "many/") == []


def test_a_dry_run_shows_what_there_is_and_deletes_nothing(
    bucket: Bucket, sample: bytes, operate: Operate, send_dead_letter: SendDeadLetter
) -> None:
    bucket.upload("dry/1.png", sample)
    bucket.await_document("dry/1.png")
    send_dead_letter(event(bucket, "dry/1.png"), "kept by the dry run")
    before = traces(bucket, "dry/")
    shown = operate("forget", "dry/", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    rows = {
        cells[1].strip(): cells[2].strip() for line in shown.stdout.splitlines() if len(cells := line.split("│")) > 3
    }
    assert rows == {"images": "1", "documents": "1", "reviews": "0", "dead letters": "1"}
    assert traces(bucket, "dry/") == before
    assert "inbox/dry/1.png" in operate("dead-letters", "--reason", "kept by the dry run").stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "an empty name selects nothing"),
        (["", "--yes"], "an empty name selects nothing"),
        (["slip/", "--everything", "--yes"], "not both"),
        (["slip/"], "there is no terminal"),
        (["--everything"], "there is no terminal"),
        (["slip/", "--yes", "--report", "README.md"], "README.md can't be written, so nothing was deleted"),
    ],
)
def test_a_slip_deletes_nothing(bucket: Bucket, operate: Operate, arguments: list[str], reason: str) -> None:
    put(bucket, f"{bucket.results}slip/1.png.json")
    failed = operate("forget", *arguments)
    assert failed.returncode == 1
    assert reason in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    assert traces(bucket, "slip/")


@pytest.mark.parametrize(("answer", "status"), [("n", 1), ("y", 0)])
def test_at_a_terminal_it_asks_first(bucket: Bucket, cloud: Cloud, answer: str, status: int) -> None:
    put(bucket, f"{bucket.results}asked/1.png.json")
    ended = operate_at_terminal(cloud, answer, "forget", "asked/")
    assert "Delete all of this for good?" in ended.stdout
    assert ended.returncode == status
    assert bool(traces(bucket, "asked/")) == (answer == "n")


def test_messages_that_still_wait_in_the_queue_do_nothing_when_they_arrive(
    bucket: Bucket, cloud: Cloud, sample: bytes, operate: Operate
) -> None:
    stored = bucket.upload("waiting.png", sample)
    bucket.await_document("waiting.png")
    assert operate("forget", "waiting.png", "--yes").returncode == 0
    sqs, url = cloud.client("sqs"), cloud.outputs["QueueUrl"]
    key = bucket.inbox + "waiting.png"
    for waiting in (
        message(bucket.name, key, "0A", versionId=stored["VersionId"], eTag=stored["ETag"].strip('"')),
        removal_message(bucket.name, key),
    ):
        sqs.send_message(QueueUrl=url, MessageBody=waiting["body"])
    assert eventually(lambda: count_messages(sqs, url) == 0)
    assert traces(bucket, "waiting.png") == []


def test_a_dead_letter_that_is_about_other_images_too_is_left_and_reported(
    bucket: Bucket, operate: Operate, send_dead_letter: SendDeadLetter
) -> None:
    both = json.loads(event(bucket, "shared/1.png"))
    both["Records"] += json.loads(event(bucket, "of others.png"))["Records"]
    send_dead_letter(json.dumps(both), "about two images")
    done = operate("forget", "shared/", "--yes")
    assert done.returncode == 1
    assert "a dead letter is about other images too" in done.stdout
    assert "shared/1.png" in operate("dead-letters", "--reason", "about two images").stdout
