"""Connects a bucket that exists already to a stack: S3's notifications, and the CORS rule for uploads from web pages.

A stack with `Notifications=eventbridge` has a rule of EventBridge and needs no notification of its own. Its bucket only
has to send its events to EventBridge, which is one switch for all applications.

The stack itself never changes such a bucket. CloudFormation could only replace all notifications of a bucket, also
those of other applications. Here, all entries of others stay as they are.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from operate.stack import DeployedStack, OperateError

QUEUES = "QueueConfigurations"
# S3 sends events to EventBridge if this entry exists. Its value is always empty.
EVENTBRIDGE = "EventBridgeConfiguration"
# The kinds of entries in an answer of GetBucketNotificationConfiguration.
KINDS = ("TopicConfigurations", QUEUES, "LambdaFunctionConfigurations", EVENTBRIDGE)
# As in the bucket that the template creates.
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
MAX_AGE_SECONDS = 600

# boto3 clients have no types.
S3 = Any
Entry = dict[str, Any]


@dataclass(frozen=True)
class BucketSettings:
    """The settings of a bucket that a connection changes.

    notifications: as PutBucketNotificationConfiguration takes them, with the entries of all applications.
    cors_rules: as PutBucketCors takes them.
    """

    notifications: dict[str, Any]
    cors_rules: list[Entry]

    @property
    def send_to_eventbridge(self) -> bool:
        return EVENTBRIDGE in self.notifications


def read_settings(s3: S3, bucket: str) -> BucketSettings:
    """Raises OperateError if there is no such bucket."""
    try:
        answer = s3.get_bucket_notification_configuration(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise OperateError(f"bucket {bucket} does not exist") from error
        raise
    try:
        rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchCORSConfiguration":
            raise
        rules = []
    return BucketSettings({kind: answer[kind] for kind in KINDS if kind in answer}, rules)


def connected(settings: BucketSettings, stack: DeployedStack, queue_arn: str) -> BucketSettings:
    """The settings with the entries of the stack, and with those of all others as they are."""
    others = disconnected(settings, stack.name)
    queues = [*others.notifications.get(QUEUES, []), notification(stack, queue_arn)]
    added: dict[str, Any] = {EVENTBRIDGE: {}} if stack.uses_eventbridge else {QUEUES: queues}
    rule = cors_rule(stack)
    return BucketSettings(
        {**others.notifications, **added}, [*others.cors_rules, *([rule] if rule["AllowedOrigins"] else [])]
    )


def disconnected(settings: BucketSettings, stack: str) -> BucketSettings:
    """The settings without the entries of the stack. stack: its name.

    EventBridge stays switched on: the switch belongs to no application, and rules of others may need it.
    """
    others = [entry for entry in settings.notifications.get(QUEUES, []) if not is_queue_of(entry["QueueArn"], stack)]
    notifications = {kind: entries for kind, entries in settings.notifications.items() if kind != QUEUES}
    if others:
        notifications[QUEUES] = others
    rules = [rule for rule in settings.cors_rules if rule.get("ID") != rule_id(stack)]
    return BucketSettings(notifications, rules)


def is_queue_of(arn: str, stack: str) -> bool:
    """Whether an ARN is that of the queue of a stack with this name, even if the stack no longer exists."""
    name = arn.rpartition(":")[2]
    return re.fullmatch(rf"{re.escape(stack)}-Queue-[A-Za-z0-9]+", name) is not None


def rule_id(stack: str) -> str:
    return f"{stack}-uploads"


def notification(stack: DeployedStack, queue_arn: str) -> Entry:
    """The notification about changes in the inbox, as the template gives it to the bucket that it creates."""
    rules = [{"Name": "prefix", "Value": stack.parameters["InboxPrefix"]}]
    return {"QueueArn": queue_arn, "Events": EVENTS, "Filter": {"Key": {"FilterRules": rules}}}


def cors_rule(stack: DeployedStack) -> Entry:
    """The CORS rule for web pages that upload images, as the template gives it to the bucket that it creates.

    It has no origins if no page may upload.
    """
    page = urlsplit(stack.outputs.get("PageUrl", ""))
    origins = [f"{page.scheme}://{page.netloc}" if page.netloc else "", stack.parameters.get("CorsOrigin", "")]
    return {
        "ID": rule_id(stack.name),
        "AllowedOrigins": [origin for origin in origins if origin],
        "AllowedMethods": ["POST"],
        "AllowedHeaders": ["*"],
        "MaxAgeSeconds": MAX_AGE_SECONDS,
    }


def disconnect_bucket(s3: S3, bucket: str, stack: str) -> bool:
    """Removes the entries of a stack. Returns whether there were any. stack: its name.

    Raises OperateError if there is no such bucket, or if S3 refuses the change.
    """
    before = read_settings(s3, bucket)
    # A destination of another application may no longer exist. That is no reason to keep the entries of this stack.
    return write_settings(s3, bucket, before, disconnected(before, stack), validate=False)


def eventbridge_remark(s3: S3, bucket: str) -> str | None:
    """A sentence for the user if a bucket that was disconnected sends its events to EventBridge, or None."""
    if not read_settings(s3, bucket).send_to_eventbridge:
        return None
    return f"Bucket {bucket} still sends its events to EventBridge, because other applications may need them."


def write_settings(s3: S3, bucket: str, before: BucketSettings, after: BucketSettings, validate: bool) -> bool:
    """Writes what differs. Returns whether anything did.

    validate: let S3 check that it may send to all destinations, those of other applications included.

    Raises OperateError if S3 refuses the notifications.
    """
    notifications_differ = comparable(after.notifications) != comparable(before.notifications)
    if notifications_differ:
        try:
            s3.put_bucket_notification_configuration(
                Bucket=bucket,
                NotificationConfiguration=after.notifications,
                SkipDestinationValidation=not validate,
            )
        except ClientError as error:
            message = error.response["Error"]["Message"]
            raise OperateError(f"bucket {bucket}: S3 refuses its notifications: {message}") from error
    if after.cors_rules == before.cors_rules:
        return notifications_differ
    if after.cors_rules:
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": after.cors_rules})
    else:
        s3.delete_bucket_cors(Bucket=bucket)
    return True


def comparable(notifications: dict[str, Any]) -> dict[str, Any]:
    """The notifications without what S3 changes in them: IDs, the order of events, and `Prefix` instead of `prefix`."""
    return {
        kind: sorted(map(comparable_entry, entries)) if isinstance(entries, list) else entries
        for kind, entries in notifications.items()
    }


def comparable_entry(entry: Entry) -> str:
    kept = {name: value for name, value in entry.items() if name not in ("Id", "Events", "Filter")}
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = sorted([rule["Name"].lower(), rule["Value"]] for rule in rules)
    return json.dumps([kept, sorted(entry["Events"]), filters], sort_keys=True)


def find_limits(s3: S3, bucket: str, inbox: str) -> list[str]:
    """What the user of an existing bucket should know about it, one sentence each.

    inbox: the prefix of images.
    """
    limits = []
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        limits.append(f"Bucket {bucket} keeps no old versions: images that are overwritten or deleted are lost.")
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    keys = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID") for rule in encryption]
    limits += [
        f"Bucket {bucket} is encrypted with the KMS key {key}: the stack's KmsKeyArn must be the ARN of this key."
        for key in keys
        if key
    ]
    if s3.list_objects_v2(Bucket=bucket, Prefix=inbox, MaxKeys=1).get("KeyCount"):
        limits.append(f"Images that are in s3://{bucket}/{inbox} already are not classified: upload them again.")
    return limits
