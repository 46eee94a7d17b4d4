"""Maps a function over many items on all cores, in bounded memory."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")

# Items per task of the process pool: enough to keep a process busy, and few enough that the results, which wait in
# memory until they are used, stay small.
CHUNK = 64


def process_pool() -> ProcessPoolExecutor:
    """A pool with one process per core. "spawn" starts fresh processes: to fork one that has threads can deadlock."""
    return ProcessPoolExecutor(mp_context=get_context("spawn"), initializer=ignore_interrupts)


def ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal. The one that has the pool ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def map_in_parallel(
    function: Callable[[Any], Result], items: Sequence[Any] | np.ndarray, pool: Executor, chunk: int = CHUNK
) -> Iterator[Result]:
    """Yields the function's result for each item, in the order of the items.

    function: a function of a module, or a functools.partial of one, because it is sent to other processes.
    items: a sequence whose slices are sent to other processes, such as an array of images.
    pool: a pool of processes uses all cores.
    chunk: items per task. At most two tasks per core are in progress, so memory does not grow with the items.

    Raises what the function raises; ValueError if a process was ended from outside.
    """
    limit = 2 * (os.cpu_count() or 1)
    starts = deque(range(0, len(items), chunk))
    running: deque[Future[list[Result]]] = deque()
    while starts or running:
        while starts and len(running) < limit:
            start = starts.popleft()
            running.append(pool.submit(apply, function, items[start : start + chunk]))
        try:
            results = running.popleft().result()
        except BrokenProcessPool:
            raise ValueError(
                "a process that read images was ended, perhaps because the machine has too little memory: close other "
                "programs, or run it on a machine with more memory"
            ) from None
        yield from results


def apply(function: Callable[[Any], Result], items: Sequence[Any] | np.ndarray) -> list[Result]:
    return [function(item) for item in items]
