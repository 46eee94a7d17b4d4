"""The notifications and CORS rules of a bucket with and without a connection."""

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import template
from operate.connection import (
    BucketSettings,
    connected,
    cors_rule,
    disconnected,
    find_limits,
    is_queue_of,
    notification,
    write_settings,
)
from operate.stack import DeployedStack, OperateError

ARN = "arn:aws:sqs:eu-central-1:123456789012:mien-Queue-1AB2C"
OLD_ARN = "arn:aws:sqs:eu-central-1:123456789012:mien-Queue-OLD"
PAGE = "https://abc.execute-api.eu-central-1.amazonaws.com"
OTHERS = BucketSettings(
    {
        "TopicConfigurations": [{"Id": "t", "TopicArn": "arn:aws:sns:eu-central-1:123456789012:t", "Events": ["s3:*"]}],
        "EventBridgeConfiguration": {},
    },
    [{"AllowedOrigins": ["https://a.example"], "AllowedMethods": ["GET"]}],
)


def stack(page: bool = True, cors: str = "", notifications: str = "direct") -> DeployedStack:
    outputs = {"PageUrl": f"{PAGE}/v1/"} if page else {}
    changed = {"ExistingBucket": "photos", "CorsOrigin": cors, "Notifications": notifications}
    parameters = template.default_parameters() | changed
    return DeployedStack("mien", parameters, outputs)


def template_bucket(**parameters: str) -> Any:
    bucket = template.load_template()["Resources"]["Bucket"]["Properties"]
    return template.resolve(bucket, template.default_parameters() | parameters | {"AWS::StackName": "mien"})


def test_the_notification_is_that_of_the_bucket_that_the_template_creates() -> None:
    written = template_bucket()["NotificationConfiguration"]["QueueConfigurations"]
    entry = notification(stack(), ARN)
    # CloudFormation needs an entry for each event.
    assert [each["Event"] for each in written] == entry["Events"]
    assert all(each["Filter"]["S3Key"]["Rules"] == entry["Filter"]["Key"]["FilterRules"] for each in written)


@pytest.mark.parametrize("cors", ["", "https://faces.example.com"])
def test_the_cors_rule_is_that_of_the_bucket_that_the_template_creates(cors: str) -> None:
    [written] = template_bucket(CorsOrigin=cors)["CorsConfiguration"]["CorsRules"]
    rule = cors_rule(stack(cors=cors))
    assert rule["ID"] == written["Id"]
    assert rule["AllowedOrigins"] == [PAGE, *written["AllowedOrigins"][1:]]
    assert {name: rule[name] for name in ("AllowedMethods", "AllowedHeaders")} == {
        name: written[name] for name in ("AllowedMethods", "AllowedHeaders")
    }
    assert rule["MaxAgeSeconds"] == written["MaxAge"]


def test_entries_of_others_stay_and_a_disconnection_restores_them() -> None:
    after = connected(OTHERS, stack(), ARN)
    assert after.notifications.items() >= OTHERS.notifications.items()
    assert after.cors_rules[0] == OTHERS.cors_rules[0]
    assert disconnected(after, "mien") == OTHERS
    assert disconnected(after, "other") == after


def test_a_second_connection_replaces_the_first_also_that_of_an_earlier_stack_of_this_name() -> None:
    before = connected(OTHERS, stack(), OLD_ARN)
    assert connected(before, stack(cors="https://b.example"), ARN) == connected(
        OTHERS, stack(cors="https://b.example"), ARN
    )


def test_without_pages_that_upload_there_is_no_cors_rule() -> None:
    assert connected(BucketSettings({}, []), stack(page=False), ARN).cors_rules == []


def test_with_eventbridge_the_bucket_gets_the_switch_and_the_cors_rule_and_no_notification() -> None:
    before = BucketSettings({"TopicConfigurations": OTHERS.notifications["TopicConfigurations"]}, OTHERS.cors_rules)
    after = connected(before, stack(notifications="eventbridge"), ARN)
    assert after.notifications == before.notifications | {"EventBridgeConfiguration": {}}
    assert after.cors_rules == [*before.cors_rules, cors_rule(stack())]
    assert (before.send_to_eventbridge, after.send_to_eventbridge) == (False, True)
    # Rules of other applications may need the switch by now.
    assert disconnected(after, "mien") == BucketSettings(after.notifications, before.cors_rules)


def test_a_stack_that_changes_to_eventbridge_and_back_changes_its_own_entry_only() -> None:
    direct = connected(OTHERS, stack(), ARN)
    through = connected(direct, stack(notifications="eventbridge"), ARN)
    assert through.notifications == OTHERS.notifications
    assert connected(through, stack(), ARN) == direct


@pytest.mark.parametrize(
    ("name", "is_its"),
    [
        ("mien-Queue-1AB2C", True),
        ("mien-Queue-2-Queue-1AB2C", False),
        ("mien-DeadLetterQueue-1AB2C", False),
        ("mien2-Queue-1AB2C", False),
        ("mienXQueue-1AB2C", False),
    ],
)
def test_a_queue_belongs_to_the_stack_whose_name_it_has(name: str, is_its: bool) -> None:
    assert is_queue_of(f"arn:aws:sqs:eu-central-1:123456789012:{name}", "mien") is is_its


class Bucket:
    """Records what is written to it. refusal: why S3 refuses the notifications."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.requests: list[str] = []

    def put_bucket_notification_configuration(self, **request: Any) -> None:
        if self.refusal:
            raise ClientError({"Error": {"Code": "InvalidArgument", "Message": self.refusal}}, "Put")
        self.requests.append("notifications")

    def put_bucket_cors(self, **request: Any) -> None:
        self.requests.append("rules")

    def delete_bucket_cors(self, **request: Any) -> None:
        self.requests.append("no rules")


def as_s3_returns(notifications: dict[str, Any]) -> dict[str, Any]:
    """S3 adds IDs, keeps no order, and writes the names of rules in another way than it accepts them."""
    returned = copy.deepcopy(notifications)
    [queue] = returned["QueueConfigurations"]
    queue["Id"] = "of S3"
    queue["Events"].reverse()
    queue["Filter"]["Key"]["FilterRules"][0]["Name"] = "Prefix"
    return returned


def test_only_what_differs_is_written() -> None:
    bucket, after = Bucket(), connected(OTHERS, stack(), ARN)
    stored = BucketSettings(as_s3_returns(after.notifications), after.cors_rules)
    assert not write_settings(bucket, "photos", stored, after, validate=True)
    assert bucket.requests == []
    assert write_settings(bucket, "photos", BucketSettings(after.notifications, []), after, validate=True)
    assert write_settings(bucket, "photos", after, BucketSettings(after.notifications, []), validate=True)
    assert bucket.requests == ["rules", "no rules"]


def test_a_refusal_by_s3_is_shown_with_the_bucket() -> None:
    bucket = Bucket("Configurations overlap.")
    with pytest.raises(OperateError, match="bucket photos: S3 refuses its notifications: Configurations overlap"):
        write_settings(bucket, "photos", OTHERS, connected(OTHERS, stack(), ARN), validate=True)


class Described:
    """A bucket. versions: its versioning status. key: its KMS key. images: how many there are."""

    def __init__(self, versions: str, key: str, images: int) -> None:
        self.versions, self.key, self.images = versions, key, images

    def get_bucket_versioning(self, **_: Any) -> Any:
        return {"Status": self.versions} if self.versions else {}

    def get_bucket_encryption(self, **_: Any) -> Any:
        applied = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": self.key} if self.key else {"SSEAlgorithm": "AES256"}
        return {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": applied}]}}

    def list_objects_v2(self, **_: Any) -> Any:
        return {"KeyCount": self.images}


@pytest.mark.parametrize(
    ("bucket", "words"),
    [
        (Described("Enabled", "", 0), []),
        (Described("Suspended", "", 0), ["keeps no old versions"]),
        (Described("", "", 0), ["keeps no old versions"]),
        (Described("Enabled", "alias/k", 0), ["the KMS key alias/k: the stack's KmsKeyArn must be the ARN"]),
        (Described("Enabled", "", 1), ["s3://photos/inbox/ already are not classified"]),
    ],
)
def test_what_a_user_should_know_about_the_bucket_is_said(bucket: Described, words: list[str]) -> None:
    limits = find_limits(bucket, "photos", "inbox/")
    assert len(limits) == len(words)
    assert all(word in limit for word, limit in zip(words, limits, strict=True))
