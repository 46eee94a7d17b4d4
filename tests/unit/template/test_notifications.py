"""The queue gets all uploads, deletions and expiries of the inbox and nothing else, directly or through EventBridge."""

import pytest

from local import template
from tests.support.stack import (
    BUCKET_ARN,
    EXISTING_BUCKET_ARN,
    TEMPLATE,
    WITH_BOTH,
    WITH_EVENTBRIDGE,
    WITH_EXISTING_BUCKET,
    Template,
    as_text,
    only_resource,
    properties_of,
)

QUEUE = {"Fn::GetAtt": ["Queue", "Arn"]}


def test_s3_sends_uploads_deletions_and_expiries_of_the_inbox_to_the_queue() -> None:
    configuration = only_resource("AWS::S3::Bucket")["NotificationConfiguration"]
    assert list(configuration) == ["QueueConfigurations"]
    inbox_only = {"S3Key": {"Rules": [{"Name": "prefix", "Value": {"Ref": "InboxPrefix"}}]}}
    assert configuration["QueueConfigurations"] == [
        {"Event": f"s3:{kind}:*", "Queue": QUEUE, "Filter": inbox_only}
        for kind in ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration")
    ]


@pytest.mark.parametrize(
    ("stack", "bucket"), [(WITH_EVENTBRIDGE, BUCKET_ARN), (WITH_BOTH, EXISTING_BUCKET_ARN)], ids=["own", "existing"]
)
def test_through_eventbridge_a_rule_sends_the_same_events_of_this_bucket(stack: Template, bucket: str) -> None:
    """EventBridge has one name for deletions and expiries (S3 User Guide, "EventBridge mapping")."""
    [rule] = properties_of(stack, "AWS::Events::Rule").values()
    [name] = rule["EventPattern"]["detail"]["bucket"]["name"]
    assert bucket.endswith(f":::{as_text(name)}")
    assert rule["EventPattern"] == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {"bucket": {"name": [name]}, "object": {"key": [{"prefix": {"Ref": "InboxPrefix"}}]}},
    }
    assert [target["Arn"] for target in rule["Targets"]] == [QUEUE]


def test_no_event_comes_in_both_ways() -> None:
    [bucket] = properties_of(WITH_EVENTBRIDGE, "AWS::S3::Bucket").values()
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert not properties_of(TEMPLATE, "AWS::Events::Rule")


def test_s3_itself_sends_to_the_queue_by_default() -> None:
    assert not template.evaluate_condition("EventBridgeIsUsed", template.default_parameters())
    assert template.evaluate_condition("EventBridgeIsUsed", {"Notifications": "eventbridge"})


def test_the_way_of_the_events_changes_nothing_but_the_rule_the_bucket_and_the_queue_policy() -> None:
    for direct, through in ((TEMPLATE, WITH_EVENTBRIDGE), (WITH_EXISTING_BUCKET, WITH_BOTH)):
        before, after = direct["Resources"], through["Resources"]
        differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert differing == {"InboxRule", "QueuePolicy", "Bucket"} & {"InboxRule", *before}
