"""Reports how far a training is: lines within an epoch, for people and for the launcher, and the history by epoch."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

# Seconds between two lines within an epoch.
INTERVAL = 5.0
HISTORY = "history.csv"

Row = dict[str, float]


class Progress:
    """Prints at most one line every five seconds, with the time that all remaining epochs will take.

    The time is that of the batches so far, which contains the validation of the epochs that have ended.

    epochs: of the whole training. done: those that ended before this run.
    steps: batches per epoch.
    clock: a function that returns seconds.
    """

    def __init__(self, epochs: int, done: int, steps: int, clock: Callable[[], float] = time.monotonic):
        self.epochs, self.done, self.steps, self.clock = epochs, done, steps, clock
        self.started = self.printed = clock()

    def report(self, epoch: int, batch: int, loss: Callable[[], float]) -> None:
        """Says that a batch has ended.

        epoch, batch: counted from 1.
        loss: returns the mean loss of the epoch so far. It is called only if a line is printed.
        """
        now = self.clock()
        if now - self.printed < INTERVAL:
            return
        self.printed = now
        steps = (epoch - 1 - self.done) * self.steps + batch
        left = (now - self.started) / steps * ((self.epochs - self.done) * self.steps - steps)
        print(
            f"progress epoch={epoch}/{self.epochs} batch={batch}/{self.steps} loss={loss():.4f} "
            f"seconds_left={left:.0f};",
            flush=True,
        )


def print_row(row: Row) -> None:
    """Prints what an epoch reached. SageMaker's metric definitions read this format (training/jobs/metrics.py)."""
    print(" ".join(f"{name}={in_digits(value)};" for name, value in row.items()), flush=True)


def in_digits(value: float) -> str:
    """A number without an exponent, which SageMaker's patterns do not read: 0.00002 and not 2e-05."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def write_history(rows: list[Row], folder: Path) -> None:
    """Writes history.csv, one row per epoch."""
    with (folder / HISTORY).open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
