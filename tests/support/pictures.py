"""Pictures, answers and documents as the functions make them, for tests that need no image file and no model."""

from typing import Any

from mien.logic.orientation import Box
from mien.logic.pictures import GRAY_48, Picture, PictureFace, gray_face
from mien.logic.results import Answer, Model, Reading, classified, image_fields
from mien.logic.uploads import Upload
from mien.settings import Settings
from tests.support.labels import LABELS
from tests.support.sagemaker_runtime import EVEN

SETTINGS = Settings("faces", "batch", LABELS, "model", "documents", "inbox/", "results/", "rejected/", "reviews/")
MODEL = Model("faces", "AllTraffic", "1", LABELS)
READING = Reading("5-gray-48", "0123456789ab")
WHOLE: Box = (0, 0, 48, 48)


def found(box: Box = WHOLE, score: float | None = None, is_large: bool = True, turn: int = 0) -> PictureFace:
    """A face whose crop begins where its box does, and is as high."""
    left, top, _, bottom = box
    crop = (left, top, left + bottom - top, bottom)
    return PictureFace(box, score, gray_face(GRAY_48) if is_large else None, crop, turn)


def picture(*faces: PictureFace, width: int = 48, height: int = 48) -> Picture:
    return Picture(width, height, len(faces), faces)


def answers(count: int, probabilities: list[float] = EVEN) -> list[Answer]:
    return [(probabilities, MODEL)] * count


def document(upload: Upload, *faces: PictureFace) -> dict[str, Any]:
    """The document of an upload with these faces; without any, of an image that is a face."""
    read = picture(*(faces or (found(),)))
    labelled = sum(face.face is not None for face in read.faces)
    return classified(read, answers(labelled), image_fields(upload, read), "faces", READING)
