"""Result documents: their content, their keys, and which of two is newer."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien.errors import Rejected
from mien.logic.labels import LABELS
from mien.logic.results import (
    MAX_KEY_BYTES,
    Model,
    classified,
    document_key,
    image_fields,
    is_newer,
    rejected,
    serialize,
)
from mien.logic.uploads import Upload

UPLOAD = Upload("b", "inbox/ä.png", "v1", "e", 3, "0A")
MODEL = Model("faces", "AllTraffic", "1", "1-batch")
HAPPY = [0.01, 0.02, 0.03, 0.8, 0.05, 0.04, 0.05]


def test_the_most_probable_label_is_the_label() -> None:
    result = classified(HAPPY, image_fields(UPLOAD, 100, 60), MODEL)
    assert (result["label"], result["confidence"]) == ("happy", 0.8)
    assert list(result["probabilities"]) == list(LABELS)
    assert result["image"]["key"] == "inbox/ä.png"
    assert (result["image"]["width"], result["image"]["height"]) == (100, 60)


def test_the_same_upload_gives_the_same_bytes() -> None:
    documents = {serialize(classified(HAPPY, image_fields(UPLOAD, 1, 1), replace(MODEL))) for _ in range(2)}
    assert len(documents) == 1


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
