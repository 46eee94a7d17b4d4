"""The deletion of a stack, over models of CloudFormation, which keeps the bucket, and of S3."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from operate.deletion import delete_stack, validate_deletion
from operate.stack import DeployedStack, OperateError, describe_stack

ARN = "arn:aws:cloudformation:eu-central-1:123456789012:stack/mien/1"
PARAMETERS = {"EndpointName": "e", "InboxPrefix": "inbox/", "ResultsPrefix": "results/", "RejectedPrefix": "rejected/"}


class Aws:
    """A stack with a bucket, as both clients see it.

    entries: keys and version IDs in the bucket; None if there is no bucket.
    uploads: keys that somebody uploads, one before each attempt to delete the bucket.
    stuck: why other resources can't be deleted, by their logical IDs.
    locked: a key that can't be deleted.
    """

    def __init__(
        self, entries: list[tuple[str, str]] | None, uploads: list[str], stuck: dict[str, str], locked: str = ""
    ) -> None:
        self.entries = entries
        self.uploads = uploads
        self.stuck = stuck
        self.locked = locked
        self.resources = {"Bucket": "AWS::S3::Bucket", "Queue": "AWS::SQS::Queue"}
        self.failures: dict[str, str] = {}

    def get_paginator(self, operation: str) -> "Aws":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        if self.entries is None:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectVersions")
        listed = [{"Key": key, "VersionId": version} for key, version in self.entries]
        yield {"Versions": [{**entry, "Size": 1} for entry in listed[1:]], "DeleteMarkers": listed[:1]}

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        assert self.entries
        asked = {(entry["Key"], entry["VersionId"]) for entry in request["Delete"]["Objects"]}
        self.entries = [entry for entry in self.entries if entry not in asked or entry[0] == self.locked]
        return {"Errors": [{"Key": key, "VersionId": version, "Code": "AccessDenied"} for key, version in self.entries]}

    def delete_bucket(self, Bucket: str) -> None:  # noqa: N803 (boto3's name)
        assert Bucket == "the-bucket"
        if self.entries is None:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "DeleteBucket")
        if self.uploads:
            self.entries.append((self.uploads.pop(), "v"))
        if self.entries:
            raise ClientError({"Error": {"Code": "BucketNotEmpty"}}, "DeleteBucket")
        self.entries = None

    def delete_stack(self, StackName: str) -> None:  # noqa: N803 (boto3's name)
        assert StackName == ARN
        self.failures = dict(self.stuck)
        self.resources = {name: kind for name, kind in self.resources.items() if name in self.failures}

    def get_waiter(self, name: str) -> "Aws":
        assert name == "stack_delete_complete"
        return self

    def wait(self, **_: Any) -> None:
        if self.failures:
            raise WaiterError(name="stack_delete_complete", reason="DELETE_FAILED", last_response={})

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()]
        status = "DELETE_FAILED" if self.failures else "CREATE_COMPLETE"
        return {"Stacks": [{"StackName": "mien", "StackId": ARN, "StackStatus": status, "Parameters": parameters}]}

    def describe_stack_resources(self, **_: Any) -> dict[str, Any]:
        return {
            "StackResources": [
                {
                    "LogicalResourceId": name,
                    "PhysicalResourceId": f"the-{name.lower()}",
                    "ResourceType": kind,
                    "ResourceStatus": "DELETE_FAILED" if name in self.failures else "CREATE_COMPLETE",
                    "ResourceStatusReason": self.failures.get(name, ""),
                }
                for name, kind in self.resources.items()
            ]
        }

    def delete(self) -> int:
        """Deletes the stack as the command does. Returns the number of deleted versions and delete markers."""
        deleted: list[int] = []
        delete_stack(self, self, describe_stack(self, "mien"), deleted.append, lambda: None, poll_seconds=0)
        return sum(deleted)


def aws(entries: int | None, *uploads: str, locked: str = "", **stuck: str) -> Aws:
    listed = None if entries is None else [(f"{number}.png", "v") for number in range(entries)]
    return Aws(listed, list(uploads), stuck, locked)


def test_a_stack_is_deleted_with_its_bucket() -> None:
    account = aws(3)
    assert account.delete() == 3
    assert (account.entries, account.resources) == (None, {})


@pytest.mark.parametrize("entries", [0, None])
def test_a_stack_whose_bucket_is_empty_or_gone_is_deleted(entries: int | None) -> None:
    account = aws(entries)
    assert account.delete() == 0
    assert (account.entries, account.resources) == (None, {})


def test_images_that_arrive_meanwhile_are_deleted_too() -> None:
    account = aws(2, "late.png", "later.png")
    assert account.delete() == 4
    assert account.entries is None


def test_uploads_that_do_not_end_are_named_as_the_reason() -> None:
    with pytest.raises(OperateError, match="not its bucket the-bucket, because somebody still writes to it"):
        aws(2, *"abcdef").delete()


def test_a_resource_that_can_not_be_deleted_is_named_and_the_bucket_stays() -> None:
    account = aws(1, Queue="access denied")
    with pytest.raises(OperateError, match="stack mien was not deleted: Queue: access denied"):
        account.delete()
    assert account.entries == []


def test_an_object_that_can_not_be_deleted_is_named_and_the_stack_stays() -> None:
    account = aws(3, locked="1.png")
    with pytest.raises(OperateError, match=r"bucket the-bucket: 1 versions can't be deleted, .* 1.png: AccessDenied"):
        account.delete()
    assert account.resources.keys() == {"Bucket", "Queue"}


def stack(status: str, is_protected: bool = False) -> DeployedStack:
    return DeployedStack("mien", ARN, status, is_protected, PARAMETERS, {}, "the-bucket")


def test_a_protected_stack_is_refused_before_its_bucket_is_emptied() -> None:
    with pytest.raises(OperateError, match=r"update-termination-protection .* --stack-name mien"):
        validate_deletion(stack("CREATE_COMPLETE", is_protected=True))


def test_a_stack_that_is_changing_is_refused() -> None:
    with pytest.raises(OperateError, match="stack mien is UPDATE_IN_PROGRESS; try again"):
        validate_deletion(stack("UPDATE_IN_PROGRESS"))
    for status in ("CREATE_COMPLETE", "DELETE_FAILED", "ROLLBACK_COMPLETE"):
        validate_deletion(stack(status))


def test_the_account_and_the_region_are_those_of_the_stack() -> None:
    assert (stack("CREATE_COMPLETE").account, stack("CREATE_COMPLETE").region) == ("123456789012", "eu-central-1")
