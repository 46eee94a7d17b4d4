"""Storage events → result documents: the function behind the inbox's queue."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien.deadline import Deadline
from mien.endpoint import Answer, Endpoint
from mien.errors import Rejected, TryAgain
from mien.images import MAX_BYTES, Face
from mien.results import Result, classified, image_of, rejected
from mien.settings import settings
from mien.storage import LONGEST, Storage
from mien.uploads import Delivery, Upload, deliveries

# At most this many files lie in memory at once; images.MAX_BYTES counts on it.
WORKERS = 8

K = TypeVar("K")
T = TypeVar("T")

logger = Logger(service="inbox")
metrics = Metrics(namespace="Mien", service="inbox")

SETTINGS = settings()
storage = Storage(SETTINGS, connections=WORKERS)
endpoint = Endpoint(SETTINGS, read_timeout=20, connections=WORKERS)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the messages that are to be delivered again. A direct event that failed raises instead."""
    arrived = deliveries(event)
    wanted = [upload for delivery in arrived for upload in delivery.uploads if ours(upload)]
    # Twice in one batch is a duplicate like any other; once is enough.
    failures = classify(list(dict.fromkeys(wanted)), Deadline.of(context))
    failed = [delivery for delivery in arrived if delivery.fault or any(u in failures for u in delivery.uploads)]
    for delivery in failed:
        report(delivery, failures)
    metrics.add_metric("MessagesFailed", MetricUnit.Count, len(failed))
    direct = [
        failures[u] for delivery in failed if delivery.message_id is None for u in delivery.uploads if u in failures
    ]
    if direct:
        raise direct[0]
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}


def ours(upload: Upload) -> bool:
    """The notification's filter keeps other prefixes out; a wrong one must not make a loop of results of results."""
    return upload.key.startswith(SETTINGS.inbox_prefix)


def classify(uploads: Sequence[Upload], deadline: Deadline) -> dict[Upload, Exception]:
    """Uploads → their documents in the bucket. Returns those that have none yet, and why.

    What can't be done by the deadline is among them: each step keeps the time that the next ones need.
    """
    answered = deadline.before(LONGEST)
    with ThreadPoolExecutor(WORKERS) as pool:
        faces, failures = read(pool, uploads, answered.before(endpoint.longest))
        answers, unanswered = probabilities(pool, faces, answered)
        failures |= unanswered
        documents: dict[Upload, Result] = {}
        for upload, (row, model) in answers.items():
            face = faces[upload]
            documents[upload] = classified(row, image_of(upload, face.width, face.height), model)
        for upload, error in failures.items():
            if isinstance(error, Rejected):
                documents[upload] = rejected(error, image_of(upload))
        written, unwritten = attempt(pool, partial(write, documents, deadline), list(documents))
    for status in ("classified", "rejected"):
        count = sum(documents[upload]["status"] == status for upload in written)
        metrics.add_metric(f"Images{status.capitalize()}", MetricUnit.Count, count)
    return {upload: error for upload, error in failures.items() if upload not in documents} | unwritten


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


def read(
    pool: Executor, uploads: Iterable[Upload], deadline: Deadline
) -> tuple[dict[Upload, Face], dict[Upload, Exception]]:
    """Reads a few files ahead, and decodes them one after the other.

    Decoding is work for a processor, of which there is about one, and may take much memory. It stays in this thread,
    because the C library keeps what each thread once had: eight that decode in turn cost eight times the memory.
    """
    faces: dict[Upload, Face] = {}
    failures: dict[Upload, Exception] = {}
    for upload, data in ahead(pool, partial(fetch, deadline), uploads):
        try:
            in_time(deadline, 0)
            faces[upload] = endpoint.face(data.result())
        except Exception as error:
            failures[upload] = error
    return faces, failures


def ahead(pool: Executor, step: Callable[[K], T], items: Iterable[K]) -> Iterator[tuple[K, Future[T]]]:
    """Each item with its step, in order; at most WORKERS steps are begun and not yet handed over."""
    begun: deque[tuple[K, Future[T]]] = deque()
    for item in items:
        begun.append((item, pool.submit(step, item)))
        if len(begun) == WORKERS:
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def fetch(deadline: Deadline, upload: Upload) -> bytes:
    in_time(deadline, 0)
    if upload.size > MAX_BYTES:
        raise Rejected("too_large", f"The file has {upload.size:,} bytes; the limit is {MAX_BYTES:,}.")
    return storage.read(upload, MAX_BYTES)


def write(documents: dict[Upload, Result], deadline: Deadline, upload: Upload) -> None:
    in_time(deadline, LONGEST)
    storage.write(upload, documents[upload])


def in_time(deadline: Deadline, needed: float) -> None:
    """Raises TryAgain where less time is left than a step needs."""
    if deadline.left() < needed:
        raise TryAgain("there was no time left for it in this invocation")


def probabilities(
    pool: Executor, faces: dict[Upload, Face], deadline: Deadline
) -> tuple[dict[Upload, Answer], dict[Upload, Exception]]:
    """As few calls as the endpoint allows; each is answered, or fails, for its own faces."""
    batches = list(batched(faces, endpoint.faces_per_call))
    call = partial(endpoint.classify, deadline=deadline)
    answered, failed = attempt(pool, lambda batch: call([faces[upload] for upload in batch]), batches)
    answers = {upload: row for batch, rows in answered.items() for upload, row in zip(batch, rows, strict=True)}
    return answers, {upload: error for batch, error in failed.items() for upload in batch}


def batched(uploads: Iterable[Upload], size: int) -> Iterator[tuple[Upload, ...]]:
    rest = iter(uploads)
    while batch := tuple(islice(rest, size)):
        yield batch


def report(delivery: Delivery, failures: dict[Upload, Exception]) -> None:
    """Logs why a delivery comes again. Object keys can hold names of people, and are not logged."""
    say = partial(logger.warning, message_id=delivery.message_id)
    if delivery.fault:
        say(delivery.fault)
    for upload in delivery.uploads:
        error = failures.get(upload)
        if isinstance(error, TryAgain):
            say(str(error), version_id=upload.version_id)
        elif error:
            logger.error("a bug", exc_info=error, message_id=delivery.message_id, version_id=upload.version_id)
