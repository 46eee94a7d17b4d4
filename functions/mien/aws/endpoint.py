"""Faces → probabilities, through a SageMaker endpoint. Decides which failed calls (runtime.py) are retried, and how.

Two kinds of model can serve the endpoint. The setting ENDPOINT_INPUT says which:
- `batch`: our own container. It describes its model's labels and input (contract.py), and one call carries many faces
  as npy, uint8 [n, size, size] or [n, size, size, 3].
- `image`: SageMaker's built-in image classification. One call carries one face as PNG, RGB, 224x224.
Both answer with JSON (payloads.py).
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from mien.aws.clients import Timeouts
from mien.aws.runtime import Runtime
from mien.errors import (
    EndpointUnavailable,
    ModelExchanged,
    ModelFailed,
    ModelRefusedInput,
    OutOfTime,
    Retryable,
    Starting,
    TimedOut,
    TryAgain,
    WrongModel,
)
from mien.logic.circuit import Circuit
from mien.logic.contract import DESCRIBE, DESCRIBE_TYPE, NOT_DESCRIBED, Contract, built_in_contract, parse_contract
from mien.logic.deadline import Deadline
from mien.logic.payloads import check_answer, face_id, npy
from mien.logic.pictures import Face, encode_png
from mien.logic.results import Answer, Model
from mien.logic.waking import Waking
from mien.settings import Settings

# Seconds.
CONNECT_TIMEOUT = 2.0
# Calls of one invocation for the same faces.
MAX_ATTEMPTS = 4

Outcome = Answer | Exception
T = TypeVar("T")


class Endpoint:
    """A SageMaker endpoint. Its methods may be called from several threads.

    read_timeout: seconds for the response of one call.
    connections: how many threads call the endpoint at once.
    """

    def __init__(self, settings: Settings, read_timeout: float, connections: int):
        self.name = settings.endpoint_name
        self.input = settings.endpoint_input
        # The labels and the input of the model, once they are known.
        self.known = built_in_contract(settings.labels) if self.input == "image" else None
        timeouts = Timeouts(CONNECT_TIMEOUT, read_timeout, attempts=1)
        self.runtime = Runtime(self.name, self.input, timeouts, connections)
        self.longest_call = timeouts.longest
        self.circuit = Circuit()
        self.waking = Waking()

    def contract(self, deadline: Deadline) -> Contract:
        """Returns what the model reads and answers. Only the first call asks the model, and the first one after
        another model has answered.

        Raises TryAgain, or WrongModel if the endpoint does not describe its model.
        """
        return self.known or self.describe(deadline)

    def describe(self, deadline: Deadline) -> Contract:
        """Asks the model for its description, and remembers it. Raises as `contract` does."""
        self.require_readiness()
        if self.input == "batch":
            try:
                self.known = self.retry(lambda: self.guard(self.ask, deadline), deadline)
            except ModelRefusedInput as error:
                raise WrongModel(NOT_DESCRIBED) from error
        assert self.known
        return self.known

    def confirm(self, contract: Contract, outcomes: Sequence[Outcome], deadline: Deadline) -> Exception | None:
        """Returns why images that were read for a model must be read again, or None if they need not.

        A model that answers with its version confirms itself. Without an answer, as for photos without a face, and if
        another version has answered, the model is asked. A new version that reads images in the same way is fine,
        because its answers name their labels.

        outcomes: of the images' faces.
        """
        is_confirmed = self.known is contract and any(isinstance(outcome, tuple) for outcome in outcomes)
        if self.input == "image" or is_confirmed:
            return None
        try:
            now = self.describe(deadline)
        except Exception as error:
            return error
        if (now.target, now.faces) == (contract.target, contract.faces):
            return None
        return ModelExchanged(f"endpoint {self.name}: the model was exchanged after the images were read")

    def ask(self) -> Contract:
        return parse_contract(self.runtime.call(DESCRIBE_TYPE, DESCRIBE).body)

    def faces_per_call(self, contract: Contract) -> int:
        return contract.faces_per_call if self.input == "batch" else 1

    def classify(self, faces: Sequence[Face], deadline: Deadline) -> list[Outcome]:
        """Returns for each face its probabilities and the model, or the error why there are none, in order.

        All faces go into one call. It is retried while the failure may pass and the deadline leaves time. If the model
        fails because of its input, the halves are classified separately, so that one face can't fail the others.

        faces: at most `faces_per_call`.
        """
        try:
            self.require_readiness()
            return self.retry(lambda: self.invoke(faces, deadline), deadline)
        except (ModelFailed, ModelRefusedInput) as error:
            return self.classify_by_halves(faces, deadline, error)
        except Exception as error:
            return [error] * len(faces)

    def require_readiness(self) -> None:
        if self.circuit.is_open():
            raise TryAgain(f"endpoint {self.name} is down; no call was made", retry_after=self.circuit.seconds_open())
        if (seconds := self.waking.seconds_to_rest()) > 0:
            raise Starting(f"endpoint {self.name} may be starting; no call was made", retry_after=seconds)

    def retry(self, call: Callable[[], T], deadline: Deadline) -> T:
        """Retries a call with back-off. Raises the last attempt's error."""
        for attempt in range(1, MAX_ATTEMPTS):
            try:
                return call()
            except Retryable:
                if self.circuit.is_open() or not deadline.back_off(attempt, self.longest_call):
                    raise
        return call()

    def classify_by_halves(
        self,
        faces: Sequence[Face],
        deadline: Deadline,
        error: Exception,
        has_answered: bool = False,
    ) -> list[Outcome]:
        """Classifies the two halves of a failed call separately, and again their halves, down to single faces.

        If the model fails for both halves too, it is down, and is not called again. A refusal is final, so then each
        face is tried by itself.

        error: the failure of the call with all of these faces.
        has_answered: whether the model has answered any call since the first failure.
        """
        if len(faces) == 1:
            return [error]
        middle = len(faces) // 2
        halves: list[tuple[Sequence[Face], list[Outcome] | Exception]] = []
        for half in (faces[:middle], faces[middle:]):
            try:
                halves.append((half, self.invoke(half, deadline)))
            except Exception as failure:
                halves.append((half, failure))
        has_answered = has_answered or any(isinstance(outcome, list) for _, outcome in halves)
        if not has_answered and all(isinstance(outcome, TryAgain) for _, outcome in halves):
            return [error] * len(faces)
        outcomes: list[Outcome] = []
        for half, outcome in halves:
            if isinstance(outcome, list):
                outcomes += outcome
            else:
                outcomes += self.classify_by_halves(half, deadline, outcome, has_answered)
        return outcomes

    def invoke(self, faces: Sequence[Face], deadline: Deadline) -> list[Outcome]:
        """Makes one call. Raises as `guard` does, and ModelRefusedInput, WrongModel or ModelExchanged."""
        return self.guard(lambda: self.send(faces), deadline)

    def guard(self, call: Callable[[], T], deadline: Deadline) -> T:
        """Makes one call, and records in the circuit whether it worked. Raises OutOfTime or an EndpointUnavailable.

        A model that is starting does not count as a failure: an open circuit would delay its first answers.
        """
        if deadline.seconds_left() < self.longest_call:
            raise OutOfTime(f"endpoint {self.name}: there is no time left for a call")
        began = self.waking.clock()
        try:
            result = call()
        except Starting:
            raise
        except EndpointUnavailable as error:
            if isinstance(error, TimedOut) and self.waking.record_silence(began):
                raise Starting(f"endpoint {self.name}: the model does not answer yet; it may be starting") from error
            self.circuit.record_failure()
            error.retry_after = max(0, self.circuit.seconds_open())
            raise
        self.circuit.record_success()
        self.waking.record_answer()
        return result

    def send(self, faces: Sequence[Face]) -> list[Outcome]:
        content_type, body = self.encode(faces)
        try:
            reply = self.runtime.call(content_type, body)
        except ModelExchanged:
            self.known = None
            raise
        built_in = self.known.labels if self.known and self.input == "image" else None
        answer = check_answer(reply.body, [face_id(face) for face in faces], built_in, self.name)
        if self.known and self.input == "batch" and reply.version not in ("", self.known.version):
            # The answer is right: it names its own labels. But the next images are read for the new model.
            self.known = None
        model = Model(self.name, reply.variant, reply.version, answer.labels)
        return [row if isinstance(row, Exception) else (row, model) for row in answer.rows]

    def encode(self, faces: Sequence[Face]) -> tuple[str, bytes]:
        """Returns content type and body of a call."""
        if self.input == "batch":
            return "application/x-npy", npy(faces)
        [face] = faces
        return "application/x-image", encode_png(face)
