"""The files of the demo: a row per face in results.csv, a document per line in results.jsonl."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.cloud import CloudError
from local.demo import ClassifiedFolder
from local.saved import save_results

LABELLED = {"box": [10, 20, 70, 100], "score": 0.91, "label": "happy", "confidence": 0.93}
SMALL = {"box": [1, 2, 15, 20], "score": 0.7, "reason": "too_small"}
WHOLE = {"box": [0, 0, 48, 48], "label": "sad", "confidence": 0.5}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "trip/Zoë, 1.jpg": {"status": "classified", "label": "happy", "faces": [LABELLED, SMALL], "faces_found": 2},
    "face.png": {"status": "classified", "label": "sad", "faces": [WHOLE], "faces_found": 1},
    "far.jpg": {"status": "too_small", "faces": [SMALL], "faces_found": 1},
    "hill.jpg": {"status": "no_face", "faces": [], "faces_found": 0},
    "notes.txt": {"status": "rejected", "reason": "not_an_image", "detail": "The file is not an image."},
}


def save(folder: Path) -> tuple[Path, Path]:
    return save_results(ClassifiedFolder(DOCUMENTS, missing=[], skipped={}, seconds=1.0), folder)


def test_the_table_has_a_row_for_each_face_and_one_for_each_image_without_faces(tmp_path: Path) -> None:
    _, table = save(tmp_path / "new")
    assert table.read_text(encoding="utf-8").splitlines() == [
        "image,status,face,label,confidence,score,left,top,right,bottom,reason",
        '"trip/Zoë, 1.jpg",classified,1,happy,0.93,0.91,10,20,70,100,',
        '"trip/Zoë, 1.jpg",classified,2,,,0.7,1,2,15,20,too_small',
        "face.png,classified,1,sad,0.5,,0,0,48,48,",
        "far.jpg,too_small,1,,,0.7,1,2,15,20,too_small",
        "hill.jpg,no_face,,,,,,,,,no_face",
        "notes.txt,rejected,,,,,,,,,not_an_image",
    ]


def test_each_line_is_the_document_of_one_image(tmp_path: Path) -> None:
    jsonl, _ = save(tmp_path)
    assert [json.loads(line) for line in jsonl.read_text(encoding="utf-8").splitlines()] == list(DOCUMENTS.values())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CloudError, match=r"can't be written to .*file: Not a directory|file: File exists"):
        save(tmp_path / "file")
