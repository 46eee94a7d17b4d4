"""The deletion of stacks and buckets, over models of CloudFormation and S3."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployment.deletion import delete_bucket, delete_stack
from deployment.errors import DeploymentError
from deployment.stacks import Stack
from deployment.tags import mark_bucket

STACK = Stack("mien", "arn:stack/mien/1", "CREATE_COMPLETE", "", False, {}, {})
BUCKET_TYPE = "AWS::S3::Bucket"


@dataclass
class CloudFormation:
    """A stack, and what happens to its resources.

    stuck: for each attempt, why resources can't be deleted, by their logical IDs.
    late: how many looks still show the status from before the request.
    """

    stuck: list[dict[str, str]]
    late: int = 0
    resources: dict[str, str] = field(default_factory=lambda: {"Bucket": BUCKET_TYPE, "Queue": "AWS::SQS::Queue"})
    status: str = "CREATE_COMPLETE"
    failures: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    attempts: int = 0
    looks: int = 0

    def delete_stack(self, StackName: str, RetainResources: tuple[str, ...] = ()) -> None:
        assert StackName == STACK.id
        assert not RetainResources or self.status == "DELETE_FAILED", "CloudFormation refuses the list otherwise"
        self.failures = self.stuck[self.attempts] if self.attempts < len(self.stuck) else {}
        self.attempts += 1
        self.kept += [name for name in self.resources if name in RetainResources]
        left = [name for name in self.resources if name in self.failures and name not in RetainResources]
        self.resources = {name: self.resources[name] for name in left}
        self.looks = 0

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        self.looks += 1
        if self.looks == self.late + 1:
            self.status = "DELETE_IN_PROGRESS"
        elif self.looks > self.late + 1:
            self.status = "DELETE_FAILED" if self.resources else "DELETE_COMPLETE"
        return {"Stacks": [{"StackName": "mien", "StackId": StackName, "StackStatus": self.status}]}

    def describe_stack_resources(self, StackName: str) -> dict[str, Any]:
        return {
            "StackResources": [
                {
                    "LogicalResourceId": name,
                    "ResourceType": kind,
                    "ResourceStatus": "DELETE_FAILED" if self.status == "DELETE_FAILED" else "DELETE_IN_PROGRESS",
                    "ResourceStatusReason": self.failures.get(name, ""),
                }
                for name, kind in self.resources.items()
            ]
        }


def delete(cloudformation: CloudFormation) -> list[str]:
    """Deletes the stack. Returns the statuses that were shown."""
    shown: list[str] = []
    delete_stack(cloudformation, STACK, lambda: None, lambda progress: shown.append(progress.status))
    return shown


@pytest.mark.parametrize("late", [0, 1, 3])
def test_a_stack_is_deleted_and_its_deletion_is_shown(late: int) -> None:
    cloudformation = CloudFormation([], late)
    assert delete(cloudformation)[late:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert (cloudformation.resources, cloudformation.attempts) == ({}, 1)


def test_a_deletion_that_fails_is_tried_a_second_time() -> None:
    cloudformation = CloudFormation([{"Queue": "still in use"}])
    delete(cloudformation)
    assert (cloudformation.resources, cloudformation.attempts) == ({}, 2)


def test_resources_that_can_not_be_deleted_are_named_with_the_way_out() -> None:
    stuck = {"Queue": "access denied"}
    cloudformation = CloudFormation([stuck, stuck, stuck])
    with pytest.raises(DeploymentError, match="can't delete stack mien: Queue: access denied") as caught:
        delete(cloudformation)
    assert str(caught.value).endswith("aws cloudformation delete-stack --stack-name mien --retain-resources Queue")
    assert cloudformation.attempts == 2


def test_a_bucket_that_cloudformation_can_not_delete_is_left_to_the_next_step() -> None:
    """A stack of an earlier version deletes its bucket, and fails if it holds objects."""
    cloudformation = CloudFormation([{"Bucket": "not empty"}])
    delete(cloudformation)
    assert (cloudformation.resources, cloudformation.kept) == ({}, ["Bucket"])


@dataclass
class S3:
    """A bucket.

    entries: keys and version IDs in it; None if there is no bucket.
    uploads: keys that somebody uploads, one before each attempt to delete the bucket.
    locked: a key that can't be deleted.
    """

    entries: list[tuple[str, str]] | None
    uploads: list[str] = field(default_factory=list)
    locked: str = ""
    tags: list[dict[str, str]] | None = None

    def get_paginator(self, operation: str) -> "S3":
        assert operation == "list_object_versions"
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        if self.entries is None:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectVersions")
        listed = [{"Key": key, "VersionId": version, "IsLatest": True} for key, version in self.entries]
        yield {"Versions": [{**entry, "Size": 1} for entry in listed[1:]], "DeleteMarkers": listed[:1]}

    def delete_objects(self, **request: Any) -> dict[str, Any]:
        assert self.entries
        asked = {(entry["Key"], entry["VersionId"]) for entry in request["Delete"]["Objects"]}
        self.entries = [entry for entry in self.entries if entry not in asked or entry[0] == self.locked]
        return {"Errors": [{"Key": key, "VersionId": version, "Code": "AccessDenied"} for key, version in self.entries]}

    def delete_bucket(self, Bucket: str) -> None:
        if self.entries is None:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "DeleteBucket")
        if self.uploads:
            self.entries.append((self.uploads.pop(), "v"))
        if self.entries:
            raise ClientError({"Error": {"Code": "BucketNotEmpty"}}, "DeleteBucket")
        self.entries = None

    def get_bucket_tagging(self, Bucket: str) -> dict[str, Any]:
        if self.tags is None:
            raise ClientError({"Error": {"Code": "NoSuchTagSet"}}, "GetBucketTagging")
        return {"TagSet": self.tags}

    def put_bucket_tagging(self, Bucket: str, Tagging: dict[str, Any]) -> None:
        self.tags = Tagging["TagSet"]

    def delete(self) -> int:
        """Deletes the bucket. Returns the number of deleted versions and delete markers."""
        deleted: list[int] = []
        delete_bucket(self, "images", deleted.append)
        return sum(deleted)


def holding(number: int, *uploads: str, locked: str = "") -> S3:
    return S3([(f"{each}.png", "v") for each in range(number)], list(uploads), locked)


def test_a_bucket_is_deleted_with_all_versions_and_delete_markers() -> None:
    bucket = holding(3)
    assert bucket.delete() == 3
    assert bucket.entries is None


@pytest.mark.parametrize("bucket", [S3([]), S3(None)])
def test_a_bucket_that_is_empty_or_gone_is_deleted(bucket: S3) -> None:
    assert bucket.delete() == 0
    assert bucket.entries is None


def test_images_that_arrive_meanwhile_are_deleted_too() -> None:
    bucket = holding(2, "late.png", "later.png")
    assert bucket.delete() == 4
    assert bucket.entries is None


def test_uploads_that_do_not_end_are_named_as_the_reason() -> None:
    with pytest.raises(DeploymentError, match="somebody still writes to bucket images: stop the uploads, and run"):
        holding(2, *"abcdefgh").delete()


def test_an_object_that_can_not_be_deleted_is_named() -> None:
    with pytest.raises(DeploymentError, match=r"1 version in bucket images can't be deleted, .* 1.png: AccessDenied"):
        holding(3, locked="1.png").delete()


def test_a_bucket_is_marked_as_the_stacks_and_keeps_its_tags() -> None:
    bucket = S3([], tags=[{"Key": "team", "Value": "a"}])
    mark_bucket(bucket, "images", "mien")
    assert bucket.tags == [{"Key": "team", "Value": "a"}, {"Key": "mien:stack", "Value": "mien"}]


def test_a_bucket_that_cloudformation_has_marked_is_not_changed() -> None:
    """S3 refuses a request that leaves out CloudFormation's tags, and one that sets them."""
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "mien"}]
    bucket = S3([], tags=list(tags))
    mark_bucket(bucket, "images", "mien")
    assert bucket.tags == tags


def test_a_bucket_without_tags_gets_one() -> None:
    bucket = S3([])
    mark_bucket(bucket, "images", "mien")
    assert bucket.tags == [{"Key": "mien:stack", "Value": "mien"}]
