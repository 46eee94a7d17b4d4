"""What becomes of a network's logits before anybody sees them."""

import torch

from artifact import calibrated
from resnet import probabilities


def test_a_probability_is_of_the_label_and_not_of_the_smoothed_label() -> None:
    labels = torch.tensor([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05]])
    learned = 0.9 * labels + 0.1 / 3
    assert torch.allclose(probabilities(learned.log(), 1.0, 0.1), labels, atol=1e-6)
    assert torch.allclose(probabilities(learned.log(), 1.0, 0.0), learned, atol=1e-6)


def test_probabilities_add_up_and_keep_the_classes_order() -> None:
    logits = torch.randn(1000, 7, generator=torch.Generator().manual_seed(0)) * 5
    rows = probabilities(logits, 1.1, 0.1)
    assert torch.allclose(rows.sum(1), torch.ones(1000))
    assert (rows > 0).all()
    assert (rows.argmax(1) == logits.argmax(1)).all()


def test_the_temperature_makes_overconfident_logits_modest_again() -> None:
    chance = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 7, generator=chance)
    labels = torch.multinomial(logits.softmax(1), 1, generator=chance).squeeze(1)
    assert abs(calibrated(logits * 3, labels, 0.0) - 3) < 0.15
    assert abs(calibrated(logits / 2, labels, 0.0) - 0.5) < 0.03
