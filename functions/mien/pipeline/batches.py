"""Uploads → their documents in the bucket: one batch, a step for all of it at a time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from mien.aws.endpoint import Answer, Endpoint
from mien.aws.storage import LONGEST, Storage
from mien.errors import Rejected, TryAgain
from mien.logic.deadline import Deadline
from mien.logic.images import MAX_BYTES, Face
from mien.logic.results import Result, classified, image_of, rejected
from mien.logic.uploads import Upload
from mien.settings import Settings

# At most this many files lie in memory at once; images.MAX_BYTES counts on it.
WORKERS = 8
READ_TIMEOUT = 20.0

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """written: the documents that are in the bucket now; failures: the uploads that have none yet, and why."""

    written: dict[Upload, Result]
    failures: dict[Upload, Exception]


class Batches:
    def __init__(self, settings: Settings):
        self.storage = Storage(settings, connections=WORKERS)
        self.endpoint = Endpoint(settings, READ_TIMEOUT, connections=WORKERS)

    def classify(self, uploads: Sequence[Upload], deadline: Deadline) -> Outcome:
        """What can't be done by the deadline fails: each step keeps the time that the next ones need."""
        answered = deadline.before(LONGEST)
        with ThreadPoolExecutor(WORKERS) as pool:
            faces, failures = self.read(pool, uploads, answered.before(self.endpoint.longest))
            answers, unanswered = self.probabilities(pool, faces, answered)
            failures |= unanswered
            documents: dict[Upload, Result] = {}
            for upload, (row, model) in answers.items():
                face = faces[upload]
                documents[upload] = classified(row, image_of(upload, face.width, face.height), model)
            for upload, error in failures.items():
                if isinstance(error, Rejected):
                    documents[upload] = rejected(error, image_of(upload))
            written, unwritten = attempt(pool, partial(self.write, documents, deadline), list(documents))
        failed = {upload: error for upload, error in failures.items() if upload not in documents} | unwritten
        return Outcome({upload: documents[upload] for upload in written}, failed)

    def read(
        self, pool: Executor, uploads: Iterable[Upload], deadline: Deadline
    ) -> tuple[dict[Upload, Face], dict[Upload, Exception]]:
        """Reads a few files ahead, and decodes them one after the other.

        Decoding is work for a processor, of which there is about one, and may take much memory. It stays in this
        thread, because the C library keeps what each thread once had: eight that decode in turn cost eight times the
        memory.
        """
        faces: dict[Upload, Face] = {}
        failures: dict[Upload, Exception] = {}
        for upload, data in ahead(pool, partial(self.fetch, deadline), uploads):
            try:
                in_time(deadline, 0)
                faces[upload] = self.endpoint.face(data.result())
            except Exception as error:
                failures[upload] = error
        return faces, failures

    def fetch(self, deadline: Deadline, upload: Upload) -> bytes:
        in_time(deadline, 0)
        if upload.size > MAX_BYTES:
            raise Rejected("too_large", f"The file has {upload.size:,} bytes; the limit is {MAX_BYTES:,}.")
        return self.storage.read(upload, MAX_BYTES)

    def probabilities(
        self, pool: Executor, faces: dict[Upload, Face], deadline: Deadline
    ) -> tuple[dict[Upload, Answer], dict[Upload, Exception]]:
        """As few calls as the endpoint allows."""
        batches = list(batched(faces, self.endpoint.faces_per_call))
        call = partial(self.endpoint.classify, deadline=deadline)
        outcomes = pool.map(lambda batch: call([faces[upload] for upload in batch]), batches)
        answers: dict[Upload, Answer] = {}
        failures: dict[Upload, Exception] = {}
        for batch, outcome in zip(batches, outcomes, strict=True):
            for upload, answer in zip(batch, outcome, strict=True):
                if isinstance(answer, Exception):
                    failures[upload] = answer
                else:
                    answers[upload] = answer
        return answers, failures

    def write(self, documents: dict[Upload, Result], deadline: Deadline, upload: Upload) -> None:
        in_time(deadline, LONGEST)
        self.storage.write(upload, documents[upload])


def in_time(deadline: Deadline, needed: float) -> None:
    """Raises TryAgain where less time is left than a step needs."""
    if deadline.left() < needed:
        raise TryAgain("there was no time left for it in this invocation")


def attempt(pool: Executor, step: Callable[[K], T], items: Sequence[K]) -> tuple[dict[K, T], dict[K, Exception]]:
    """Takes a step for all items at once: → what came of each, or what it raised. None fails another."""
    steps = {item: pool.submit(step, item) for item in items}
    done: dict[K, T] = {}
    failures: dict[K, Exception] = {}
    for item, taken in steps.items():
        try:
            done[item] = taken.result()
        except Exception as error:
            failures[item] = error
    return done, failures


def ahead(pool: Executor, step: Callable[[K], T], items: Iterable[K]) -> Iterator[tuple[K, Future[T]]]:
    """Each item with its step, in order; at most WORKERS steps are begun and not yet handed over."""
    begun: deque[tuple[K, Future[T]]] = deque()
    for item in items:
        begun.append((item, pool.submit(step, item)))
        if len(begun) == WORKERS:
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def batched(uploads: Iterable[Upload], size: int) -> Iterator[tuple[Upload, ...]]:
    rest = iter(uploads)
    while batch := tuple(islice(rest, size)):
        yield batch
