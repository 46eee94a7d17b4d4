"""What a person sees while a training runs."""

import pytest
from rich.console import Console

from training.jobs.bars import TrainingBars, format_epoch, time_left
from training.jobs.metrics import EpochProgress


def test_the_bars_show_the_batches_of_the_epoch_and_the_time_until_the_training_ends() -> None:
    with TrainingBars(Console(), 50) as bars:
        bars.show_progress(EpochProgress(3, 50, 120, 199, 1.2345, 340))
        epochs, batches = bars.progress.tasks
        assert (epochs.completed, epochs.total, epochs.fields["note"]) == (2, 50, "6 min left")
        assert (batches.completed, batches.total, batches.visible) == (120, 199, True)
        assert (batches.description, batches.fields["note"]) == ("epoch 3", "loss 1.2345")
        bars.show_epoch(3, {"validation_accuracy": 0.5})
        assert (epochs.completed, batches.visible) == (3, False)


def test_an_epoch_is_one_line_with_what_the_log_has() -> None:
    ours = {
        "learning_rate": 0.0371,
        "train_loss": 2.0431,
        "train_accuracy": 0.2109,
        "train_balanced_accuracy": 0.2,
        "optimised_loss": 4.4,
        "validation_loss": 2.0884,
        "validation_accuracy": 0.1429,
        "seconds": 70.12,
    }
    assert format_epoch(3, ours) == (
        "epoch   3  train loss 2.0431 accuracy 0.2109 balanced 0.2000  validation loss 2.0884 accuracy 0.1429  "
        "learning rate 0.037  70.1 s"
    )
    assert format_epoch(12, {"train_accuracy": 0.5}) == "epoch  12  train accuracy 0.5000"


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s left"), (340, "6 min left"), (7800, "2 h 10 min left")])
def test_a_time_is_as_exact_as_people_need_it(seconds: int, text: str) -> None:
    assert time_left(seconds) == text
