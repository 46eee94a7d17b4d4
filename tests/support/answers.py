"""An endpoint's answers about faces."""

from collections.abc import Sequence
from typing import Any

from mien.errors import TryAgain
from mien.logic.payloads import face_id
from mien.logic.pictures import FACE_SIZE, Face
from mien.logic.results import Answer
from tests.support.labels import LABELS
from tests.support.sagemaker_runtime import EVEN


def flat_face(level: int) -> Face:
    """A face of one gray. level: from 0, black, to 255."""
    return Face(bytes([level]) * FACE_SIZE**2, FACE_SIZE, "L")


def answer(faces: list[Face], labels: Sequence[str] = LABELS) -> dict[str, Any]:
    """What our container answers about faces."""
    return {"labels": labels, "faces": [{"face": face_id(face), "probabilities": EVEN} for face in faces]}


def classified(answers: list[Answer | Exception]) -> list[Answer]:
    """The answers about faces, all of which were classified."""
    assert all(isinstance(answer, tuple) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, tuple)]


def probabilities(answers: list[Answer | Exception]) -> list[Sequence[float]]:
    """The probabilities of faces, all of which were classified."""
    return [answer[0] for answer in classified(answers)]


def variants(answers: list[Answer | Exception]) -> list[str]:
    """The endpoint's variants that classified faces."""
    return [answer[1].variant for answer in answers if isinstance(answer, tuple)]


def reasons(answers: list[Answer | Exception], kind: type[Exception] = TryAgain) -> list[str]:
    """The texts of the errors of faces, none of which was classified."""
    assert all(isinstance(answer, kind) for answer in answers), answers
    return [str(answer) for answer in answers]
