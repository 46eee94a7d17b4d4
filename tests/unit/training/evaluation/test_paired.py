"""Two models on the same images: difference, standard error and sign test."""

import numpy as np
import pytest

from training.evaluation.paired import compare, difference, sign_test


@pytest.mark.parametrize(
    ("first", "second", "probability"),
    [
        (0, 0, 1.0),
        (5, 5, 1.0),
        (0, 10, 2 / 2**10),
        (10, 0, 2 / 2**10),
        (1, 7, 2 * (1 + 8) / 2**8),
        # SciPy's binomtest.
        (162, 187, 0.19883),
        (5_100, 4_900, 0.04659),
    ],
)
def test_the_sign_test_is_the_exact_two_sided_one(first: int, second: int, probability: float) -> None:
    assert sign_test(first, second) == pytest.approx(probability, abs=1e-5)


def test_a_difference_has_the_standard_error_of_its_mean() -> None:
    found = difference(np.array([1.0, 3.0, 2.0, 2.0]), np.array([1.0, 1.0, 1.0, 1.0]))
    assert found == {"difference": 1.0, "standard_error": pytest.approx(0.5**0.5 / 2, abs=1e-4)}


def test_equal_values_have_no_difference_and_no_error() -> None:
    values = np.array([True, False, True])
    assert difference(values, values) == {"difference": 0.0, "standard_error": 0.0}


def test_two_models_are_compared_whatever_the_order_of_their_outputs() -> None:
    labels = np.array([0, 1, 1, 0])
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], np.float32)
    # The other model's outputs are in the other order. It is right on the first and the third image.
    other_labels = 1 - labels
    other_rows = np.array([[0.4, 0.6], [0.25, 0.75], [0.8, 0.2], [0.6, 0.4]], np.float32)
    found = compare(rows, labels, other_rows, other_labels)
    assert (found["accuracy"]["own"], found["accuracy"]["other"]) == (0.75, 0.5)
    assert found["accuracy"]["difference"] == 0.25
    assert found["only_right"] == [2, 1]
    assert found["sign_test_p"] == 1.0
    other_loss = -np.log([0.6, 0.25, 0.8, 0.4]).mean()
    assert found["log_loss"]["other"] == pytest.approx(other_loss, abs=1e-4)
    loss = -np.log([0.9, 0.8, 0.4, 0.7]).mean()
    assert found["log_loss"]["difference"] == pytest.approx(loss - other_loss, abs=2e-4)


def test_a_probability_of_0_leaves_the_log_loss_finite() -> None:
    rows = np.array([[1.0, 0.0]], np.float32)
    assert np.isfinite(compare(rows, np.array([1]), rows, np.array([0]))["log_loss"]["difference"])
