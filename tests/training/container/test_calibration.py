"""How logits become calibrated probabilities."""

import torch

from artifact import fit_temperature
from resnet import probabilities


def test_a_probability_belongs_to_the_label_and_not_to_the_smoothed_label() -> None:
    labels = torch.tensor([[0.6, 0.3, 0.1], [0.9, 0.05, 0.05]])
    smoothed = 0.9 * labels + 0.1 / 3
    assert torch.allclose(probabilities(smoothed.log(), 1.0, 0.1), labels, atol=1e-6)
    assert torch.allclose(probabilities(smoothed.log(), 1.0, 0.0), smoothed, atol=1e-6)


def test_probabilities_sum_to_1_and_keep_the_order_of_the_logits() -> None:
    logits = torch.randn(1000, 7, generator=torch.Generator().manual_seed(0)) * 5
    rows = probabilities(logits, 1.1, 0.1)
    assert torch.allclose(rows.sum(1), torch.ones(1000))
    assert (rows > 0).all()
    assert (rows.argmax(1) == logits.argmax(1)).all()


def test_the_temperature_corrects_logits_that_are_too_confident_or_not_confident_enough() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(20_000, 7, generator=generator)
    labels = torch.multinomial(logits.softmax(1), 1, generator=generator).squeeze(1)
    assert abs(fit_temperature(logits * 3, labels, 0.0) - 3) < 0.15
    assert abs(fit_temperature(logits / 2, labels, 0.0) - 0.5) < 0.03
