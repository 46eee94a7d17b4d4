"""The functions need each permission that their roles have: without it, something that they must do fails.

Each step below works with the template's policies, and fails when one permission is taken out of the role.
"""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.bucket import Bucket
from tests.support.direct import Application
from tests.support.enforcing import Doors, without_permission
from tests.support.forms import request_form
from tests.support.invoking import invoking
from tests.support.messages import removal_message
from tests.support.rest import sending
from tests.support.stack import ENDPOINT_ARN, TEMPLATE, permissions


@pytest.fixture(scope="module")
def application(doors: Doors, sample: bytes) -> Iterator[Application]:
    cloud = doors.cloud
    functions = cloud.client("lambda")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    yield Application(cloud, Bucket.in_cloud(cloud), invoking(cloud, "Inbox"), sending(cloud), sample)
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def a_face_gets_a_result(application: Application) -> None:
    assert application.statuses(application.classify(application.sample)) == ["classified"]


def a_broken_image_gets_a_rejection(application: Application) -> None:
    assert application.statuses(application.classify(b"broken")) == ["rejected"]


def a_result_replaces_a_rejection(application: Application) -> None:
    name = application.classify(b"broken")
    assert application.statuses(application.classify(application.sample, name)) == ["classified"]


def an_image_that_is_deleted_loses_its_result(application: Application) -> None:
    name, bucket = application.classify(application.sample), application.bucket
    assert application.statuses(name) == ["classified"]
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name)
    application.invoke({"Records": [removal_message(bucket.name, bucket.inbox + name)]})
    assert application.statuses(name) == []


def a_message_without_an_event_becomes_a_dead_letter(application: Application) -> None:
    before = application.count_messages("DeadLetterQueueUrl")
    record = {"messageId": "1", "eventSource": "aws:sqs", "body": "no event"}
    assert application.invoke({"Records": [record]}) == {"batchItemFailures": []}
    assert application.count_messages("DeadLetterQueueUrl") == before + 1


def a_message_that_was_not_finished_is_sent_again_and_deleted(application: Application) -> None:
    application.upload(application.sample)
    before = application.count_messages("QueueUrl")
    url = application.cloud.outputs["QueueUrl"]
    [received] = application.cloud.client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "eventSource": "aws:sqs",
        "body": received["Body"],
        "attributes": {"ApproximateReceiveCount": "3"},
    }
    assert application.invoke({"Records": [record]}) == {"batchItemFailures": []}
    assert application.count_messages("QueueUrl") == before


def the_api_finds_a_result(application: Application) -> None:
    assert application.result(application.classify(application.sample))["status"] == "classified"


def an_image_that_is_deleted_loses_its_review(application: Application) -> None:
    name, bucket = application.classify(application.sample), application.bucket
    review = f"{bucket.reviews}{name}/1.Ann.json"
    bucket.s3.put_object(Bucket=bucket.name, Key=review, Body=b"{}")
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name)
    application.invoke({"Records": [removal_message(bucket.name, bucket.inbox + name)]})
    assert bucket.keys(review) == []


def a_review_is_stored_listed_and_taken_back(application: Application) -> None:
    name, send = application.classify(application.sample), application.send
    opinion = json.dumps({"face": 1, "reviewer": "Ann", "verdict": "right"}).encode()
    answer = send("PUT", f"/reviews/{name}", opinion, Content_Type="application/json")
    assert answer.status == 200, answer.body
    listed = send("GET", f"/reviews?prefix={name}")
    assert listed.status == 200, listed.body
    assert [review["reviewer"] for review in listed.json["reviews"]] == ["Ann"]
    assert send("DELETE", f"/reviews/{name}?face=1&reviewer=Ann").status == 204


def the_api_lists_the_results(application: Application) -> None:
    name = application.classify(application.sample)
    answer = application.send("GET", f"/results?prefix={name}")
    assert answer.status == 200, answer.body
    assert [document["image"]["key"] for document in answer.json["results"]] == [application.bucket.inbox + name]


def the_api_lists_the_rejections(application: Application) -> None:
    name = application.classify(b"broken")
    answer = application.send("GET", f"/results?prefix={name}&status=rejected")
    assert answer.status == 200, answer.body
    assert [document["image"]["key"] for document in answer.json["results"]] == [application.bucket.inbox + name]


def a_form_of_the_api_uploads_an_image(application: Application) -> None:
    status, body = request_form(application.send, "form/").send(application.sample)
    assert status == 201, body


def a_link_of_the_api_shows_the_image(application: Application) -> None:
    assert application.picture_of(application.classify(application.sample)) == application.sample


INBOX, RESULTS, REJECTED, REVIEWS = (
    f"${{Bucket.Arn}}/${{{name}Prefix}}*" for name in ("Inbox", "Results", "Rejected", "Reviews")
)
STEPS: dict[tuple[str, str, str], Callable[[Application], None]] = {
    ("InboxRole", "s3:GetObject", INBOX): a_face_gets_a_result,
    ("InboxRole", "s3:PutObject", RESULTS): a_face_gets_a_result,
    ("InboxRole", "s3:PutObject", REJECTED): a_broken_image_gets_a_rejection,
    ("InboxRole", "s3:GetObject", RESULTS): a_broken_image_gets_a_rejection,
    ("InboxRole", "s3:GetObject", REJECTED): a_result_replaces_a_rejection,
    ("InboxRole", "s3:DeleteObject", RESULTS): an_image_that_is_deleted_loses_its_result,
    ("InboxRole", "s3:DeleteObject", REJECTED): a_result_replaces_a_rejection,
    ("InboxRole", "s3:ListBucket", "${Bucket.Arn}"): an_image_that_is_deleted_loses_its_review,
    ("InboxRole", "s3:DeleteObject", REVIEWS): an_image_that_is_deleted_loses_its_review,
    ("InboxRole", "sqs:SendMessage", "${DeadLetterQueue.Arn}"): a_message_without_an_event_becomes_a_dead_letter,
    ("InboxRole", "sqs:SendMessage", "${Queue.Arn}"): a_message_that_was_not_finished_is_sent_again_and_deleted,
    ("InboxRole", "sqs:DeleteMessage", "${Queue.Arn}"): a_message_that_was_not_finished_is_sent_again_and_deleted,
    ("ApiRole", "s3:GetObject", RESULTS): the_api_finds_a_result,
    ("ApiRole", "s3:GetObject", REJECTED): the_api_lists_the_rejections,
    ("ApiRole", "s3:ListBucket", "${Bucket.Arn}"): the_api_lists_the_results,
    ("ApiRole", "s3:PutObject", INBOX): a_form_of_the_api_uploads_an_image,
    ("ApiRole", "s3:GetObject", INBOX): a_link_of_the_api_shows_the_image,
    ("ApiRole", "s3:GetObject", REVIEWS): a_review_is_stored_listed_and_taken_back,
    ("ApiRole", "s3:PutObject", REVIEWS): a_review_is_stored_listed_and_taken_back,
    ("ApiRole", "s3:DeleteObject", REVIEWS): a_review_is_stored_listed_and_taken_back,
}
# Why nothing checks a permission in the embedded cloud.
POLLER = "MiniStack's poller takes messages out of the queue without the role"
LOGS = "MiniStack writes the functions' logs without the role"
CONDITION = "MiniStack asks for no permission to read an object that is deleted with a condition"
ENDPOINT = "the endpoint is not a part of MiniStack and checks no signature"
CODEDEPLOY_IS_MISSING = "MiniStack has no CodeDeploy"
NOT_ENFORCED = {
    ("InboxRole", "sqs:ReceiveMessage", "${Queue.Arn}"): POLLER,
    ("InboxRole", "sqs:GetQueueAttributes", "${Queue.Arn}"): POLLER,
    ("InboxRole", "s3:GetObject", REVIEWS): CONDITION,
    **{(role, "sagemaker:InvokeEndpoint", ENDPOINT_ARN): ENDPOINT for role in ("InboxRole", "ApiRole")},
    **{
        (f"{name}Role", action, f"${{{name}Log.Arn}}"): LOGS
        for name in ("Inbox", "Api", "Page")
        for action in ("logs:CreateLogStream", "logs:PutLogEvents")
    },
    **{permission: CODEDEPLOY_IS_MISSING for permission in permissions(TEMPLATE) if permission[0] == "CodeDeployRole"},
}


@pytest.mark.parametrize("permission", STEPS, ids=" ".join)
def test_each_permission_is_needed(permission: tuple[str, str, str], application: Application) -> None:
    step = STEPS[permission]
    role = permission[0]
    number = [p for p in permissions(TEMPLATE) if p[0] == role].index(permission)
    step(application)
    with without_permission(application.cloud, role, number), pytest.raises((AssertionError, OSError)):
        step(application)


def test_each_permission_of_the_roles_has_a_step_or_a_reason_why_it_has_none() -> None:
    assert sorted([*STEPS, *NOT_ENFORCED]) == sorted(permissions(TEMPLATE))
