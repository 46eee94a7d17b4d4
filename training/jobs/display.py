"""Shows training jobs in the terminal: their epochs while they run, and a summary when they have ended."""

from pathlib import Path
from typing import TYPE_CHECKING

from training.console import console
from training.jobs.bars import TrainingBars
from training.jobs.history_plot import HISTORY, save_history
from training.jobs.job import Followable, TrainingJob
from training.jobs.metrics import MetricsByEpoch, best_epoch

# Pictures of jobs on SageMaker, which have no folder on this machine.
HISTORIES = Path("build/histories")

if TYPE_CHECKING:
    from training.jobs.recipe import Recipe


def show_local_job(recipe: "Recipe", data: Path, root: Path) -> TrainingJob:
    """Runs a job on this machine, shows its epochs, and returns it. Raises ValueError if it fails."""
    from training.jobs.local_job import run_local_job

    console.print(f"{root}, data: {data}", highlight=False, soft_wrap=True, markup=False)
    total = recipe.hyperparameters.get("epochs")
    with TrainingBars(console, int(total) if total else None) as bars:

        def show_epochs(epochs: MetricsByEpoch) -> None:
            for epoch, metrics in epochs.items():
                bars.show_epoch(epoch, metrics)

        job = run_local_job(recipe, data, root, show_epochs, bars.show_progress)
    print_summary(job)
    print_history(job, root / HISTORY)
    if job.status == "Failed":
        raise ValueError(f"the job has failed: see {root / 'log.txt'}")
    return job


def follow_job(jobs: Followable, name: str, every: float = 15, history: Path | None = None) -> None:
    """Shows the epochs of a job until it has ended, wherever it runs. Ctrl-C stops showing them; the job continues.

    every: seconds between two looks.
    history: where the picture of its epochs is written; None is a file below HISTORIES.
    """
    shown: set[int] = set()
    job = None
    try:
        with TrainingBars(console, None, "waiting") as bars:
            for job in jobs.follow(name, every=every):
                for epoch in sorted(set(job.epochs) - shown):
                    if is_complete(epoch, job):
                        bars.show_epoch(epoch, job.epochs[epoch])
                        shown.add(epoch)
                if job.progress and job.progress.epoch not in job.epochs:
                    bars.show_progress(job.progress)
                cost = "" if job.cost is None else f", ${job.cost:,.2f} so far"
                bars.describe(f"{job.status}: {job.detail or 'waiting'}{cost}", job.total_epochs, len(shown))
    except KeyboardInterrupt:
        console.print(
            f"{name} continues: show it again with `python -m training follow {name}`", highlight=False, soft_wrap=True
        )
        return
    if job:
        print_summary(job)
        print_history(job, history or HISTORIES / f"{name}.png")


def is_complete(epoch: int, job: TrainingJob) -> bool:
    """Returns whether all metrics of the epoch are known. The built-in algorithm writes a line for each of them."""
    return epoch < max(job.epochs) or "validation_accuracy" in job.epochs[epoch]


def print_summary(job: TrainingJob) -> None:
    """Prints how a job ended, what it cost and reached, and where its model is."""
    cost = "" if job.cost is None else f", ${job.cost:,.2f}"
    best = best_epoch(job.epochs, job.best_by)
    measure = job.best_by.replace("_", " ")
    accuracy = f", best validation {measure} {best[1]:.4f} in epoch {best[0]}" if best else ""
    console.print(f"{job.status} after {job.seconds / 60:.1f} minutes{cost}{accuracy}", highlight=False)
    if job.status == "Failed":
        console.print(job.detail, style="red", highlight=False)
    if job.artifact:
        console.print(f"model: {job.artifact}", highlight=False, soft_wrap=True)
    elif job.checkpoints:
        console.print(f"no model was written; checkpoints: {job.checkpoints}", highlight=False, soft_wrap=True)


def print_history(job: TrainingJob, path: Path) -> None:
    """Draws the job's epochs and says where the picture is, if there are epochs and matplotlib is installed."""
    if save_history(job, path):
        console.print(f"history: {path}", highlight=False, soft_wrap=True, markup=False)
