"""Reviews in the bucket: stores, deletes and lists them. logic/reviews.py says what they are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from mien.aws.clients import error_code, s3_failures
from mien.aws.listing import PAGE, Listing
from mien.aws.pictures import THREADS, find_etag
from mien.errors import InvalidRequest
from mien.logic.opinions import Opinion
from mien.logic.queries import Query, format_next
from mien.logic.results import Result, is_rejected, serialize
from mien.logic.review_keys import review_key
from mien.logic.reviews import make_review, parse_review
from mien.logic.times import format_time
from mien.logic.versions import VERSION

# Maximum size of a review, in bytes. Larger objects were written by something else and are skipped.
MAX_REVIEW_BYTES = 16_384


class Reviews:
    """The reviews of one bucket. Every method raises StorageUnavailable if S3 fails.

    listing: the documents of the same bucket.
    """

    def __init__(self, listing: Listing):
        self.listing = listing
        self.bucket = listing.bucket
        self.inbox = listing.settings.inbox_prefix
        self.prefix = listing.settings.reviews_prefix

    def write(self, name: str, opinion: Opinion) -> Result:
        """Stores a review in place of an earlier one by the same reviewer. Returns it, with the time of storing.

        name: of the image, below the inbox.

        Raises InvalidRequest if the image has no such face, or was deleted or overwritten since it got its result. This
        is checked once more after the review is stored: if the image was deleted meanwhile, the function that deletes
        reviews can have looked for them before.
        """
        document = self.listing.find(name)
        if document is None or is_rejected(document):
            detail = "This image has no result, so there is nothing to review."
            raise InvalidRequest(HTTPStatus.NOT_FOUND, "no_document", detail)
        review = make_review(opinion, document)
        key = self.key_of(name, opinion.face, opinion.reviewer)
        image = review["image"]
        s3 = self.listing.s3
        with s3_failures("writing a review"):
            if "url" in document["image"]:
                metadata = {VERSION: image["version_id"]} if image["version_id"] else {}
                s3.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=serialize(review),
                    ContentType="application/json",
                    Metadata=metadata,
                )
                if find_etag(s3, self.bucket, image["key"]) == image["etag"]:
                    stored = s3.head_object(Bucket=self.bucket, Key=key)
                    return {**review, "written": format_time(stored["LastModified"])}
                s3.delete_object(Bucket=self.bucket, Key=key)
        detail = "The image was deleted or overwritten since it got this result. Load the results again."
        raise InvalidRequest(HTTPStatus.CONFLICT, "image_changed", detail)

    def delete(self, name: str, face: int, reviewer: str) -> None:
        """Deletes a review. It is no error if there is none."""
        with s3_failures("deleting a review"):
            self.listing.s3.delete_object(Bucket=self.bucket, Key=self.key_of(name, face, reviewer))

    def key_of(self, name: str, face: int, reviewer: str) -> str:
        return review_key(self.inbox + name, face, reviewer, self.inbox, self.prefix)

    def page(self, query: Query) -> tuple[list[Result], str | None]:
        """Returns a page of reviews in the order of their keys, and the page's `next`, None on the last page.

        query: `prefix` and `after` select the reviews.
        """
        s3, prefix = self.listing.s3, self.prefix
        request: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix + query.prefix, "MaxKeys": PAGE}
        if query.after:
            request["StartAfter"] = prefix + query.after
        with s3_failures("reading reviews"):
            answer = s3.list_objects_v2(**request)
            keys = [stored["Key"] for stored in answer.get("Contents", [])]
            with ThreadPoolExecutor(THREADS) as pool:
                reviews = [review for review in pool.map(self.read, keys) if review]
        following = format_next(keys[-1].removeprefix(prefix)) if answer["IsTruncated"] and keys else None
        return reviews, following

    def read(self, key: str) -> Result | None:
        """Returns a review with the time of storing, or None if the object is missing or is not a review."""
        try:
            answer = self.listing.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error_code(error) == "NoSuchKey":
                return None
            raise
        with closing(answer["Body"]) as body:
            content = body.read() if answer["ContentLength"] <= MAX_REVIEW_BYTES else b""
        review = parse_review(content, key, self.inbox, self.prefix)
        if review is None:
            self.listing.skipped.append(key)
            return None
        return {**review, "written": format_time(answer["LastModified"])}


def list_reviews(s3: Any, bucket: str, folder: str) -> Iterator[tuple[str, str]]:
    """Yields the key and the ETag of each review of one image. folder: of the image (review_keys.review_folder)."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder, Delimiter="/")
    for page in pages:
        yield from ((stored["Key"], stored["ETag"]) for stored in page.get("Contents", []))
