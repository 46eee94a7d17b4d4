"""Writes the reviewed faces as class folders of PNG files, with the pixels that the model saw."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mien.errors import Rejected
from mien.logic.documents import faces_of
from mien.logic.labels import is_label
from mien.logic.pictures import Face, ModelInput, encode_png
from mien.logic.recuts import cut_again
from mien.logic.results import Result
from operate.reviewed import Reviewed
from operate.statistics import ReviewedFace

# A document's `model.preprocessing` ends in the color and the size that the model saw. The largest size is that of
# schemas/model.schema.json.
MODEL_INPUT = re.compile(r"\d+-(gray|rgb)-(\d{2,4})")
LARGEST = 1024
# What earlier versions wrote there, without the number before it.
EARLIER_INPUTS = {"batch": ModelInput(48, "L"), "image": ModelInput(224, "RGB")}


@dataclass
class Written:
    """What is in the folder, and what is not.

    faces: number of files.
    without_label: number of reviewed faces without a label as their answer, or too small to be cut out.
    missing: object keys of images that are gone or have changed, so their faces are not written.
    unknown_input: object keys of images whose document does not say what the model saw.
    """

    faces: int = 0
    without_label: int = 0
    missing: list[str] = field(default_factory=list)
    unknown_input: list[str] = field(default_factory=list)


def write_faces(
    s3: Any, bucket: str, reviewed: Reviewed, labels: list[str], folder: Path, on_image: Callable[[], None]
) -> Written:
    """Writes each reviewed face whose answer is a label as FOLDER/LABEL/NUMBER.png, as `training prepare` reads it.

    labels: of the models that labelled the images.
    on_image: is called once per image.

    Raises OSError if a file can't be written.
    """
    written = Written()
    # Documents are objects that others may have written, and a label becomes the name of a folder.
    known = {label for label in labels if is_label(label)}
    images: dict[str, list[ReviewedFace]] = {}
    for face in reviewed.faces:
        images.setdefault(face.image, []).append(face)
    for image, faces in images.items():
        result = reviewed.results[image]
        chosen = [face for face in faces if face.answer in known and is_cut(face, result)]
        written.without_label += len(faces) - len(chosen)
        target = input_of(result)
        pixels = cut(s3, bucket, result, target) if chosen and target else []
        if chosen and not target:
            written.unknown_input.append(image)
        elif pixels is None:
            written.missing.append(image)
        else:
            for face in chosen:
                seen = pixels[face.number - 1]
                assert seen
                written.faces += 1
                path = folder / face.answer / f"{written.faces:05}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(encode_png(seen))
        on_image()
    return written


def input_of(result: Result) -> ModelInput | None:
    """Returns size and color of what the model saw; None if the document does not say it."""
    text = str(result["model"].get("preprocessing", ""))
    if found := MODEL_INPUT.fullmatch(text):
        size = int(found[2])
        return ModelInput(size, "L" if found[1] == "gray" else "RGB") if size <= LARGEST else None
    return EARLIER_INPUTS.get(text.rpartition("-")[2])


def is_cut(face: ReviewedFace, result: Result) -> bool:
    """Returns whether the model saw the face. It sees no face that is too small."""
    return face.number > 0 and "label" in faces_of(result)[face.number - 1]


def cut(s3: Any, bucket: str, result: Result, target: ModelInput) -> list[Face | None] | None:
    """Returns the pixels of each face of a result; None if the image is no longer the one that was labelled."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=result["image"]["key"])
    except s3.exceptions.NoSuchKey:
        return None
    if answer["ETag"].strip('"') != result["image"]["etag"]:
        return None
    try:
        return cut_again(answer["Body"].read(), faces_of(result), target)
    except Rejected:
        return None
