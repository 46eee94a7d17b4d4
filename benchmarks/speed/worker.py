"""A process that has one handler, as a Lambda function's process has, and measures what each event needs in it.

with Worker("mien", environment) as worker:
    [work] = worker.run([event])

Nothing else runs in this process: not the proxy, S3 or the model, so its processor time is that of the function.
"""

import contextlib
import importlib
import io
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from benchmarks.uploads import Event
from local.paths import FUNCTIONS, LAYER

# The module with each way's handler.
HANDLERS = {
    "article": "benchmarks.baselines.article",
    "article-client": "benchmarks.baselines.article_client",
    "public-pattern": "benchmarks.baselines.public_pattern",
    "mien": "mien.handlers.inbox",
    "mien-lines": "mien.handlers.inbox",
}
# What a way's handler finds in its environment, beside what all have.
VARIABLES = {"mien-lines": {"RESULT_FORMAT": "lines"}}
# Lambda's longest timeout. A machine with other work can need longer for a batch than the template's.
MOST_SECONDS = 900


@dataclass(frozen=True)
class Work:
    """What one event needed.

    seconds, processor: of the whole call, and of the process's processor time.
    log: bytes.
    stages: seconds of processor time, if they are measured.
    peak: the process's largest memory so far, in megabytes.
    """

    seconds: float
    processor: float
    log: int = 0
    stages: Mapping[str, float] = field(default_factory=dict)
    peak: int = 0


class WorkerError(Exception):
    """The process has ended, or its handler has failed."""


class Worker:
    """with_stages: measures processor time by stage too."""

    def __init__(self, way: str, environment: Mapping[str, str], with_stages: bool = False):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = (theirs, HANDLERS[way], {**environment, **VARIABLES.get(way, {})}, with_stages)
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self.process.join()

    def start(self, events: Sequence[Event]) -> None:
        """Lets the process handle events, one after the other. Raises WorkerError."""
        with self.ended():
            self.connection.send(events)

    def finish(self) -> list[Work]:
        """Waits for what `start` began. Raises WorkerError."""
        with self.ended():
            answer: list[Work] | str = self.connection.recv()
        if isinstance(answer, str):
            raise WorkerError(answer)
        return answer

    @contextlib.contextmanager
    def ended(self) -> Iterator[None]:
        """Raises WorkerError if the process has ended."""
        try:
            yield
        except (EOFError, OSError) as error:
            raise WorkerError("the function's process has ended; it has printed why") from error

    def run(self, events: Sequence[Event]) -> list[Work]:
        """Raises WorkerError."""
        self.start(events)
        return self.finish()


def find_complaint(log: str) -> str | None:
    """Returns the first warning or error in a handler's log.

    Mien's handler sends the messages of images that failed again itself, so its answer does not tell that they did.
    """
    for line in log.splitlines():
        entry = json.loads(line)
        if entry.get("level") in ("WARNING", "ERROR", "CRITICAL"):
            return str(entry["message"])
    return None


def serve(connection: Connection, module: str, environment: Mapping[str, str], with_stages: bool) -> None:
    """The process itself: handles lists of events until the other side closes the connection."""
    from benchmarks.speed.stages import Stages
    from tests.support.lambda_context import Context
    from tests.support.peak import peak_memory

    os.environ.update(environment)
    sys.path[:0] = [str(FUNCTIONS), str(LAYER)]
    sys.stdout = log = io.StringIO()
    stages = Stages()
    if with_stages:
        stages.install()
    handler = importlib.import_module(module).handler

    def handle(event: Event) -> Work:
        stages.seconds.clear()
        written, began, processor = log.tell(), time.perf_counter(), time.process_time()
        handler(event, Context(MOST_SECONDS))
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
        text = log.getvalue()[written:]
        if complaint := find_complaint(text):
            raise WorkerError(f"images failed: {complaint}")
        return Work(
            seconds,
            processor,
            len(text.encode()),
            dict(stages.seconds),
            peak_memory(),
        )

    try:
        while True:
            events = connection.recv()
            try:
                connection.send([handle(event) for event in events])
            except WorkerError as error:
                connection.send(str(error))
    except (EOFError, KeyboardInterrupt):
        pass
