"""Classifies a folder of images through the inbox of a running cloud."""

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

from local.cloud import Cloud
from local.files import Selection, select_files
from local.template import load_template

UPLOAD_THREADS = 16
# Seconds between two listings of the documents.
POLL_SECONDS = 0.2
# Seconds without a new document before the demo gives up. A message that failed once is invisible for the queue's
# visibility timeout, and is then received a second time.
PATIENCE = 1.2 * load_template()["Mappings"]["Seconds"]["Inbox"]["Visibility"]

# A document as it is stored: docs/api.md describes it.
Document = dict[str, Any]


@dataclass(frozen=True)
class ClassifiedFolder:
    """The documents of a folder's images.

    documents: result or rejection documents, by the image's path relative to the folder.
    missing: paths of the images that have neither a result nor a rejection.
    skipped: why files and folders were not uploaded, by path.
    seconds: from the first upload to the last document.
    """

    documents: dict[str, Document]
    missing: list[str]
    skipped: dict[str, str]
    seconds: float


def progress_columns() -> tuple[ProgressColumn, ...]:
    """Columns of a progress bar that counts images. Its task needs a field `rate`, in images per second."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} images/s"),
        TimeElapsedColumn(),
    )


def classify_folder(cloud: Cloud, folder: Path, console: Console, patience: float) -> ClassifiedFolder:
    """Uploads the files of a folder, or one file, waits for their documents, and shows a progress bar meanwhile.

    patience: seconds without a new document before it gives up on the images that are missing.

    Raises CloudError if the cloud ends meanwhile.
    """
    # Few attempts: the cloud is on this machine, and if it has ended, this is reported at once.
    s3 = cloud.client("s3", max_pool_connections=UPLOAD_THREADS, retries={"total_max_attempts": 2})
    inbox = cloud.prefix("Inbox")
    results = cloud.prefix("Results")
    selection = select_files(folder)
    files = selection.files
    began = time.monotonic()
    with Progress(*progress_columns(), console=console) as progress, cancelling_pool() as pool:
        task = progress.add_task("classifying", total=len(files), rate=0)
        uploads = {
            name: pool.submit(s3.upload_file, str(path), cloud.bucket, inbox + name) for name, path in files.items()
        }
        keys: list[str] = []
        changed = began
        while len(keys) < len(files) and time.monotonic() - changed < patience:
            time.sleep(POLL_SECONDS)
            cloud.require_running()
            listed = list(list_keys(s3, cloud.bucket, results))
            now = time.monotonic()
            if len(listed) > len(keys):
                changed = now
            keys = listed
            skip_failed_uploads(uploads, selection)
            progress.update(task, total=len(files), completed=len(keys), rate=len(keys) / (now - began))
        seconds = changed - began
        documents = {}
        for body in pool.map(lambda key: s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read(), keys):
            document = json.loads(body)
            documents[document["image"]["key"].removeprefix(inbox)] = document
    missing = [name for name in files if name not in documents]
    return ClassifiedFolder(dict(sorted(documents.items())), missing, selection.skipped, seconds)


@contextlib.contextmanager
def cancelling_pool() -> Iterator[ThreadPoolExecutor]:
    """A pool of threads. If the block fails, uploads that have not started are cancelled."""
    with ThreadPoolExecutor(UPLOAD_THREADS) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def skip_failed_uploads(uploads: dict[str, Future[None]], selection: Selection) -> None:
    """Moves files that could not be uploaded from `selection.files` to `selection.skipped`, and drops ended uploads."""
    for name in [name for name, upload in uploads.items() if upload.done()]:
        match uploads.pop(name).exception():
            case OSError(strerror=str(reason)):
                selection.skip(selection.files.pop(name), f"it can't be read: {reason}")
            case (S3UploadFailedError() | BotoCoreError()) as error:
                selection.skip(selection.files.pop(name), str(error))
            case BaseException() as error:
                raise error


def list_keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """The keys of all objects below a prefix."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (listed["Key"] for listed in page.get("Contents", []))
