"""The moving average of the weights follows them closely at first, and it is exported only where it is better."""

import pytest
import torch
from torch import Tensor

from averaging import average_weights
from measures import Measures
from resnet import ResNet
from validation import Validated, better

DECAY = 0.999


def weight_of(network: torch.nn.Module) -> Tensor:
    return next(network.parameters())


@pytest.fixture
def network() -> ResNet:
    torch.manual_seed(0)
    return ResNet(3, depth=10, width=2)


def test_after_a_short_training_little_of_the_random_weights_is_left(network: ResNet) -> None:
    average = average_weights(network, DECAY)
    average.update_parameters(network)
    start = weight_of(network).detach().clone()
    with torch.no_grad():
        weight_of(network).add_(1)
    for _ in range(30):
        average.update_parameters(network)
    left = (1 - (weight_of(average.module) - start).mean()).item()
    assert left < 0.001 < DECAY**30


def test_after_a_long_training_a_step_changes_the_average_by_no_more_than_its_decay_says(network: ResNet) -> None:
    average = average_weights(network, DECAY)
    average.update_parameters(network)
    average.n_averaged.fill_(100_000)
    before = weight_of(average.module).clone()
    with torch.no_grad():
        weight_of(network).add_(1)
    average.update_parameters(network)
    assert (weight_of(average.module) - before).mean().item() == pytest.approx(1 - DECAY, rel=1e-3)


def test_the_average_also_has_the_statistics_of_the_batches(network: ResNet) -> None:
    average = average_weights(network, DECAY)
    network.train()
    for _ in range(3):
        network(torch.randn(8, 1, 48, 48) + 5)
        average.update_parameters(network)
    buffers = zip(network.named_buffers(), average.module.named_buffers(), strict=True)
    for (name, buffer), (_, averaged) in buffers:
        if name.endswith("num_batches_tracked"):
            assert buffer == averaged == 3
        else:
            assert not torch.equal(averaged, torch.zeros_like(averaged))


def measured(name: str, accuracy: float, loss: float) -> Validated:
    return Validated(name, torch.nn.Identity(), torch.zeros(1, 3), Measures(loss, accuracy, 1 - accuracy))


@pytest.mark.parametrize(
    ("averaged", "last", "chosen"),
    [
        ((0.6, 1.0), (0.5, 0.9), "averaged"),
        ((0.5, 0.9), (0.6, 1.0), "last"),
        ((0.5, 1.0), (0.5, 0.9), "last"),
        ((0.5, 0.9), (0.5, 1.0), "averaged"),
        ((0.5, 0.9), (0.5, 0.9), "averaged"),
        ((0.3, float("nan")), (0.3, float("nan")), "averaged"),
    ],
)
def test_the_weights_with_the_higher_accuracy_are_exported_and_of_two_equal_ones_those_with_the_lower_loss(
    averaged: tuple[float, float], last: tuple[float, float], chosen: str
) -> None:
    assert better(measured("averaged", *averaged), measured("last", *last), "accuracy").name == chosen


@pytest.mark.parametrize(
    ("best_by", "chosen"), [("accuracy", "last"), ("balanced_accuracy", "averaged"), ("loss", "averaged")]
)
def test_the_weights_that_are_exported_are_better_by_the_measure_that_was_chosen(best_by: str, chosen: str) -> None:
    assert better(measured("averaged", 0.5, 0.9), measured("last", 0.6, 1.0), best_by).name == chosen
