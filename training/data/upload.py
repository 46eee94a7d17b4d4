"""Sends a folder of prepared data to S3: many transfers at once, and only files that changed.

A file is compared with its S3 object by ETag, which S3 derives from the content. A second run therefore costs one
listing and one read of the files, and a run after an interruption continues. If the bucket is encrypted with KMS keys,
an ETag is not derived from the content, and every file is sent again.
Source: Amazon S3 User Guide, "Checking object integrity", ETags of multipart uploads.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from boto3.s3.transfer import TransferConfig

from training.data.staging import PASSES, REPLACED, UNFINISHED

THREADS = 16
PART_BYTES = 64 * 1024 * 1024
# A file of up to PART_BYTES is sent in one piece, and a larger one in parts of this size. `etag` depends on it.
TRANSFER = TransferConfig(multipart_threshold=PART_BYTES + 1, multipart_chunksize=PART_BYTES, max_concurrency=4)


def etag(path: Path) -> str:
    """The ETag, without quotes, that S3 gives this file if it is uploaded with TRANSFER."""
    with path.open("rb") as file:
        parts = [hashlib.md5(part, usedforsecurity=False) for part in iter(lambda: file.read(PART_BYTES), b"")]
    if not parts:
        return hashlib.md5(b"", usedforsecurity=False).hexdigest()
    if len(parts) == 1:
        return parts[0].hexdigest()
    whole = hashlib.md5(b"".join(part.digest() for part in parts), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(parts)}"


def files_by_key(folder: Path, prefix: str) -> dict[str, Path]:
    """All files in the folder and its subfolders, by the key of the object that each one becomes.

    The folders of a `prepare` that is running, or was killed, are left out: their files are incomplete. So is what
    `soft-labels` keeps of each teacher.
    """
    paths = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    left_out = (REPLACED, UNFINISHED, PASSES)
    return {prefix + name.as_posix(): path for name, path in paths.items() if name.parts[0] not in left_out}


def pop_unsendable(files: dict[str, Path]) -> list[str]:
    """Removes the files whose key is not UTF-8, which S3 does not accept.

    Returns their paths as text that can be printed: each byte that is not UTF-8 is written as `\\xNN`.
    """
    # Python represents each byte of a file name that is not UTF-8 by a surrogate, which can't be encoded.
    unsendable = [key for key in files if key.encode(errors="replace").decode() != key]
    return [os.fsencode(files.pop(key)).decode(errors="backslashreplace") for key in unsendable]


def changed_files(files: dict[str, Path], bucket: str, prefix: str, s3: Any) -> dict[str, Path]:
    """Selects the files, by key, that the bucket lacks or holds with other content.

    prefix: of all keys, limits the listing.
    s3: a boto3 client. Raises its errors, for instance if the bucket does not exist.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    etags = {stored["Key"]: stored["ETag"].strip('"') for page in pages for stored in page.get("Contents", [])}
    # Files whose key is new are sent without being read here.
    existing = [key for key in files if key in etags]
    with ThreadPoolExecutor() as pool:
        local_etags = dict(zip(existing, pool.map(lambda key: etag(files[key]), existing), strict=True))
    return {key: path for key, path in files.items() if key not in local_etags or local_etags[key] != etags[key]}


def send_files(files: dict[str, Path], bucket: str, s3: Any, progress: Callable[[int], None]) -> None:
    """Sends files, by key, with THREADS transfers at once.

    progress: is called with the count of bytes that were sent since the last call, from several threads.

    Raises the first transfer's error. Transfers that have not started by then are cancelled; the next run sends them.
    """
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
            # Also after Ctrl-C.
            pool.shutdown(wait=True, cancel_futures=True)
