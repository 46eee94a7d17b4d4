"""What an object of JSON Lines contains, and its key."""

import json
from datetime import UTC, datetime

import pytest

from mien.errors import Rejected
from mien.logic.lines import deleted, is_lines_key, lines_key, serialize_lines
from mien.logic.results import document_key, image_fields, rejected
from mien.logic.uploads import Removal, Upload
from tests.support.pictures import document

UPLOAD = Upload("bucket", "inbox/été.png", "v1", "e", 3, "0A")
REJECTION = rejected(Rejected("empty", "The file is empty."), image_fields(UPLOAD))
RESULT = document(UPLOAD)
DELETION = deleted(Removal("bucket", "inbox/été.png", "0B"))


def test_the_line_of_a_deleted_image_says_which_one_and_when_among_its_uploads() -> None:
    image = {"bucket": "bucket", "key": "inbox/été.png", "sequencer": "0B"}
    assert {"schema": 2, "status": "deleted", "image": image} == DELETION


def test_each_result_is_one_line_of_json_in_utf_8() -> None:
    lines = serialize_lines([RESULT, REJECTION, DELETION]).decode()
    assert lines.endswith("\n")
    read = {json.loads(line)["status"]: json.loads(line) for line in lines.splitlines()}
    assert read == {"classified": RESULT, "rejected": REJECTION, "deleted": DELETION}
    assert "été" in lines


def test_the_same_results_in_another_order_or_twice_give_the_same_bytes() -> None:
    assert serialize_lines([RESULT, DELETION]) == serialize_lines([DELETION, RESULT, DELETION])


@pytest.mark.parametrize(
    ("time", "folder"),
    [
        (datetime(2026, 11, 27, 9, 59, 59, 999_000, UTC), "results/date=2026-11-27/hour=09/"),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "results/date=2026-12-31/hour=23/"),
        (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), "results/date=2027-01-01/hour=00/"),
    ],
    ids=str,
)
def test_an_object_is_in_the_folders_of_its_day_and_hour(time: datetime, folder: str) -> None:
    assert lines_key("results/", b"a\n", time.timestamp()).startswith(folder)


def test_the_name_of_an_object_tells_its_content() -> None:
    first, same, other = (lines_key("results/", lines, 0) for lines in (b"a\n", b"a\n", b"b\n"))
    assert first == same != other
    # printf 'a\n' | sha256sum
    assert first == "results/date=1970-01-01/hour=00/87428fc522803d31065e7bce3cf03fe4.jsonl"


def test_no_document_has_the_key_of_an_object_of_lines() -> None:
    key = lines_key("results/", b"a\n", 0)
    document = document_key(key.replace("results/", "inbox/"), "inbox/", "results/")
    others = (document, key + "\n", key.upper(), key.replace("results/", "rejected/"), f"results/team/{key}")
    assert is_lines_key(key, "results/")
    assert not any(is_lines_key(other, "results/") for other in others)
