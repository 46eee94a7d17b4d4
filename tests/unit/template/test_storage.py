"""Everything that is stored is encrypted and private, is reached with TLS only, and logs are deleted in the end."""

from typing import Any

import pytest

from local import template
from tests.support.stack import (
    DELETED,
    TEMPLATE,
    Check,
    Damage,
    Template,
    as_list,
    as_text,
    only_resource,
    properties_of,
)

WITHOUT_TLS = {"Bool": {"aws:SecureTransport": False}}
PUBLIC_ACCESS_BLOCKS = {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}


def buckets_and_queues_are_encrypted(expanded: Template) -> list[str]:
    """Log groups need no setting, because CloudWatch Logs encrypts all of them."""
    buckets = properties_of(expanded, "AWS::S3::Bucket").items()
    queues = properties_of(expanded, "AWS::SQS::Queue").items()
    return [name for name, bucket in buckets if not bucket.get("BucketEncryption")] + [
        name for name, q in queues if q.get("SqsManagedSseEnabled") is not True and not q.get("KmsMasterKeyId")
    ]


def no_bucket_is_public(expanded: Template) -> list[str]:
    findings = []
    for name, bucket in properties_of(expanded, "AWS::S3::Bucket").items():
        blocked = {block for block, on in bucket.get("PublicAccessBlockConfiguration", {}).items() if on is True}
        findings += [f"{name}: {block} is off" for block in sorted(PUBLIC_ACCESS_BLOCKS - blocked)]
        if bucket.get("OwnershipControls") != {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}:
            findings.append(f"{name}: objects can have ACLs")
    for name, policy in properties_of(expanded, "AWS::S3::BucketPolicy").items():
        allowing = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
        findings += [f"{name}: allows something" for _ in allowing]
    return findings


def buckets_and_queues_refuse_requests_without_tls(expanded: Template) -> list[str]:
    findings = []
    for name in properties_of(expanded, "AWS::S3::Bucket"):
        policies = properties_of(expanded, "AWS::S3::BucketPolicy").values()
        of_bucket = [policy for policy in policies if as_text(policy["Bucket"]) == f"${{{name}}}"]
        if not refuse_plain_http(of_bucket, "s3:*", {f"${{{name}.Arn}}", f"${{{name}.Arn}}/*"}):
            findings.append(name)
    for name in properties_of(expanded, "AWS::SQS::Queue"):
        policies = properties_of(expanded, "AWS::SQS::QueuePolicy").values()
        of_queue = [policy for policy in policies if f"${{{name}}}" in map(as_text, policy["Queues"])]
        if not refuse_plain_http(of_queue, "sqs:*", {f"${{{name}.Arn}}"}):
            findings.append(name)
    return findings


def refuse_plain_http(policies: list[Any], action: str, resources: set[str]) -> bool:
    statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    return any(
        (s["Effect"], s.get("Principal"), s.get("Action"), s.get("Condition")) == ("Deny", "*", action, WITHOUT_TLS)
        and resources <= {as_text(resource) for resource in as_list(s["Resource"])}
        for s in statements
    )


def every_function_has_a_log_with_a_retention_period(expanded: Template) -> list[str]:
    groups = properties_of(expanded, "AWS::Logs::LogGroup").items()
    limited = {f"${{{name}}}" for name, group in groups if group.get("RetentionInDays")}
    functions = properties_of(expanded, "AWS::Lambda::Function").items()
    return [name for name, f in functions if as_text(f.get("LoggingConfig", {}).get("LogGroup")) not in limited]


CHECKS: list[Check] = [
    buckets_and_queues_are_encrypted,
    no_bucket_is_public,
    buckets_and_queues_refuse_requests_without_tls,
    every_function_has_a_log_with_a_retention_period,
]

BLOCKS = "Bucket PublicAccessBlockConfiguration"
QUEUE_TLS = "QueuePolicy PolicyDocument Statement TlsOnly"
BUCKET_TLS = "BucketPolicy PolicyDocument Statement TlsOnly"

DAMAGES = [
    Damage(buckets_and_queues_are_encrypted, "Bucket", "BucketEncryption", DELETED, "Bucket"),
    Damage(buckets_and_queues_are_encrypted, "DeadLetterQueue", "SqsManagedSseEnabled", False, "DeadLetterQueue"),
    Damage(no_bucket_is_public, "Bucket", "PublicAccessBlockConfiguration", DELETED, "BlockPublicPolicy is off"),
    Damage(no_bucket_is_public, BLOCKS, "IgnorePublicAcls", False, "IgnorePublicAcls"),
    Damage(no_bucket_is_public, "Bucket", "OwnershipControls", DELETED, "ACLs"),
    Damage(no_bucket_is_public, BUCKET_TLS, "Effect", "Allow", "BucketPolicy"),
    Damage(buckets_and_queues_refuse_requests_without_tls, "", "BucketPolicy", DELETED, "Bucket"),
    Damage(buckets_and_queues_refuse_requests_without_tls, "", "DeadLetterQueuePolicy", DELETED, "DeadLetterQueue"),
    Damage(buckets_and_queues_refuse_requests_without_tls, QUEUE_TLS, "Action", "sqs:SendMessage", "Queue"),
    Damage(every_function_has_a_log_with_a_retention_period, "ApiLog", "RetentionInDays", DELETED, "ApiFunction"),
    Damage(
        every_function_has_a_log_with_a_retention_period, "InboxFunction", "LoggingConfig", DELETED, "InboxFunction"
    ),
]


def test_the_bucket_and_the_queues_are_encrypted_and_private() -> None:
    bucket = only_resource("AWS::S3::Bucket")
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert all(queue["SqsManagedSseEnabled"] for queue in properties_of(TEMPLATE, "AWS::SQS::Queue").values())


def test_the_bucket_keeps_old_versions() -> None:
    assert only_resource("AWS::S3::Bucket")["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_images_survive_their_stack_but_an_empty_bucket_does_not_block_the_next_attempt() -> None:
    for name in ("Bucket", "BucketPolicy"):
        resource = TEMPLATE["Resources"][name]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def lifecycle() -> dict[str, Any]:
    """The lifecycle rules of the bucket, by their IDs."""
    return {rule["Id"]: rule for rule in only_resource("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]}


@pytest.mark.parametrize(
    ("rule", "prefix", "condition", "days", "old_days"),
    [
        ("images", "InboxPrefix", "ImagesExpire", "InboxDays", "OldImageDays"),
        ("results", "ResultsPrefix", "DocumentsExpire", "ResultsDays", "OldVersionDays"),
        ("rejections", "RejectedPrefix", "DocumentsExpire", "ResultsDays", "OldVersionDays"),
        ("reviews", "ReviewsPrefix", "DocumentsExpire", "ResultsDays", "OldVersionDays"),
    ],
)
def test_objects_and_their_old_versions_are_deleted_after_their_periods(
    rule: str, prefix: str, condition: str, days: str, old_days: str
) -> None:
    found = lifecycle()[rule]
    assert (found["Status"], found["Prefix"]) == ("Enabled", {"Ref": prefix})
    assert found["ExpirationInDays"] == {"Fn::If": [condition, {"Ref": days}, {"Ref": "AWS::NoValue"}]}
    assert found["NoncurrentVersionExpiration"] == {"NoncurrentDays": {"Ref": old_days}}


def test_images_are_kept_for_a_shorter_time_after_their_deletion_than_documents() -> None:
    defaults = template.default_parameters()
    assert int(defaults["OldImageDays"]) < int(defaults["OldVersionDays"])
    assert (defaults["InboxDays"], defaults["ResultsDays"]) == ("0", "0")
    for name, condition in (("InboxDays", "ImagesExpire"), ("ResultsDays", "DocumentsExpire")):
        assert not template.evaluate_condition(condition, defaults)
        assert template.evaluate_condition(condition, defaults | {name: "30"})


def test_delete_markers_without_versions_are_deleted() -> None:
    """S3 allows no rule that has both this and a number of days."""
    assert lifecycle()["forget-deletions"] == {
        "Id": "forget-deletions",
        "Status": "Enabled",
        "ExpiredObjectDeleteMarker": True,
    }


def test_each_log_group_belongs_to_a_function_and_has_a_retention_period() -> None:
    functions = properties_of(TEMPLATE, "AWS::Lambda::Function").values()
    groups = properties_of(TEMPLATE, "AWS::Logs::LogGroup")
    assert {function["LoggingConfig"]["LogGroup"]["Ref"] for function in functions} == set(groups)
    assert all(group["RetentionInDays"] for group in groups.values())
