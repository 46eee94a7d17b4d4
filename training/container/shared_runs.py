"""Runs of a model that several calls share, for servers with one thread per call.

A call that finds the model idle runs at once, on all cores. Calls at the same time run on one core each, because runs
that each divide their work among all cores wait for each other. So do the parts of a call with many images. If all
cores are busy, calls wait, and are computed together. No call waits for others to arrive, so a single caller waits for
nobody.

The thread of a waiting call computes the run, so there is no worker that has to be watched and stopped.
"""

import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from inference import Abandoned
from network import Network


def always() -> bool:
    return True


class Call:
    """Images of one request, at most as many as one run computes.

    ready: set as soon as there is a result, or as soon as this call's thread has to compute `run`.
    run: what this call's thread has to compute.
    result: float32 [n, classes], or why there is none.
    """

    def __init__(self, images: np.ndarray, is_wanted: Callable[[], bool]):
        self.images = images
        self.is_wanted = is_wanted
        self.ready = threading.Event()
        self.run: Run | None = None
        self.result: np.ndarray | Exception = Abandoned()

    def finish(self, result: np.ndarray | Exception) -> None:
        self.result = result
        self.ready.set()


@dataclass(frozen=True)
class Run:
    """calls: whose images are computed together. network: the model that computes them."""

    calls: Sequence[Call]
    network: Network


class SharedRuns:
    """Classifies the images of calls in any number of threads.

    on_all_cores, on_one_core: the model, for a run that is the only one, and for runs at the same time.
    size: the most images in a run.
    at_once: how many runs are computed at the same time.
    shares: whether calls share runs. Otherwise each run has the images of one call.
    """

    def __init__(self, on_all_cores: Network, on_one_core: Network, size: int, at_once: int, shares: bool = True):
        self.on_all_cores, self.on_one_core = on_all_cores, on_one_core
        self.size, self.at_once = size, at_once
        self.shares = shares
        self.lock = threading.Lock()
        self.running = 0
        # It is empty unless as many calls run as can run at once.
        self.waiting: deque[Call] = deque()

    def probabilities(self, pixels: np.ndarray, is_wanted: Callable[[], bool] = always) -> np.ndarray:
        """As Network.probabilities. Between two parts of a large call, other calls have their turn.

        is_wanted: asked before each run. It has to answer at once, because other calls wait for its answer.

        Raises Abandoned if the result is not wanted any more.
        """
        parts = (pixels[start : start + self.size] for start in range(0, len(pixels), self.size))
        calls = [Call(part, is_wanted) for part in parts]
        if len(calls) == 1:
            return self.classify(calls[0])
        with ThreadPoolExecutor(min(len(calls), self.at_once)) as threads:
            return np.concatenate(list(threads.map(self.classify, calls)))

    def classify(self, call: Call) -> np.ndarray:
        with self.lock:
            self.waiting.append(call)
            call.run = self.next_run()
        if not call.run:
            call.ready.wait()
        run, call.run = call.run, None
        if run:
            self.compute(run)
        if isinstance(call.result, Exception):
            raise call.result
        return call.result

    def next_run(self) -> Run | None:
        """Takes the calls of the next run from those that wait, in the order of their arrival.

        None if as many run as can run at once, or if no call waits.
        """
        if self.running == self.at_once:
            return None
        # Not more than half of them: otherwise all get their answers at the same time, and while their threads write
        # these and read the next requests, there is nothing to compute.
        most = (len(self.waiting) + 1) // 2 if self.shares else 1
        calls: list[Call] = []
        count = 0
        while self.waiting and len(calls) < most:
            call = self.waiting[0]
            if calls and count + len(call.images) > self.size:
                break
            self.waiting.popleft()
            if call.is_wanted():
                calls.append(call)
                count += len(call.images)
            else:
                call.finish(Abandoned())
        if not calls:
            return None
        self.running += 1
        return Run(calls, self.on_all_cores if self.running == 1 else self.on_one_core)

    def compute(self, run: Run) -> None:
        """Computes a run, and hands the next one to the thread of its first call."""
        results = classify_together(run)
        with self.lock:
            self.running -= 1
            following = self.next_run()
        if following:
            following.calls[0].run = following
            following.calls[0].ready.set()
        for call, result in zip(run.calls, results, strict=True):
            call.finish(result)


def classify_together(run: Run) -> Sequence[np.ndarray | Exception]:
    """The result of each call. If a shared run fails, each call is computed alone, so it gets only its own error."""
    try:
        rows = run.network.classify(np.concatenate([call.images for call in run.calls]))
        return np.split(rows, np.cumsum([len(call.images) for call in run.calls])[:-1])
    except Exception as error:
        if len(run.calls) == 1:
            return [error]
        traceback.print_exc()
        return [result for call in run.calls for result in classify_together(Run([call], run.network))]
