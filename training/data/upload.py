"""A folder of prepared data → S3: many transfers at once, and only of what isn't there yet.

Whether a file is there is told by its ETag, which S3 makes of the content: so a second run, or one after an
interruption, costs a listing and the reading of the files. Where a bucket is encrypted with KMS keys, ETags say nothing
of the content, and every file is sent again.
Source of the form: Amazon S3 User Guide, "Checking object integrity", ETags of multipart uploads.
"""

import hashlib
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig

THREADS = 16
PART_BYTES = 64 * 1024 * 1024
# A file is sent in one piece up to PART_BYTES, and in pieces of that size above it: its ETag follows from that.
TRANSFER = TransferConfig(multipart_threshold=PART_BYTES + 1, multipart_chunksize=PART_BYTES, max_concurrency=4)


def etag(path: Path) -> str:
    """The ETag that S3 gives this file when it is sent as TRANSFER says, without quotes."""
    with path.open("rb") as file:
        parts = [hashlib.md5(part, usedforsecurity=False) for part in iter(lambda: file.read(PART_BYTES), b"")]
    if len(parts) <= 1:
        return (parts[0] if parts else hashlib.md5(b"", usedforsecurity=False)).hexdigest()
    whole = hashlib.md5(b"".join(part.digest() for part in parts), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(parts)}"


def files_of(folder: Path, prefix: str) -> dict[str, Path]:
    """Every file below the folder, by the key that it gets."""
    return {prefix + p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}


def changed(files: dict[str, Path], bucket: str, prefix: str, s3: Any) -> dict[str, Path]:
    """Those of the files that the bucket doesn't hold as they are."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    there = {stored["Key"]: stored["ETag"].strip('"') for page in pages for stored in page.get("Contents", [])}
    with ThreadPoolExecutor() as pool:
        # What is not there at all needs no reading.
        known = [key for key in files if key in there]
        same = {
            key
            for key, tag in zip(known, pool.map(lambda key: etag(files[key]), known), strict=True)
            if tag == there[key]
        }
    return {key: path for key, path in files.items() if key not in same}


def send(files: dict[str, Path], bucket: str, s3: Any, progress: Callable[[int], None]) -> None:
    """Sends the files; progress gets the bytes of each step. What is under way when one fails is not begun anew."""
    with ThreadPoolExecutor(THREADS) as pool:
        transfers = [
            pool.submit(s3.upload_file, str(path), bucket, key, Config=TRANSFER, Callback=progress)
            for key, path in files.items()
        ]
        try:
            done, _ = wait(transfers, return_when=FIRST_EXCEPTION)
            for transfer in done:
                transfer.result()
        finally:
            # An interruption, or a failure, leaves those that have not begun for the next run.
            pool.shutdown(wait=True, cancel_futures=True)
