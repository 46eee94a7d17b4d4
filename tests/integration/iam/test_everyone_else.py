"""With the template's policies enforced, the whole application works, and nobody else may do what they forbid."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import Cloud
from tests.support.bucket import Bucket
from tests.support.enforcing import FUNCTION_ROLES, Doors, client_of, make_user, physical_name
from tests.support.rest import sending
from tests.support.waiting import eventually

User = dict[str, str]
QUEUES = ("QueueUrl", "DeadLetterQueueUrl")
# S3 tries to send to the queue before it accepts a configuration.
NOT_ALLOWED = "Unable to validate the following destination configurations"


@pytest.fixture(scope="module")
def bucket(doors: Doors) -> Bucket:
    return Bucket.in_cloud(doors.cloud)


@pytest.fixture(scope="module")
def uploader(doors: Doors, bucket: Bucket) -> User:
    """The user of docs/security.md: one that may upload and do nothing else."""
    inbox = f"arn:aws:s3:::{bucket.name}/{bucket.inbox}*"
    return make_user(doors.cloud, "uploader", {"Effect": "Allow", "Action": "s3:PutObject", "Resource": inbox})


@pytest.fixture(scope="module")
def administrator(doors: Doors) -> User:
    return make_user(doors.cloud, "administrator", {"Effect": "Allow", "Action": "*", "Resource": "*"})


def refuses(request: Callable[[], Any]) -> bool:
    """Whether AWS denies access."""
    try:
        request()
    except ClientError as error:
        return str(error.response["Error"]["Code"]).startswith("AccessDenied")
    return False


def notify(bucket: Bucket, source: str) -> None:
    """Lets a bucket send its notifications where the application's bucket sends them."""
    configuration = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    del configuration["ResponseMetadata"]
    bucket.s3.put_bucket_notification_configuration(Bucket=source, NotificationConfiguration=configuration)


def test_what_an_uploader_stores_gets_its_document(doors: Doors, bucket: Bucket, uploader: User, sample: bytes) -> None:
    s3 = client_of(uploader, doors.cloud, "s3")
    for name, data, status in (("face.png", sample, "classified"), ("broken.png", b"broken", "rejected")):
        s3.put_object(Bucket=bucket.name, Key=bucket.inbox + name, Body=data)
        assert bucket.await_document(name)["status"] == status


def test_an_uploader_sees_nothing_and_writes_no_results(doors: Doors, bucket: Bucket, uploader: User) -> None:
    s3 = client_of(uploader, doors.cloud, "s3")
    bucket.upload("seen.png", b"broken")
    bucket.await_document("seen.png")
    for key in (f"{bucket.inbox}seen.png", f"{bucket.rejected}seen.png.json"):
        assert refuses(partial(s3.get_object, Bucket=bucket.name, Key=key)), key
    assert refuses(partial(s3.list_objects_v2, Bucket=bucket.name))
    assert refuses(partial(s3.put_object, Bucket=bucket.name, Key=f"{bucket.results}forged.json", Body=b""))


def test_a_message_that_cannot_succeed_becomes_a_dead_letter(doors: Doors) -> None:
    sqs = doors.cloud.client("sqs")
    sqs.send_message(QueueUrl=doors.cloud.outputs["QueueUrl"], MessageBody="no event, through the queue")
    dead: list[str] = []

    def has_arrived() -> bool:
        answer = sqs.receive_message(QueueUrl=doors.cloud.outputs["DeadLetterQueueUrl"], MaxNumberOfMessages=10)
        dead.extend(message["Body"] for message in answer.get("Messages", []))
        return "no event, through the queue" in dead

    assert eventually(has_arrived)


def test_the_api_and_the_page_answer(doors: Doors, sample: bytes) -> None:
    send = sending(doors.cloud)
    assert send("GET", "/health").json["status"] == "up"
    assert send("POST", "/classify", sample, Content_Type="image/png").json["label"] == "happy"
    assert send("GET", "/results").status == 200
    assert send("GET", "/folders").status == 200
    assert send("GET", "/").status == 200


def test_the_bucket_and_the_queues_refuse_even_an_administrator_without_tls(
    doors: Doors, bucket: Bucket, administrator: User
) -> None:
    def requests(through: Cloud) -> list[Callable[[], Any]]:
        s3, sqs = (client_of(administrator, through, service) for service in ("s3", "sqs"))
        return [
            partial(s3.list_objects_v2, Bucket=bucket.name),
            partial(s3.put_object, Bucket=bucket.name, Key="other/object", Body=b""),
            *(partial(sqs.get_queue_attributes, QueueUrl=doors.cloud.outputs[name]) for name in QUEUES),
        ]

    for with_tls, without_tls in zip(requests(doors.cloud), requests(doors.without_tls), strict=True):
        with_tls()
        assert refuses(without_tls)


def test_s3_may_send_to_the_queue_from_this_bucket_only(doors: Doors, bucket: Bucket) -> None:
    doors.cloud.client("s3").create_bucket(Bucket="other-bucket")
    notify(bucket, bucket.name)
    with pytest.raises(ClientError, match=NOT_ALLOWED):
        notify(bucket, "other-bucket")


def test_without_its_permission_s3_cannot_send_to_the_queue(doors: Doors, bucket: Bucket) -> None:
    sqs, url = doors.cloud.client("sqs"), doors.cloud.outputs["QueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    statements = [s for s in json.loads(policy)["Statement"] if s["Sid"] != "BucketSends"]
    reduced = json.dumps({**json.loads(policy), "Statement": statements})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": reduced})
    try:
        with pytest.raises(ClientError, match=NOT_ALLOWED):
            notify(bucket, bucket.name)
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


@pytest.mark.parametrize("role", FUNCTION_ROLES)
def test_not_even_an_administrator_takes_on_the_role_of_a_function(
    role: str, doors: Doors, administrator: User
) -> None:
    sts = client_of(administrator, doors.cloud, "sts")
    arn = doors.cloud.client("iam").get_role(RoleName=physical_name(doors.cloud, role))["Role"]["Arn"]
    assert refuses(partial(sts.assume_role, RoleArn=arn, RoleSessionName="borrowed"))


def test_an_image_cannot_be_read_without_a_signature(doors: Doors, bucket: Bucket, sample: bytes) -> None:
    bucket.upload("private.png", sample)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{doors.cloud.url}/{bucket.name}/{bucket.inbox}private.png", timeout=60)
