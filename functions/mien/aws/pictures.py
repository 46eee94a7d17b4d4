"""Signs addresses of images, only of those that still are what their documents describe.

A signed address that names a version would show a deleted image as long as the bucket keeps old versions. One without
a version shows what is stored under the key when it is opened. So it is signed only if the image's current ETag is the
one in the document: equal ETags under one key are the same bytes.

A condition in the signature can't do this: browsers do not send If-Match when they load an image.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os.path import commonprefix
from typing import Any

from botocore.exceptions import ClientError

from mien.aws.clients import error_code, s3_failures
from mien.logic.results import Result

# Seconds for which the address of an image is valid.
EXPIRES = 900
# Up to this many images are looked up one by one, all at once. It is the number of the client's connections.
THREADS = 16
# S3 lists no more keys per request.
MAX_LISTED = 1000


def with_urls(s3: Any, bucket: str, documents: Sequence[Result], span: int = 1) -> list[Result]:
    """Returns stored documents, each with a signed address of its image if that is unchanged.

    documents: in the order of their keys.
    span: how many images there are about from the first document's to the last one's.

    Raises StorageUnavailable if S3 fails.
    """
    with s3_failures("looking up images"):
        etags = find_etags(s3, bucket, [document["image"]["key"] for document in documents], span)
    return [
        {**document, "image": {**image, "url": sign(s3, bucket, image["key"])}}
        if image["etag"] and image["etag"] == etags.get(image["key"])
        else document
        for document in documents
        for image in [document["image"]]
    ]


def sign(s3: Any, bucket: str, key: str) -> str:
    """Returns an address of the current version of an image. Signing sends no request."""
    url: str = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=EXPIRES)
    return url


def find_etags(s3: Any, bucket: str, keys: Sequence[str], span: int) -> dict[str, str]:
    """Returns the current ETag of each image, without those that are deleted.

    Many images are listed with one request. Images that are too far behind the first one for this are looked up one by
    one, as are few images.
    """
    found: dict[str, str] = {}
    rest = sorted(set(keys), key=str.encode)
    if len(rest) > THREADS:
        found, last_key = list_etags(s3, bucket, rest, min(2 * span, MAX_LISTED))
        rest = [] if last_key is None else [key for key in rest if key.encode() > last_key.encode()]
    if rest:
        with ThreadPoolExecutor(THREADS) as pool:
            etags = pool.map(partial(find_etag, s3, bucket), rest)
            found |= {key: etag for key, etag in zip(rest, etags, strict=True) if etag is not None}
    return found


def list_etags(s3: Any, bucket: str, keys: Sequence[str], limit: int) -> tuple[dict[str, str], str | None]:
    """Returns the ETags of the images that one request lists, and the last key that it lists, or None if it lists all.

    keys: in S3's order; the list begins a little before the first one.
    """
    prefix = commonprefix(keys)  # noqa: RUF071 (Keys are texts and not paths: their common prefix can end anywhere.)
    answer = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=keys[0][:-1], MaxKeys=limit)
    stored = answer.get("Contents", [])
    last_key = stored[-1]["Key"] if answer["IsTruncated"] else None
    return {image["Key"]: strip(image["ETag"]) for image in stored}, last_key


def find_etag(s3: Any, bucket: str, key: str) -> str | None:
    try:
        return strip(s3.head_object(Bucket=bucket, Key=key)["ETag"])
    except ClientError as error:
        if error_code(error) in ("404", "NoSuchKey"):
            return None
        raise


def strip(etag: str) -> str:
    """Events have ETags without the quotes that S3's other answers have."""
    return etag.strip('"')
