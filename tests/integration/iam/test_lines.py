"""A stack that stores its results as JSON Lines: its roles have enough permissions, and each of them is needed."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.support.bucket import Bucket
from tests.support.direct import Application
from tests.support.enforcing import start_enforcing, without_permission
from tests.support.forms import request_form
from tests.support.invoking import invoking
from tests.support.lines import await_line, lines
from tests.support.rest import sending
from tests.support.stack import WITH_LINES, permissions


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory, sample: bytes) -> Iterator[Application]:
    with start_enforcing(tmp_path_factory.mktemp("certificate"), ResultFormat="lines") as doors:
        cloud = doors.cloud
        yield Application(cloud, Bucket.in_cloud(cloud), invoking(cloud, "Inbox"), sending(cloud), sample)


@pytest.fixture(scope="module")
def idle_application(application: Application) -> Application:
    """The application, whose queue calls nothing any more."""
    functions = application.cloud.client("lambda")
    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    return application


def statuses(application: Application, name: str) -> list[str]:
    return [line["status"] for line in lines(application.bucket, name)]


def an_image_gets_a_line(application: Application) -> None:
    assert statuses(application, application.classify(application.sample)) == ["classified"]


def a_form_of_the_api_uploads_an_image(application: Application) -> None:
    status, body = request_form(application.send, "form/").send(application.sample)
    assert status == 201, body


def the_api_classifies_a_stored_image(application: Application) -> None:
    name, _ = application.upload(application.sample)
    body = json.dumps({"name": name}).encode()
    answer = application.send("POST", "/classify", body, Content_Type="application/json")
    assert answer.status == 200, answer.body


INBOX, RESULTS = (f"${{Bucket.Arn}}/${{{name}Prefix}}*" for name in ("Inbox", "Results"))
STEPS: dict[tuple[str, str, str], Callable[[Application], None]] = {
    ("InboxRole", "s3:GetObject", INBOX): an_image_gets_a_line,
    ("InboxRole", "s3:PutObject", RESULTS): an_image_gets_a_line,
    ("ApiRole", "s3:GetObject", INBOX): the_api_classifies_a_stored_image,
    ("ApiRole", "s3:PutObject", INBOX): a_form_of_the_api_uploads_an_image,
}
# MiniStack answers 404 for a missing object without this permission too.
NOT_ENFORCED = {(role, "s3:ListBucket", "${Bucket.Arn}") for role in ("InboxRole", "ApiRole")}


def test_uploads_and_removals_get_their_lines_through_the_queue(application: Application) -> None:
    bucket, name = application.bucket, "face.png"
    first = bucket.upload(name, application.sample)["VersionId"]
    await_line(bucket, name, "classified", first)
    second = bucket.upload(name, b"no image")["VersionId"]
    await_line(bucket, name, "rejected", second)
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name, VersionId=second)
    await_line(bucket, name, "classified", first)
    bucket.s3.delete_object(Bucket=bucket.name, Key=bucket.inbox + name)
    await_line(bucket, name, "deleted")
    assert statuses(application, name) == ["classified", "rejected", "classified", "deleted"]
    assert application.count_messages("DeadLetterQueueUrl") == 0


@pytest.mark.parametrize("permission", STEPS, ids=" ".join)
def test_each_permission_in_the_bucket_is_needed(
    permission: tuple[str, str, str], idle_application: Application
) -> None:
    step, role = STEPS[permission], permission[0]
    number = [p for p in permissions(WITH_LINES) if p[0] == role].index(permission)
    step(idle_application)
    with without_permission(idle_application.cloud, role, number), pytest.raises((AssertionError, OSError)):
        step(idle_application)


def test_each_permission_in_the_bucket_has_a_step_if_it_is_enforced() -> None:
    assert sorted([*STEPS, *NOT_ENFORCED]) == sorted(
        each for each in permissions(WITH_LINES) if each[1].startswith("s3:")
    )
