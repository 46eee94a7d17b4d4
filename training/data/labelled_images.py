"""Images with one label each, and the names of their classes: what all sources of training data become."""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelledImages:
    """Labelled images, all of one size.

    images: uint8 [n, size, size], gray; or uint8 [n, size, size, 3], RGB.
    labels: int64 [n], indices into `classes`.
    classes: the names of the classes, in the order of the model's outputs.
    votes: uint8 [n, answers], how many people gave each answer (`fer2013.VOTE_COLUMNS`); zeros if nobody voted on the
        image. None if no votes were read.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: list[str]
    votes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, selection: np.ndarray) -> "LabelledImages":
        """The selected images. selection: int64 [k], indices of images; or bool [n]."""
        votes = None if self.votes is None else self.votes[selection]
        return LabelledImages(self.images[selection], self.labels[selection], self.classes, votes)

    def digests(self) -> np.ndarray:
        """One digest per image, str [n]. Two images have the same digest if all their pixels are equal."""
        return np.array([hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest() for image in self.images])

    def sha256(self) -> str:
        """A digest of all pixels and labels in their order. train.py writes the same of its images to model.json."""
        return hashlib.sha256(self.images.tobytes() + self.labels.tobytes()).hexdigest()
