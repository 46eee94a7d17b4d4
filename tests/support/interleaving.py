"""Runs several actors in a chosen order of their steps, as invocations that share a bucket can run."""

import threading
from collections.abc import Callable, Iterator, Sequence


class Interleaving:
    """Lets one actor at a time run up to its next step. An actor calls `pause` before each step.

    choices: numbers that decide who is next, modulo the actors that have not ended; 0 if there are no more.
    """

    def __init__(self, choices: Sequence[int]):
        self.choices: Iterator[int] = iter(choices)
        self.turns: dict[threading.Thread, threading.Semaphore] = {}
        self.paused = threading.Semaphore(0)
        self.errors: list[BaseException] = []

    def pause(self) -> None:
        """Waits for this actor's next turn. Outside of `run` it returns at once."""
        turn = self.turns.get(threading.current_thread())
        if turn:
            self.paused.release()
            turn.acquire()

    def run(self, actors: Sequence[Callable[[], object]]) -> None:
        """Runs all actors to their end. Raises the first error of one."""
        threads = [threading.Thread(target=self.act, args=(actor,), daemon=True) for actor in actors]
        self.turns = {thread: threading.Semaphore(0) for thread in threads}
        for thread in threads:
            thread.start()
        running = list(threads)
        while running:
            thread = running[next(self.choices, 0) % len(running)]
            self.turns[thread].release()
            self.paused.acquire()
            if thread not in self.turns:
                running.remove(thread)
        if self.errors:
            raise self.errors[0]

    def act(self, actor: Callable[[], object]) -> None:
        thread = threading.current_thread()
        self.turns[thread].acquire()
        try:
            actor()
        except BaseException as error:
            self.errors.append(error)
        finally:
            del self.turns[thread]
            self.paused.release()
