"""What each teacher answers for each copy of the images. Every answer is stored, so that a run can be continued.

DATA/.teachers has a file per teacher and copy. After an interruption, and with another teacher or more copies, a run
computes only what is missing. Deleting the folder loses nothing but time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from training.data.labelled_images import LabelledImages
from training.data.staging import PASSES
from training.distillation.copies import copy_in_parts
from training.distillation.teachers import Teacher

# A callback that gets the count of images that were computed since its last call.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Passes:
    """What teachers answer for one channel of images.

    data: the folder that `prepare` wrote.
    seed: of the changes that make copies.
    copies: how many copies there are, besides the images themselves, which are number 0.
    """

    data: Path
    images: LabelledImages
    seed: int
    copies: int

    @cached_property
    def digest(self) -> str:
        return self.images.sha256()[:16]

    def path(self, teacher: Teacher, number: int) -> Path:
        """Where the answers of a teacher for a copy are stored. The images themselves do not depend on the seed."""
        copy = f"{self.seed}-{number}" if number else "0"
        return self.data / PASSES / f"{teacher.sha256[:16]}-{self.digest}-{copy}.npy"

    def count_missing(self, teacher: Teacher) -> int:
        """How many images the teacher still has to answer, mirror images included."""
        missing = sum(not self.path(teacher, number).exists() for number in range(self.copies + 1))
        return missing * teacher.passes * len(self.images)

    def answers(self, teacher: Teacher, number: int, progress: Progress) -> np.ndarray:
        """The answers of a teacher for a copy: float16 [passes, n, classes]."""
        path = self.path(teacher, number)
        if path.exists():
            return np.asarray(np.load(path, allow_pickle=False))
        parts = []
        for part in copy_in_parts(self.images.images, self.seed, number):
            parts.append(teacher.probabilities(part).astype(np.float16))
            progress(len(part) * teacher.passes)
        computed = np.concatenate(parts, axis=1)
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".new")
        with unfinished.open("wb") as file:
            np.save(file, computed, allow_pickle=False)
        unfinished.replace(path)
        return computed

    def average(self, teacher: Teacher, progress: Progress) -> np.ndarray:
        """The mean of a teacher's answers for the images, for their copies, and for the mirror images of all.

        float32 [n, classes].
        """
        total = np.zeros((len(self.images), len(self.images.classes)), np.float32)
        for number in range(self.copies + 1):
            total += self.answers(teacher, number, progress).mean(axis=0, dtype=np.float32)
        return total / (self.copies + 1)
