"""The report of the demo: a row per face, the counts and the accuracy."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from local.demo import ClassifiedFolder
from local.report import MAX_TABLE_ROWS, print_report
from tests.support.labels import LABELS

REJECTION = {"status": "rejected", "reason": "not_an_image", "detail": "The file is not an image."}
NO_FACE = {"status": "no_face", "faces": [], "faces_found": 0}


def face(label: str, confidence: float = 0.8) -> dict[str, Any]:
    probabilities = dict.fromkeys(LABELS, 0.0) | {label: confidence}
    box = [0, 0, 60, 80]
    return {"box": box, "score": 0.9, "label": label, "confidence": confidence, "probabilities": probabilities}


def small(width: int = 14, height: int = 18) -> dict[str, Any]:
    return {"box": [5, 5, 5 + width, 5 + height], "score": 0.7, "reason": "too_small"}


def document(*faces: dict[str, Any], found: int = 0) -> dict[str, Any]:
    labelled = [face for face in faces if "label" in face]
    first = {name: labelled[0][name] for name in ("label", "confidence", "probabilities")} if labelled else {}
    status = "classified" if labelled else "too_small"
    return {"status": status, **first, "faces": list(faces), "faces_found": found or len(faces)}


def report(documents: dict[str, dict[str, Any]], width: int = 80, color: bool = False) -> str:
    output = io.StringIO()
    console = Console(
        file=output, width=width, force_terminal=color, color_system="standard" if color else None, legacy_windows=False
    )
    print_report(ClassifiedFolder(documents, missing=[], skipped={}, seconds=2.0), console)
    return output.getvalue()


def rows(shown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]


@pytest.mark.parametrize("width", [80, 120])
def test_each_face_has_a_row_with_its_number_its_label_and_its_confidence(width: int) -> None:
    trip = document(face("happy", 0.93), face("sad", 0.5), small())
    shown = report({"trip/group.jpg": trip, "face.png": document(face("neutral", 1.0))}, width)
    assert rows(shown) == [
        ["trip/group.jpg", "1/3", "happy", "0.93 " + 19 * "█"],
        ["trip/group.jpg", "2/3", "sad", "0.50 " + 10 * "█"],
        ["trip/group.jpg", "3/3", "too small", "14×18 px"],
        ["face.png", "1/1", "neutral", "1.00 " + 20 * "█"],
    ]
    assert max(map(len, shown.splitlines())) <= width


def test_an_image_without_a_face_has_a_row_that_says_so_and_a_rejected_one_says_why() -> None:
    assert rows(report({"landscape.jpg": NO_FACE, "notes.txt": REJECTION})) == [
        ["landscape.jpg", "", "no face", ""],
        ["notes.txt", "", "rejected", "The file is not an image."],
    ]


def test_rejected_wrong_and_unlabelled_rows_have_three_colors_and_others_have_none() -> None:
    documents = {
        "happy/1.png": document(face("sad"), face("angry")),
        "happy/2.png": document(face("happy")),
        "group.jpg": document(face("fear"), small()),
        "landscape.jpg": NO_FACE,
        "notes.txt": REJECTION,
    }
    shown = report(documents, color=True)
    colors = {
        word: re.findall(r"\x1b\[(\d+)m *\S", line)[:1]
        for line in shown.splitlines()
        for word in ("sad", "angry", "happy ", "fear", "too small", "no face", "rejected")
        if line.startswith("│") and f"{word}" in line.split("│")[3]
    }
    red, yellow, cyan = ["31"], ["33"], ["36"]
    assert colors == {
        "sad": yellow, "angry": [], "happy ": [], "fear": [], "too small": cyan, "no face": cyan, "rejected": red,
    }  # fmt: skip


def test_the_summary_counts_faces_and_images() -> None:
    documents = {
        "a.jpg": document(face("happy"), face("happy"), face("sad"), small()),
        "b.jpg": document(face("happy")),
        "c.jpg": document(small()),
        "d.jpg": NO_FACE,
        "e.jpg": NO_FACE,
        "f.txt": REJECTION,
    }
    shown = " ".join(report(documents, width=120).split())
    assert "6 faces in 3 images: 3 happy, 1 sad, 2 too small; 2 images without a face; 1 rejected" in shown
    assert "3.0 images per second: 6 in 2.0 s" in shown


def test_images_that_were_labelled_whole_are_counted_without_faces() -> None:
    whole = {name: value for name, value in face("happy").items() if name != "score"}
    shown = report({"a.jpg": document(whole), "b.jpg": document(whole), "c.txt": REJECTION})
    assert "\n2 images: 2 happy; 1 rejected\n" in shown


@pytest.mark.parametrize("folder", ["Happy", "happy", "HAPPY"])
def test_a_folder_is_named_after_a_label_in_small_or_capital_letters(folder: str) -> None:
    happy = face("Happy") | {"probabilities": {"Happy": 0.8, "Sad": 0.2}}
    sad = face("Sad") | {"probabilities": {"Happy": 0.2, "Sad": 0.8}}
    shown = report({f"{folder}/a.jpg": document(happy), f"{folder}/b.jpg": document(sad)})
    assert "accuracy 0.5000: 1 of 2 images" in shown


def test_one_of_a_kind_is_in_the_singular() -> None:
    assert "1 face in 1 image: 1 happy; 1 image without a face" in report(
        {"a.jpg": document(face("happy")), "b.jpg": NO_FACE}
    )


def test_a_folder_without_faces_is_counted_too() -> None:
    assert "\n2 images without a face\n" in report({"a.jpg": NO_FACE, "b.jpg": NO_FACE})
    assert "\n1 rejected\n" in report({"a.txt": REJECTION})


def test_faces_that_are_found_but_not_listed_are_counted() -> None:
    crowd = document(*[face("happy")] * 100, found=137)
    shown = report({"crowd.jpg": crowd})
    assert "137 faces in 1 image: 100 happy" in shown
    assert "37 faces not listed: only the 100 largest of an image are" in shown


def test_a_long_table_ends_and_says_how_many_rows_are_missing() -> None:
    shown = report({f"{number}.jpg": document(face("happy"), face("sad")) for number in range(60)})
    assert [row[:2] for row in rows(shown)] == [[f"{number}.jpg", "1/2"] for number in range(MAX_TABLE_ROWS)]
    assert f"and {120 - MAX_TABLE_ROWS} more rows: smaller faces, or other images" in shown
    assert "more row" not in report({f"{number}.jpg": document(face("happy")) for number in range(MAX_TABLE_ROWS)})


def test_a_crowd_leaves_room_in_the_table_for_the_faces_of_other_images() -> None:
    couple = document(face("happy"), face("sad"))
    shown = report({"crowd.jpg": document(*[face("happy")] * 90), "couple.jpg": couple, "landscape.jpg": NO_FACE})
    names = [row[0] for row in rows(shown)]
    assert names == ["crowd.jpg"] * (MAX_TABLE_ROWS - 3) + ["couple.jpg"] * 2 + ["landscape.jpg"]
    assert f"and {93 - MAX_TABLE_ROWS} more rows" in shown


def test_an_image_counts_for_the_accuracy_with_the_label_of_its_largest_face() -> None:
    documents = {
        "happy/right.jpg": document(face("happy"), face("sad")),
        "Sad/right too.jpg": document(small(), face("sad")),
        "happy/wrong.jpg": document(face("neutral"), face("happy")),
        "trip/elsewhere.jpg": document(face("fear")),
    }
    assert "accuracy 0.6667: 2 of 3 images have the name of their folder as label\n" in report(documents)


def test_an_image_without_a_label_is_not_right_and_a_rejected_one_does_not_count() -> None:
    documents = {
        "happy/right.jpg": document(face("happy")),
        "happy/nobody.jpg": NO_FACE,
        "happy/small.jpg": document(small()),
        "happy/notes.txt": REJECTION,
    }
    shown = " ".join(report(documents).split())
    assert "accuracy 0.3333: 1 of 3 images have the name of their folder as label; 2 have no label" in shown


def test_folders_that_are_not_named_after_labels_give_no_accuracy() -> None:
    assert "accuracy" not in report({"trip/a.jpg": document(face("happy")), "b.jpg": NO_FACE})
