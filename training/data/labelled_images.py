"""Images with one label each, and the names of their classes: what all sources of training data become."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

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
        return self._digests

    @cached_property
    def _digests(self) -> np.ndarray:
        # str [0] if there are no images: an array of floats could not be compared with other digests.
        return np.array([hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest() for image in self.images], "U32")

    def contradictions(self) -> np.ndarray:
        """The images whose pixels occur in another class too, int64 [k], copies of one image beside one another."""
        _, group = np.unique(self.digests(), return_inverse=True)
        lowest = np.full(group.max(initial=-1) + 1, len(self.classes))
        highest = np.zeros_like(lowest)
        np.minimum.at(lowest, group, self.labels)
        np.maximum.at(highest, group, self.labels)
        found = np.flatnonzero((lowest != highest)[group])
        return found[np.argsort(group[found], kind="stable")]

    def sha256(self) -> str:
        """A digest of all pixels and labels in their order. train.py writes the same of its images to model.json."""
        # A view of the bytes, not a copy: the images can be half of the memory.
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()
