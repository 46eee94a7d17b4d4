"""Result documents: their content, their keys, and which of two is newer."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import Rejected
from mien.logic.lines import deleted
from mien.logic.pictures import Picture, PictureFace
from mien.logic.results import (
    LABEL_FIELDS,
    MAX_KEY_BYTES,
    Result,
    classified,
    count_results,
    document_key,
    face_words,
    failed,
    image_fields,
    is_newer,
    rejected,
    serialize,
)
from mien.logic.uploads import Removal, Upload
from tests.support.labels import LABELS
from tests.support.openapi import SCHEMAS, STORED_DOCUMENT, schema_errors
from tests.support.pictures import MODEL, READING, found

UPLOAD = Upload("b", "inbox/ä.png", "v1", "e", 3, "0A")
HAPPY = [0.01, 0.02, 0.03, 0.8, 0.05, 0.04, 0.05]
SAD = [0.01, 0.02, 0.03, 0.05, 0.8, 0.04, 0.05]
LARGE = found((10, 20, 110, 140), 0.914)
SMALL = found((200, 20, 260, 90), 0.8)
TINY = found((0, 0, 9, 11), 0.75, is_large=False)


def described(*faces: PictureFace, probabilities: Sequence[Sequence[float]] = (), faces_found: int = 0) -> Result:
    read = Picture(300, 200, faces_found or len(faces), faces)
    answered = [(one, MODEL) for one in probabilities]
    return classified(read, answered, image_fields(UPLOAD, read), "faces", READING)


def test_each_face_has_its_box_its_score_and_its_label() -> None:
    document = described(LARGE, SMALL, TINY, probabilities=[HAPPY, SAD])
    assert [face["box"] for face in document["faces"]] == [[10, 20, 110, 140], [200, 20, 260, 90], [0, 0, 9, 11]]
    assert [face["score"] for face in document["faces"]] == [0.91, 0.8, 0.75]
    assert [face.get("label", face.get("reason")) for face in document["faces"]] == ["happy", "sad", "too_small"]
    assert [face.get("confidence") for face in document["faces"]] == [0.8, 0.8, None]
    assert [list(face["probabilities"]) for face in document["faces"][:2]] == [list(LABELS)] * 2
    assert (document["image"]["key"], document["image"]["width"], document["image"]["height"]) == (UPLOAD.key, 300, 200)


def test_the_label_of_the_document_is_that_of_its_largest_face() -> None:
    document = described(LARGE, SMALL, probabilities=[HAPPY, SAD])
    assert (document["status"], document["label"], document["confidence"]) == ("classified", "happy", 0.8)
    assert document["probabilities"] == document["faces"][0]["probabilities"]


def test_a_labelled_face_has_the_crop_that_the_model_saw_and_how_it_was_turned() -> None:
    lying = found((200, 20, 260, 90), 0.8, turn=90)
    faces = described(LARGE, lying, TINY, probabilities=[HAPPY, SAD])["faces"]
    assert [face.get("crop") for face in faces] == [[10, 20, 130, 140], [200, 20, 270, 90], None]
    assert [face.get("turn") for face in faces] == [None, 90, None]


def test_an_image_that_was_not_searched_has_one_face_without_a_score() -> None:
    [face] = described(found(), probabilities=[HAPPY])["faces"]
    assert "score" not in face


@pytest.mark.parametrize(("faces", "status"), [((), "no_face"), ((TINY,), "too_small")])
def test_an_image_without_a_face_that_can_be_labelled_says_so_and_has_no_label(
    faces: tuple[PictureFace, ...], status: str
) -> None:
    document = described(*faces)
    assert document["status"] == status
    assert not set(LABEL_FIELDS) & set(document)
    assert document["model"]["endpoint"] == "faces"
    assert (document["faces_found"], len(document["faces"])) == (len(faces), len(faces))


def test_a_document_says_how_many_faces_were_found_even_if_it_lists_fewer() -> None:
    assert described(LARGE, probabilities=[HAPPY], faces_found=137)["faces_found"] == 137


@pytest.mark.parametrize(
    ("document", "schema"),
    [
        (described(LARGE, TINY, probabilities=[HAPPY]), "StoredResult"),
        (described(found(), probabilities=[HAPPY]), "StoredResult"),
        (described(found((0, 0, 50, 50), 0.9, turn=270), probabilities=[HAPPY]), "StoredResult"),
        (described(), "StoredResult"),
        (described(TINY), "StoredResult"),
        (rejected(Rejected("empty", "The file is empty."), image_fields(UPLOAD)), "StoredRejection"),
        (deleted(Removal("bucket", "inbox/a.png", "0B")), "DeletedLine"),
    ],
)
def test_a_document_has_the_published_schema(document: Result, schema: str) -> None:
    assert schema_errors(document, SCHEMAS[schema]) == []
    assert schema_errors(document, STORED_DOCUMENT) == []


def test_the_published_schema_finds_a_document_that_contradicts_itself() -> None:
    document = described(LARGE, probabilities=[HAPPY])
    without_label = {name: value for name, value in document.items() if name != "label"}
    for wrong in (
        without_label,
        document | {"status": "no_face"},
        document | {"faces": []},
        described() | {"label": "sad"},
    ):
        assert schema_errors(wrong, SCHEMAS["StoredResult"])


def test_the_words_of_a_result_are_one_per_face_or_say_that_there_is_none() -> None:
    assert face_words(described(LARGE, SMALL, TINY, probabilities=[SAD, HAPPY])) == ["sad", "happy", "too_small"]
    assert face_words(described()) == ["none"]
    assert face_words(failed("timeout", "There was no time left.")) == ["failed"]


def test_images_are_counted_by_whether_they_have_a_label_and_faces_one_by_one() -> None:
    documents = [described(), described(TINY), described(LARGE, SMALL, TINY, probabilities=[HAPPY, SAD])]
    assert count_results(documents) == {"ImagesClassified": 1, "ImagesWithoutFace": 2, "FacesClassified": 2}


def test_the_same_upload_gives_the_same_bytes() -> None:
    assert len({serialize(described(LARGE, probabilities=[HAPPY])) for _ in range(2)}) == 1


def test_a_document_is_one_line_of_json_in_utf_8_with_sorted_keys() -> None:
    text = serialize(rejected(Rejected("empty", "The file is empty."), image_fields(UPLOAD))).decode()
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    assert "ä" in text
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_results_mirror_the_inbox() -> None:
    assert document_key("inbox/a/b.png", "inbox/", "results/") == "results/a/b.png.json"
    assert document_key("inbox/folder/", "inbox/", "results/") == "results/folder/.json"
    assert document_key("inbox/", "inbox/", "results/") == "results/.json"


@given(st.text(min_size=1, max_size=4), st.integers(0, 1018))
def test_every_valid_key_has_a_valid_key_for_its_result(text: str, length: int) -> None:
    name = (text * length).encode(errors="ignore")[: MAX_KEY_BYTES - len("inbox/")].decode(errors="ignore")
    assert len(document_key("inbox/" + name, "inbox/", "rejected/").encode()) <= MAX_KEY_BYTES


def test_two_long_names_that_differ_at_the_end_have_different_results() -> None:
    long = "inbox/" + "x" * 1017
    assert document_key(long + "1", "inbox/", "results/") != document_key(long + "2", "inbox/", "results/")


def test_no_name_can_be_made_for_the_key_of_another_names_document() -> None:
    """The uploader of the second image may write in the same folder, and would overwrite the first one's result."""
    long = "inbox/folder/" + "x" * 1011
    cut = document_key(long, "inbox/", "results/")
    forged = cut.removeprefix("results/").removesuffix(".json")
    assert len(("inbox/" + forged).encode()) <= MAX_KEY_BYTES
    assert document_key("inbox/" + forged, "inbox/", "results/") != cut


@given(st.text("~0a", max_size=3), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_a_document_that_ends_in_a_digest_has_the_digest_of_its_own_name(start: str, digest: str) -> None:
    name = f"{start}~{digest}"
    assert document_key(name, "", "results/") == f"results/{name}~{hashlib.sha256(name.encode()).hexdigest()}.json"


@pytest.mark.parametrize(
    ("sequencer", "other", "expected"),
    [
        ("0B", "0A", True),
        ("0A", "0B", False),
        ("0A", "0A", False),
        ("0a", "0A", False),
        ("0A01", "0A", True),
        ("0A", "0A00", False),
        ("0B", "0AFF", True),
        ("0A", "", True),
    ],
)
def test_the_greater_sequencer_is_the_later_one(sequencer: str, other: str, expected: bool) -> None:
    assert is_newer(sequencer, other) is expected
