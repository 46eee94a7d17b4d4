"""What `evaluate` measures a model on: labelled images as the model reads them, with the model's labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from training.data.labelled_images import LabelledImages
from training.evaluation.channels import load_channel, read_description
from training.evaluation.classes import match_classes, require_same_classes
from training.evaluation.measure import LoadedModel
from training.evaluation.provenance import field

# FER2013's public test, by LabelledImages.sha256. A CSV file does not say which part of the data set it is.
PUBLIC_TEST = "db5910362c04f8de30be4c85638165611e6c8133ee35951a384630662d56d970"

# What the images are for the model: those that it was trained on, those by which its epoch was chosen, perhaps some of
# them because they are in a folder with the same name, or unknown.
Relation = Literal["trained", "held_out", "same_folder", "unknown"]


@dataclass(frozen=True)
class Source:
    """Images to measure a model on.

    images: their classes are the model's, in the order of its outputs.
    name: the source's name, without the folders of this machine.
    origin, places: where each image is from: its "file" in the source, or its "row", counted from 1.
    unread: how many files of the source could not be measured.
    relation: what the model's own files say about the images.
    sha256: the digest of the images before their labels were matched with the model's.
    is_fer2013: the images are the faces of FER2013's CSV, pixel for pixel.
    """

    images: LabelledImages
    name: str
    origin: str
    places: Sequence[str | int]
    unread: int
    relation: Relation
    sha256: str
    is_fer2013: bool = False


def make_source(
    images: LabelledImages,
    model: LoadedModel,
    name: str,
    places: Sequence[str] | None = None,
    unread: int = 0,
    sha256: str = "",
    is_fer2013: bool = False,
) -> Source:
    """Matches labelled images with a model.

    places: names of the files; None if the images are rows.
    sha256: the digest of the images before they were brought to the model's size and color, if they were.
    is_fer2013: as in Source.

    Raises ValueError, with both lists, if the model has other classes than the images.
    """
    sha256 = sha256 or images.sha256()
    return Source(
        with_labels_of(images, list(model.contract.labels), f"model {model.contract.version}", name),
        "FER2013's public test" if sha256 == PUBLIC_TEST else name,
        "row" if places is None else "file",
        range(1, len(images) + 1) if places is None else places,
        unread,
        relation_to(sha256, name, model.contract.document),
        sha256,
        is_fer2013,
    )


def require_classes(classes: list[str], model: LoadedModel, name: str) -> None:
    """Raises ValueError, with both lists, if the model has other classes. name: of the source."""
    require_same_classes(classes, list(model.contract.labels), f"model {model.contract.version}", name)


def with_labels_of(images: LabelledImages, outputs: list[str], model: str, data: str) -> LabelledImages:
    """The images with their labels as indices of a model's outputs. Parameters and errors are `match_classes`'s."""
    labels = match_classes(images.labels, images.classes, outputs, model, data)
    return replace(images, labels=labels, classes=outputs)


def name_of(path: Path) -> str:
    """The path if it is relative, and only its last name if it contains folders of this machine."""
    is_plain = not path.is_absolute() and ".." not in path.parts and path.name
    return str(path) if is_plain else path.resolve().name


def relation_to(sha256: str, name: str, contract: dict[str, Any]) -> Relation:
    """What a model's model.json says about images with this digest, from a source with this name."""
    if sha256 in (field(contract, "data", "sha256", "train"), field(contract, "training", "faces_sha256")):
        return "trained"
    if sha256 == field(contract, "data", "sha256", "validation"):
        return "held_out"
    kind, trained_on = (field(contract, "data", "source", key) for key in ("kind", "name"))
    return "same_folder" if (kind, trained_on) == ("folder", Path(name).name) else "unknown"


def read_channel(channel: Path, model: LoadedModel) -> LabelledImages:
    """Reads a channel that `prepare` wrote. Raises ValueError, also if the model reads images of another kind."""
    images = load_channel(channel)
    require_input(images, channel, model)
    return images


def require_input(images: LabelledImages, channel: Path, model: LoadedModel) -> None:
    """Raises ValueError if the model reads images of another kind than those of a channel."""
    size, color = model.contract.input.size, model.contract.input.color
    found = (images.images.shape[1], "rgb" if images.images.ndim == 4 else "gray")
    if found != (size, color):
        raise ValueError(
            f"{channel} has {found[1]} images of {found[0]} pixels, and the model reads {color} ones of {size}: "
            f"prepare the data with --size {size} --color {color}, or give the folder of images itself"
        )


def other_training_data(channel: Path, model: LoadedModel) -> bool:
    """Whether the description beside a channel names other training images than the model's own files do."""
    prepared = field(read_description(channel), "sha256", "train")
    document = model.contract.document
    trained = field(document, "training", "faces_sha256") or field(document, "data", "sha256", "train")
    return bool(prepared and trained and prepared != trained)
