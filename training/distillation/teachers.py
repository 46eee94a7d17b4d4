"""Models that label the training images: which they are, what they have seen, and what they answer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from training.data.labelled_images import LabelledImages
from training.distillation.graphics_card import NoGpu, Run, averages_mirror_image, load_on_gpu
from training.evaluation.channels import HELD_OUT, TRAINING
from training.evaluation.classes import require_same_classes
from training.evaluation.measure import LoadedModel, load_model, probabilities
from training.evaluation.provenance import field
from training.evaluation.sources import require_input

# What a model's own files say of the images by which the teachers are measured.
Seen = Literal["held_out", "trained", "other_images", "unknown"]


@dataclass(frozen=True)
class Teacher:
    """A model that labels images.

    name: the word by which the user named it, without the folders of this machine.
    version: as in its model.json.
    sha256: a digest of the model's file and of its model.json.
    order: the places of the data's classes among the model's outputs, int64 [classes].
    flips: whether each of its answers averages an image and its mirror image already.
    run: uint8 [n, size, size] or [n, size, size, 3] → probabilities, float32 [n, outputs].
    not_on_gpu: why it runs on the processors although there is a GPU; empty if there is none, or if it runs there.
    """

    name: str
    version: str
    sha256: str
    order: np.ndarray
    flips: bool
    seen: Seen
    run: Run
    not_on_gpu: str

    @property
    def passes(self) -> int:
        """How often it is run for an image: the second time is for its mirror image."""
        return 1 if self.flips else 2

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Answers for some images, and for their mirror images: float32 [passes, n, classes]."""
        views = [images, images[:, :, ::-1]][: self.passes]
        return np.stack([self.run(np.ascontiguousarray(view))[:, self.order] for view in views])


def load_teacher(folder: Path, name: str, channels: dict[str, LabelledImages], data: Path) -> Teacher:
    """Loads a model that is to label a channel. It runs on a GPU if there is one, and if it has a model.pt.

    name: the word by which the user named it.
    channels: the images for training and validation, by name. data: their folder.

    Raises ValueError, with a sentence, if the model can't be used, or if it has other classes or another input.
    """
    model = load_model(folder, name)
    contract, classes = model.contract, channels[TRAINING].classes
    require_same_classes(classes, contract.labels, f"model {name}", str(data))
    require_input(channels[TRAINING], data / TRAINING, model)
    reason = ""
    try:
        run = load_on_gpu(folder, model, channels[HELD_OUT].images)
    except NoGpu as error:
        run, reason = partial(probabilities, model=model), str(error)
    digest = hashlib.sha256((folder / contract.file).read_bytes() + (folder / "model.json").read_bytes())
    document = contract.document
    return Teacher(
        name=name,
        version=contract.version,
        sha256=digest.hexdigest(),
        order=np.array([contract.labels.index(label) for label in classes], np.int64),
        flips=averages_mirror_image(document),
        seen=seen_by(model, channels),
        run=run,
        not_on_gpu=reason,
    )


def seen_by(model: LoadedModel, channels: dict[str, LabelledImages]) -> Seen:
    """What a model's own files say of the images for validation. channels: as for `load_teacher`."""
    document = model.contract.document
    trained = {field(document, "training", "faces_sha256"), field(document, "data", "sha256", TRAINING)} - {None}
    held_out = channels[HELD_OUT].sha256()
    if held_out in trained:
        return "trained"
    if channels[TRAINING].sha256() in trained or held_out == field(document, "data", "sha256", HELD_OUT):
        return "held_out"
    return "other_images" if trained else "unknown"


def warnings(teachers: Sequence[Teacher], data: Path) -> list[str]:
    """Sentences about teachers that may have seen the images by which they are measured."""
    too_good = "then its accuracy, the ensemble's, and that of a student that is chosen by these images are too high"
    sentences = {
        "trained": f"was trained on the validation images of {data}: {too_good}.",
        "other_images": f"was trained on other images than those of {data / TRAINING}, as its model.json says. It may "
        f"have seen validation images: {too_good}.",
        "unknown": f"has a model.json that does not say on which images it was trained. It may have seen validation "
        f"images: {too_good}.",
    }
    return [f"{teacher.name} {sentences[teacher.seen]}" for teacher in teachers if teacher.seen in sentences]
