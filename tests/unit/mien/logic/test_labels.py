"""Which names the labels of a model can have. The container has the same rule, and its tests the same names."""

import pytest

from mien.logic.labels import MAX_LABELS, find_fault, is_label
from tests.support import label_names


@pytest.mark.parametrize("name", label_names.GOOD)
def test_a_label_can_have_any_name_without_the_forbidden_characters(name: str) -> None:
    assert is_label(name)
    assert find_fault([name, "other"]) is None


@pytest.mark.parametrize("name", [*(name for name, _ in label_names.BAD), None, 1, ["happy"]])
def test_what_can_not_be_a_label_is_named(name: object) -> None:
    assert not is_label(name)
    assert f"{name!r} can't be a label" in str(find_fault(["other", name]))


@pytest.mark.parametrize(("name", "other"), label_names.SAME)
def test_two_labels_are_never_the_same_name(name: str, other: str) -> None:
    assert find_fault([name, other]) == f"{name!r} and {other!r} are the same name"


def test_a_model_has_two_to_a_thousand_labels() -> None:
    names = [f"label {number}" for number in range(MAX_LABELS + 1)]
    assert find_fault(names[:2]) is find_fault(names[:MAX_LABELS]) is None
    assert find_fault(names[:1]) == "there are 1 labels, not 2 to 1,000"
    assert find_fault(names) == "there are 1,001 labels, not 2 to 1,000"


def test_all_labels_together_are_not_longer_than_a_document_can_have() -> None:
    assert find_fault(label_names.TOO_LONG) == "the labels have 12,800 bytes in all, not at most 12,000"
