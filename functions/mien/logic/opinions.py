"""What a reviewer says about a face: the body and the query of a request → typed values."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from mien.errors import InvalidRequest
from mien.logic.labels import RULE, is_label
from mien.logic.pictures import MAX_FACES
from mien.logic.queries import malformed
from mien.logic.requests import JSON, media_type, parse_json, read_body

# right: the face is what the result says. label: it shows another expression, or it has no label and shows one.
# not_a_face: the detector was wrong. unsure: the reviewer can't tell.
VERDICTS = ("right", "label", "not_a_face", "unsure")
# The number that stands for an image in which no face was found. Faces are numbered from 1.
NO_FACE = 0
# Characters.
MAX_REVIEWER = 64
MAX_NOTE = 500
FIELDS = ("face", "reviewer", "verdict", "label", "note")
# Invisible characters that names in Persian and in scripts of India have between visible ones.
JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Opinion:
    """What a reviewer sent.

    face: number of the face in the result, from 1, or NO_FACE.
    reviewer: name of the person, as `read_reviewer` returns it.
    verdict: one of VERDICTS.
    label: what the face shows, with the verdict `label`; otherwise None.
    note: None if there is none.
    """

    face: int
    reviewer: str
    verdict: str
    label: str | None = None
    note: str | None = None


def parse_opinion(body: Any, content_type: str, encoded_by_gateway: bool = False) -> Opinion:
    """Returns the opinion in the body of a request.

    body, encoded_by_gateway: as for `requests.parse_images`.

    Raises InvalidRequest.
    """
    if media_type(content_type) != JSON:
        raise InvalidRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_type",
            "This Content-Type is not supported. Send application/json.",
            {"Accept": JSON},
        )
    fields = parse_json(read_body(body, encoded_by_gateway).decode(errors="replace"))
    if not isinstance(fields, dict):
        raise malformed('The body must be JSON of the form {"face": 1, "reviewer": "Ann", "verdict": "right"}.')
    if unknown := fields.keys() - set(FIELDS):
        raise malformed(f"The body has {len(unknown)} unknown fields. A review has only {', '.join(FIELDS)}.")
    return read_opinion(fields)


def read_opinion(fields: Mapping[str, Any]) -> Opinion:
    """Returns the opinion in the fields of a request or of a stored review. Raises InvalidRequest."""
    verdict, label = fields.get("verdict"), fields.get("label")
    if verdict not in VERDICTS:
        raise malformed(f"Unknown verdict. Use one of {', '.join(VERDICTS)}.")
    if verdict == "label" and not is_label(label):
        raise malformed(f"With the verdict label, send the right label: {RULE}.")
    if verdict != "label" and "label" in fields:
        raise malformed("Send a label only with the verdict label.")
    face = read_face_number(fields.get("face"))
    if face == NO_FACE and verdict == "not_a_face":
        raise malformed("Face 0 is an image without a face. If there really is none, send the verdict right.")
    return Opinion(face, read_reviewer(fields.get("reviewer")), verdict, label, read_note(fields))


def parse_place(parameters: Mapping[str, str]) -> tuple[int, str]:
    """Returns the number of a face, and a reviewer, from the query of a request. Raises InvalidRequest."""
    face = parameters.get("face", "")
    number = int(face) if face.isascii() and face.isdecimal() and len(face) <= len(str(MAX_FACES)) else None
    return read_face_number(number), read_reviewer(parameters.get("reviewer"))


def read_face_number(face: Any) -> int:
    if type(face) is int and 0 <= face <= MAX_FACES:
        return face
    raise malformed(
        f"The value of face must be a number of a face in the result, from 1 to {MAX_FACES}. It is 0 for an image in "
        "which no face was found."
    )


def read_reviewer(name: Any) -> str:
    """Returns a reviewer's name without spaces around it, in Unicode's composed form (NFC). Raises InvalidRequest.

    So the same name, typed on two keyboards, is the same reviewer.
    """
    if isinstance(name, str):
        reviewer = unicodedata.normalize("NFC", name.strip())
        visible = "".join(character for character in reviewer if character not in JOINERS)
        if visible.strip() and visible.isprintable() and len(reviewer) <= MAX_REVIEWER:
            return reviewer
    raise malformed(f"The value of reviewer must be a name of 1 to {MAX_REVIEWER} visible characters.")


def read_note(fields: Mapping[str, Any]) -> str | None:
    """Returns the note without spaces around it, or None if nothing is left. Raises InvalidRequest."""
    note = fields.get("note", "")
    if isinstance(note, str) and len(note) <= MAX_NOTE and is_unicode(note):
        return note.strip() or None
    raise malformed(f"The value of note must be a text of at most {MAX_NOTE} characters.")


def is_unicode(text: str) -> bool:
    """Returns whether a text can be written as UTF-8. JSON can contain lone surrogates, which can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
