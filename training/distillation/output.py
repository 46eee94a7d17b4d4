"""Writes soft labels beside the training images, with what is known of the teachers."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from training.data.labelled_images import LabelledImages
from training.distillation.copies import KINDS, STRENGTH
from training.distillation.figures import Figures, average
from training.distillation.teachers import Teacher
from training.evaluation.channels import TRAINING

sys.path.insert(0, str(Path(__file__).parent.parent / "container"))

import soft_labels


def write_soft_labels(
    data: Path,
    teachers: Sequence[Teacher],
    labelled: Sequence[np.ndarray],
    figures: Sequence[Figures],
    training: LabelledImages,
    copies: int,
    seed: int,
) -> Path:
    """Writes the average of what the teachers answer, and returns the path of the file.

    data: the folder that `prepare` wrote.
    labelled: of each teacher, float32 [n, classes].
    figures: of each teacher, in the same order, and of the average if there are several teachers.

    What is known of the teachers becomes a part of the file, and of the model.json of each model that learns from it.
    """
    description = {
        "faces_sha256": training.sha256(),
        "teachers": [
            {"version": teacher.version, "seen": teacher.seen, **asdict(row)}
            for teacher, row in zip(teachers, figures, strict=False)
        ],
        **({"average": asdict(figures[-1])} if len(figures) > len(teachers) else {}),
        "copies": copies,
        "changes": {"kinds": list(KINDS), "strength": STRENGTH},
        "seed": seed,
    }
    return soft_labels.write(data / TRAINING, average(labelled), training.classes, description)
