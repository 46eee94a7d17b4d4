"""Reads documents back from the bucket: the document of one image, or a page of many.

S3 lists keys, not labels. To find the documents with one label, all documents must be read. So the number of documents
that are read for one page is limited, even if few of them are shown.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property, partial
from typing import Any

from botocore.exceptions import ClientError

from mien.aws.clients import Timeouts, error_code, make_client, s3_failures
from mien.aws.pictures import THREADS, with_urls
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.documents import parse_document
from mien.logic.queries import Query, format_next
from mien.logic.results import Result, document_key
from mien.logic.times import format_time
from mien.settings import Settings

# Documents that a page shows at most, and that are read for it at most.
PAGE = 100
MAX_READ = 500
# Keys that S3 lists per request at most, and requests of one page that look for recent documents. An unchanged folder
# of 10,000 documents costs 10 of them.
MAX_LISTED = 1000
MAX_LISTS = 20
# Maximum size of a result document, in bytes. Larger objects were written by something else and are skipped.
MAX_DOCUMENT_BYTES = 65_536
# Two attempts at each request fit into the function's timeout, for all four steps of a page: documents are listed and
# read, and images are listed and looked up. A page of recent documents is listed with more requests while time is left.
TIMEOUTS = Timeouts(connect=1, read=2, attempts=2)


class Listing:
    """The documents of one bucket. Every method raises StorageUnavailable if S3 fails."""

    def __init__(self, settings: Settings, bucket: str):
        self.settings = settings
        self.bucket = bucket
        self.results, self.rejected = settings.results_prefix, settings.rejected_prefix
        # Appending to a list is safe from several threads.
        self.skipped: list[str] = []

    @cached_property
    def s3(self) -> Any:
        """The client is made at first use, because it would slow the cold start of calls that classify."""
        return make_client(
            "s3",
            TIMEOUTS,
            connections=THREADS,
            # Browsers and curl use the presigned URLs. They would not follow S3 from a global host to a regional one.
            signature_version="s3v4",
            s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
        )

    def find(self, name: str) -> Result | None:
        """Returns the document of an image, or None if there is none yet.

        name: the image's key below the inbox.
        """
        key = self.settings.inbox_prefix + name
        document = self.read(document_key(key, self.settings.inbox_prefix, self.results), self.results)
        if document is None or document["image"]["key"] != key:
            return None
        [shown] = with_urls(self.s3, self.bucket, [document])
        return shown

    def page(self, query: Query, deadline: Deadline) -> tuple[list[Result], str | None]:
        """Returns a page of documents in the order of their keys, and the page's `next`.

        Rejections are few, and they are listed by their copies: otherwise all documents would be read to find them.

        The `next` is None if there are no more documents. A page can have fewer documents than PAGE, even none, and
        still not be the last.
        """
        prefix = self.rejected if query.status == "rejected" else self.results
        keys, listed_to = self.list_keys(prefix, query, deadline)
        shown: list[Result] = []
        last_key, count = None, 0
        for key, document in self.read_in_order(keys, prefix, deadline.earlier(TIMEOUTS.longest)):
            last_key, count = key, count + 1
            if document and query.selects(document):
                shown.append(document)
                if len(shown) == PAGE:
                    break
        shown = with_urls(self.s3, self.bucket, shown, span=count)
        after = listed_to if count == len(keys) else last_key
        return shown, None if after is None else format_next(after.removeprefix(prefix))

    def list_keys(self, prefix: str, query: Query, deadline: Deadline) -> tuple[list[str], str | None]:
        """Returns the next keys that can be selected, and the key behind which more follow, or None if none do.

        S3 lists by name and not by time. So to find recent documents, all keys are listed, in several requests if need
        be, and as long as enough time is left for the next one and for the three steps that follow.
        """
        limit = MAX_READ if query.is_selective else PAGE
        request: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix + query.prefix, "MaxKeys": limit}
        if query.since:
            request["MaxKeys"] = MAX_LISTED
        if query.after:
            request["StartAfter"] = prefix + query.after
        keys: list[str] = []
        for _ in range(MAX_LISTS):
            with s3_failures("reading results"):
                answer = self.s3.list_objects_v2(**request)
            stored = answer.get("Contents", [])
            for entry in stored:
                if not query.since or format_time(entry["LastModified"]) >= query.since:
                    keys.append(entry["Key"])
                if len(keys) == limit:
                    is_last = entry is stored[-1] and not answer["IsTruncated"]
                    return keys, None if is_last else keys[-1]
            if not answer["IsTruncated"]:
                return keys, None
            request["StartAfter"] = stored[-1]["Key"]
            if deadline.seconds_left() < TIMEOUTS.longest * (4 if keys else 1):
                break
        return keys, request["StartAfter"]

    def read_in_order(self, keys: list[str], prefix: str, deadline: Deadline) -> Iterator[tuple[str, Result | None]]:
        """Yields each key with its document. The first PAGE keys are always read, the others while there is time."""
        with ThreadPoolExecutor(THREADS) as pool:
            for number, part in enumerate(chunks(keys, PAGE)):
                if number and deadline.seconds_left() <= 0:
                    return
                yield from zip(part, pool.map(partial(self.read, prefix=prefix), part), strict=True)

    def read(self, key: str, prefix: str) -> Result | None:
        """Returns a document, with `written`: when S3 stored it.

        Returns None if the object is missing or is not a document. `skipped` counts the latter.

        prefix: the one that the key begins with.
        """
        stored = self.read_bytes(key)
        if stored is None:
            return None
        content, written = stored
        document = parse_document(content, key, self.settings.inbox_prefix, prefix)
        if document is None:
            self.skipped.append(key)
            return None
        return {**document, "written": written}

    def count_skipped(self) -> int:
        """Returns how many objects were skipped since the last call, because they are not documents."""
        skipped, self.skipped = self.skipped, []
        return len(skipped)

    def read_bytes(self, key: str) -> tuple[bytes, str] | None:
        """Returns the content of an object and the time when it was stored, or None if it is missing.

        The content of an object that is too large for a document is empty.
        """
        with s3_failures("reading results"):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise
            with closing(answer["Body"]) as body:
                content = body.read() if answer["ContentLength"] <= MAX_DOCUMENT_BYTES else b""
            return content, format_time(answer["LastModified"])
