"""Classifies a folder of images through the inbox of a running cloud, and reports the labels."""

import contextlib
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli import literal
from local.cloud import Cloud, CloudError
from local.files import Selection, printable, select_files
from local.template import load_template

UPLOAD_THREADS = 16
# Seconds between two listings of the documents.
POLL_SECONDS = 0.2
# Seconds without a new document before the demo gives up. A message that failed once is invisible for the queue's
# visibility timeout, and is then received a second time.
PATIENCE = 1.2 * load_template()["Mappings"]["Seconds"]["Inbox"]["Visibility"]
# Longer tables would scroll the summary off the screen.
MAX_TABLE_ROWS = 40
# Characters of the bar that shows a confidence of 1.
BAR_LENGTH = 20

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
    document_prefixes = (cloud.prefix("Results"), cloud.prefix("Rejected"))
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
            listed = [key for prefix in document_prefixes for key in list_keys(s3, cloud.bucket, prefix)]
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


def expected_label(name: str, document: Document) -> str | None:
    """The name of the image's folder if it is one of the model's labels, otherwise None."""
    folder = Path(name).parent.name.lower()
    return folder if folder in document.get("probabilities", {}) else None


def print_report(classified: ClassifiedFolder, console: Console) -> None:
    """Prints the labels, the accuracy if the folders are named after labels, the speed, and the missing images."""
    documents = classified.documents
    expected = {
        name: label for name, document in documents.items() if (label := expected_label(name, document)) is not None
    }
    console.print(label_table(documents, expected))
    if len(documents) > MAX_TABLE_ROWS:
        console.print(f"and {len(documents) - MAX_TABLE_ROWS:,} more")
    labels = Counter(document.get("label", "rejected") for document in documents.values())
    console.print(", ".join(f"{count:,} {label}" for label, count in labels.most_common()))
    if expected:
        right = sum(documents[name]["label"] == label for name, label in expected.items())
        console.print(
            f"accuracy {right / len(expected):.4f}: {right:,} of {len(expected):,} labels are the name of their folder"
        )
    count = len(documents)
    rate = count / max(classified.seconds, 1e-9)
    console.print(f"{rate:.0f} images per second: {count:,} in {classified.seconds:.1f} s, including cold starts")
    for name in classified.missing:
        console.print(literal(f"neither result nor rejection: {name}", style="bold red"))
    for path, reason in classified.skipped.items():
        console.print(literal(f"not uploaded: {path}: {reason}", style="bold red"), soft_wrap=True)


def label_table(documents: dict[str, Document], expected: dict[str, str]) -> Table:
    """The first MAX_TABLE_ROWS documents: rejections are red, labels other than the expected one are yellow."""
    table = Table("image", "label", "confidence")
    for name, document in list(documents.items())[:MAX_TABLE_ROWS]:
        if document["status"] == "rejected":
            table.add_row(literal(name), "rejected", literal(document["detail"]), style="red")
        else:
            wrong = name in expected and expected[name] != document["label"]
            bar = "█" * round(document["confidence"] * BAR_LENGTH)
            confidence = f"{document['confidence']:.2f} {bar}"
            table.add_row(literal(name), document["label"], confidence, style="yellow" if wrong else None)
    return table


def save_results(classified: ClassifiedFolder, folder: Path) -> tuple[Path, Path]:
    """Writes the documents as results.jsonl, and their labels as results.csv. Returns both paths.

    Without these files, the results would be lost when the cloud stops.

    Raises CloudError if they can't be written.
    """
    jsonl, table = folder / "results.jsonl", folder / "results.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_results(classified, jsonl, table)
    except OSError as error:
        raise CloudError(f"the results can't be written to {printable(folder)}: {error.strerror}") from error
    return jsonl, table


def write_results(classified: ClassifiedFolder, jsonl: Path, table: Path) -> None:
    with jsonl.open("w", encoding="utf-8") as file:
        for document in classified.documents.values():
            file.write(json.dumps(document, sort_keys=True, ensure_ascii=False) + "\n")
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["image", "label", "confidence", "rejected"])
        for name, document in classified.documents.items():
            label, confidence = document.get("label", ""), document.get("confidence", "")
            rows.writerow([name, label, confidence, document.get("reason", "")])
