"""The figures of a model: accuracy, its interval, calibration, and figures per class."""

import numpy as np
import pytest

from local.paths import MODEL
from tests.support.fer2013 import random_faces
from training.evaluation.measure import (
    accuracy,
    calibration_error_by_chance,
    expected_calibration_error,
    load_model,
    measure,
    probabilities,
    wilson_interval,
)


def test_the_figures_agree_with_one_another() -> None:
    faces = random_faces(35)
    figures = measure(faces, probabilities(faces.images, load_model(MODEL)))
    counts = np.array(figures["confusion"]["counts"])
    assert counts.sum() == 35
    assert figures["accuracy"] == pytest.approx(counts.diagonal().sum() / 35, abs=1e-4)
    assert figures["accuracy"] <= figures["top_2_accuracy"] <= 1


def test_the_figures_equal_those_computed_by_hand() -> None:
    faces = random_faces(3)  # angry, disgust, fear
    rows = np.full((3, 7), 0.02, np.float32)
    rows[0, :2] = 0.5, 0.4  # correct
    rows[1, :2] = 0.5, 0.4  # correct with the second prediction
    rows[2, [3, 4, 2]] = 0.5, 0.3, 0.12  # wrong with both
    figures = measure(faces, rows)
    assert figures["accuracy"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["top_2_accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert figures["log_loss"] == pytest.approx(-np.log([0.5, 0.4, 0.12]).mean(), abs=1e-4)
    # Angry is predicted twice and correct once, and its only face is found.
    assert figures["classes"]["angry"] == {"images": 1, "precision": 0.5, "recall": 1.0, "f1": 0.6667}


def test_the_log_loss_is_finite_if_a_probability_is_0() -> None:
    rows = np.eye(7, dtype=np.float32)[[3]]
    assert np.isfinite(measure(random_faces(1), rows)["log_loss"])


def test_the_interval_of_8_out_of_10_is_wilsons() -> None:
    # Computed by hand.
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_no_faces_have_no_accuracy() -> None:
    assert accuracy(np.array([], bool)) is None


def test_the_calibration_error_is_the_difference_between_confidence_and_accuracy() -> None:
    # Ten faces with a confidence of 0.8, of which six are correct; by hand, |0.8 - 0.6|.
    rows = np.tile([0.8, 0.2], (10, 1))
    labels = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(rows, labels) == pytest.approx(0.2)


def test_exact_confidences_have_the_calibration_error_that_is_expected_by_chance() -> None:
    generator = np.random.default_rng(0)
    confidence = generator.uniform(0.4, 1, 3000)
    rows = np.stack([confidence, *(((1 - confidence) / 2,) * 2)], axis=1)
    errors = [expected_calibration_error(rows, np.where(generator.random(3000) < confidence, 0, 1)) for _ in range(200)]
    assert calibration_error_by_chance(rows) == pytest.approx(np.mean(errors), rel=0.05)
    # Four times as many images halve it.
    assert calibration_error_by_chance(np.tile(rows, (4, 1))) == pytest.approx(calibration_error_by_chance(rows) / 2)
