"""Decides which faces a model is trained on and which are held out for validation. Plain arrays, no files.

A selection is an array of face indices, int64 [n], in the order in which the faces are used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.data.labelled_images import LabelledImages

Strategy = Literal["stratified", "random"]


@dataclass(frozen=True)
class Split:
    """Two selections that have no index in common: int64 [n] and int64 [m]."""

    training: np.ndarray
    validation: np.ndarray


def exclude(faces: LabelledImages, others: LabelledImages) -> np.ndarray:
    """Selects the faces that are not among the others. Two faces are the same if all their pixels are equal."""
    return np.flatnonzero(~np.isin(faces.digests(), others.digests()))


def split(
    faces: LabelledImages,
    validation_share: float,
    seed: int,
    strategy: Strategy = "stratified",
    keep_duplicates: bool = False,
) -> Split:
    """Splits the faces into shuffled training and validation selections. The same seed gives the same split.

    validation_share: from 0 to 1, the share of faces that is held out.
    strategy: "stratified" holds out this share of every class, "random" holds out this share of all faces.
    keep_duplicates: by default, faces with equal pixels stay on one side, even if their labels differ. Otherwise the
        validation would contain faces that the model has seen. True allows them on both sides.
    """
    generator = np.random.default_rng(seed)
    identities = np.arange(len(faces)) if keep_duplicates else faces.digests()
    _, first_of_group, group_of_face = np.unique(identities, return_index=True, return_inverse=True)
    held_out = np.zeros(len(first_of_group), bool)
    strata = faces.labels[first_of_group] if strategy == "stratified" else np.zeros(len(first_of_group), np.int64)
    for stratum in range(len(faces.classes)):
        groups = np.flatnonzero(strata == stratum)
        held_out[generator.permutation(groups)[: round(validation_share * len(groups))]] = True
    order = generator.permutation(len(faces))
    in_validation = held_out[group_of_face][order]
    return Split(order[~in_validation], order[in_validation])


def split_as_given(
    faces: LabelledImages, in_validation: np.ndarray, seed: int, keep_duplicates: bool = False
) -> tuple[Split, int]:
    """Shuffles the two sides of data that is split already.

    in_validation: bool [n].
    keep_duplicates: by default, a validation image with the pixels of a training image is left out: the model has seen
        it. True keeps it.

    Returns the selections, and how many images were left out of validation.
    """
    order = np.random.default_rng(seed).permutation(len(faces))
    training, validation = order[~in_validation[order]], order[in_validation[order]]
    is_new = np.ones(len(validation), bool)
    if not keep_duplicates:
        is_new = ~np.isin(faces.digests()[validation], faces.digests()[training])
    return Split(training, validation[is_new]), int((~is_new).sum())


def limit_per_class(faces: LabelledImages, selection: np.ndarray, limit: int) -> np.ndarray:
    """Keeps at most `limit` selected faces of each class."""
    return first_of_each_class(selection, faces.labels, dict.fromkeys(range(len(faces.classes)), limit))


def subsample(
    faces: LabelledImages, selection: np.ndarray, shares: Mapping[str, float], total: int | None = None
) -> np.ndarray:
    """Keeps a share of some classes and, if a total is given, reduces all other classes by one factor to reach it.

        subsample(faces, selection, {"happy": 0.66}, total=10_602)

    shares: from a class's name to the share to keep, from 0 to 1.
    total: how many faces to keep; None keeps all faces of the classes that have no share.

    Raises ValueError if a name is not one of the classes, or if the total is smaller than the shares alone, or larger
    than all faces.
    """
    if unknown := [name for name in shares if name not in faces.classes]:
        raise ValueError(f"{unknown[0]!r} is not a class of this data: the classes are {', '.join(faces.classes)}")
    available = np.bincount(faces.labels[selection], minlength=len(faces.classes))
    counts = {
        label: round(shares[name] * int(available[label])) for label, name in enumerate(faces.classes) if name in shares
    }
    other_classes = [label for label in range(len(faces.classes)) if label not in counts]
    if total is not None:
        fixed = sum(counts.values())
        others_available = int(available[other_classes].sum())
        others_desired = total - fixed
        if not 0 <= others_desired <= others_available:
            raise ValueError(
                f"{total:,} samples are not possible with these shares: choose from {fixed:,} to "
                f"{fixed + others_available:,}"
            )
        factor = others_desired / others_available if others_available else 0
        # Rounding the running sum, and not each count, makes the counts add up to the total.
        ends = np.rint(np.cumsum(available[other_classes]) * factor).astype(int)
        counts |= dict(zip(other_classes, np.diff(ends, prepend=0).tolist(), strict=True))
    return first_of_each_class(selection, faces.labels, counts)


def first_of_each_class(selection: np.ndarray, labels: np.ndarray, counts: Mapping[int, int]) -> np.ndarray:
    """Keeps the first `counts[label]` selected faces of each class in `counts`, and all faces of the other classes."""
    keep = np.ones(len(selection), bool)
    for label, count in counts.items():
        keep[np.flatnonzero(labels[selection] == label)[count:]] = False
    return selection[keep]
