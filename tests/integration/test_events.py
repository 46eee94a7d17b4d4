"""The deployed functions with the example events in events/."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.paths import SAMPLES
from tests.support.bucket import Bucket
from tests.support.invoking import Invoke

EVENTS = Path(__file__).parents[2] / "events"
INBOX = {
    "s3-put.json": {"happy/1.png": "happy/1.png"},
    "sqs-uploads.json": {
        "a face.png": "surprise/1.png",
        "one+two.png": "neutral/1.png",
        "100%.png": "sad/2.png",
        "été/visage.png": "angry/2.png",
    },
    "sqs-eventbridge.json": {"one face+100%25.png": "surprise/1.png", "été/visage.png": "angry/2.png"},
    "sqs-test-event.json": {},
}
API: dict[str, Any] = {
    "api-base64.json": "happy\n",
    "api-json.json": "happy",
    "api-images.json": ["happy", "not_an_image", "sad"],
    "api-binary.json": "happy",
    "api-health.json": "up",
    "api-uploads.json": "inbox/a/folder/",
    "api-results.json": ["happy"],
    "api-result.json": "happy",
    "api-name.json": "happy",
    "api-review.json": "surprise",
}
PAGE = "page.json"
FOLDERS = "api-folders.json"
REMOVALS = ["sqs-removals.json", "sqs-eventbridge.json"]
# The functions' variables for `sam local`, which are not an event.
VARIABLES = "env.json"


def event(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


@pytest.mark.parametrize("name", INBOX)
def test_a_storage_event_leads_to_results(name: str, bucket: Bucket, invoke: Invoke) -> None:
    for key, sample in INBOX[name].items():
        bucket.upload_without_event(key, (SAMPLES / sample).read_bytes())
    assert invoke(event(name)) == {"batchItemFailures": []}
    for key, sample in INBOX[name].items():
        assert [d["label"] for d in bucket.documents(key)] == [Path(sample).parent.name]


@pytest.mark.parametrize("event_name", REMOVALS)
def test_an_event_of_removals_deletes_the_documents(event_name: str, bucket: Bucket, invoke: Invoke) -> None:
    names = ["deleted face.png", "expired face.png"]
    for name in names:
        bucket.s3.put_object(Bucket=bucket.name, Key=f"{bucket.results}{name}.json", Body=b"{}")
    assert invoke(event(event_name)) == {"batchItemFailures": []}
    assert [bucket.documents(name) for name in names] == [[], []]


@pytest.mark.parametrize("name", API)
def test_a_request_is_answered(name: str, bucket: Bucket, invoke_api: Invoke, sample: bytes) -> None:
    bucket.await_document("happy/1.png", bucket.upload("happy/1.png", sample)["VersionId"])
    answer = invoke_api(event(name))
    assert answer["statusCode"] == 200
    value = answer["body"] if name == "api-base64.json" else main_value(json.loads(answer["body"]))
    assert value == API[name]


def test_the_folders_are_answered(bucket: Bucket, invoke_api: Invoke, sample: bytes) -> None:
    bucket.await_document("happy/1.png", bucket.upload("happy/1.png", sample)["VersionId"])
    answer = invoke_api(event(FOLDERS))
    assert answer["statusCode"] == 200
    assert "happy/" in [folder["prefix"] for folder in json.loads(answer["body"])["folders"]]


def main_value(answer: dict[str, Any]) -> Any:
    if isinstance(answer.get("results"), list):
        return [main_value(entry) for entry in answer["results"]]
    return next(answer[name] for name in ("label", "reason", "status", "prefix") if name in answer)


def test_the_page_is_answered(invoke_page: Invoke) -> None:
    answer = invoke_page(event(PAGE))
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_every_file_is_tested() -> None:
    assert {p.name for p in EVENTS.glob("*.json")} == {*INBOX, *API, FOLDERS, PAGE, *REMOVALS, VARIABLES}
