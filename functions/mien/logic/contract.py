"""What the model behind the endpoint reads and answers, as its container describes it.

The labels and the input belong to the model, so the functions ask for them, and another model can be deployed at any
time. SageMaker's built-in image classification can't be asked: its input is fixed, and the template has its labels.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from mien.errors import Retryable, WrongModel
from mien.logic.labels import find_fault
from mien.logic.pictures import COLOR_224, MAX_FACES, ModelInput
from mien.logic.pixels import Mode

Faces = Literal["find", "whole"]

# A request of this type and body asks our container for the description of its model.
DESCRIBE_TYPE = "application/json"
DESCRIBE = b'{"describe": "model"}'
# Pixels per side of a model's input. A smaller one shows nothing, and a larger one fits into no call.
MIN_SIZE, MAX_SIZE = 16, 1024
MODES: dict[str, Mode] = {"gray": "L", "rgb": "RGB"}
COLORS = {mode: color for color, mode in MODES.items()}
# Bytes of pixels in one call. A serverless endpoint accepts 4 MB (Amazon SageMaker AI quotas).
MAX_CALL_BYTES = 3_500_000
# Faces in one call, and probabilities in one answer: 2 MB of JSON.
MAX_CALL_FACES = 1000
MAX_CALL_PROBABILITIES = 100_000
# Bytes of a document's faces: a page of 100 documents fits into the 6 MB that a function may answer. Of a model with
# many labels, fewer faces of an image are listed.
MAX_FACES_BYTES = 49_000
# Bytes of a face in a document, without its probabilities, and of a probability without its label: `"": 0.1234, `.
FACE_BYTES, PROBABILITY_BYTES = 200, 12


@dataclass(frozen=True)
class Contract:
    """What a model reads and answers.

    labels: in the order of the model's outputs.
    target: the model's input.
    faces: `find` if the model is for faces, which are looked for in photos; `whole` if it classifies whole images.
    version: of the model; empty for the built-in algorithm, which reports nothing.
    """

    labels: tuple[str, ...]
    target: ModelInput
    faces: Faces
    version: str = ""

    @property
    def faces_per_call(self) -> int:
        """How many faces fit into one call of a model that accepts several."""
        by_size = MAX_CALL_BYTES // self.target.bytes
        return max(1, min(MAX_CALL_FACES, by_size, MAX_CALL_PROBABILITIES // len(self.labels)))

    @property
    def listed_faces(self) -> int:
        """How many faces of an image are listed at most."""
        face = FACE_BYTES + sum(PROBABILITY_BYTES + len(label.encode()) for label in self.labels)
        # The document repeats the probabilities of the largest face.
        return max(1, min(MAX_FACES, MAX_FACES_BYTES // face - 1))

    @property
    def input_name(self) -> str:
        """The input's name in documents, such as gray-48."""
        return f"{COLORS[self.target.mode]}-{self.target.size}"


def built_in_contract(labels: tuple[str, ...]) -> Contract:
    """Returns the contract of SageMaker's built-in image classification. labels: from the template."""
    return Contract(labels, COLOR_224, "find")


def parse_contract(body: bytes) -> Contract:
    """Returns the contract in a container's description of its model.

    Raises Retryable if the body is not JSON, and WrongModel if it is not a description. Other fields are ignored.
    """
    try:
        description = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Retryable("the endpoint described its model with something that is not JSON") from error
    match description:
        case {
            "version": str(version),
            "labels": list(labels),
            "faces": "find" | "whole" as faces,
            "input": {"size": int(size), "color": "gray" | "rgb" as color},
        } if type(size) is int and MIN_SIZE <= size <= MAX_SIZE:
            if fault := find_fault(labels):
                raise WrongModel(f"The model's labels can't be used: {fault}.")
            return Contract(tuple(labels), ModelInput(size, MODES[color]), faces, version)
    raise WrongModel(NOT_DESCRIBED)


NOT_DESCRIBED = (
    "The endpoint does not describe its model, so its labels are not known. Deploy the model again with "
    "`python -m training deploy`, or set EndpointInput to image if SageMaker's built-in algorithm serves it."
)


def answered_labels(answer: Any) -> list[str] | None:
    """Returns the labels that our container has sent with the probabilities, or None if there are none."""
    match answer:
        case {"labels": list(labels)} if find_fault(labels) is None:
            return labels
    return None
