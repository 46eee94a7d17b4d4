"""Which faces are trained on, and which are held out: plain decisions over labels and digests.

A selection is the faces' indices, int64 [n], in the order in which they are to be used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mien.logic.labels import LABELS
from training.data.fer2013 import Faces

How = Literal["stratified", "random"]


@dataclass(frozen=True)
class Split:
    """Two selections that have no face in common."""

    training: np.ndarray
    validation: np.ndarray


def without(faces: Faces, others: Faces) -> np.ndarray:
    """The faces that don't occur, to the pixel, among the others: a selection."""
    return np.flatnonzero(~np.isin(faces.digests(), others.digests()))


def split(
    faces: Faces,
    share: float,
    seed: int,
    how: How = "stratified",
    keep_duplicates: bool = False,
) -> Split:
    """About `share` of the faces into validation: of each class, or (random) of all. Both sides are shuffled.

    Faces of the same pixels stay on one side, whatever their labels, unless duplicates are kept: otherwise the
    validation would in part be an examination with the answers known.
    """
    chance = np.random.default_rng(seed)
    names = np.arange(len(faces)) if keep_duplicates else faces.digests()
    _, first, group = np.unique(names, return_index=True, return_inverse=True)
    held = np.zeros(len(first), bool)
    strata = faces.labels[first] if how == "stratified" else np.zeros(len(first), np.int64)
    for stratum in range(len(LABELS)):
        groups = np.flatnonzero(strata == stratum)
        held[chance.permutation(groups)[: round(share * len(groups))]] = True
    order = chance.permutation(len(faces))
    return Split(order[~held[group][order]], order[held[group][order]])


def capped(selection: np.ndarray, labels: np.ndarray, per_class: int) -> np.ndarray:
    """At most `per_class` faces of each class, in the selection's order."""
    return kept(selection, labels, dict.fromkeys(range(len(LABELS)), per_class))


def thinned(
    selection: np.ndarray, labels: np.ndarray, shares: Mapping[int, float], total: int | None = None
) -> np.ndarray:
    """The named share of each class; and, where a total is asked for, as many of the other classes as make it up.

    shares: from a class's index to a share from 0 to 1. Raises ValueError where the total can't be reached.
    """
    there = np.bincount(labels[selection], minlength=len(LABELS))
    counts = {label: round(share * int(there[label])) for label, share in shares.items()}
    others = [label for label in range(len(LABELS)) if label not in shares]
    if total is not None:
        wanted, possible = total - sum(counts.values()), int(there[others].sum())
        if not 0 <= wanted <= possible:
            fixed = sum(counts.values())
            raise ValueError(f"{total:,} samples can't be drawn: from {fixed:,} to {fixed + possible:,} are there")
        # Rounded so that the parts add up: each class gets what lies between two rounded running sums.
        ends = np.rint(np.cumsum(there[others]) * (wanted / possible if possible else 0)).astype(int)
        counts |= dict(zip(others, np.diff(ends, prepend=0).tolist(), strict=True))
    return kept(selection, labels, counts)


def kept(selection: np.ndarray, labels: np.ndarray, counts: Mapping[int, int]) -> np.ndarray:
    """The first `counts[label]` faces of each class named, and all of the others, in the selection's order."""
    keep = np.ones(len(selection), bool)
    for label, count in counts.items():
        keep[np.flatnonzero(labels[selection] == label)[count:]] = False
    return selection[keep]
