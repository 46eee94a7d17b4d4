"""The part of a model's card about its use: what it is for, what it is not for, and the law on inferring emotions."""

import re
from typing import Any

from training.evaluation.markdown import paragraph
from training.evaluation.provenance import is_fer2013

# Labels by which a model infers emotions. Two of them are enough: a model of fruit can have a class `orange`, and one
# of weather a class `angry`, by accident.
EMOTIONS = re.compile(
    "afraid|anger|angry|anxious|anxiety|bored|boredom|calm|confused|contempt|disgust|disgusted|excited|fear|fearful|"
    "frustrated|happiness|happy|joy|joyful|love|neutral|sad|sadness|scared|stressed|surprise|surprised",
    re.IGNORECASE,
)
LAW = (
    "If labels serve to infer emotions, the EU AI Act (Regulation (EU) 2024/1689) prohibits this at work and in "
    "education, except for medical or safety reasons (Article 5(1)(f)), lists it as high-risk elsewhere (Annex III, "
    "point 1(c)), and requires you to inform the people concerned (Article 50(3)). Pictures of people who can be "
    "identified are personal data under the GDPR (Regulation (EU) 2016/679): people can ask you to erase theirs "
    "(Article 17), and biometric data that serve to identify a person may be used only in the cases of Article 9; "
    "the model identifies nobody. This is not legal advice."
)
FACES = (
    "The model sorts many images of single, roughly frontal, cropped faces by how their expression looks to most "
    "people. It does not detect faces: it labels any image, even one of a wall."
)
PEOPLE = (
    "A label describes how a face looks. It does not say what a person feels, means or is about to do. The model must "
    "not be used to judge people: not in hiring, policing, schooling, insurance, medicine or at a border, and not "
    "wherever a wrong label harms somebody."
)
UNEVEN = (
    "The data do not represent people of different ages, skin colors and cultures evenly, and the errors per group "
    "have not been measured."
)


def use_section(contract: dict[str, Any], things: str) -> str:
    """The sections about the use of the model. contract: its model.json."""
    if not infers_emotions(contract["labels"]):
        return "## Use\n\n" + paragraph(
            f"The model gives each image one of its {len(contract['labels']):,} labels, also one that shows nothing of "
            "the kind. Its figures hold for images like those that it was measured on."
        )
    from_fer2013 = is_fer2013(contract)
    parts = [
        "## Intended use",
        paragraph(FACES)
        if from_fer2013
        else paragraph(f"The model labels {things} by how the expression of a face looks."),
        "## Uses that are not intended",
        paragraph(PEOPLE, UNEVEN if from_fer2013 else "The errors per group of people have not been measured."),
        paragraph(LAW),
    ]
    return "\n\n".join(parts)


def infers_emotions(labels: list[str]) -> bool:
    return sum(EMOTIONS.fullmatch(label) is not None for label in labels) > 1
