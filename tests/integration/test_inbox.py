"""Images that are uploaded to the inbox get their documents from the application in the embedded cloud."""

import json

import numpy as np
import pytest
from PIL import Image

import inference
from local.cloud import Cloud
from local.paths import MODEL, SAMPLES
from mien.logic.crops import CROP_SIDE
from tests import corpus
from tests.support.bucket import Bucket
from tests.support.invoking import DeadLetters, Invoke
from tests.support.messages import message
from tests.support.waiting import eventually

KEYS = [
    "a face.png",
    "one+two.png",
    "100%.png",
    "%20.png",
    "été/visage.png",
    "🙂.png",
    "deep/er/and/deep/er.png",
    "folder/",
    "double//slash.png",
    'quote\'s "and" <angle>&.png',
    "x" * 1000 + ".png",
]


def test_every_kind_of_file_gets_a_label_or_a_rejection_with_its_reason(bucket: Bucket) -> None:
    files = {f"kinds/{name}": file for name, file in (corpus.GOOD | corpus.BAD).items()}
    for name, file in files.items():
        bucket.upload(name, file.data)
    for name, file in files.items():
        document = bucket.await_document(name)
        assert document.get("reason") == getattr(file, "reason", None), name
        if isinstance(file, corpus.Good):
            sides = document["image"]["width"], document["image"]["height"]
            assert document["status"] == ("classified" if max(sides) <= CROP_SIDE else "no_face"), name


@pytest.mark.parametrize("name", KEYS, ids=lambda name: name[:30])
def test_every_key_gets_a_result(name: str, bucket: Bucket, sample: bytes) -> None:
    stored = bucket.upload(name, sample)
    document = bucket.await_document(name, stored["VersionId"])
    assert document["image"]["key"] == bucket.inbox + name
    assert document["label"] == "happy"


def test_a_document_has_the_same_probabilities_as_a_direct_call_of_the_model(bucket: Bucket) -> None:
    paths = sorted(SAMPLES.rglob("*.png"))
    model = inference.model_fn(str(MODEL))
    faces = np.stack([np.asarray(Image.open(p)) for p in paths])
    direct = inference.predict_fn(inference.Faces(faces, False), model).probabilities
    names = [f"direct/{p.relative_to(SAMPLES)}" for p in paths]
    for name, path in zip(names, paths, strict=True):
        bucket.upload(name, path.read_bytes())
    for name, row in zip(names, direct, strict=True):
        probabilities = bucket.await_document(name)["probabilities"]
        assert [probabilities[label] for label in model.labels] == [round(float(p), 4) for p in row]


def test_a_document_identifies_its_image_and_its_model(bucket: Bucket, sample: bytes) -> None:
    stored = bucket.upload("whose.png", sample)
    document = bucket.await_document("whose.png")
    image, model = document["image"], document["model"]
    assert (image["bucket"], image["key"]) == (bucket.name, "inbox/whose.png")
    assert (image["etag"], image["version_id"]) == (stored["ETag"].strip('"'), stored["VersionId"])
    assert (image["width"], image["height"]) == (48, 48)
    assert model["version"] == json.loads((MODEL / "model.json").read_text())["version"]


def test_an_overwritten_image_has_one_document_for_its_last_version(bucket: Bucket, sample: bytes) -> None:
    for data, status in [
        (sample, "classified"),
        (b"broken", "rejected"),
        (sample[:-30], "rejected"),
        (sample, "classified"),
    ]:
        stored = bucket.upload("again.png", data)
        assert bucket.await_document("again.png", stored["VersionId"])["status"] == status
        # The same invocation deletes the document of the other kind, one request later.
        assert eventually(lambda: len(bucket.documents("again.png")) == 1)
        assert [d["status"] for d in bucket.documents("again.png")] == [status]


def test_images_outside_the_inbox_are_ignored(bucket: Bucket, sample: bytes, invoke: Invoke) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="elsewhere/a.png", Body=sample)
    event = {"Records": [message(bucket.name, key, "0A") for key in ("elsewhere/a.png", "results/inbox/a.png.json")]}
    assert invoke(event) == {"batchItemFailures": []}
    bucket.upload("later.png", sample)
    bucket.await_document("later.png")
    stored = [o["Key"] for o in bucket.s3.list_objects_v2(Bucket=bucket.name)["Contents"]]
    assert [key for key in stored if "elsewhere/a" in key] == ["elsewhere/a.png"]


def test_a_hundred_images_fit_into_one_invocation(bucket: Bucket, sample: bytes, invoke: Invoke) -> None:
    names = [f"hundred/{n}.png" for n in range(100)]
    for name in names:
        bucket.upload(name, sample)
    records = [message(bucket.name, bucket.inbox + name, "FF", name) for name in names]
    assert invoke({"Records": records}) == {"batchItemFailures": []}
    assert {bucket.await_document(name)["label"] for name in names} == {"happy"}


def test_a_duplicate_event_changes_nothing(bucket: Bucket, sample: bytes, invoke: Invoke) -> None:
    stored = bucket.upload("twice.png", sample)
    first = bucket.await_document("twice.png")
    key = f"{bucket.results}twice.png.json"
    before = bucket.s3.head_object(Bucket=bucket.name, Key=key)
    image = first["image"]
    duplicate = message(
        bucket.name, image["key"], image["sequencer"], versionId=stored["VersionId"], eTag=image["etag"]
    )
    assert invoke({"Records": [duplicate, duplicate]}) == {"batchItemFailures": []}
    after = bucket.s3.head_object(Bucket=bucket.name, Key=key)
    assert (after["VersionId"], after["ETag"]) == (before["VersionId"], before["ETag"])


@pytest.mark.parametrize("forged_status", ["classified", "rejected"])
def test_a_document_with_a_forged_sequencer_is_replaced_by_the_next_upload(
    forged_status: str, bucket: Bucket, sample: bytes, invoke: Invoke
) -> None:
    name = f"pinned {forged_status}.png"
    first = bucket.upload(name, sample if forged_status == "classified" else b"broken")
    bucket.await_document(name, first["VersionId"])
    forged = message(bucket.name, bucket.inbox + name, "F" * 64, versionId=first["VersionId"])
    assert invoke({"Records": [forged]}) == {"batchItemFailures": []}
    [pinned] = bucket.documents(name)
    assert (pinned["status"], pinned["image"]["sequencer"]) == (forged_status, "F" * 64)
    second = bucket.upload(name, sample + b" ")
    assert bucket.await_document(name, second["VersionId"])["status"] == "classified"
    assert eventually(lambda: len(bucket.documents(name)) == 1)


def test_a_message_about_another_bucket_becomes_a_dead_letter_and_nothing_is_read_there(
    cloud: Cloud, bucket: Bucket, sample: bytes, invoke: Invoke, dead_letters: DeadLetters
) -> None:
    foreign = "another-bucket"
    bucket.s3.create_bucket(Bucket=foreign)
    bucket.s3.put_object(Bucket=foreign, Key=f"{bucket.inbox}a.png", Body=sample)
    names = [foreign, "Not/a bucket\n"]
    records = [message(name, f"{bucket.inbox}a.png", "0A", message_id=str(n)) for n, name in enumerate(names)]
    assert invoke({"Records": records}) == {"batchItemFailures": []}
    assert [stored["Key"] for stored in bucket.s3.list_objects_v2(Bucket=foreign)["Contents"]] == ["inbox/a.png"]
    bodies = [record["body"] for record in records]
    reasons = [m["MessageAttributes"]["Reason"]["StringValue"] for m in dead_letters() if m["Body"] in bodies]
    assert reasons == [f"the message is about an object outside the bucket {bucket.name}"] * 2


@pytest.mark.parametrize("order", [("good", "bad"), ("bad", "good"), ("good", "good")])
def test_a_late_event_of_an_older_version_changes_nothing(
    order: tuple[str, str], bucket: Bucket, sample: bytes, invoke: Invoke
) -> None:
    data = {"good": sample, "bad": b"broken"}
    name = f"late {order[0]} {order[1]}.png"
    old = bucket.upload(name, data[order[0]])
    older = bucket.await_document(name, old["VersionId"])["image"]
    new = bucket.upload(name, data[order[1]] + b" ")
    bucket.await_document(name, new["VersionId"])
    late = message(bucket.name, older["key"], older["sequencer"], versionId=old["VersionId"], eTag=older["etag"])
    assert invoke({"Records": [late]}) == {"batchItemFailures": []}
    [document] = bucket.documents(name)
    assert document["image"]["version_id"] == new["VersionId"]


def test_a_folder_made_in_the_s3_console_has_no_document(bucket: Bucket, invoke: Invoke) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.inbox}console/", Body=b"")
    event = {"Records": [message(bucket.name, f"{bucket.inbox}console/", "0A", size=0)]}
    assert invoke(event) == {"batchItemFailures": []}
    assert bucket.documents("console/") == []


def test_a_message_that_is_not_a_storage_event_becomes_a_dead_letter_alone(
    cloud: Cloud, bucket: Bucket, sample: bytes, dead_letters: DeadLetters
) -> None:
    sent = json.dumps({"hello": "world", "number": 17})
    cloud.client("sqs").send_message(QueueUrl=cloud.outputs["QueueUrl"], MessageBody=sent)
    bucket.upload("neighbor.png", sample)
    assert bucket.await_document("neighbor.png")["label"] == "happy"

    def reasons() -> list[str]:
        return [m["MessageAttributes"]["Reason"]["StringValue"] for m in dead_letters() if m["Body"] == sent]

    assert eventually(lambda: len(reasons()) == 1)
    assert reasons() == ["not an S3 event: it has no list of Records"]


def test_the_test_event_of_s3_leaves_no_message(cloud: Cloud, dead_letters: DeadLetters) -> None:
    """S3 sent one when the stack was deployed. It is neither in the queue nor among the dead letters."""
    queues = cloud.client("sqs")

    def empty() -> bool:
        url = cloud.outputs["QueueUrl"]
        answer = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        return bool(answer["Attributes"]["ApproximateNumberOfMessages"] == "0")

    assert eventually(empty)
    assert not [letter for letter in dead_letters() if "s3:TestEvent" in letter["Body"]]


def test_logs_contain_neither_keys_nor_pixels(cloud: Cloud, bucket: Bucket, sample: bytes) -> None:
    bucket.upload("Jane Doe.png", sample)
    bucket.upload("Jane Doe, broken.png", sample[:60])
    bucket.await_document("Jane Doe.png")
    bucket.await_document("Jane Doe, broken.png")
    logs = cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    lines = [e["message"] for group in groups for e in logs.filter_log_events(logGroupName=group)["events"]]
    assert lines
    assert not [line for line in lines if "Jane" in line or "inbox/" in line or "iVBOR" in line]
