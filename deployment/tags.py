"""The tags that say to which deployment a bucket belongs."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

# CloudFormation sets the first one when it creates a bucket or an endpoint. The second one is for a bucket that it has
# not created or that outlives its stack.
STACK_TAG = "aws:cloudformation:stack-name"
OWNER_TAG = "mien:stack"


def is_marked(stack: str, tags: Mapping[str, str]) -> bool:
    """Whether the tags of a bucket say that it belongs to this stack."""
    return stack in (tags.get(STACK_TAG), tags.get(OWNER_TAG))


def read_tags(s3: Any, bucket: str) -> dict[str, str]:
    """The tags of a bucket, by their keys."""
    try:
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchTagSet":
            raise
        return {}
    return {tag["Key"]: tag["Value"] for tag in tags}


def mark_bucket(s3: Any, bucket: str, stack: str) -> None:
    """Adds a tag that says to which stack a bucket belongs, unless there is one. It outlives the stack."""
    tags = read_tags(s3, bucket)
    if not is_marked(stack, tags):
        tags[OWNER_TAG] = stack
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
