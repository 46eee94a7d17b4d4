"""What a model.json says of the model's origin: the data of `prepare` and the training of train.py.

A model from elsewhere can have any content under the same names, which is only for people.
"""

from typing import Any


def field(document: Any, *names: str) -> Any:
    """A value inside of nested objects, or None: `field(contract, "data", "sha256", "train")`."""
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def data_of(contract: dict[str, Any]) -> dict[str, Any] | None:
    """The description of the data, if `prepare` wrote it."""
    data: Any = contract.get("data")
    match data:
        case {
            "source": {"kind": str(), "name": str()},
            "options": dict(),
            "command": str(),
            "labels": list(),
            "counts": {"train": dict() as train, "validation": dict() as validation},
        } if all(isinstance(count, int) for count in (*train.values(), *validation.values())):
            return dict(data)
    return None


def training_of(contract: dict[str, Any]) -> dict[str, Any] | None:
    """The description of the training, if train.py wrote it."""
    training: Any = contract.get("training")
    match training:
        case {
            "hyperparameters": dict(),
            "faces": int(),
            "faces_sha256": str(),
            "validation_faces": int(),
            "validation_accuracy": int() | float(),
            "seconds": int() | float(),
            "machine": str(),
            "torch": str(),
        }:
            return dict(training)
    return None


def is_fer2013(contract: dict[str, Any]) -> bool:
    """Whether the model was trained on FER2013, as the description of its data says."""
    data = data_of(contract)
    return data is not None and data["source"]["kind"] == "fer2013"
