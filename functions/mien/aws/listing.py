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
from mien.logic.results import Result, document_key, is_newer
from mien.settings import Settings

# Documents that a page shows at most, and that are read for it at most.
PAGE = 100
MAX_READ = 500
# Maximum size of a result document, in bytes. Larger objects were written by something else and are skipped.
MAX_DOCUMENT_BYTES = 65_536
# Two attempts at each request fit into the function's timeout, for all four steps of a page: documents are listed and
# read, and images are listed and looked up.
TIMEOUTS = Timeouts(connect=1, read=2, attempts=2)


class Listing:
    """The documents of one bucket. Every method raises StorageUnavailable if S3 fails."""

    def __init__(self, settings: Settings, bucket: str):
        self.settings = settings
        self.bucket = bucket
        self.prefixes = (settings.results_prefix, settings.rejected_prefix)
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
        documents = [self.read(self.key_of(key, prefix), prefix) for prefix in self.prefixes]
        found = [document for document in documents if document and document["image"]["key"] == key]
        if not found:
            return None
        # For a moment, a result and a rejection can both exist: see storage.Storage.write.
        first, last = found[0], found[-1]
        is_last_newer = is_newer(last["image"]["sequencer"], first["image"]["sequencer"])
        [document] = with_urls(self.s3, self.bucket, [last if is_last_newer else first])
        return document

    def key_of(self, image_key: str, prefix: str) -> str:
        return document_key(image_key, self.settings.inbox_prefix, prefix)

    def page(self, query: Query, deadline: Deadline) -> tuple[list[Result], str | None]:
        """Returns a page of documents in the order of their keys, and the page's `next`.

        The `next` is None if there are no more documents. A page can have fewer documents than PAGE, even none, and
        still not be the last.
        """
        prefix = self.prefixes[query.status == "rejected"]
        keys, has_more = self.list_keys(prefix, query)
        shown: list[Result] = []
        last_key, count = None, 0
        for key, document in self.read_in_order(keys, prefix, deadline.earlier(TIMEOUTS.longest)):
            last_key, count = key, count + 1
            if document and query.selects(document):
                shown.append(document)
                if len(shown) == PAGE:
                    break
        shown = with_urls(self.s3, self.bucket, shown, span=count)
        is_complete = not has_more and (not keys or last_key == keys[-1])
        if is_complete or last_key is None:
            return shown, None
        return shown, format_next(last_key.removeprefix(prefix))

    def list_keys(self, prefix: str, query: Query) -> tuple[list[str], bool]:
        """Returns the next keys, and whether more keys follow them."""
        request: dict[str, Any] = {
            "Bucket": self.bucket,
            "Prefix": prefix + query.prefix,
            "MaxKeys": MAX_READ if query.is_selective else PAGE,
        }
        if query.after:
            request["StartAfter"] = prefix + query.after
        with s3_failures("reading results"):
            answer = self.s3.list_objects_v2(**request)
        return [stored["Key"] for stored in answer.get("Contents", [])], bool(answer["IsTruncated"])

    def read_in_order(self, keys: list[str], prefix: str, deadline: Deadline) -> Iterator[tuple[str, Result | None]]:
        """Yields each key with its document. The first PAGE keys are always read, the others while there is time."""
        with ThreadPoolExecutor(THREADS) as pool:
            for number, part in enumerate(chunks(keys, PAGE)):
                if number and deadline.seconds_left() <= 0:
                    return
                yield from zip(part, pool.map(partial(self.read, prefix=prefix), part), strict=True)

    def read(self, key: str, prefix: str) -> Result | None:
        """Returns a document, or None if the object is missing or is not a document. `skipped` counts the latter.

        prefix: the one that the key begins with.
        """
        content = self.read_bytes(key)
        if content is None:
            return None
        document = parse_document(content, key, self.settings.inbox_prefix, prefix)
        if document is None:
            self.skipped.append(key)
        return document

    def count_skipped(self) -> int:
        """Returns how many objects were skipped since the last call, because they are not documents."""
        skipped, self.skipped = self.skipped, []
        return len(skipped)

    def read_bytes(self, key: str) -> bytes | None:
        """Returns the content of an object, None if it is missing, or nothing if it is too large for a document."""
        with s3_failures("reading results"):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise
            with closing(answer["Body"]) as body:
                return body.read() if answer["ContentLength"] <= MAX_DOCUMENT_BYTES else b""
