"""Reads metrics by epoch from the log of a training job, and how far its epoch is.

Two formats are understood:

- train.py writes one line per epoch: `epoch=3; train_loss=1.2; validation_accuracy=0.6; ...`. Within an epoch it writes
  `progress epoch=3/50 batch=120/199 loss=1.2345 seconds_left=340;`.
- The built-in algorithm counts epochs from 0 and writes one line per metric: `Epoch[2] Train-accuracy=0.61`,
  `Epoch[2] Validation-accuracy=0.52`, `Epoch[2] Time cost=6.4`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# SageMaker finds the metrics of train.py with these patterns and publishes them in CloudWatch under these names.
METRIC_DEFINITIONS = {
    "train:loss": r"train_loss=([0-9.]+);",
    "train:accuracy": r"train_accuracy=([0-9.]+);",
    "validation:loss": r"validation_loss=([0-9.]+);",
    "validation:accuracy": r"validation_accuracy=([0-9.]+);",
    "validation:balanced_accuracy": r"validation_balanced_accuracy=([0-9.]+);",
}
# The built-in algorithm's metrics, by the names that train.py uses.
BUILT_IN_NAMES = {
    "Train-accuracy": "train_accuracy",
    "Validation-accuracy": "validation_accuracy",
    "Time cost": "seconds",
}
SCRIPT_LINE = re.compile(r"\bepoch=(\d+);")
SCRIPT_METRIC = re.compile(r"\b(\w+)=([0-9.]+);")
SCRIPT_PROGRESS = re.compile(r"\bprogress epoch=(\d+)/(\d+) batch=(\d+)/(\d+) loss=(\S+) seconds_left=(\d+);")
BUILT_IN_LINE = re.compile(rf"Epoch\[(\d+)\] ({'|'.join(BUILT_IN_NAMES)})=([0-9.]+)")

# From an epoch, counted from 1, to its metrics.
MetricsByEpoch = dict[int, dict[str, float]]


@dataclass(frozen=True)
class EpochProgress:
    """How far an epoch is.

    epoch: counted from 1. epochs: of the whole training.
    batch: counted from 1. batches: of an epoch.
    loss: the mean of the epoch so far.
    seconds_left: until the whole training ends.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    seconds_left: int


def parse_progress(line: str) -> EpochProgress | None:
    """Returns what a line of train.py says of the running epoch; None for any other line."""
    found = SCRIPT_PROGRESS.search(line)
    if not found:
        return None
    epoch, epochs, batch, batches, loss, seconds_left = found.groups()
    return EpochProgress(int(epoch), int(epochs), int(batch), int(batches), float(loss), int(seconds_left))


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


def best_epoch(epochs: MetricsByEpoch, best_by: str = "accuracy") -> tuple[int, float] | None:
    """Returns the epoch whose model is the best, and its value; None if no epoch has one.

    best_by: "accuracy", "balanced_accuracy" or "loss", of the validation images. The lowest loss is the best.
    Of several epochs with the same value, the last is returned.
    """
    name = f"validation_{best_by}"
    sign = -1 if best_by == "loss" else 1
    values = [(sign * values[name], epoch) for epoch, values in epochs.items() if name in values]
    if not values:
        return None
    value, epoch = max(values)
    return epoch, sign * value
