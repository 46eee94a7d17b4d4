"""How often results are right, from reviews. Plain functions; docs/operations.md has the definitions."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

# Answers that are not labels.
NOT_A_FACE = "not_a_face"
UNSURE = "unsure"
# A result without a label is right: a face that is too small, or an image without a face.
RIGHT = "right"
# As many reviewers gave one answer as another.
DISPUTED = "disputed"
# The standard normal distribution has 95% of its values within this distance of 0.
Z = 1.959964


@dataclass(frozen=True)
class ReviewedFace:
    """A face of a current result, with what its reviewers say.

    image: object key of the image.
    number: of the face, from 1; 0 for an image in which no face was found.
    predicted: label in the result; None if it has none.
    answers: one per reviewer: a label, or NOT_A_FACE, UNSURE or RIGHT.
    """

    image: str
    number: int
    predicted: str | None
    answers: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The answer of most reviewers who are sure; UNSURE if nobody is, DISPUTED if no answer has the most."""
        counted = Counter(answer for answer in self.answers if answer != UNSURE).most_common(2)
        if not counted:
            return UNSURE
        if len(counted) == 2 and counted[0][1] == counted[1][1]:
            return DISPUTED
        return counted[0][0]


@dataclass(frozen=True)
class Share:
    """A part of a number of faces, or of pairs of reviewers."""

    part: int
    total: int

    def interval(self) -> tuple[float, float]:
        """Returns the limits of the 95% interval, from 0 to 1.

        Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
        """
        if not self.total:
            return 0.0, 1.0
        share, weight = self.part / self.total, Z**2 / self.total
        center = (share + weight / 2) / (1 + weight)
        half = math.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
        return max(0.0, center - half), min(1.0, center + half)


# How many faces have an answer and a label in the result, by both: (answer, predicted).
Confusion = Counter[tuple[str, str]]


def confusion(faces: Iterable[ReviewedFace], labels: Sequence[str]) -> Confusion:
    """Counts the faces that have a label in the result, and a label as their answer."""
    return Counter((face.answer, face.predicted) for face in faces if face.predicted and face.answer in labels)


def accuracy(counts: Confusion) -> Share:
    return Share(sum(number for (answer, predicted), number in counts.items() if answer == predicted), counts.total())


def recall(counts: Confusion, label: str) -> Share:
    """Of the faces that show the label, those that got it."""
    return Share(counts[label, label], sum(n for (answer, _), n in counts.items() if answer == label))


def precision(counts: Confusion, label: str) -> Share:
    """Of the faces that got the label, those that show it."""
    return Share(counts[label, label], sum(n for (_, predicted), n in counts.items() if predicted == label))


def agreement(faces: Iterable[ReviewedFace]) -> Share:
    """Of the pairs of reviewers of one face who are both sure, those who give the same answer."""
    pairs = [pair for face in faces for pair in combinations([a for a in face.answers if a != UNSURE], 2)]
    return Share(sum(one == other for one, other in pairs), len(pairs))
