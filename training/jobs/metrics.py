"""What a training job writes → its metrics by epoch: our script's lines, and the built-in algorithm's.

Ours is `epoch=3; train_loss=1.2; validation_accuracy=0.6; ...`. The built-in algorithm counts epochs from 0, and has a
line for each metric: `Epoch[2] Train-accuracy=0.61`, `Epoch[2] Validation-accuracy=0.52`, `Epoch[2] Time cost=6.4`.
"""

import re
from collections.abc import Iterable

# What SageMaker itself reads from our script's lines, by CloudWatch's names.
DEFINITIONS = {
    "train:loss": r"train_loss=([0-9.]+);",
    "validation:loss": r"validation_loss=([0-9.]+);",
    "validation:accuracy": r"validation_accuracy=([0-9.]+);",
}
BUILT_IN = {
    "Train-accuracy": "train_accuracy",
    "Validation-accuracy": "validation_accuracy",
    "Time cost": "seconds",
}

Epochs = dict[int, dict[str, float]]


def read(lines: Iterable[str], epochs: Epochs | None = None) -> Epochs:
    """Lines → from an epoch, counted from 1, to its metrics; `epochs`, if given, is added to."""
    found: Epochs = {} if epochs is None else epochs
    for line in lines:
        if ours := re.search(r"\bepoch=(\d+);", line):
            pairs = re.findall(r"\b(\w+)=([0-9.]+);", line)
            found[int(ours[1])] = {name: float(value) for name, value in pairs if name != "epoch"}
        elif built_in := re.search(r"Epoch\[(\d+)\] (Train-accuracy|Validation-accuracy|Time cost)=([0-9.]+)", line):
            epoch = found.setdefault(int(built_in[1]) + 1, {})
            epoch[BUILT_IN[built_in[2]]] = float(built_in[3])
    return found


def best(epochs: Epochs) -> tuple[int, float] | None:
    """The epoch with the highest validation accuracy, and that."""
    known = [
        (values["validation_accuracy"], epoch) for epoch, values in epochs.items() if "validation_accuracy" in values
    ]
    if not known:
        return None
    accuracy, epoch = max(known)
    return epoch, accuracy
