"""Reads the reviews of a stack, with the results that they are about."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from mien.logic.documents import faces_of, parse_document
from mien.logic.opinions import NO_FACE
from mien.logic.results import Result, document_key
from mien.logic.reviews import parse_review
from operate.selection import Stack
from operate.statistics import RIGHT, ReviewedFace

# Requests at the same time.
THREADS = 16


@dataclass(frozen=True)
class Reviewed:
    """What the reviews of a stack say.

    faces: of current results, in the order of their reviews' keys.
    results: of their images, by the images' object keys.
    reviewers: number of people.
    outdated: number of reviews that are about another version of the image, or about a face that its current result
        does not have.
    skipped: number of objects that are not reviews.
    """

    faces: list[ReviewedFace]
    results: dict[str, Result]
    reviewers: int
    outdated: int
    skipped: int


def list_keys(s3: Any, stack: Stack, prefix: str) -> list[str]:
    """Returns the keys of the reviews of images whose names below the inbox begin with `prefix`."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix=stack.reviews + prefix)
    return [stored["Key"] for page in pages for stored in page.get("Contents", [])]


def read_reviews(s3: Any, stack: Stack, keys: list[str], on_read: Callable[[], None]) -> Reviewed:
    """Reads reviews and the results of their images. on_read: is called once for each review."""
    found = list[Result]()
    with ThreadPoolExecutor(THREADS) as pool:
        for key, content in zip(keys, pool.map(partial(read, s3, stack.bucket), keys), strict=True):
            review = parse_review(content, key, stack.inbox, stack.reviews) if content else None
            if review:
                found.append(review)
            on_read()
        images = list(dict.fromkeys(review["image"]["key"] for review in found))
        results = {
            image: result
            for image, result in zip(images, pool.map(partial(read_result, s3, stack), images), strict=True)
            if result
        }
    current = [review for review in found if is_current(review, results.get(review["image"]["key"]))]
    return Reviewed(
        list(group(current, results)),
        results,
        len({review["reviewer"] for review in current}),
        len(found) - len(current),
        len(keys) - len(found),
    )


def read(s3: Any, bucket: str, key: str) -> bytes | None:
    """Returns the content of an object, or None if it is missing."""
    try:
        content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise
    return content


def read_result(s3: Any, stack: Stack, image: str) -> Result | None:
    key = document_key(image, stack.inbox, stack.results)
    content = read(s3, stack.bucket, key)
    return parse_document(content, key, stack.inbox, stack.results) if content else None


def is_current(review: Result, result: Result | None) -> bool:
    """Returns whether a review is about a face of the result: image and face have the same ETag and box."""
    if result is None or review["image"]["etag"] != result["image"]["etag"]:
        return False
    faces, number = faces_of(result), review["face"]
    if number == NO_FACE:
        return not faces
    return number <= len(faces) and faces[number - 1].get("box") == review["box"]


def group(reviews: list[Result], results: dict[str, Result]) -> Iterator[ReviewedFace]:
    """Yields one face for all its reviews."""
    answers: dict[tuple[str, int], list[str]] = defaultdict(list)
    for review in reviews:
        answers[review["image"]["key"], review["face"]].append(answer_of(review))
    for (image, number), given in answers.items():
        face = faces_of(results[image])[number - 1] if number else {}
        yield ReviewedFace(image, number, face.get("label"), tuple(given))


def answer_of(review: Result) -> str:
    """Returns what a reviewer says that the face shows. Right is the label that the reviewer saw."""
    match review:
        case {"verdict": "right", "predicted": {"label": str(label)}}:
            return label
        case {"verdict": "right"}:
            return RIGHT
        case {"verdict": "label", "label": str(label)}:
            return label
    return str(review["verdict"])
