"""An endpoint whose model takes 40 seconds to start: what becomes of the images and the requests that wake it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from mien.errors import Starting
from mien.logic.circuit import Circuit
from mien.logic.contract import DESCRIBE
from mien.logic.deadline import RESPONSE_SECONDS, Deadline
from mien.logic.messages import Message
from mien.logic.problems import describe_error
from mien.logic.retries import Retry, decide_retry
from mien.logic.uploads import Upload
from mien.logic.waking import Waking
from mien.pipeline.batches import READ_TIMEOUT
from mien.pipeline.health import Health
from mien.pipeline.single_documents import SingleDocuments
from tests.support.clock import Clock
from tests.support.endpoints import endpoint_at
from tests.support.memory_bucket import MemoryBucket
from tests.support.pictures import SETTINGS
from tests.support.sagemaker_runtime import DESCRIPTION, SILENCE, Reply, even_rows, reply, serving

START = 40.0
INBOX_SECONDS = 75.0


@dataclass
class SleepingModel:
    """A model that starts with its first call. Calls that it does not answer in time move the clock to their timeout.

    timeout: seconds that a client waits, as the clock counts them. The real client waits for a moment only.
    """

    clock: Clock
    timeout: float
    ready_at: float | None = None
    silent_calls: int = 0

    def __call__(self, body: bytes) -> Reply | None:
        if self.ready_at is None:
            self.ready_at = self.clock.now + START
        if self.clock.now + self.timeout < self.ready_at:
            self.silent_calls += 1
            self.clock.now += self.timeout
            return SILENCE
        self.clock.now = max(self.clock.now, self.ready_at)
        return reply(200, DESCRIPTION | {"faces": "whole"}) if body == DESCRIBE else even_rows(body)


@contextmanager
def sleeping_endpoint(
    timeout: float, bucket: MemoryBucket | None = None
) -> Iterator[tuple[SingleDocuments, SleepingModel, Clock]]:
    """Yields the steps of the inbox over a bucket and an endpoint that sleeps, its model, and the clock of both."""
    clock = Clock(1_000_000.0)
    model = SleepingModel(clock, timeout)
    with serving(model, description=None) as (url, _), pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        steps = SingleDocuments(replace(SETTINGS, faces="whole"))
        steps.batches.s3 = steps.storage.s3 = bucket or MemoryBucket()
        steps.batches.endpoint = endpoint_at(url, read_timeout=0.2)
        steps.batches.endpoint.circuit = Circuit(clock)
        steps.batches.endpoint.waking = Waking(clock)
        yield steps, model, clock


def upload_of(message: Message) -> Upload:
    return Upload("bucket", f"inbox/{message.id}.png", "v1", "e", 1000, "0A")


def test_all_images_of_a_batch_that_wakes_the_model_get_their_documents(sample: bytes) -> None:
    messages = [Message(str(n), "r", "{}", attempt=0, receives=1, isolation=0, since=1_000_000.0) for n in range(32)]
    bucket = MemoryBucket()
    for message in messages:
        bucket.store(upload_of(message).key, sample, "v1")
    with sleeping_endpoint(READ_TIMEOUT, bucket) as (steps, model, clock):
        waiting = dict.fromkeys(messages, clock.now)
        attempts = set()
        while waiting:
            clock.now = max(clock.now, max(waiting.values()))
            deadline = Deadline(clock.now + INBOX_SECONDS - RESPONSE_SECONDS, clock, clock.sleep)
            uploads = {upload_of(message): message for message in waiting}
            outcome = steps.handle(list(uploads), deadline)
            waiting.clear()
            for upload, error in outcome.failures.items():
                assert isinstance(upload, Upload)
                decided = decide_retry(uploads[upload], [error], clock.now, jitter=1.0)
                assert isinstance(decided, Retry), decided
                attempts.add(decided.attempt)
                waiting[replace(uploads[upload], attempt=decided.attempt)] = clock.now + decided.delay
        documents = [json.loads(found.body) for key, found in bucket.objects.items() if key.startswith("results/")]
        assert [document["status"] for document in documents] == ["classified"] * 32
        assert attempts == {0}
        assert steps.batches.endpoint.circuit.failures == 0
        assert model.silent_calls == 1
        assert clock.now - 1_000_000 == START


def test_health_says_when_to_ask_again_until_the_model_has_started() -> None:
    with sleeping_endpoint(timeout=10) as (steps, _, clock):
        health = Health(steps.batches.endpoint, clock)
        answers = []
        for _ in range(10):
            try:
                contract = health.check(Deadline(clock.now + 26, clock, clock.sleep))
                break
            except Starting as error:
                problem = describe_error(error)
                answers.append((problem.status, problem.reason))
                clock.now += int(problem.headers["Retry-After"])
    assert contract.labels == DESCRIPTION["labels"]
    # Both calls last 10 s, and the client waits for 5 s after each. The third call is made after 30 s.
    assert answers == [(503, "starting")] * 2
    assert clock.now - 1_000_000 == START
    assert steps.batches.endpoint.circuit.failures == 0


def test_a_model_that_never_starts_opens_the_circuit_after_three_minutes(sample: bytes) -> None:
    with sleeping_endpoint(READ_TIMEOUT) as (steps, model, clock):
        model.ready_at = clock.now + 3600
        upload = Upload("bucket", "inbox/1.png", "v1", "e", 1000, "0A")
        while not steps.batches.endpoint.circuit.is_open():
            assert clock.now - 1_000_000 < 600
            outcome = steps.handle([upload], Deadline(clock.now + INBOX_SECONDS, clock, clock.sleep))
            assert not outcome.written
            clock.now += 10
    assert clock.now - 1_000_000 > 180
