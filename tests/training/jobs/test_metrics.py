"""Metrics are read from the logs of our script and of the built-in algorithm."""

from tests.training.log_lines import built_in_lines
from training.jobs.metrics import EpochProgress, best_epoch, parse_metrics, parse_progress


def test_both_formats_of_logs_give_metrics_under_the_same_names() -> None:
    assert parse_metrics(built_in_lines(0, 0.375, 0.771429)) == {
        1: {"train_accuracy": 0.375, "seconds": 14.863, "validation_accuracy": 0.771429}
    }
    script = "epoch=3; train_loss=1.2; validation_loss=1.1; validation_accuracy=0.6; seconds=70.1;"
    assert parse_metrics([script, "stopping after epoch 4"]) == {
        3: {"train_loss": 1.2, "validation_loss": 1.1, "validation_accuracy": 0.6, "seconds": 70.1}
    }


def test_a_line_within_an_epoch_is_no_epoch_and_says_how_far_it_is() -> None:
    line = "progress epoch=3/50 batch=120/199 loss=1.2345 seconds_left=340;"
    assert parse_metrics([line]) == {}
    assert parse_progress(line) == EpochProgress(3, 50, 120, 199, 1.2345, 340)
    assert parse_progress("epoch=3; train_loss=1.2;") is None


def test_the_best_epoch_is_the_one_whose_model_was_kept() -> None:
    epochs = {
        1: {"validation_loss": 0.9, "validation_accuracy": 0.6, "validation_balanced_accuracy": 0.5},
        2: {"validation_loss": 0.8, "validation_accuracy": 0.7, "validation_balanced_accuracy": 0.4},
        3: {"validation_loss": 1.0, "validation_accuracy": 0.7, "validation_balanced_accuracy": 0.4},
    }
    assert best_epoch(epochs) == (3, 0.7)
    assert best_epoch(epochs, "loss") == (2, 0.8)
    assert best_epoch(epochs, "balanced_accuracy") == (1, 0.5)
    assert best_epoch({}) is None
