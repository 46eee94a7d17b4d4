"""Storage events → result documents: the function behind the inbox's queue."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, TypeVar

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mien import images
from mien.endpoint import Endpoint
from mien.errors import Rejected, TryAgain
from mien.results import Result, classified, image_of, rejected
from mien.settings import settings
from mien.storage import Storage
from mien.uploads import Delivery, Upload, deliveries

# At most this many files lie in memory at once; images.MAX_BYTES counts on it.
WORKERS = 8

T = TypeVar("T")
# What came of an upload's step: its value, or why there is none.
Outcome = T | Exception

logger = Logger(service="inbox")
metrics = Metrics(namespace="Mien", service="inbox")

SETTINGS = settings()
storage = Storage(SETTINGS, connections=WORKERS)
# Two attempts, and reading and writing around them, fit into the function's 60 s.
endpoint = Endpoint(SETTINGS, read_timeout=20, connections=WORKERS)
one_at_a_time = Lock()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers with the messages that are to be delivered again. A direct event that failed raises instead."""
    arrived = deliveries(event)
    wanted = [upload for delivery in arrived for upload in delivery.uploads if ours(upload)]
    # Twice in one batch is a duplicate like any other; once is enough.
    failures = classify(list(dict.fromkeys(wanted)))
    failed = [delivery for delivery in arrived if delivery.fault or any(u in failures for u in delivery.uploads)]
    for delivery in failed:
        report(delivery, failures)
    metrics.add_metric("MessagesFailed", MetricUnit.Count, len(failed))
    direct = [failures[u] for delivery in failed if delivery.message_id is None for u in delivery.uploads if u in failures]
    if direct:
        raise direct[0]
    return {"batchItemFailures": [{"itemIdentifier": delivery.message_id} for delivery in failed]}


def ours(upload: Upload) -> bool:
    """The notification's filter keeps other prefixes out; a wrong one must not make a loop of results of results."""
    return upload.key.startswith(SETTINGS.inbox_prefix)


def classify(uploads: Sequence[Upload]) -> dict[Upload, Exception]:
    """Uploads → their documents in the bucket. Returns those that have none yet, and why."""
    with ThreadPoolExecutor(WORKERS) as pool:
        faces = attempt(pool, read, uploads)
        answers = probabilities(pool, {u: face for u, face in faces.items() if isinstance(face, images.Face)})
        results: dict[Upload, Outcome[Result]] = {}
        for upload, face in faces.items():
            outcome = answers.get(upload, face)
            if isinstance(face, images.Face) and isinstance(outcome, tuple):
                results[upload] = classified(outcome[0], image_of(upload, face.width, face.height), outcome[1])
            elif isinstance(outcome, Rejected):
                results[upload] = rejected(outcome, image_of(upload))
            else:
                results[upload] = outcome
        documents = {u: result for u, result in results.items() if isinstance(result, dict)}
        written = attempt(pool, lambda upload: storage.write(upload, documents[upload]), list(documents))
    failures = {u: outcome for u, outcome in (results | written).items() if isinstance(outcome, Exception)}
    for status in ("classified", "rejected"):
        done = sum(1 for u, result in documents.items() if u not in failures and result["status"] == status)
        metrics.add_metric(f"Images{status.capitalize()}", MetricUnit.Count, done)
    return failures


def attempt(pool: Executor, step: Callable[[Upload], T], uploads: Sequence[Upload]) -> dict[Upload, Outcome[T]]:
    """Takes a step for all uploads at once. What one of them raises is its own outcome, and no other's."""

    def taken(upload: Upload) -> Outcome[T]:
        try:
            return step(upload)
        except Exception as error:
            return error

    return dict(zip(uploads, pool.map(taken, uploads), strict=True))


def read(upload: Upload) -> images.Face:
    if upload.size > images.MAX_BYTES:
        raise Rejected("too_large", f"The file has {upload.size:,} bytes; the limit is {images.MAX_BYTES:,}.")
    data = storage.read(upload, images.MAX_BYTES)
    # Decoding is work for a processor, of which there is about one, and may take much memory: no two at once.
    with one_at_a_time:
        return endpoint.face(data)


def probabilities(pool: Executor, faces: dict[Upload, images.Face]) -> dict[Upload, Outcome[Any]]:
    if not faces:
        return {}
    try:
        return dict(zip(faces, endpoint.classify(list(faces.values()), pool), strict=True))
    except Exception as error:
        return dict.fromkeys(faces, error)


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
