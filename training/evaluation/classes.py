"""Compares the classes of a model with those of labelled images."""

from collections.abc import Sequence

import numpy as np

# An error lists this many names and counts the others.
MOST_SHOWN = 12


def match_classes(
    labels: np.ndarray, classes: Sequence[str], outputs: Sequence[str], model: str, data: str
) -> np.ndarray:
    """Labels of images → the same labels as indices of a model's outputs. Classes are matched by name.

    labels: int64 [n], indices into `classes`.
    outputs: the names of the model's outputs, in their order.
    model, data: their names in an error.

    Raises ValueError, with both lists and their differences, if the model has other classes than the data.
    """
    require_same_classes(classes, outputs, model, data)
    indices = np.array([list(outputs).index(name) for name in classes], np.int64)
    return indices[labels]


def require_same_classes(classes: Sequence[str], outputs: Sequence[str], model: str, data: str) -> None:
    """Raises ValueError, with both lists and their differences, if the model has other classes than the data.

    Parameters are those of `match_classes`.
    """
    if set(classes) == set(outputs):
        return
    missing = [name for name in classes if name not in outputs]
    extra = [name for name in outputs if name not in classes]
    parts = [
        f"{model} has other classes than {data}: the model's are {listed(outputs)}; the data's are {listed(classes)}."
    ]
    if missing:
        parts.append(f"The model lacks {listed(missing)}.")
    if extra:
        parts.append(f"The data lacks {listed(extra)}.")
    if {name.casefold() for name in classes} == {name.casefold() for name in outputs}:
        parts.append("They differ only in upper and lower case: rename the folders as the model's labels are written.")
    else:
        parts.append("Give a model of these classes, or data with the model's.")
    raise ValueError(" ".join(parts))


def listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_SHOWN])
    return f"{shown} and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else shown
