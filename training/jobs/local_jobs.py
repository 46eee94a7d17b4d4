"""Follows a job of this machine, also one that another terminal runs."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from training.jobs.job import ENDED, TrainingJob
from training.jobs.local_record import read_local_job


class LocalJob:
    """A job of this machine, by its folder."""

    def __init__(self, root: Path, wait: Callable[[float], None] = time.sleep):
        self.root, self.wait = root, wait

    def follow(self, name: str, *, every: float) -> Iterator[TrainingJob]:
        """Yields the job as it is now, and again every so many seconds, until it has ended. name: is not used."""
        while True:
            job = read_local_job(self.root)
            yield job
            if job.status in ENDED:
                return
            self.wait(every)


def choose_job(folders: Sequence[Path]) -> Path:
    """Returns which job of a group is followed: the one that runs, or else the last."""
    return next((folder for folder in folders if read_local_job(folder).status not in ENDED), folders[-1])
