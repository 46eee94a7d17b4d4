"""Keeps the demo's results as files. Without them, they would be lost when the cloud stops."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.cloud import CloudError
from local.demo import ClassifiedFolder, Document
from local.files import printable

# left to bottom: the box in pixels of the upright image. reason: why a face, or the whole image, has no label.
COLUMNS = ("image", "status", "face", "label", "confidence", "score", "left", "top", "right", "bottom", "reason")


def save_results(classified: ClassifiedFolder, folder: Path) -> tuple[Path, Path]:
    """Writes the documents as results.jsonl, and a row per face as results.csv. Returns both paths.

    Raises CloudError if they can't be written.
    """
    jsonl, table = folder / "results.jsonl", folder / "results.csv"
    documents = classified.documents
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with jsonl.open("w", encoding="utf-8") as file:
            for document in documents.values():
                file.write(json.dumps(document, sort_keys=True, ensure_ascii=False) + "\n")
        with table.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            for name, document in documents.items():
                writer.writerows(csv_rows(name, document))
    except OSError as error:
        raise CloudError(f"the results can't be written to {printable(folder)}: {error.strerror}") from error
    return jsonl, table


def csv_rows(name: str, document: Document) -> Iterator[dict[str, Any]]:
    """A row for each face of an image, numbered from 1, the largest first. An image without faces has one row."""
    image = {"image": name, "status": document["status"]}
    for number, face in enumerate(document.get("faces", []), start=1):
        box = dict(zip(("left", "top", "right", "bottom"), face["box"], strict=True))
        fields = {column: face[column] for column in ("label", "confidence", "score", "reason") if column in face}
        yield {**image, "face": number, **fields, **box}
    if not document.get("faces"):
        yield {**image, "reason": document.get("reason", document["status"])}
