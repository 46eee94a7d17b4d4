"""Uploads → their documents in the bucket, one batch at a time: read, decode, classify, write."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from mien.aws.endpoint import Answer, Endpoint
from mien.aws.storage import TIMEOUTS, Storage
from mien.errors import Rejected, TryAgain
from mien.logic.chunks import chunks
from mien.logic.deadline import Deadline
from mien.logic.images import MAX_BYTES, Face
from mien.logic.results import Result, classified, image_fields, rejected
from mien.logic.uploads import Upload
from mien.settings import Settings

# Threads. At most this many files are in memory at once; images.MAX_BYTES depends on it.
WORKERS = 8
# Seconds for the endpoint's response.
READ_TIMEOUT = 20.0

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What happened to a batch.

    written: the documents that are now in the bucket.
    failures: the uploads that have no document, and why. Outdated ones need none.
    """

    written: dict[Upload, Result]
    failures: dict[Upload, Exception]


class Batches:
    """The steps from uploads to documents, over one bucket and one endpoint."""

    def __init__(self, settings: Settings):
        self.storage = Storage(settings, connections=WORKERS)
        self.endpoint = Endpoint(settings, READ_TIMEOUT, connections=WORKERS)

    def classify(self, uploads: Sequence[Upload], deadline: Deadline) -> Outcome:
        """Classifies a batch. Work that can't be finished by the deadline fails with TryAgain.

        Each step leaves the time that the following steps need.
        """
        answer_deadline = deadline.earlier(TIMEOUTS.longest)
        read_deadline = answer_deadline.earlier(self.endpoint.longest_call)
        with ThreadPoolExecutor(WORKERS) as pool:
            faces, failures = self.read_faces(pool, uploads, read_deadline)
            answers, unanswered = self.classify_faces(pool, faces, answer_deadline)
            failures |= unanswered
            documents: dict[Upload, Result] = {}
            for upload, (probabilities, model) in answers.items():
                face = faces[upload]
                documents[upload] = classified(probabilities, image_fields(upload, face.width, face.height), model)
            for upload, error in failures.items():
                if isinstance(error, Rejected):
                    documents[upload] = rejected(error, image_fields(upload))
            write = partial(self.write_document, documents, deadline)
            written, unwritten = run_all(pool, write, list(documents))
        failed = {upload: error for upload, error in failures.items() if upload not in documents} | unwritten
        return Outcome({upload: documents[upload] for upload in written}, failed)

    def read_faces(
        self,
        pool: Executor,
        uploads: Iterable[Upload],
        deadline: Deadline,
    ) -> tuple[dict[Upload, Face], dict[Upload, Exception]]:
        """Reads a few files ahead in the pool's threads, and decodes them one after the other in this thread.

        Decoding needs a processor, and a function has about one. It can also need much memory, which the C library
        keeps for each thread that ever used it: decoding in eight threads would cost eight times the memory.
        """
        faces: dict[Upload, Face] = {}
        failures: dict[Upload, Exception] = {}
        for upload, data in read_ahead(pool, partial(self.read_file, deadline), uploads):
            try:
                require_time(deadline, 0)
                faces[upload] = self.endpoint.read_face(data.result())
            except Exception as error:
                failures[upload] = error
        return faces, failures

    def read_file(self, deadline: Deadline, upload: Upload) -> bytes:
        require_time(deadline, 0)
        if upload.size > MAX_BYTES:
            raise Rejected("too_large", f"The file has {upload.size:,} bytes; the limit is {MAX_BYTES:,}.")
        return self.storage.read(upload, MAX_BYTES)

    def classify_faces(
        self,
        pool: Executor,
        faces: dict[Upload, Face],
        deadline: Deadline,
    ) -> tuple[dict[Upload, Answer], dict[Upload, Exception]]:
        """Classifies all faces with as few calls as the endpoint allows."""
        batches = list(chunks(faces, self.endpoint.faces_per_call))
        classify = partial(self.endpoint.classify, deadline=deadline)
        outcomes = pool.map(lambda batch: classify([faces[upload] for upload in batch]), batches)
        answers: dict[Upload, Answer] = {}
        failures: dict[Upload, Exception] = {}
        for batch, batch_outcomes in zip(batches, outcomes, strict=True):
            for upload, outcome in zip(batch, batch_outcomes, strict=True):
                if isinstance(outcome, Exception):
                    failures[upload] = outcome
                else:
                    answers[upload] = outcome
        return answers, failures

    def write_document(self, documents: dict[Upload, Result], deadline: Deadline, upload: Upload) -> None:
        require_time(deadline, TIMEOUTS.longest)
        self.storage.write(upload, documents[upload])


def require_time(deadline: Deadline, seconds: float) -> None:
    """Raises TryAgain if less time is left than a step needs."""
    if deadline.seconds_left() < seconds:
        raise TryAgain("there was no time left in this invocation")


def run_all(pool: Executor, step: Callable[[K], T], items: Sequence[K]) -> tuple[dict[K, T], dict[K, Exception]]:
    """Runs a step for all items at once. Returns the results and the errors; no error affects another item."""
    futures = {item: pool.submit(step, item) for item in items}
    results: dict[K, T] = {}
    failures: dict[K, Exception] = {}
    for item, future in futures.items():
        try:
            results[item] = future.result()
        except Exception as error:
            failures[item] = error
    return results, failures


def read_ahead(pool: Executor, step: Callable[[K], T], items: Iterable[K]) -> Iterator[tuple[K, Future[T]]]:
    """Yields each item with its step's future, in order. At most WORKERS steps are started and not yet yielded."""
    started: deque[tuple[K, Future[T]]] = deque()
    for item in items:
        started.append((item, pool.submit(step, item)))
        if len(started) == WORKERS:
            yield started.popleft()
    while started:
        yield started.popleft()
