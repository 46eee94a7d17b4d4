"""FER2013's csv → the channels of a training job: `train/faces.npz` and `validation/faces.npz`, as
`container/train.py` reads them. And → image files, a folder a class.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from mien.expressions import LABELS
from training.fer2013 import Faces


def without(faces: Faces, others: Faces) -> Faces:
    """The faces that don't occur, to the pixel, among the others."""
    return faces[~np.isin(faces.digests(), others.digests())]


def split(faces: Faces, share: float, seed: int) -> tuple[Faces, Faces]:
    """Faces → (training, validation), shuffled, with about `share` of each class in validation.

    Faces of the same pixels stay on one side, whatever their labels: otherwise the validation would in part be
    an examination with the answers known.
    """
    chance = np.random.default_rng(seed)
    digests, first, group = np.unique(faces.digests(), return_index=True, return_inverse=True)
    held = np.zeros(len(digests), bool)
    label_of_group = faces.labels[first]
    for label in range(len(LABELS)):
        groups = np.flatnonzero(label_of_group == label)
        held[chance.permutation(groups)[: round(share * len(groups))]] = True
    order = chance.permutation(len(faces))
    shuffled, validation = faces[order], held[group][order]
    return shuffled[~validation], shuffled[validation]


def write(faces: Faces, channel: Path) -> Path:
    """Writes a channel's faces.npz, and says where."""
    channel.mkdir(parents=True, exist_ok=True)
    path = channel / "faces.npz"
    np.savez_compressed(path, images=faces.images, labels=faces.labels, classes=np.array(LABELS))
    return path


def write_images(faces: Faces, folder: Path) -> int:
    """Writes `folder/<class>/<index>.png`, lossless; the index is the face's place in the csv. Returns the count."""
    for index, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        path = folder / LABELS[label] / f"{index:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path, compress_level=1)
    return len(faces)
