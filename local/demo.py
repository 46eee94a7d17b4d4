"""Images into the inbox, a progress bar, the table of labels: the main job, as a user does it."""

import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from local.cloud import Cloud, CloudError
from local.template import ROOT, template

SAMPLES = ROOT / "samples" / "faces"
THREADS = 16
# Seconds: a message that failed once is hidden for as long as the queue says, and then has its second attempt.
PATIENCE = 1.2 * template()["Mappings"]["Seconds"]["Inbox"]["Visibility"]
SHOWN = 40

Document = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """documents: by the image's path below the folder; missing: images that have none. seconds: from the first
    upload to the last document."""

    documents: dict[str, Document]
    missing: list[str]
    seconds: float


def images_of(folder: Path) -> list[Path]:
    """The folder's files, however they are named: what is no image is to be rejected, not overlooked."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return [p for p in files if not any(part.startswith(".") for part in p.relative_to(folder).parts)]


def columns() -> tuple[ProgressColumn, ...]:
    """Of a progress bar over images, whose task has a rate."""
    return (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} images/s"),
        TimeElapsedColumn(),
    )


def run(cloud: Cloud, folder: Path, console: Console, patience: float) -> Run:
    """patience: seconds without a new document, after which to give up."""
    s3, bucket = cloud.client("s3", max_pool_connections=THREADS), cloud.outputs["BucketName"]
    inbox, results, rejected = (prefix(cloud, name) for name in ("Inbox", "Results", "Rejected"))
    names = {p.relative_to(folder).as_posix(): p for p in images_of(folder)}
    began = time.monotonic()
    with Progress(*columns(), console=console) as progress, ThreadPoolExecutor(THREADS) as pool:
        bar = progress.add_task("classifying", total=len(names), rate=0)
        uploads = [pool.submit(s3.upload_file, str(p), bucket, inbox + name) for name, p in names.items()]
        places: dict[str, str] = {}
        changed = began
        while len(places) < len(names) and time.monotonic() - changed < patience:
            time.sleep(0.2)
            found = {key: p for p in (results, rejected) for key in keys(s3, bucket, p)}
            now = time.monotonic()
            if len(found) > len(places):
                changed = now
            places = found
            progress.update(bar, completed=len(places), rate=len(places) / (now - began))
            for upload in uploads:
                if upload.done():
                    try:
                        upload.result()
                    except OSError as error:
                        raise CloudError(f"{error.filename} can't be read: {error.strerror}") from error
        seconds = changed - began
        bodies = pool.map(lambda key: s3.get_object(Bucket=bucket, Key=key)["Body"].read(), places)
        documents = {}
        for body in bodies:
            document = json.loads(body)
            documents[document["image"]["key"].removeprefix(inbox)] = document
    return Run(dict(sorted(documents.items())), [name for name in names if name not in documents], seconds)


def prefix(cloud: Cloud, output: str) -> str:
    return cloud.outputs[output].removeprefix(f"s3://{cloud.outputs['BucketName']}/")


def keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (stored["Key"] for stored in page.get("Contents", []))


def expected_of(name: str, document: Document) -> str | None:
    """The class whose folder an image lay in, if it lay in one that the model knows."""
    folder = Path(name).parent.name.lower()
    return folder if folder in document.get("probabilities", {}) else None


def report(run: Run, console: Console) -> None:
    expected = {name: expected_of(name, document) for name, document in run.documents.items()}
    expected = {name: label for name, label in expected.items() if label}
    table = Table("image", "label", "confidence")
    for name, document in list(run.documents.items())[:SHOWN]:
        if document["status"] == "rejected":
            table.add_row(name, "rejected", document["detail"], style="red")
        else:
            wrong = name in expected and expected[name] != document["label"]
            bar = "█" * round(document["confidence"] * 20)
            table.add_row(
                name, document["label"], f"{document['confidence']:.2f} {bar}", style="yellow" if wrong else None
            )
    console.print(table)
    if len(run.documents) > SHOWN:
        console.print(f"and {len(run.documents) - SHOWN:,} more")
    labels = Counter(d.get("label", "rejected") for d in run.documents.values())
    console.print(", ".join(f"{count:,} {label}" for label, count in labels.most_common()))
    if expected:
        right = sum(run.documents[name]["label"] == label for name, label in expected.items())
        console.print(
            f"accuracy {right / len(expected):.4f}: {right:,} of {len(expected):,} labels are their folder's name"
        )
    count = len(run.documents)
    rate = count / max(run.seconds, 1e-9)
    console.print(f"{rate:.0f} images per second: {count:,} in {run.seconds:.1f} s, cold starts included")
    for name in run.missing:
        console.print(f"neither result nor rejection: {name}", style="bold red", markup=False)


def save(run: Run, folder: Path) -> tuple[Path, Path]:
    """The cloud ends with the demo, so its documents are kept here: as JSON Lines, and as a table of labels."""
    folder.mkdir(parents=True, exist_ok=True)
    lines, table = folder / "results.jsonl", folder / "results.csv"
    with lines.open("w") as file:
        for document in run.documents.values():
            file.write(json.dumps(document, sort_keys=True, ensure_ascii=False) + "\n")
    with table.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["image", "label", "confidence", "rejected"])
        for name, d in run.documents.items():
            rows.writerow([name, d.get("label", ""), d.get("confidence", ""), d.get("reason", "")])
    return lines, table
