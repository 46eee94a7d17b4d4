"""Reads metrics by epoch from the log of a training job.

Two formats are understood:

- train.py writes one line per epoch: `epoch=3; train_loss=1.2; validation_accuracy=0.6; ...`.
- The built-in algorithm counts epochs from 0 and writes one line per metric: `Epoch[2] Train-accuracy=0.61`,
  `Epoch[2] Validation-accuracy=0.52`, `Epoch[2] Time cost=6.4`.
"""

import re
from collections.abc import Iterable

# SageMaker finds the metrics of train.py with these patterns and publishes them in CloudWatch under these names.
METRIC_DEFINITIONS = {
    "train:loss": r"train_loss=([0-9.]+);",
    "validation:loss": r"validation_loss=([0-9.]+);",
    "validation:accuracy": r"validation_accuracy=([0-9.]+);",
}
# The built-in algorithm's metrics, by the names that train.py uses.
BUILT_IN_NAMES = {
    "Train-accuracy": "train_accuracy",
    "Validation-accuracy": "validation_accuracy",
    "Time cost": "seconds",
}
SCRIPT_LINE = re.compile(r"\bepoch=(\d+);")
SCRIPT_METRIC = re.compile(r"\b(\w+)=([0-9.]+);")
BUILT_IN_LINE = re.compile(rf"Epoch\[(\d+)\] ({'|'.join(BUILT_IN_NAMES)})=([0-9.]+)")

# From an epoch, counted from 1, to its metrics.
MetricsByEpoch = dict[int, dict[str, float]]


def parse_metrics(lines: Iterable[str], epochs: MetricsByEpoch | None = None) -> MetricsByEpoch:
    """Returns the metrics that the lines of a log contain, by epoch, counted from 1.

    epochs: the metrics of earlier lines. They are extended in place and returned.

    `parse_metrics(["epoch=3; validation_accuracy=0.6;"])` is `{3: {"validation_accuracy": 0.6}}`.
    """
    result: MetricsByEpoch = {} if epochs is None else epochs
    for line in lines:
        if script := SCRIPT_LINE.search(line):
            pairs = SCRIPT_METRIC.findall(line)
            result[int(script[1])] = {name: float(value) for name, value in pairs if name != "epoch"}
        elif built_in := BUILT_IN_LINE.search(line):
            epoch = result.setdefault(int(built_in[1]) + 1, {})
            epoch[BUILT_IN_NAMES[built_in[2]]] = float(built_in[3])
    return result


def best_epoch(epochs: MetricsByEpoch) -> tuple[int, float] | None:
    """Returns the epoch with the highest validation accuracy, and that accuracy; None if no epoch has one.

    Of several epochs with the same accuracy, the last is returned.
    """
    accuracies = [
        (values["validation_accuracy"], epoch) for epoch, values in epochs.items() if "validation_accuracy" in values
    ]
    if not accuracies:
        return None
    accuracy, epoch = max(accuracies)
    return epoch, accuracy
