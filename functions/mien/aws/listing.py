"""What lies under results/ and rejected/: the document of one image, or a page of many.

S3 lists keys and knows no labels: to find those of one label, documents of all others are read too. So a page reads so
many at most, however few of them it shows.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mien.errors import TryAgain
from mien.logic.deadline import Deadline
from mien.logic.labels import LABELS
from mien.logic.requests import Refused
from mien.logic.results import MAX_KEY_BYTES, Result, key_of, newer
from mien.settings import Settings

# Documents that a page shows, and that it reads, at most.
PAGE, READ = 100, 500
STATUSES = ("classified", "rejected")
# Of a document. What is larger was put there by others, and is none.
MAX_DOCUMENT_BYTES = 65_536
# Seconds for which a picture's address can be used.
EXPIRES = 900
THREADS = 16
# Seconds: two attempts at each request fit into the function's time, and into what a person waits.
CONNECT_TIMEOUT, READ_TIMEOUT, ATTEMPTS = 2, 4, 2
LONGEST = ATTEMPTS * (CONNECT_TIMEOUT + READ_TIMEOUT)


class Unreadable(TryAgain):
    """S3 did not answer."""


@dataclass(frozen=True)
class Query:
    """prefix: of images' names, below the inbox; after: a document's key, below its own prefix, as a page's `next` is;
    label: None is any; status: which of the two kinds of document."""

    prefix: str = ""
    after: str = ""
    label: str | None = None
    status: str = "classified"


def query_of(parameters: Mapping[str, str]) -> Query:
    """Raises Refused."""
    names = ("prefix", "after", "label", "status")
    query = Query(**{name: parameters[name] for name in names if name in parameters})
    if query.status not in STATUSES:
        raise malformed(f"There is no such status; it is {' or '.join(STATUSES)}.")
    if query.label is not None and query.label not in LABELS:
        raise malformed(f"There is no such label; there are {', '.join(LABELS)}.")
    if query.label is not None and query.status == "rejected":
        raise malformed("A rejected image has no label.")
    for name in ("prefix", "after"):
        if not is_key(getattr(query, name)):
            raise malformed(f"This is no {name} of a key: one has {MAX_KEY_BYTES:,} bytes at most, and no controls.")
    return query


def is_key(text: str) -> bool:
    """Whether it can be a key, or its beginning. S3 answers in XML, which has no place for some characters."""
    try:
        return len(text.encode()) <= MAX_KEY_BYTES and not re.search(r"[\x00-\x1f\x7f\ufffe\uffff]", text)
    except UnicodeEncodeError:
        return False


def is_document(found: Any) -> bool:
    """Whether it is one of ours; others may have put something else beside them."""
    match found:
        case {"status": "classified", "label": str(), "image": {"key": str(), "version_id": _, "sequencer": str()}}:
            return True
        case {"status": "rejected", "image": {"key": str(), "version_id": _, "sequencer": str()}}:
            return True
    return False


def malformed(detail: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "malformed", detail)


class Listing:
    """Of one bucket. Raises Unreadable where S3 does not answer."""

    def __init__(self, settings: Settings, bucket: str):
        self.settings, self.bucket = settings, bucket
        self.places = {"classified": settings.results_prefix, "rejected": settings.rejected_prefix}

    @cached_property
    def s3(self) -> Any:
        """Made when it is needed: it would add to the cold start of those who classify."""
        return boto3.client(
            "s3",
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                max_pool_connections=THREADS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                # What is signed is used by others, without a client that would follow S3 from one host to another.
                signature_version="s3v4",
                s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
            ),
        )

    def one(self, name: str) -> Result | None:
        """The document of an image, by its key below the inbox; None where there is none yet.

        API Gateway is not relied on to decode a path, or to leave it: where the name is none, its encoded form may be.
        """
        for candidate in dict.fromkeys((unquote(name, errors="replace"), name)):
            if is_key(candidate):
                inbox = self.settings.inbox_prefix
                keys = [key_of(inbox + candidate, inbox, place) for place in self.places.values()]
                found = [document for document in map(self.read, keys) if document]
                if found:
                    # For the moment in which an upload's two writers have both written, the newer one's.
                    first, last = found[0], found[-1]
                    later = newer(last["image"]["sequencer"], first["image"]["sequencer"])
                    return self.shown(last if later else first)
        return None

    def page(self, query: Query, deadline: Deadline) -> tuple[list[Result], str | None]:
        """Documents in the order of their keys, and after which to go on: None where there are no more.

        It may hold fewer than there are, and even none, and yet not be the last.
        """
        place = self.places[query.status]
        keys, more = self.keys(place, query)
        shown: list[Result] = []
        last = None
        for key, document in self.documents(keys, deadline.before(LONGEST)):
            last = key
            if document and query.label in (None, document.get("label")):
                shown.append(self.shown(document))
                if len(shown) == PAGE:
                    break
        ended = not more and (not keys or last == keys[-1])
        return shown, None if ended or last is None else last.removeprefix(place)

    def keys(self, place: str, query: Query) -> tuple[list[str], bool]:
        """The next ones, and whether there are more behind them."""
        request: dict[str, Any] = {
            "Bucket": self.bucket,
            "Prefix": place + query.prefix,
            "MaxKeys": PAGE if query.label is None else READ,
        }
        if query.after:
            request["StartAfter"] = place + query.after
        answer = self.asked(lambda: self.s3.list_objects_v2(**request))
        return [stored["Key"] for stored in answer.get("Contents", [])], bool(answer["IsTruncated"])

    def documents(self, keys: list[str], deadline: Deadline) -> Iterator[tuple[str, Result | None]]:
        """In order: a page's worth in any case, and more while there is time for it."""
        with ThreadPoolExecutor(THREADS) as pool:
            for start in range(0, len(keys), PAGE):
                if start and deadline.left() <= 0:
                    return
                part = keys[start : start + PAGE]
                yield from zip(part, pool.map(self.read, part), strict=True)

    def read(self, key: str) -> Result | None:
        """A document; None of what is not there, is no longer there, or is none."""

        def body() -> bytes:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key)
            with closing(answer["Body"]) as stream:
                return stream.read() if answer["ContentLength"] <= MAX_DOCUMENT_BYTES else b""

        try:
            document = json.loads(self.asked(body))
        except (self.s3.exceptions.NoSuchKey, ValueError, RecursionError):
            return None
        return document if is_document(document) else None

    def shown(self, document: Result) -> Result:
        """A stored document, with the address at which the picture itself can be fetched for some time."""
        image = document["image"]
        version = {"VersionId": image["version_id"]} if image["version_id"] else {}
        # The key comes from the document; whoever could write one under results/ gets no address of another place.
        if not image["key"].startswith(self.settings.inbox_prefix):
            return document
        url = self.s3.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": image["key"], **version}, ExpiresIn=EXPIRES
        )
        return {**document, "image": {**image, "url": url}}

    def asked(self, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except self.s3.exceptions.NoSuchKey:
            raise
        except ClientError as error:
            raise Unreadable(f"reading results: {error.response['Error'].get('Code')}") from error
        except BotoCoreError as error:
            raise Unreadable(f"reading results: {type(error).__name__}") from error
