"""The accuracy of a model on disturbed images, and what the card says of it."""

from typing import Any

import numpy as np
import pytest

from local.paths import MODEL
from tests.support.fer2013 import random_faces
from training.data.labelled_images import LabelledImages
from training.evaluation.card_robustness import robustness_section
from training.evaluation.disturbances import darkened, noisy, strengths
from training.evaluation.measure import LoadedModel, load_model, probabilities
from training.evaluation.robustness import measure_robustness


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model(MODEL)


def test_each_row_has_the_accuracy_and_its_change_from_the_plain_images(model: LoadedModel) -> None:
    faces = random_faces(10)
    rows = probabilities(faces.images, model)
    # All plain images are right, so a change is what a disturbance breaks.
    images = LabelledImages(faces.images, rows.argmax(1), faces.classes)
    counts: list[int] = []
    chosen = [*strengths("unchanged", darkened, (1,), "x {:g}"), *strengths("black", darkened, (0,), "x {:g}")]
    plain, unchanged, black = measure_robustness(images, rows, model, counts.append, chosen)
    assert sum(counts) == 20
    assert (plain["disturbance"], plain["accuracy"], plain["accuracy_error"]) == ("none", 1.0, 0.0)
    assert (unchanged["strength"], unchanged["accuracy"], unchanged["difference"]) == ("x 1", 1.0, 0.0)
    # Black images all get one label.
    [label] = set(probabilities(np.zeros_like(images.images), model).argmax(1).tolist())
    share = float((images.labels == label).mean())
    assert black["accuracy"] == pytest.approx(share)
    assert black["difference"] == pytest.approx(share - 1)
    assert (
        black["accuracy_error"] == black["standard_error"] == pytest.approx((share * (1 - share) / 10) ** 0.5, abs=1e-4)
    )


def test_the_same_images_give_the_same_table(model: LoadedModel) -> None:
    faces = random_faces(8)
    rows = probabilities(faces.images, model)
    chosen = strengths("noise", noisy, (40,), "{:g}")
    tables = [measure_robustness(faces, rows, model, disturbances=chosen) for _ in range(2)]
    assert tables[0] == tables[1]


def test_the_card_has_the_table_only_if_it_was_measured() -> None:
    assert robustness_section(None, "faces") == ""
    errors: dict[str, Any] = {"accuracy_error": 0.01, "standard_error": 0.005}
    table = [
        {"disturbance": "none", "strength": "", "accuracy": 0.7, "difference": 0.0, **errors},
        {"disturbance": "turned", "strength": "by 10 degrees", "accuracy": 0.65, "difference": -0.05, **errors},
    ]
    text = robustness_section(table, "images")
    assert text.startswith("## Robustness\n")
    assert "| none |  | 0.7000 ± 0.0100 |  |" in text
    assert "| turned | by 10 degrees | 0.6500 ± 0.0100 | -0.0500 ± 0.0050 |" in text
    assert "image by image" in " ".join(text.split())
