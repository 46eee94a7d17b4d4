"""Erases lines about images: writes the objects of JSON Lines with such lines again without them.

No index says which objects these are, so all of them are read. An object is never changed: the lines of other images
are written under the name that their digest gives, and then the old object is deleted with all versions. After an
interruption between the two, other images have the same line twice, which changes no result, and the next run finds the
old object.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from mien.logic.lines import hour_folder, is_lines_key, lines_name
from operate.selection import Selection, image_key
from operate.stack import OperateError
from operate.versions import Version, delete_versions, list_versions

# Objects that are read at the same time. Each is in memory as a whole: the documents of one batch.
THREADS = 16
# Seconds. The clocks of the functions and of the operator differ, and writing takes time. So an object can appear in
# the folder of an hour that is over.
LATE_SECONDS = 7200
# The version was deleted after it was listed.
MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
# The object has the same name, so it has the same lines.
EXISTS = "PreconditionFailed"

# boto3 clients have no types.
S3 = Any


@dataclass(frozen=True)
class Hours:
    """Which folders of hours are read. Objects are only added to the current one, so a second look needs only some.

    found: single folders.
    since: all folders from this one on are read too. The empty text stands for all folders.
    """

    found: frozenset[str] = frozenset()
    since: str = ""

    def include(self, folder: str) -> bool:
        return folder >= self.since or folder in self.found


ALL_HOURS = Hours()


@dataclass
class LineCount:
    """Counts lines about images.

    objects: versions of objects that have such lines.
    size: bytes of the lines.
    folders: of the hours in which they are.
    """

    lines: int = 0
    objects: int = 0
    size: int = 0
    folders: set[str] = field(default_factory=set, repr=False)

    def add(self, version: Version, searched: "Searched") -> None:
        self.lines += searched.lines
        self.objects += 1
        self.size += searched.size
        self.folders.add(folder_of(version))


@dataclass(frozen=True)
class Searched:
    """What a version of an object has about selected images.

    size: bytes of the lines.
    failure: AWS's error code if the lines of other images could not be written.
    """

    lines: int
    size: int
    failure: str = ""


def folder_of(version: Version) -> str:
    return version.key.rpartition("/")[0] + "/"


def newer_hours(selection: Selection, found: LineCount, looked: float) -> Hours:
    """Returns the hours that can have lines about the images after a look that has found these.

    looked: seconds since 1970, when the look began.
    """
    return Hours(frozenset(found.folders), hour_folder(selection.stack.results, looked - LATE_SECONDS))


def list_objects(s3: S3, selection: Selection, hours: Hours) -> Iterator[list[Version]]:
    """Yields the versions of objects of lines, at most 1,000 at a time, also of those that have expired.

    If all images are selected, it yields nothing: all objects are deleted, so none has to be read.
    """
    results = selection.stack.results
    if selection.is_everything:
        return
    for page in list_versions(s3, selection.stack.bucket, f"{results}date="):
        yield [version for version in page if is_lines_key(version.key, results) and hours.include(folder_of(version))]


def count_objects(s3: S3, selection: Selection, hours: Hours) -> int:
    """Returns how many versions of objects have to be read."""
    return sum(not version.is_marker for page in list_objects(s3, selection, hours) for version in page)


def survey(s3: S3, selection: Selection, hours: Hours, on_read: Callable[[], None]) -> LineCount:
    """Counts the lines about selected images. Raises OperateError if an object can't be read."""
    count = LineCount()
    with ThreadPoolExecutor(THREADS) as pool:
        for page in list_objects(s3, selection, hours):
            for version, searched in search_all(pool, partial(search, s3, selection), page):
                if searched.lines:
                    count.add(version, searched)
                on_read()
    return count


def erase(
    s3: S3,
    selection: Selection,
    hours: Hours,
    count: LineCount,
    on_read: Callable[[], None],
) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Erases the lines about selected images.

    Yields a number of versions of objects that had such lines, and which of them could not be replaced or deleted, each
    with its key and AWS's error code.

    count: the lines that are gone are added to it.

    Raises OperateError if an object can't be read.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        for page in list_objects(s3, selection, hours):
            had: dict[Version, Searched] = {}
            for version, searched in search_all(pool, partial(replace, s3, selection), page):
                if searched.lines:
                    had[version] = searched
                on_read()
            replaced = [version for version, searched in had.items() if not searched.failure]
            failures = delete_versions(s3, selection.stack.bucket, replaced) if replaced else []
            failed = {(failure.key, failure.id) for failure in failures}
            for version in replaced:
                if (version.key, version.id) not in failed:
                    count.add(version, had[version])
            unreplaced = [(version.key, searched.failure) for version, searched in had.items() if searched.failure]
            yield len(had), unreplaced + [(failure.key, failure.reason) for failure in failures]


def search_all(
    pool: ThreadPoolExecutor, step: Callable[[Version], Searched], page: list[Version]
) -> Iterator[tuple[Version, Searched]]:
    """Yields each version of the page that is no delete marker, with what the step returns for it."""
    versions = [version for version in page if not version.is_marker]
    return zip(versions, pool.map(step, versions), strict=True)


def search(s3: S3, selection: Selection, version: Version) -> Searched:
    """Reads a version of an object. Raises OperateError if that is not allowed."""
    found, _ = separate(selection, read(s3, selection, version))
    return Searched(len(found), size_of(found))


def replace(s3: S3, selection: Selection, version: Version) -> Searched:
    """Reads a version of an object. If it has lines about selected images, writes the others as a new object.

    The lines of a version that is not the current one are not written again: the object was deleted or has expired.

    Raises OperateError if the version can't be read.
    """
    found, others = separate(selection, read(s3, selection, version))
    searched = Searched(len(found), size_of(found))
    if not (found and others and version.is_current):
        return searched
    bucket, body = selection.stack.bucket, b"".join(others)
    key = folder_of(version) + lines_name(body)
    try:
        new = s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/jsonl", IfNoneMatch="*")
        # If another run has replaced the object meanwhile, it was about other images: these lines can have come back.
        if not exists(s3, bucket, version):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=new.get("VersionId", "null"))
            return Searched(0, 0)
    except ClientError as error:
        if (code := error.response["Error"]["Code"]) != EXISTS:
            return Searched(len(found), size_of(found), code)
    return searched


def exists(s3: S3, bucket: str, version: Version) -> bool:
    """Returns whether a version that could be read is still there."""
    try:
        s3.head_object(Bucket=bucket, Key=version.key, VersionId=version.id)
    except ClientError as error:
        # S3 answers 403 instead of 404 to those who may not list the bucket.
        if error.response["Error"]["Code"] in MISSING | {"403"}:
            return False
        raise
    return True


def size_of(lines: list[bytes]) -> int:
    return sum(map(len, lines))


def separate(selection: Selection, body: bytes) -> tuple[list[bytes], list[bytes]]:
    """Returns the lines about selected images, and the other lines, in their order."""
    found, others = list[bytes](), list[bytes]()
    for line in body.splitlines(keepends=True):
        (found if selection.includes(image_key(line)) else others).append(line)
    return found, others


def read(s3: S3, selection: Selection, version: Version) -> bytes:
    """Returns the content of a version, which is empty if it is gone. Raises OperateError if S3 refuses to give it."""
    bucket = selection.stack.bucket
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=version.key, VersionId=version.id)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return b""
        raise OperateError(
            f"s3://{bucket}/{version.key} can have lines about these images, and can't be read: {error}"
        ) from error
    return body
