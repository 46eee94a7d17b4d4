"""Lists and deletes all versions of objects in a bucket, also those that are hidden by a delete marker."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

# Characters that XML can't carry, or that its parsers may change: DeleteObjects sends keys as XML.
NOT_IN_XML = re.compile("[\x00-\x1f\x7f\ufffe\uffff]")

# boto3 clients have no types.
S3 = Any


@dataclass(frozen=True)
class Version:
    """A version of an object, or a delete marker.

    size: bytes; 0 for a delete marker.
    is_current: whether readers who name no version get this one.
    """

    key: str
    id: str
    size: int
    is_marker: bool
    is_current: bool


@dataclass(frozen=True)
class Failure:
    """A version that could not be deleted. reason: AWS's error code."""

    key: str
    id: str
    reason: str


@dataclass
class Count:
    """Counts versions of objects, without keeping them.

    objects: number of different keys with at least one version that is not a delete marker.
    size: bytes of all versions.
    """

    objects: int = 0
    versions: int = 0
    delete_markers: int = 0
    size: int = 0
    last_key: str | None = field(default=None, repr=False)

    def add(self, versions: list[Version]) -> None:
        """Counts more versions. All versions of a key have to be added one after the other, as S3 lists them."""
        keys = {version.key for version in versions if not version.is_marker}
        markers = sum(version.is_marker for version in versions)
        self.objects += len(keys - {self.last_key})
        self.versions += len(versions) - markers
        self.delete_markers += markers
        self.size += sum(version.size for version in versions)
        self.last_key = max(keys, default=self.last_key)

    @property
    def total(self) -> int:
        return self.versions + self.delete_markers


def list_versions(s3: S3, bucket: str, prefix: str) -> Iterator[list[Version]]:
    """Yields all versions and delete markers of the keys that begin with the prefix, at most 1,000 at a time."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        versions = [
            Version(v["Key"], v["VersionId"], v["Size"], False, v["IsLatest"]) for v in page.get("Versions", [])
        ]
        markers = [Version(m["Key"], m["VersionId"], 0, True, m["IsLatest"]) for m in page.get("DeleteMarkers", [])]
        yield sorted(versions + markers, key=lambda version: version.key)


def list_contents(s3: S3, bucket: str) -> Iterator[list[Version]]:
    """Yields all versions and delete markers of a bucket. There are none if the bucket does not exist."""
    try:
        yield from list_versions(s3, bucket, "")
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def list_versions_of(s3: S3, bucket: str, key: str) -> Iterator[list[Version]]:
    """The same as list_versions, for one object instead of all whose keys begin with its key."""
    for page in list_versions(s3, bucket, key):
        yield [version for version in page if version.key == key]
        # The key itself comes before the longer ones.
        if any(version.key != key for version in page):
            return


def delete_versions(s3: S3, bucket: str, versions: list[Version]) -> list[Failure]:
    """Deletes at most 1,000 versions for good. Returns those that could not be deleted. Missing ones are no failure."""
    failures = []
    in_xml = [version for version in versions if not NOT_IN_XML.search(version.key)]
    if in_xml:
        objects = [{"Key": version.key, "VersionId": version.id} for version in in_xml]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        errors = answer.get("Errors", [])
        failures += [Failure(error["Key"], error.get("VersionId", ""), error["Code"]) for error in errors]
    for version in versions:
        if NOT_IN_XML.search(version.key):
            try:
                s3.delete_object(Bucket=bucket, Key=version.key, VersionId=version.id)
            except ClientError as error:
                failures.append(Failure(version.key, version.id, error.response["Error"]["Code"]))
    return failures
