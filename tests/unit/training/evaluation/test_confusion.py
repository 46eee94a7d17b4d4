"""The confusion matrix as text fits the terminal, whatever the classes are called."""

import numpy as np
from rich.cells import cell_len

from tests.support.labels import LABELS
from training.evaluation.confusion import confusion_lines, largest_confusions


def test_a_matrix_of_seven_classes_fits_80_columns() -> None:
    counts = np.arange(49).reshape(7, 7) * 20
    lines = confusion_lines(counts, list(LABELS))
    assert len(lines) == 8
    assert max(map(cell_len, lines)) <= 80
    assert lines[0].split() == list(LABELS)
    assert lines[1].split() == ["angry", ".", "20", "40", "60", "80", "100", "120"]


def test_columns_of_long_labels_have_the_numbers_of_the_rows() -> None:
    labels = [f"a long name of class {number}" for number in range(1, 8)]
    lines = confusion_lines(np.full((7, 7), 12_345), labels)
    assert lines[0].split() == list("1234567")
    assert lines[7].startswith("7 a long name of class 7")
    assert max(map(cell_len, lines)) <= 80


def test_labels_in_wide_characters_are_aligned() -> None:
    lines = confusion_lines(np.array([[10, 2], [0, 7]]), ["猫", "dog"])
    assert [cell_len(line) for line in lines] == [cell_len(lines[0])] * 3


def test_a_matrix_that_does_not_fit_has_no_lines() -> None:
    labels = [f"class {number}" for number in range(60)]
    assert confusion_lines(np.eye(60, dtype=int), labels) == []


def test_the_largest_confusions_come_first_and_correct_predictions_are_none() -> None:
    counts = np.array([[90, 10, 0], [3, 5, 2], [0, 0, 50]])
    found = largest_confusions(counts, ["cat", "dog", "cow"])
    assert [(one.label, one.prediction, one.images, one.share) for one in found] == [
        ("cat", "dog", 10, 0.1),
        ("dog", "cat", 3, 0.3),
        ("dog", "cow", 2, 0.2),
    ]
    assert len(largest_confusions(counts, ["cat", "dog", "cow"], most=1)) == 1
