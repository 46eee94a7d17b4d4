"""Metrics are read from the logs of our script and of the built-in algorithm."""

from tests.training.log_lines import built_in_lines
from training.jobs.metrics import parse_metrics


def test_both_formats_of_logs_give_metrics_under_the_same_names() -> None:
    assert parse_metrics(built_in_lines(0, 0.375, 0.771429)) == {
        1: {"train_accuracy": 0.375, "seconds": 14.863, "validation_accuracy": 0.771429}
    }
    script = "epoch=3; train_loss=1.2; validation_loss=1.1; validation_accuracy=0.6; seconds=70.1;"
    assert parse_metrics([script, "stopping after epoch 4"]) == {
        3: {"train_loss": 1.2, "validation_loss": 1.1, "validation_accuracy": 0.6, "seconds": 70.1}
    }
