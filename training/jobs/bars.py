"""Bars in the terminal that show how far a training is: its epochs, and the batches of the running one."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from training.jobs.metrics import EpochProgress

HOUR, MINUTE = 3600, 60
# Characters. With it, all fits into a terminal of 80 columns.
BAR_WIDTH = 24


class TrainingBars:
    """Two bars. The second appears when an epoch takes so long that its script reports progress.

    with TrainingBars(console, total_epochs=50) as bars:
        bars.show_progress(progress)
        bars.show_epoch(3, metrics)
    """

    def __init__(self, console: Console, total_epochs: int | None, description: str = "epochs"):
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(BAR_WIDTH),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
        )
        self.epochs = self.progress.add_task(description, total=total_epochs, note="")
        self.batches = self.progress.add_task("", visible=False, note="")

    def __enter__(self) -> "TrainingBars":
        self.progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.update(self.batches, visible=False)
        self.progress.update(self.epochs, note="")
        self.progress.__exit__(kind, error, trace)

    def show_progress(self, at: EpochProgress) -> None:
        """Shows how far the running epoch is, and when the whole training ends."""
        self.progress.update(self.epochs, total=at.epochs, completed=at.epoch - 1, note=time_left(at.seconds_left))
        self.progress.update(
            self.batches,
            description=f"epoch {at.epoch}",
            total=at.batches,
            completed=at.batch,
            note="validating" if at.batch == at.batches else f"loss {at.loss:.4f}",
            visible=True,
        )

    def show_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Prints a line for an epoch that has ended."""
        self.progress.console.print(format_epoch(epoch, metrics), highlight=False, soft_wrap=True)
        self.progress.update(self.epochs, completed=epoch)
        self.progress.reset(self.batches, visible=False)

    def describe(self, description: str, total_epochs: int | None, completed: int) -> None:
        self.progress.update(self.epochs, description=description, total=total_epochs, completed=completed)


def format_epoch(epoch: int, metrics: dict[str, float]) -> str:
    """Returns one line: losses, accuracies, learning rate and time, as far as the log has them."""
    parts = [f"epoch {epoch:>3}"]
    for channel in ("train", "validation"):
        names = ("loss", "accuracy", "balanced_accuracy")
        found = {name: metrics[f"{channel}_{name}"] for name in names if f"{channel}_{name}" in metrics}
        if found:
            values = (f"{name.removesuffix('_accuracy')} {value:.4f}" for name, value in found.items())
            parts.append(f"{channel} {' '.join(values)}")
    if "learning_rate" in metrics:
        parts.append(f"learning rate {metrics['learning_rate']:.2g}")
    if "seconds" in metrics:
        parts.append(f"{metrics['seconds']:.1f} s")
    return "  ".join(parts)


def time_left(seconds: int) -> str:
    """Returns a rough time: "2 h 10 min left", "12 min left", "40 s left"."""
    if seconds >= HOUR:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE} min left"
    return f"{round(seconds / MINUTE)} min left" if seconds >= 2 * MINUTE else f"{seconds} s left"
