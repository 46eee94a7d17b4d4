"""Loss, accuracy and balanced accuracy of predictions."""

import pytest
import torch
from torch.nn import functional as F

from measures import Tally, measure

LABELS = torch.tensor([0, 0, 0, 0, 0, 0, 1, 1])
# Of class 0 half is predicted, of class 1 nothing. Class 2 does not occur.
PREDICTIONS = torch.tensor([0, 0, 0, 1, 2, 1, 0, 2])


def test_balanced_accuracy_is_the_mean_of_the_shares_of_the_classes_that_occur() -> None:
    measured = measure(F.one_hot(PREDICTIONS, 3).float(), LABELS)
    assert measured.accuracy == pytest.approx(3 / 8)
    assert measured.balanced_accuracy == pytest.approx((0.5 + 0) / 2)


def test_batches_that_are_added_up_give_what_all_images_give_at_once() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(100, 7, generator=generator)
    labels = torch.randint(0, 7, (100,), generator=generator)
    tally = Tally(7, torch.device("cpu"))
    for batch in torch.arange(100).split(32):
        tally.add(logits[batch], labels[batch])
    measured, whole = tally.measures(), measure(logits, labels)
    assert vars(measured) == pytest.approx(vars(whole), rel=1e-5)
    assert measured.loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
