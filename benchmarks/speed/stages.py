"""Processor time by stage: wraps the function's steps from outside, in the function's own process.

A profiler that looks at every call makes small functions look slow. Here a stage costs two readings of the thread's
clock, and a stage inside another one stops the other's clock.
"""

import functools
import importlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

# Module, name in it, and stage. A name is replaced in the module that looks it up. The handler is imported last,
# because it makes its pipeline at once.
STEPS = (
    ("mien.pipeline.batches", "read_image", "S3: GetObject"),
    ("mien.aws.storage", "find_image", "S3: HeadObject"),
    ("mien.aws.storage", "Storage.put_if_newer", "S3: PutObject"),
    ("mien.aws.runtime", "Runtime.call", "endpoint: InvokeEndpoint"),
    ("mien.logic.faces", "find_faces", "detect faces"),
    ("mien.logic.pictures", "cut_faces", "crop faces"),
    ("mien.logic.pictures", "decode", "decode the image"),
    ("mien.pipeline.pictures", "read_picture", "decode the image"),
    ("mien.aws.endpoint", "npy", "encode faces, check answers"),
    ("mien.aws.endpoint", "check_answer", "encode faces, check answers"),
    ("mien.pipeline.batches", "classified", "make documents"),
    ("mien.aws.storage", "serialize", "make documents"),
    ("mien.handlers.inbox", "parse_deliveries", "parse the event"),
)
REST = "rest: threads, decisions, metrics"


class Stages:
    """Seconds of processor time, by stage, of all threads together."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self.clock = clock
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.lock = threading.Lock()
        self.local = threading.local()

    def wrap(self, step: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """Returns a function that does the same, and adds its processor time to a stage."""

        @functools.wraps(step)
        def timed(*arguments: Any, **named: Any) -> Any:
            outer = getattr(self.local, "inner_seconds", 0.0)
            self.local.inner_seconds = 0.0
            began = self.clock()
            try:
                return step(*arguments, **named)
            finally:
                taken = self.clock() - began
                self.add(stage, taken - self.local.inner_seconds)
                self.local.inner_seconds = outer + taken

        return timed

    def add(self, stage: str, seconds: float) -> None:
        with self.lock:
            self.seconds[stage] += seconds

    def install(self) -> None:
        """Wraps all STEPS. Raises AttributeError if the function's code has changed and a step is gone."""
        for module, path, stage in STEPS:
            *parents, name = path.split(".")
            owner: Any = functools.reduce(getattr, parents, importlib.import_module(module))
            setattr(owner, name, self.wrap(getattr(owner, name), stage))
