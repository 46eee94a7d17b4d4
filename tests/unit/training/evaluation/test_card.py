"""The model card states only what was checked."""

import json
from typing import Any

import pytest

from local.paths import MODEL
from training.evaluation.card import card


@pytest.fixture
def figures() -> dict[str, Any]:
    measured: dict[str, Any] = json.loads((MODEL / "public_test.json").read_text())
    return measured


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    described: dict[str, Any] = json.loads((MODEL / "model.json").read_text())
    return described


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_it_claims_no_exclusion_if_the_training_set_was_not_checked(
    figures: dict[str, Any], contract: dict[str, Any]
) -> None:
    figures["duplicates"]["trained_on"] = None
    text = one_line(card(figures, contract))
    assert "280 test faces are also in the training CSV" in text
    assert "excluded from the training" not in text


def test_it_claims_exclusion_if_no_test_face_is_in_the_training_set(
    figures: dict[str, Any], contract: dict[str, Any]
) -> None:
    text = one_line(card(figures, contract))
    assert "None of the test faces are among them with the same pixels" in text
    assert "They were excluded from the training" in text


def test_it_counts_test_faces_that_are_in_the_training_set(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    figures["duplicates"]["trained_on"]["found"] = 2
    text = one_line(card(figures, contract))
    assert "2 of the test faces are among them with the same pixels" in text
    assert "excluded from the training" not in text


def test_it_omits_the_training_csv_if_none_was_compared(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    figures["duplicates"]["training"] = None
    assert "training CSV" not in card(figures, contract)


def test_its_lines_fit_the_page(figures: dict[str, Any], contract: dict[str, Any]) -> None:
    assert max(len(line) for line in card(figures, contract).splitlines()) <= 120
