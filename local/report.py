"""What the demo prints: a row per face, and what the whole folder came to."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cli import literal
from local.demo import ClassifiedFolder, Document

# Longer tables would scroll the summary off the screen. The samples need 43 rows.
MAX_TABLE_ROWS = 50
# Characters of the bar that shows a confidence of 1.
BAR_LENGTH = 20
# Styles of rows: a rejected image, a label that is not the folder's name, an image or a face that gets no label.
REJECTED, WRONG, UNLABELLED = "red", "yellow", "cyan"

# Image, face, label, confidence, and the style.
Row = tuple[str, str, str, str, str | None]


def print_report(classified: ClassifiedFolder, console: Console) -> None:
    """Prints a row per face, the counts, the accuracy if folders are named after labels, and what has no document."""
    documents = classified.documents
    expected = expected_labels(documents)
    rows = [list(face_rows(name, document, expected.get(name))) for name, document in documents.items()]
    shown = select_rows(rows)
    console.print(label_table(shown))
    if left_out := sum(map(len, rows)) - len(shown):
        console.print(f"and {count(left_out, 'more row')}: smaller faces, or other images")
    for line in (*count_lines(list(documents.values())), *accuracy_lines(documents, expected)):
        console.print(line)
    rate = len(documents) / max(classified.seconds, 1e-9)
    console.print(
        f"{rate:.1f} images per second: {len(documents):,} in {classified.seconds:.1f} s, including cold starts"
    )
    for name in classified.missing:
        console.print(literal(f"neither result nor rejection: {name}", style="bold red"))
    for path, reason in classified.skipped.items():
        console.print(literal(f"not uploaded: {path}: {reason}", style="bold red"), soft_wrap=True)


def expected_labels(documents: dict[str, Document]) -> dict[str, str]:
    """The label that each image should have: the name of its folder, if that is a label of the model.

    Small and capital letters are the same. Rejected images are left out. The labels of the model are known from the
    documents of labelled faces.
    """
    labels = {label.casefold(): label for document in documents.values() for label in document.get("probabilities", {})}
    folders = {name: labels.get(Path(name).parent.name.casefold()) for name in documents}
    return {
        name: label for name, label in folders.items() if label is not None and documents[name]["status"] != "rejected"
    }


def face_rows(name: str, document: Document, expected: str | None) -> Iterator[Row]:
    """The rows of an image: one for each face, or one that says why there is none."""
    if document["status"] == "rejected":
        yield name, "", "rejected", document["detail"], REJECTED
    elif document["status"] == "no_face":
        yield name, "", "no face", "", UNLABELLED
    else:
        is_wrong = expected is not None and expected != document.get("label")
        for number, face in enumerate(document["faces"], start=1):
            position = f"{number}/{document['faces_found']}"
            if "label" in face:
                bar = "█" * round(face["confidence"] * BAR_LENGTH)
                yield name, position, face["label"], f"{face['confidence']:.2f} {bar}", WRONG if is_wrong else None
                # The first label is the image's. The accuracy does not depend on the others.
                is_wrong = False
            else:
                left, top, right, bottom = face["box"]
                yield name, position, face["reason"].replace("_", " "), f"{right - left}×{bottom - top} px", UNLABELLED


def select_rows(images: list[list[Row]]) -> list[Row]:
    """The rows that the table has room for: as many for each image, so that a crowd leaves room for other images.

    images: the rows of each image, the largest face first.
    """
    most = 1
    while most < MAX_TABLE_ROWS and sum(min(len(rows), most + 1) for rows in images) <= MAX_TABLE_ROWS:
        most += 1
    return [row for rows in images for row in rows[:most]][:MAX_TABLE_ROWS]


def label_table(rows: list[Row]) -> Table:
    table = Table("image", "face", "label", "confidence")
    for name, position, label, confidence, style in rows:
        table.add_row(literal(name), position, label, literal(confidence), style=style)
    return table


def count_lines(documents: list[Document]) -> Iterator[str]:
    """How many faces have which label, and how many images have no face or were rejected."""
    with_faces = [document for document in documents if document.get("faces")]
    found = sum(document["faces_found"] for document in with_faces)
    listed = [face for document in with_faces for face in document["faces"]]
    labels = Counter(face["label"] for face in listed if "label" in face)
    reasons = Counter(face["reason"].replace("_", " ") for face in listed if "reason" in face)
    statuses = Counter(document["status"] for document in documents)
    parts = []
    if with_faces:
        counts = ", ".join(f"{number:,} {word}" for word, number in labels.most_common() + reasons.most_common())
        # A model that takes images whole has looked for no faces, and no face has a score.
        is_whole = not any("score" in face for face in listed)
        faces = "" if is_whole else f"{count(found, 'face')} in "
        parts.append(f"{faces}{count(len(with_faces), 'image')}: {counts}")
    if statuses["no_face"]:
        parts.append(f"{count(statuses['no_face'], 'image')} without a face")
    if statuses["rejected"]:
        parts.append(f"{statuses['rejected']:,} rejected")
    if parts:
        yield "; ".join(parts)
    if found > len(listed):
        most = max(len(document["faces"]) for document in with_faces)
        yield f"{count(found - len(listed), 'face')} not listed: only the {most} largest of an image are"


def accuracy_lines(documents: dict[str, Document], expected: dict[str, str]) -> Iterator[str]:
    """How many images have the label that their folder is named after. An image without a label is not right."""
    if expected:
        labels = [documents[name].get("label") for name in expected]
        right = sum(label == folder for label, folder in zip(labels, expected.values(), strict=True))
        unlabelled = f"; {labels.count(None):,} have no label" if None in labels else ""
        share = f"{right:,} of {count(len(expected), 'image')}"
        yield f"accuracy {right / len(expected):.4f}: {share} have the name of their folder as label{unlabelled}"


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
